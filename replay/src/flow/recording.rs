//! The recorded commands, row by row: `row,t_ns,op,id,side,price,qty,fills`. A row that cannot be
//! used is an error with its line and column. It knows the next row too, because what follows
//! decides whether a row's book is compared.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use orison_core::{Price, Quantity, Side};

use super::input::{self, Input, InputError};

const HEADER: &str = "row,t_ns,op,id,side,price,qty,fills";
const COLUMNS: [&str; 8] = ["row", "t_ns", "op", "id", "side", "price", "qty", "fills"];

/// What the recording asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Seed,
    Limit,
    Immediate,
    Reduce,
    Cancel,
    ForcedReduce,
    Amend,
}

impl Op {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "S" => Self::Seed,
            "L" => Self::Limit,
            "I" => Self::Immediate,
            "R" => Self::Reduce,
            "D" => Self::Cancel,
            "X" => Self::ForcedReduce,
            "M" => Self::Amend,
            _ => return None,
        })
    }

    pub(super) fn is_entry(self) -> bool {
        match self {
            Self::Seed | Self::Limit | Self::Immediate => true,
            Self::Reduce | Self::Cancel | Self::ForcedReduce | Self::Amend => false,
        }
    }

    fn has_price(self) -> bool {
        self.is_entry() || self == Self::Amend
    }
}

/// Whether the book is compared after a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BookCheck {
    Compared,
    Skipped,
}

/// One recorded command. `price` of an op without one and `side` of an op that is no entry are of
/// no meaning.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    /// The row of the venue's own recording that it came from.
    pub(super) row: u64,
    pub(super) time_ns: u64,
    pub(super) op: Op,
    pub(super) id: Rc<str>,
    pub(super) side: Side,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    /// As recorded: `id:price:qty` joined by `|`; every one has been checked.
    pub(super) fills: Box<str>,
    pub(super) book_check: BookCheck,
}

impl Row {
    pub(super) fn fills(&self) -> impl Iterator<Item = Fill<'_>> {
        split_fills(&self.fills).map(|text| Fill::parse(text).expect("fills are checked as read"))
    }
}

fn split_fills(text: &str) -> impl Iterator<Item = &str> {
    text.split('|').filter(|part| !part.is_empty())
}

/// What the venue reported: the resting order, its price, the quantity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fill<'a> {
    pub(super) maker: &'a str,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
}

impl<'a> Fill<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (rest, quantity) = text.rsplit_once(':')?;
        let (maker, price) = rest.rsplit_once(':')?;
        let (price, quantity) = (price.parse().ok()?, quantity.parse().ok()?);
        Some(Self { maker, price: Price(price), quantity: Quantity(quantity) })
    }
}

pub(super) struct Recording {
    path: PathBuf,
    bytes: Rc<std::cell::Cell<u64>>,
    bytes_total: u64,
    csv: csv::Reader<Box<dyn std::io::BufRead>>,
    record: csv::StringRecord,
    ahead: Option<Row>,
}

impl Recording {
    pub(super) fn open(path: &Path) -> Result<Self, InputError> {
        let Input { reader, bytes, bytes_total } = input::open(path)?;
        let csv = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
        let mut recording = Self {
            path: path.to_owned(),
            bytes,
            bytes_total,
            csv,
            record: csv::StringRecord::new(),
            ahead: None,
        };
        recording.read_header()?;
        recording.ahead = recording.read_row()?;
        Ok(recording)
    }

