//! Who trades here: names and numbers, given in the order of opening. In by name or number, out
//! by number. An account is only ever added.

use alloc::vec::Vec;

use crate::command::AccountRef;
use crate::keyed::{Chains, END, Key, words};
use crate::text::AccountName;
use crate::types::AccountId;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub(crate) name: AccountName,
    /// Live orders.
    pub(crate) orders: u32,
    chain_next: u32,
}

#[derive(Debug)]
pub(crate) struct Accounts {
    key: Key,
    accounts: Vec<Account>,
    accounts_max: u32,
    chains: Chains,
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
        self.accounts.push(Account { name, orders: 0, chain_next });
        AccountId(self.accounts.len() as u32)
    }

    #[inline]
    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get((id.0 as usize).checked_sub(1)?)
    }

    #[inline]
    pub(crate) fn known_mut(&mut self, id: AccountId) -> &mut Account {
        &mut self.accounts[id.0 as usize - 1]
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.accounts.iter()
    }
}
