//! Drives the core with a workload: the bare book as a foreign harness would, and the exchange
//! through its door. Each writes a report for everything that happens.

use std::hint::black_box;
use std::time::{Duration, Instant};

use orison_core::command::{
    AccountRef, Amend, AmendFields, Cancel, Genesis, InstrumentFields, InstrumentSpec, Order,
    Target, TimeInForce,
};
use orison_core::event::Accepted;
use orison_core::{
    AccountId, AccountName, AssetName, Command, Event, Exchange, InstrumentId, OrderId, Price,
    Quantity, Sequence, Side, Stamp, Symbol,
};
use yardstick::Sink;
use yardstick::wire::{self, Modify, NewOrder, Report};

use crate::workload::{Act, Record, Workload};

/// Something that takes the commands of a workload.
pub trait Engine {
    fn one(&mut self, record: &Record);

    /// The time that the engine itself took.
    fn run(&mut self, records: &[Record]) -> Duration;
}

const INSTRUMENT: InstrumentId = InstrumentId(1);
const REPORTS: usize = 1024;

/// The last reports, over and over.
struct Reports {
    ring: Box<[Report; REPORTS]>,
    count: usize,
}

impl Sink for Reports {
    #[inline]
    fn push(&mut self, report: &Report) {
        self.ring[self.count % REPORTS] = *report;
        self.count += 1;
    }
}

/// The book without accounts, names and events, as the public harness drives it.
pub struct Yardstick {
    engine: yardstick::Engine<Reports>,
    sequence: u64,
}

impl Default for Yardstick {
    fn default() -> Self {
        let reports = Reports { ring: Box::new([Report::default(); REPORTS]), count: 0 };
        Self { engine: yardstick::Engine::new(reports), sequence: 0 }
    }
}

impl Engine for Yardstick {
    #[inline]
    fn one(&mut self, record: &Record) {
        self.sequence += 1;
        let (order_id, sequence_number) = (u64::from(record.id), self.sequence);
        let Record { act, side, quantity, price: price_ticks, .. } = *record;
        match act {
            Act::New | Act::Ioc => self.engine.on_new_order(&NewOrder {
                order_id,
                sequence_number,
                price_ticks,
                quantity,
                side,
                ioc: u8::from(act == Act::Ioc),
                ..NewOrder::default()
            }),
            Act::Cancel => {
                self.engine.on_cancel(&wire::Cancel { order_id, sequence_number });
            }
            Act::Modify => self.engine.on_modify(&Modify {
                order_id,
                sequence_number,
                new_price_ticks: price_ticks,
                new_quantity: quantity,
                side,
                ..Modify::default()
            }),
        }
    }

    #[inline(never)]
    fn run(&mut self, records: &[Record]) -> Duration {
        let start = Instant::now();
        for record in records {
            self.one(record);
        }
        black_box(&self.engine.sink().ring);
        start.elapsed()
    }
}

/// The exchange: one account, no client order ids. The engine's ids are found in a first run.
pub struct Door {
    exchange: Exchange,
    sequence: u64,
    ids: Vec<OrderId>,
    events: Box<[Event; REPORTS]>,
    count: usize,
}

/// Commands made before the clock starts, and then applied.
const BLOCK: usize = 1024;

impl Door {
    pub fn new(workload: &Workload) -> Self {
        let mut door = Self::empty(vec![OrderId::default(); workload.ids]);
        for record in &workload.records {
            let accepted = door.count;
            door.one(record);
            if let Event::Accepted(Accepted { order, .. }) = door.events[accepted % REPORTS] {
                door.ids[record.id as usize] = order;
            }
        }
        door
    }

    /// A new one that knows the ids.
    pub fn again(&self) -> Self {
        Self::empty(self.ids.clone())
    }

    fn empty(ids: Vec<OrderId>) -> Self {
        let mut door = Self {
            exchange: Exchange::new([0; 16]),
            sequence: 0,
            ids,
            events: Box::new([Event::Done; REPORTS]),
            count: 0,
        };
        for command in Self::beginning() {
            door.apply(&command);
        }
        door
    }

    /// What comes before every workload: limits, the instrument, the account.
    pub fn beginning() -> [Command; 3] {
        let spec = InstrumentSpec {
            symbol: Symbol::new("X").expect("a symbol"),
            base: AssetName::new("B").expect("an asset"),
            quote: AssetName::new("Q").expect("an asset"),
            fields: InstrumentFields::BASE.with(InstrumentFields::QUOTE),
            ..InstrumentSpec::EMPTY
        };
        let who = AccountRef::Name(AccountName::new("demo").expect("a name"));
        let opening = Order {
            time_in_force: TimeInForce::Ioc,
            ..Order::limit(who, INSTRUMENT, Side::Buy, Price(1), Quantity(1))
        };
        [
            Command::Genesis(Genesis { orders_max: 1 << 21, ..Genesis::DEFAULT }),
            Command::Instrument(spec),
            Command::Place(opening),
        ]
    }

    #[inline]
    fn apply(&mut self, command: &Command) {
        self.sequence += 1;
        let stamp = Stamp { sequence: Sequence(self.sequence), time_ns: self.sequence };
        let Self { exchange, events, count, .. } = self;
        exchange.apply(stamp, command, &mut |event: &Event| {
            events[*count % REPORTS] = *event;
            *count += 1;
        });
    }

    #[inline]
    pub fn command(&self, record: &Record) -> Command {
        let account = AccountRef::Id(AccountId(1));
        let target = Target::Order(self.ids[record.id as usize]);
        let (price, quantity) = (Price(record.price), Quantity(record.quantity.into()));
        let side = Side::BOTH[usize::from(record.side)];
        let order = Order::limit(account, INSTRUMENT, side, price, quantity);
        match record.act {
            Act::New => Command::Place(order),
            Act::Ioc => Command::Place(Order { time_in_force: TimeInForce::Ioc, ..order }),
            Act::Cancel => Command::Cancel(Cancel { account, target }),
            Act::Modify => Command::Amend(Amend {
                account,
                target,
                fields: AmendFields::QUANTITY.with(AmendFields::PRICE),
                quantity,
                price,
                stop_price: Price(0),
                trail: Price(0),
            }),
        }
    }

    #[inline(never)]
    fn run_block(&mut self, commands: &[Command]) -> Duration {
        let start = Instant::now();
        for command in commands {
            self.apply(command);
        }
        black_box(&self.events);
        start.elapsed()
    }
}

impl Engine for Door {
    fn one(&mut self, record: &Record) {
        let command = self.command(record);
        self.apply(&command);
    }

    fn run(&mut self, records: &[Record]) -> Duration {
        let mut commands = Vec::with_capacity(BLOCK);
        let mut time = Duration::ZERO;
        for block in records.chunks(BLOCK) {
            commands.clear();
            commands.extend(block.iter().map(|record| self.command(record)));
            time += self.run_block(&commands);
        }
        time
    }
}
