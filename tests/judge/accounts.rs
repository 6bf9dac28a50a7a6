//! Accounts: who they are, what they may, what they have. What is locked is never kept: it is
//! added up from the live orders whenever somebody asks.

use orison_core::command::{Access, AccountFields, AccountSpec, CancelReason, Direction, Transfer};
use orison_core::command::{AccountRef, SelfTrade};
use orison_core::event::{AccountSettings, Amount, Funding, Money, Op};
use orison_core::types::AssetId;
use orison_core::{AccountId, AccountName, Decimal, InstrumentId, Reason, Side};

use super::instruments::FEE_MAX;
use super::order::{Order, Place, rounded_up};
use super::said::Said;
use super::{Judge, NANOSECONDS};

#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: AccountName,
    pub(crate) settings: AccountSettings,
    pub(super) has_ordered: bool,
    pub(super) has_traded: bool,
    /// When the second began in which orders are counted, and how many there were.
    pub(super) second: (u64, u32),
    /// What it ever had an order in, and its position there.
    pub(super) positions: Vec<(InstrumentId, i128)>,
    /// Free and locked together.
    totals: Vec<(AssetId, i128)>,
    /// Assets of which a balance is kept: each takes a place among `balances_max`.
    pub(super) kept: Vec<AssetId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Balance {
    pub(crate) account: AccountId,
    pub(crate) asset: AssetId,
    pub(crate) free: i128,
    pub(crate) locked: i128,
}

impl Account {
    pub(super) fn new(name: AccountName, account: AccountId) -> Self {
        let settings = AccountSettings {
            account,
            funding: Funding::Unfunded,
            access: Access::Enabled,
            self_trade: SelfTrade::None,
            fields: AccountFields::NONE,
            max_open_orders: 0,
            orders_per_second: 0,
            maker_fee_ppm: 0,
            taker_fee_ppm: 0,
            max_quantity: Amount::default(),
            max_notional: Amount::default(),
            position_limit: Amount::default(),
        };
        Self {
            name,
            settings,
            has_ordered: false,
            has_traded: false,
            second: (0, 0),
            positions: Vec::new(),
            totals: Vec::new(),
            kept: Vec::new(),
        }
    }

    pub(super) fn is_funded(&self) -> bool {
        self.settings.funding == Funding::Funded
    }

    pub(super) fn total(&self, asset: AssetId) -> i128 {
        self.totals.iter().find(|(known, _)| *known == asset).map_or(0, |(_, total)| *total)
    }

    pub(super) fn total_mut(&mut self, asset: AssetId) -> &mut i128 {
        let place = self.totals.iter().position(|(known, _)| *known == asset);
        let place = place.unwrap_or_else(|| {
            self.totals.push((asset, 0));
            self.totals.len() - 1
        });
        &mut self.totals[place].1
    }

    pub(super) fn keep(&mut self, asset: AssetId) {
        if !self.kept.contains(&asset) {
            self.kept.push(asset);
        }
    }

    pub(super) fn position(&self, instrument: InstrumentId) -> i128 {
        let known = self.positions.iter().find(|(known, _)| *known == instrument);
        known.map_or(0, |(_, position)| *position)
    }

    /// Orders of the running second, this moment's included; it begins with the first.
    pub(super) fn orders_this_second(&self, now_ns: u64) -> u32 {
        let (began, count) = self.second;
        if now_ns - began < NANOSECONDS { count } else { 0 }
    }

    /// Only as long as somebody wants to know.
    pub(super) fn count_order(&mut self, now_ns: u64) {
        if !self.settings.fields.has(AccountFields::ORDERS_PER_SECOND) {
            return;
        }
        let count = self.orders_this_second(now_ns);
        let began = if count == 0 { now_ns } else { self.second.0 };
        self.second = (began, count + 1);
    }

