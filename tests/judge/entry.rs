//! A new order, or two that are linked: every reason to refuse them in the fixed order, then their
//! way in. A parked child comes through here a second time, when its parent is filled.

use orison_core::command::{
    self, Access, AccountFields, Link, OrderFields, OrderType, Pair, SelfTrade, TimeInForce,
};
use orison_core::event::Op;
use orison_core::instrument::Status;
use orison_core::{AccountId, Reason, Side};

use super::Judge;
use super::order::{Order, Place, Rates, Tie, UNBOUND};
use super::said::{Id, Said};
use super::shape;

impl Judge {
    pub(super) fn place(&mut self, asked: &command::Order) {
        self.enter(Op::New, None, &[*asked]);
    }

    pub(super) fn pair(&mut self, pair: &Pair) {
        let op = match pair.link {
            Link::Oco => Op::Oco,
            Link::Oto => Op::Oto,
        };
        self.enter(op, Some(pair.link), &pair.legs);
    }

    fn enter(&mut self, op: Op, link: Option<Link>, legs: &[command::Order]) {
        let drafts = match self.judge_legs(link, legs) {
            Ok(Verdict::Enter(drafts)) => drafts,
            Ok(Verdict::Repeat(ids)) => {
                let repeat = |order| Said::Accepted { order, duplicate: true };
                return self.said.extend(ids.into_iter().map(repeat));
            }
            Err((leg, reason)) => {
                self.forget_if_new();
                return self.reject_new(op, &legs[leg], reason);
            }
        };
        for draft in &drafts {
            self.said.push(Said::Accepted { order: draft.id, duplicate: false });
            self.clients.enter(draft, link);
            self.remember_entry(draft);
        }
        self.orders.extend(drafts.iter().cloned());
        for draft in drafts.iter().filter(|draft| draft.place == Place::Hand) {
            // The first leg may have taken the second with it.
            if self.find(draft.id).is_some_and(|order| order.place == Place::Hand) {
                self.start(draft.id);
            }
        }
        self.settle(legs[0].instrument);
    }

    /// Instrument, account and name of every leg; then each leg as if the one before it were in.
    /// An error says which leg it is about.
    fn judge_legs(
        &mut self,
        link: Option<Link>,
        legs: &[command::Order],
    ) -> Result<Verdict, (usize, Reason)> {
        let mut accounts = Vec::new();
        let mut known = Vec::new();
        for (leg, asked) in legs.iter().enumerate() {
            let refused = |reason| (leg, reason);
            if self.listing.get(asked.instrument).is_none() {
                return Err(refused(Reason::UnknownSymbol));
            }
            let account = self.account_or_opened(&asked.account).map_err(refused)?;
            accounts.push(account);
            known.push(self.clients.known(account, link, leg, asked).map_err(refused)?);
        }
        let repeats: Vec<Id> = known.iter().filter_map(|known| *known).collect();
        if repeats.len() == legs.len() && repeats.iter().all(|id| id.0 == repeats[0].0) {
            return Ok(Verdict::Repeat(repeats));
        }
        if let Some(leg) = known.iter().position(Option::is_some) {
            return Err((leg, Reason::DuplicateClientOrderId));
        }
        if let [first, second] = legs {
            let name = first.client_order_id;
            if first.instrument != second.instrument || accounts[0] != accounts[1] {
                return Err((1, Reason::BadCombination));
            }
            if !name.is_empty() && name == second.client_order_id {
                return Err((1, Reason::DuplicateClientOrderId));
            }
        }
        let mut drafts = Vec::new();
        for (leg, asked) in legs.iter().enumerate() {
            let order = self.draft(accounts[leg], link, asked, leg as u16);
            let order = self.judge_order(order, &drafts).map_err(|reason| (leg, reason))?;
            drafts.push(order);
        }
        Ok(Verdict::Enter(drafts))
    }

    fn judge_order(&self, mut order: Order, drafts: &[Order]) -> Result<Order, Reason> {
        if self.genesis.rules_version < 2 && shape::is_later(&order.asked) {
            return Err(Reason::BadCombination);
        }
        self.shape_and_numbers(&order, drafts)?;
        if self.is_outside_band(&order) {
            return Err(Reason::PriceBand);
        }
        if self.is_bad_expiry(&order) {
            return Err(Reason::BadExpiry);
        }
        self.status_allows(&order)?;
        self.protect(&mut order);
        self.account_allows(&order, drafts)?;
        if order.place != Place::Parked {
            self.is_affordable(&order)?;
            self.book_allows(&order)?;
        }
        Ok(order)
    }

