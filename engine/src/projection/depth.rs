//! The visible book by price level (L2), with the sequence that last changed it. Levels come in as
//! events state them; what a command changed goes out once, final and absolute, at its end.

mod ladder;

use orison_core::{InstrumentId, Price, Quantity, Side, Stamp};

use super::begin_news;
use super::dense::Dense;
use ladder::{Key, Ladder};

/// A level after the last command: absolute quantity, zero = gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LevelChange {
    pub side: Side,
    pub price: Price,
    pub quantity: Quantity,
}

#[derive(Default)]
pub struct BookView {
    /// By side.
    ladders: [Ladder; 2],
    changed_at: Stamp,
    previous_sequence: u64,
    changes: Vec<LevelChange>,
    /// Levels that the running command has touched, as they were before each touch.
    touches: Vec<Touch>,
}

#[derive(Clone, Copy)]
struct Touch {
    side: Side,
    key: Key,
    /// Which touch of the command this was: the first one saw the level as it had been, the last
    /// one left it as it is.
    number: u32,
    before: Quantity,
    after: Quantity,
}

impl BookView {
    fn set(&mut self, side: Side, price: Price, quantity: Quantity) {
        let key = Key::of(side, price);
        let before = self.ladders[side as usize].set(key, quantity);
        match self.touches.last_mut() {
            // A sweep takes from one level again and again.
            Some(last) if last.key == key && last.side == side => last.after = quantity,
            Some(_) | None => {
                let number = self.touches.len() as u32;
                self.touches.push(Touch { side, key, number, before, after: quantity });
            }
        }
    }

    /// Whether the command has changed any level.
    fn finish(&mut self, stamp: Stamp) -> bool {
        if self.touches.len() > 1 {
            self.touches.sort_unstable_by_key(|touch| (touch.side, touch.key, touch.number));
            self.touches.dedup_by(|later, first| {
                let is_same = (later.side, later.key) == (first.side, first.key);
                if is_same {
                    first.after = later.after;
                }
                is_same
            });
        }
        self.touches.retain(|touch| touch.after != touch.before);
        if self.touches.is_empty() {
            return false;
        }
        begin_news(&mut self.changes);
        self.changes.extend(self.touches.iter().map(|touch| LevelChange {
            side: touch.side,
            price: touch.key.price(touch.side),
            quantity: touch.after,
        }));
        begin_news(&mut self.touches);
        self.previous_sequence = self.changed_at.sequence.0;
        self.changed_at = stamp;
        true
    }

    /// The command that last changed this book; default: none did.
    pub fn changed_at(&self) -> Stamp {
        self.changed_at
    }

    /// Best price first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Quantity)> + '_ {
        self.ladders[side as usize].iter().map(move |(key, quantity)| (key.price(side), quantity))
    }

    pub fn best(&self, side: Side) -> Option<(Price, Quantity)> {
        self.levels(side).next()
    }

    /// Visible quantity at a price; zero: no level there.
    pub fn quantity(&self, side: Side, price: Price) -> Quantity {
        self.ladders[side as usize].get(Key::of(side, price))
    }

    /// Final, absolute, one entry a level, bids before asks, best first: what the last command
    /// that changed this book changed. A level that ended as it began is not among them.
    pub fn changes(&self) -> &[LevelChange] {
        &self.changes
    }

    /// The sequence of the command that changed it before `changed_at`; 0 = none.
    pub fn previous_sequence(&self) -> u64 {
        self.previous_sequence
    }
}

pub struct Depth {
    books: Dense<InstrumentId, BookView>,
    changed: Vec<InstrumentId>,
}

impl Depth {
    pub(super) fn new() -> Self {
        Self { books: Dense::new(), changed: Vec::new() }
    }

    pub(super) fn begin(&mut self) {
        self.changed.clear();
    }

    /// An instrument has a book from its creation on.
    pub(super) fn on_instrument(&mut self, instrument: InstrumentId) {
        self.books.entry(instrument, BookView::default);
    }

    pub(super) fn set(
        &mut self,
        instrument: InstrumentId,
        side: Side,
        price: Price,
        quantity: Quantity,
    ) {
        let book = self.books.entry(instrument, BookView::default);
        if book.touches.is_empty() {
            self.changed.push(instrument);
        }
        book.set(side, price, quantity);
    }

    /// A trade took it from the level of the resting order.
    pub(super) fn take(
        &mut self,
        instrument: InstrumentId,
        side: Side,
        price: Price,
        quantity: Quantity,
    ) {
        let level = self.book(instrument).map_or(Quantity::ZERO, |book| book.quantity(side, price));
        assert!(level >= quantity, "a trade takes what its level shows");
        self.set(instrument, side, price, level - quantity);
    }

    pub(super) fn end(&mut self, stamp: Stamp) {
        let books = &mut self.books;
        self.changed
            .retain(|&instrument| books.get_mut(instrument).is_some_and(|book| book.finish(stamp)));
    }

    pub fn book(&self, instrument: InstrumentId) -> Option<&BookView> {
        self.books.get(instrument)
    }

    /// Instruments whose book the last command changed.
    pub fn changed(&self) -> &[InstrumentId] {
        &self.changed
    }
}

orison_core::stored! {
    LevelChange { side, price, quantity }
    BookView { ladders, changed_at, previous_sequence, changes, touches }
    Touch { side, key, number, before, after }
    Depth { books, changed }
}
