//! Random command streams from a seed: several accounts and instruments, every kind of command,
//! hostile values among them. Orders are aimed at by the step that entered them, so that a stream
//! still means something after steps were taken out of it.

use std::collections::VecDeque;

use orison_core::command::{
    AccountRef, Actor, Amend, AmendFields, Cancel, CancelReason, Foreign, Genesis,
    InstrumentFields, InstrumentSpec, Liquidation, MassCancel, Order, OrderFields, OrderType, Pray,
    Prayer, SelfTrade, Target, Ticker, TimeInForce,
};
use orison_core::instrument::{Status, Step as Size};
use orison_core::{
    AccountId, AccountName, AssetName, ClientOrderId, Command, InstrumentId, OrderId, Price,
    Quantity, Sequence, Side, Symbol,
};

/// A command and what it takes to give it again elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Its place in the stream that it was made for.
    pub(crate) number: usize,
    /// Since the step before.
    pub(crate) pause_ns: u64,
    pub(crate) command: Command,
    /// The step whose order is meant, instead of the id that stands in the command.
    pub(crate) aims_at: Option<usize>,
}

impl Step {
    /// The command with its aim put in; an order that never came to be stays a foreign id.
    pub(crate) fn aimed(&self, order_of: impl Fn(usize) -> Option<OrderId>) -> Command {
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

/// Splitmix64: every seed is as good as any other.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// What kind of day it is; drawn from the seed.
#[derive(Clone, Debug)]
struct Mood {
    accounts: u64,
    instruments: u64,
    /// Prices lie this far around the middle.
    spread: u64,
    quantity_max: u64,
    /// One value in so many is hostile.
    hostile_odds: u64,
    /// One order in so many has a name.
    name_odds: u64,
    names: u64,
    limits: Genesis,
}

impl Mood {
    fn draw(dice: &mut Dice) -> Self {
        let tight = Genesis {
            orders_max: dice.pick(&[5, 30, 100]),
            accounts_max: dice.pick(&[2, 8, 20]),
            instruments_max: dice.pick(&[2, 4]),
            assets_max: dice.pick(&[3, 6]),
            closed_ids_max: dice.pick(&[1, 7, 40]),
            closed_ids_per_account_max: dice.pick(&[1, 4, 30]),
            feed_window: dice.pick(&[1, 3, 8]),
            ..Genesis::DEFAULT
        };
        let wide = Genesis {
            orders_max: 2_000,
            accounts_max: 20,
            closed_ids_max: 200,
            closed_ids_per_account_max: 50,
            feed_window: 16,
            instruments_max: 8,
            assets_max: 16,
            ..Genesis::DEFAULT
        };
        Self {
            accounts: dice.pick(&[1, 3, 8]),
            instruments: dice.pick(&[1, 2, 4]),
            spread: dice.pick(&[2, 10, 100, 100_000]),
            quantity_max: dice.pick(&[1, 10, 1_000, 1 << 40]),
            hostile_odds: dice.pick(&[20, 100, 1_000_000]),
            name_odds: dice.pick(&[1, 3, 1_000]),
            names: dice.pick(&[40, 400, 100_000]),
            limits: if dice.one_in(3) { tight } else { wide },
        }
    }
}

/// The steps of a seed: the same for ever, and a longer stream begins with the shorter one.
pub(crate) struct Stream {
    dice: Dice,
    mood: Mood,
    /// Commands that every stream opens with.
    opening: VecDeque<Command>,
    number: usize,
    /// Steps that asked for an order, the latest last, and what they asked for.
    placed: Vec<(usize, Order)>,
}

impl Stream {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mood = Mood::draw(&mut dice);
        let mut opening = VecDeque::from([Command::Genesis(mood.limits)]);
        opening.extend((1..=mood.instruments).map(|n| Command::Instrument(instrument(n))));
        Self { dice, mood, opening, number: 0, placed: Vec::new() }
    }

    fn command(&mut self) -> (Command, Option<usize>) {
        match self.dice.below(100) {
            0..52 => {
                let order = self.order();
                if order.time_in_force == TimeInForce::Gtc {
                    self.placed.push((self.number, order));
                }
                (Command::Place(order), None)
            }
            52..70 => {
                let (account, target, aims_at, _) = self.aim();
                (Command::Cancel(Cancel { account, target }), aims_at)
            }
            70..92 => self.amend(),
            92 => (self.mass_cancel(), None),
            93 => (Command::Clock, None),
            94..96 => (self.pray(), None),
            96 => (self.ticker(), None),
            97 => (self.liquidation(), None),
            98 => (self.instrument_change(), None),
            _ => (self.rare(), None),
        }
    }

    /// What hardly ever happens, so that it does happen.
    fn rare(&mut self) -> Command {
        match self.dice.below(8) {
            0 => Command::Genesis(self.mood.limits),
            1 => Command::Instrument(instrument(self.dice.below(8) + 1)),
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

    fn instrument(&mut self) -> InstrumentId {
        if self.dice.one_in(self.mood.hostile_odds * 2) {
            return InstrumentId(self.dice.pick(&[0, 9, u16::MAX]));
        }
        InstrumentId(self.dice.below(self.mood.instruments) as u16 + 1)
    }

    /// Buyers mostly bid below the middle, sellers mostly ask above it.
    fn price(&mut self, side: Side) -> Price {
        if self.dice.one_in(self.mood.hostile_odds) {
            return Price(self.dice.pick(&[0, 1, -1, i64::MIN, i64::MAX, i64::MAX - 1]));
        }
        let (middle, spread) = (2 * self.mood.spread as i64, self.mood.spread);
        let away = self.dice.below(spread + spread / 4 + 2) as i64 - (spread / 4 + 1) as i64;
        match side {
            Side::Buy => Price(middle - away),
            Side::Sell => Price(middle + away),
        }
    }

    fn quantity(&mut self) -> Quantity {
        if self.dice.one_in(self.mood.hostile_odds) {
            return Quantity(self.dice.pick(&[0, 1, u64::MAX, u64::MAX - 1, 1 << 63]));
        }
        Quantity(self.dice.below(self.mood.quantity_max) + 1)
    }

    fn name(&mut self) -> ClientOrderId {
        if self.dice.one_in(self.mood.name_odds) {
            return name("order", self.dice.below(self.mood.names));
        }
        ClientOrderId::EMPTY
    }

    fn order(&mut self) -> Order {
        if self.dice.one_in(30)
            && let Some((_, again)) = self.placed.last()
        {
            return *again;
        }
        let side = self.dice.pick(&Side::BOTH);
        let (account, instrument) = (self.account(), self.instrument());
        let mut order = Order::limit(account, instrument, side, self.price(side), self.quantity());
        order.client_order_id = self.name();
        order.time_in_force = match self.dice.below(20) {
            0..14 => TimeInForce::Gtc,
            14..17 => TimeInForce::Ioc,
            _ => TimeInForce::Fok,
        };
        if order.time_in_force != TimeInForce::Gtc || self.dice.one_in(4) {
            order.fields = order.fields.with(OrderFields::TIME_IN_FORCE);
        }
        if self.dice.one_in(8) {
            order.order_type = OrderType::Market;
            order.price = Price(0);
            order.fields = OrderFields(order.fields.0 & !OrderFields::PRICE.0);
        }
        if self.dice.one_in(12) {
            order.fields = order.fields.with(OrderFields::POST_ONLY);
        }
        if self.dice.one_in(self.mood.hostile_odds) {
            self.twist(&mut order);
        }
        if self.dice.one_in(20) {
            order.quantity.0 = order.quantity.0.saturating_mul(30);
        }
        order
    }

    /// A shape that no edge would hand over, or a rule that is not in force.
    fn twist(&mut self, order: &mut Order) {
        let field = 1 << self.dice.below(11);
        match self.dice.below(6) {
            0 => order.fields = OrderFields(order.fields.0 ^ field),
            1 => order.fields = OrderFields(self.dice.next() as u16 & OrderFields::KNOWN.0),
            2 => {
                order.order_type = self.dice.pick(&[
                    OrderType::Limit,
                    OrderType::Market,
                    OrderType::Stop,
                    OrderType::StopLimit,
                    OrderType::TrailingStop,
                ]);
            }
            3 => {
                order.time_in_force = self.dice.pick(&[TimeInForce::Day, TimeInForce::Gtd]);
                order.fields = order.fields.with(OrderFields::TIME_IN_FORCE);
            }
            4 => {
                order.self_trade = self.dice.pick(&[
                    SelfTrade::AccountDefault,
                    SelfTrade::None,
                    SelfTrade::CancelTaker,
                    SelfTrade::Decrement,
                ]);
            }
            _ => {
                order.display = self.quantity();
                order.fields = order.fields.with(OrderFields::DISPLAY);
            }
        }
    }

    /// An order of this stream, mostly a late one and by its own account.
    fn aim(&mut self) -> (AccountRef, Target, Option<usize>, Side) {
        if self.dice.one_in(self.mood.hostile_odds) || self.placed.is_empty() {
            let sequence = Sequence(self.dice.pick(&[0, 1, 5, self.number as u64, u64::MAX]));
            let (slot, leg) = (self.dice.pick(&[0, 1, u32::MAX]), self.dice.pick(&[0, 1]));
            let target = Target::Order(OrderId { sequence, slot, leg });
            return (self.account(), target, None, Side::Buy);
        }
        let latest = self.placed.len() as u64;
        let reach = self.dice.pick(&[2, 8, 40]);
        let back = self.dice.below(latest.min(reach));
        let (step, order) = self.placed[(latest - 1 - back) as usize];
        let account = if self.dice.one_in(12) { self.account() } else { order.account };
        if !order.client_order_id.is_empty() && self.dice.one_in(2) {
            return (account, Target::Client(order.client_order_id), None, order.side);
        }
        (account, Target::Order(OrderId::default()), Some(step), order.side)
    }

    fn amend(&mut self) -> (Command, Option<usize>) {
        let (account, target, aims_at, side) = self.aim();
        let mut fields = match self.dice.below(5) {
            0 | 1 => AmendFields::QUANTITY,
            2 => AmendFields::PRICE,
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

    fn instrument_change(&mut self) -> Command {
        let mut spec = InstrumentSpec::EMPTY;
        spec.symbol = symbol(self.dice.below(self.mood.instruments) + 1);
        match self.dice.below(8) {
            // Mostly back to normal, or nothing would ever trade.
            0..4 => {
                spec.fields = InstrumentFields::STATUS;
                spec.status = Status::Open;
            }
            4 => {
                spec.fields = InstrumentFields::STATUS;
                spec.status = self.dice.pick(&[
                    Status::Halted,
                    Status::Closed,
                    Status::Open,
                    Status::Auction,
                ]);
            }
            5 => {
                spec.fields = InstrumentFields::MAKER_FEE.with(InstrumentFields::TAKER_FEE);
                spec.maker_fee_ppm = self.dice.pick(&[0, -100, 500, 100_000, -100_000, i32::MIN]);
                spec.taker_fee_ppm = self.dice.pick(&[0, 100, 500, 100_000, 100_001, i32::MAX]);
            }
            6 => {
                spec.fields = InstrumentFields::TAKER_FEE;
                spec.taker_fee_ppm = self.dice.pick(&[0, 1, 333, -1]);
            }
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
        let (command, aims_at) = match self.opening.pop_front() {
            Some(command) => (command, None),
            None => self.command(),
        };
        let pause_ns = match self.dice.below(40) {
            0..10 => 0,
            10..38 => self.dice.below(1_000_000),
            38 => self.dice.below(3_000_000_000),
            _ => self.dice.below(100_000_000_000),
        };
        let step = Step { number: self.number, pause_ns, command, aims_at };
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

/// Different steps, fees and rebates, so that rounding has something to round.
fn instrument(number: u64) -> InstrumentSpec {
    let (price_step, quantity_step) = match number % 3 {
        0 => (Size { mantissa: 25, scale: 2 }, Size { mantissa: 5, scale: 3 }),
        1 => (Size::ONE, Size::ONE),
        _ => (Size { mantissa: 1, scale: 2 }, Size { mantissa: 1, scale: 6 }),
    };
    let (maker_fee_ppm, taker_fee_ppm) = match number % 4 {
        1 => (0, 0),
        2 => (500, 500),
        3 => (-250, 333),
        _ => (7, 99_999),
    };
    InstrumentSpec {
        symbol: symbol(number),
        base: name::<{ AssetName::LENGTH_MAX }>("ASSET", number),
        quote: name::<{ AssetName::LENGTH_MAX }>("MONEY", number % 2),
        fields: InstrumentFields::BASE
            .with(InstrumentFields::QUOTE)
            .with(InstrumentFields::PRICE_STEP)
            .with(InstrumentFields::QUANTITY_STEP)
            .with(InstrumentFields::MAKER_FEE)
            .with(InstrumentFields::TAKER_FEE),
        price_step,
        quantity_step,
        maker_fee_ppm,
        taker_fee_ppm,
        ..InstrumentSpec::EMPTY
    }
}