    fn draft(
        &self,
        account: AccountId,
        link: Option<Link>,
        asked: &command::Order,
        leg: u16,
    ) -> Order {
        let market = self.listing.market(asked.instrument);
        let settings = &self.account(account).settings;
        let own = |field, own, usual| if settings.fields.has(field) { own } else { usual };
        let fee = market.instrument;
        let maker_ppm = own(AccountFields::MAKER_FEE, settings.maker_fee_ppm, fee.maker_fee_ppm);
        let taker_ppm = own(AccountFields::TAKER_FEE, settings.taker_fee_ppm, fee.taker_fee_ppm);
        let other = (self.now.sequence.0, 1 - leg.min(1));
        let tie = link.map(|link| match (link, leg) {
            (Link::Oco, _) => Tie::Sibling(other),
            (Link::Oto, 0) => Tie::ParentOf(other),
            (Link::Oto, _) => Tie::ChildOf(other),
        });
        let is_child = matches!(tie, Some(Tie::ChildOf(_)));
        let default_mode = asked.self_trade == SelfTrade::AccountDefault;
        let has = |field| asked.has(field);
        let is_bare_budget = has(OrderFields::BUDGET) && !has(OrderFields::QUANTITY);
        Order {
            id: (self.now.sequence.0, leg),
            account,
            instrument: asked.instrument,
            side: asked.side,
            asked: *asked,
            place: if is_child { Place::Parked } else { Place::Hand },
            tie,
            limit: has(OrderFields::PRICE).then_some(asked.price.0),
            open: if is_bare_budget { UNBOUND } else { asked.quantity.0 },
            tip: 0,
            stop: asked.stop_price.0,
            trail: asked.trail.0,
            mark: None,
            has_fired: false,
            ticket: 0,
            self_trade: if default_mode { settings.self_trade } else { asked.self_trade },
            rates: Rates { maker_ppm, taker_ppm, carry: 0 },
            budget: has(OrderFields::BUDGET).then_some(asked.budget),
        }
    }

    /// Market-with-protection becomes a limit order as soon as there is a best price.
    fn protect(&self, order: &mut Order) {
        if order.has(OrderFields::PROTECTION)
            && let Some(best) = self.best(order.instrument, order.side.opposite())
        {
            order.limit = Some(shape::protected(order.side, best, order.asked.protection));
        }
    }

    /// In a call there is nothing to trade with at once.
    fn status_allows(&self, order: &Order) -> Result<(), Reason> {
        let demands = [
            OrderFields::POST_ONLY,
            OrderFields::BUDGET,
            OrderFields::MIN_QUANTITY,
            OrderFields::PROTECTION,
        ];
        let is_for_now = order.is(TimeInForce::Ioc)
            || order.is(TimeInForce::Fok)
            || demands.iter().any(|&field| order.has(field));
        match self.listing.market(order.instrument).instrument.status {
            Status::Open => Ok(()),
            Status::Halted => Err(Reason::Halted),
            Status::Closed => Err(Reason::Closed),
            Status::Auction if is_for_now && !order.is_stop() => Err(Reason::Auction),
            Status::Auction => Ok(()),
        }
    }

