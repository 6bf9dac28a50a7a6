//! What one command or price may set off, ten times as much of it: a sweep, a cascade of stops, a
//! mass cancel, an uncross, trailing stops under rising highs, an iceberg of many tips. The ratio
//! of the two times is the claim: near 10, or near 1 where more must cost nothing. Caches add to
//! it, and to the mass cancel its sort.
//! `cargo bench -p benches --bench linear [-- WORD..]` runs the rows named by one of the words;
//! `--count=N` makes one run of each with that count, so that callgrind can count instructions
//! (`--toggle-collect='*Stage*run*'`).

use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::matching::Door;
use orison_core::command::{
    AccountRef, Actor, CancelReason, Genesis, MassCancel, Order, OrderFields, OrderType,
    StatusChange, TimeInForce, Uncross,
};
use orison_core::instrument::Status;
use orison_core::{
    AccountId, Command, Event, Exchange, InstrumentId, Price, Quantity, Sequence, Side, Stamp,
};

const RUNS: usize = 7;
const ACCOUNT: AccountRef = AccountRef::Id(AccountId(1));
const INSTRUMENT: InstrumentId = InstrumentId(1);
/// New highs of the row in which only the stops grow in number.
const HIGHS: u32 = 10_000;
/// Trailing stops of the row in which only the highs do.
const TRAILING: u32 = 5_000;

struct Row {
    name: &'static str,
    /// How much of it; the second measurement has ten times as much.
    count: u32,
    /// What the ratio of the two is near, caches aside.
    ratio: u32,
    /// What is there before the clock starts, and what is measured.
    scene: fn(u32) -> (Vec<Command>, Vec<Command>),
    /// Events of the measured commands that show that it happened.
    is_counted: fn(&Event) -> bool,
    counted: fn(u32) -> u64,
}

const ROWS: [Row; 9] = [
    Row {
        name: "sweep of makers, a price each",
        count: 10_000,
        ratio: 10,
        scene: |n| (prices(n).map(sell).collect(), vec![ioc(Side::Buy, price(n), n)]),
        is_counted: is_trade,
        counted: u64::from,
    },
    Row {
        name: "sweep of makers at one price",
        count: 10_000,
        ratio: 10,
        scene: |n| (prices(n).map(|_| sell(price(0))).collect(), vec![ioc(Side::Buy, price(0), n)]),
        is_counted: is_trade,
        counted: u64::from,
    },
    Row {
        name: "cascade of stops, one by another",
        count: 10_000,
        ratio: 10,
        scene: cascade,
        is_counted: |event| matches!(event, Event::Triggered(_)),
        counted: u64::from,
    },
    Row {
        name: "stops elected by one trade",
        count: 10_000,
        ratio: 10,
        scene: avalanche,
        is_counted: |event| matches!(event, Event::Triggered(_)),
        counted: u64::from,
    },
    Row {
        name: "mass cancel",
        count: 10_000,
        ratio: 10,
        scene: |n| (resting(n).collect(), vec![mass_cancel()]),
        is_counted: |event| matches!(event, Event::Cancelled(_)),
        counted: u64::from,
    },
    Row {
        name: "uncross of orders, both sides",
        count: 10_000,
        ratio: 10,
        scene: |n| (call(n), vec![uncross()]),
        is_counted: is_trade,
        counted: |n| u64::from(n / 2),
    },
    Row {
        name: "iceberg of many tips",
        count: 10_000,
        ratio: 10,
        scene: |n| (vec![iceberg(n)], vec![ioc(Side::Buy, price(0), n)]),
        is_counted: is_trade,
        counted: u64::from,
    },
    Row {
        name: "new highs over 5,000 trailing stops",
        count: 10_000,
        ratio: 10,
        scene: |n| (trailing(TRAILING), highs(n)),
        is_counted: is_trade,
        counted: u64::from,
    },
    Row {
        name: "10,000 new highs over trailing stops",
        count: 5_000,
        ratio: 1,
        scene: |n| (trailing(n), highs(HIGHS)),
        is_counted: is_trade,
        counted: |_| u64::from(HIGHS),
    },
];

