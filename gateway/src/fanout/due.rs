//! One message on its way to a client, and why it is told: who has several subscriptions to the
//! same topic hands it to those whom it concerns.

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::topic::Topic;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Due {
    /// What it was subscribed as; None: an answer to the client itself.
    pub(crate) about: Option<About>,
    pub(crate) text: Utf8Bytes,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct About {
    pub(crate) topic: Topic,
    pub(crate) told: Told,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// The state has changed.
    Changed,
    /// The last state of what was shown so far, by the command that ended it.
    Ended(u64),
    /// How the state stands, to who has just asked for it.
    Shown(Asker),
    /// An event. Those of a topic come in order; after a resume some come again.
    Happened(Place),
}

/// Whatever a session tells its requests apart by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Asker(pub(crate) u64);

/// Where an event stands: the command it comes from, and its index within that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    pub(crate) sequence: u64,
    pub(crate) index: u32,
}

impl Place {
    pub(crate) fn start_of(sequence: u64) -> Self {
        Self { sequence, index: 0 }
    }

    pub(crate) fn next(self) -> Self {
        Self { index: self.index + 1, ..self }
    }
}
