//! What can be traded and in what it is counted: instruments and assets, numbered as they came,
//! what they demand of orders, and what a step of price and quantity is worth.

use orison_core::command::{Genesis, InstrumentFields, InstrumentSpec};
use orison_core::event::Money;
use orison_core::instrument::{Bounds, Status, Step};
use orison_core::types::AssetId;
use orison_core::{AssetName, Decimal, Instrument, InstrumentId, Price, Quantity, Reason};

/// 10 % either way.
pub(super) const FEE_MAX: i32 = 100_000;

/// Everything the rules speak of but the orders.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    pub(crate) instrument: Instrument,
    pub(crate) bounds: Bounds,
    /// A quantity step in units of the base asset.
    pub(super) lot: i128,
    /// A price step x a quantity step in units of the quote asset.
    pub(super) worth: i128,
    /// Price of the last trade.
    pub(crate) last: Option<i64>,
    /// When an interruption's auction is over; None: no auction, or one that was asked for.
    pub(crate) interrupted_until: Option<u64>,
}

#[derive(Default)]
pub(super) struct Listing {
    pub(super) markets: Vec<Market>,
    /// Name and decimals; number 1 is at index 0.
    assets: Vec<(AssetName, u8)>,
}

impl Listing {
    pub(super) fn get(&self, id: InstrumentId) -> Option<&Market> {
        self.markets.iter().find(|market| market.instrument.id == id)
    }

    pub(super) fn market(&self, id: InstrumentId) -> &Market {
        self.get(id).expect("what has orders is listed")
    }

    pub(super) fn market_mut(&mut self, id: InstrumentId) -> &mut Market {
        &mut self.markets[usize::from(id.0) - 1]
    }

    pub(super) fn asset(&self, name: AssetName) -> Option<(AssetId, u8)> {
        let index = self.assets.iter().position(|(known, _)| *known == name)?;
        Some((AssetId(index as u16 + 1), self.assets[index].1))
    }

    pub(super) fn asset_ids(&self) -> Vec<AssetId> {
        (1..=self.assets.len() as u16).map(AssetId).collect()
    }

    pub(super) fn decimals(&self, asset: AssetId) -> u8 {
        self.assets[usize::from(asset.0) - 1].1
    }

    /// Price x quantity in units of the quote asset.
    pub(super) fn money(&self, id: InstrumentId, price: i64, quantity: u64) -> i128 {
        Price(price).notional(Quantity(quantity)) * self.market(id).worth
    }

    /// None: that, or the largest fee on it, cannot be counted.
    pub(super) fn checked_money(
        &self,
        id: InstrumentId,
        price: i64,
        quantity: u64,
    ) -> Option<i128> {
        let worth = self.market(id).worth;
        let money = worth.checked_mul(Price(price).notional(Quantity(quantity)))?;
        money.checked_mul(1_000_000 + i128::from(FEE_MAX)).map(|_| money)
    }

    /// Creates or changes; the status is the caller's affair.
    pub(super) fn change(
        &mut self,
        spec: &InstrumentSpec,
        genesis: &Genesis,
    ) -> Result<InstrumentId, Reason> {
        if spec.symbol.is_empty() {
            return Err(Reason::UnknownSymbol);
        }
        let later = InstrumentFields::BAND_LOW.0
            | InstrumentFields::BAND_HIGH.0
            | InstrumentFields::EXECUTION_RANGE.0
            | InstrumentFields::INTERRUPTION.0
            | InstrumentFields::MAX_QUANTITY.0
            | InstrumentFields::MIN_NOTIONAL.0
            | InstrumentFields::REFERENCE_PRICE.0;
        let not_open = spec.fields.has(InstrumentFields::STATUS) && spec.status != Status::Open;
        if genesis.rules_version < 2 && (spec.fields.has(InstrumentFields(later)) || not_open) {
            return Err(Reason::BadCombination);
        }
        match self.markets.iter().position(|known| known.instrument.symbol == spec.symbol) {
            Some(index) => {
                if !self.says_the_same(&self.markets[index].instrument, spec) {
                    return Err(Reason::BadCombination);
                }
                let market = &self.markets[index];
                let instrument = with_fees(market.instrument, spec)?;
                let bounds = with_bounds(market.bounds, spec)?;
                self.markets[index] = Market { instrument, bounds, ..market.clone() };
                Ok(instrument.id)
            }
            None => self.create(spec, genesis),
        }
    }

