//! A command as a line of the tape, so that a failing stream can be read, and given to
//! `orison-replay tape`. An order without a name is called by its step. Limits of a `Genesis` have
//! no line: they are configuration.

use orison_core::command::{
    Access, AccountFields, AccountRef, AccountSpec, Amend, AmendFields, Direction,
    InstrumentFields, InstrumentSpec, Link, Order, OrderFields, OrderType, Pair, Prayer, SelfTrade,
    Target, TimeInForce, Transfer, Venue,
};
use orison_core::{
    AccountName, ClientOrderId, Command, Decimal, Instrument, InstrumentId, Price, Quantity, Side,
    Symbol,
};
use serde_json::{Map, Value, json};

use crate::stream::{Asked, Step};

type Line = Map<String, Value>;

/// What things are called and counted in, by number from 1.
pub(crate) struct Names {
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) accounts: Vec<AccountName>,
    pub(crate) asset_decimals: u8,
}

/// One line for each step, and one for each time that time moves.
pub(crate) fn lines(steps: &[Step], names: &Names) -> String {
    let tape = Tape { steps, names };
    let mut text = String::new();
    let mut now_ns = 0;
    for step in steps {
        if step.time_ns != now_ns || step.command == Command::Clock {
            now_ns = step.time_ns;
            text += &format!("{{\"op\":\"time\",\"ts\":{now_ns}}}\n");
        }
        let mut line = Line::new();
        let op = tape.fields(step, &mut line);
        let rest = Value::Object(line).to_string();
        if rest != "{}" {
            text += &format!("{{\"op\":\"{op}\",{}\n", &rest[1..]);
        }
    }
    text
}

struct Tape<'a> {
    steps: &'a [Step],
    names: &'a Names,
}

