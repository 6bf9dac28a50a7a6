//! Reads a new order. Order of checks: types of all fields, unknown fields, symbol, account,
//! client order id, words, then what the rules say of any order's shape. Those of the market are
//! the core's.

use orison_core::command::{Order, OrderFields, OrderType, SelfTrade, TimeInForce};
use orison_core::{
    AccountName, ClientOrderId, Command, Decimal, Instrument, Price, Quantity, Side, Symbol,
};

use super::account::{Party, party};
use super::{Caller, Wanted, blame};
use crate::App;
use crate::desk::{Named, OnTheWay};
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// A number field: absent, or a decimal, or one that is beyond every amount.
type Field = Option<Option<Decimal>>;

/// An order that can be asked for.
pub(super) struct Draft {
    pub(super) account_name: AccountName,
    pub(super) order: Order,
}

impl Draft {
    /// To be kept until it is answered.
    pub(super) fn underway(&self, app: &App) -> Option<OnTheWay> {
        let Order { instrument, client_order_id, .. } = self.order;
        let named = Named { account: self.account_name, client_order_id };
        app.desk.underway.add(named, instrument)
    }
}

pub(super) fn place(app: &App, caller: &Caller, object: Object) -> Result<Wanted, Problem> {
    let draft = read(app, caller, object)?;
    let on_the_way = [draft.underway(app), None];
    Ok(Wanted { command: Command::Place(draft.order), on_the_way })
}

/// The same order, that will not be entered.
pub(super) fn test(app: &App, caller: &Caller, object: Object) -> Result<Command, Problem> {
    read(app, caller, object).map(|draft| Command::Place(draft.order))
}

pub(super) fn read(app: &App, caller: &Caller, mut object: Object) -> Result<Draft, Problem> {
    let Party { name: account_name, account } = party(app, caller, &mut object)?;
    let symbol = object.text("symbol")?;
    let side_word = object.text("side")?;
    let type_word = object.text("type")?;
    let tif_word = time_in_force_word(&mut object)?;
    let stp_word = object.text("stp")?;
    let client_order_id = object.text("client_order_id")?;
    let post_only = object.flag("post_only")?;
    let expire_at = object.count("expire_at")?;
    let numbers = Numbers::read(&mut object)?;
    object.finish()?;

    let instrument = self::instrument(app, &symbol.ok_or_else(|| Problem::missing("symbol"))?)?;
    let client_order_id = match client_order_id {
        Some(text) => self::client_order_id(&text)?,
        None => ClientOrderId::EMPTY,
    };
    let side = self::side(&side_word.ok_or_else(|| Problem::missing("side"))?)?;
    let order_type = self::order_type(&type_word.ok_or_else(|| Problem::missing("type"))?)?;

    let none = (Price(0), Quantity(0));
    let mut order = Order::limit(account, instrument.id, side, none.0, none.1);
    order.fields = OrderFields::NONE;
    order.order_type = order_type;
    order.client_order_id = client_order_id;
    if let Some(word) = tif_word {
        order.time_in_force = time_in_force(&word)?;
        // Said or not, good-till-cancelled is the same order, and a repeat of it a repeat.
        if order.time_in_force != TimeInForce::Gtc {
            order.fields = order.fields.with(OrderFields::TIME_IN_FORCE);
        }
    }
    if let Some(word) = stp_word {
        order.self_trade = self_trade("stp", &word)?;
    }
    if post_only == Some(true) {
        order.fields = order.fields.with(OrderFields::POST_ONLY);
    }
    if let Some(time_ns) = expire_at {
        order.expire_at_ns = time_ns;
        order.fields = order.fields.with(OrderFields::EXPIRE_AT);
    }
    numbers.fill(&mut order, &instrument, quote_decimals(app, &instrument)?);
    order.judge_shape().map_err(|reason| blame::misshapen(&order, &instrument, reason))?;
    Ok(Draft { account_name, order })
}

/// The number fields, as they were said.
struct Numbers {
    price: Field,
    quantity: Field,
    stop_price: Field,
    trail: Field,
    display: Field,
    min_quantity: Field,
    budget: Field,
    protection: Field,
}

/// What is no price of its instrument: below every price and distance.
const UNREADABLE: Price = Price(-1);

impl Numbers {
    fn read(object: &mut Object) -> Result<Self, Problem> {
        Ok(Self {
            price: object.decimal("price")?,
            quantity: object.decimal("quantity")?,
            stop_price: object.decimal("stop_price")?,
            trail: object.decimal("trail")?,
            display: object.decimal("display")?,
            min_quantity: object.decimal("min_quantity")?,
            budget: object.decimal("budget")?,
            protection: object.decimal("protection")?,
        })
    }

