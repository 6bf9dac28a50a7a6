//! What administrators do to accounts: settings, the kill switch, money in and out.

use super::{Exchange, Held, rejected};
use crate::accounts::{Party, Settings};
use crate::book::{Attention, NONE};
use crate::command::{
    Access, AccountFields, AccountSpec, CancelReason, Direction, SelfTrade, Target, Transfer,
};
use crate::decimal::Decimal;
use crate::event::{
    AccountOpened, AccountSettings, Amount, Balance, Event, Funding, Money, Op, Sink,
};
use crate::id::OrderId;
use crate::instrument::FEE_PPM_MAX;
use crate::reason::Reason;
use crate::types::{AccountId, AssetId, InstrumentId};

/// What an asset's deposits may come to: half of what can be counted, so that what is locked and
/// what is free can always be added up.
const SUPPLY_MAX: i128 = i128::MAX / 2;
/// Limits and fees, which can be taken away again.
const CLEARABLE: u16 = AccountFields::KNOWN.0 & !AccountFields::ENABLED.0;

impl Exchange {
    pub(super) fn change_account<S: Sink>(&mut self, spec: &AccountSpec, sink: &mut S) {
        let party = self.accounts.party(&spec.account);
        let settings = match self.judge_settings(spec, party) {
            Ok(settings) => settings,
            Err(reason) => return self.refuse_account(Op::Account, reason, party, sink),
        };
        let account = self.known_or_opened(party, sink);
        let was_watched = self.accounts.known(account).is_watched;
        *self.accounts.settings_mut(account) = settings;
        self.accounts.reflect(account);
        match (was_watched, self.accounts.known(account).is_watched) {
            (false, true) => self.watch(account),
            (true, false) => self.holdings.forget_open(account),
            (false, false) | (true, true) => {}
        }
        self.tell_settings(account, sink);
        if settings.access == Access::Disabled && spec.fields.has(AccountFields::ENABLED) {
            self.cancel_all_of(account, |_| true, CancelReason::Admin, sink);
        }
        self.settle(sink);
    }

    fn refuse_account<S: Sink>(&self, op: Op, reason: Reason, party: Party, sink: &mut S) {
        let no_order = Target::Order(OrderId::default());
        let whose = (party.number(), InstrumentId::default());
        sink.event(&rejected(op, reason, whose, no_order));
    }

    fn known_or_opened<S: Sink>(&mut self, party: Party, sink: &mut S) -> AccountId {
        let name = match party {
            Party::Known(account) => return account,
            Party::New(name) => name,
            Party::Nobody => unreachable!("nobody was refused before"),
        };
        let account = self.open_account(name);
        sink.event(&Event::AccountOpened(AccountOpened { account, name }));
        account
    }

    /// The settings as they will be.
    fn judge_settings(&self, spec: &AccountSpec, party: Party) -> Result<Settings, Reason> {
        let mut settings = match party {
            _ if self.is_first_rules() => return Err(Reason::BadCombination),
            Party::Known(account) => *self.accounts.settings(account),
            Party::New(_) if self.accounts.is_full() => return Err(Reason::AccountLimit),
            Party::New(_) => Settings::NONE,
            Party::Nobody => return Err(Reason::UnknownAccount),
        };
        let unknown = spec.fields.0 & !AccountFields::KNOWN.0 | spec.cleared.0 & !CLEARABLE;
        if unknown | spec.fields.0 & spec.cleared.0 != 0 {
            return Err(Reason::BadCombination);
        }
        settings.fields = settings.fields.with(spec.fields);
        settings.fields.0 &= !spec.cleared.0;
        let has = |field| spec.fields.has(field);
        for (field, given, kept) in [
            (AccountFields::MAX_QUANTITY, spec.max_quantity, &mut settings.max_quantity),
            (AccountFields::MAX_NOTIONAL, spec.max_notional, &mut settings.max_notional),
            (AccountFields::POSITION_LIMIT, spec.position_limit, &mut settings.position_limit),
        ] {
            if has(field) {
                *kept = given;
            } else if spec.cleared.has(field) {
                *kept = Decimal::ZERO;
            }
            if kept.is_negative() {
                return Err(Reason::BadAmount);
            }
        }
        if has(AccountFields::MAX_OPEN_ORDERS) {
            settings.max_open_orders = spec.max_open_orders;
        }
        if has(AccountFields::ORDERS_PER_SECOND) {
            settings.orders_per_second = spec.orders_per_second;
        }
        if has(AccountFields::SELF_TRADE) {
            settings.self_trade = match spec.self_trade {
                SelfTrade::AccountDefault => return Err(Reason::BadCombination),
                named => named,
            };
        } else if spec.cleared.has(AccountFields::SELF_TRADE) {
            settings.self_trade = SelfTrade::None;
        }
        if has(AccountFields::ENABLED) {
            settings.access = spec.access;
        }
        with_fees(settings, spec)
    }

    /// Its live orders are met one by one from here on, and what they could trade is known.
    fn watch(&mut self, account: AccountId) {
        for slot in 0..self.book.orders().used() {
            if self.book.orders().get(slot).is_none_or(|order| order.owner() != account.0) {
                continue;
            }
            self.book.attend(slot, Attention::Attended);
            // A pair is one group: its first leg speaks for both.
            let is_second = self.terms[slot as usize].leg > 0;
            if !is_second || self.role_of(slot) != crate::conditions::Role::Leg {
                self.rehold(slot, Held::default());
            }
        }
    }