impl Tape<'_> {
    /// Fills in everything but the op, which it returns; nothing for what has no line.
    fn fields(&self, step: &Step, line: &mut Line) -> &'static str {
        let mut put = |field: &str, value: Value| line.insert(field.into(), value);
        match &step.command {
            Command::Genesis(_) | Command::Clock => "time",
            Command::Instrument(spec) => {
                self.instrument(spec, line);
                "instrument"
            }
            Command::Place(order) => {
                *line = self.order((step.number, 0), order);
                "new"
            }
            Command::Pair(pair) => self.pair(step, pair, line),
            Command::Cancel(cancel) => {
                self.aim(step, &cancel.target, cancel.account, line);
                "cancel"
            }
            Command::Amend(amend) => {
                self.amend(step, amend, line);
                "amend"
            }
            Command::MassCancel(mass) => {
                put("account", self.account(mass.account));
                if let Some(instrument) = mass.instrument {
                    put("symbol", self.symbol(instrument));
                }
                mass.side.map(|side| put("side", side_word(side).into()));
                "mass_cancel"
            }
            Command::Status(change) => {
                put("symbol", self.symbol(change.instrument));
                put("status", change.status.word().into());
                "status"
            }
            Command::Uncross(uncross) => {
                put("symbol", self.symbol(uncross.instrument));
                "uncross"
            }
            Command::EndOfDay(end) => {
                // Without a symbol the line would be empty; an empty one is none.
                put("symbol", end.instrument.map_or(Value::Null, |id| self.symbol(id)));
                "end_of_day"
            }
            Command::Transfer(transfer) => self.transfer(transfer, line),
            Command::Account(spec) => {
                self.settings(spec, line);
                "account"
            }
            Command::Pray(pray) => {
                put("side", if pray.side == Prayer::Up { "up" } else { "down" }.into());
                put("count", pray.count.into());
                "pray"
            }
            Command::Ticker(_)
            | Command::Liquidation(_)
            | Command::ExternalTrade(_)
            | Command::ExternalDepth(_) => news(&step.command, line),
        }
    }

    fn pair(&self, step: &Step, pair: &Pair, line: &mut Line) -> &'static str {
        let [first, second] =
            [0, 1].map(|leg| self.order((step.number, leg), &pair.legs[usize::from(leg)]));
        match pair.link {
            Link::Oco => {
                line.insert("legs".into(), json!([first, second]));
                "oco"
            }
            Link::Oto => {
                line.insert("parent".into(), first.into());
                line.insert("child".into(), second.into());
                "oto"
            }
        }
    }

    fn amend(&self, step: &Step, amend: &Amend, line: &mut Line) {
        let instrument = self.aimed(step).map_or(InstrumentId(1), |order| order.instrument);
        if amend.fields.has(AmendFields::QUANTITY) {
            line.insert("quantity".into(), self.quantity(instrument, amend.quantity));
        }
        for (field, name, value) in [
            (AmendFields::PRICE, "price", amend.price),
            (AmendFields::STOP_PRICE, "stop_price", amend.stop_price),
            (AmendFields::TRAIL, "trail", amend.trail),
        ] {
            if amend.fields.has(field) {
                line.insert(name.into(), self.price(instrument, value));
            }
        }
        self.aim(step, &amend.target, amend.account, line);
    }

    fn instrument(&self, spec: &InstrumentSpec, line: &mut Line) {
        line.insert("symbol".into(), spec.symbol.as_str().into());
        let step = spec.price_step.to_decimal();
        let known = self.names.instruments.iter().find(|known| known.symbol == spec.symbol);
        let price = |price: Price| match known {
            Some(known) => known.price_decimal(price).to_string(),
            None => step.times(price.0.into()).unwrap_or_default().to_string(),
        };
        let quantity = known.map(|known| known.quantity_decimal(spec.max_quantity).to_string());
        let decimals = self.names.asset_decimals;
        let notional = Decimal::new(spec.min_notional, decimals).to_string();
        for (field, name, value) in [
            (InstrumentFields::BASE, "base", spec.base.to_string().into()),
            (InstrumentFields::QUOTE, "quote", spec.quote.to_string().into()),
            (InstrumentFields::PRICE_STEP, "price_step", step.to_string().into()),
            (
                InstrumentFields::QUANTITY_STEP,
                "quantity_step",
                spec.quantity_step.to_decimal().to_string().into(),
            ),
            (InstrumentFields::MAKER_FEE, "maker_fee_ppm", spec.maker_fee_ppm.into()),
            (InstrumentFields::TAKER_FEE, "taker_fee_ppm", spec.taker_fee_ppm.into()),
            (InstrumentFields::STATUS, "status", spec.status.word().into()),
            (InstrumentFields::BAND_LOW, "band_low", price(spec.band_low).into()),
            (InstrumentFields::BAND_HIGH, "band_high", price(spec.band_high).into()),
            (
                InstrumentFields::REFERENCE_PRICE,
                "reference_price",
                price(spec.reference_price).into(),
            ),
            (
                InstrumentFields::EXECUTION_RANGE,
                "execution_range_ppm",
                spec.execution_range_ppm.into(),
            ),
            (InstrumentFields::INTERRUPTION, "interruption_ns", spec.interruption_ns.into()),
            (InstrumentFields::MAX_QUANTITY, "max_quantity", quantity.into()),
            (InstrumentFields::MIN_NOTIONAL, "min_notional", notional.into()),
        ] {
            if spec.fields.has(field) {
                line.insert(name.into(), value);
            }
        }
    }

    fn order(&self, asked: Asked, order: &Order) -> Line {
        let id = order.instrument;
        let mut line = Line::new();
        let mut put = |field: &str, value: Value| line.insert(field.into(), value);
        put("id", name_of(asked, order.client_order_id).into());
        put("account", self.account(order.account));
        put("symbol", self.symbol(id));
        put("side", side_word(order.side).into());
        put("type", type_word(order.order_type).into());
        let budget = Decimal::new(order.budget, self.names.asset_decimals).to_string();
        for (field, name, value) in [
            (OrderFields::PRICE, "price", self.price(id, order.price)),
            (OrderFields::QUANTITY, "quantity", self.quantity(id, order.quantity)),
            (OrderFields::TIME_IN_FORCE, "tif", time_word(order.time_in_force).into()),
            (OrderFields::EXPIRE_AT, "expire_at", order.expire_at_ns.into()),
            (OrderFields::POST_ONLY, "post_only", true.into()),
            (OrderFields::DISPLAY, "display", self.quantity(id, order.display)),
            (OrderFields::STOP_PRICE, "stop_price", self.price(id, order.stop_price)),
            (OrderFields::TRAIL, "trail", self.price(id, order.trail)),
            (OrderFields::BUDGET, "budget", budget.into()),
            (OrderFields::MIN_QUANTITY, "min_quantity", self.quantity(id, order.min_quantity)),
            (OrderFields::PROTECTION, "protection", self.price(id, order.protection)),
        ] {
            if order.has(field) {
                put(name, value);
            }
        }
        if order.self_trade != SelfTrade::AccountDefault {
            put("stp", mode_word(order.self_trade).into());
        }
        line
    }

    fn transfer(&self, transfer: &Transfer, line: &mut Line) -> &'static str {
        line.insert("account".into(), self.account(transfer.account));
        line.insert("asset".into(), transfer.asset.as_str().into());
        line.insert("amount".into(), transfer.amount.to_string().into());
        match transfer.direction {
            Direction::Deposit => "deposit",
            Direction::Withdraw => "withdraw",
        }
    }

    fn settings(&self, spec: &AccountSpec, line: &mut Line) {
        line.insert("account".into(), self.account(spec.account));
        for (field, name, value) in [
            (AccountFields::SELF_TRADE, "default_stp", mode_word(spec.self_trade).into()),
            (AccountFields::MAX_QUANTITY, "max_quantity", spec.max_quantity.to_string().into()),
            (AccountFields::MAX_NOTIONAL, "max_notional", spec.max_notional.to_string().into()),
            (AccountFields::MAX_OPEN_ORDERS, "max_open_orders", spec.max_open_orders.into()),
            (AccountFields::ORDERS_PER_SECOND, "orders_per_second", spec.orders_per_second.into()),
            (
                AccountFields::POSITION_LIMIT,
                "position_limit",
                spec.position_limit.to_string().into(),
            ),
            (AccountFields::MAKER_FEE, "maker_fee_ppm", spec.maker_fee_ppm.into()),
            (AccountFields::TAKER_FEE, "taker_fee_ppm", spec.taker_fee_ppm.into()),
            (AccountFields::ENABLED, "enabled", (spec.access == Access::Enabled).into()),
        ] {
            if spec.fields.has(field) {
                line.insert(name.into(), value);
            } else if spec.cleared.has(field) {
                line.insert(name.into(), Value::Null);
            }
        }
    }

    /// The order that the step aims at, if it is still there.
    fn aimed(&self, step: &Step) -> Option<&Order> {
        let (number, leg) = step.aims_at?;
        let asked = self.steps.iter().find(|other| other.number == number)?;
        match &asked.command {
            Command::Place(order) => Some(order),
            Command::Pair(pair) => pair.legs.get(usize::from(leg)),
            _ => None,
        }
    }

    fn aim(&self, step: &Step, target: &Target, from: AccountRef, line: &mut Line) {
        let id = match (step.aims_at, self.aimed(step), target) {
            (Some(asked), Some(order), _) => name_of(asked, order.client_order_id),
            (_, _, Target::Client(name)) => name.to_string(),
            (_, _, Target::Order(id)) => id.to_string(),
        };
        line.insert("id".into(), id.into());
        line.insert("account".into(), self.account(from));
    }

    fn price(&self, id: InstrumentId, price: Price) -> Value {
        self.shown(id, price.0.into(), |known| known.price_decimal(price))
    }

    fn quantity(&self, id: InstrumentId, quantity: Quantity) -> Value {
        self.shown(id, quantity.0.into(), |known| known.quantity_decimal(quantity))
    }

    /// In the units of the instrument; of an unknown one the bare count.
    fn shown(&self, id: InstrumentId, count: i128, of: impl Fn(&Instrument) -> Decimal) -> Value {
        let known = self.names.instruments.iter().find(|known| known.id == id);
        known.map_or(count.to_string(), |known| of(known).to_string()).into()
    }

    fn symbol(&self, id: InstrumentId) -> Value {
        let known = self.names.instruments.iter().find(|known| known.id == id);
        known.map_or_else(|| format!("instrument {id}"), |known| known.symbol.to_string()).into()
    }

    fn account(&self, account: AccountRef) -> Value {
        match account {
            AccountRef::Id(id) => {
                let known = (id.0 as usize).checked_sub(1).and_then(|i| self.names.accounts.get(i));
                known.map_or_else(|| format!("number {id}"), |name| name.to_string()).into()
            }
            AccountRef::Name(name) => name.as_str().into(),
        }
    }
}

