//! What an account has done in an instrument: its position, what it paid for it, and, of accounts
//! that are watched, how much its live orders could still buy and sell. One pool, found by hash.

use alloc::vec::Vec;

use crate::book::NONE;
use crate::keyed::{Chains, END, Key};
use crate::types::{AccountId, InstrumentId, Side};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding {
    /// Bought less sold, quantity steps.
    pub(crate) position: i128,
    /// Bought less sold, price steps x quantity steps; at the ends of 128 bits it stays there.
    pub(crate) paid: i128,
    /// Smallest units of the quote asset.
    pub(crate) fees: i128,
    /// What live orders of each side could trade; kept of watched accounts only.
    pub(crate) open: [u128; 2],
    pub(crate) account: AccountId,
    pub(crate) instrument: InstrumentId,
    /// Balances of a funded account in base and quote; `NONE`: it is not funded.
    pub(crate) base: u32,
    pub(crate) quote: u32,
    chain_next: u32,
    pub(crate) has_traded: bool,
}

#[derive(Debug)]
pub(crate) struct Holdings {
    key: Key,
    holdings: Vec<Holding>,
    holdings_max: u32,
    chains: Chains,
}

impl Holding {
    /// One fill of this side. Money of an unfunded account may go on for ever.
    #[inline]
    pub(crate) fn trade(&mut self, side: Side, quantity: u64, notional: i128, fee: i128) {
        let quantity = i128::from(quantity);
        match side {
            Side::Buy => {
                self.position += quantity;
                self.paid = self.paid.saturating_add(notional);
            }
            Side::Sell => {
                self.position -= quantity;
                self.paid = self.paid.saturating_sub(notional);
            }
        }
        self.fees = self.fees.saturating_add(fee);
        self.has_traded = true;
    }
}

impl Holdings {
    pub(crate) fn new(key: Key, holdings_max: u32) -> Self {
        Self {
            key,
            holdings: Vec::with_capacity(holdings_max as usize),
            holdings_max,
            chains: Chains::new(holdings_max as usize),
        }
    }

    pub(crate) fn reserve(&mut self, holdings_max: u32) {
        self.holdings_max = holdings_max;
        let more = (holdings_max as usize).saturating_sub(self.holdings.len());
        self.holdings.reserve_exact(more);
        self.chains = Chains::new(holdings_max as usize);
        for at in 0..self.holdings.len() {
            let hash = self.hash(self.holdings[at].account, self.holdings[at].instrument);
            self.holdings[at].chain_next = self.chains.head(hash);
            self.chains.set_head(hash, at as u32);
        }
    }

    fn hash(&self, account: AccountId, instrument: InstrumentId) -> u64 {
        self.key.hash([u64::from(account.0) << 16 | u64::from(instrument.0)])
    }

    pub(crate) fn is_full(&self) -> bool {
        self.holdings.len() >= self.holdings_max as usize
    }

    pub(crate) fn find(&self, account: AccountId, instrument: InstrumentId) -> Option<u32> {
        let mut at = self.chains.head(self.hash(account, instrument));
        while at != END {
            let holding = &self.holdings[at as usize];
            if holding.account == account && holding.instrument == instrument {
                return Some(at);
            }
            at = holding.chain_next;
        }
        None
    }

    /// There is none yet, and room.
    pub(crate) fn open(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        (base, quote): (u32, u32),
    ) -> u32 {
        assert!(!self.is_full(), "a holding is opened where there is room");
        let hash = self.hash(account, instrument);
        let at = self.holdings.len() as u32;
        self.holdings.push(Holding {
            position: 0,
            paid: 0,
            fees: 0,
            open: [0; 2],
            account,
            instrument,
            base,
            quote,
            chain_next: self.chains.head(hash),
            has_traded: false,
        });
        self.chains.set_head(hash, at);
        at
    }

    /// The account is not watched any more.
    pub(crate) fn forget_open(&mut self, account: AccountId) {
        for holding in self.holdings.iter_mut().filter(|holding| holding.account == account) {
            holding.open = [0; 2];
        }
    }

    #[inline]
    pub(crate) fn get(&self, at: u32) -> &Holding {
        debug_assert!(at != NONE, "every order has a holding");
        &self.holdings[at as usize]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, at: u32) -> &mut Holding {
        &mut self.holdings[at as usize]
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Holding> {
        self.holdings.iter()
    }
}

crate::stored! {
    Holding {
        position, paid, fees, open, account, instrument, base, quote, chain_next, has_traded,
    }
    Holdings { key, holdings, holdings_max, chains }
}
