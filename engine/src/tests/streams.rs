//! Random command streams for the tests of what follows events: three accounts, two instruments,
//! a narrow band of prices, names that come again, votes, and time that sometimes leaps.

use orison_core::command::AccountRef;
use orison_core::command::{
    Actor, Amend, AmendFields, Cancel, CancelReason, Genesis, InstrumentFields, InstrumentSpec,
    MassCancel, Order, OrderFields, OrderType, Pray, Prayer, Target, TimeInForce,
};
use orison_core::{
    AccountName, AssetName, ClientOrderId, Command, Event, Exchange, InstrumentId, Price, Quantity,
    Sequence, Side, Stamp, Symbol,
};
use proptest::prelude::*;

const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_NS: u64 = 60 * SECOND_NS;

/// A command, and how long after the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) pause_ns: u64,
    pub(crate) command: Command,
    /// Which of the resting orders a cancel or an amend is about instead, or that an order is the
    /// one before once more.
    pub(crate) pick: Option<usize>,
}

/// A core that is fed step by step and says what happened.
pub(crate) struct Driven {
    pub(crate) exchange: Exchange,
    stamp: Stamp,
    /// The order entered last.
    placed: Option<Order>,
}

impl Driven {
    /// With its limits and two instruments, `X` free of fees and `Y` with them; and the events of
    /// those commands.
    pub(crate) fn new() -> (Self, Vec<(Stamp, Vec<Event>)>) {
        let stamp = Stamp::default();
        let mut driven = Self { exchange: Exchange::new([7; 16]), stamp, placed: None };
        let genesis = Genesis {
            orders_max: 60,
            accounts_max: 8,
            closed_ids_max: 12,
            closed_ids_per_account_max: 6,
            ..Genesis::DEFAULT
        };
        let fees = InstrumentFields::MAKER_FEE.with(InstrumentFields::TAKER_FEE);
        let setup = [
            Command::Genesis(genesis),
            Command::Instrument(instrument("X")),
            Command::Instrument(InstrumentSpec {
                fields: instrument("Y").fields.with(fees),
                maker_fee_ppm: -50,
                taker_fee_ppm: 700,
                ..instrument("Y")
            }),
        ];
        let begun =
            setup.map(|command| driven.apply(&Step { pause_ns: 0, command, pick: None })).into();
        (driven, begun)
    }

    pub(crate) fn apply(&mut self, step: &Step) -> (Stamp, Vec<Event>) {
        self.stamp.sequence = Sequence(self.stamp.sequence.0 + 1);
        self.stamp.time_ns += step.pause_ns;
        let mut events = Vec::new();
        let mut sink = |event: &Event| events.push(*event);
        let command = self.aimed(step);
        self.exchange.apply(self.stamp, &command, &mut sink);
        if let Command::Place(order) = command {
            self.placed = Some(order);
        }
        (self.stamp, events)
    }

    fn aimed(&self, step: &Step) -> Command {
        let instruments = self.exchange.instruments().iter();
        let halves = instruments.flat_map(|of| Side::BOTH.map(|side| (of.id, side)));
        let resting: Vec<_> =
            halves.flat_map(|(instrument, side)| self.exchange.book(instrument, side)).collect();
        let aim = step.pick.and_then(|pick| resting.get(pick % resting.len().max(1)));
        match (step.command, aim) {
            (Command::Cancel(_), Some(order)) => Command::Cancel(Cancel {
                account: AccountRef::Id(order.account),
                target: Target::Order(order.id),
            }),
            (Command::Amend(amend), Some(order)) => Command::Amend(Amend {
                account: AccountRef::Id(order.account),
                target: Target::Order(order.id),
                ..amend
            }),
            (Command::Place(order), Some(_)) => Command::Place(self.placed.unwrap_or(order)),
            (command, _) => command,
        }
    }
}

