//! The beginning, instruments and their money, limits, votes, feeds and time.

extern crate std;

use std::vec::Vec;

use super::harness::{GENESIS, Harness, account, instrument};
use crate::Reason;
use crate::command::*;
use crate::event::{Event, ExternalHead, ExternalQuote, Rejected};
use crate::id::OrderId;
use crate::instrument::Step;
use crate::text::{AssetName, Symbol};
use crate::types::{InstrumentId, Price, Quantity, Side};

fn reason(events: &[Event]) -> Option<Reason> {
    match events {
        [Event::Rejected(Rejected { reason, .. })] => Some(*reason),
        _ => None,
    }
}

fn step(mantissa: u64, scale: u8) -> Step {
    Step { mantissa, scale }
}

#[test]
fn a_genesis_stands_at_the_beginning_and_later_raises_limits() {
    let mut harness = Harness::empty();
    assert_eq!(harness.apply(&Command::Genesis(GENESIS)), [Event::Done]);
    let less = Genesis { orders_max: GENESIS.orders_max - 1, ..GENESIS };
    let again = harness.apply(&Command::Genesis(less));
    assert_eq!(reason(&again), Some(Reason::BadStatus), "a limit does not fall");
    let more = Genesis { orders_max: GENESIS.orders_max + 1, ..GENESIS };
    assert_eq!(harness.apply(&Command::Genesis(more)), [Event::Done], "it rises");
    assert_eq!(harness.exchange.genesis(), Some(&more));
    for (genesis, expected) in [
        (Genesis { rules_version: 0, ..GENESIS }, Reason::BadCombination),
        (Genesis { orders_max: u32::MAX, ..GENESIS }, Reason::BadQuantity),
    ] {
        let events = Harness::empty().apply(&Command::Genesis(genesis));
        assert_eq!(reason(&events), Some(expected), "{genesis:?}");
    }
}

#[test]
fn limits_are_reached_by_name() {
    let genesis = Genesis { orders_max: 2, accounts_max: 1, instruments_max: 1, ..GENESIS };
    let mut harness = Harness::with(genesis);
    let second = harness.apply(&Command::Instrument(instrument("Y")));
    assert_eq!(reason(&second), Some(Reason::UnknownSymbol));
    for (line, events) in [
        ("ann buy a 1@1", "opened ann, accepted a =1"),
        ("bob buy b 1@1", "rejected new b account_limit"),
        ("ann buy b 1@1", "accepted b =2"),
        ("ann buy c 1@1", "rejected new c book_full"),
        ("ann cancel a", "cancelled a 1@1 user =1"),
        ("ann buy c 1@1", "accepted c =2"),
    ] {
        assert_eq!(harness.line(line).join(", "), events, "{line}");
    }
}

