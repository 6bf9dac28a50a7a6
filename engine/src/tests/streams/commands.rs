//! What the streams are made of: how often which command comes, and with what in it.

use orison_core::command::{
    Access, AccountFields, AccountRef, AccountSpec, Actor, Amend, AmendFields, Cancel,
    CancelReason, Direction, EndOfDay, InstrumentFields, InstrumentSpec, Link, MassCancel, Order,
    OrderFields, OrderType, Pair, Pray, Prayer, SelfTrade, StatusChange, Target, TimeInForce,
    Uncross,
};
use orison_core::instrument::Status;
use orison_core::{
    AccountName, ClientOrderId, Command, Decimal, InstrumentId, Price, Quantity, Side, Symbol,
};
use proptest::prelude::*;

use super::{Step, transfer, with_fees};

const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_NS: u64 = 60 * SECOND_NS;
/// Smallest units of the quote asset in one price step times one quantity step.
const WORTH: i128 = 100_000_000;

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pause_ns = prop_oneof![
        4 => Just(0),
        8 => 0..3 * SECOND_NS,
        2 => (0..50u64).prop_map(|seconds| seconds * SECOND_NS),
        1 => 0..20 * MINUTE_NS,
        1 => (0..1_500u64).prop_map(|minutes| minutes * MINUTE_NS),
    ];
    let step = (pause_ns, command(), 0usize..100).prop_map(|(pause_ns, command, pick)| {
        let often = !matches!(command, Command::Place(_) | Command::Pair(_));
        let pick = (pick < if often { 80 } else { 10 }).then_some(pick);
        Step { pause_ns, command, pick }
    });
    prop::collection::vec(step, 1..200)
}

fn command() -> impl Strategy<Value = Command> {
    let orders = prop_oneof![
        40 => order().prop_map(Command::Place),
        4 => pair().prop_map(Command::Pair),
        4 => cancel().prop_map(Command::Cancel),
        8 => amend().prop_map(Command::Amend),
        1 => mass_cancel().prop_map(Command::MassCancel),
    ];
    let around = prop_oneof![
        6 => status(),
        3 => bounds().prop_map(Command::Instrument),
        2 => settings().prop_map(Command::Account),
        2 => money(),
        1 => Just(Command::EndOfDay(EndOfDay { instrument: None, actor: Actor::EMPTY })),
        4 => pray().prop_map(Command::Pray),
        6 => Just(Command::Clock),
    ];
    prop_oneof![4 => orders, 1 => around]
}

fn cancel() -> impl Strategy<Value = Cancel> {
    (account(), name()).prop_map(|(account, name)| Cancel { account, target: Target::Client(name) })
}

fn amend() -> impl Strategy<Value = Amend> {
    let fields = prop_oneof![6 => 1u8..4, 1 => Just(4u8), 1 => Just(8u8), 1 => 0u8..16];
    (account(), name(), fields, 0u64..30, (price(), price(), 1i64..8)).prop_map(
        |(account, name, fields, quantity, (price, stop_price, trail))| Amend {
            account,
            target: Target::Client(name),
            fields: AmendFields(fields),
            quantity: Quantity(quantity),
            price,
            stop_price,
            trail: Price(trail),
        },
    )
}

fn mass_cancel() -> impl Strategy<Value = MassCancel> {
    let side = prop_oneof![Just(None), side().prop_map(Some)];
    (account(), side).prop_map(|(account, side)| MassCancel {
        account,
        instrument: None,
        side,
        reason: CancelReason::Mass,
        actor: Actor::EMPTY,
    })
}

fn pray() -> impl Strategy<Value = Pray> {
    (prop_oneof![Just(Prayer::Up), Just(Prayer::Down)], 0u32..102)
        .prop_map(|(side, count)| Pray { side, count })
}

/// Markets are open more often than not.
fn status() -> impl Strategy<Value = Command> {
    let status = prop_oneof![
        6 => Just(Status::Auction),
        6 => Just(Status::Open),
        1 => Just(Status::Halted),
        1 => Just(Status::Closed),
    ];
    let (actor, instruments) = (Actor::EMPTY, 1u16..3);
    (instruments, status, 0u32..4).prop_map(move |(instrument, status, kind)| {
        let instrument = InstrumentId(instrument);
        match kind {
            0 => Command::Uncross(Uncross { instrument, actor }),
            _ => Command::Status(StatusChange { instrument, status, actor }),
        }
    })
}

