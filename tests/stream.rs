//! Random command streams from a seed: several accounts and instruments, every kind of command,
//! hostile values among them. Orders are aimed at by the step that entered them, so that a stream
//! still means something after steps were taken out of it. Times are absolute for the same reason.

mod dice;
mod mood;
mod orders;

use std::collections::VecDeque;

use orison_core::command::{
    Access, AccountFields, AccountRef, AccountSpec, Actor, Amend, AmendFields, Cancel,
    CancelReason, Direction, EndOfDay, ExternalDepth, ExternalLevel, ExternalSide, ExternalTrade,
    Foreign, Genesis, InstrumentFields, InstrumentSpec, Liquidation, MassCancel, Order, OrderType,
    Pair, Pray, Prayer, SelfTrade, StatusChange, Target, Ticker, TimeInForce, Transfer, Uncross,
};
use orison_core::instrument::Status;
use orison_core::{
    AccountId, AccountName, AssetName, Command, Decimal, InstrumentId, OrderId, Price, Quantity,
    Sequence, Side, Symbol,
};

pub(crate) use dice::Dice;
use mood::Mood;

/// An order as streams know it: the step that asked for it, and which leg it was.
pub(crate) type Asked = (usize, u16);

/// A command and what it takes to give it again elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Its place in the stream that it was made for.
    pub(crate) number: usize,
    pub(crate) time_ns: u64,
    pub(crate) command: Command,
    /// Whose order is meant, instead of the id that stands in the command.
    pub(crate) aims_at: Option<Asked>,
}

impl Step {
    /// The command with its aim put in; an order that never came to be stays a foreign id.
    pub(crate) fn aimed(&self, order_of: impl Fn(Asked) -> Option<OrderId>) -> Command {
        let mut command = self.command;
        if let Some(id) = self.aims_at.and_then(order_of) {
            match &mut command {
                Command::Cancel(cancel) => cancel.target = Target::Order(id),
                Command::Amend(amend) => amend.target = Target::Order(id),
                other => panic!("{other:?} aims at nothing"),
            }
        }
        command
    }
}

/// The steps of a seed: the same for ever, and a longer stream begins with the shorter one.
pub(crate) struct Stream {
    dice: Dice,
    mood: Mood,
    /// Commands that every stream opens with.
    opening: VecDeque<Command>,
    number: usize,
    now_ns: u64,
    /// What was asked for and may live, the latest last.
    placed: Vec<(Asked, Order)>,
    pairs: Vec<Pair>,
}

