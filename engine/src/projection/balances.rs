//! What each account has of each asset, and what the fee account has earned. A funded account is
//! told its balances by events; those of an unfunded one follow from its trades and their fees,
//! and may be below zero. There is one entry for each account and asset ever touched: the core's
//! `balances_max` and `positions_max` bound them.

use orison_core::event::{AccountSettings, Balance, Funding, Money, Trade};
use orison_core::types::AssetId;
use orison_core::{AccountId, InstrumentId, Side};

use super::dense::Dense;
use super::worth::Worth;

pub struct Balances {
    worths: Dense<InstrumentId, Option<Worth>>,
    purses: Dense<AccountId, Purse>,
    /// Units the fee account has of each asset; None: no trade has touched it.
    fees: Dense<AssetId, Option<i128>>,
}

struct Purse {
    funding: Funding,
    /// By asset.
    holdings: Vec<Holding>,
}

#[derive(Clone, Copy)]
struct Holding {
    asset: AssetId,
    free: i128,
    locked: i128,
}

impl Balances {
    pub(super) fn new() -> Self {
        Self { worths: Dense::new(), purses: Dense::new(), fees: Dense::new() }
    }

    pub(super) fn on_instrument(&mut self, instrument: InstrumentId, worth: Worth) {
        *self.worths.entry(instrument, || None) = Some(worth);
    }

    pub(super) fn on_settings(&mut self, settings: &AccountSettings) {
        self.purses.entry(settings.account, Purse::empty).funding = settings.funding;
    }

    pub(super) fn on_balance(&mut self, balance: &Balance) {
        let holding = self.purses.entry(balance.account, Purse::empty).holding(balance.asset);
        holding.free = balance.free.units();
        holding.locked = balance.locked.units();
    }

    pub(super) fn on_trade(&mut self, trade: &Trade) {
        let worth = self.worths.get(trade.instrument).copied().flatten();
        let worth = worth.expect("an instrument is created before it trades");
        let (base, quote) = (worth.base(trade.quantity), worth.quote(trade.price, trade.quantity));
        let (maker_fee, taker_fee) = (trade.maker_fee.units(), trade.taker_fee.units());
        let fills = [
            (trade.maker_account, trade.taker_side.opposite(), maker_fee),
            (trade.taker_account, trade.taker_side, taker_fee),
        ];
        for (account, side, fee) in fills {
            let purse = self.purses.entry(account, Purse::empty);
            let (base, quote) = match side {
                Side::Buy => (base, -quote),
                Side::Sell => (-base, quote),
            };
            match purse.funding {
                Funding::Unfunded => {
                    purse.add(worth.base, base);
                    purse.add(worth.quote, quote.saturating_sub(fee));
                }
                Funding::Funded => {}
            }
        }
        let earned = self.fees.entry(worth.quote, || None).get_or_insert(0);
        *earned = earned.saturating_add(maker_fee).saturating_add(taker_fee);
    }

    /// None: it never had any of it.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Option<Balance> {
        self.of_account(account).find(|balance| balance.asset == asset)
    }

    /// Each asset it ever had, by number.
    pub fn of_account(&self, account: AccountId) -> impl Iterator<Item = Balance> + '_ {
        let holdings = self.purses.get(account).map_or(&[][..], |purse| &purse.holdings);
        holdings.iter().map(move |holding| holding.shown(account))
    }

    /// By account, then asset.
    pub fn all(&self) -> impl Iterator<Item = Balance> + '_ {
        self.purses.iter().flat_map(|(account, purse)| {
            purse.holdings.iter().map(move |holding| holding.shown(account))
        })
    }

    /// What the fee account has of each asset that was ever a fee, by number; units.
    pub fn fees(&self) -> impl Iterator<Item = (AssetId, i128)> + '_ {
        self.fees.iter().filter_map(|(asset, earned)| Some((asset, (*earned)?)))
    }
}

impl Purse {
    fn empty() -> Self {
        Self { funding: Funding::Unfunded, holdings: Vec::new() }
    }

    fn holding(&mut self, asset: AssetId) -> &mut Holding {
        let found = self.holdings.binary_search_by_key(&asset, |holding| holding.asset);
        let place = found.unwrap_or_else(|place| {
            // Most accounts have two assets.
            self.holdings.reserve_exact(1);
            self.holdings.insert(place, Holding { asset, free: 0, locked: 0 });
            place
        });
        &mut self.holdings[place]
    }

    /// At the ends of 128 bits it stays there.
    fn add(&mut self, asset: AssetId, units: i128) {
        let holding = self.holding(asset);
        holding.free = holding.free.saturating_add(units);
    }
}

impl Holding {
    fn shown(&self, account: AccountId) -> Balance {
        let Self { asset, free, locked } = *self;
        Balance { account, asset, free: Money::new(free), locked: Money::new(locked) }
    }
}

orison_core::stored! {
    Holding { asset, free, locked }
    Purse { funding, holdings }
    Balances { worths, purses, fees }
}
