//! Views for who asks about markets alone: the catalog and statistics are moved on, everything
//! else stays as it was. The same events in as for all of them.

use orison_core::{Event, Stamp};

use super::Views;
use super::bar::Bar;

impl Views {
    /// As `on_event`.
    pub fn on_market_event(&mut self, index: u32, event: &Event) {
        if index == 0 {
            self.statistics.begin();
        }
        let Self { catalog, .. } = self;
        match event {
            Event::Trade(trade) => self.sum(trade.instrument, Bar::of(trade)),
            Event::Status(changed) => catalog.on_status(changed),
            Event::AssetOpened(asset) => catalog.on_asset(asset),
            Event::Instrument(instrument) => catalog.on_instrument(instrument),
            Event::Bounds(bounds) => catalog.on_bounds(bounds),
            Event::AccountOpened(account) => catalog.on_account(account),
            Event::Account(settings) => catalog.on_settings(settings),
            Event::Accepted(_)
            | Event::Rejected(_)
            | Event::Rested(_)
            | Event::Cancelled(_)
            | Event::Amended(_)
            | Event::Level(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Decremented(_)
            | Event::Auction(_)
            | Event::Balance(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Done => {}
        }
    }

    /// As `on_end`.
    pub fn on_market_end(&mut self, stamp: Stamp) {
        self.statistics.advance(stamp);
        for (instrument, bar) in self.bars.drain(..) {
            self.statistics.add(stamp, instrument, &bar);
        }
        self.at = stamp;
    }
}