    pub(crate) fn settings_of(&self, account: AccountId) -> AccountSettings {
        let settings = self.accounts.settings(account);
        let amount = |decimal: Decimal| Amount {
            mantissa: Money::new(decimal.mantissa()),
            scale: decimal.scale(),
        };
        AccountSettings {
            account,
            funding: self.accounts.known(account).funding,
            access: settings.access,
            self_trade: settings.self_trade,
            fields: settings.fields,
            max_open_orders: settings.max_open_orders,
            orders_per_second: settings.orders_per_second,
            maker_fee_ppm: settings.maker_fee_ppm,
            taker_fee_ppm: settings.taker_fee_ppm,
            max_quantity: amount(settings.max_quantity),
            max_notional: amount(settings.max_notional),
            position_limit: amount(settings.position_limit),
        }
    }

    fn tell_settings<S: Sink>(&self, account: AccountId, sink: &mut S) {
        sink.event(&Event::Account(self.settings_of(account)));
    }

    pub(super) fn transfer<S: Sink>(&mut self, transfer: &Transfer, sink: &mut S) {
        let party = self.accounts.party(&transfer.account);
        let (op, sign) = match transfer.direction {
            Direction::Deposit => (Op::Deposit, 1),
            Direction::Withdraw => (Op::Withdraw, -1),
        };
        match self.judge_transfer(transfer, party) {
            Ok((asset, units)) => {
                let account = self.known_or_opened(party, sink);
                if transfer.direction == Direction::Deposit {
                    self.fund(account, sink);
                }
                let first = &mut self.accounts.known_mut(account).balances;
                let at = self.ledger.open(account, first, asset);
                self.ledger.add(at, sign * units);
                self.instruments.asset_mut(asset).deposited += sign * units;
                self.tell_transfer(account, asset, sink);
            }
            Err(reason) => self.refuse_account(op, reason, party, sink),
        }
    }

    /// An account without an order so far is a funded one from its first deposit on.
    fn fund<S: Sink>(&mut self, account: AccountId, sink: &mut S) {
        let known = self.accounts.known_mut(account);
        if known.funding == Funding::Unfunded && !known.has_entered {
            known.funding = Funding::Funded;
            self.accounts.reflect(account);
            self.tell_settings(account, sink);
        }
    }

    /// Of a funded account the ledger says it all; of another, its trades belong to it.
    fn tell_transfer<S: Sink>(&mut self, account: AccountId, asset: AssetId, sink: &mut S) {
        if self.accounts.known(account).funding == Funding::Funded {
            return self.settle(sink);
        }
        self.ledger.settle(|_| {});
        let free = Money::new(self.balance_of(account, asset).0);
        sink.event(&Event::Balance(Balance { account, asset, free, locked: Money::ZERO }));
    }

    fn judge_transfer(&self, transfer: &Transfer, party: Party) -> Result<(AssetId, i128), Reason> {
        let is_deposit = transfer.direction == Direction::Deposit;
        let account = match party {
            _ if self.is_first_rules() => return Err(Reason::BadCombination),
            Party::Known(account) => Some(account),
            Party::New(_) if is_deposit && self.accounts.is_full() => {
                return Err(Reason::AccountLimit);
            }
            Party::New(_) if is_deposit => None,
            Party::New(_) | Party::Nobody => return Err(Reason::UnknownAccount),
        };
        let found = self.instruments.asset_named(&transfer.asset);
        let (id, asset) = found.ok_or(Reason::UnknownAsset)?;
        let unit = Decimal::new(1, asset.decimals);
        let units = transfer.amount.steps_of(unit).filter(|&units| units > 0);
        let units = units.ok_or(Reason::BadAmount)?;
        if is_deposit {
            if account.is_some_and(|account| self.has_traded_unfunded(account)) {
                return Err(Reason::BadStatus);
            }
            let supply = asset.deposited.checked_add(units).filter(|&sum| sum <= SUPPLY_MAX);
            supply.ok_or(Reason::Overflow)?;
        } else if account.is_none_or(|account| self.balance_of(account, id).0 < units) {
            return Err(Reason::InsufficientFunds);
        }
        let balances = account.map_or(NONE, |at| self.accounts.known(at).balances);
        if self.ledger.find(balances, id).is_none() && !self.ledger.has_room(1) {
            return Err(Reason::AccountLimit);
        }
        Ok((id, units))
    }

    fn has_traded_unfunded(&self, account: AccountId) -> bool {
        let mut holdings = self.holdings.iter();
        self.accounts.known(account).funding == Funding::Unfunded
            && holdings.any(|holding| holding.account == account && holding.has_traded)
    }
}

/// Rates that were given, checked together with the ones that stay.
fn with_fees(mut settings: Settings, spec: &AccountSpec) -> Result<Settings, Reason> {
    for (field, given, kept) in [
        (AccountFields::MAKER_FEE, spec.maker_fee_ppm, &mut settings.maker_fee_ppm),
        (AccountFields::TAKER_FEE, spec.taker_fee_ppm, &mut settings.taker_fee_ppm),
    ] {
        if spec.fields.has(field) {
            *kept = given;
        } else if spec.cleared.has(field) {
            *kept = 0;
        }
    }
    let (maker, taker) = (settings.maker_fee_ppm, settings.taker_fee_ppm);
    let allowed = -FEE_PPM_MAX..=FEE_PPM_MAX;
    let has_both = settings.has(AccountFields::MAKER_FEE) && settings.has(AccountFields::TAKER_FEE);
    if !allowed.contains(&maker) || !allowed.contains(&taker) || has_both && maker + taker < 0 {
        return Err(Reason::BadAmount);
    }
    Ok(settings)
}