fn instrument(symbol: &str) -> InstrumentSpec {
    InstrumentSpec {
        symbol: Symbol::new(symbol).unwrap(),
        base: AssetName::new(&format!("{symbol}BASE")).unwrap(),
        quote: AssetName::new("QUOTE").unwrap(),
        fields: InstrumentFields::BASE
            .with(InstrumentFields::QUOTE)
            .with(InstrumentFields::PRICE_STEP)
            .with(InstrumentFields::QUANTITY_STEP),
        ..InstrumentSpec::EMPTY
    }
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pause_ns = prop_oneof![
        4 => Just(0),
        8 => 0..3 * SECOND_NS,
        4 => (0..50u64).prop_map(|seconds| seconds * SECOND_NS),
        2 => 0..20 * MINUTE_NS,
        1 => (0..1_500u64).prop_map(|minutes| minutes * MINUTE_NS),
    ];
    let step = (pause_ns, command(), 0usize..100).prop_map(|(pause_ns, command, pick)| {
        let often = !matches!(command, Command::Place(_));
        let pick = (pick < if often { 80 } else { 10 }).then_some(pick);
        Step { pause_ns, command, pick }
    });
    prop::collection::vec(step, 1..150)
}

fn command() -> impl Strategy<Value = Command> {
    let amend = (account(), name(), 1u8..4, 0u64..20, price()).prop_map(
        |(account, name, fields, quantity, price)| Amend {
            account,
            target: Target::Client(name),
            fields: AmendFields(fields),
            quantity: Quantity(quantity),
            price,
            stop_price: Price(0),
            trail: Price(0),
        },
    );
    let cancel = (account(), name())
        .prop_map(|(account, name)| Cancel { account, target: Target::Client(name) });
    let side = prop_oneof![Just(None), side().prop_map(Some)];
    let mass = (account(), side).prop_map(|(account, side)| MassCancel {
        account,
        instrument: None,
        side,
        reason: CancelReason::Mass,
        actor: Actor::EMPTY,
    });
    let pray = (prop_oneof![Just(Prayer::Up), Just(Prayer::Down)], 0u32..102)
        .prop_map(|(side, count)| Pray { side, count });
    prop_oneof![
        14 => order().prop_map(Command::Place),
        4 => cancel.prop_map(Command::Cancel),
        5 => amend.prop_map(Command::Amend),
        1 => mass.prop_map(Command::MassCancel),
        2 => pray.prop_map(Command::Pray),
        2 => Just(Command::Clock),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    let time = prop_oneof![
        6 => Just(TimeInForce::Gtc),
        1 => Just(TimeInForce::Ioc),
        1 => Just(TimeInForce::Fok),
    ];
    let place = (account(), 1u16..3, side(), price(), 0u64..20);
    (place, time, 0u32..8, name()).prop_map(
        |((account, instrument, side, price, quantity), time_in_force, kind, name)| {
            let instrument = InstrumentId(instrument);
            let mut order = Order::limit(account, instrument, side, price, Quantity(quantity));
            order.time_in_force = time_in_force;
            order.client_order_id = name;
            match kind {
                0 => {
                    order.order_type = OrderType::Market;
                    order.fields = OrderFields::QUANTITY;
                    order.price = Price(0);
                }
                1 => order.fields = order.fields.with(OrderFields::POST_ONLY),
                2 => order.client_order_id = ClientOrderId::EMPTY,
                _ => {}
            }
            order
        },
    )
}

fn account() -> impl Strategy<Value = AccountRef> {
    prop_oneof![Just("ann"), Just("bob"), Just("cat")]
        .prop_map(|name| AccountRef::Name(AccountName::new(name).unwrap()))
}

fn name() -> impl Strategy<Value = ClientOrderId> {
    (0u32..60).prop_map(|number| ClientOrderId::new(&number.to_string()).unwrap())
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn price() -> impl Strategy<Value = Price> {
    prop_oneof![9 => (90i64..110).prop_map(Price), 1 => (0i64..=1 << 40).prop_map(Price)]
}
