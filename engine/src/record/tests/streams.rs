//! Random commands, of every kind and with every field.

use orison_core::command::{
    Access, AccountFields, AccountRef, AccountSpec, Amend, AmendFields, Cancel, CancelReason,
    Direction, EXTERNAL_LEVELS_MAX, EndOfDay, ExternalDepth, ExternalLevel, ExternalSide,
    ExternalTrade, Foreign, Genesis, InstrumentFields, InstrumentSpec, Link, Liquidation,
    MassCancel, Order, OrderFields, OrderType, Pair, Pray, Prayer, SelfTrade, StatusChange, Target,
    Ticker, TimeInForce, Transfer, Uncross,
};
use orison_core::decimal::SCALE_MAX;
use orison_core::instrument::{Status, Step};
use orison_core::text::Text;
use orison_core::{
    AccountId, Command, Decimal, InstrumentId, OrderId, Price, Quantity, Sequence, Side,
};
use proptest::prelude::*;
use proptest::strategy::Strategy;

use super::samples::FIRST_RULES;

fn a_text<const N: usize>() -> impl Strategy<Value = Text<N>> {
    prop::collection::vec(0x20u8..=0x7e, 0..=N).prop_map(|bytes| Text::from_bytes(&bytes).unwrap())
}

fn a_side() -> impl Strategy<Value = Side> {
    prop::sample::select(&Side::BOTH)
}

fn an_account() -> impl Strategy<Value = AccountRef> {
    prop_oneof![
        any::<u32>().prop_map(|id| AccountRef::Id(AccountId(id))),
        a_text().prop_map(AccountRef::Name),
    ]
}

fn a_target() -> impl Strategy<Value = Target> {
    let order = (any::<u64>(), any::<u32>(), any::<u16>()).prop_map(|(sequence, slot, leg)| {
        Target::Order(OrderId { sequence: Sequence(sequence), slot, leg })
    });
    prop_oneof![order, a_text().prop_map(Target::Client)]
}

/// Zero half of the time, so that every form is met.
fn maybe<T: Default + Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = T> {
    prop_oneof![3 => Just(T::default()), 1 => value]
}

fn a_self_trade() -> impl Strategy<Value = SelfTrade> {
    prop::sample::select(&[
        SelfTrade::AccountDefault,
        SelfTrade::None,
        SelfTrade::CancelTaker,
        SelfTrade::CancelMaker,
        SelfTrade::CancelBoth,
        SelfTrade::Decrement,
    ])
}

fn a_status() -> impl Strategy<Value = Status> {
    prop::sample::select(&[Status::Open, Status::Halted, Status::Auction, Status::Closed])
}

fn an_order() -> impl Strategy<Value = Order> {
    let words = (
        prop::sample::select(&[
            OrderType::Limit,
            OrderType::Market,
            OrderType::Stop,
            OrderType::StopLimit,
            OrderType::TrailingStop,
        ]),
        prop::sample::select(&[
            TimeInForce::Gtc,
            TimeInForce::Ioc,
            TimeInForce::Fok,
            TimeInForce::Day,
            TimeInForce::Gtd,
        ]),
        a_self_trade(),
        a_side(),
        0..=OrderFields::KNOWN.0,
    );
    let plain = (an_account(), any::<u16>(), any::<i64>(), any::<u64>(), maybe(a_text()));
    let rest = (
        maybe(any::<i64>()),
        maybe(any::<i64>()),
        maybe(any::<u64>()),
        maybe(any::<u64>()),
        maybe(any::<i128>()),
        maybe(any::<i64>()),
        maybe(any::<u64>()),
    );
    (words, plain, rest).prop_map(|(words, plain, rest)| Order {
        account: plain.0,
        instrument: InstrumentId(plain.1),
        side: words.3,
        order_type: words.0,
        time_in_force: words.1,
        self_trade: words.2,
        fields: OrderFields(words.4),
        client_order_id: plain.4,
        price: Price(plain.2),
        quantity: Quantity(plain.3),
        stop_price: Price(rest.0),
        trail: Price(rest.1),
        display: Quantity(rest.2),
        min_quantity: Quantity(rest.3),
        budget: rest.4,
        protection: Price(rest.5),
        expire_at_ns: rest.6,
    })
}