#[test]
fn an_instrument_is_judged_as_a_whole() {
    let named = InstrumentFields::BASE.with(InstrumentFields::QUOTE);
    let good = InstrumentSpec { fields: named, ..instrument("Y") };
    let asset = |name| AssetName::new(name).unwrap();
    for (spec, expected) in [
        (InstrumentSpec { symbol: Symbol::EMPTY, ..good }, Reason::UnknownSymbol),
        (InstrumentSpec { base: AssetName::EMPTY, ..good }, Reason::UnknownAsset),
        (InstrumentSpec { base: good.quote, ..good }, Reason::UnknownAsset),
        (InstrumentSpec { price_step: step(0, 0), ..good }, Reason::BadPrice),
        (InstrumentSpec { quantity_step: step(0, 0), ..good }, Reason::BadQuantity),
        // B and Q were opened with 8 decimals.
        (InstrumentSpec { quantity_step: step(1, 9), ..good }, Reason::BadQuantity),
        (InstrumentSpec { price_step: step(1, 9), ..good }, Reason::BadPrice),
        (
            InstrumentSpec {
                quote: asset("R"),
                price_step: step(1, 18),
                quantity_step: step(1, 1),
                ..good
            },
            Reason::BadPrice,
        ),
        (
            InstrumentSpec {
                fields: named.with(InstrumentFields::MAKER_FEE),
                maker_fee_ppm: -1,
                ..good
            },
            Reason::BadAmount,
        ),
        (
            InstrumentSpec {
                fields: named.with(InstrumentFields::TAKER_FEE),
                taker_fee_ppm: 100_001,
                ..good
            },
            Reason::BadAmount,
        ),
        (
            InstrumentSpec {
                fields: named.with(InstrumentFields::BASE_DECIMALS),
                base_decimals: 9,
                ..good
            },
            Reason::BadCombination,
        ),
        (
            InstrumentSpec {
                fields: named.with(InstrumentFields::BAND_LOW),
                band_low: Price(-1),
                ..good
            },
            Reason::BadPrice,
        ),
        (
            InstrumentSpec {
                fields: named.with(InstrumentFields::MIN_NOTIONAL),
                min_notional: -1,
                ..good
            },
            Reason::BadAmount,
        ),
    ] {
        let events = Harness::new().apply(&Command::Instrument(spec));
        assert_eq!(reason(&events), Some(expected), "{spec:?}");
    }
    let events = Harness::new().apply(&Command::Instrument(good));
    assert!(matches!(events[..], [Event::Instrument(_)]), "no new asset: {events:?}");
}

#[test]
fn an_asset_is_fine_enough_for_the_instrument_that_opens_it() {
    let mut harness = Harness::empty();
    harness.apply(&Command::Genesis(GENESIS));
    let spec =
        InstrumentSpec { price_step: step(1, 4), quantity_step: step(25, 6), ..instrument("Y") };
    let events = harness.apply(&Command::Instrument(spec));
    let [Event::AssetOpened(base), Event::AssetOpened(quote), Event::Instrument(_)] = events[..]
    else {
        panic!("{events:?}")
    };
    // 0.0001 x 0.000025 = 0.0000000025
    assert_eq!((base.asset.0, base.decimals, quote.asset.0, quote.decimals), (1, 8, 2, 10));
}

#[test]
fn a_change_names_what_changes_and_steps_stay() {
    let mut harness = Harness::new();
    let fields = InstrumentFields::MAKER_FEE.with(InstrumentFields::TAKER_FEE);
    let fees =
        InstrumentSpec { fields, maker_fee_ppm: -100, taker_fee_ppm: 300, ..instrument("X") };
    let events = harness.apply(&Command::Instrument(fees));
    assert!(matches!(&events[..], [Event::Instrument(x)]
        if (x.maker_fee_ppm, x.taker_fee_ppm) == (-100, 300)));
    for (fields, expected) in [
        (InstrumentFields::PRICE_STEP, Some(Reason::BadCombination)),
        (InstrumentFields::QUANTITY_STEP, None),
    ] {
        let spec = InstrumentSpec { fields, price_step: step(5, 1), ..instrument("X") };
        assert_eq!(reason(&harness.apply(&Command::Instrument(spec))), expected);
    }
    let spec = InstrumentSpec {
        fields: InstrumentFields::QUANTITY_STEP,
        quantity_step: step(10, 1),
        ..instrument("X")
    };
    let same = harness.apply(&Command::Instrument(spec));
    assert_eq!(reason(&same), None, "10 x 0.1 is the step it has");
}

