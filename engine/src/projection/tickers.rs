//! What foreign venues said: the latest ticker of each venue and symbol, and the last forced
//! orders of each venue. Beyond the limits the one heard of longest ago goes.

use std::collections::{HashMap, VecDeque};

use orison_core::command::{Liquidation, Ticker, Venue};
use orison_core::snapshot::{Input, Output, Stored, Unreadable};
use orison_core::{Stamp, Symbol};

/// Venues and symbols with a ticker.
pub const TICKERS_MAX: usize = 4_096;
pub const VENUES_MAX: usize = 64;
pub const LIQUIDATIONS_PER_VENUE_MAX: usize = 1_000;

pub struct Tickers {
    /// In the order they were first heard of.
    tickers: Vec<(Stamp, Ticker)>,
    places: HashMap<(Venue, Symbol), usize>,
    venues: Vec<ForcedOrders>,
}

/// Of one venue, oldest first.
struct ForcedOrders {
    venue: Venue,
    orders: VecDeque<(Stamp, Liquidation)>,
}

impl Tickers {
    pub(super) fn new() -> Self {
        Self { tickers: Vec::new(), places: HashMap::new(), venues: Vec::new() }
    }

    pub(super) fn on_ticker(&mut self, stamp: Stamp, ticker: &Ticker) {
        let key = (ticker.venue, ticker.symbol);
        if let Some(&place) = self.places.get(&key) {
            self.tickers[place] = (stamp, *ticker);
            return;
        }
        if self.tickers.len() == TICKERS_MAX {
            self.forget_ticker();
        }
        self.places.insert(key, self.tickers.len());
        self.tickers.push((stamp, *ticker));
    }

    fn forget_ticker(&mut self) {
        let silent = (0..self.tickers.len()).min_by_key(|&place| self.tickers[place].0.sequence);
        if let Some(place) = silent {
            self.tickers.remove(place);
            self.places.clear();
            let keys = self.tickers.iter().map(|(_, ticker)| (ticker.venue, ticker.symbol));
            self.places.extend(keys.zip(0..));
        }
    }

    pub(super) fn on_liquidation(&mut self, stamp: Stamp, liquidation: &Liquidation) {
        let known = self.venues.iter().position(|forced| forced.venue == liquidation.venue);
        let place = known.unwrap_or_else(|| {
            if self.venues.len() == VENUES_MAX {
                self.forget_venue();
            }
            let orders = VecDeque::new();
            self.venues.push(ForcedOrders { venue: liquidation.venue, orders });
            self.venues.len() - 1
        });
        let orders = &mut self.venues[place].orders;
        if orders.len() == LIQUIDATIONS_PER_VENUE_MAX {
            orders.pop_front();
        }
        orders.push_back((stamp, *liquidation));
    }

    fn forget_venue(&mut self) {
        let heard = |forced: &ForcedOrders| forced.orders.back().map(|(stamp, _)| stamp.sequence);
        let silent = (0..self.venues.len()).min_by_key(|&place| heard(&self.venues[place]));
        if let Some(place) = silent {
            self.venues.remove(place);
        }
    }

    pub fn latest(&self, venue: &Venue, symbol: &Symbol) -> Option<(Stamp, Ticker)> {
        self.places.get(&(*venue, *symbol)).map(|&place| self.tickers[place])
    }

    /// In the order they were first heard of.
    pub fn all(&self) -> impl Iterator<Item = (Stamp, Ticker)> + '_ {
        self.tickers.iter().copied()
    }

    /// Newest first.
    pub fn liquidations(&self, venue: &Venue) -> impl Iterator<Item = &(Stamp, Liquidation)> + '_ {
        let venue = *venue;
        let known = self.venues.iter().find(move |forced| forced.venue == venue);
        known.into_iter().flat_map(|forced| forced.orders.iter().rev())
    }
}

orison_core::stored! {
    ForcedOrders { venue, orders }
}

impl Stored for Tickers {
    fn store(&self, to: &mut Output<'_>) {
        let Self { tickers, places: _, venues } = self;
        tickers.store(to);
        venues.store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let tickers: Vec<(Stamp, Ticker)> = Stored::load(from)?;
        let keys = tickers.iter().map(|(_, ticker)| (ticker.venue, ticker.symbol));
        let places = keys.zip(0..).collect();
        Ok(Self { tickers, places, venues: Stored::load(from)? })
    }
}
