//! The bytes of every kind are format version 1 and stay as they are here; every command has one
//! form; no byte of a payload goes unchecked.

use orison_core::command::{
    AccountRef, Actor, Amend, AmendFields, Cancel, CancelReason, Foreign, Genesis,
    InstrumentFields, InstrumentSpec, Liquidation, MassCancel, Order, OrderFields, OrderType, Pray,
    Prayer, SelfTrade, Target, Ticker, TimeInForce,
};
use orison_core::instrument::{Status, Step};
use orison_core::text::Text;
use orison_core::{
    AccountId, AccountName, ClientOrderId, Command, InstrumentId, OrderId, Price, Quantity,
    Sequence, Side, Symbol,
};
use proptest::prelude::*;
use proptest::strategy::Strategy;

use super::{DecodeError, Encoded, Kind, PAYLOAD_ALIGN, VERSION, decode, encode};

const ORDER: OrderId = OrderId { sequence: Sequence(0x0102_0304_0506_0708), slot: 9, leg: 10 };
const KNOWN: AccountRef = AccountRef::Id(AccountId(7));

fn named() -> AccountRef {
    AccountRef::Name(AccountName::new("demo").unwrap())
}

fn client() -> ClientOrderId {
    ClientOrderId::new("c-1").unwrap()
}

fn limit() -> Order {
    Order::limit(KNOWN, InstrumentId(2), Side::Sell, Price(-3), Quantity(4))
}

fn spec() -> InstrumentSpec {
    InstrumentSpec {
        symbol: Symbol::new("BTC-KRW").unwrap(),
        base: Text::new("BTC").unwrap(),
        quote: Text::new("KRW").unwrap(),
        fields: InstrumentFields::PRICE_STEP.with(InstrumentFields::QUOTE_DECIMALS),
        base_decimals: 8,
        quote_decimals: 2,
        status: Status::Auction,
        price_step: Step { mantissa: 5, scale: 1 },
        quantity_step: Step { mantissa: 6, scale: 3 },
        maker_fee_ppm: -1,
        taker_fee_ppm: 2,
        execution_range_ppm: 3,
        interruption_ns: 4,
        band_low: Price(5),
        band_high: Price(6),
        reference_price: Price(7),
        max_quantity: Quantity(8),
        min_notional: -2,
    }
}

/// One command of each kind.
fn samples() -> Vec<(Kind, Command)> {
    let amend = Amend {
        account: KNOWN,
        target: Target::Order(ORDER),
        fields: AmendFields::PRICE,
        quantity: Quantity(5),
        price: Price(6),
        stop_price: Price(0),
        trail: Price(0),
    };
    let mass = MassCancel {
        account: KNOWN,
        instrument: Some(InstrumentId(3)),
        side: Some(Side::Sell),
        reason: CancelReason::Mass,
        actor: Actor::EMPTY,
    };
    let (venue, symbol) = (Text::new("upbit").unwrap(), Symbol::new("KRW-BTC").unwrap());
    let by_order = Target::Order(ORDER);
    let by_client = Target::Client(client());
    vec![
        (Kind::Genesis, Command::Genesis(Genesis::DEFAULT)),
        (Kind::Instrument, Command::Instrument(spec())),
        (Kind::Clock, Command::Clock),
        (Kind::Place, Command::Place(limit())),
        (Kind::PlaceClient, Command::Place(Order { client_order_id: client(), ..limit() })),
        (
            Kind::PlaceWide,
            Command::Place(Order {
                account: named(),
                order_type: OrderType::StopLimit,
                time_in_force: TimeInForce::Gtd,
                self_trade: SelfTrade::Decrement,
                client_order_id: client(),
                stop_price: Price(5),
                trail: Price(6),
                display: Quantity(7),
                min_quantity: Quantity(8),
                budget: -9,
                protection: Price(10),
                expire_at_ns: 11,
                ..limit()
            }),
        ),
        (Kind::Cancel, Command::Cancel(Cancel { account: KNOWN, target: by_order })),
        (Kind::CancelClient, Command::Cancel(Cancel { account: KNOWN, target: by_client })),
        (Kind::CancelNamed, Command::Cancel(Cancel { account: named(), target: by_order })),
        (Kind::CancelClientNamed, Command::Cancel(Cancel { account: named(), target: by_client })),
        (Kind::Amend, Command::Amend(amend)),
        (Kind::AmendClient, Command::Amend(Amend { target: by_client, ..amend })),
        (
            Kind::AmendWide,
            Command::Amend(Amend {
                account: named(),
                target: by_client,
                stop_price: Price(-1),
                trail: Price(2),
                ..amend
            }),
        ),
        (Kind::MassCancel, Command::MassCancel(mass)),
        (Kind::MassCancelNamed, Command::MassCancel(MassCancel { account: named(), ..mass })),
        (Kind::Pray, Command::Pray(Pray { side: Prayer::Down, count: 100 })),
        (
            Kind::Ticker,
            Command::Ticker(Ticker {
                venue,
                symbol,
                price: Foreign { mantissa: 12, scale: 1 },
                change_24h: Foreign { mantissa: -34, scale: 2 },
                event_time_ms: 5,
            }),
        ),
        (
            Kind::Liquidation,
            Command::Liquidation(Liquidation {
                venue,
                symbol,
                side: Side::Sell,
                quantity: Foreign { mantissa: 1, scale: 3 },
                price: Foreign { mantissa: 2, scale: 4 },
                event_time_ms: 6,
            }),
        ),
    ]
}