impl Stream {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mood = Mood::draw(&mut dice);
        Self::in_mood(dice, mood)
    }

    /// Many accounts that all have money, in instruments that all share their assets.
    pub(crate) fn of_money(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mood = Mood::of_money(&mut dice);
        Self::in_mood(dice, mood)
    }

    /// Of plain values, by accounts that are all there from the beginning.
    pub(crate) fn of_tape(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mood = Mood::of_tape(&mut dice);
        Self::in_mood(dice, mood)
    }

    fn in_mood(dice: Dice, mood: Mood) -> Self {
        let mut stream = Self {
            dice,
            mood,
            opening: VecDeque::new(),
            number: 0,
            now_ns: 1,
            placed: Vec::new(),
            pairs: Vec::new(),
        };
        stream.open();
        stream
    }

    fn open(&mut self) {
        self.opening.push_back(Command::Genesis(self.mood.limits));
        for number in 1..=self.mood.instruments {
            let spec = mood::instrument(number, &self.mood, &mut self.dice);
            self.opening.push_back(Command::Instrument(spec));
        }
        for account in 1..=self.mood.funded {
            for asset in 1..=3 {
                let mut deposit = self.deposit();
                deposit.account = AccountRef::Name(name("account", account));
                deposit.asset = name("ASSET", asset);
                self.opening.push_back(Command::Transfer(deposit));
            }
        }
    }

    fn command(&mut self) -> (Command, Option<Asked>) {
        // The first rules refuse them.
        let is_known = self.mood.limits.rules_version >= 2 || self.dice.one_in(10);
        if is_known && self.dice.one_in(self.mood.status_odds) {
            return (self.status(), None);
        }
        match self.dice.below(100) {
            0..56 => {
                let order = self.order();
                self.note(0, order);
                (Command::Place(order), None)
            }
            56..63 if self.mood.limits.rules_version >= 2 || self.dice.one_in(10) => {
                let pair = self.pair();
                self.note(0, pair.legs[0]);
                self.note(1, pair.legs[1]);
                self.pairs.push(pair);
                (Command::Pair(pair), None)
            }
            56..70 => {
                let (account, target, aims_at, _) = self.aim();
                (Command::Cancel(Cancel { account, target }), aims_at)
            }
            70..86 => self.amend(),
            86 if self.dice.one_in(4) => (self.mass_cancel(), None),
            86..90 => (Command::Clock, None),
            90 => (self.pray(), None),
            91 => (self.ticker(), None),
            92 => match self.dice.below(4) {
                0 | 1 => (self.liquidation(), None),
                2 => (self.external_trade(), None),
                _ => (self.external_depth(), None),
            },
            93 => (self.instrument_change(), None),
            94..97 => (Command::Transfer(self.transfer()), None),
            97 | 98 if self.dice.one_in(2) => (self.account_change(), None),
            _ => (self.rare(), None),
        }
    }

    /// What may rest or wait can be aimed at later.
    fn note(&mut self, leg: u16, order: Order) {
        let must_go = matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
        let is_market = order.order_type == OrderType::Market;
        let waits = !is_market && order.order_type != OrderType::Limit;
        if waits || !must_go {
            self.placed.push(((self.number, leg), order));
        }
    }

    /// What hardly ever happens, so that it does happen.
    fn rare(&mut self) -> Command {
        match self.dice.below(8) {
            0 if self.mood.limits.rules_version < 2 && self.dice.one_in(8) => {
                self.mood.limits.rules_version = 2;
                Command::Genesis(self.mood.limits)
            }
            0 => Command::Genesis(self.mood.limits),
            1 => {
                // The rules only move on, and no limit falls.
                let limits = self.mood.limits;
                let less = Genesis { orders_max: 1, ..limits };
                let more = Genesis { orders_max: limits.orders_max + 1, ..limits };
                let other = Genesis { feed_window: limits.feed_window + 1, ..limits };
                Command::Genesis(self.dice.pick(&[less, more, other]))
            }
            2 => {
                let number = self.dice.below(8) + 1;
                Command::Instrument(mood::instrument(number, &self.mood, &mut self.dice))
            }
            _ => Command::Clock,
        }
    }

    fn account(&mut self) -> AccountRef {
        let number = self.dice.below(self.mood.accounts) + 1;
        if self.dice.one_in(self.mood.hostile_odds * 2) {
            return match self.dice.below(4) {
                0 => AccountRef::Id(AccountId(0)),
                1 => AccountRef::Id(AccountId(u32::MAX)),
                2 => AccountRef::Name(AccountName::EMPTY),
                _ => AccountRef::Name(name("stranger", self.dice.below(30))),
            };
        }
        if self.dice.one_in(2) {
            AccountRef::Name(name("account", number))
        } else {
            AccountRef::Id(AccountId(number as u32))
        }
    }

    /// As far as the stream knows.
    fn is_funded(&self, account: AccountRef) -> bool {
        (1..=self.mood.funded).any(|number| match account {
            AccountRef::Id(id) => u64::from(id.0) == number,
            AccountRef::Name(known) => known == name("account", number),
        })
    }

    fn instrument(&mut self) -> InstrumentId {
        if self.dice.one_in(self.mood.hostile_odds * 2) {
            return InstrumentId(self.dice.pick(&[0, 9, u16::MAX]));
        }
        InstrumentId(self.dice.below(self.mood.instruments) as u16 + 1)
    }

    /// An order of this stream, mostly a late one and by its own account.
    fn aim(&mut self) -> (AccountRef, Target, Option<Asked>, Option<Order>) {
        if self.dice.one_in(self.mood.hostile_odds) || self.placed.is_empty() {
            let sequence = Sequence(self.dice.pick(&[0, 1, 5, self.number as u64, u64::MAX]));
            let (slot, leg) = (self.dice.pick(&[0, 1, u32::MAX]), self.dice.pick(&[2, u16::MAX]));
            let target = Target::Order(OrderId { sequence, slot, leg });
            return (self.account(), target, None, None);
        }
        let latest = self.placed.len() as u64;
        let reach = self.dice.pick(&[2, 8, 40]);
        let back = self.dice.below(latest.min(reach));
        let (asked, order) = self.placed[(latest - 1 - back) as usize];
        let account = if self.dice.one_in(12) { self.account() } else { order.account };
        if !order.client_order_id.is_empty() && self.dice.one_in(2) {
            return (account, Target::Client(order.client_order_id), None, Some(order));
        }
        (account, Target::Order(OrderId::default()), Some(asked), Some(order))
    }

    fn amend(&mut self) -> (Command, Option<Asked>) {
        let (account, target, aims_at, order) = self.aim();
        let side = order.map_or(Side::Buy, |order| order.side);
        let order_type = order.map_or(OrderType::Limit, |order| order.order_type);
        let mut fields = match (order_type, self.dice.below(6)) {
            (_, 0 | 1) => AmendFields::QUANTITY,
            (OrderType::Limit | OrderType::Market | OrderType::StopLimit, 2) => AmendFields::PRICE,
            (OrderType::Stop | OrderType::StopLimit, 3) => AmendFields::STOP_PRICE,
            (OrderType::TrailingStop, _) => AmendFields::TRAIL,
            (OrderType::Stop, _) => AmendFields::QUANTITY.with(AmendFields::STOP_PRICE),
            _ => AmendFields::QUANTITY.with(AmendFields::PRICE),
        };
        if self.dice.one_in(self.mood.hostile_odds) {
            fields = AmendFields(self.dice.next() as u8 & AmendFields::KNOWN.0);
        }
        let mut amend = Amend {
            account,
            target,
            fields,
            quantity: Quantity::ZERO,
            price: Price(0),
            stop_price: Price(0),
            trail: Price(0),
        };
        if fields.has(AmendFields::QUANTITY) && !self.dice.one_in(10) {
            amend.quantity = self.quantity();
        }
        if fields.has(AmendFields::PRICE) {
            amend.price = self.price(side);
        }
        if fields.has(AmendFields::STOP_PRICE) {
            amend.stop_price = self.price(side.opposite());
        }
        if fields.has(AmendFields::TRAIL) {
            amend.trail = Price(self.dice.below(self.mood.spread) as i64 + 1);
        }
        (Command::Amend(amend), aims_at)
    }

    fn mass_cancel(&mut self) -> Command {
        let instrument = self.dice.one_in(2).then(|| self.instrument());
        let side = self.dice.one_in(2).then(|| self.dice.pick(&Side::BOTH));
        let reason = self.dice.pick(&[
            CancelReason::Mass,
            CancelReason::Admin,
            CancelReason::Disconnect,
            CancelReason::Timer,
        ]);
        let (account, actor) = (self.account(), Actor::EMPTY);
        Command::MassCancel(MassCancel { account, instrument, side, reason, actor })
    }

    /// Mostly back to normal, or nothing would ever trade.
    fn status(&mut self) -> Command {
        let (instrument, actor) = (self.instrument(), Actor::EMPTY);
        let status = match self.dice.below(20) {
            0..10 => Status::Open,
            10..14 => Status::Auction,
            14 if self.dice.one_in(3) => Status::Halted,
            14 if self.dice.one_in(3) => Status::Closed,
            14..18 => return Command::Uncross(Uncross { instrument, actor }),
            _ => {
                let instrument = self.dice.one_in(2).then_some(instrument);
                return Command::EndOfDay(EndOfDay { instrument, actor });
            }
        };
        Command::Status(StatusChange { instrument, status, actor })
    }

    /// Enough for a few orders, now and then for many.
    fn deposit(&mut self) -> Transfer {
        let (lot, worth) = mood::lot_and_worth(self.dice.below(self.mood.instruments) + 1);
        let quantity = i128::from(self.dice.below(self.mood.quantity_max) + 1);
        let unit = lot.max(worth * i128::from(self.mood.middle()));
        let amount = quantity * unit * self.dice.pick(&[1, 3, 50]);
        Transfer {
            account: self.account(),
            asset: name("ASSET", self.dice.below(3) + 1),
            direction: Direction::Deposit,
            amount: Decimal::new(amount, mood::DECIMALS),
            actor: Actor::EMPTY,
        }
    }

    fn transfer(&mut self) -> Transfer {
        let mut transfer = self.deposit();
        if self.dice.one_in(3) {
            transfer.direction = Direction::Withdraw;
        }
        if self.dice.one_in(self.mood.hostile_odds) {
            let fine = Decimal::new(1, mood::DECIMALS + 1);
            let (zero, debt) = (Decimal::ZERO, Decimal::new(-1, 0));
            let (most, much) = (Decimal::new(i128::MAX, 0), Decimal::new(1 << 126, 8));
            transfer.amount = self.dice.pick(&[fine, zero, debt, most, much]);
        }
        if self.dice.one_in(self.mood.hostile_odds) {
            transfer.asset = self.dice.pick(&[AssetName::EMPTY, name("ASSET", 77)]);
        }
        transfer
    }

    /// Limits that bite, and their removal.
    fn account_change(&mut self) -> Command {
        let mut spec = AccountSpec::of(self.account());
        let field = AccountFields(1 << self.dice.below(9));
        spec.fields = field;
        let many = self.mood.quantity_max;
        let steps = |steps: u64| Decimal::new(i128::from(steps) * 1_000_000, mood::DECIMALS);
        spec.self_trade = SelfTrade::None;
        match field {
            AccountFields::SELF_TRADE => {
                spec.self_trade = self.dice.pick(&[
                    SelfTrade::None,
                    SelfTrade::CancelTaker,
                    SelfTrade::CancelMaker,
                    SelfTrade::Decrement,
                ]);
            }
            AccountFields::MAX_QUANTITY => spec.max_quantity = steps(self.dice.below(many * 100)),
            AccountFields::MAX_NOTIONAL => spec.max_notional = steps(self.dice.below(many * 999)),
            AccountFields::POSITION_LIMIT => {
                spec.position_limit = steps(self.dice.below(many * 200));
            }
            AccountFields::MAX_OPEN_ORDERS => {
                spec.max_open_orders = self.dice.pick(&[1, 5, 20, 50]);
            }
            AccountFields::ORDERS_PER_SECOND => {
                spec.orders_per_second = self.dice.pick(&[1, 3, 10, 50]);
            }
            AccountFields::MAKER_FEE => {
                spec.maker_fee_ppm = self.dice.pick(&[0, 5, -200, 100_000, -100_001]);
            }
            AccountFields::TAKER_FEE => {
                spec.taker_fee_ppm = self.dice.pick(&[0, 300, -3, 99_999, 100_001]);
            }
            _ => {
                let is_off = self.dice.one_in(20);
                spec.access = if is_off { Access::Disabled } else { Access::Enabled };
            }
        }
        let is_limit = field != AccountFields::SELF_TRADE && field != AccountFields::ENABLED;
        if is_limit && !self.dice.one_in(self.mood.limit_odds) {
            spec = AccountSpec { cleared: field, ..AccountSpec::of(spec.account) };
        }
        Command::Account(spec)
    }

    fn pray(&mut self) -> Command {
        let side = self.dice.pick(&[Prayer::Up, Prayer::Down]);
        Command::Pray(Pray { side, count: self.dice.pick(&[1, 1, 7, 100, 0, 101, u32::MAX]) })
    }

    fn ticker(&mut self) -> Command {
        Command::Ticker(Ticker {
            venue: name("VENUE", self.dice.below(2)),
            symbol: name("PAIR", self.dice.below(2)),
            price: Foreign { mantissa: self.dice.pick(&[1, 2]), scale: 2 },
            change_24h: Foreign { mantissa: self.dice.pick(&[-5, 5]), scale: 1 },
            event_time_ms: self.dice.below(3),
        })
    }

    fn liquidation(&mut self) -> Command {
        Command::Liquidation(Liquidation {
            venue: name("VENUE", self.dice.below(2)),
            symbol: name("PAIR", self.dice.below(2)),
            side: self.dice.pick(&Side::BOTH),
            quantity: Foreign { mantissa: self.dice.pick(&[1, 2]), scale: 0 },
            price: Foreign { mantissa: 3, scale: 0 },
            event_time_ms: self.dice.below(3),
        })
    }

    fn external_trade(&mut self) -> Command {
        Command::ExternalTrade(ExternalTrade {
            venue: name("VENUE", self.dice.below(2)),
            symbol: name("PAIR", self.dice.below(2)),
            side: self.dice.pick(&Side::BOTH),
            quantity: Foreign { mantissa: self.dice.pick(&[1, 2]), scale: 0 },
            price: Foreign { mantissa: 3, scale: 0 },
            trade_id: self.dice.below(2),
            event_time_ms: self.dice.below(2),
        })
    }

    fn external_depth(&mut self) -> Command {
        let mut side = |price: i64| {
            let count = self.dice.below(3) as i64;
            let quantity = self.dice.pick(&[1, 2]);
            ExternalSide::new((0..count).map(|n| ExternalLevel { price: price + n, quantity }))
        };
        let (bids, asks) = (side(10), side(20));
        Command::ExternalDepth(ExternalDepth {
            venue: name("VENUE", self.dice.below(2)),
            symbol: name("PAIR", self.dice.below(2)),
            price_scale: 0,
            quantity_scale: 0,
            bids,
            asks,
            update_id: self.dice.below(2),
            event_time_ms: self.dice.below(2),
        })
    }

    fn instrument_change(&mut self) -> Command {
        let mut spec = InstrumentSpec::EMPTY;
        let number = self.dice.below(self.mood.instruments) + 1;
        spec.symbol = symbol(number);
        match self.dice.below(8) {
            0..2 => {
                spec.fields = InstrumentFields::STATUS;
                spec.status = Status::Open;
            }
            2 => {
                spec.fields = InstrumentFields::STATUS;
                let closed = if self.dice.one_in(4) { Status::Closed } else { Status::Auction };
                spec.status = self.dice.pick(&[closed, Status::Auction]);
            }
            3 => {
                spec.fields = InstrumentFields::MAKER_FEE.with(InstrumentFields::TAKER_FEE);
                spec.maker_fee_ppm = self.dice.pick(&[0, -100, 500, 100_000, -100_000, i32::MIN]);
                spec.taker_fee_ppm = self.dice.pick(&[0, 100, 500, 100_000, 100_001, i32::MAX]);
            }
            4 => {
                spec.fields = InstrumentFields::TAKER_FEE;
                spec.taker_fee_ppm = self.dice.pick(&[0, 1, 333, -1]);
            }
            5..7 => mood::demands(&mut spec, number, &self.mood, &mut self.dice),
            _ => {
                spec.fields = InstrumentFields(1 << self.dice.below(16));
                spec.base = name("ASSET", self.dice.below(4));
            }
        }
        Command::Instrument(spec)
    }
}

impl Iterator for Stream {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        self.now_ns += match self.dice.below(40) {
            0..20 => 0,
            20..38 => self.dice.below(1_000_000),
            38 => self.dice.below(3_000_000_000),
            _ => self.dice.below(100_000_000_000),
        };
        let (command, aims_at) = match self.opening.pop_front() {
            Some(command) => (command, None),
            None => self.command(),
        };
        let step = Step { number: self.number, time_ns: self.now_ns, command, aims_at };
        self.number += 1;
        Some(step)
    }
}

fn name<const N: usize>(stem: &str, number: u64) -> orison_core::text::Text<N> {
    orison_core::text::Text::new(&format!("{stem}-{number}")).expect("the names here are short")
}

fn symbol(number: u64) -> Symbol {
    name("INSTRUMENT", number)
}