    /// A limit in units of an asset with so many decimals; None: there is none.
    pub(super) fn limit(&self, field: AccountFields, decimals: u8) -> Option<i128> {
        let Amount { mantissa, scale } = match field {
            AccountFields::MAX_QUANTITY => self.settings.max_quantity,
            AccountFields::MAX_NOTIONAL => self.settings.max_notional,
            _ => self.settings.position_limit,
        };
        let mantissa = mantissa.units();
        let finer = i32::from(decimals) - i32::from(scale);
        let factor = 10i128.pow(finer.unsigned_abs());
        let units = if finer >= 0 { mantissa.saturating_mul(factor) } else { mantissa / factor };
        self.settings.fields.has(field).then_some(units)
    }
}

/// Of one asset, so that no balance can overflow.
const SUPPLY_MAX: i128 = i128::MAX / 2;

impl Judge {
    pub(super) fn change_account(&mut self, spec: &AccountSpec) {
        let account = match self.account_or_opened(&spec.account) {
            Ok(account) => account,
            Err(reason) => return self.refuse(Op::Account, reason),
        };
        let settings = self.account(account).settings;
        let changed = with_spec(settings, spec);
        let changed = match changed {
            Ok(changed) => changed,
            Err(reason) => {
                self.forget_if_new();
                return self.refuse(Op::Account, reason);
            }
        };
        self.account_mut(account).settings = changed;
        if changed.access == Access::Disabled {
            self.cancel_all(CancelReason::Admin, |order| order.account == account);
        }
    }

    pub(super) fn transfer(&mut self, transfer: &Transfer) {
        if let Err(reason) = self.try_transfer(transfer) {
            self.forget_if_new();
            self.refuse(op_of(transfer), reason);
        }
    }

    fn try_transfer(&mut self, transfer: &Transfer) -> Result<(), Reason> {
        let account = match transfer.direction {
            Direction::Deposit => self.account_or_opened(&transfer.account)?,
            Direction::Withdraw => {
                self.known_account(&transfer.account).ok_or(Reason::UnknownAccount)?
            }
        };
        let (asset, decimals) = self.listing.asset(transfer.asset).ok_or(Reason::UnknownAsset)?;
        let unit = Decimal::new(1, decimals);
        let amount = transfer.amount.steps_of(unit).filter(|amount| *amount > 0);
        let amount = amount.ok_or(Reason::BadAmount)?;
        let Account { has_traded, has_ordered, .. } = *self.account(account);
        let is_funded = self.account(account).is_funded();
        let change = match transfer.direction {
            Direction::Deposit if has_traded && !is_funded => return Err(Reason::BadStatus),
            Direction::Deposit => {
                let supply = self.supply(asset).checked_add(amount);
                if supply.is_none_or(|supply| supply > SUPPLY_MAX) {
                    return Err(Reason::Overflow);
                }
                amount
            }
            Direction::Withdraw => {
                if amount > self.account(account).total(asset) - self.locked(account, asset) {
                    return Err(Reason::InsufficientFunds);
                }
                -amount
            }
        };
        let is_full = self.kept_balances() >= self.genesis.balances_max as usize;
        if is_full && !self.account(account).kept.contains(&asset) {
            return Err(Reason::AccountLimit);
        }
        let account_now = self.account_mut(account);
        if transfer.direction == Direction::Deposit && !has_ordered {
            account_now.settings.funding = Funding::Funded;
        }
        account_now.keep(asset);
        *account_now.total_mut(asset) += change;
        self.supplies.push((asset, change));
        self.asked_balance = Some((account, asset));
        Ok(())
    }

    pub(super) fn kept_balances(&self) -> usize {
        self.accounts.iter().map(|account| account.kept.len()).sum()
    }

    /// What the order alone needs locked of an asset.
    pub(super) fn need(&self, order: &Order, asset: AssetId) -> i128 {
        let market = self.listing.market(order.instrument);
        let is_parked = order.place == Place::Parked;
        match order.side {
            Side::Sell if asset == market.instrument.base && !is_parked => {
                i128::from(order.shown_open()) * market.lot
            }
            Side::Buy if asset == market.instrument.quote && !is_parked => {
                let Some(limit) = order.limit.filter(|_| order.budget.is_none()) else {
                    return order.budget.unwrap_or_default();
                };
                let notional = self.listing.money(order.instrument, limit, order.open);
                let worst = order.rates.maker_ppm.max(order.rates.taker_ppm).max(0);
                let fee = notional * i128::from(worst) - order.rates.carry;
                notional + rounded_up(fee, 1_000_000)
            }
            Side::Buy | Side::Sell => 0,
        }
    }