    /// Of what never changes.
    fn says_the_same(&self, known: &Instrument, spec: &InstrumentSpec) -> bool {
        let (base, base_decimals) = self.assets[usize::from(known.base.0) - 1];
        let (quote, quote_decimals) = self.assets[usize::from(known.quote.0) - 1];
        let same = |field, same: bool| !spec.fields.has(field) || same;
        let equal = |a: Step, b: Step| a.to_decimal() == b.to_decimal();
        same(InstrumentFields::BASE, spec.base == base)
            && same(InstrumentFields::QUOTE, spec.quote == quote)
            && same(InstrumentFields::BASE_DECIMALS, spec.base_decimals == base_decimals)
            && same(InstrumentFields::QUOTE_DECIMALS, spec.quote_decimals == quote_decimals)
            && same(InstrumentFields::PRICE_STEP, equal(spec.price_step, known.price_step))
            && same(InstrumentFields::QUANTITY_STEP, equal(spec.quantity_step, known.quantity_step))
    }

    fn create(&mut self, spec: &InstrumentSpec, genesis: &Genesis) -> Result<InstrumentId, Reason> {
        let is_step = |step: Step| step.mantissa > 0 && step.scale <= 18;
        if !is_step(spec.price_step) {
            return Err(Reason::BadPrice);
        }
        if !is_step(spec.quantity_step) {
            return Err(Reason::BadQuantity);
        }
        if spec.base.is_empty() || spec.quote.is_empty() || spec.base == spec.quote {
            return Err(Reason::UnknownAsset);
        }
        if self.markets.len() >= usize::from(genesis.instruments_max) {
            return Err(Reason::UnknownSymbol);
        }
        let mut assets = self.assets.clone();
        let given = |field, decimals| spec.fields.has(field).then_some(decimals);
        let decimals = given(InstrumentFields::BASE_DECIMALS, spec.base_decimals);
        let needed = decimals_of(spec.quantity_step);
        let base = asset(&mut assets, spec.base, decimals, needed, genesis)?;
        if needed > assets[usize::from(base.0) - 1].1 {
            return Err(Reason::BadQuantity);
        }
        let product = u64::try_from(
            u128::from(spec.price_step.mantissa) * u128::from(spec.quantity_step.mantissa),
        );
        let mantissa = product.expect("the streams here name small steps");
        let scale = spec.price_step.scale + spec.quantity_step.scale;
        let decimals = given(InstrumentFields::QUOTE_DECIMALS, spec.quote_decimals);
        let needed = decimals_of(Step { mantissa, scale });
        let quote = asset(&mut assets, spec.quote, decimals, needed, genesis)?;
        let (_, decimals) = assets[usize::from(quote.0) - 1];
        let worth = worth(spec.price_step, spec.quantity_step, decimals);
        let worth = worth.ok_or(Reason::BadPrice)?;
        let unit = Decimal::new(1, assets[usize::from(base.0) - 1].1);
        let lot = spec.quantity_step.to_decimal().steps_of(unit).ok_or(Reason::BadQuantity)?;
        let bare = Instrument {
            symbol: spec.symbol,
            id: InstrumentId(self.markets.len() as u16 + 1),
            base,
            quote,
            status: Status::Open,
            maker_fee_ppm: 0,
            taker_fee_ppm: 0,
            price_step: spec.price_step,
            quantity_step: spec.quantity_step,
        };
        let instrument = with_fees(bare, spec)?;
        let bounds = with_bounds(Bounds::none(bare.id), spec)?;
        self.assets = assets;
        let (last, interrupted_until) = (None, None);
        self.markets.push(Market { instrument, bounds, lot, worth, last, interrupted_until });
        Ok(instrument.id)
    }
}