#[test]
fn fees_are_fixed_at_entry_and_sum_to_the_rounded_up_fee() {
    let mut harness = Harness::new();
    let fields = InstrumentFields::MAKER_FEE.with(InstrumentFields::TAKER_FEE);
    let fees = |harness: &mut Harness, maker_fee_ppm, taker_fee_ppm| {
        let spec = InstrumentSpec { fields, maker_fee_ppm, taker_fee_ppm, ..instrument("X") };
        harness.apply(&Command::Instrument(spec));
    };
    // A price step x a quantity step is 10^8 units here, so that 1 ppm of 1 is 100 units.
    fees(&mut harness, -1, 2);
    harness.line("ann sell a 3@1");
    fees(&mut harness, 0, 100_000);
    for (line, events) in [
        ("bob buy b 1@1", "opened bob, accepted b, trade a b 1@1 fees -100 10000000"),
        ("bob buy c 2@1", "accepted c, trade a c 2@1 fees -200 20000000"),
    ] {
        assert_eq!(harness.line(line).join(", "), events, "{line}");
    }
}

#[test]
fn votes_are_counted_in_hundreds_at_most() {
    let mut harness = Harness::new();
    for (side, count, expected) in [
        (Prayer::Up, 0, None),
        (Prayer::Up, 101, None),
        (Prayer::Up, 100, Some((100, 0))),
        (Prayer::Down, 1, Some((100, 1))),
    ] {
        let events = harness.apply(&Command::Pray(Pray { side, count }));
        match expected {
            Some(totals) => {
                assert!(matches!(events[..], [Event::Prayed(prayed)]
                    if (prayed.up_total, prayed.down_total) == totals));
                assert_eq!(harness.exchange.prayers(), totals);
            }
            None => assert_eq!(reason(&events), Some(Reason::BadQuantity)),
        }
    }
}

#[test]
fn what_a_feed_repeats_within_its_window_is_dropped() {
    let mut harness = Harness::with(Genesis { feed_window: 2, ..GENESIS });
    let ticker = |symbol, event_time_ms| {
        Command::Ticker(Ticker {
            venue: Venue::new("binance").unwrap(),
            symbol: Symbol::new(symbol).unwrap(),
            price: Foreign { mantissa: 5, scale: 1 },
            change_24h: Foreign::default(),
            event_time_ms,
        })
    };
    for (command, is_news) in [
        (ticker("A", 1), true),
        (ticker("A", 1), false),
        (ticker("B", 1), true),
        (ticker("A", 2), true),
        (ticker("A", 1), false),
        (ticker("A", 3), true),
        (ticker("A", 2), false),
        (ticker("A", 1), true),
        (ticker("B", 1), false),
    ] {
        let events = harness.apply(&command);
        match command {
            Command::Ticker(ticker) if is_news => assert_eq!(events, [Event::Ticker(ticker)]),
            _ => assert_eq!(events, [Event::Done], "{command:?}"),
        }
    }
    let liquidation = |side| Liquidation {
        venue: Venue::new("binance").unwrap(),
        symbol: Symbol::new("A").unwrap(),
        side,
        quantity: Foreign::default(),
        price: Foreign { mantissa: 5, scale: 1 },
        event_time_ms: 1,
    };
    for (side, is_news) in [(Side::Buy, true), (Side::Sell, true), (Side::Buy, false)] {
        let said = liquidation(side);
        let event = if is_news { Event::Liquidation(said) } else { Event::Done };
        assert_eq!(harness.apply(&Command::Liquidation(said)), [event]);
    }
}

#[test]
fn trades_of_a_venue_are_told_apart_by_all_they_say() {
    let mut harness = Harness::with(GENESIS);
    let trade = ExternalTrade {
        venue: Venue::new("binance").unwrap(),
        symbol: Symbol::new("A").unwrap(),
        side: Side::Buy,
        price: Foreign { mantissa: 5, scale: 1 },
        quantity: Foreign { mantissa: 7, scale: 0 },
        trade_id: 1,
        event_time_ms: 1,
    };
    let upbit = Venue::new("upbit").unwrap();
    let finer = Foreign { mantissa: 7, scale: 1 };
    for (said, is_news) in [
        (trade, true),
        (trade, false),
        (ExternalTrade { trade_id: 2, ..trade }, true),
        (ExternalTrade { side: Side::Sell, ..trade }, true),
        (ExternalTrade { quantity: finer, ..trade }, true),
        (ExternalTrade { event_time_ms: 2, ..trade }, true),
        (ExternalTrade { venue: upbit, ..trade }, true),
        (trade, false),
    ] {
        let event = if is_news { Event::ExternalTrade(said) } else { Event::Done };
        assert_eq!(harness.apply(&Command::ExternalTrade(said)), [event], "{said:?}");
    }
}

