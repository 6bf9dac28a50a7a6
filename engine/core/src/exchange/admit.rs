//! Whether an order may come in: every check in the one order that the rules give. Nothing is
//! changed by looking, so a dry run asks the same function.

use super::Exchange;
use super::money::{Held, Wish};
use super::place::mode;
use super::shape::{
    Remainder, is_limit, is_stop, judge_collected, judge_combination, judge_expiry, judge_fields,
    judge_parts, limit, remainder, says_later,
};
use crate::accounts::Party;
use crate::book::{Half, Limit};
use crate::clients::Content;
use crate::command::{
    Access, AccountFields, Command, Link, Order, OrderFields, OrderType, Pair, SelfTrade,
    TimeInForce,
};
use crate::event::Funding;
use crate::id::OrderId;
use crate::instrument::Status;
use crate::matching::ANY_PRICE;
use crate::reach::Reach;
use crate::reason::Reason;
use crate::terms::{Fees, Terms};
use crate::types::{AccountId, InstrumentId, Price, Quantity, Side};

/// What a new order turned out to be.
pub(super) enum Admission {
    /// Nothing stands in its way.
    New,
    /// The account said this before.
    Repeat(AccountId, OrderId),
}

/// An order on its way in, and what comes in with it.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) order: &'a Order,
    pub(super) party: Party,
    pub(super) now_ns: u64,
    pub(super) content: Content,
    /// The leg before it in the same command.
    pub(super) before: Option<(Link, &'a Order)>,
}

/// A second in nanoseconds: orders per second are counted in it.
const SECOND_NS: u64 = 1_000_000_000;

impl Exchange {
    /// What a `Place` or `Pair` would be refused for if it came at that time; nothing changes.
    /// Other commands are not asked about.
    pub fn check(&self, time_ns: u64, command: &Command) -> Result<(), Reason> {
        let now_ns = time_ns.max(self.applied.time_ns);
        match command {
            Command::Place(order) => self.admit(&self.candidate(order, now_ns)).map(|_| ()),
            Command::Pair(pair) => self.admit_pair(pair, now_ns).map(|_| ()).map_err(|(_, r)| r),
            Command::Genesis(_)
            | Command::Instrument(_)
            | Command::Cancel(_)
            | Command::Amend(_)
            | Command::MassCancel(_)
            | Command::Status(_)
            | Command::Uncross(_)
            | Command::EndOfDay(_)
            | Command::Transfer(_)
            | Command::Account(_)
            | Command::Clock
            | Command::Pray(_)
            | Command::Ticker(_)
            | Command::Liquidation(_)
            | Command::ExternalTrade(_)
            | Command::ExternalDepth(_) => Ok(()),
        }
    }

