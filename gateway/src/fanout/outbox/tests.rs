//! Rows for the outbox: what conflates, what never drops, when a slow client is let go.

use std::task::Waker;

use super::*;

const TOPIC: Topic = Topic::OrderBook(orison_core::InstrumentId(1));

fn outbox(limits: Limits) -> Outbox {
    Outbox::new(Uuid::nil(), limits, Arc::default())
}

fn text(text: &str) -> Utf8Bytes {
    Utf8Bytes::from(text)
}

fn place(sequence: u64) -> Place {
    Place::start_of(sequence)
}

fn taken(outbox: &Outbox, bytes_max: usize) -> Vec<String> {
    let mut chunk = VecDeque::new();
    outbox.take(&mut chunk, bytes_max);
    chunk.iter().map(|due| due.text.as_str().to_owned()).collect()
}

fn state(outbox: &Outbox, slot: SlotId, name: &str, sequence: u64) -> Pushed {
    outbox
        .push_state(slot, sequence, &mut |previous| text(&format!("{name} {previous}->{sequence}")))
}

#[test]
fn a_newer_state_takes_the_place_of_the_one_that_waits() {
    let now = Instant::now();
    let outbox = outbox(Limits::DEFAULT);
    let (book, candle) = (outbox.open_slot(TOPIC), outbox.open_slot(TOPIC));
    state(&outbox, book, "book", 3);
    outbox.push_event(TOPIC, text("trade 4"), place(4), now);
    state(&outbox, candle, "candle", 4);
    for sequence in 5..10 {
        assert_eq!(state(&outbox, book, "book", sequence), Pushed::Behind);
    }
    assert_eq!(taken(&outbox, 1 << 20), ["book 0->9", "trade 4", "candle 0->4"]);
    assert_eq!(outbox.counters.conflated.get(), 5);
    state(&outbox, book, "book", 11);
    state(&outbox, book, "book", 12);
    assert_eq!(taken(&outbox, 1 << 20), ["book 9->12"], "previous is what was really sent");
}

#[test]
fn a_final_state_is_never_conflated() {
    let now = Instant::now();
    let outbox = outbox(Limits::DEFAULT);
    let candle = outbox.open_slot(TOPIC);
    state(&outbox, candle, "open", 1);
    state(&outbox, candle, "open", 2);
    let mut closing = |previous| text(&format!("closed {previous}->3"));
    outbox.push_final(candle, 3, now, &mut closing);
    state(&outbox, candle, "next", 3);
    state(&outbox, candle, "next", 4);
    let mut closing = |previous| text(&format!("closed {previous}->5"));
    outbox.push_final(candle, 5, now, &mut closing);
    assert_eq!(taken(&outbox, 1 << 20), ["closed 0->3", "closed 3->5"]);
}

#[test]
fn a_key_that_is_left_sends_nothing_more() {
    let outbox = outbox(Limits::DEFAULT);
    let (one, other) = (outbox.open_slot(TOPIC), outbox.open_slot(TOPIC));
    state(&outbox, one, "one", 1);
    state(&outbox, other, "other", 1);
    outbox.close_slot(one);
    let again = outbox.open_slot(TOPIC);
    assert_eq!(again, one, "slots are used again");
    state(&outbox, again, "again", 2);
    assert_eq!(taken(&outbox, 1 << 20), ["other 0->1", "again 0->2"]);
}

#[test]
fn only_so_many_keys_wait_and_the_next_is_told_so() {
    let outbox = outbox(Limits { state_keys_max: 2, ..Limits::DEFAULT });
    let slots = [outbox.open_slot(TOPIC), outbox.open_slot(TOPIC), outbox.open_slot(TOPIC)];
    assert_eq!(state(&outbox, slots[0], "a", 1), Pushed::First);
    assert_eq!(state(&outbox, slots[1], "b", 1), Pushed::Behind);
    assert_eq!(state(&outbox, slots[2], "c", 1), Pushed::Full);
    assert_eq!(state(&outbox, slots[0], "a", 2), Pushed::Behind, "a known key always fits");
    assert_eq!(taken(&outbox, 1 << 20), ["a 0->2", "b 0->1"]);
    assert_eq!(state(&outbox, slots[2], "c", 3), Pushed::Behind);
}

#[test]
fn too_many_event_bytes_end_the_session() {
    let now = Instant::now();
    let outbox = outbox(Limits { event_bytes_max: 10, ..Limits::DEFAULT });
    outbox.push_event(TOPIC, text("123456"), place(1), now);
    assert_eq!(outbox.ending(), None);
    outbox.push_event(TOPIC, text("12345"), place(2), now);
    assert_eq!(outbox.ending(), Some(Ending::SlowConsumer));
    assert_eq!(outbox.push_event(TOPIC, text("1"), place(3), now), Pushed::Ended);
    assert_eq!(taken(&outbox, 1 << 20), [""; 0], "what waited is gone");
    assert_eq!(outbox.counters.overflows.get(), 1);
}

#[test]
fn the_events_of_one_command_always_fit_an_empty_outbox() {
    let now = Instant::now();
    let outbox = outbox(Limits { event_bytes_max: 10, ..Limits::DEFAULT });
    for _ in 0..5_000 {
        outbox.push_event(TOPIC, text("123456"), place(7), now);
    }
    assert_eq!(outbox.ending(), None);
    assert_eq!(taken(&outbox, 4_000 * 6).len(), 4_000);
    outbox.push_event(TOPIC, text("123456"), place(7), now);
    assert_eq!(outbox.ending(), None, "still the same command");
    outbox.push_event(TOPIC, text("1"), place(8), now);
    assert_eq!(outbox.ending(), Some(Ending::SlowConsumer));
}