#[test]
fn a_venues_book_is_told_level_by_level_once() {
    let mut harness = Harness::with(GENESIS);
    let foreign = |mantissa, scale| Foreign { mantissa, scale };
    let of = (Venue::new("binance").unwrap(), Symbol::new("A").unwrap());
    let bids = [(foreign(618002, 1), foreign(25, 1)), (foreign(61800, 0), foreign(1, 3))];
    let asks = [(foreign(618003, 1), foreign(0, 0))];
    let depth = ExternalDepth::of_levels(of, &bids, &asks, (9, 4)).unwrap();
    assert_eq!((depth.price_scale, depth.quantity_scale), (1, 3), "the finest of all levels");
    let quote = |side, (price, quantity): (i64, i64)| {
        let (price, quantity) = (foreign(price, 1), foreign(quantity, 3));
        Event::ExternalLevel(ExternalQuote { side, price, quantity })
    };
    let (venue, symbol) = of;
    let head = ExternalHead { venue, symbol, bids: 2, asks: 1, update_id: 9, event_time_ms: 4 };
    let told = [
        Event::ExternalDepth(head),
        quote(Side::Buy, (618002, 2500)),
        quote(Side::Buy, (618000, 1)),
        quote(Side::Sell, (618003, 0)),
    ];
    assert_eq!(harness.apply(&Command::ExternalDepth(depth)), told);
    assert_eq!(harness.apply(&Command::ExternalDepth(depth)), [Event::Done]);
    // A deeper level, the same level of the other side, the venue's number: each makes it another.
    let other = ExternalDepth::of_levels(of, &bids[..1], &asks, (9, 4)).unwrap();
    let swapped = ExternalDepth::of_levels(of, &asks, &bids, (9, 4)).unwrap();
    let later = ExternalDepth { update_id: 10, ..depth };
    for (news, events) in [(other, 3), (swapped, 4), (later, 4)] {
        assert_eq!(harness.apply(&Command::ExternalDepth(news)).len(), events, "{news:?}");
    }
    let empty = ExternalDepth::of_levels(of, &[], &[], (11, 5)).unwrap();
    assert_eq!(harness.apply(&Command::ExternalDepth(empty)).len(), 1);
    let many = [(foreign(1, 0), foreign(1, 0)); 20];
    let best = ExternalDepth::of_levels(of, &many, &[], (1, 1)).unwrap();
    assert_eq!(best.bids.levels().len(), EXTERNAL_LEVELS_MAX);
    let wide = [(foreign(i64::MAX, 0), foreign(1, 0)), (foreign(1, 18), foreign(1, 0))];
    assert_eq!(ExternalDepth::of_levels(of, &wide, &[], (1, 1)), None, "no common scale");
}

#[test]
fn a_clock_is_wanted_while_something_fades() {
    const SECOND: u64 = 1_000_000_000;
    let mut harness = Harness::new();
    assert_eq!(harness.exchange.next_deadline(), None);
    harness.time_ns = 5 * SECOND + 1;
    harness.apply(&Command::Pray(Pray { side: Prayer::Up, count: 1 }));
    assert_eq!(harness.exchange.next_deadline(), Some(6 * SECOND));
    harness.line("ann buy a 1@1");
    harness.line("ann sell b 1@1");
    harness.time_ns = 66 * SECOND;
    assert_eq!(harness.apply(&Command::Clock), [Event::Done]);
    assert_eq!(harness.exchange.next_deadline(), Some(120 * SECOND), "only the trade is left");
}