    fn account_allows(&self, order: &Order, drafts: &[Order]) -> Result<(), Reason> {
        let account = self.account(order.account);
        let settings = &account.settings;
        if settings.access == Access::Disabled {
            return Err(Reason::AccountDisabled);
        }
        let this_second = account.orders_this_second(self.now.time_ns) as usize + drafts.len();
        if settings.fields.has(AccountFields::ORDERS_PER_SECOND)
            && this_second >= settings.orders_per_second as usize
        {
            return Err(Reason::RateLimit);
        }
        self.size_allows(order)?;
        let own = self.orders.iter().filter(|other| other.account == order.account).count();
        let trailing = self.trailing(drafts);
        if settings.fields.has(AccountFields::MAX_OPEN_ORDERS)
            && own + drafts.len() >= settings.max_open_orders as usize
            || order.is_trailing() && trailing >= self.genesis.trailing_max as usize
        {
            return Err(Reason::OrderLimit);
        }
        if self.orders.len() + drafts.len() >= self.genesis.orders_max as usize {
            return Err(Reason::BookFull);
        }
        self.position_allows(order, drafts)?;
        let pairs: usize = self.accounts.iter().map(|account| account.positions.len()).sum();
        let is_new = account.positions.iter().all(|(known, _)| *known != order.instrument);
        let market = self.listing.market(order.instrument).instrument;
        let new_balances = [market.base, market.quote]
            .iter()
            .filter(|asset| account.is_funded() && !account.kept.contains(asset))
            .count();
        if is_new && pairs >= self.genesis.positions_max as usize
            || self.kept_balances() + new_balances > self.genesis.balances_max as usize
        {
            return Err(Reason::AccountLimit);
        }
        Ok(())
    }

    /// Trailing stops that wait, or are about to.
    fn trailing(&self, drafts: &[Order]) -> usize {
        let waits = |order: &&Order| order.place == Place::Waiting && order.is_trailing();
        let drafts = drafts.iter().filter(|draft| draft.is_trailing()).count();
        self.orders.iter().filter(waits).count() + drafts
    }

    /// The largest quantity and notional of its account.
    pub(super) fn size_allows(&self, order: &Order) -> Result<(), Reason> {
        let account = self.account(order.account);
        let market = self.listing.market(order.instrument);
        let base = self.listing.decimals(market.instrument.base);
        let quote = self.listing.decimals(market.instrument.quote);
        let quantity = i128::from(order.shown_open()) * market.lot;
        if account.limit(AccountFields::MAX_QUANTITY, base).is_some_and(|most| quantity > most) {
            return Err(Reason::OrderLimit);
        }
        let notional = self.notional(order);
        let most = account.limit(AccountFields::MAX_NOTIONAL, quote);
        if most.is_some_and(|most| notional > most) { Err(Reason::OrderLimit) } else { Ok(()) }
    }

    /// What it may cost or bring; what nobody knows is nothing.
    pub(super) fn notional(&self, order: &Order) -> i128 {
        let price = match order.asked.order_type {
            OrderType::Limit | OrderType::StopLimit => order.limit,
            OrderType::Stop => Some(order.stop),
            OrderType::Market => {
                order.limit.or_else(|| self.best(order.instrument, order.side.opposite()))
            }
            OrderType::TrailingStop => None,
        };
        let money = |price| self.listing.checked_money(order.instrument, price, order.shown_open());
        match (order.budget, price) {
            (Some(budget), _) => budget,
            (None, Some(price)) => money(price).unwrap_or(i128::MAX),
            (None, None) => 0,
        }
    }

    /// If everything of its side were filled: of siblings the larger.
    pub(super) fn position_allows(&self, order: &Order, drafts: &[Order]) -> Result<(), Reason> {
        let account = self.account(order.account);
        let market = self.listing.market(order.instrument);
        let base = self.listing.decimals(market.instrument.base);
        let Some(most) = account.limit(AccountFields::POSITION_LIMIT, base) else {
            return Ok(());
        };
        let mut group = i128::from(order.shown_open());
        let mut others = 0;
        for other in self.orders.iter().chain(drafts) {
            let is_same = (other.account, other.instrument, other.side)
                == (order.account, order.instrument, order.side);
            let open = i128::from(other.shown_open());
            match other.sibling() {
                _ if !is_same || other.id == order.id => {}
                Some(sibling) if sibling == order.id => group = group.max(open),
                Some(sibling) => {
                    let pair = self.find(sibling).filter(|s| s.side == other.side);
                    let larger = pair.map_or(open, |s| open.max(i128::from(s.shown_open())));
                    others += if pair.is_some() && sibling < other.id { 0 } else { larger };
                }
                None => others += open,
            }
        }
        let position = account.position(order.instrument);
        let after = match order.side {
            Side::Buy => position + others + group,
            Side::Sell => -position + others + group,
        };
        if after.saturating_mul(market.lot) > most { Err(Reason::PositionLimit) } else { Ok(()) }
    }

