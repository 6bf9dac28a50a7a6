//! Names and steps: instruments, assets and accounts as events announced them.

use orison_core::event::AssetOpened;
use orison_core::types::AssetId;
use orison_core::{AccountId, AccountName, Instrument, InstrumentId, Symbol};

#[derive(Default)]
pub struct Catalog {}

impl Catalog {
    /// In the order they were created.
    pub fn instruments(&self) -> &[Instrument] {
        todo!()
    }
    pub fn instrument(&self, _id: InstrumentId) -> Option<&Instrument> {
        todo!()
    }
    pub fn instrument_named(&self, _symbol: &Symbol) -> Option<&Instrument> {
        todo!()
    }
    pub fn asset(&self, _id: AssetId) -> Option<&AssetOpened> {
        todo!()
    }
    pub fn account(&self, _name: &AccountName) -> Option<AccountId> {
        todo!()
    }
    pub fn account_name(&self, _id: AccountId) -> Option<AccountName> {
        todo!()
    }
}