    /// Of siblings the larger need, of each other order its own.
    fn need_of_group(&self, order: &Order, asset: AssetId) -> i128 {
        match order.sibling() {
            None => self.need(order, asset),
            Some(sibling) if sibling < order.id => 0,
            Some(sibling) => self.need(order, asset).max(self.need(self.get(sibling), asset)),
        }
    }

    pub(super) fn locked(&self, account: AccountId, asset: AssetId) -> i128 {
        if !self.account(account).is_funded() {
            return 0;
        }
        let own = self.orders.iter().filter(|order| order.account == account);
        own.map(|order| self.need_of_group(order, asset)).sum()
    }

    pub(crate) fn is_funded(&self, account: AccountId) -> bool {
        self.account(account).is_funded()
    }

    /// Of every account and asset, touched or not, as they are now.
    fn reckoned(&self) -> Vec<Balance> {
        let assets = self.listing.asset_ids();
        let mut balances = Vec::new();
        for account in self.account_ids() {
            for &asset in &assets {
                let free = self.account(account).total(asset);
                balances.push(Balance { account, asset, free, locked: 0 });
            }
        }
        for order in self.orders.iter().filter(|order| self.is_funded(order.account)) {
            let market = self.listing.market(order.instrument).instrument;
            for asset in [market.base, market.quote] {
                let place = (order.account.0 as usize - 1) * assets.len();
                let balance = &mut balances[place + usize::from(asset.0) - 1];
                let need = self.need_of_group(order, asset);
                (balance.free, balance.locked) = (balance.free - need, balance.locked + need);
            }
        }
        balances
    }

    /// By account and asset, as the last command left them.
    pub(crate) fn balances(&self) -> &[Balance] {
        &self.balances
    }

    /// Deposits less withdrawals.
    fn supply(&self, asset: AssetId) -> i128 {
        self.supplies.iter().filter(|(known, _)| *known == asset).map(|(_, units)| units).sum()
    }

    /// For whoever adds up the same events.
    pub(crate) fn money_of(&self, instrument: InstrumentId, price: i64, quantity: u64) -> i128 {
        self.listing.money(instrument, price, quantity)
    }

    pub(crate) fn base_of(&self, instrument: InstrumentId, quantity: u64) -> i128 {
        i128::from(quantity) * self.listing.market(instrument).lot
    }

    pub(crate) fn asset_decimals(&self, asset: AssetId) -> u8 {
        self.listing.decimals(asset)
    }

    /// Base and quote change hands, and the position with them.
    pub(super) fn move_money(&mut self, order: &Order, price: i64, quantity: u64, fee: i128) {
        let notional = self.listing.money(order.instrument, price, quantity);
        let market = self.listing.market(order.instrument);
        let (base, quote) = (market.instrument.base, market.instrument.quote);
        let sign = if order.side == Side::Buy { 1 } else { -1 };
        let lots = sign * i128::from(quantity);
        let units = lots * market.lot;
        let account = self.account_mut(order.account);
        account.has_traded = true;
        // What nobody put in may run past what can be counted, and comes round.
        let total = account.total_mut(base);
        *total = total.wrapping_add(units);
        let total = account.total_mut(quote);
        *total = total.wrapping_sub(sign * notional + fee);
        let known = account.positions.iter_mut().find(|(known, _)| *known == order.instrument);
        known.expect("it was noted at entry").1 += lots;
    }

    /// What is not as it was before the command: of funded accounts, and where money moved.
    pub(super) fn say_balances(&mut self) {
        let after = self.reckoned();
        let before = std::mem::take(&mut self.balances);
        for balance in &after {
            let Balance { account, asset, free, locked } = *balance;
            let nothing = Balance { account, asset, free: 0, locked: 0 };
            let place = before.binary_search_by_key(&(account, asset), |b| (b.account, b.asset));
            let before = place.map_or(nothing, |place| before[place]);
            let is_moved = self.asked_balance == Some((account, asset));
            if before != *balance && (is_moved || self.is_funded(account)) {
                self.said.push(Said::Balance { account, asset, free, locked });
            }
        }
        self.balances = after;
        self.asked_balance = None;
    }

