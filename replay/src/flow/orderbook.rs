//! A recorded order book, row by row: `ask price, ask size, bid price, bid size` for each level.
//! Rows are asked for in order; those in between are passed over unread.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use orison_core::{Price, Quantity, Side};

use super::input::{self, InputError};
use super::levels::Levels;

/// Prices that say: there is no such level.
const NO_LEVEL: [i64; 2] = [9_999_999_999, -9_999_999_999];
const COLUMNS_PER_LEVEL: usize = 4;

pub(super) struct OrderBook {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    text: String,
    /// Rows read so far; the one in `text` is the last.
    rows: u64,
}

impl OrderBook {
    pub(super) fn open(path: &Path) -> Result<Self, InputError> {
        let reader = input::open(path)?.reader;
        Ok(Self { path: path.to_owned(), reader, text: String::new(), rows: 0 })
    }

    /// None: the book is as recorded. Else what was recorded and what there is, best price first.
    pub(super) fn difference(
        &mut self,
        row: u64,
        book: &Levels,
    ) -> Result<Option<(String, String)>, InputError> {
        self.seek(row)?;
        let columns = self.columns()?;
        let levels = columns.len() / COLUMNS_PER_LEVEL;
        for (side, at) in [(Side::Sell, 0), (Side::Buy, 2)] {
            let recorded = columns.chunks_exact(COLUMNS_PER_LEVEL).filter_map(|level| {
                let (price, quantity) = (level[at], level[at + 1]);
                (!NO_LEVEL.contains(&price))
                    .then_some((Price(price), Quantity(quantity.unsigned_abs())))
            });
            if !recorded.clone().eq(book.of(side).take(levels)) {
                let found = show(side, book.of(side).take(levels));
                return Ok(Some((show(side, recorded), found)));
            }
        }
        Ok(None)
    }

    /// Reads on to the row with this index, from 0.
    fn seek(&mut self, row: u64) -> Result<(), InputError> {
        while self.rows <= row {
            self.text.clear();
            let line = self.rows + 1;
            let read = self
                .reader
                .read_line(&mut self.text)
                .map_err(|source| InputError::Read { path: self.path.clone(), line, source })?;
            if read == 0 {
                return Err(self.error(line, 1, format!("the file ends, row {row} is asked for")));
            }
            self.rows = line;
        }
        Ok(())
    }

    fn columns(&self) -> Result<Vec<i64>, InputError> {
        let parse = |(index, text): (usize, &str)| {
            let reason = || format!("`{text}` is not a whole number");
            text.parse().map_err(|_| self.error(self.rows, index + 1, reason()))
        };
        let text = self.text.trim_end();
        let columns: Vec<i64> = text.split(',').enumerate().map(parse).collect::<Result<_, _>>()?;
        if !columns.len().is_multiple_of(COLUMNS_PER_LEVEL) {
            let reason = format!("{} columns are no whole levels of four", columns.len());
            return Err(self.error(self.rows, columns.len(), reason));
        }
        Ok(columns)
    }

    fn error(&self, line: u64, column: usize, reason: String) -> InputError {
        InputError::Field { path: self.path.clone(), line, column: column.to_string(), reason }
    }
}

fn show(side: Side, levels: impl Iterator<Item = (Price, Quantity)>) -> String {
    let name = match side {
        Side::Buy => "bids",
        Side::Sell => "asks",
    };
    let levels: Vec<_> = levels.map(|(price, quantity)| format!("{quantity}@{price}")).collect();
    format!("{name} {}", levels.join(" "))
}
