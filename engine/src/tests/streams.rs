//! Random command streams for the tests of what follows events: five accounts, two of them funded,
//! two instruments, a narrow band of prices, names that come again, every type of order, markets
//! that open and close, and time that sometimes leaps.

mod commands;

use std::fmt;

use orison_core::command::{
    AccountFields, AccountRef, Amend, Cancel, Direction, Genesis, InstrumentFields, InstrumentSpec,
    Order, OrderFields, Pair, Target, Transfer,
};
use orison_core::{
    AccountId, AccountName, AssetName, Command, Decimal, Event, Exchange, OrderId, Sequence, Side,
    Stamp, Symbol,
};

pub(crate) use commands::steps;

/// A command, and how long after the one before.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) pause_ns: u64,
    /// An order's `expire_at_ns` counts from the command's own time.
    pub(crate) command: Command,
    /// Which of the live orders a cancel or an amend is about instead, or that an order is the
    /// one before once more.
    pub(crate) pick: Option<usize>,
}

/// A line each: shrunk streams are read by people.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} after {} ns: ", self.pick, self.pause_ns)?;
        match &self.command {
            Command::Place(order) => show(order, f),
            Command::Pair(Pair { link, legs: [first, second] }) => {
                write!(f, "{link:?} ")?;
                show(first, f)?;
                write!(f, " and ")?;
                show(second, f)
            }
            command => write!(f, "{command:?}"),
        }
    }
}

/// Only what was said.
fn show(order: &Order, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let AccountRef::Name(account) = order.account else { unreachable!("streams say names") };
    write!(f, "{} {} {:?}", account.as_str(), order.instrument, order.side)?;
    write!(f, " {:?} {:?}", order.order_type, order.time_in_force)?;
    write!(f, " {:?} {:?}", order.self_trade, order.client_order_id.as_str())?;
    for (field, word, value) in [
        (OrderFields::QUANTITY, "quantity", i128::from(order.quantity.0)),
        (OrderFields::PRICE, "price", i128::from(order.price.0)),
        (OrderFields::STOP_PRICE, "stop", i128::from(order.stop_price.0)),
        (OrderFields::TRAIL, "trail", i128::from(order.trail.0)),
        (OrderFields::DISPLAY, "display", i128::from(order.display.0)),
        (OrderFields::MIN_QUANTITY, "min", i128::from(order.min_quantity.0)),
        (OrderFields::BUDGET, "budget", order.budget),
        (OrderFields::PROTECTION, "protection", i128::from(order.protection.0)),
        (OrderFields::EXPIRE_AT, "expires", i128::from(order.expire_at_ns)),
        (OrderFields::POST_ONLY, "post-only", 1),
    ] {
        if order.has(field) {
            write!(f, " {word} {value}")?;
        }
    }
    Ok(())
}

impl Step {
    /// Whether it leads to the same events at whatever time it comes.
    pub(crate) fn is_timeless(&self) -> bool {
        let lasts = |order: &Order| !order.has(OrderFields::EXPIRE_AT);
        match &self.command {
            Command::Place(order) => lasts(order),
            Command::Pair(pair) => pair.legs.iter().all(lasts),
            Command::Instrument(spec) => !spec.fields.has(InstrumentFields::INTERRUPTION),
            Command::Account(spec) => !spec.fields.has(AccountFields::ORDERS_PER_SECOND),
            _ => true,
        }
    }
}

/// A core that is fed step by step and says what happened.
pub(crate) struct Driven {
    pub(crate) exchange: Exchange,
    stamp: Stamp,
    /// The order, or the pair, entered last.
    placed: Option<Order>,
    paired: Option<Pair>,
    /// The last command, as it was applied.
    pub(crate) command: Command,
}

impl Driven {
    /// With its limits, two instruments, `X` free of fees and `Y` with them, and money of dan's
    /// and eve's; and the events of those commands.
    pub(crate) fn new() -> (Self, Vec<(Stamp, Vec<Event>)>) {
        let stamp = Stamp::default();
        let exchange = Exchange::new([7; 16]);
        let (placed, paired, command) = (None, None, Command::Clock);
        let mut driven = Self { exchange, stamp, placed, paired, command };
        let mut setup = vec![
            Command::Genesis(LIMITS),
            Command::Instrument(instrument("X")),
            Command::Instrument(InstrumentSpec {
                fields: with_fees(instrument("Y").fields),
                maker_fee_ppm: -50,
                taker_fee_ppm: 700,
                ..instrument("Y")
            }),
        ];
        for name in ["dan", "eve"] {
            for (asset, amount) in [("XBASE", 200), ("YBASE", 200), ("QUOTE", 20_000)] {
                setup.push(Command::Transfer(transfer(name, asset, Direction::Deposit, amount)));
            }
        }
        let begun = setup
            .into_iter()
            .map(|command| driven.apply(&Step { pause_ns: 0, command, pick: None }))
            .collect();
        (driven, begun)
    }

    pub(crate) fn apply(&mut self, step: &Step) -> (Stamp, Vec<Event>) {
        self.stamp.sequence = Sequence(self.stamp.sequence.0 + 1);
        self.stamp.time_ns += step.pause_ns;
        let mut events = Vec::new();
        let mut sink = |event: &Event| events.push(*event);
        let command = self.aimed(step);
        self.command = command;
        self.exchange.apply(self.stamp, &command, &mut sink);
        match command {
            Command::Place(order) => self.placed = Some(order),
            Command::Pair(pair) => self.paired = Some(pair),
            _ => {}
        }
        (self.stamp, events)
    }