/// One or two rules of an instrument; what is 0 goes.
fn bounds() -> impl Strategy<Value = InstrumentSpec> {
    use InstrumentFields as Fields;
    let fields = prop_oneof![
        Just(Fields::BAND_LOW.with(Fields::BAND_HIGH)),
        Just(Fields::EXECUTION_RANGE),
        Just(Fields::EXECUTION_RANGE.with(Fields::INTERRUPTION)),
        Just(Fields::MAX_QUANTITY),
        Just(Fields::MIN_NOTIONAL),
        Just(Fields::REFERENCE_PRICE),
        Just(with_fees(Fields::NONE)),
    ];
    let symbol = prop_oneof![Just("X"), Just("Y")];
    (symbol, fields, any::<bool>(), (0u32..9, 0i128..900, -100i32..900)).prop_map(
        |(symbol, fields, is_set, (tenth, notional, fee))| {
            let set = i64::from(is_set);
            InstrumentSpec {
                symbol: Symbol::new(symbol).unwrap(),
                fields,
                band_low: Price(92 * set),
                band_high: Price(108 * set),
                execution_range_ppm: 10_000 * tenth * set as u32,
                interruption_ns: 20 * SECOND_NS * set as u64,
                max_quantity: Quantity(12 * set as u64),
                min_notional: notional * WORTH * i128::from(set),
                reference_price: Price(100 * set),
                maker_fee_ppm: fee.min(100),
                taker_fee_ppm: fee.max(100),
                ..InstrumentSpec::EMPTY
            }
        },
    )
}

/// One setting of an account, given or taken away.
fn settings() -> impl Strategy<Value = AccountSpec> {
    (account(), 0u16..9, any::<bool>(), self_trade(), 1u32..20).prop_map(
        |(account, field, is_given, self_trade, limit)| {
            let field = AccountFields(1 << field);
            let always = AccountFields::ENABLED.with(AccountFields::SELF_TRADE).has(field);
            let amount = Decimal::new(i128::from(limit), 0);
            let mut spec = AccountSpec {
                self_trade,
                access: if limit < 5 { Access::Disabled } else { Access::Enabled },
                max_open_orders: limit,
                orders_per_second: limit,
                maker_fee_ppm: limit as i32,
                taker_fee_ppm: limit as i32 * 10,
                max_quantity: amount,
                max_notional: Decimal::new(i128::from(limit) * 100, 0),
                position_limit: Decimal::new(i128::from(limit) * 5, 0),
                ..AccountSpec::of(account)
            };
            if is_given || always {
                spec.fields = field;
            } else {
                spec.cleared = field;
            }
            spec
        },
    )
}

fn money() -> impl Strategy<Value = Command> {
    let names = prop_oneof![Just("ann"), Just("dan"), Just("eve"), Just("new")];
    let assets = prop_oneof![Just("XBASE"), Just("YBASE"), Just("QUOTE"), Just("NONE")];
    let direction = prop_oneof![Just(Direction::Deposit), Just(Direction::Withdraw)];
    (names, assets, direction, 0i128..500).prop_map(|(name, asset, direction, amount)| {
        Command::Transfer(transfer(name, asset, direction, amount))
    })
}

fn pair() -> impl Strategy<Value = Pair> {
    let link = prop_oneof![Just(Link::Oco), Just(Link::Oto)];
    (link, order(), order(), 0u32..10).prop_map(|(link, first, mut second, oddity)| {
        if oddity > 0 {
            (second.account, second.instrument) = (first.account, first.instrument);
        }
        Pair { link, legs: [first, second] }
    })
}

fn order() -> impl Strategy<Value = Order> {
    let time = prop_oneof![
        8 => Just(TimeInForce::Gtc),
        1 => Just(TimeInForce::Ioc),
        1 => Just(TimeInForce::Fok),
        1 => Just(TimeInForce::Day),
        1 => Just(TimeInForce::Gtd),
    ];
    let place = (account(), 1u16..3, side(), price(), 0u64..30);
    let numbers = (price(), 1i64..8, 1u64..6, 0i128..3_000, 0i64..4);
    (place, (time, self_trade()), kind(), name(), numbers, 0u64..200).prop_map(
        |(place, (time_in_force, self_trade), kind, client_order_id, numbers, seconds)| {
            let (account, instrument, side, price, quantity) = place;
            let (stop_price, trail, display, budget, protection) = numbers;
            let instrument = InstrumentId(instrument);
            let plain = Order::limit(account, instrument, side, price, Quantity(quantity));
            let order = Order {
                time_in_force,
                self_trade,
                client_order_id,
                stop_price,
                trail: Price(trail),
                display: Quantity(display),
                min_quantity: Quantity(display * 2),
                budget: budget * WORTH,
                protection: Price(protection),
                expire_at_ns: seconds * SECOND_NS,
                ..plain
            };
            shaped(order, kind)
        },
    )
}

