//! Who trades here: names and numbers, given in the order of opening, and what each is allowed.
//! In by name or number, out by number. An account is only ever added.

use alloc::vec::Vec;

use crate::book::NONE;
use crate::command::{Access, AccountFields, AccountRef, SelfTrade};
use crate::decimal::Decimal;
use crate::event::Funding;
use crate::keyed::{Chains, END, Key, words};
use crate::text::AccountName;
use crate::types::{AccountId, InstrumentId};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub(crate) name: AccountName,
    /// Live orders.
    pub(crate) orders: u32,
    chain_next: u32,
    /// Where it had its first order, and its holding there.
    pub(crate) home: (InstrumentId, u32),
    /// First of its balances.
    pub(crate) balances: u32,
    /// Number of its settings; `NONE`: it never had any.
    settings: u32,
    pub(crate) funding: Funding,
    pub(crate) has_entered: bool,
    /// Its orders are not swept past, because money or a position limit hangs on every fill.
    pub(crate) is_watched: bool,
    /// Nothing about it stands in the way of an order.
    pub(crate) is_plain: bool,
}

/// Limits and fees that are not in `fields` do not hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) max_quantity: Decimal,
    pub(crate) max_notional: Decimal,
    pub(crate) position_limit: Decimal,
    pub(crate) fields: AccountFields,
    pub(crate) max_open_orders: u32,
    pub(crate) orders_per_second: u32,
    pub(crate) maker_fee_ppm: i32,
    pub(crate) taker_fee_ppm: i32,
    pub(crate) self_trade: SelfTrade,
    pub(crate) access: Access,
    /// The second that its first counted order began, and how many came in it.
    pub(crate) second: (u64, u32),
}

impl Settings {
    pub(crate) const NONE: Self = Self {
        max_quantity: Decimal::ZERO,
        max_notional: Decimal::ZERO,
        position_limit: Decimal::ZERO,
        fields: AccountFields::NONE,
        max_open_orders: 0,
        orders_per_second: 0,
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
        self_trade: SelfTrade::None,
        access: Access::Enabled,
        second: (0, 0),
    };

    pub(crate) fn has(&self, field: AccountFields) -> bool {
        self.fields.has(field)
    }
}

#[derive(Debug)]
pub(crate) struct Accounts {
    key: Key,
    accounts: Vec<Account>,
    accounts_max: u32,
    chains: Chains,
    settings: Vec<Settings>,
}

/// An account as a command names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Party {
    Known(AccountId),
    /// Nobody has this name yet; whoever enters something under it opens the account.
    New(AccountName),
    /// A number that was never given, or an empty name.
    Nobody,
}

impl Party {
    pub(crate) fn known(self) -> Option<AccountId> {
        match self {
            Self::Known(account) => Some(account),
            Self::New(_) | Self::Nobody => None,
        }
    }

    /// For a refusal: 0 when the account is not known.
    pub(crate) fn number(self) -> AccountId {
        self.known().unwrap_or_default()
    }
}

impl Accounts {
    pub(crate) fn new(key: Key, accounts_max: u32) -> Self {
        Self {
            key,
            accounts: Vec::with_capacity(accounts_max as usize),
            accounts_max,
            chains: Chains::new(accounts_max as usize),
            settings: Vec::new(),
        }
    }

    pub(crate) fn reserve(&mut self, accounts_max: u32) {
        self.accounts_max = accounts_max;
        let more = (accounts_max as usize).saturating_sub(self.accounts.len());
        self.accounts.reserve_exact(more);
        self.chains = Chains::new(accounts_max as usize);
        for at in 0..self.accounts.len() {
            let hash = self.key.hash(words(&self.accounts[at].name));
            self.accounts[at].chain_next = self.chains.head(hash);
            self.chains.set_head(hash, at as u32);
        }
    }

    #[inline]
    pub(crate) fn party(&self, account: &AccountRef) -> Party {
        match *account {
            AccountRef::Id(id) if self.get(id).is_some() => Party::Known(id),
            AccountRef::Id(_) => Party::Nobody,
            AccountRef::Name(name) if name.is_empty() => Party::Nobody,
            AccountRef::Name(name) => self.find(&name).map_or(Party::New(name), Party::Known),
        }
    }

    pub(crate) fn find(&self, name: &AccountName) -> Option<AccountId> {
        let mut at = self.chains.head(self.key.hash(words(name)));
        while at != END {
            let account = &self.accounts[at as usize];
            if account.name == *name {
                return Some(AccountId(at + 1));
            }
            at = account.chain_next;
        }
        None
    }

    pub(crate) fn is_full(&self) -> bool {
        self.accounts.len() >= self.accounts_max as usize
    }

    /// The name is new and there is room.
    pub(crate) fn open(&mut self, name: AccountName) -> AccountId {
        assert!(!self.is_full(), "an account is opened where there is room");
        let hash = self.key.hash(words(&name));
        let chain_next = self.chains.head(hash);
        self.chains.set_head(hash, self.accounts.len() as u32);
        self.accounts.push(Account {
            name,
            orders: 0,
            chain_next,
            home: (InstrumentId(0), NONE),
            balances: NONE,
            settings: NONE,
            funding: Funding::Unfunded,
            has_entered: false,
            is_watched: false,
            is_plain: true,
        });
        AccountId(self.accounts.len() as u32)
    }

    #[inline]
    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get((id.0 as usize).checked_sub(1)?)
    }

    #[inline]
    pub(crate) fn known(&self, id: AccountId) -> &Account {
        &self.accounts[id.0 as usize - 1]
    }

    #[inline]
    pub(crate) fn settings(&self, id: AccountId) -> &Settings {
        self.settings.get(self.known(id).settings as usize).unwrap_or(&Settings::NONE)
    }

    /// Settings of its own from here on. An administrator's doing: it may allocate.
    pub(crate) fn settings_mut(&mut self, id: AccountId) -> &mut Settings {
        let account = &mut self.accounts[id.0 as usize - 1];
        if account.settings == NONE {
            account.settings = self.settings.len() as u32;
            self.settings.push(Settings::NONE);
        }
        &mut self.settings[account.settings as usize]
    }

    /// What the flags of an account follow from.
    pub(crate) fn reflect(&mut self, id: AccountId) {
        let settings = *self.settings(id);
        let account = self.known_mut(id);
        let is_funded = account.funding == Funding::Funded;
        account.is_watched = is_funded || settings.has(AccountFields::POSITION_LIMIT);
        account.is_plain = !is_funded && account.settings == NONE;
    }

    #[inline]
    pub(crate) fn known_mut(&mut self, id: AccountId) -> &mut Account {
        &mut self.accounts[id.0 as usize - 1]
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.accounts.iter()
    }
}

crate::stored! {
    Account {
        name, orders, chain_next, home, balances, settings, funding, has_entered, is_watched,
        is_plain,
    }
    Settings {
        max_quantity, max_notional, position_limit, fields, max_open_orders, orders_per_second,
        maker_fee_ppm, taker_fee_ppm, self_trade, access, second,
    }
    Accounts { key, accounts, accounts_max, chains, settings }
}