    /// Bytes of the file read so far, and all.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (self.bytes.get(), self.bytes_total)
    }

    pub(super) fn next_row(&mut self) -> Result<Option<Row>, InputError> {
        let Some(mut row) = self.ahead.take() else { return Ok(None) };
        self.ahead = self.read_row()?;
        let is_last = self.ahead.as_ref().is_none_or(|next| {
            next.row != row.row && (next.time_ns != row.time_ns || next.fills.is_empty())
        });
        row.book_check = if is_last { BookCheck::Compared } else { BookCheck::Skipped };
        if let Some(next) = &self.ahead {
            self.check_order(&row, next)?;
        }
        Ok(Some(row))
    }

    fn check_order(&self, row: &Row, next: &Row) -> Result<(), InputError> {
        for (column, before, after) in
            [("row", row.row, next.row), ("t_ns", row.time_ns, next.time_ns)]
        {
            if after < before {
                let reason = format!("{after} is before {before} of the line above");
                return Err(self.field_error(next.line, column, reason));
            }
        }
        Ok(())
    }

    fn read_header(&mut self) -> Result<(), InputError> {
        self.read_record()?;
        let found = self.record.iter().map(str::trim);
        if found.eq(COLUMNS) {
            return Ok(());
        }
        let wrong = self.record.iter().zip(COLUMNS).position(|(found, name)| found != name);
        let column = wrong.unwrap_or(self.record.len().min(COLUMNS.len())) + 1;
        Err(InputError::Header { path: self.path.clone(), column, expected: HEADER })
    }

    /// False at the end of the file.
    fn read_record(&mut self) -> Result<bool, InputError> {
        let line = self.csv.position().line();
        self.csv.read_record(&mut self.record).map_err(|error| {
            let line = error.position().map_or(line, csv::Position::line);
            let source = match error.into_kind() {
                csv::ErrorKind::Io(source) => source,
                kind => std::io::Error::new(std::io::ErrorKind::InvalidData, describe(&kind)),
            };
            InputError::Read { path: self.path.clone(), line, source }
        })
    }

    fn read_row(&mut self) -> Result<Option<Row>, InputError> {
        if !self.read_record()? {
            return Ok(None);
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        if self.record.len() != COLUMNS.len() {
            let columns = self.record.len();
            let reason = format!("{columns} columns, {} are due", COLUMNS.len());
            let column = COLUMNS.get(columns).copied().unwrap_or("fills");
            return Err(self.field_error(line, column, reason));
        }
        parse_row(&self.record, line)
            .map(Some)
            .map_err(|(column, reason)| self.field_error(line, column, reason))
    }

    fn field_error(&self, line: u64, column: &str, reason: String) -> InputError {
        InputError::Field { path: self.path.clone(), line, column: column.to_owned(), reason }
    }
}

type Unusable = (&'static str, String);

fn parse_row(record: &csv::StringRecord, line: u64) -> Result<Row, Unusable> {
    let text = |column: usize| record.get(column).unwrap_or_default();
    let op = Op::parse(text(2))
        .ok_or_else(|| ("op", format!("`{}` is none of S, L, I, R, D, X, M", text(2))))?;
    let side = match text(4) {
        "B" => Side::Buy,
        "A" => Side::Sell,
        _ if !op.is_entry() => Side::Buy,
        other => return Err(("side", format!("`{other}` is neither A nor B"))),
    };
    let price = match op.has_price() {
        true => number(text(5), "price", 1..=i64::MAX)?,
        false => 0,
    };
    let least = u64::from(op.is_entry());
    let quantity = number(text(6), "qty", least..=u64::MAX - 1)?;
    if text(3).is_empty() {
        return Err(("id", "it is empty".to_owned()));
    }
    for part in split_fills(text(7)) {
        if Fill::parse(part).is_none() {
            return Err(("fills", format!("`{part}` is not id:price:qty")));
        }
    }
    Ok(Row {
        line,
        row: number(text(0), "row", 0..=u64::MAX)?,
        time_ns: number(text(1), "t_ns", 0..=u64::MAX)?,
        op,
        id: text(3).into(),
        side,
        price: Price(price),
        quantity: Quantity(quantity),
        fills: text(7).into(),
        book_check: BookCheck::Skipped,
    })
}

fn number<T>(
    text: &str,
    column: &'static str,
    allowed: std::ops::RangeInclusive<T>,
) -> Result<T, Unusable>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let number: T =
        text.parse().map_err(|_| (column, format!("`{text}` is not a whole number in range")))?;
    if !allowed.contains(&number) {
        let (start, end) = (allowed.start(), allowed.end());
        return Err((column, format!("{number} is outside {start} to {end}")));
    }
    Ok(number)
}

fn describe(kind: &csv::ErrorKind) -> String {
    match kind {
        csv::ErrorKind::Utf8 { err, .. } => format!("not UTF-8: {err}"),
        other => format!("not CSV: {other:?}"),
    }
}
