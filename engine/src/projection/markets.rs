//! In which state the trading of each instrument is, since when and why, and what its auction
//! would trade now. One entry an instrument; the core's `instruments_max` bounds them.

use orison_core::event::{Auction, StatusCause, StatusChanged};
use orison_core::instrument::Status;
use orison_core::{Instrument, InstrumentId, Stamp};

use super::begin_news;
use super::dense::Dense;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Market {
    pub status: Status,
    pub cause: StatusCause,
    /// The command that brought this status.
    pub since: Stamp,
    /// What the auction would trade; None: none is on, or nothing was said of it yet.
    pub indicative: Option<Indicative>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Indicative {
    /// The command that said so.
    pub stamp: Stamp,
    pub auction: Auction,
}

/// What the last command said of a market.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MarketNews {
    Status(StatusChanged),
    Auction(Auction),
}

pub struct Markets {
    markets: Dense<InstrumentId, Option<Market>>,
    fresh: Vec<MarketNews>,
}

impl Markets {
    pub(super) fn new() -> Self {
        Self { markets: Dense::new(), fresh: Vec::new() }
    }

    pub(super) fn begin(&mut self) {
        begin_news(&mut self.fresh);
    }

    /// A market begins, or an administrator changed its status with the rest of it.
    pub(super) fn on_instrument(&mut self, stamp: Stamp, instrument: &Instrument) {
        let Instrument { id, status, .. } = *instrument;
        let changed = StatusChanged { instrument: id, status, cause: StatusCause::Command };
        match self.market(id) {
            Some(market) if market.status == status => {}
            Some(_) => self.on_status(stamp, &changed),
            None => *self.markets.entry(id, || None) = Some(Market::new(stamp, &changed)),
        }
    }

    pub(super) fn on_status(&mut self, stamp: Stamp, changed: &StatusChanged) {
        let market = Market::new(stamp, changed);
        let known = self.markets.entry(changed.instrument, || None);
        if *known != Some(market) {
            *known = Some(market);
            self.fresh.push(MarketNews::Status(*changed));
        }
    }

    pub(super) fn on_auction(&mut self, stamp: Stamp, auction: &Auction) {
        if let Some(market) = self.markets.entry(auction.instrument, || None) {
            market.indicative = Some(Indicative { stamp, auction: *auction });
        }
        self.fresh.push(MarketNews::Auction(*auction));
    }

    /// None: there is no such instrument.
    pub fn market(&self, instrument: InstrumentId) -> Option<&Market> {
        self.markets.get(instrument)?.as_ref()
    }

    /// What the last command said, in order.
    pub fn fresh(&self) -> &[MarketNews] {
        &self.fresh
    }
}

impl Market {
    fn new(since: Stamp, changed: &StatusChanged) -> Self {
        let StatusChanged { status, cause, .. } = *changed;
        Self { status, cause, since, indicative: None }
    }
}

orison_core::stored! {
    Market { status, cause, since, indicative }
    Indicative { stamp, auction }
    Markets { markets, fresh }
}
orison_core::stored_alternatives! {
    MarketNews { 1 = Status, 2 = Auction }
}