    pub(super) fn candidate<'a>(&self, order: &'a Order, now_ns: u64) -> Candidate<'a> {
        let party = self.accounts.party(&order.account);
        // Only a name can be said again.
        let named = !order.client_order_id.is_empty();
        let content = if named { Content::of(order) } else { Content::NONE };
        Candidate { order, party, now_ns, content, before: None }
    }

    /// The admissions of both, or which leg is refused and why. Who and what is meant is asked of
    /// both before anything else.
    pub(super) fn admit_pair(
        &self,
        pair: &Pair,
        now_ns: u64,
    ) -> Result<[Admission; 2], (usize, Reason)> {
        if self.is_first_rules() {
            return Err((0, Reason::BadCombination));
        }
        let [first, second] = &pair.legs;
        let leading = Candidate {
            content: Content::of(first).linked(pair.link, 0),
            ..self.candidate(first, now_ns)
        };
        let following = Candidate {
            before: Some((pair.link, first)),
            content: Content::of(second).linked(pair.link, 1),
            ..self.candidate(second, now_ns)
        };
        let one = self.identify(&leading).map_err(|reason| (0, reason))?;
        let two = self.identify(&following).map_err(|reason| (1, reason))?;
        match (one, two) {
            (None, None) => {}
            (Some((account, one)), Some((_, two))) if one.sequence == two.sequence => {
                return Ok([one, two].map(|order| Admission::Repeat(account, order)));
            }
            (Some(_), _) => return Err((0, Reason::DuplicateClientOrderId)),
            (None, Some(_)) => return Err((1, Reason::DuplicateClientOrderId)),
        }
        if first.instrument != second.instrument || leading.party != following.party {
            return Err((1, Reason::BadCombination));
        }
        let name = &first.client_order_id;
        if !name.is_empty() && *name == second.client_order_id {
            return Err((1, Reason::DuplicateClientOrderId));
        }
        self.admit_new(&leading).map_err(|reason| (0, reason))?;
        self.admit_new(&following).map_err(|reason| (1, reason))?;
        Ok([Admission::New, Admission::New])
    }

    /// Every check, in the order of the rules.
    #[inline]
    pub(super) fn admit(&self, candidate: &Candidate<'_>) -> Result<Admission, Reason> {
        if let Some((account, first)) = self.identify(candidate)? {
            return Ok(Admission::Repeat(account, first));
        }
        self.admit_new(candidate)?;
        Ok(Admission::New)
    }

    /// Instrument, account, client order id. The first order of that name, when it said the same.
    #[inline]
    fn identify(&self, candidate: &Candidate<'_>) -> Result<Option<(AccountId, OrderId)>, Reason> {
        let order = candidate.order;
        self.instruments.get(order.instrument).ok_or(Reason::UnknownSymbol)?;
        match candidate.party {
            Party::Known(_) if order.client_order_id.is_empty() => Ok(None),
            Party::Known(account) => match self.clients.find(account, &order.client_order_id) {
                None => Ok(None),
                Some((first, content)) if content == candidate.content => {
                    Ok(Some((account, first)))
                }
                Some(_) => Err(Reason::DuplicateClientOrderId),
            },
            Party::New(_) if self.accounts.is_full() => Err(Reason::AccountLimit),
            Party::New(_) => Ok(None),
            Party::Nobody => Err(Reason::UnknownAccount),
        }
    }

    /// What is left to check when the order is no repeat.
    #[inline]
    fn admit_new(&self, candidate: &Candidate<'_>) -> Result<(), Reason> {
        let order = candidate.order;
        self.judge(candidate)?;
        self.judge_holding(order, candidate.party)?;
        match candidate.before {
            // Its money and the book are asked when it enters.
            Some((Link::Oto, _)) => Ok(()),
            Some((Link::Oco, _)) | None => self.judge_entry(candidate),
        }
    }

    fn judge(&self, candidate: &Candidate<'_>) -> Result<(), Reason> {
        let Candidate { order, party, now_ns, before, .. } = *candidate;
        if self.is_first_rules() && says_later(order) {
            return Err(Reason::BadCombination);
        }
        judge_combination(order)?;
        if let Party::Known(account) = party {
            self.judge_budget(order, account)?;
        }
        judge_fields(order)?;
        self.judge_quantity(order)?;
        judge_parts(order)?;
        self.judge_kept_price(order)?;
        self.judge_sums(order, before.map(|(_, before)| before))?;
        let instrument = order.instrument;
        if is_limit(order.order_type) {
            self.judge_band(instrument, order.price)?;
        }
        judge_expiry(order, now_ns)?;
        self.judge_status(order)?;
        let account = party.known();
        if account.is_some_and(|at| self.accounts.settings(at).access == Access::Disabled) {
            return Err(Reason::AccountDisabled);
        }
        let entering = 1 + u32::from(before.is_some());
        if let Some(account) = account {
            self.judge_account(order, account, entering, now_ns)?;
        }
        if is_trailing(order) {
            let before = before.is_some_and(|(_, before)| is_trailing(before));
            if !self.trails.has_room(1 + u32::from(before)) {
                return Err(Reason::OrderLimit);
            }
        }
        if !self.book.orders().has_room(entering) {
            return Err(Reason::BookFull);
        }
        let Some(account) = account else { return Ok(()) };
        let mut wish = self.wish(order, account);
        if let Some((Link::Oto, parent)) = before
            && parent.side == order.side
        {
            let both = wish.open.checked_add(parent.quantity);
            wish.open = both.unwrap_or(Quantity(u64::MAX));
        }
        self.judge_position(&wish, Held::default())
    }

    /// Whoever must lock money first must say how much.
    fn judge_budget(&self, order: &Order, account: AccountId) -> Result<(), Reason> {
        if self.accounts.known(account).funding != Funding::Funded {
            return Ok(());
        }
        let has = |field| order.has(field);
        let is_known = match order.side {
            Side::Buy => {
                is_limit(order.order_type)
                    || has(OrderFields::BUDGET)
                    || has(OrderFields::PROTECTION)
            }
            Side::Sell => has(OrderFields::QUANTITY) || !has(OrderFields::BUDGET),
        };
        if is_known { Ok(()) } else { Err(Reason::BadCombination) }
    }

    /// The last price of all stands for a market order's in a call phase.
    #[inline]
    fn judge_kept_price(&self, order: &Order) -> Result<(), Reason> {
        let is_kept = order.price.0 == i64::MAX && is_limit(order.order_type);
        if is_kept && !self.is_first_rules() { Err(Reason::Overflow) } else { Ok(()) }
    }

    /// What the instrument demands of the quantity.
    fn judge_quantity(&self, order: &Order) -> Result<(), Reason> {
        let bounds = &self.instruments.market(order.instrument).bounds;
        let worth = self.instruments.worth(order.instrument);
        if !bounds.max_quantity.is_zero() && order.quantity > bounds.max_quantity {
            return Err(Reason::BadQuantity);
        }
        let notional = if order.has(OrderFields::BUDGET) {
            Some(order.budget)
        } else if is_limit(order.order_type) && worth.fits(order.price, order.quantity) {
            Some(worth.money(order.price, order.quantity))
        } else {
            None
        };
        let min = bounds.min_notional.units();
        if min > 0 && notional.is_some_and(|notional| notional < min) {
            return Err(Reason::BadQuantity);
        }
        Ok(())
    }

    /// Money that can be counted, and sums of a side that fit, also with the leg before it.
    #[inline]
    fn judge_sums(&self, order: &Order, before: Option<&Order>) -> Result<(), Reason> {
        let worth = self.instruments.worth(order.instrument);
        if is_limit(order.order_type) && !worth.fits(order.price, order.quantity) {
            return Err(Reason::Overflow);
        }
        let half = Half::of(order.instrument, order.side);
        let is_stop = is_stop(order.order_type);
        let rests = remainder(order.order_type, order.time_in_force, order.fields);
        let is_collected = order.order_type == OrderType::Market
            && self.instruments.status(order.instrument) == Status::Auction;
        if rests == Remainder::Cancelled && !is_stop && !is_collected {
            return Ok(());
        }
        let mut sum = self.book.total(half).checked_add(order.quantity);
        if is_stop {
            let stops = self.book.total(half.stops()).checked_add(order.quantity);
            stops.ok_or(Reason::Overflow)?;
        }
        if let Some(before) = before.filter(|before| before.side == order.side) {
            sum = sum.and_then(|sum| sum.checked_add(before.quantity));
        }
        sum.map(|_| ()).ok_or(Reason::Overflow)
    }

    /// The sum of a side, and so of each of its levels, fits 64 bits, even if all of `new` rests.
    pub(super) fn judge_total(
        &self,
        half: Half,
        old: Quantity,
        new: Quantity,
    ) -> Result<(), Reason> {
        (self.book.total(half) - old).checked_add(new).map(|_| ()).ok_or(Reason::Overflow)
    }

    pub(super) fn judge_band(&self, id: InstrumentId, price: Price) -> Result<(), Reason> {
        let bounds = &self.instruments.market(id).bounds;
        let is_above = bounds.band_high.0 > 0 && price > bounds.band_high;
        if price < bounds.band_low || is_above { Err(Reason::PriceBand) } else { Ok(()) }
    }

    fn judge_status(&self, order: &Order) -> Result<(), Reason> {
        match self.instruments.status(order.instrument) {
            Status::Open => Ok(()),
            Status::Halted => Err(Reason::Halted),
            Status::Closed => Err(Reason::Closed),
            // Stops are parked as they are: what they become is asked when they fire.
            Status::Auction if is_stop(order.order_type) => Ok(()),
            Status::Auction => judge_collected(order.time_in_force, order.fields),
        }
    }

    fn judge_account(
        &self,
        order: &Order,
        account: AccountId,
        entering: u32,
        now_ns: u64,
    ) -> Result<(), Reason> {
        let settings = self.accounts.settings(account);
        if settings.has(AccountFields::ORDERS_PER_SECOND) {
            let (began_ns, count) = settings.second;
            let count = if now_ns < began_ns.saturating_add(SECOND_NS) { count } else { 0 };
            if count.saturating_add(entering) > settings.orders_per_second {
                return Err(Reason::RateLimit);
            }
        }
        let wish = self.wish(order, account);
        let notional = self.notional(&wish, order.order_type, order.stop_price);
        self.judge_limits(&wish, notional, settings)?;
        let orders = self.accounts.known(account).orders;
        if settings.has(AccountFields::MAX_OPEN_ORDERS)
            && orders.saturating_add(entering) > settings.max_open_orders
        {
            return Err(Reason::OrderLimit);
        }
        Ok(())
    }

    /// Counts an accepted order of the account in its second.
    pub(super) fn count_order(&mut self, account: AccountId) {
        let now_ns = self.applied.time_ns;
        if !self.accounts.settings(account).has(AccountFields::ORDERS_PER_SECOND) {
            return;
        }
        let settings = self.accounts.settings_mut(account);
        let (began_ns, count) = settings.second;
        settings.second = if count > 0 && now_ns < began_ns.saturating_add(SECOND_NS) {
            (began_ns, count + 1)
        } else {
            (now_ns, 1)
        };
    }

    /// Whether there is room for the holding and balances that its fills would need.
    #[inline]
    fn judge_holding(&self, order: &Order, party: Party) -> Result<(), Reason> {
        if let Party::Known(account) = party {
            let known = self.accounts.known(account);
            if known.home.0 == order.instrument
                || self.holdings.find(account, order.instrument).is_some()
            {
                return Ok(());
            }
            if known.funding == Funding::Funded {
                let traded = self.instruments.get(order.instrument).expect("it was looked up");
                let assets = [traded.base, traded.quote].into_iter();
                let new = assets.filter(|&id| self.ledger.find(known.balances, id).is_none());
                if !self.ledger.has_room(new.count()) {
                    return Err(Reason::AccountLimit);
                }
            }
        }
        if self.holdings.is_full() { Err(Reason::AccountLimit) } else { Ok(()) }
    }

    pub(super) fn wish(&self, order: &Order, account: AccountId) -> Wish {
        let has_budget = order.has(OrderFields::BUDGET);
        Wish {
            account,
            instrument: order.instrument,
            side: order.side,
            fees: self.fees_of(order.instrument, Some(account)),
            price: self.limit_price(order),
            open: order.quantity,
            budget: has_budget.then_some(order.budget),
        }
    }

    /// Rates of the instrument, or the account's own.
    pub(super) fn fees_of(&self, id: InstrumentId, account: Option<AccountId>) -> Fees {
        let instrument = self.instruments.get(id).expect("it was looked up before");
        let (maker_ppm, taker_ppm) = (instrument.maker_fee_ppm, instrument.taker_fee_ppm);
        let mut fees = Fees { maker_ppm, taker_ppm, carry: 0 };
        if let Some(account) = account.filter(|&at| !self.accounts.known(at).is_plain) {
            let settings = self.accounts.settings(account);
            if settings.has(AccountFields::MAKER_FEE) {
                fees.maker_ppm = settings.maker_fee_ppm;
            }
            if settings.has(AccountFields::TAKER_FEE) {
                fees.taker_ppm = settings.taker_fee_ppm;
            }
        }
        fees
    }

    /// Its limit; with protection, so far beyond the best opposite price. 0: it has none.
    pub(super) fn limit_price(&self, order: &Order) -> Price {
        if order.has(OrderFields::PROTECTION) {
            self.protected(Half::of(order.instrument, order.side), order.protection)
        } else {
            order.price
        }
    }

    pub(super) fn protected(&self, half: Half, points: Price) -> Price {
        let Some(best) = self.book.best(half.opposite()) else { return Price(0) };
        let price = match half.side() {
            Side::Buy => best.0.saturating_add(points.0),
            Side::Sell => best.0.saturating_sub(points.0),
        };
        Price(price.clamp(1, i64::MAX - 1))
    }

    /// Money, then the rules that need to see the other side.
    #[inline]
    fn judge_entry(&self, candidate: &Candidate<'_>) -> Result<(), Reason> {
        let order = candidate.order;
        let account = candidate.party.known();
        if let Some(account) = account
            && !self.accounts.known(account).is_plain
        {
            let wish = self.wish(order, account);
            self.judge_protection(order, wish.price)?;
            self.judge_funds(&wish, Held::default())?;
        }
        if is_stop(order.order_type) || self.instruments.status(order.instrument) == Status::Auction
        {
            return Ok(());
        }
        let half = Half::of(order.instrument, order.side);
        let price = self.limit_price(order);
        let limit = limit(order.order_type, order.fields, price);
        let is_market = order.order_type == OrderType::Market;
        if is_market && self.book.best(half.opposite()).is_none() {
            return Err(Reason::NoLiquidity);
        }
        self.judge_protection(order, price)?;
        let self_trade = mode(order.self_trade, self.default_mode(account));
        self.judge_crossing(&Crossing::wished(order, account, limit, self_trade))
    }

    pub(super) fn judge_fill_or_kill(
        &self,
        order: &Order,
        account: AccountId,
    ) -> Result<(), Reason> {
        let self_trade = mode(order.self_trade, SelfTrade::None);
        let limit = Limit::At(order.price);
        self.judge_crossing(&Crossing::wished(order, Some(account), limit, self_trade))
    }

    /// A limit that the book has set must be one that could have been named.
    fn judge_protection(&self, order: &Order, price: Price) -> Result<(), Reason> {
        let worth = self.instruments.worth(order.instrument);
        if order.has(OrderFields::PROTECTION) && !worth.fits(price, order.quantity) {
            return Err(Reason::Overflow);
        }
        Ok(())
    }

    /// Post-only, minimum quantity, fill or kill.
    #[inline]
    pub(super) fn judge_crossing(&self, crossing: &Crossing) -> Result<(), Reason> {
        let Crossing { half, limit, fields, open, .. } = *crossing;
        if fields.has(OrderFields::POST_ONLY) && self.book.is_within(half.opposite(), limit) {
            return Err(Reason::PostOnly);
        }
        // At least nothing: the same as not said.
        let has_min = fields.has(OrderFields::MIN_QUANTITY) && !crossing.min_quantity.is_zero();
        let is_fok = crossing.time_in_force == TimeInForce::Fok;
        if !has_min && !is_fok {
            return Ok(());
        }
        let has_quantity = fields.has(OrderFields::QUANTITY);
        let open = if has_quantity { open } else { Quantity(u64::MAX - 1) };
        let reach = Reach {
            half,
            account: crossing.account.unwrap_or_default(),
            limit,
            range: self.range(half.instrument()),
            self_trade: crossing.self_trade,
            fees: crossing
                .fees
                .unwrap_or_else(|| self.fees_of(half.instrument(), crossing.account)),
            budget: crossing.budget,
            sibling: crossing.sibling,
        };
        if has_min && !self.can_trade(&reach, open, crossing.min_quantity) {
            return Err(Reason::MinQuantity);
        }
        if is_fok && has_quantity && !self.can_trade(&reach, open, open) {
            return Err(Reason::Fok);
        }
        Ok(())
    }

    fn default_mode(&self, account: Option<AccountId>) -> SelfTrade {
        account.map_or(SelfTrade::None, |account| self.accounts.settings(account).self_trade)
    }

    /// Prices that a taker starting now may trade at.
    #[inline]
    pub(crate) fn range(&self, id: InstrumentId) -> (Price, Price) {
        let market = self.instruments.market(id);
        if market.is_plain || market.bounds.execution_range_ppm == 0 {
            return ANY_PRICE;
        }
        let reference = match market.last {
            Price(0) => market.bounds.reference_price,
            last => last,
        };
        if reference.0 == 0 {
            return ANY_PRICE;
        }
        let (ppm, range) = (1_000_000i128, i128::from(market.bounds.execution_range_ppm));
        let low = i128::from(reference.0) * (ppm - range);
        let high = i128::from(reference.0) * (ppm + range) / ppm;
        let low = -(-low).div_euclid(ppm);
        let within = |price: i128| Price(i64::try_from(price.max(0)).unwrap_or(i64::MAX));
        (within(low), within(high))
    }
}