#[test]
fn an_event_that_waits_too_long_ends_the_session_and_states_do_not() {
    let now = Instant::now();
    let age = Limits::DEFAULT.event_age_max;
    let outbox = outbox(Limits::DEFAULT);
    let slot = outbox.open_slot(TOPIC);
    state(&outbox, slot, "book", 1);
    outbox.push_event(TOPIC, text("a"), place(1), now);
    outbox.push_event(TOPIC, text("b"), place(2), now + age);
    assert_eq!(outbox.ending(), None);
    outbox.push_event(TOPIC, text("c"), place(3), now + age + Duration::from_millis(1));
    assert_eq!(outbox.ending(), Some(Ending::SlowConsumer));
    let patient = super::tests::outbox(Limits::DEFAULT);
    let slot = patient.open_slot(TOPIC);
    state(&patient, slot, "book", 1);
    patient.push_event(TOPIC, text("a"), place(2), now + age * 2);
    assert_eq!(patient.ending(), None);
}

#[test]
fn the_age_is_that_of_the_oldest_still_waiting() {
    let now = Instant::now();
    let age = Limits::DEFAULT.event_age_max;
    let outbox = outbox(Limits::DEFAULT);
    outbox.push_event(TOPIC, text("old"), place(1), now);
    outbox.push_event(TOPIC, text("new"), place(2), now + age / 2);
    assert_eq!(taken(&outbox, 1), ["old"]);
    assert_eq!(outbox.oldest_event(), Some(now + age / 2));
    outbox.push_event(TOPIC, text("newer"), place(3), now + age + Duration::from_millis(1));
    assert_eq!(outbox.ending(), None);
}

#[test]
fn order_is_kept_whatever_is_taken_at_a_time() {
    let now = Instant::now();
    for bytes_max in [1, 3, 7, 1_000] {
        let outbox = outbox(Limits::DEFAULT);
        let slots: Vec<_> = (0..10).map(|_| outbox.open_slot(TOPIC)).collect();
        let mut expected = Vec::new();
        for (number, &slot) in (1..).zip(&slots) {
            outbox.push_event(TOPIC, text(&format!("event {number}")), place(number), now);
            state(&outbox, slot, "state", number);
            expected.extend([format!("event {number}"), format!("state 0->{number}")]);
        }
        let mut all = Vec::new();
        while outbox.waiting() > 0 {
            all.extend(taken(&outbox, bytes_max));
        }
        assert_eq!(all, expected, "{bytes_max} bytes at a time");
    }
}

#[test]
fn a_full_outbox_is_overloaded_until_it_is_half_empty() {
    let now = Instant::now();
    let outbox = outbox(Limits { event_bytes_max: 100, ..Limits::DEFAULT });
    for sequence in 1..=8 {
        outbox.push_event(TOPIC, text("1234567890"), place(sequence), now);
    }
    assert!(!outbox.is_overloaded());
    outbox.push_event(TOPIC, text("1"), place(9), now);
    assert!(outbox.is_overloaded());
    taken(&outbox, 30);
    assert!(outbox.is_overloaded());
    taken(&outbox, 10);
    assert!(!outbox.is_overloaded());
    assert_eq!(outbox.counters.overloads.get(), 1);
}

#[test]
fn a_shutdown_waits_for_what_is_due() {
    let now = Instant::now();
    let outbox = outbox(Limits::DEFAULT);
    outbox.push_event(TOPIC, text("last"), place(1), now);
    outbox.end(Ending::Shutdown);
    assert_eq!(outbox.ending(), None);
    assert_eq!(
        outbox.push_event(TOPIC, text("later"), place(2), now),
        Pushed::First,
        "the end is news"
    );
    assert_eq!(taken(&outbox, 1 << 20), ["last"]);
    assert_eq!(outbox.ending(), Some(Ending::Shutdown));
}

#[test]
fn history_waits_for_room_and_is_told_when_there_is() {
    let now = Instant::now();
    let outbox = outbox(Limits { event_bytes_max: 40, ..Limits::DEFAULT });
    assert!(outbox.has_room());
    outbox.push_event(TOPIC, text("1234567890"), place(1), now);
    outbox.push_event(TOPIC, text("1"), place(2), now);
    assert!(!outbox.has_room());
    let mut chunk = VecDeque::new();
    assert!(outbox.take(&mut chunk, 1).room);
    assert!(!outbox.take(&mut chunk, 1).room, "told once");
}

#[test]
fn who_waits_is_woken_once_for_many_messages() {
    let now = Instant::now();
    let outbox = outbox(Limits::DEFAULT);
    let mut context = Context::from_waker(Waker::noop());
    assert!(outbox.poll_due(&mut context).is_pending());
    assert_eq!(outbox.push_event(TOPIC, text("a"), place(1), now), Pushed::First);
    assert_eq!(outbox.push_event(TOPIC, text("b"), place(2), now), Pushed::Behind);
    outbox.wake();
    assert!(outbox.poll_due(&mut context).is_ready());
    assert_eq!(outbox.push_event(TOPIC, text("c"), place(3), now), Pushed::First);
}
