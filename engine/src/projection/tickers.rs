//! The latest ticker of each venue and symbol.

use orison_core::command::{Ticker, Venue};
use orison_core::{Stamp, Symbol};

#[derive(Default)]
pub struct Tickers {}

impl Tickers {
    pub fn latest(&self, _venue: &Venue, _symbol: &Symbol) -> Option<(Stamp, Ticker)> {
        todo!()
    }
    pub fn all(&self) -> Box<dyn Iterator<Item = (Stamp, Ticker)> + '_> {
        todo!()
    }
}
