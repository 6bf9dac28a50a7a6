//! A bare runtime over a journal in a directory that goes away, and streams of commands.

use std::sync::Arc;

use journal::{Durability, Faults, Journal, Kind, Options, Seams, Wake, Writer};
use orison_core::command::{AccountRef, Cancel, Genesis, InstrumentFields, InstrumentSpec};
use orison_core::command::{Order, OrderFields, OrderType, Target};
use orison_core::instrument::Step;
use orison_core::text::Text;
use orison_core::{
    AccountId, AccountName, Command, Event, Exchange, InstrumentId, OrderId, Price, Quantity,
    Sequence, Side, Stamp, Symbol,
};
use tempfile::TempDir;

use crate::record;
use crate::runtime::{BareRuntime, Busy, Clock, Ingress, Outlet, Polled, Settings, Token, Wait};

pub(super) const IDENTITY: [u8; 16] = [7; 16];

pub(super) const SETTINGS: Settings = Settings {
    wait: Wait::Backoff,
    clock: Clock::Manual,
    input_slots: 1 << 10,
    output_slots: 1 << 10,
    pin: None,
};

/// An output as a test compares it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Seen {
    pub(super) token: u64,
    pub(super) stamp: Stamp,
    pub(super) is_last: bool,
    pub(super) event: Event,
}

pub(super) struct Road {
    pub(super) runtime: BareRuntime,
    pub(super) outlet: Outlet,
    pub(super) ingress: Ingress,
    pub(super) directory: TempDir,
}

impl Road {
    pub(super) fn new(settings: Settings, durability: Durability) -> Self {
        Self::with_faults(settings, durability, None)
    }

    pub(super) fn with_faults(
        settings: Settings,
        durability: Durability,
        faults: Option<Arc<dyn Faults>>,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (exchange, writer) = open(&directory, durability, settings.wait, faults);
        Self::start(exchange, writer, settings, directory)
    }

    pub(super) fn start(
        exchange: Exchange,
        writer: Writer,
        settings: Settings,
        directory: TempDir,
    ) -> Self {
        let (runtime, outlet) = BareRuntime::start(exchange, writer, settings).unwrap();
        let ingress = runtime.ingress();
        Self { runtime, outlet, ingress, directory }
    }

    /// Enters the commands, each with its index as token and time, and reads until the events of
    /// all of them are there. A busy ring is read until it is not.
    pub(super) fn run(&mut self, commands: &[Command]) -> Vec<Seen> {
        let mut seen = Vec::new();
        for (index, command) in commands.iter().enumerate() {
            let index = index as u64;
            while self.ingress.submit_at(Token(index), index, command) == Err(Busy) {
                self.read(&mut seen);
            }
        }
        self.read_until(&mut seen, commands.len());
        seen
    }

    pub(super) fn read(&mut self, seen: &mut Vec<Seen>) -> Polled {
        self.outlet.poll(|output| {
            seen.push(Seen {
                token: output.token().0,
                stamp: output.stamp(),
                is_last: output.is_last(),
                event: *output.event(),
            });
        })
    }

    /// Until `commands` in all have been seen whole.
    pub(super) fn read_until(&mut self, seen: &mut Vec<Seen>, commands: usize) {
        let mut whole = seen.iter().filter(|seen| seen.is_last).count();
        while whole < commands {
            let from = seen.len();
            match self.read(seen) {
                Polled::Outputs { .. } => {}
                Polled::Empty | Polled::Unreached { .. } => std::thread::yield_now(),
                end @ (Polled::Ended | Polled::Failed) => panic!("{end:?} after {whole} commands"),
            }
            whole += seen[from..].iter().filter(|seen| seen.is_last).count();
        }
    }
}