#[test]
fn whoever_is_not_there_is_refused_before_anything_else() {
    let mut harness = Harness::new();
    let order = |account, instrument| {
        Order::limit(account, InstrumentId(instrument), Side::Buy, Price(0), Quantity(0))
    };
    for (order, expected) in [
        (order(AccountRef::Id(Default::default()), 2), Reason::UnknownSymbol),
        (order(AccountRef::Id(Default::default()), 0), Reason::UnknownSymbol),
        (order(AccountRef::Id(Default::default()), 1), Reason::UnknownAccount),
        (order(account(""), 1), Reason::UnknownAccount),
        (order(account("ann"), 1), Reason::BadPrice),
    ] {
        assert_eq!(reason(&harness.apply(&Command::Place(order))), Some(expected), "{order:?}");
    }
    assert_eq!(harness.exchange.account(&"ann".parse_name()), None, "a refusal opens nothing");
}

#[test]
fn an_id_names_one_order_and_a_mass_cancel_goes_by_instrument() {
    let mut harness = Harness::new();
    harness.apply(&Command::Instrument(instrument("Y")));
    let mut ids = Vec::new();
    for (instrument, side) in [(2, Side::Sell), (1, Side::Sell), (2, Side::Buy), (1, Side::Buy)] {
        let price = if side == Side::Buy { Price(1) } else { Price(2) };
        let who = account("ann");
        let order = Order::limit(who, InstrumentId(instrument), side, price, Quantity(1));
        for event in harness.apply(&Command::Place(order)) {
            if let Event::Accepted(accepted) = event {
                ids.push(accepted.order);
            }
        }
    }
    let [wrong_sequence, wrong_leg, wrong_slot] = {
        let id = ids[0];
        let sequence = crate::Sequence(id.sequence.0 + 1);
        [OrderId { sequence, ..id }, OrderId { leg: 1, ..id }, OrderId { slot: u32::MAX, ..id }]
    };
    for order in [wrong_sequence, wrong_leg, wrong_slot, OrderId::default()] {
        let cancel = Cancel { account: account("ann"), target: Target::Order(order) };
        let events = harness.apply(&Command::Cancel(cancel));
        assert_eq!(reason(&events), Some(Reason::UnknownOrder), "{order:?}");
    }
    let mass = |instrument| {
        let (account, reason, actor) = (account("ann"), CancelReason::Admin, Actor::EMPTY);
        Command::MassCancel(MassCancel { account, instrument, side: None, reason, actor })
    };
    let unknown = harness.apply(&mass(Some(InstrumentId(3))));
    assert_eq!(reason(&unknown), Some(Reason::UnknownSymbol));
    let cancelled: Vec<_> = harness
        .apply(&mass(None))
        .iter()
        .map(|event| match event {
            Event::Cancelled(cancelled) => cancelled.order,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(cancelled, [ids[3], ids[1], ids[2], ids[0]]);
}

trait ParseName {
    fn parse_name(&self) -> crate::AccountName;
}

impl ParseName for str {
    fn parse_name(&self) -> crate::AccountName {
        crate::AccountName::new(self).unwrap()
    }
}

#[test]
fn the_state_is_told_in_sections_without_defaults() {
    let digest = |harness: &Harness| {
        let mut bytes = Vec::new();
        harness.exchange.canonical(&mut |piece| bytes.extend_from_slice(piece));
        bytes
    };
    assert_eq!(digest(&Harness::empty()), [], "nothing was ever applied");
    let (mut one, mut other) = (Harness::new(), Harness::new());
    // Wall time is no part of it.
    other.time_ns = 1;
    for line in ["ann buy a 5@7", "bob sell b 2@7", "bob sell c 1@9", "ann cancel a"] {
        one.line(line);
        other.line(line);
        assert_eq!(digest(&one), digest(&other));
    }
    other.line("ann buy d 1@1");
    one.line("ann buy d 1@2");
    assert_ne!(digest(&one), digest(&other));
}
