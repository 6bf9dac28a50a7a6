//! Lines about orders: `new` and the legs of a pair, `cancel`, `amend`, `mass_cancel` become
//! commands. Numbers that are none of the instrument's become the core's invalid values, so that
//! it is the core that refuses them, in its order of checks.

use orison_core::command::{
    AccountRef, Actor, Amend, AmendFields, CancelReason, InstrumentSpec, MassCancel, Order,
    OrderFields, OrderType, SelfTrade, Target,
};
use orison_core::instrument::{ASSET_DECIMALS_DEFAULT, ASSET_DECIMALS_MAX};
use orison_core::types::AssetId;
use orison_core::{
    AccountName, AssetName, ClientOrderId, Decimal, Instrument, InstrumentId, Price, Quantity,
    Symbol,
};

use super::fields::{Fields, LineError, Number};
use crate::form::words::{ORDER_TYPES, SELF_TRADES, SIDES, TIMES_IN_FORCE};

/// What the numbers of a line are counted in. None: there is no such instrument, and the core will
/// say so before it looks at a number.
#[derive(Clone, Copy)]
pub(super) struct Market {
    pub(super) instrument: Option<Instrument>,
    pub(super) quote_decimals: u8,
}

/// What a text is that is no price of its instrument: below every price and distance.
const UNREADABLE: Price = Price(-1);

impl Market {
    pub(super) const UNKNOWN: Self = Self { instrument: None, quote_decimals: 0 };

    /// As it will be once this is carried out; None of its steps: nothing can be counted.
    /// `quote_decimals`: of the quote asset, if it is known already.
    pub(super) fn planned(spec: &InstrumentSpec, quote_decimals: Option<u8>) -> Self {
        let has_steps = spec.price_step.mantissa > 0 && spec.quantity_step.mantissa > 0;
        let instrument = has_steps.then(|| Instrument {
            symbol: spec.symbol,
            id: InstrumentId::default(),
            base: AssetId::default(),
            quote: AssetId::default(),
            status: spec.status,
            maker_fee_ppm: spec.maker_fee_ppm,
            taker_fee_ppm: spec.taker_fee_ppm,
            price_step: spec.price_step,
            quantity_step: spec.quantity_step,
        });
        let opened = opened_decimals(spec, &spec.quote).unwrap_or(ASSET_DECIMALS_DEFAULT);
        Self { instrument, quote_decimals: quote_decimals.unwrap_or(opened) }
    }

    pub(super) fn price(&self, number: Number) -> Price {
        let instrument = self.instrument.as_ref();
        let steps = exact(number).and_then(|decimal| instrument?.price(decimal));
        steps.unwrap_or(UNREADABLE)
    }

    pub(super) fn quantity(&self, number: Number) -> Quantity {
        let instrument = self.instrument.as_ref();
        let steps = exact(number).and_then(|decimal| instrument?.quantity(decimal));
        steps.unwrap_or(Quantity::INVALID)
    }

    /// An amount of the quote asset in its smallest units; what is none of it is -1, which no
    /// amount can be.
    pub(super) fn money(&self, number: Number) -> i128 {
        let unit = Decimal::new(1, self.quote_decimals);
        exact(number).and_then(|decimal| decimal.steps_of(unit)).unwrap_or(-1)
    }
}

/// How many decimals an asset has that is opened by creating this instrument; None: it opens
/// another.
pub(super) fn opened_decimals(spec: &InstrumentSpec, asset: &AssetName) -> Option<u8> {
    let (price, quantity) = (spec.price_step, spec.quantity_step);
    let unit = match asset {
        name if *name == spec.base => quantity.scale,
        name if *name == spec.quote => {
            let product = i128::from(price.mantissa) * i128::from(quantity.mantissa);
            Decimal::new(product, price.scale.saturating_add(quantity.scale)).scale()
        }
        _ => return None,
    };
    Some(unit.clamp(ASSET_DECIMALS_DEFAULT, ASSET_DECIMALS_MAX))
}

fn exact(number: Number) -> Option<Decimal> {
    match number {
        Number::Exact(decimal) => Some(decimal),
        Number::TooLarge => None,
    }
}

/// Which order is meant, whose it is and what of.
pub(super) struct Head {
    pub(super) id: ClientOrderId,
    /// None: it was not said.
    pub(super) account: Option<AccountName>,
    pub(super) symbol: Option<Symbol>,
}

impl Head {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, LineError> {
        Ok(Self {
            id: fields.required_name("id")?,
            account: fields.name("account")?,
            symbol: fields.name("symbol")?,
        })
    }
}