    fn aimed(&self, step: &Step) -> Command {
        let live = self.live();
        let aim = step.pick.and_then(|pick| live.get(pick % live.len().max(1)));
        match (step.command, aim) {
            (Command::Cancel(_), Some(&(id, account))) => Command::Cancel(Cancel {
                account: AccountRef::Id(account),
                target: Target::Order(id),
            }),
            (Command::Amend(amend), Some(&(id, account))) => Command::Amend(Amend {
                account: AccountRef::Id(account),
                target: Target::Order(id),
                ..amend
            }),
            (Command::Place(order), Some(_)) => {
                Command::Place(self.placed.unwrap_or(self.dated(order)))
            }
            (Command::Pair(pair), Some(_)) => {
                Command::Pair(self.paired.unwrap_or(self.dated_pair(pair)))
            }
            (Command::Place(order), None) => Command::Place(self.dated(order)),
            (Command::Pair(pair), None) => Command::Pair(self.dated_pair(pair)),
            (command, _) => command,
        }
    }

    /// Orders that rest or wait, and whose they are.
    fn live(&self) -> Vec<(OrderId, AccountId)> {
        let mut live = Vec::new();
        for instrument in self.exchange.instruments() {
            let books = Side::BOTH.map(|side| self.exchange.book(instrument.id, side));
            live.extend(books.into_iter().flatten().map(|order| (order.id, order.account)));
            let stops = self.exchange.stops(instrument.id);
            live.extend(stops.iter().map(|stop| (stop.id, stop.account)));
        }
        live
    }

    fn dated(&self, mut order: Order) -> Order {
        if order.has(OrderFields::EXPIRE_AT) {
            order.expire_at_ns += self.stamp.time_ns;
        }
        order
    }

    fn dated_pair(&self, pair: Pair) -> Pair {
        Pair { legs: pair.legs.map(|leg| self.dated(leg)), ..pair }
    }
}

pub(crate) const LIMITS: Genesis = Genesis {
    orders_max: 60,
    accounts_max: 8,
    closed_ids_max: 12,
    closed_ids_per_account_max: 6,
    positions_max: 16,
    balances_max: 16,
    trailing_max: 4,
    ..Genesis::DEFAULT
};

fn instrument(symbol: &str) -> InstrumentSpec {
    InstrumentSpec {
        symbol: Symbol::new(symbol).unwrap(),
        base: AssetName::new(&format!("{symbol}BASE")).unwrap(),
        quote: AssetName::new("QUOTE").unwrap(),
        fields: InstrumentFields::BASE
            .with(InstrumentFields::QUOTE)
            .with(InstrumentFields::PRICE_STEP)
            .with(InstrumentFields::QUANTITY_STEP),
        ..InstrumentSpec::EMPTY
    }
}

fn with_fees(fields: InstrumentFields) -> InstrumentFields {
    fields.with(InstrumentFields::MAKER_FEE).with(InstrumentFields::TAKER_FEE)
}

fn transfer(account: &str, asset: &str, direction: Direction, amount: i128) -> Transfer {
    Transfer {
        account: AccountRef::Name(AccountName::new(account).unwrap()),
        asset: AssetName::new(asset).unwrap(),
        direction,
        amount: Decimal::new(amount, 0),
        actor: orison_core::command::Actor::EMPTY,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    use super::*;

    /// What can come of orders, markets and money.
    const KINDS: &[&str] = &[
        "Accepted",
        "Account",
        "Amended",
        "Auction",
        "Balance",
        "Bounds",
        "Cancelled Admin",
        "Cancelled Closed",
        "Cancelled Expired",
        "Cancelled Ioc",
        "Cancelled Mass",
        "Cancelled Oco",
        "Cancelled Range",
        "Cancelled SelfTrade",
        "Cancelled Uncross",
        "Cancelled User",
        "Conditions",
        "Continuous Decremented",
        "Continuous Trade",
        "Level",
        "Refreshed",
        "Rejected Auction",
        "Rejected Halted",
        "Rejected InsufficientFunds",
        "Rejected OrderLimit",
        "Rejected PositionLimit",
        "Rested",
        "Status Command",
        "Status Interruption",
        "Status InterruptionEnd",
        "Triggered",
        "Uncross Decremented",
        "Uncross Trade",
        "Waiting",
    ];

    #[test]
    fn streams_lead_to_every_kind_of_event() {
        let mut runner = TestRunner::deterministic();
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut count = |event: &Event| {
            let kind = match event {
                Event::Trade(trade) => format!("{:?} Trade", trade.phase),
                Event::Decremented(both) => format!("{:?} Decremented", both.phase),
                Event::Cancelled(cancelled) => format!("Cancelled {:?}", cancelled.reason),
                Event::Rejected(rejected) => format!("Rejected {:?}", rejected.reason),
                Event::Status(changed) => format!("Status {:?}", changed.cause),
                event => {
                    let name = format!("{event:?}");
                    name.split('(').next().unwrap_or_default().to_owned()
                }
            };
            *counts.entry(kind).or_default() += 1;
        };
        for _ in 0..300 {
            let steps = steps().new_tree(&mut runner).unwrap().current();
            let (mut driven, begun) = Driven::new();
            begun.iter().flat_map(|ended| &ended.1).for_each(&mut count);
            for step in &steps {
                driven.apply(step).1.iter().for_each(&mut count);
            }
        }
        for kind in KINDS {
            assert!(counts.contains_key(*kind), "{kind} is not among {counts:?}");
        }
    }
}
