//! The instruments that a session follows on one kind of topic, each at its own pace.

use std::collections::BTreeMap;
use std::sync::Arc;

use orison_core::{Instrument, InstrumentId, Symbol};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::envelope::{RequestId, Stamps};
use super::host::{Host, Symbols};
use super::kind::Told;
use super::pace::Pace;
use super::room::next_tick;
use super::shape::SymbolsConfirmed;
use super::studio::{Listener, Tick, Topic};

pub(super) struct Followed {
    topic: fn(InstrumentId) -> Topic,
    listener: Listener,
    instruments: BTreeMap<InstrumentId, (Symbol, Pace)>,
}

/// What a confirmation says besides the symbols that are followed now.
pub(super) struct Confirmed {
    /// Of this request.
    pub(super) unknown: Vec<String>,
    pub(super) subscription_type: &'static str,
    /// Milliseconds.
    pub(super) update_interval: u64,
}

impl Followed {
    pub(super) fn open(host: &Host, topic: fn(InstrumentId) -> Topic) -> Self {
        Self { topic, listener: host.studio.listen(), instruments: BTreeMap::new() }
    }

    /// From the next tick on: what was made before is told by the subscription itself.
    pub(super) fn follow(&mut self, instruments: &[Instrument], pace: Pace) {
        self.listener.catch_up();
        for instrument in instruments {
            self.listener.follow((self.topic)(instrument.id));
            self.instruments.insert(instrument.id, (instrument.symbol, pace));
        }
    }

    /// Without symbols everything is left. Gives back what is not traded here.
    pub(super) fn leave(&mut self, symbols: Option<Symbols>) -> Vec<String> {
        let (left, unknown) = match symbols {
            Some(Symbols { known, unknown }) => (known.iter().map(|i| i.id).collect(), unknown),
            None => (self.instruments.keys().copied().collect::<Vec<_>>(), Vec::new()),
        };
        for instrument in left {
            self.instruments.remove(&instrument);
            self.listener.leave((self.topic)(instrument));
        }
        unknown
    }

    pub(super) fn confirm(&self, host: &Host, id: Option<&RequestId>, confirmed: Confirmed) {
        let body = SymbolsConfirmed {
            symbols: self.instruments.values().map(|(symbol, _)| *symbol).collect(),
            unknown_symbols: confirmed.unknown,
            subscription_type: confirmed.subscription_type,
            update_interval: confirmed.update_interval,
        };
        host.say(Told::SubscriptionConfirmed, Stamps::answer(id), &body);
    }

    /// For ever without a subscription.
    pub(super) async fn next_tick(&mut self) -> Arc<Tick> {
        match self.instruments.is_empty() {
            false => next_tick(&mut self.listener).await,
            true => std::future::pending().await,
        }
    }

    /// What is due of it now, in the order of instruments.
    pub(super) fn tick(&mut self, tick: &Tick, say: &mut dyn FnMut(Utf8Bytes)) {
        for (instrument, (_, pace)) in &mut self.instruments {
            // One that was subscribed after the tick was made has its turn with the next.
            if let Some(text) = tick.texts.get(&(self.topic)(*instrument))
                && pace.is_due(tick.number)
            {
                say(text.clone());
            }
        }
    }
}
