//! Says whether the engine did what the venue did. Rows and their events come in, in order; what
//! differs is counted, the first difference is kept with its place, executions are written out.
//! It knows orders and levels from events alone.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use orison_core::event::Trade;
use orison_core::{Event, OrderId, Quantity};

use super::input::InputError;
use super::levels::Levels;
use super::orderbook::OrderBook;
use super::orders::{Entry, Orders};
use super::recording::{BookCheck, Op, Row};
use super::{FlowError, Options, Report};

/// The first difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// `fills`, `quantity` or `depth`.
    pub kind: &'static str,
    /// Of the recording.
    pub line: u64,
    pub row: u64,
    pub id: String,
    pub expected: String,
    pub found: String,
}

pub(super) struct Judge {
    recording: PathBuf,
    pub(super) orders: Orders,
    levels: Levels,
    depth: Option<OrderBook>,
    executions: Option<Executions>,
    report: Report,
}

struct Executions {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Judge {
    pub(super) fn new(options: &Options) -> Result<Self, FlowError> {
        let executions = options.executions.clone().map(Executions::create).transpose()?;
        Ok(Self {
            recording: options.recording.clone(),
            orders: Orders::default(),
            levels: Levels::default(),
            depth: options.depth.as_deref().map(OrderBook::open).transpose()?,
            executions,
            report: Report::default(),
        })
    }

    pub(super) fn finish(mut self) -> Result<Report, FlowError> {
        if let Some(executions) = &mut self.executions {
            executions.flush()?;
        }
        Ok(self.report)
    }

    /// A row enters an order under the name of one that lives: it cannot be told which of the two
    /// later rows mean.
    pub(super) fn in_use(&self, row: &Row) -> FlowError {
        FlowError::Input(InputError::Field {
            path: self.recording.clone(),
            line: row.line,
            column: "id".to_owned(),
            reason: format!("`{}` names an order that is still live", row.id),
        })
    }

    /// Compares what the engine made of a row. Rows come in order, each with all its events.
    pub(super) fn settle(&mut self, row: &Row, events: &[Event]) -> Result<(), FlowError> {
        self.compare_quantity(row, events);
        let mut trades = Vec::new();
        for event in events {
            if let Event::Trade(trade) = event {
                self.trade(row, trade)?;
                trades.push(*trade);
            }
            self.levels.on_event(event);
            self.orders.on_event(&row.id, event);
        }
        self.compare_fills(row, events, &trades);
        self.compare_depth(row)
    }

    fn trade(&mut self, row: &Row, trade: &Trade) -> Result<(), FlowError> {
        self.report.fills += 1;
        match &mut self.executions {
            Some(executions) => executions.write(row, &self.orders, trade),
            None => Ok(()),
        }
    }

    /// Asked before the events are taken in: the order is as the row met it.
    fn compare_quantity(&mut self, row: &Row, events: &[Event]) {
        let refused = events.iter().find_map(refusal);
        let open = match self.orders.entry(&row.id) {
            Some(Entry::Live(order)) => self.orders.open(order),
            Some(Entry::UnderWay) | None => 0,
        };
        let is_met = match row.op {
            Op::Seed | Op::Limit | Op::Immediate => return,
            Op::Cancel => cancelled(events).map(|(_, quantity)| quantity) == Some(row.quantity),
            Op::Reduce | Op::ForcedReduce => refused.is_none() && open >= row.quantity.0,
            Op::Amend => refused.is_none() && open > 0,
        };
        if is_met {
            return;
        }
        self.report.quantity_mismatches += 1;
        let found = match refused {
            Some(reason) => format!("refused: {reason}"),
            None => format!("{open} open"),
        };
        self.mismatch("quantity", row, || (format!("{:?} {}", row.op, row.quantity), found));
    }

    fn compare_fills(&mut self, row: &Row, events: &[Event], trades: &[Trade]) {
        let refused = events.iter().find_map(refusal).filter(|_| row.op.is_entry());
        let same = |(fill, trade): (super::recording::Fill<'_>, &Trade)| {
            **self.orders.name(trade.maker) == *fill.maker
                && trade.price == fill.price
                && trade.quantity == fill.quantity
        };
        let is_equal = row.fills().count() == trades.len() && row.fills().zip(trades).all(same);
        if is_equal && refused.is_none() {
            return;
        }
        self.report.fill_mismatches += 1;
        let found = match refused {
            Some(reason) => format!("refused: {reason}"),
            None => self.show(trades),
        };
        self.mismatch("fills", row, || (row.fills.to_string(), found));
    }

    fn compare_depth(&mut self, row: &Row) -> Result<(), FlowError> {
        let Some(depth) = &mut self.depth else { return Ok(()) };
        if row.book_check == BookCheck::Skipped {
            return Ok(());
        }
        self.report.depth_rows += 1;
        if let Some(difference) = depth.difference(row.row, &self.levels)? {
            self.report.depth_mismatches += 1;
            self.mismatch("depth", row, || difference);
        }
        Ok(())
    }

    fn mismatch(
        &mut self,
        kind: &'static str,
        row: &Row,
        describe: impl FnOnce() -> (String, String),
    ) {
        if self.report.first_mismatch.is_none() {
            let (expected, found) = describe();
            let (line, id) = (row.line, row.id.to_string());
            let row = row.row;
            self.report.first_mismatch = Some(Mismatch { kind, line, row, id, expected, found });
        }
    }

    fn show(&self, trades: &[Trade]) -> String {
        let show = |trade: &Trade| {
            format!("{}:{}:{}", self.orders.name(trade.maker), trade.price, trade.quantity)
        };
        trades.iter().map(show).collect::<Vec<_>>().join("|")
    }
}

fn refusal(event: &Event) -> Option<orison_core::Reason> {
    let Event::Rejected(rejected) = event else { return None };
    Some(rejected.reason)
}

fn cancelled(events: &[Event]) -> Option<(OrderId, Quantity)> {
    events.iter().find_map(|event| {
        let Event::Cancelled(cancelled) = event else { return None };
        Some((cancelled.order, cancelled.quantity))
    })
}

impl Executions {
    fn create(path: PathBuf) -> Result<Self, FlowError> {
        match File::create(&path).and_then(|file| {
            let mut out = BufWriter::new(file);
            out.write_all(b"row,maker,taker,price,qty\n").map(|()| out)
        }) {
            Ok(out) => Ok(Self { path, out }),
            Err(source) => Err(FlowError::Executions { path, source }),
        }
    }

    fn write(&mut self, row: &Row, orders: &Orders, trade: &Trade) -> Result<(), FlowError> {
        let (maker, taker) = (orders.name(trade.maker), orders.name(trade.taker));
        let (row, price, quantity) = (row.row, trade.price, trade.quantity);
        writeln!(self.out, "{row},{maker},{taker},{price},{quantity}")
            .map_err(|source| FlowError::Executions { path: self.path.clone(), source })
    }

    fn flush(&mut self) -> Result<(), FlowError> {
        let path = &self.path;
        self.out.flush().map_err(|source| FlowError::Executions { path: path.clone(), source })
    }
}