/// A change there is a new version of the kind with a file of its own, never another line.
const GOLDEN: &str = include_str!("golden/version_1.txt");

#[test]
fn the_bytes_of_every_kind_are_format_version_1() {
    let mut lines = vec![GOLDEN.lines().next().unwrap().to_string()];
    for (kind, command) in samples() {
        let encoded = encode(&command);
        lines.push(format!("{:02x} {kind:?}", encoded.kind));
        for row in encoded.payload().chunks(32) {
            let hex: String = row.iter().map(|byte| format!("{byte:02x}")).collect();
            lines.push(format!("   {hex}"));
        }
    }
    assert_eq!(lines, GOLDEN.lines().collect::<Vec<_>>());
}

#[test]
fn each_kind_of_the_table_has_a_sample_of_its_own_form() {
    let samples = samples();
    let kinds: Vec<_> = samples.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, Kind::ALL);
    for (kind, command) in samples {
        let encoded = encode(&command);
        assert_eq!((encoded.kind, encoded.version), (kind as u8, VERSION));
        assert_eq!(Kind::from_byte(encoded.kind), Some(kind));
        assert_eq!(encoded.payload().len(), kind.payload_bytes());
        assert_eq!(decode(encoded.kind, VERSION, encoded.payload()), Ok(command));
    }
}