fn a_spec() -> impl Strategy<Value = InstrumentSpec> {
    let names = (a_text(), a_text(), a_text(), any::<u16>(), maybe(a_text()));
    let small = (any::<u8>(), any::<u8>(), a_status(), any::<(u64, u8)>(), any::<(u64, u8)>());
    let numbers = (any::<(i32, i32, u32, u64)>(), any::<(i64, i64, i64, u64, i128)>());
    (names, small, numbers).prop_map(|(names, small, numbers)| InstrumentSpec {
        symbol: names.0,
        base: names.1,
        quote: names.2,
        fields: InstrumentFields(names.3 & InstrumentFields::KNOWN.0),
        base_decimals: small.0,
        quote_decimals: small.1,
        status: small.2,
        price_step: Step { mantissa: small.3.0, scale: small.3.1 },
        quantity_step: Step { mantissa: small.4.0, scale: small.4.1 },
        maker_fee_ppm: numbers.0.0,
        taker_fee_ppm: numbers.0.1,
        execution_range_ppm: numbers.0.2,
        interruption_ns: numbers.0.3,
        band_low: Price(numbers.1.0),
        band_high: Price(numbers.1.1),
        reference_price: Price(numbers.1.2),
        max_quantity: Quantity(numbers.1.3),
        min_notional: numbers.1.4,
        actor: names.4,
    })
}

fn an_amend() -> impl Strategy<Value = Amend> {
    let numbers = (any::<u64>(), any::<i64>(), maybe(any::<i64>()), maybe(any::<i64>()));
    (an_account(), a_target(), 0..=AmendFields::KNOWN.0, numbers).prop_map(
        |(account, target, fields, (quantity, price, stop_price, trail))| Amend {
            account,
            target,
            fields: AmendFields(fields),
            quantity: Quantity(quantity),
            price: Price(price),
            stop_price: Price(stop_price),
            trail: Price(trail),
        },
    )
}

fn a_genesis() -> impl Strategy<Value = Genesis> {
    let limits = any::<([u32; 5], [u16; 2])>();
    let later = (maybe(any::<u32>()), maybe(any::<u32>()), maybe(any::<u32>()), maybe(a_text()));
    (0..4u32, limits, later).prop_map(|(rules_version, (wide, narrow), later)| Genesis {
        rules_version,
        orders_max: wide[0],
        accounts_max: wide[1],
        instruments_max: narrow[0],
        assets_max: narrow[1],
        closed_ids_max: wide[2],
        closed_ids_per_account_max: wide[3],
        feed_window: wide[4],
        positions_max: FIRST_RULES.positions_max ^ later.0,
        balances_max: FIRST_RULES.balances_max ^ later.1,
        trailing_max: FIRST_RULES.trailing_max ^ later.2,
        actor: later.3,
    })
}

fn a_pair() -> impl Strategy<Value = Pair> {
    (prop::sample::select(&[Link::Oco, Link::Oto]), an_order(), an_order())
        .prop_map(|(link, first, second)| Pair { link, legs: [first, second] })
}

fn a_decimal() -> impl Strategy<Value = Decimal> {
    (any::<i128>(), 0..=SCALE_MAX as u8).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale))
}

fn a_transfer() -> impl Strategy<Value = Transfer> {
    let direction = prop::sample::select(&[Direction::Deposit, Direction::Withdraw]);
    (an_account(), a_text(), direction, a_decimal(), a_text()).prop_map(
        |(account, asset, direction, amount, actor)| Transfer {
            account,
            asset,
            direction,
            amount,
            actor,
        },
    )
}

fn an_account_spec() -> impl Strategy<Value = AccountSpec> {
    let sets = (0..=AccountFields::KNOWN.0, 0..=AccountFields::KNOWN.0);
    let words = (a_self_trade(), prop::sample::select(&[Access::Enabled, Access::Disabled]));
    let numbers = any::<([u32; 2], [i32; 2])>();
    let decimals = (a_decimal(), a_decimal(), a_decimal());
    (an_account(), sets, words, numbers, decimals, a_text()).prop_map(
        |(account, sets, words, (counts, fees), decimals, actor)| AccountSpec {
            account,
            fields: AccountFields(sets.0),
            cleared: AccountFields(sets.1),
            self_trade: words.0,
            access: words.1,
            max_open_orders: counts[0],
            orders_per_second: counts[1],
            maker_fee_ppm: fees[0],
            taker_fee_ppm: fees[1],
            max_quantity: decimals.0,
            max_notional: decimals.1,
            position_limit: decimals.2,
            actor,
        },
    )
}

