//! Names and steps: instruments, assets and accounts as events announced them. Nothing is ever
//! taken out; the core's own limits bound it.

use std::collections::HashMap;

use orison_core::event::{AccountOpened, AssetOpened};
use orison_core::types::AssetId;
use orison_core::{AccountId, AccountName, Instrument, InstrumentId, Symbol};

use super::dense::Dense;

pub struct Catalog {
    instruments: Dense<InstrumentId, Instrument>,
    symbols: HashMap<Symbol, InstrumentId>,
    assets: Dense<AssetId, AssetOpened>,
    account_names: Dense<AccountId, AccountName>,
    accounts: HashMap<AccountName, AccountId>,
}

impl Catalog {
    pub(super) fn new() -> Self {
        Self {
            instruments: Dense::new(),
            symbols: HashMap::new(),
            assets: Dense::new(),
            account_names: Dense::new(),
            accounts: HashMap::new(),
        }
    }

    pub(super) fn on_instrument(&mut self, instrument: &Instrument) {
        *self.instruments.entry(instrument.id, || *instrument) = *instrument;
        self.symbols.insert(instrument.symbol, instrument.id);
    }

    pub(super) fn on_asset(&mut self, asset: &AssetOpened) {
        *self.assets.entry(asset.asset, || *asset) = *asset;
    }

    pub(super) fn on_account(&mut self, account: &AccountOpened) {
        *self.account_names.entry(account.account, || account.name) = account.name;
        self.accounts.insert(account.name, account.account);
    }

    /// In the order they were created.
    pub fn instruments(&self) -> &[Instrument] {
        self.instruments.as_slice()
    }

    pub fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        self.instruments.get(id)
    }

    pub fn instrument_named(&self, symbol: &Symbol) -> Option<&Instrument> {
        self.instruments.get(*self.symbols.get(symbol)?)
    }

    pub fn asset(&self, id: AssetId) -> Option<&AssetOpened> {
        self.assets.get(id)
    }

    pub fn account(&self, name: &AccountName) -> Option<AccountId> {
        self.accounts.get(name).copied()
    }

    pub fn account_name(&self, id: AccountId) -> Option<AccountName> {
        self.account_names.get(id).copied()
    }
}
