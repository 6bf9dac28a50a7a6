//! The documented procedure, step by step, and every way in which it can break.

use super::*;

fn levels(levels: &[(i64, i64)]) -> Vec<Level> {
    let foreign = |mantissa| Foreign { mantissa, scale: 0 };
    levels.iter().map(|&(p, q)| Level { price: foreign(p), quantity: foreign(q) }).collect()
}

fn update(first_id: u64, last_id: u64, previous_id: u64, bids: &[(i64, i64)]) -> Update {
    Update {
        symbol: Symbol::new("BTCUSDT").unwrap(),
        first_id,
        last_id,
        previous_id,
        bids: levels(bids),
        asks: Vec::new(),
        event_time_ms: last_id,
    }
}

fn snapshot(last_id: u64) -> Snapshot {
    let (bids, asks) = (levels(&[(10, 1), (9, 2)]), levels(&[(12, 3), (13, 4)]));
    Snapshot { last_id, bids, asks, event_time_ms: 1 }
}

/// The update ids after which the book was shown, and how it ended.
fn start(book: &mut Book, last_id: u64) -> (Vec<u64>, Step) {
    let mut shown = Vec::new();
    let step = book.on_snapshot(snapshot(last_id), |book| shown.push(book.last_id()));
    (shown, step)
}

#[test]
fn the_snapshot_joins_the_buffered_updates() {
    let mut book = Book::default();
    for (first, last, previous) in [(90, 95, 89), (96, 99, 95), (100, 104, 99), (105, 107, 104)] {
        assert_eq!(book.on_update(update(first, last, previous, &[])), Step::Buffered);
    }
    assert_eq!(start(&mut book, 101), (vec![104, 107], Step::Applied));
    assert!(book.is_synced());
    assert_eq!(book.on_update(update(108, 110, 107, &[(11, 5), (9, 0), (7, 0)])), Step::Applied);
    assert_eq!(book.bids(5), levels(&[(11, 5), (10, 1)]));
    assert_eq!(book.asks(1), levels(&[(12, 3)]));
    assert_eq!((book.last_id(), book.event_time_ms()), (110, 110));
}

#[test]
fn a_snapshot_from_the_future_waits_for_its_update() {
    let mut book = Book::default();
    book.on_update(update(1, 5, 0, &[]));
    assert_eq!(start(&mut book, 20), (vec![], Step::Stale));
    assert!(!book.is_synced());
    assert_eq!(book.on_update(update(6, 19, 5, &[])), Step::Stale);
    assert_eq!(book.on_update(update(20, 22, 19, &[])), Step::Applied);
    assert_eq!(book.on_update(update(23, 23, 22, &[])), Step::Applied);
}

#[test]
fn what_is_missing_asks_for_a_snapshot_and_is_buffered_for_it() {
    let mut book = Book::default();
    start(&mut book, 100);
    assert_eq!(book.on_update(update(100, 101, 99, &[])), Step::Applied);
    assert_eq!(book.on_update(update(103, 104, 102, &[])), Step::Broken(Fault::Gap));
    assert!(!book.is_synced());
    assert_eq!(book.on_update(update(105, 106, 104, &[])), Step::Buffered);
    let too_old = (vec![], Step::Broken(Fault::SnapshotTooOld));
    assert_eq!(start(&mut book, 101), too_old, "older than all that is buffered");
    assert_eq!(start(&mut book, 104), (vec![104, 106], Step::Applied), "nothing was lost");
}

#[test]
fn an_update_that_follows_the_snapshot_directly_joins_it() {
    let mut book = Book::default();
    start(&mut book, 100);
    assert_eq!(book.on_update(update(101, 103, 100, &[])), Step::Applied);
}

#[test]
fn a_gap_among_the_buffered_updates_is_found() {
    let mut book = Book::default();
    for (first, last, previous) in [(99, 101, 98), (105, 106, 104), (107, 108, 106)] {
        book.on_update(update(first, last, previous, &[]));
    }
    assert_eq!(start(&mut book, 100), (vec![101], Step::Broken(Fault::Gap)));
    assert_eq!(start(&mut book, 105), (vec![106, 108], Step::Applied));
}

#[test]
fn a_crossed_book_is_never_shown() {
    let mut book = Book::default();
    start(&mut book, 100);
    assert_eq!(
        book.on_update(update(100, 101, 99, &[(12, 1)])),
        Step::Broken(Fault::Crossed),
        "a bid at the best ask"
    );
    assert!(!book.is_synced());
}

#[test]
fn the_buffer_is_bounded_and_an_overflow_heals() {
    let mut book = Book::default();
    let last = BUFFERED_MAX as u64 + 10;
    for id in 1..=last {
        book.on_update(update(id, id, id - 1, &[]));
    }
    assert_eq!(start(&mut book, 5).1, Step::Broken(Fault::SnapshotTooOld));
    assert_eq!(start(&mut book, last).1, Step::Applied);
}

#[test]
fn a_snapshot_that_nobody_needs_changes_nothing() {
    let mut book = Book::default();
    start(&mut book, 100);
    book.on_update(update(100, 101, 99, &[(11, 1)]));
    assert_eq!(start(&mut book, 50), (vec![], Step::Stale));
    assert_eq!((book.last_id(), book.bids(1)), (101, levels(&[(11, 1)])));
}