/// What a venue said.
fn news(command: &Command, line: &mut Line) -> &'static str {
    let mut put = |field: &str, value: String| line.insert(field.into(), value.into());
    match command {
        Command::Ticker(ticker) => {
            put("price", ticker.price.to_decimal().to_string());
            put("change_24h", ticker.change_24h.to_decimal().to_string());
            foreign(line, &ticker.venue, &ticker.symbol, ticker.event_time_ms);
            "ticker"
        }
        Command::Liquidation(forced) => {
            put("side", side_word(forced.side).into());
            put("quantity", forced.quantity.to_decimal().to_string());
            put("price", forced.price.to_decimal().to_string());
            foreign(line, &forced.venue, &forced.symbol, forced.event_time_ms);
            "liquidation"
        }
        Command::ExternalTrade(trade) => {
            put("side", side_word(trade.side).into());
            put("quantity", trade.quantity.to_decimal().to_string());
            put("price", trade.price.to_decimal().to_string());
            line.insert("trade_id".into(), trade.trade_id.into());
            foreign(line, &trade.venue, &trade.symbol, trade.event_time_ms);
            "external_trade"
        }
        Command::ExternalDepth(depth) => {
            for (name, side) in [("bids", &depth.bids), ("asks", &depth.asks)] {
                let levels = side.levels().iter().map(|level| {
                    let (price, quantity) = depth.foreign(level);
                    let (price, quantity) = (price.to_decimal(), quantity.to_decimal());
                    serde_json::json!({
                        "price": price.to_string(), "quantity": quantity.to_string()
                    })
                });
                line.insert(name.into(), levels.collect());
            }
            line.insert("update_id".into(), depth.update_id.into());
            foreign(line, &depth.venue, &depth.symbol, depth.event_time_ms);
            "external_depth"
        }
        other => panic!("{other:?} is nobody's news"),
    }
}