/// What the journal in the directory says, replayed.
pub(super) fn open(
    directory: &TempDir,
    durability: Durability,
    wait: Wait,
    faults: Option<Arc<dyn Faults>>,
) -> (Exchange, Writer) {
    let mut exchange = Exchange::new(IDENTITY);
    let options = Options {
        segment_bytes: 16 << 20,
        durability,
        wake: if wait == Wait::Spin { Wake::Never } else { Wake::Unpark },
        seams: Seams { identity: Some(IDENTITY), faults, ..Seams::default() },
        ..Options::default()
    };
    let (writer, _) = Journal::open(directory.path(), &options, |found| {
        if let Kind::Command(kind) = found.kind {
            let command = record::decode(kind, found.version, found.payload).unwrap();
            let stamp = Stamp { sequence: Sequence(found.sequence), time_ns: found.time_ns };
            exchange.apply(stamp, &command, &mut |_: &Event| {});
        }
        Ok::<(), String>(())
    })
    .unwrap();
    (exchange, writer)
}

/// The same commands through the core alone.
pub(super) fn apply(exchange: &mut Exchange, commands: &[Command]) -> Vec<Seen> {
    let mut seen = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        let applied = exchange.applied();
        let stamp = Stamp {
            sequence: Sequence(applied.sequence.0 + 1),
            time_ns: applied.time_ns.max(index as u64),
        };
        exchange.apply(stamp, command, &mut |event: &Event| {
            seen.push(Seen { token: index as u64, stamp, is_last: false, event: *event });
        });
        seen.last_mut().unwrap().is_last = true;
    }
    seen
}

pub(super) fn canonical(exchange: &Exchange) -> Vec<u8> {
    let mut bytes = Vec::new();
    exchange.canonical(&mut |part| bytes.extend_from_slice(part));
    bytes
}

/// Sequence 1 and 2 of every stream.
pub(super) fn beginning() -> Vec<Command> {
    let fields = InstrumentFields::PRICE_STEP
        .with(InstrumentFields::QUANTITY_STEP)
        .with(InstrumentFields::BASE)
        .with(InstrumentFields::QUOTE);
    let spec = InstrumentSpec {
        symbol: Symbol::new("BTC-KRW").unwrap(),
        base: Text::new("BTC").unwrap(),
        quote: Text::new("KRW").unwrap(),
        fields,
        price_step: Step::ONE,
        quantity_step: Step::ONE,
        ..InstrumentSpec::EMPTY
    };
    let genesis = Genesis { orders_max: 1 << 17, ..Genesis::DEFAULT };
    vec![Command::Genesis(genesis), Command::Instrument(spec)]
}

pub(super) fn limit(account: AccountRef, side: Side, price: i64, quantity: u64) -> Command {
    let (price, quantity) = (Price(price), Quantity(quantity));
    Command::Place(Order::limit(account, InstrumentId(1), side, price, quantity))
}

pub(super) fn market(account: AccountRef, side: Side, quantity: u64) -> Command {
    let mut order = Order::limit(account, InstrumentId(1), side, Price(0), Quantity(quantity));
    order.order_type = OrderType::Market;
    order.fields = OrderFields::QUANTITY;
    Command::Place(order)
}

pub(super) fn named(name: &str) -> AccountRef {
    AccountRef::Name(AccountName::new(name).unwrap())
}

/// Orders around a price, cancels of earlier ones, votes: the same for the same seed. Every
/// tenth order is of an account by name, which takes two slots of the ring.
pub(super) fn stream(seed: u64, commands: usize) -> Vec<Command> {
    let mut state = seed;
    let mut next = move |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut stream = beginning();
    stream.push(limit(named("ann"), Side::Buy, 90, 1));
    stream.push(limit(named("bob"), Side::Sell, 110, 1));
    while stream.len() < commands {
        let account = match next(10) {
            0 => named("ann"),
            even if even % 2 == 0 => AccountRef::Id(AccountId(1)),
            _ => AccountRef::Id(AccountId(2)),
        };
        let side = if next(2) == 0 { Side::Buy } else { Side::Sell };
        stream.push(match next(10) {
            0..6 => limit(account, side, 95 + next(11) as i64, 1 + next(9)),
            6 => market(account, side, 1 + next(20)),
            7 => Command::Clock,
            _ => {
                let sequence = Sequence(1 + next(stream.len() as u64));
                let order = OrderId { sequence, slot: next(64) as u32, leg: 0 };
                Command::Cancel(Cancel { account, target: Target::Order(order) })
            }
        });
    }
    stream
}