/// The number of an asset, which is opened if nobody has named it before.
fn asset(
    assets: &mut Vec<(AssetName, u8)>,
    name: AssetName,
    decimals: Option<u8>,
    needed: u8,
    genesis: &Genesis,
) -> Result<AssetId, Reason> {
    if let Some(index) = assets.iter().position(|(known, _)| *known == name) {
        let same = decimals.is_none_or(|decimals| decimals == assets[index].1);
        return if same { Ok(AssetId(index as u16 + 1)) } else { Err(Reason::BadCombination) };
    }
    if assets.len() >= usize::from(genesis.assets_max) {
        return Err(Reason::UnknownAsset);
    }
    if decimals.is_some_and(|decimals| decimals > 18) {
        return Err(Reason::BadCombination);
    }
    assets.push((name, decimals.unwrap_or(needed.clamp(8, 18))));
    Ok(AssetId(assets.len() as u16))
}

/// Rates that were given; the others stay.
fn with_fees(mut instrument: Instrument, spec: &InstrumentSpec) -> Result<Instrument, Reason> {
    if spec.fields.has(InstrumentFields::MAKER_FEE) {
        instrument.maker_fee_ppm = spec.maker_fee_ppm;
    }
    if spec.fields.has(InstrumentFields::TAKER_FEE) {
        instrument.taker_fee_ppm = spec.taker_fee_ppm;
    }
    let Instrument { maker_fee_ppm: maker, taker_fee_ppm: taker, .. } = instrument;
    let is_rate = |rate: i32| (-FEE_MAX..=FEE_MAX).contains(&rate);
    let good = is_rate(maker) && is_rate(taker) && maker + taker >= 0;
    if good { Ok(instrument) } else { Err(Reason::BadAmount) }
}

/// Demands that were given; the others stay.
fn with_bounds(mut bounds: Bounds, spec: &InstrumentSpec) -> Result<Bounds, Reason> {
    let has = |field| spec.fields.has(field);
    if has(InstrumentFields::BAND_LOW) {
        bounds.band_low = spec.band_low;
    }
    if has(InstrumentFields::BAND_HIGH) {
        bounds.band_high = spec.band_high;
    }
    if has(InstrumentFields::REFERENCE_PRICE) {
        bounds.reference_price = spec.reference_price;
    }
    if has(InstrumentFields::EXECUTION_RANGE) {
        bounds.execution_range_ppm = spec.execution_range_ppm;
    }
    if has(InstrumentFields::INTERRUPTION) {
        bounds.interruption_ns = spec.interruption_ns;
    }
    if has(InstrumentFields::MAX_QUANTITY) {
        bounds.max_quantity = spec.max_quantity;
    }
    if has(InstrumentFields::MIN_NOTIONAL) {
        bounds.min_notional = Money::new(spec.min_notional);
    }
    let Bounds { band_low: low, band_high: high, reference_price, .. } = bounds;
    let is_upside_down = low.0 > high.0 && high.0 > 0;
    if low.0 < 0 || high.0 < 0 || reference_price.0 < 0 || is_upside_down {
        return Err(Reason::BadPrice);
    }
    if bounds.max_quantity == Quantity::INVALID {
        return Err(Reason::BadQuantity);
    }
    if bounds.min_notional.units() < 0 {
        return Err(Reason::BadAmount);
    }
    Ok(bounds)
}

/// How many decimals the number has, written without trailing zeros.
fn decimals_of(step: Step) -> u8 {
    let Step { mut mantissa, mut scale } = step;
    while scale > 0 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        scale -= 1;
    }
    scale
}

/// One price step x one quantity step in units of 10^-decimals; None: no whole number of them.
fn worth(price_step: Step, quantity_step: Step, decimals: u8) -> Option<i128> {
    let mantissa = i128::from(price_step.mantissa) * i128::from(quantity_step.mantissa);
    let scale = u32::from(price_step.scale) + u32::from(quantity_step.scale);
    let numerator = mantissa * 10i128.pow(u32::from(decimals));
    let denominator = 10i128.pow(scale);
    (numerator % denominator == 0).then(|| numerator / denominator)
}