fn main() {
    // Cargo itself adds `--bench`.
    let words: Vec<_> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let (flags, words): (Vec<_>, Vec<_>) =
        words.into_iter().partition(|word| word.starts_with("--"));
    let count = flags.iter().find_map(|flag| flag.strip_prefix("--count="));
    let count = count.map(|count| count.parse().expect("--count=N names a number"));
    let is_wanted =
        |row: &&Row| words.is_empty() || words.iter().any(|word| row.name.contains(word));
    if let Some(count) = count {
        return ROWS.iter().filter(is_wanted).for_each(|row| {
            run(row, count);
        });
    }
    println!("{}", benches::machine());
    println!("one thread, no I/O, median of {RUNS} runs; microseconds, and of ten times as much:");
    println!("{:<38} {:>7} {:>9} {:>9}   ratio, expected", "", "count", "once", "ten-fold");
    for row in ROWS.iter().filter(is_wanted) {
        let (once, ten_fold) = (median_us(row, row.count), median_us(row, 10 * row.count));
        let Row { name, count, ratio, .. } = row;
        let times = ten_fold / once;
        println!("{name:<38} {count:>7} {once:>9.1} {ten_fold:>9.1}   {times:>5.1} {ratio:>9}");
    }
}

fn median_us(row: &Row, count: u32) -> f64 {
    let mut times = [(); RUNS].map(|()| run(row, count));
    times.sort();
    times[RUNS / 2].as_secs_f64() * 1e6
}

fn run(row: &Row, count: u32) -> Duration {
    let (before, measured) = (row.scene)(count);
    let mut stage = Stage::new();
    before.iter().for_each(|command| stage.apply(command, row.is_counted));
    let (time, counted) = stage.run(&measured, row.is_counted);
    assert_eq!(counted, (row.counted)(count), "{}: it did not happen", row.name);
    time
}

struct Stage {
    exchange: Exchange,
    sequence: u64,
    counted: u64,
}

impl Stage {
    fn new() -> Self {
        let mut stage = Self { exchange: Exchange::new([0; 16]), sequence: 0, counted: 0 };
        for command in Door::beginning() {
            let command = match command {
                Command::Genesis(_) => Command::Genesis(Genesis::DEFAULT),
                other => other,
            };
            stage.apply(&command, is_trade);
        }
        stage
    }

    fn apply(&mut self, command: &Command, is_counted: fn(&Event) -> bool) {
        self.sequence += 1;
        let stamp = Stamp { sequence: Sequence(self.sequence), time_ns: self.sequence };
        let Self { exchange, counted, .. } = self;
        exchange.apply(stamp, command, &mut |event: &Event| {
            *counted += u64::from(is_counted(black_box(event)));
        });
    }

    #[inline(never)]
    fn run(&mut self, commands: &[Command], is_counted: fn(&Event) -> bool) -> (Duration, u64) {
        let counted = self.counted;
        let start = Instant::now();
        for command in commands {
            self.apply(command, is_counted);
        }
        (start.elapsed(), self.counted - counted)
    }
}

fn is_trade(event: &Event) -> bool {
    matches!(event, Event::Trade(_))
}

/// Steps above 1.
fn price(steps: u32) -> Price {
    Price(1 + i64::from(steps))
}

/// As many, rising.
fn prices(count: u32) -> impl Iterator<Item = Price> + Clone {
    (0..count).map(price)
}

fn limit(side: Side, price: Price, quantity: u32) -> Order {
    Order::limit(ACCOUNT, INSTRUMENT, side, price, Quantity(quantity.into()))
}

fn sell(price: Price) -> Command {
    Command::Place(limit(Side::Sell, price, 1))
}

fn buy(price: Price) -> Command {
    Command::Place(limit(Side::Buy, price, 1))
}

