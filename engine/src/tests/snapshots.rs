//! A state that has been stored and loaded goes on as if nothing had happened: the same events,
//! the same digests, and in the end the same bytes of a snapshot, slot by slot.

use orison_core::command::{
    ExternalDepth, ExternalLevel, ExternalSide, ExternalTrade, Foreign, Genesis, Liquidation, Pray,
    Prayer, Ticker,
};
use orison_core::snapshot::{Input, Output};
use orison_core::{Command, Event, Exchange, Side, Stamp};
use proptest::prelude::*;

use super::streams::{Driven, LIMITS, Step, steps};
use crate::projection::{ViewLimits, Views};
use crate::snapshot::{self, Content, Gaps, Label, LoadError, Loaded, Loading, Sections, Taken};
use crate::witness::{Witness, state_digest};

const KEPT: ViewLimits = ViewLimits {
    trades_max: 5,
    candles_max: 2,
    closed_orders_max: 3,
    closed_orders_total_max: 6,
    account_events_max: 7,
    account_events_total_max: 15,
    order_events_max: 3,
    value_samples_max: 3,
    value_lines_max: 4,
};

#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Stored(Vec<(&'static str, u32, Vec<u8>)>);

impl Sections for Stored {
    fn section(&mut self, name: &'static str, version: u32, content: &dyn Content) {
        let mut bytes = Vec::new();
        let mut take = |piece: &[u8]| bytes.extend_from_slice(piece);
        let mut output = Output::new(&mut take);
        content.store(&mut output);
        output.finish();
        self.0.push((name, version, bytes));
    }
}

impl Stored {
    fn of(exchange: &Exchange, views: &Views, witness: &Witness) -> Self {
        let mut stored = Self::default();
        snapshot::store((exchange, views, witness), &mut stored);
        stored
    }

    /// In pieces of so many bytes.
    fn load(&self, limits: ViewLimits, gaps: Gaps, piece: usize) -> Result<Loaded, LoadError> {
        let mut loading = Loading::new(limits);
        for (name, version, bytes) in &self.0 {
            let mut pieces = bytes.chunks(piece);
            let mut more = |buffer: &mut Vec<u8>| match pieces.next() {
                Some(piece) => {
                    buffer.extend_from_slice(piece);
                    true
                }
                None => false,
            };
            loading.section(Label { name, version: *version }, &mut Input::new(&mut more))?;
        }
        loading.finish(Some(limits), gaps)
    }
}

struct Follower {
    exchange: Exchange,
    views: Views,
    witness: Witness,
}

impl Follower {
    fn of(loaded: Loaded) -> Self {
        let Loaded { exchange, views, witness, empty } = loaded;
        assert!(empty.is_empty(), "every view has a section");
        Self { exchange, views, witness }
    }

    fn apply(&mut self, stamp: Stamp, command: &Command) -> Vec<Event> {
        let mut events = Vec::new();
        self.exchange.apply(stamp, command, &mut |event: &Event| events.push(*event));
        show((&mut self.views, &mut self.witness), stamp, &events);
        events
    }

    fn stored(&self) -> Stored {
        Stored::of(&self.exchange, &self.views, &self.witness)
    }
}

fn show((views, witness): (&mut Views, &mut Witness), stamp: Stamp, events: &[Event]) {
    for (index, event) in (0..).zip(events) {
        views.on_event(stamp, index, event);
        witness.on_event(stamp, event);
    }
    views.on_end(stamp);
    witness.on_end(stamp);
}

/// What the streams of orders lack: votes, venues, and limits that are raised.
fn beside(number: usize) -> Option<Command> {
    let many = number as u64;
    let (venue, symbol) = (name::<16>("V", many % 2), name::<16>("S", many % 3));
    let foreign = |mantissa: u64| Foreign { mantissa: mantissa as i64, scale: 2 };
    let (price, quantity) = (foreign(many % 2), foreign(1));
    let side = if number.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let event_time_ms = many % 5;
    Some(match number % 9 {
        0 => Command::Pray(Pray { side: Prayer::Up, count: 1 }),
        1 => Command::Ticker(Ticker { venue, symbol, price, change_24h: price, event_time_ms }),
        2 => Command::Liquidation(Liquidation {
            venue,
            symbol,
            side,
            quantity,
            price,
            event_time_ms,
        }),
        3 => {
            let trade_id = many % 4;
            Command::ExternalTrade(ExternalTrade {
                venue,
                symbol,
                side,
                price,
                quantity,
                trade_id,
                event_time_ms,
            })
        }
        4 => {
            let level = ExternalLevel { price: 5, quantity: many as i64 % 3 };
            Command::ExternalDepth(ExternalDepth {
                venue,
                symbol,
                price_scale: 0,
                quantity_scale: 0,
                bids: ExternalSide::new([level]),
                asks: ExternalSide::default(),
                update_id: many % 3,
                event_time_ms,
            })
        }
        5 => Command::Genesis(Genesis {
            orders_max: LIMITS.orders_max + number as u32,
            accounts_max: LIMITS.accounts_max + number as u32,
            trailing_max: LIMITS.trailing_max + number as u32,
            feed_window: LIMITS.feed_window + number as u32,
            ..LIMITS
        }),
        _ => return None,
    })
}