/// Statuses, uncrosses and ends of days.
fn a_phase() -> impl Strategy<Value = Command> {
    let instrument = || any::<u16>().prop_map(InstrumentId);
    prop_oneof![
        (instrument(), a_status(), a_text()).prop_map(|(instrument, status, actor)| {
            Command::Status(StatusChange { instrument, status, actor })
        }),
        (instrument(), a_text())
            .prop_map(|(instrument, actor)| Command::Uncross(Uncross { instrument, actor })),
        (prop::option::of(instrument()), a_text())
            .prop_map(|(instrument, actor)| Command::EndOfDay(EndOfDay { instrument, actor })),
    ]
}

fn a_mass_cancel() -> impl Strategy<Value = MassCancel> {
    let reason = prop::sample::select(&[
        CancelReason::Mass,
        CancelReason::Admin,
        CancelReason::Disconnect,
        CancelReason::Timer,
    ]);
    let instrument = prop::option::of(any::<u16>().prop_map(InstrumentId));
    (an_account(), instrument, prop::option::of(a_side()), reason, maybe(a_text())).prop_map(
        |(account, instrument, side, reason, actor)| MassCancel {
            account,
            instrument,
            side,
            reason,
            actor,
        },
    )
}

pub(super) fn a_command() -> impl Strategy<Value = Command> {
    let foreign = || any::<(i64, u8)>().prop_map(|(mantissa, scale)| Foreign { mantissa, scale });
    let ticker = (a_text(), a_text(), foreign(), foreign(), any::<u64>()).prop_map(
        |(venue, symbol, price, change_24h, event_time_ms)| {
            Command::Ticker(Ticker { venue, symbol, price, change_24h, event_time_ms })
        },
    );
    let liquidation = (a_text(), a_text(), a_side(), foreign(), foreign(), any::<u64>()).prop_map(
        |(venue, symbol, side, quantity, price, event_time_ms)| {
            Command::Liquidation(Liquidation {
                venue,
                symbol,
                side,
                quantity,
                price,
                event_time_ms,
            })
        },
    );
    let trade = (a_text(), a_text(), a_side(), (foreign(), foreign()), any::<(u64, u64)>())
        .prop_map(|(venue, symbol, side, (quantity, price), (trade_id, event_time_ms))| {
            let trade =
                ExternalTrade { venue, symbol, side, price, quantity, trade_id, event_time_ms };
            Command::ExternalTrade(trade)
        });
    let levels = || {
        let level =
            any::<(i64, i64)>().prop_map(|(price, quantity)| ExternalLevel { price, quantity });
        prop::collection::vec(level, 0..=EXTERNAL_LEVELS_MAX).prop_map(ExternalSide::new)
    };
    let depth = (a_text(), a_text(), levels(), levels(), any::<(u8, u8, u64, u64)>()).prop_map(
        |(venue, symbol, bids, asks, (price_scale, quantity_scale, update_id, event_time_ms))| {
            Command::ExternalDepth(ExternalDepth {
                venue,
                symbol,
                price_scale,
                quantity_scale,
                bids,
                asks,
                update_id,
                event_time_ms,
            })
        },
    );
    prop_oneof![
        1 => trade,
        1 => depth,
        8 => an_order().prop_map(Command::Place),
        4 => (an_account(), a_target())
            .prop_map(|(account, target)| Command::Cancel(Cancel { account, target })),
        4 => an_amend().prop_map(Command::Amend),
        2 => a_mass_cancel().prop_map(Command::MassCancel),
        1 => a_spec().prop_map(Command::Instrument),
        2 => a_genesis().prop_map(Command::Genesis),
        2 => a_pair().prop_map(Command::Pair),
        2 => a_phase(),
        2 => a_transfer().prop_map(Command::Transfer),
        1 => an_account_spec().prop_map(Command::Account),
        1 => Just(Command::Clock),
        1 => (prop::sample::select(&[Prayer::Up, Prayer::Down]), any::<u32>())
            .prop_map(|(side, count)| Command::Pray(Pray { side, count })),
        1 => ticker,
        1 => liquidation,
    ]
}
