//! Names and rules: instruments with their bounds, assets, and accounts with their settings, as
//! events announced them. Nothing is ever taken out; the core's own limits bound it.

use std::collections::HashMap;

use orison_core::event::{AccountOpened, AccountSettings, AssetOpened, StatusChanged};
use orison_core::instrument::Bounds;
use orison_core::snapshot::{Input, Output, Stored, Unreadable};
use orison_core::types::AssetId;
use orison_core::{AccountId, AccountName, AssetName, Decimal, Instrument, InstrumentId, Symbol};

use super::dense::Dense;
use super::worth::Worth;

pub struct Catalog {
    instruments: Dense<InstrumentId, Instrument>,
    symbols: HashMap<Symbol, InstrumentId>,
    bounds: Dense<InstrumentId, Option<Bounds>>,
    assets: Dense<AssetId, AssetOpened>,
    account_names: Dense<AccountId, AccountName>,
    accounts: HashMap<AccountName, AccountId>,
    /// Few accounts have any.
    settings: HashMap<AccountId, AccountSettings>,
}

impl Catalog {
    pub(super) fn new() -> Self {
        Self {
            instruments: Dense::new(),
            symbols: HashMap::new(),
            bounds: Dense::new(),
            assets: Dense::new(),
            account_names: Dense::new(),
            accounts: HashMap::new(),
            settings: HashMap::new(),
        }
    }

    pub(super) fn on_instrument(&mut self, instrument: &Instrument) {
        *self.instruments.entry(instrument.id, || *instrument) = *instrument;
        self.symbols.insert(instrument.symbol, instrument.id);
    }

    pub(super) fn on_status(&mut self, changed: &StatusChanged) {
        if let Some(instrument) = self.instruments.get_mut(changed.instrument) {
            instrument.status = changed.status;
        }
    }

    pub(super) fn on_bounds(&mut self, bounds: &Bounds) {
        *self.bounds.entry(bounds.instrument, || None) = Some(*bounds);
    }

    pub(super) fn on_settings(&mut self, settings: &AccountSettings) {
        self.settings.insert(settings.account, *settings);
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

    /// None: it demands nothing.
    pub fn bounds(&self, id: InstrumentId) -> Option<&Bounds> {
        self.bounds.get(id)?.as_ref()
    }

    /// What the steps of a known instrument are worth.
    pub(crate) fn worth(&self, instrument: &Instrument) -> Option<Worth> {
        Worth::of(instrument, self.asset(instrument.base)?, self.asset(instrument.quote)?)
    }

    /// In the order they were opened.
    pub fn assets(&self) -> &[AssetOpened] {
        self.assets.as_slice()
    }

    pub fn asset_named(&self, name: &AssetName) -> Option<&AssetOpened> {
        self.assets().iter().find(|asset| asset.name == *name)
    }

    /// So many smallest units of a known asset.
    pub fn amount(&self, asset: AssetId, units: i128) -> Decimal {
        let asset = self.asset(asset).expect("an amount is of an asset that was opened");
        Decimal::new(units, asset.decimals)
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

    /// In the order they were opened: number 1 is at index 0.
    pub fn account_names(&self) -> &[AccountName] {
        self.account_names.as_slice()
    }

    /// None: nothing was ever set for it, and it is not funded.
    pub fn settings(&self, id: AccountId) -> Option<&AccountSettings> {
        self.settings.get(&id)
    }
}

/// What is found by name is listed by number as well; the settings go by account.
impl Stored for Catalog {
    fn store(&self, to: &mut Output<'_>) {
        let Self { instruments, symbols: _, bounds, assets, account_names, accounts: _, settings } =
            self;
        instruments.store(to);
        bounds.store(to);
        assets.store(to);
        account_names.store(to);
        let mut settings: Vec<_> = settings.values().copied().collect();
        settings.sort_unstable_by_key(|settings| settings.account);
        settings.store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let instruments: Dense<InstrumentId, Instrument> = Stored::load(from)?;
        let bounds = Stored::load(from)?;
        let assets = Stored::load(from)?;
        let account_names: Dense<AccountId, AccountName> = Stored::load(from)?;
        let settings: Vec<AccountSettings> = Stored::load(from)?;
        let symbols = instruments.as_slice().iter().map(|known| (known.symbol, known.id)).collect();
        let accounts = account_names.as_slice().iter().copied().zip((1..).map(AccountId)).collect();
        let settings = settings.into_iter().map(|settings| (settings.account, settings)).collect();
        Ok(Self { instruments, symbols, bounds, assets, account_names, accounts, settings })
    }
}