fn name<const N: usize>(stem: &str, number: u64) -> orison_core::text::Text<N> {
    orison_core::text::Text::new(&format!("{stem}{number}")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_was_loaded_goes_on_as_if_it_had_never_been_stored(
        steps in steps(),
        every in 1..40usize,
        piece in 1..300usize,
    ) {
        let (mut driven, begun) = Driven::new();
        let (mut views, mut witness) = (Views::new(KEPT), Witness::new());
        for (stamp, events) in &begun {
            show((&mut views, &mut witness), *stamp, events);
        }
        let mut followers: Vec<Follower> = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            let beside = beside(number).map(|command| Step { pause_ns: 0, command, pick: None });
            for step in beside.iter().chain([step]) {
                let (stamp, events) = driven.apply(step);
                show((&mut views, &mut witness), stamp, &events);
                for follower in &mut followers {
                    prop_assert_eq!(&follower.apply(stamp, &driven.command), &events);
                }
            }
            if number % every == 0 {
                let stored = Stored::of(&driven.exchange, &views, &witness);
                let loaded = Follower::of(stored.load(KEPT, Gaps::Refused, piece).unwrap());
                prop_assert_eq!(&loaded.stored(), &stored, "loading changes nothing");
                if followers.len() < 4 {
                    followers.push(loaded);
                }
            }
        }
        let stored = Stored::of(&driven.exchange, &views, &witness);
        let state = state_digest(&driven.exchange);
        for follower in &followers {
            prop_assert_eq!(state_digest(&follower.exchange), state);
            prop_assert_eq!(follower.witness.digests(), witness.digests());
            prop_assert!(follower.stored() == stored, "the same slots, links and histories");
        }
    }
}

fn a_state() -> Stored {
    let (driven, begun) = Driven::new();
    let (mut views, mut witness) = (Views::new(KEPT), Witness::new());
    for (stamp, events) in &begun {
        show((&mut views, &mut witness), *stamp, events);
    }
    Stored::of(&driven.exchange, &views, &witness)
}

fn without(mut stored: Stored, name: &str) -> Stored {
    stored.0.retain(|(known, _, _)| *known != name);
    stored
}

fn newer(mut stored: Stored, name: &str) -> Stored {
    stored.0.iter_mut().filter(|(known, _, _)| *known == name).for_each(|known| known.1 += 1);
    stored
}

#[test]
fn a_section_that_is_not_there_or_not_of_this_version_is_a_gap() {
    let stored = a_state();
    let outcome =
        |stored: &Stored, limits, gaps| stored.load(limits, gaps, 64).map(|loaded| loaded.empty);
    let version = |name: &str| LoadError::Version { name: name.to_owned(), found: 2, expected: 1 };
    let missing = |name| Err(LoadError::Missing { name });
    let other = ViewLimits { trades_max: 6, ..KEPT };
    for (stored, limits, gaps, expected) in [
        (stored.clone(), KEPT, Gaps::Refused, Ok(vec![])),
        (stored.clone(), other, Gaps::Refused, Err(LoadError::Limits)),
        (without(stored.clone(), "core"), KEPT, Gaps::Empty, missing("core")),
        (without(stored.clone(), "witness"), KEPT, Gaps::Empty, missing("witness")),
        (newer(stored.clone(), "core"), KEPT, Gaps::Empty, Err(version("core"))),
        (newer(stored.clone(), "witness"), KEPT, Gaps::Empty, Err(version("witness"))),
        (without(stored.clone(), "trades"), KEPT, Gaps::Refused, missing("trades")),
        (without(stored.clone(), "trades"), KEPT, Gaps::Empty, Ok(vec!["trades"])),
        (newer(stored.clone(), "candles"), KEPT, Gaps::Refused, missing("candles")),
        (newer(stored.clone(), "candles"), KEPT, Gaps::Empty, Ok(vec!["candles"])),
        (without(stored.clone(), "depth"), KEPT, Gaps::Empty, missing("depth")),
    ] {
        assert_eq!(outcome(&stored, limits, gaps), expected);
    }
}

#[test]
fn a_section_that_is_cut_or_goes_on_is_refused_and_an_unknown_one_is_passed() {
    let stored = a_state();
    for at in 0..stored.0.len() {
        let name = stored.0[at].0;
        let mut cut = stored.clone();
        cut.0[at].2.pop();
        let error = cut.load(KEPT, Gaps::Refused, 7).err();
        assert!(matches!(error, Some(LoadError::Unreadable { .. })), "{name}: {error:?}");
        let mut longer = stored.clone();
        longer.0[at].2.push(0);
        let error = longer.load(KEPT, Gaps::Refused, 7).err();
        assert_eq!(error, Some(LoadError::Longer { name: name.to_owned() }));
    }
    let mut nothing = |_: &mut Vec<u8>| false;
    let label = Label { name: "of a later build", version: 1 };
    let taken = Loading::new(KEPT).section(label, &mut Input::new(&mut nothing));
    assert_eq!(taken, Ok(Taken::Passed));
}
