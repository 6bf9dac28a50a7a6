//! What foreign venues said last, so that an exact repeat is dropped: for each venue and symbol a
//! window of its latest messages.

use orison_core::command::{ExternalDepth, ExternalTrade, Liquidation, Ticker, Venue};
use orison_core::{Command, Symbol};

#[derive(Default)]
pub(super) struct Feeds {
    /// Tickers and forced orders apart.
    heard: Vec<Command>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Fresh,
    Repeat,
}

impl Feeds {
    pub(super) fn hear(&mut self, message: &Command, window: u32) -> News {
        if self.heard.contains(message) {
            return News::Repeat;
        }
        self.heard.push(*message);
        let same = |other: &Command| topic(other) == topic(message);
        if self.heard.iter().filter(|other| same(other)).count() > window as usize {
            let oldest = self.heard.iter().position(same);
            self.heard.remove(oldest.expect("one was just put there"));
        }
        News::Fresh
    }
}

fn topic(message: &Command) -> Option<(Venue, Symbol)> {
    match message {
        Command::Ticker(Ticker { venue, symbol, .. })
        | Command::Liquidation(Liquidation { venue, symbol, .. })
        | Command::ExternalTrade(ExternalTrade { venue, symbol, .. })
        | Command::ExternalDepth(ExternalDepth { venue, symbol, .. }) => Some((*venue, *symbol)),
        _ => None,
    }
}
