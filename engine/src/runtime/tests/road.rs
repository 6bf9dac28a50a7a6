//! Order, wholeness and fullness.

use std::collections::BTreeMap;
use std::thread;

use journal::Durability;
use orison_core::command::{AccountRef, Pray, Prayer};
use orison_core::{AccountId, Command, Event, Exchange, Side};

use super::harness::{
    IDENTITY, Road, SETTINGS, apply, beginning, canonical, limit, market, named, stream,
};
use crate::runtime::{Busy, Clock, Polled, Settings, Token, Wait};

#[test]
fn commands_through_the_rings_give_what_the_core_alone_gives() {
    let commands = stream(42, 4_000);
    let mut exchange = Exchange::new(IDENTITY);
    let expected = apply(&mut exchange, &commands);
    assert!(expected.len() > commands.len(), "some commands have several events");
    for wait in [Wait::Spin, Wait::Yield, Wait::Backoff] {
        for durability in [Durability::Journaled, Durability::Durable] {
            for (input_slots, output_slots) in [(64, 64), (1 << 12, 1 << 10)] {
                let settings = Settings { wait, input_slots, output_slots, ..SETTINGS };
                let mut road = Road::new(settings, durability);
                let seen = road.run(&commands);
                let (through, _) = road.runtime.stop().unwrap();
                assert!(seen == expected, "{settings:?} {durability:?}");
                assert_eq!(canonical(&through), canonical(&exchange));
            }
        }
    }
}

#[test]
fn a_full_ring_is_busy_and_loses_nothing_and_keeps_each_sessions_order() {
    const SESSIONS: u64 = 4;
    const COMMANDS: u64 = 5_000;
    let mut road = Road::new(Settings { input_slots: 64, ..SETTINGS }, Durability::Journaled);
    road.run(&beginning());
    let mut seen = Vec::new();
    thread::scope(|scope| {
        for session in 0..SESSIONS {
            let mut ingress = road.ingress.clone();
            scope.spawn(move || {
                for index in 0..COMMANDS {
                    // Two slots and one slot in turn.
                    let account = match index % 2 {
                        0 => named("ann"),
                        _ => AccountRef::Id(AccountId(1)),
                    };
                    let command = limit(account, Side::Buy, 1 + index as i64, 1);
                    let token = Token(session * COMMANDS + index);
                    while ingress.submit(token, &command) == Err(Busy) {
                        thread::yield_now();
                    }
                }
            });
        }
        road.read_until(&mut seen, (SESSIONS * COMMANDS) as usize);
    });
    let mut next_of_session = BTreeMap::new();
    for command in seen.iter().filter(|seen| seen.is_last) {
        let next: &mut u64 = next_of_session.entry(command.token / COMMANDS).or_default();
        assert_eq!(command.token % COMMANDS, *next, "in the order it was entered");
        *next += 1;
    }
    assert_eq!(next_of_session.len() as u64, SESSIONS);
    assert!(next_of_session.values().all(|&next| next == COMMANDS));
    let sequences: Vec<_> = seen.iter().filter(|s| s.is_last).map(|s| s.stamp.sequence.0).collect();
    assert!(sequences.is_sorted_by(|before, after| before + 1 == *after), "gapless");
}

#[test]
fn a_ring_that_nobody_empties_answers_busy_and_counts_it() {
    let settings = Settings { input_slots: 64, output_slots: 64, ..SETTINGS };
    let mut road = Road::new(settings, Durability::Journaled);
    let mut entered = 0;
    let mut refused = 0;
    while refused < 100 {
        match road.ingress.submit(Token(entered), &Command::Clock) {
            Ok(()) => entered += 1,
            Err(Busy) => {
                refused += 1;
                thread::yield_now();
            }
        }
    }
    let monitor = road.runtime.monitor();
    let figures = monitor.figures();
    assert!(figures.busy_total >= 100);
    assert_eq!((figures.input_slots, figures.output_slots), (64, 64));
    // The matcher may only now be waking.
    while monitor.figures().output_used == 0 {
        thread::yield_now();
    }
    let mut seen = Vec::new();
    road.read_until(&mut seen, entered as usize);
    let tokens: Vec<_> = seen.iter().filter(|s| s.is_last).map(|s| s.token).collect();
    assert_eq!(tokens, (0..entered).collect::<Vec<_>>(), "whatever was entered came out");
}

#[test]
fn a_command_of_100_000_events_passes_a_ring_of_1_024() {
    const ORDERS: usize = 100_000;
    for wait in [Wait::Spin, Wait::Yield, Wait::Backoff] {
        let mut road = Road::new(Settings { wait, ..SETTINGS }, Durability::Durable);
        let mut commands = beginning();
        commands.push(limit(named("ann"), Side::Sell, 100, 1));
        let known = AccountRef::Id(AccountId(1));
        commands.extend((1..ORDERS).map(|_| limit(known, Side::Sell, 100, 1)));
        commands.push(market(named("bob"), Side::Buy, ORDERS as u64));
        let seen = road.run(&commands);
        let sweep = commands.len() as u64 - 1;
        let events: Vec<_> = seen.iter().filter(|seen| seen.token == sweep).collect();
        let trades = events.iter().filter(|seen| matches!(seen.event, Event::Trade(_))).count();
        assert_eq!(trades, ORDERS);
        assert_eq!(events.iter().filter(|seen| seen.is_last).count(), 1);
        assert!(events.last().unwrap().is_last);
    }
}

#[test]
fn stages_that_have_parked_wake_up_for_every_command() {
    let mut road = Road::new(SETTINGS, Durability::Durable);
    let mut seen = Vec::new();
    for round in 0..50 {
        while !road.outlet.shared().matcher_bell.has_sleeper() {
            thread::yield_now();
        }
        road.ingress.submit(Token(round), &Command::Clock).unwrap();
        road.read_until(&mut seen, round as usize + 1);
    }
    assert_eq!(road.read(&mut seen), Polled::Empty);
}

#[test]
fn a_real_clock_journals_what_is_due_before_anything_else_or_when_nothing_comes() {
    let mut road = Road::new(Settings { clock: Clock::Real, ..SETTINGS }, Durability::Journaled);
    for command in beginning() {
        road.ingress.submit(Token(1), &command).unwrap();
    }
    let pray = Command::Pray(Pray { side: Prayer::Up, count: 3 });
    road.ingress.submit(Token(1), &pray).unwrap();
    let mut seen = Vec::new();
    road.read_until(&mut seen, 4);
    let (vote, clock) = (seen[seen.len() - 2], seen[seen.len() - 1]);
    assert!(matches!(vote.event, Event::Prayed(_)));
    assert_eq!((clock.token, clock.event), (0, Event::Done), "nobody asked for it");
    assert_eq!(clock.stamp.sequence.0, vote.stamp.sequence.0 + 1);
    const SECOND_NS: u64 = 1_000_000_000;
    let due_ns = (vote.stamp.time_ns / SECOND_NS + 1) * SECOND_NS;
    assert!(clock.stamp.time_ns >= due_ns);
}

#[test]
fn a_manual_clock_never_goes_back_and_does_nothing_by_itself() {
    let mut road = Road::new(SETTINGS, Durability::Journaled);
    let times = [50, 40, 60, 0, 61];
    for time_ns in times {
        road.ingress.submit_at(Token(9), time_ns, &Command::Clock).unwrap();
    }
    let mut seen = Vec::new();
    road.read_until(&mut seen, times.len());
    let stamps: Vec<_> = seen.iter().map(|seen| seen.stamp.time_ns).collect();
    assert_eq!(stamps, [50, 50, 60, 60, 61]);
}
