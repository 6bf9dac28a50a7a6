//! Conflation of depth: the first change of a symbol goes out at once, later ones at most once in
//! an interval, the last of them always. It keeps times only; who sends makes the book then.

use std::collections::BTreeMap;
use std::time::Duration;

use orison_core::Symbol;
use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    symbols: BTreeMap<Symbol, Turn>,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    sent_at: Instant,
    /// Something has changed since.
    waits: bool,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, symbols: BTreeMap::new() }
    }

    /// The symbol has changed: may it go out now? If not it will be `due`.
    pub(super) fn may_send(&mut self, symbol: Symbol, now: Instant) -> bool {
        match self.symbols.get_mut(&symbol) {
            Some(turn) if now < turn.sent_at + self.interval => {
                turn.waits = true;
                false
            }
            Some(_) | None => {
                self.symbols.insert(symbol, Turn { sent_at: now, waits: false });
                true
            }
        }
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        let waiting = self.symbols.values().filter(|turn| turn.waits);
        waiting.map(|turn| turn.sent_at + self.interval).min()
    }

    /// Symbols whose turn has come; they count as sent.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Symbol> {
        let mut due = Vec::new();
        for (symbol, turn) in &mut self.symbols {
            if turn.waits && turn.sent_at + self.interval <= now {
                *turn = Turn { sent_at: now, waits: false };
                due.push(*symbol);
            }
        }
        due
    }

    pub(super) fn forget(&mut self, symbol: &Symbol) {
        self.symbols.remove(symbol);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_goes_at_once_and_the_last_is_never_lost() {
        let symbol = Symbol::new("BTCUSDT").unwrap();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::new(Duration::from_millis(100));
        assert!(pace.may_send(symbol, at(0)));
        assert!(!pace.may_send(symbol, at(10)));
        assert!(!pace.may_send(symbol, at(20)));
        assert_eq!(pace.next_at(), Some(at(100)));
        assert_eq!(pace.due(at(99)), []);
        assert_eq!(pace.due(at(100)), [symbol]);
        assert_eq!((pace.next_at(), pace.due(at(300))), (None, vec![]));
        assert!(pace.may_send(symbol, at(300)));
        let mut each = Pace::new(Duration::ZERO);
        assert!((0..3).all(|_| each.may_send(symbol, start)), "no interval: every change");
    }
}