/// Type and fields of an order.
type Kind = (OrderType, OrderFields);

fn kind() -> impl Strategy<Value = Kind> {
    use OrderFields as Fields;
    let of = |order_type, fields: &[Fields]| {
        Just((order_type, fields.iter().fold(Fields::NONE, |all, &field| all.with(field))))
    };
    let (price, quantity, budget) = (Fields::PRICE, Fields::QUANTITY, Fields::BUDGET);
    let stop_price = Fields::STOP_PRICE;
    prop_oneof![
        40 => of(OrderType::Limit, &[price, quantity]),
        2 => of(OrderType::Limit, &[price, quantity, Fields::POST_ONLY]),
        10 => of(OrderType::Limit, &[price, quantity, Fields::DISPLAY]),
        2 => of(OrderType::Limit, &[price, quantity, Fields::MIN_QUANTITY]),
        1 => of(OrderType::Limit, &[price, quantity, budget]),
        3 => of(OrderType::Market, &[quantity]),
        2 => of(OrderType::Market, &[budget]),
        1 => of(OrderType::Market, &[quantity, budget]),
        2 => of(OrderType::Market, &[quantity, Fields::PROTECTION]),
        3 => of(OrderType::Stop, &[quantity, stop_price]),
        1 => of(OrderType::Stop, &[budget, stop_price]),
        4 => of(OrderType::StopLimit, &[price, quantity, stop_price]),
        1 => of(OrderType::StopLimit, &[price, quantity, stop_price, Fields::DISPLAY]),
        3 => of(OrderType::TrailingStop, &[quantity, Fields::TRAIL]),
        1 => of(OrderType::TrailingStop, &[budget, Fields::TRAIL]),
        2 => (1u16..=Fields::KNOWN.0).prop_map(|bits| (OrderType::Limit, Fields(bits))),
    ]
}

/// Fields that were not given are zero.
fn shaped(order: Order, (order_type, fields): Kind) -> Order {
    let fields = match order.time_in_force {
        TimeInForce::Gtd => fields.with(OrderFields::EXPIRE_AT),
        _ => fields,
    };
    let given = |field, price: Price| if fields.has(field) { price } else { Price(0) };
    let counted = |field, quantity: Quantity| match fields.has(field) {
        true => quantity,
        false => Quantity::ZERO,
    };
    let has = |field| fields.has(field);
    Order {
        order_type,
        fields,
        price: given(OrderFields::PRICE, order.price),
        quantity: counted(OrderFields::QUANTITY, order.quantity),
        stop_price: given(OrderFields::STOP_PRICE, order.stop_price),
        trail: given(OrderFields::TRAIL, order.trail),
        display: counted(OrderFields::DISPLAY, order.display),
        min_quantity: counted(OrderFields::MIN_QUANTITY, order.min_quantity),
        budget: if has(OrderFields::BUDGET) { order.budget } else { 0 },
        protection: given(OrderFields::PROTECTION, order.protection),
        expire_at_ns: if has(OrderFields::EXPIRE_AT) { order.expire_at_ns } else { 0 },
        ..order
    }
}

fn self_trade() -> impl Strategy<Value = SelfTrade> {
    prop_oneof![
        8 => Just(SelfTrade::AccountDefault),
        1 => Just(SelfTrade::None),
        1 => Just(SelfTrade::CancelTaker),
        1 => Just(SelfTrade::CancelMaker),
        1 => Just(SelfTrade::CancelBoth),
        2 => Just(SelfTrade::Decrement),
    ]
}

fn account() -> impl Strategy<Value = AccountRef> {
    prop_oneof![Just("ann"), Just("bob"), Just("cat"), Just("dan"), Just("eve")]
        .prop_map(|name| AccountRef::Name(AccountName::new(name).unwrap()))
}

fn name() -> impl Strategy<Value = ClientOrderId> {
    let number = prop_oneof![
        4 => (0u32..60).prop_map(|number| number.to_string()),
        1 => Just(String::new()),
    ];
    number.prop_map(|name| ClientOrderId::new(&name).unwrap())
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn price() -> impl Strategy<Value = Price> {
    prop_oneof![19 => (90i64..110).prop_map(Price), 1 => (0i64..=1 << 40).prop_map(Price)]
}
