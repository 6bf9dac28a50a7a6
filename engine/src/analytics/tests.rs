//! The same events give the same figures, to the last bit, whoever looks in between.

use orison_core::{AccountId, Event, InstrumentId, Stamp};
use proptest::prelude::*;

use super::*;
use crate::Views;
use crate::projection::{Interval, ViewLimits};
use crate::tests::streams::{Driven, steps};

/// Every figure as text; that of a finite float names its bits.
fn figures(views: &Views) -> String {
    let mut text = String::new();
    let instruments = (1..=2).map(InstrumentId);
    for instrument in instruments.clone() {
        let indicators = Indicators::of(views, instrument, Interval::M1);
        text += &format!("{indicators:?} {:?}\n", views.signals.of(instrument));
    }
    for account in (1..=6).map(AccountId) {
        let risk = Risk::of(views, account, Interval::M1);
        text += &format!("{:?} {risk:?}\n", Portfolio::of(views, account));
    }
    let ids: Vec<_> = instruments.collect();
    let optimum = Optimum::of(views, &ids, Interval::M1, Objective::MinimumVariance);
    text + &format!("{optimum:?}")
}

fn see(views: &mut Views, (stamp, events): &(Stamp, Vec<Event>)) {
    for (index, event) in (0..).zip(events) {
        views.on_event(*stamp, index, event);
    }
    views.on_end(*stamp);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_replay_gives_the_same_bits(steps in steps(), stop in any::<prop::sample::Index>()) {
        let (mut driven, mut commands) = Driven::new();
        commands.extend(steps.iter().map(|step| driven.apply(step)));
        let mut whole = Views::new(ViewLimits::DEFAULT);
        let mut halfway = String::new();
        let stop = stop.index(commands.len());
        for (index, command) in commands.iter().enumerate() {
            see(&mut whole, command);
            if index == stop {
                halfway = figures(&whole);
            }
        }
        let mut again = Views::new(ViewLimits::DEFAULT);
        let (first, rest) = commands.split_at(stop + 1);
        first.iter().for_each(|command| see(&mut again, command));
        prop_assert_eq!(&figures(&again), &halfway);
        rest.iter().for_each(|command| see(&mut again, command));
        let text = figures(&again);
        prop_assert_eq!(&text, &figures(&whole));
        prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{}", text);
    }
}
