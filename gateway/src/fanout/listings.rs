//! Symbols, steps and quote decimals of every instrument, names and decimals of every asset, by
//! number: what is needed to show numbers without asking the views for each message.

use std::collections::HashMap;

use engine::Views;
use orison_core::event::AssetOpened;
use orison_core::instrument::ASSET_DECIMALS_DEFAULT;
use orison_core::types::AssetId;
use orison_core::{Instrument, InstrumentId};

use super::public::Listing;

#[derive(Default)]
pub(crate) struct Listings {
    listings: HashMap<InstrumentId, Listing>,
    assets: HashMap<AssetId, AssetOpened>,
}

impl Listings {
    pub(crate) fn load(&mut self, views: &Views) {
        for instrument in views.catalog.instruments() {
            self.listings.insert(instrument.id, Listing::of(views, instrument));
        }
        for asset in views.catalog.assets() {
            self.on_asset(asset);
        }
    }

    pub(crate) fn get(&self, instrument: InstrumentId) -> Option<&Listing> {
        self.listings.get(&instrument)
    }

    pub(crate) fn asset(&self, asset: AssetId) -> Option<&AssetOpened> {
        self.assets.get(&asset)
    }

    pub(crate) fn on_asset(&mut self, asset: &AssetOpened) {
        self.assets.insert(asset.asset, *asset);
    }

    pub(crate) fn on_instrument(&mut self, instrument: &Instrument) {
        let known = self.listings.get(&instrument.id).map(|listing| listing.quote_decimals);
        let opened = self.assets.get(&instrument.quote).map(|asset| asset.decimals);
        let quote_decimals = known.or(opened).unwrap_or(ASSET_DECIMALS_DEFAULT);
        self.listings.insert(instrument.id, Listing { instrument: *instrument, quote_decimals });
    }
}