    /// A number that is none of its instrument's becomes one that no order can have, so that it is
    /// the rules that refuse it, in their order.
    fn fill(&self, order: &mut Order, instrument: &Instrument, quote_decimals: u8) {
        let price = |field: Option<Decimal>| {
            field.and_then(|decimal| instrument.price(decimal)).unwrap_or(UNREADABLE)
        };
        let quantity = |field: Option<Decimal>| match field {
            Some(below) if below.is_negative() => Quantity::ZERO,
            Some(decimal) => instrument.quantity(decimal).unwrap_or(Quantity::INVALID),
            None => Quantity::INVALID,
        };
        let said_price = match self.price {
            Some(Some(zero)) if zero.is_zero() && is_priceless(order.order_type) => None,
            said => said,
        };
        let prices = [
            (said_price, OrderFields::PRICE, &mut order.price),
            (self.stop_price, OrderFields::STOP_PRICE, &mut order.stop_price),
            (self.trail, OrderFields::TRAIL, &mut order.trail),
            (self.protection, OrderFields::PROTECTION, &mut order.protection),
        ];
        for (field, flag, into) in prices {
            if let Some(field) = field {
                *into = price(field);
                order.fields = order.fields.with(flag);
            }
        }
        let quantities = [
            (self.quantity, OrderFields::QUANTITY, &mut order.quantity),
            (self.display, OrderFields::DISPLAY, &mut order.display),
            (self.min_quantity, OrderFields::MIN_QUANTITY, &mut order.min_quantity),
        ];
        for (field, flag, into) in quantities {
            if let Some(field) = field {
                *into = quantity(field);
                order.fields = order.fields.with(flag);
            }
        }
        if let Some(field) = self.budget {
            let unit = Decimal::new(1, quote_decimals);
            order.budget = field.and_then(|decimal| decimal.steps_of(unit)).unwrap_or(-1);
            order.fields = order.fields.with(OrderFields::BUDGET);
        }
    }
}

/// Its price of 0 is none.
fn is_priceless(order_type: OrderType) -> bool {
    match order_type {
        OrderType::Limit | OrderType::StopLimit => false,
        OrderType::Market | OrderType::Stop | OrderType::TrailingStop => true,
    }
}

/// None: a fraction, negative or beyond 64 bits.
pub(super) fn whole(field: Option<Decimal>) -> Option<u64> {
    field.filter(|d| d.scale() == 0).and_then(|d| u64::try_from(d.mantissa()).ok())
}

pub(super) fn instrument(app: &App, symbol: &str) -> Result<Instrument, Problem> {
    let not_found = || Problem::symbol_not_found().about("symbol");
    let symbol = Symbol::new(symbol).map_err(|_| not_found())?;
    let views = app.views.read();
    views.catalog.instrument_named(&symbol).copied().ok_or_else(not_found)
}

fn quote_decimals(app: &App, instrument: &Instrument) -> Result<u8, Problem> {
    let views = app.views.read();
    let quote = views.catalog.asset(instrument.quote).ok_or_else(Problem::internal)?;
    Ok(quote.decimals)
}

/// 1 to 36 printable ASCII characters.
pub(super) fn client_order_id(text: &str) -> Result<ClientOrderId, Problem> {
    ClientOrderId::new(text).ok().filter(|id| !id.is_empty()).ok_or_else(|| {
        let (english, korean) =
            ("1 to 36 printable ASCII characters", "출력 가능한 ASCII 1~36자여야 합니다");
        Problem::invalid_parameter("client_order_id", english, korean)
    })
}

/// Order words are compared without case, `_` and `-`.
pub(crate) fn word<T: Copy>(field: &str, text: &str, words: &[(&str, T)]) -> Result<T, Problem> {
    let plain = text.chars().filter(|&c| c != '_' && c != '-').map(|c| c.to_ascii_lowercase());
    let plain: String = plain.collect();
    let found = words.iter().find(|(word, _)| *word == plain).map(|&(_, value)| value);
    found.ok_or_else(|| {
        let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let allowed = allowed.join(", ");
        let korean = format!("다음 중 하나여야 합니다: {allowed}");
        Problem::invalid_parameter(field, &format!("one of {allowed}"), &korean)
    })
}

pub(crate) fn side(text: &str) -> Result<Side, Problem> {
    word("side", text, &[("buy", Side::Buy), ("sell", Side::Sell)])
}

pub(in crate::xtrader) fn order_type(text: &str) -> Result<OrderType, Problem> {
    let words = [
        ("limit", OrderType::Limit),
        ("market", OrderType::Market),
        ("stop", OrderType::Stop),
        ("stoplimit", OrderType::StopLimit),
        ("trailingstop", OrderType::TrailingStop),
    ];
    word("type", text, &words)
}

/// `time_in_force`, or its alias `tif`.
fn time_in_force_word(object: &mut Object) -> Result<Option<String>, Problem> {
    match (object.text("time_in_force")?, object.text("tif")?) {
        (Some(_), Some(_)) => {
            let english = "tif is an alias of time_in_force: give one of them";
            let korean = "tif는 time_in_force의 별칭입니다: 하나만 보내십시오";
            Err(Problem::bad_request(english, korean).about("tif"))
        }
        (long, short) => Ok(long.or(short)),
    }
}

fn time_in_force(text: &str) -> Result<TimeInForce, Problem> {
    let words = [
        ("gtc", TimeInForce::Gtc),
        ("ioc", TimeInForce::Ioc),
        ("fok", TimeInForce::Fok),
        ("day", TimeInForce::Day),
        ("gtd", TimeInForce::Gtd),
    ];
    word("time_in_force", text, &words)
}

pub(crate) fn self_trade(field: &str, text: &str) -> Result<SelfTrade, Problem> {
    let words = [
        ("none", SelfTrade::None),
        ("canceltaker", SelfTrade::CancelTaker),
        ("cancelmaker", SelfTrade::CancelMaker),
        ("cancelboth", SelfTrade::CancelBoth),
        ("decrement", SelfTrade::Decrement),
    ];
    word(field, text, &words)
}