#[test]
fn every_byte_of_a_payload_is_part_of_the_command_or_checked() {
    for (kind, command) in samples() {
        let encoded = encode(&command);
        for index in 0..encoded.payload().len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut payload = encoded.payload().to_vec();
                payload[index] ^= flip;
                match decode(encoded.kind, VERSION, &payload) {
                    Err(_) => {}
                    Ok(other) => {
                        assert_ne!(other, command, "{kind:?} byte {index} ^ {flip:#x}");
                        assert_eq!(encode(&other).payload(), payload, "{kind:?} byte {index}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_not_a_command_of_ours_is_refused_with_the_reason() {
    let cancel = encode(&samples()[6].1);
    let place = encode(&samples()[4].1);
    let with = |encoded: &Encoded, index: usize, byte: u8| {
        let mut payload = encoded.payload().to_vec();
        payload[index] = byte;
        payload
    };
    let field = |kind: Kind, field, value| DecodeError::Field { kind: kind as u8, field, value };
    let rows = [
        (0x00, 1, vec![], DecodeError::UnknownKind { kind: 0, version: 1 }),
        (0xf0, 1, vec![], DecodeError::UnknownKind { kind: 0xf0, version: 1 }),
        (0x03, 2, vec![], DecodeError::UnknownKind { kind: 3, version: 2 }),
        (0x03, 1, vec![0], DecodeError::Width { kind: 3, bytes: 1, expected: 0 }),
        (0x20, 1, vec![0; 23], DecodeError::Width { kind: 0x20, bytes: 23, expected: 24 }),
        (0x20, 1, with(&cancel, 23, 4), field(Kind::Cancel, "reserved", 4)),
        (0x11, 1, with(&place, 24, 2), field(Kind::PlaceClient, "side", 2)),
        (0x11, 1, with(&place, 23, 0x80), field(Kind::PlaceClient, "fields", 0x8003)),
        (0x11, 1, with(&place, 25, 0), field(Kind::PlaceClient, "order_type", 0)),
        (0x11, 1, with(&place, 28, 7), field(Kind::PlaceClient, "client_order_id", 7)),
        (0x11, 1, with(&place, 40, b'x'), field(Kind::PlaceClient, "client_order_id", 0)),
    ];
    for (kind, version, payload, error) in rows {
        assert_eq!(decode(kind, version, &payload), Err(error));
    }
}

#[test]
fn a_wider_form_than_needed_is_refused() {
    let wide = layout_of_narrow_place_in_wide_form();
    assert_eq!(
        decode(wide.kind, VERSION, wide.payload()),
        Err(DecodeError::NotNarrowest { kind: 0x12, narrower: 0x10 })
    );
}

fn layout_of_narrow_place_in_wide_form() -> Encoded {
    let mut wide = encode(&Command::Place(Order { trail: Price(1), ..limit() }));
    assert_eq!(wide.kind, Kind::PlaceWide as u8);
    wide.bytes[24] = 0;
    wide
}

#[test]
fn a_payload_is_read_at_any_alignment() {
    for (_, command) in samples() {
        let encoded = encode(&command);
        for shift in 0..PAYLOAD_ALIGN {
            let mut bytes = vec![0; shift];
            bytes.extend_from_slice(encoded.payload());
            assert_eq!(decode(encoded.kind, VERSION, &bytes[shift..]), Ok(command));
        }
    }
}

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
        prop::sample::select(&[
            SelfTrade::AccountDefault,
            SelfTrade::None,
            SelfTrade::CancelTaker,
            SelfTrade::CancelMaker,
            SelfTrade::CancelBoth,
            SelfTrade::Decrement,
        ]),
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
    let names = (a_text(), a_text(), a_text(), any::<u16>());
    let status =
        prop::sample::select(&[Status::Open, Status::Halted, Status::Auction, Status::Closed]);
    let small = (any::<u8>(), any::<u8>(), status, any::<(u64, u8)>(), any::<(u64, u8)>());
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
    any::<([u32; 6], [u16; 2])>().prop_map(|(wide, narrow)| Genesis {
        rules_version: wide[0],
        orders_max: wide[1],
        accounts_max: wide[2],
        instruments_max: narrow[0],
        assets_max: narrow[1],
        closed_ids_max: wide[3],
        closed_ids_per_account_max: wide[4],
        feed_window: wide[5],
    })
}

fn a_mass_cancel() -> impl Strategy<Value = MassCancel> {
    let reason = prop::sample::select(&[
        CancelReason::Mass,
        CancelReason::Admin,
        CancelReason::Disconnect,
        CancelReason::Timer,
    ]);
    let instrument = prop::option::of(any::<u16>().prop_map(InstrumentId));
    (an_account(), instrument, prop::option::of(a_side()), reason).prop_map(
        |(account, instrument, side, reason)| {
            let actor = Actor::EMPTY;
            MassCancel { account, instrument, side, reason, actor }
        },
    )
}

fn a_command() -> impl Strategy<Value = Command> {
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
    prop_oneof![
        8 => an_order().prop_map(Command::Place),
        4 => (an_account(), a_target())
            .prop_map(|(account, target)| Command::Cancel(Cancel { account, target })),
        4 => an_amend().prop_map(Command::Amend),
        2 => a_mass_cancel().prop_map(Command::MassCancel),
        1 => a_spec().prop_map(Command::Instrument),
        1 => a_genesis().prop_map(Command::Genesis),
        1 => Just(Command::Clock),
        1 => (prop::sample::select(&[Prayer::Up, Prayer::Down]), any::<u32>())
            .prop_map(|(side, count)| Command::Pray(Pray { side, count })),
        1 => ticker,
        1 => liquidation,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_command_survives_its_only_form(command in a_command()) {
        let encoded = encode(&command);
        prop_assert_eq!(decode(encoded.kind, encoded.version, encoded.payload()), Ok(command));
    }

    #[test]
    fn bytes_that_decode_are_what_the_command_encodes_to(
        command in a_command(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let encoded = encode(&command);
        let mut payload = encoded.payload().to_vec();
        for (index, byte) in changes {
            if !payload.is_empty() {
                let index = index.index(payload.len());
                payload[index] = byte;
            }
        }
        if let Ok(decoded) = decode(encoded.kind, VERSION, &payload) {
            let again = encode(&decoded);
            prop_assert_eq!(again.kind, encoded.kind);
            prop_assert_eq!(again.payload(), &payload[..]);
        }
    }
}
