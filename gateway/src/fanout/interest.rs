//! What anybody has subscribed to, as the projector's thread reads it to know what to copy.
//! Written by the fan-out thread while it holds the views for reading, read by the feed while the
//! projector holds them for writing: the lock orders the two, so a flag counts from the very next
//! command on.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use orison_core::{AccountId, AccountName, InstrumentId};

/// Kinds of news of one instrument.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Kinds(pub(crate) u8);

impl Kinds {
    pub(crate) const TRADES: Self = Self(1);
    pub(crate) const BOOK: Self = Self(2);
    pub(crate) const STATISTICS: Self = Self(4);
    pub(crate) const CANDLES: Self = Self(8);
    pub(crate) const STATUS: Self = Self(16);

    pub(crate) fn with(self, kind: Self, members: usize) -> Self {
        Self(self.0 | if members > 0 { kind.0 } else { 0 })
    }
}

/// Kinds of news of the site.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct SiteKinds(pub(crate) u8);

impl SiteKinds {
    pub(crate) const PRAYERS: Self = Self(1);
    pub(crate) const TICKERS: Self = Self(2);
    pub(crate) const LIQUIDATIONS: Self = Self(4);
    pub(crate) const TRADES: Self = Self(8);
    pub(crate) const BOOKS: Self = Self(16);

    pub(crate) fn with(self, kind: Self, members: usize) -> Self {
        Self(self.0 | if members > 0 { kind.0 } else { 0 })
    }
}

/// Accounts share a bit with those that differ by a multiple of this: some news too many is
/// dropped later, none is missed.
const ACCOUNT_BITS: usize = 1 << 16;

pub(crate) struct Interest {
    /// Anything at all.
    any: AtomicBool,
    instruments: Box<[AtomicU8]>,
    accounts: Box<[AtomicU64]>,
    site: AtomicU8,
    /// Whether anybody reads how orders stood after each event.
    standings: AtomicBool,
    /// Names subscribed to before an account of that name was open.
    awaited: Mutex<HashSet<AccountName>>,
}

impl Interest {
    pub(crate) fn new() -> Self {
        let instruments = (0..=u16::MAX).map(|_| AtomicU8::new(0)).collect();
        let accounts = (0..ACCOUNT_BITS / 64).map(|_| AtomicU64::new(0)).collect();
        let (any, standings) = (AtomicBool::new(false), AtomicBool::new(false));
        let (site, awaited) = (AtomicU8::new(0), Mutex::default());
        Self { any, instruments, accounts, site, standings, awaited }
    }

    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    pub(crate) fn in_kind(&self, instrument: InstrumentId, kind: Kinds) -> bool {
        let kinds = self.instruments[usize::from(instrument.0)].load(Ordering::Relaxed);
        kinds & kind.0 != 0
    }

    pub(crate) fn in_site(&self, kind: SiteKinds) -> bool {
        self.site.load(Ordering::Relaxed) & kind.0 != 0
    }

    pub(crate) fn set_site(&self, kinds: SiteKinds) {
        self.site.store(kinds.0, Ordering::Relaxed);
    }

    pub(crate) fn in_standings(&self) -> bool {
        self.standings.load(Ordering::Relaxed)
    }

    pub(crate) fn set_standings(&self, wanted: bool) {
        self.standings.store(wanted, Ordering::Relaxed);
    }

    pub(crate) fn in_account(&self, account: AccountId) -> bool {
        let (word, bit) = Self::place(account);
        self.accounts[word].load(Ordering::Relaxed) & bit != 0
    }

    /// An account was opened: if its name is awaited, its events count from this command on.
    pub(crate) fn on_opened(&self, account: AccountId, name: &AccountName) -> bool {
        let awaited = self.awaited().remove(name);
        if awaited {
            self.watch_account(account);
        }
        awaited
    }

    /// Somebody has subscribed to something.
    pub(crate) fn wake(&self) {
        self.any.store(true, Ordering::Relaxed);
    }

    /// Nobody is subscribed to anything any more.
    pub(crate) fn rest(&self) {
        self.any.store(false, Ordering::Relaxed);
    }

    pub(crate) fn set_kinds(&self, instrument: InstrumentId, kinds: Kinds) {
        self.instruments[usize::from(instrument.0)].store(kinds.0, Ordering::Relaxed);
    }

    pub(crate) fn watch_account(&self, account: AccountId) {
        let (word, bit) = Self::place(account);
        self.accounts[word].fetch_or(bit, Ordering::Relaxed);
    }

    /// `others` are the accounts still watched.
    pub(crate) fn leave_account(
        &self,
        account: AccountId,
        mut others: impl Iterator<Item = AccountId>,
    ) {
        let place = Self::place(account);
        if !others.any(|other| Self::place(other) == place) {
            self.accounts[place.0].fetch_and(!place.1, Ordering::Relaxed);
        }
    }

    pub(crate) fn await_name(&self, name: AccountName) {
        self.awaited().insert(name);
    }

    pub(crate) fn forget_name(&self, name: &AccountName) {
        self.awaited().remove(name);
    }

    fn place(account: AccountId) -> (usize, u64) {
        let bit = account.0 as usize % ACCOUNT_BITS;
        (bit / 64, 1 << (bit % 64))
    }

    fn awaited(&self) -> MutexGuard<'_, HashSet<AccountName>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