fn ioc(side: Side, price: Price, quantity: u32) -> Command {
    let fields = OrderFields::PRICE.with(OrderFields::QUANTITY).with(OrderFields::TIME_IN_FORCE);
    let order = limit(side, price, quantity);
    Command::Place(Order { time_in_force: TimeInForce::Ioc, fields, ..order })
}

fn stop(stop_price: Price) -> Command {
    let fields = OrderFields::QUANTITY.with(OrderFields::STOP_PRICE);
    let order = Order { order_type: OrderType::Stop, stop_price, fields, ..limit_of_none() };
    Command::Place(order)
}

fn limit_of_none() -> Order {
    limit(Side::Sell, Price(0), 1)
}

/// Two commands that make a price the last one.
fn trade(price: Price) -> [Command; 2] {
    [sell(price), ioc(Side::Buy, price, 1)]
}

/// Each stop's trade is at the stop price of the next one.
fn cascade(count: u32) -> (Vec<Command>, Vec<Command>) {
    let before = trade(price(count + 1)).into_iter().chain(prices(count + 1).map(buy));
    let stops = prices(count + 1).skip(1).map(stop);
    (before.chain(stops).collect(), vec![ioc(Side::Sell, price(count), 1)])
}

/// One trade is through every stop; the furthest fires first.
fn avalanche(count: u32) -> (Vec<Command>, Vec<Command>) {
    let before = trade(price(count + 1)).into_iter();
    let bids = prices(count + 1).map(|_| buy(price(0)));
    let stops = prices(count).map(stop);
    (before.chain(bids).chain(stops).collect(), vec![ioc(Side::Sell, price(0), 1)])
}

/// Half of them on each side, ten at a price.
fn resting(count: u32) -> impl Iterator<Item = Command> {
    (0..count).map(move |n| {
        let steps = n / 2 / 10;
        if n % 2 == 0 { buy(price(count - steps)) } else { sell(price(count + 1 + steps)) }
    })
}

fn mass_cancel() -> Command {
    Command::MassCancel(MassCancel {
        account: ACCOUNT,
        instrument: None,
        side: None,
        reason: CancelReason::Mass,
        actor: Actor::EMPTY,
    })
}

/// Every order of the call can trade, ten at a price.
fn call(count: u32) -> Vec<Command> {
    let call =
        StatusChange { instrument: INSTRUMENT, status: Status::Auction, actor: Actor::EMPTY };
    let orders = (0..count).map(|n| {
        let steps = n / 2 / 10;
        if n % 2 == 0 { buy(price(count + steps)) } else { sell(price(count - steps)) }
    });
    [Command::Status(call)].into_iter().chain(orders).collect()
}

fn uncross() -> Command {
    Command::Uncross(Uncross { instrument: INSTRUMENT, actor: Actor::EMPTY })
}

fn iceberg(tips: u32) -> Command {
    let order = limit(Side::Sell, price(0), tips);
    let fields = order.fields.with(OrderFields::DISPLAY);
    Command::Place(Order { display: Quantity(1), fields, ..order })
}

/// Where the highs begin.
const BASE: u32 = 1 << 20;

/// Sell stops at distances of their own that enter while the price falls, each at a mark of its
/// own, and none is ever reached.
fn trailing(count: u32) -> Vec<Command> {
    let one = |n: u32| {
        let fields = OrderFields::QUANTITY.with(OrderFields::TRAIL);
        let trail = Price(i64::from(count + n.wrapping_mul(0x9e37_79b1) % count));
        let order_type = OrderType::TrailingStop;
        let order = Order { order_type, trail, fields, ..limit_of_none() };
        let [maker, taker] = trade(price(BASE - n));
        [maker, taker, Command::Place(order)]
    };
    (0..count).flat_map(one).collect()
}

/// A trade each, every one higher than all before.
fn highs(count: u32) -> Vec<Command> {
    (1..=count).flat_map(|n| trade(price(BASE + n))).collect()
}
