//! A command as a line of the tape, so that a failing stream can be read, and given to
//! `orison-replay tape`. An order without a name is called by its step.

use orison_core::command::{
    AccountRef, AmendFields, InstrumentFields, Liquidation, Order, OrderFields, OrderType, Prayer,
    Target, Ticker, TimeInForce, Venue,
};
use orison_core::{Command, Side, Symbol};
use serde_json::{Map, Value};

use crate::stream::Step;

/// One line for each step; `symbols` by instrument number, from 1.
pub(crate) fn lines(steps: &[Step], symbols: &[Symbol]) -> String {
    let mut tape = Tape { steps, symbols, text: String::new() };
    for step in steps {
        tape.line(step);
    }
    tape.text
}

struct Tape<'a> {
    steps: &'a [Step],
    symbols: &'a [Symbol],
    text: String,
}

impl Tape<'_> {
    fn line(&mut self, step: &Step) {
        let mut line = Map::new();
        let op = self.fields(step, &mut line);
        let rest = Value::Object(line).to_string();
        let comma = if rest == "{}" { "" } else { "," };
        self.text += &format!("{{\"op\":\"{op}\"{comma}{}\n", &rest[1..]);
    }

    /// Fills in everything but the op, which it returns.
    fn fields(&self, step: &Step, line: &mut Map<String, Value>) -> &'static str {
        let mut put = |field: &str, value: Value| line.insert(field.into(), value);
        match &step.command {
            Command::Genesis(_) | Command::Clock => "time",
            Command::Instrument(spec) => {
                put("symbol", spec.symbol.as_str().into());
                if spec.fields.has(InstrumentFields::BASE) {
                    put("base", spec.base.as_str().into());
                    put("quote", spec.quote.as_str().into());
                    put("price_step", spec.price_step.to_decimal().to_string().into());
                    put("quantity_step", spec.quantity_step.to_decimal().to_string().into());
                }
                put("maker_fee_ppm", spec.maker_fee_ppm.into());
                put("taker_fee_ppm", spec.taker_fee_ppm.into());
                "instrument"
            }
            Command::Place(order) => {
                self.order(step.number, order, line);
                "new"
            }
            Command::Cancel(cancel) => {
                self.aim(step, &cancel.target, cancel.account, line);
                "cancel"
            }
            Command::Amend(amend) => {
                if amend.fields.has(AmendFields::QUANTITY) {
                    put("quantity", amend.quantity.0.to_string().into());
                }
                if amend.fields.has(AmendFields::PRICE) {
                    put("price", amend.price.0.to_string().into());
                }
                self.aim(step, &amend.target, amend.account, line);
                "amend"
            }
            Command::MassCancel(mass) => {
                put("account", account(mass.account));
                if let Some(instrument) = mass.instrument {
                    put("symbol", self.symbol(instrument.0));
                }
                if let Some(side) = mass.side {
                    put("side", side_word(side).into());
                }
                "mass_cancel"
            }
            Command::Pray(pray) => {
                put("side", if pray.side == Prayer::Up { "up" } else { "down" }.into());
                put("count", pray.count.into());
                "pray"
            }
            Command::Ticker(Ticker { venue, symbol, event_time_ms, .. }) => {
                foreign(line, venue, symbol, *event_time_ms);
                "ticker"
            }
            Command::Liquidation(Liquidation { venue, symbol, event_time_ms, .. }) => {
                foreign(line, venue, symbol, *event_time_ms);
                "liquidation"
            }
        }
    }

    fn order(&self, number: usize, order: &Order, line: &mut Map<String, Value>) {
        let id = if order.client_order_id.is_empty() {
            format!("step-{number}")
        } else {
            order.client_order_id.to_string()
        };
        line.insert("id".into(), id.into());
        line.insert("account".into(), account(order.account));
        line.insert("symbol".into(), self.symbol(order.instrument.0));
        line.insert("side".into(), side_word(order.side).into());
        let order_type = match order.order_type {
            OrderType::Limit => "limit",
            OrderType::Market => "market",
            OrderType::Stop => "stop",
            OrderType::StopLimit => "stop_limit",
            OrderType::TrailingStop => "trailing_stop",
        };
        line.insert("type".into(), order_type.into());
        if order.has(OrderFields::PRICE) {
            line.insert("price".into(), order.price.0.to_string().into());
        }
        line.insert("quantity".into(), order.quantity.0.to_string().into());
        let time_in_force = match order.time_in_force {
            TimeInForce::Gtc => "gtc",
            TimeInForce::Ioc => "ioc",
            TimeInForce::Fok => "fok",
            TimeInForce::Day => "day",
            TimeInForce::Gtd => "gtd",
        };
        line.insert("tif".into(), time_in_force.into());
        if order.has(OrderFields::POST_ONLY) {
            line.insert("post_only".into(), true.into());
        }
    }

    fn aim(&self, step: &Step, target: &Target, from: AccountRef, line: &mut Map<String, Value>) {
        let aimed = self.steps.iter().find(|other| Some(other.number) == step.aims_at);
        let id = match (aimed.map(|step| step.command), target) {
            (Some(Command::Place(order)), _) if !order.client_order_id.is_empty() => {
                order.client_order_id.to_string()
            }
            (Some(_), _) => format!("step-{}", step.aims_at.unwrap_or_default()),
            (None, Target::Client(name)) => name.to_string(),
            (None, Target::Order(id)) => id.to_string(),
        };
        line.insert("id".into(), id.into());
        line.insert("account".into(), account(from));
    }

    fn symbol(&self, number: u16) -> Value {
        let index = usize::from(number).checked_sub(1);
        let symbol = index.and_then(|index| self.symbols.get(index));
        symbol.map_or_else(|| format!("instrument {number}"), |symbol| symbol.to_string()).into()
    }
}

fn foreign(line: &mut Map<String, Value>, venue: &Venue, symbol: &Symbol, event_time_ms: u64) {
    line.insert("venue".into(), venue.as_str().into());
    line.insert("symbol".into(), symbol.as_str().into());
    line.insert("event_time".into(), event_time_ms.into());
}

fn account(account: AccountRef) -> Value {
    match account {
        AccountRef::Id(id) => format!("number {id}").into(),
        AccountRef::Name(name) => name.as_str().into(),
    }
}

fn side_word(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}