    fn is_affordable(&self, order: &Order) -> Result<(), Reason> {
        // A limit that the book has set must be one that could have been named.
        if self.is_uncountable(order) {
            return Err(Reason::Overflow);
        }
        if !self.account(order.account).is_funded() {
            return Ok(());
        }
        let market = self.listing.market(order.instrument).instrument;
        let lacks = |asset| {
            let free = self.account(order.account).total(asset) - self.locked(order.account, asset);
            self.need(order, asset) > free
        };
        if lacks(market.base) || lacks(market.quote) {
            return Err(Reason::InsufficientFunds);
        }
        Ok(())
    }

    /// The rules that need the book; a stop comes to them when it is fired.
    pub(super) fn book_allows(&self, order: &Order) -> Result<(), Reason> {
        if self.is_in_call(order.instrument) || order.is_stop() {
            return Ok(());
        }
        let best = self.best(order.instrument, order.side.opposite());
        let is_market = !order.has(OrderFields::PRICE);
        if is_market && best.is_none() {
            return Err(Reason::NoLiquidity);
        }
        if order.has(OrderFields::POST_ONLY) && best.is_some_and(|best| order.reaches(best)) {
            return Err(Reason::PostOnly);
        }
        if order.has(OrderFields::MIN_QUANTITY) && self.reach(order) < order.asked.min_quantity.0 {
            return Err(Reason::MinQuantity);
        }
        let is_all = order.is(TimeInForce::Fok) && order.open != UNBOUND;
        if is_all && self.reach(order) < order.open { Err(Reason::Fok) } else { Ok(()) }
    }

    /// It waits for its trigger, is collected for the uncross, or trades.
    fn start(&mut self, id: Id) {
        let order = self.get(id);
        let (instrument, is_stop) = (order.instrument, order.is_stop());
        if is_stop {
            let (ticket, mark) = (self.next_ticket(), self.listing.market(instrument).last);
            let order = self.get_mut(id);
            (order.place, order.ticket, order.mark) = (Place::Waiting, ticket, mark);
        } else if self.is_in_call(instrument) {
            self.rest(id);
        } else {
            self.take(id);
        }
    }

    /// Its parent is filled.
    pub(super) fn enter_child(&mut self, id: Id) {
        let mut order = self.get(id).clone();
        (order.place, order.tie) = (Place::Hand, None);
        self.protect(&mut order);
        let overflow = if self.overflows(&order, &[]) { Err(Reason::Overflow) } else { Ok(()) };
        let is_full = self.trailing(&[]) >= self.genesis.trailing_max as usize;
        let room = if order.is_trailing() && is_full { Err(Reason::OrderLimit) } else { Ok(()) };
        let refusal = self
            .status_allows(&order)
            .and(overflow)
            .and(room)
            .and_then(|()| self.is_affordable(&order))
            .and_then(|()| self.book_allows(&order));
        match refusal {
            Ok(()) => {
                *self.get_mut(id) = order;
                self.start(id);
            }
            Err(reason) => self.reject_live(id, reason),
        }
    }

    fn remember_entry(&mut self, order: &Order) {
        let now_ns = self.now.time_ns;
        let market = self.listing.market(order.instrument).instrument;
        let account = self.account_mut(order.account);
        account.has_ordered = true;
        account.count_order(now_ns);
        if account.positions.iter().all(|(known, _)| *known != order.instrument) {
            account.positions.push((order.instrument, 0));
        }
        if account.is_funded() {
            account.keep(market.base);
            account.keep(market.quote);
        }
    }

    pub(super) fn reject_new(&mut self, op: Op, asked: &command::Order, reason: Reason) {
        let client = asked.client_order_id;
        self.said.push(Said::Rejected { op, order: (0, 0), client, reason });
    }

    /// It was in, and comes no further: fired, or entered by its parent.
    pub(super) fn reject_live(&mut self, id: Id, reason: Reason) {
        let client = orison_core::ClientOrderId::EMPTY;
        self.said.push(Said::Rejected { op: Op::New, order: id, client, reason });
        let order = self.remove(id);
        self.unlink(&order, command::CancelReason::Ioc);
    }
}

enum Verdict {
    Enter(Vec<Order>),
    Repeat(Vec<Id>),
}