/// All of a new order but its head.
pub(super) fn read_new(
    fields: &mut Fields<'_>,
    market: &Market,
    id: ClientOrderId,
    account: AccountName,
) -> Result<Order, LineError> {
    let instrument = market.instrument.map_or(InstrumentId::default(), |known| known.id);
    let side = fields.required_word("side", SIDES)?;
    let account = AccountRef::Name(account);
    let mut order = Order::limit(account, instrument, side, Price(0), Quantity(0));
    order.client_order_id = id;
    order.fields = OrderFields::NONE;
    order.order_type = fields.required_word("type", ORDER_TYPES)?;
    order.self_trade = fields.word("stp", SELF_TRADES)?.unwrap_or(SelfTrade::AccountDefault);
    if let Some(time_in_force) = fields.word("tif", TIMES_IN_FORCE)? {
        order.fields = order.fields.with(OrderFields::TIME_IN_FORCE);
        order.time_in_force = time_in_force;
    }
    if fields.flag("post_only")? == Some(true) {
        order.fields = order.fields.with(OrderFields::POST_ONLY);
    }
    if let Some(expire_at_ns) = fields.integer("expire_at")? {
        order.fields = order.fields.with(OrderFields::EXPIRE_AT);
        order.expire_at_ns = expire_at_ns;
    }
    read_numbers(fields, market, &mut order)?;
    Ok(order)
}

fn read_numbers(
    fields: &mut Fields<'_>,
    market: &Market,
    order: &mut Order,
) -> Result<(), LineError> {
    for (name, field, place) in [
        ("price", OrderFields::PRICE, &mut order.price),
        ("stop_price", OrderFields::STOP_PRICE, &mut order.stop_price),
        ("trail", OrderFields::TRAIL, &mut order.trail),
        ("protection", OrderFields::PROTECTION, &mut order.protection),
    ] {
        let Some(number) = fields.number(name)? else { continue };
        // A market order's price of 0 is none.
        let is_none = field == OrderFields::PRICE
            && order.order_type == OrderType::Market
            && number == Number::Exact(Decimal::ZERO);
        if !is_none {
            order.fields = order.fields.with(field);
            *place = market.price(number);
        }
    }
    for (name, field, place) in [
        ("quantity", OrderFields::QUANTITY, &mut order.quantity),
        ("display", OrderFields::DISPLAY, &mut order.display),
        ("min_quantity", OrderFields::MIN_QUANTITY, &mut order.min_quantity),
    ] {
        if let Some(number) = fields.number(name)? {
            order.fields = order.fields.with(field);
            *place = market.quantity(number);
        }
    }
    if let Some(number) = fields.number("budget")? {
        order.fields = order.fields.with(OrderFields::BUDGET);
        order.budget = market.money(number);
    }
    Ok(())
}

/// The account named like an order: an id that is too long for that gives its last characters,
/// where ids differ.
pub(super) fn account_of(id: &ClientOrderId) -> AccountName {
    let id = id.as_str();
    let start = id.len().saturating_sub(AccountName::LENGTH_MAX);
    AccountName::new(&id[start..]).expect("an id is printable and was cut to the length of a name")
}

/// The order that a `cancel` or `amend` names, and its account where one is given.
pub(super) fn read_target(
    fields: &mut Fields<'_>,
) -> Result<(ClientOrderId, Option<AccountName>), LineError> {
    Ok((fields.required_name("id")?, fields.name("account")?))
}

pub(super) fn read_amend(
    fields: &mut Fields<'_>,
    market: &Market,
    account: AccountRef,
    id: ClientOrderId,
) -> Result<Amend, LineError> {
    let mut amend = Amend {
        account,
        target: Target::Client(id),
        fields: AmendFields::NONE,
        quantity: Quantity(0),
        price: Price(0),
        stop_price: Price(0),
        trail: Price(0),
    };
    if let Some(number) = fields.number("quantity")? {
        amend.fields = amend.fields.with(AmendFields::QUANTITY);
        amend.quantity = market.quantity(number);
    }
    for (name, field, place) in [
        ("price", AmendFields::PRICE, &mut amend.price),
        ("stop_price", AmendFields::STOP_PRICE, &mut amend.stop_price),
        ("trail", AmendFields::TRAIL, &mut amend.trail),
    ] {
        if let Some(number) = fields.number(name)? {
            amend.fields = amend.fields.with(field);
            *place = market.price(number);
        }
    }
    Ok(amend)
}

/// Of every instrument, until the caller says otherwise.
pub(super) fn read_mass_cancel(fields: &mut Fields<'_>) -> Result<MassCancel, LineError> {
    Ok(MassCancel {
        account: AccountRef::Name(fields.required_name("account")?),
        instrument: None,
        side: fields.word("side", SIDES)?,
        reason: CancelReason::Mass,
        actor: Actor::EMPTY,
    })
}