fn foreign(line: &mut Line, venue: &Venue, symbol: &Symbol, event_time_ms: u64) {
    line.insert("venue".into(), venue.as_str().into());
    line.insert("symbol".into(), symbol.as_str().into());
    line.insert("event_time".into(), event_time_ms.into());
}

pub(crate) fn name_of((step, leg): Asked, client: ClientOrderId) -> String {
    match (client.is_empty(), leg) {
        (false, _) => client.to_string(),
        (true, 0) => format!("step-{step}"),
        (true, _) => format!("step-{step}-{leg}"),
    }
}

fn side_word(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

fn type_word(order_type: OrderType) -> &'static str {
    match order_type {
        OrderType::Limit => "limit",
        OrderType::Market => "market",
        OrderType::Stop => "stop",
        OrderType::StopLimit => "stop_limit",
        OrderType::TrailingStop => "trailing_stop",
    }
}

fn time_word(time_in_force: TimeInForce) -> &'static str {
    match time_in_force {
        TimeInForce::Gtc => "gtc",
        TimeInForce::Ioc => "ioc",
        TimeInForce::Fok => "fok",
        TimeInForce::Day => "day",
        TimeInForce::Gtd => "gtd",
    }
}

fn mode_word(mode: SelfTrade) -> &'static str {
    match mode {
        SelfTrade::AccountDefault | SelfTrade::None => "none",
        SelfTrade::CancelTaker => "cancel_taker",
        SelfTrade::CancelMaker => "cancel_maker",
        SelfTrade::CancelBoth => "cancel_both",
        SelfTrade::Decrement => "decrement",
    }
}