    pub(super) fn account_or_opened(&mut self, named: &AccountRef) -> Result<AccountId, Reason> {
        if let Some(known) = self.known_account(named) {
            return Ok(known);
        }
        let name = self.name_to_open(named).ok_or(Reason::UnknownAccount)?;
        // Who is opened together is not in each other's way: it is refused or becomes one.
        if (self.accounts.len() - self.opened_now) as u32 >= self.genesis.accounts_max {
            return Err(Reason::AccountLimit);
        }
        let account = AccountId(self.accounts.len() as u32 + 1);
        self.accounts.push(Account::new(name, account));
        self.opened_now += 1;
        Ok(account)
    }

    /// The command that would have opened an account is refused.
    pub(super) fn forget_if_new(&mut self) {
        self.accounts.truncate(self.accounts.len() - std::mem::take(&mut self.opened_now));
    }
}

pub(super) fn op_of(transfer: &Transfer) -> Op {
    match transfer.direction {
        Direction::Deposit => Op::Deposit,
        Direction::Withdraw => Op::Withdraw,
    }
}

fn with_spec(mut settings: AccountSettings, spec: &AccountSpec) -> Result<AccountSettings, Reason> {
    use AccountFields as F;
    let has = |field| spec.fields.has(field);
    let unknown =
        (spec.fields.0 | spec.cleared.0) & !F::KNOWN.0 != 0 || spec.cleared.has(F::ENABLED);
    let no_mode = has(F::SELF_TRADE) && spec.self_trade == SelfTrade::AccountDefault;
    if unknown || no_mode || spec.fields.0 & spec.cleared.0 != 0 {
        return Err(Reason::BadCombination);
    }
    let amounts = [spec.max_quantity, spec.max_notional, spec.position_limit];
    if amounts.iter().any(|amount| amount.is_negative()) {
        return Err(Reason::BadAmount);
    }
    let amount = |of: Decimal| Amount { mantissa: Money::new(of.mantissa()), scale: of.scale() };
    settings.fields.0 = (settings.fields.0 | spec.fields.0) & !spec.cleared.0;
    if spec.cleared.has(F::SELF_TRADE) {
        settings.self_trade = SelfTrade::None;
    }
    macro_rules! put {
        ($($field:ident: $name:ident = $value:expr,)*) => {$(
            if has(F::$field) {
                settings.$name = $value;
            }
        )*};
    }
    put! {
        SELF_TRADE: self_trade = spec.self_trade,
        ENABLED: access = spec.access,
        MAX_QUANTITY: max_quantity = amount(spec.max_quantity),
        MAX_NOTIONAL: max_notional = amount(spec.max_notional),
        POSITION_LIMIT: position_limit = amount(spec.position_limit),
        MAX_OPEN_ORDERS: max_open_orders = spec.max_open_orders,
        ORDERS_PER_SECOND: orders_per_second = spec.orders_per_second,
        MAKER_FEE: maker_fee_ppm = spec.maker_fee_ppm,
        TAKER_FEE: taker_fee_ppm = spec.taker_fee_ppm,
    }
    let rate = |field, rate: i32| if settings.fields.has(field) { rate } else { 0 };
    let maker = rate(F::MAKER_FEE, settings.maker_fee_ppm);
    let taker = rate(F::TAKER_FEE, settings.taker_fee_ppm);
    let is_rate = |rate: i32| (-FEE_MAX..=FEE_MAX).contains(&rate);
    let has_both = settings.fields.has(F::MAKER_FEE) && settings.fields.has(F::TAKER_FEE);
    if !is_rate(maker) || !is_rate(taker) || has_both && maker + taker < 0 {
        return Err(Reason::BadAmount);
    }
    Ok(settings)
}