/// An order about to meet the other side.
pub(super) struct Crossing {
    pub(super) half: Half,
    pub(super) limit: Limit,
    pub(super) account: Option<AccountId>,
    pub(super) fields: OrderFields,
    pub(super) time_in_force: TimeInForce,
    pub(super) self_trade: SelfTrade,
    pub(super) open: Quantity,
    pub(super) min_quantity: Quantity,
    /// None: as they would be fixed now.
    pub(super) fees: Option<Fees>,
    pub(super) budget: Option<i128>,
    pub(super) sibling: Option<u32>,
}

impl Crossing {
    /// Of an order that is not in yet.
    fn wished(
        order: &Order,
        account: Option<AccountId>,
        limit: Limit,
        self_trade: SelfTrade,
    ) -> Self {
        Self {
            half: Half::of(order.instrument, order.side),
            limit,
            account,
            fields: order.fields,
            time_in_force: order.time_in_force,
            self_trade,
            open: order.quantity,
            min_quantity: order.min_quantity,
            fees: None,
            budget: order.has(OrderFields::BUDGET).then_some(order.budget),
            sibling: None,
        }
    }

    /// Of an order that is in.
    pub(super) fn of(exchange: &Exchange, slot: u32) -> Self {
        let terms: &Terms = &exchange.terms[slot as usize];
        let conditions = exchange.conditions.get(terms.conditions);
        let has_budget = terms.fields.has(OrderFields::BUDGET);
        Self {
            half: terms.half,
            limit: limit(terms.order_type, terms.fields, terms.price),
            account: Some(exchange.owner(slot)),
            fields: terms.fields,
            time_in_force: terms.time_in_force,
            self_trade: terms.self_trade,
            open: exchange.open(slot),
            min_quantity: Quantity(conditions.min_quantity),
            fees: Some(terms.fees),
            budget: has_budget.then_some(conditions.budget),
            sibling: exchange.partner_of(slot),
        }
    }
}

fn is_trailing(order: &Order) -> bool {
    order.order_type == OrderType::TrailingStop
}
