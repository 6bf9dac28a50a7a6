//! Drives the core with a workload: the bare book as a foreign harness would, and the exchange
//! through its door. Each writes a report for everything that happens.

use std::hint::black_box;
use std::time::{Duration, Instant};

use orison_core::book::{Book, Fill, Half, Limit, NONE};
use orison_core::command::{
    AccountRef, Amend, AmendFields, Cancel, Genesis, InstrumentFields, InstrumentSpec, Order,
    Target, TimeInForce,
};
use orison_core::event::Accepted;
use orison_core::{
    AccountId, AccountName, AssetName, Command, Event, Exchange, InstrumentId, OrderId, Price,
    Quantity, Sequence, Side, Stamp, Symbol,
};

use crate::workload::{Act, Record, Workload};

/// Something that takes the commands of a workload.
pub trait Engine {
    fn one(&mut self, record: &Record);

    /// The time that the engine itself took.
    fn run(&mut self, records: &[Record]) -> Duration;
}

const INSTRUMENT: InstrumentId = InstrumentId(1);
const REPORTS: usize = 1024;

/// What a harness is told, one cache line.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Report {
    kind: u8,
    side: u8,
    sequence: u64,
    order: u64,
    price: i64,
    quantity: u32,
    maker: u64,
    taker: u64,
}

/// The last reports, over and over.
struct Reports {
    ring: Box<[Report; REPORTS]>,
    count: usize,
}

impl Reports {
    #[inline]
    fn push(&mut self, report: Report) {
        self.ring[self.count % REPORTS] = report;
        self.count += 1;
    }
}

/// The book without accounts, names and events; ids are dense and mapped by a flat array.
pub struct Bare {
    book: Book,
    slots: Vec<u32>,
    reports: Reports,
    sequence: u64,
}

const ACK: u8 = 0;
const TRADE: u8 = 1;
const CANCELLED: u8 = 2;
const MODIFIED: u8 = 3;
const REFUSED: u8 = 4;

impl Bare {
    pub fn new(workload: &Workload) -> Self {
        let mut book = Book::new(1, 1 << 21);
        book.open_instrument();
        let ring = Box::new([Report::default(); REPORTS]);
        let reports = Reports { ring, count: 0 };
        Self { book, slots: vec![NONE; workload.ids], reports, sequence: 0 }
    }

    #[inline]
    fn report(&mut self, kind: u8, record: &Record) {
        self.reports.push(Report {
            kind,
            side: record.side,
            sequence: self.sequence,
            order: u64::from(record.id),
            price: record.price,
            quantity: record.quantity,
            ..Report::default()
        });
    }

    #[inline]
    fn trade(&mut self, half: Half, record: &Record) -> Quantity {
        let Self { book, slots, reports, sequence } = self;
        let (limit, open) = (Limit::At(Price(record.price)), Quantity(record.quantity.into()));
        let swept = book.sweep(half.opposite(), limit, open, NONE, |fill: Fill| {
            reports.push(Report {
                kind: TRADE,
                side: record.side,
                sequence: *sequence,
                order: u64::from(record.id),
                price: fill.price.0,
                quantity: fill.quantity.0 as u32,
                maker: fill.mark,
                taker: u64::from(record.id),
            });
            if fill.left.is_zero() {
                slots[fill.mark as usize] = NONE;
            }
        });
        swept.left
    }

    #[inline]
    fn enter(&mut self, record: &Record) {
        let half = half(record.side);
        self.report(ACK, record);
        let left = self.trade(half, record);
        if left.is_zero() {
            return;
        }
        let slot = self.book.take(u64::from(record.id), 0, left).expect("a slot for every order");
        self.slots[record.id as usize] = slot;
        self.book.rest(slot, half, Price(record.price), left);
    }

    #[inline]
    fn cancel(&mut self, record: &Record) {
        let slot = self.slots[record.id as usize];
        if slot == NONE {
            return self.report(REFUSED, record);
        }
        self.book.leave(slot);
        self.book.release(slot);
        self.slots[record.id as usize] = NONE;
        self.report(CANCELLED, record);
    }

    #[inline]
    fn modify(&mut self, record: &Record) {
        let slot = self.slots[record.id as usize];
        if slot == NONE {
            return self.report(REFUSED, record);
        }
        self.book.leave(slot);
        self.report(MODIFIED, record);
        let half = half(record.side);
        let left = self.trade(half, record);
        if left.is_zero() {
            self.book.release(slot);
            self.slots[record.id as usize] = NONE;
        } else {
            self.book.rest(slot, half, Price(record.price), left);
        }
    }
}

#[inline]
fn half(side: u8) -> Half {
    Half::of(INSTRUMENT, Side::BOTH[usize::from(side)])
}

impl Engine for Bare {
    #[inline]
    fn one(&mut self, record: &Record) {
        self.sequence += 1;
        match record.act {
            Act::New => self.enter(record),
            Act::Cancel => self.cancel(record),
            Act::Modify => self.modify(record),
            Act::Ioc => {
                self.report(ACK, record);
                let left = self.trade(half(record.side), record);
                if !left.is_zero() {
                    self.report(CANCELLED, record);
                }
            }
        }
    }

    #[inline(never)]
    fn run(&mut self, records: &[Record]) -> Duration {
        let start = Instant::now();
        for record in records {
            self.one(record);
        }
        black_box(&self.reports.ring);
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
