//! Matching engines on the workloads of the yardstick, one thread. What an engine has no word for
//! is said in others: an amend that loses its place is a cancel and a new order; an IOC order of
//! one that knows none is an order and a cancel of what is left. What each says it
//! has traded is told: orderbook-rs does not say it of an IOC order that is filled in part.

use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::arguments::Common;
use benches::matching::{Engine, Yardstick};
use benches::report::{Report, Row};
use benches::workload::{Act, Record, STANDARD, Workload};
use lobster::{OrderEvent, OrderType};
use orderbook_rs::prelude::{OrderBook, TimeInForce};
use pricelevel::{Id, Side};

const SEED: u64 = 42;

pub(super) fn compare(common: &Common, report: &mut Report) {
    let commands = common.pick(50_000, 3_000_000);
    for (name, kind, resting) in STANDARD {
        let resting = if common.quick { resting.min(50_000) } else { resting };
        let workload = Workload::new(name, kind, resting, commands, SEED);
        let names = ["ours", "orderbook-rs", "lobster"];
        let (mut rows, mut traded) = (names.map(Row::new), [0; 2]);
        for _ in 0..common.runs() {
            rows[0].runs.push(timed(Yardstick::default(), &workload));
            let (mut orderbook, mut lobster) = (Locked::new(), Lobster::new(&workload));
            rows[1].runs.push(timed(&mut orderbook, &workload));
            rows[2].runs.push(timed(&mut lobster, &workload));
            traded = [orderbook.traded, lobster.traded];
        }
        report.table(&format!("{name}, ns a command"), &rows);
        let [orderbook, lobster] = traded;
        report.line(format_args!("traded: orderbook-rs says {orderbook}, lobster {lobster}"));
    }
}

fn timed(mut engine: impl Engine, workload: &Workload) -> f64 {
    let (prefill, commands) = workload.records.split_at(workload.prefill);
    engine.run(prefill);
    engine.run(commands).as_nanos() as f64 / commands.len() as f64
}

/// Without what its worker threads would do: one thread enters and matches.
struct Locked {
    book: OrderBook<()>,
    traded: u64,
}

impl Locked {
    fn new() -> Self {
        Self { book: OrderBook::new("X"), traded: 0 }
    }

    fn place(&mut self, record: &Record, time_in_force: TimeInForce) {
        let id = Id::from_u64(u64::from(record.id));
        let side = [Side::Buy, Side::Sell][usize::from(record.side)];
        let price = u128::try_from(record.price).expect("prices are positive");
        let quantity = u64::from(record.quantity);
        let placed =
            self.book.add_limit_order_with_result(id, price, quantity, side, time_in_force, None);
        // What an IOC order does not find is an error there, traded or not.
        if let Ok((_, Some(result))) = placed {
            let traded = result.match_result.executed_quantity().expect("a small sum");
            self.traded += traded.as_u64();
        }
    }
}

impl Engine for &mut Locked {
    fn one(&mut self, record: &Record) {
        match record.act {
            Act::New => self.place(record, TimeInForce::Gtc),
            Act::Ioc => self.place(record, TimeInForce::Ioc),
            Act::Cancel => {
                black_box(self.book.cancel_order(Id::from_u64(u64::from(record.id))).is_ok());
            }
            Act::Modify => {
                black_box(self.book.cancel_order(Id::from_u64(u64::from(record.id))).is_ok());
                self.place(record, TimeInForce::Gtc);
            }
        }
    }

    fn run(&mut self, records: &[Record]) -> Duration {
        all(self, records)
    }
}

struct Lobster {
    book: lobster::OrderBook,
    traded: u64,
}

/// Levels of its queues at the beginning, as it does by default.
const QUEUE_CAPACITY: usize = 10;

impl Lobster {
    fn new(workload: &Workload) -> Self {
        let book = lobster::OrderBook::new(workload.prefill + 1_000, QUEUE_CAPACITY, false);
        Self { book, traded: 0 }
    }

    /// What is left of it may rest.
    fn place(&mut self, record: &Record) {
        let side = [lobster::Side::Bid, lobster::Side::Ask][usize::from(record.side)];
        let price = u64::try_from(record.price).expect("prices are positive");
        let (id, qty) = (u128::from(record.id), u64::from(record.quantity));
        match self.book.execute(OrderType::Limit { id, side, qty, price }) {
            OrderEvent::PartiallyFilled { filled_qty, fills, .. }
            | OrderEvent::Filled { filled_qty, fills, .. } => {
                black_box(fills);
                self.traded += filled_qty;
            }
            OrderEvent::Unfilled { .. }
            | OrderEvent::Placed { .. }
            | OrderEvent::Canceled { .. } => {}
        }
    }

    fn cancel(&mut self, record: &Record) {
        black_box(self.book.execute(OrderType::Cancel { id: u128::from(record.id) }));
    }
}

impl Engine for &mut Lobster {
    fn one(&mut self, record: &Record) {
        match record.act {
            Act::New => self.place(record),
            Act::Ioc => {
                self.place(record);
                self.cancel(record);
            }
            Act::Cancel => self.cancel(record),
            Act::Modify => {
                self.cancel(record);
                self.place(record);
            }
        }
    }

    fn run(&mut self, records: &[Record]) -> Duration {
        all(self, records)
    }
}

#[inline(never)]
fn all(engine: &mut impl Engine, records: &[Record]) -> Duration {
    let start = Instant::now();
    for record in records {
        engine.one(record);
    }
    start.elapsed()
}
