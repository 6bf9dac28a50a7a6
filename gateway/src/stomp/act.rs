//! What a session asks of whoever holds it: to say a frame, to subscribe, to enter prayers, to
//! end. And what a client can do wrong: a `Fault` is answered with ERROR and ends the session, a
//! `Refusal` is told to its error queue and the session goes on.

use bytes::Bytes;
use thiserror::Error;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::decode::DecodeError;
use super::frame::Verb;
use super::transactions::Settle;
use crate::identity::{self, IDENTITY_CLOSE};
use crate::language::Language;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// After what waits for the client.
    Say(Utf8Bytes),
    Beat,
    /// The receipt goes before the first message of the subscription.
    Subscribe {
        key: u64,
        receipt: Option<String>,
    },
    /// Some destinations may be covered no more; the receipt goes after their last message.
    Unsubscribe {
        receipt: Option<Utf8Bytes>,
    },
    Pray(Petition),
    /// For the session's error queue.
    Refuse {
        refusal: Refusal,
        receipt: Option<String>,
    },
    /// Once all prayers are answered: the receipt, then the end.
    Leave {
        receipt: Option<Utf8Bytes>,
    },
    /// The ERROR frame, then the end.
    Fail {
        error: Utf8Bytes,
        farewell: Farewell,
    },
    /// The end.
    Close(Farewell),
}

/// Prayers that are taken all or none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Petition {
    pub(super) bodies: Vec<Bytes>,
    /// What the same transaction acknowledges, once the prayers are taken.
    pub(super) settles: Vec<Settle>,
    /// Given once all have reached the ack mode.
    pub(super) receipt: Option<String>,
}

/// How the transport is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Farewell {
    pub(super) code: u16,
    pub(super) reason: &'static str,
}

impl Farewell {
    pub(super) const NORMAL: Self = Self { code: 1000, reason: "disconnected" };
    pub(super) const SHUTDOWN: Self = Self { code: 1001, reason: "Shutdown" };
    pub(super) const PROTOCOL: Self = Self { code: 1002, reason: "STOMP error" };
    pub(super) const FLOOD: Self = Self { code: 1008, reason: "too many messages" };
    pub(super) const TOO_BIG: Self = Self { code: 1009, reason: "message too big" };
    pub(super) const SILENT: Self = Self { code: 4408, reason: "heartbeat timeout" };
    pub(super) const UNOPENED: Self = Self { code: 4408, reason: "no CONNECT frame" };
    pub(super) const IDENTITY: Self = Self { code: IDENTITY_CLOSE, reason: "identity" };
    pub(super) const TOO_MANY: Self = Self { code: 1013, reason: "too many sessions of this user" };
    pub(super) const SLOW: Self = Self { code: 4500, reason: "slow consumer" };
}

/// What a session does not survive. The text is the `message` of its ERROR.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(super) enum Fault {
    #[error("malformed frame: {0}")]
    Malformed(#[from] DecodeError),
    #[error("the first frame must be CONNECT or STOMP")]
    NotConnected,
    #[error("already connected")]
    AlreadyConnected,
    #[error("{}", .0.message().text(Language::English))]
    Identity(identity::Refusal),
    #[error("supported protocol versions are 1.0 1.1 1.2")]
    Version,
    #[error("heart-beat must be two numbers of milliseconds")]
    HeartBeat,
    #[error("login is no name of an account: 1 to 32 printable ASCII characters")]
    Login,
    #[error("{verb} needs the header {header}", verb = .verb.word())]
    Missing { verb: Verb, header: &'static str },
    #[error("ack must be auto, client or client-individual")]
    AckMode,
    #[error("from_sequence must be the number of a command")]
    FromSequence,
    #[error("{} is not known in this version", .0.word())]
    Unknown(Verb),
    #[error("a subscription of this id is open")]
    SubscriptionKnown,
    #[error("too many subscriptions")]
    Subscriptions,
    #[error("a transaction of this name is open")]
    TransactionKnown,
    #[error("no transaction of this name is open")]
    TransactionUnknown,
    #[error("too many transactions, or too much in them")]
    Transactions,
    #[error("too many messages without ACK")]
    Unacked,
    #[error("too many topics")]
    Topics,
}

impl Fault {
    pub(super) fn farewell(&self) -> Farewell {
        match self {
            Self::Malformed(DecodeError::Frame) => Farewell::TOO_BIG,
            Self::Unacked => Farewell::SLOW,
            Self::Identity(_) => Farewell::IDENTITY,
            Self::Malformed(_)
            | Self::NotConnected
            | Self::AlreadyConnected
            | Self::Version
            | Self::HeartBeat
            | Self::Login
            | Self::Missing { .. }
            | Self::AckMode
            | Self::FromSequence
            | Self::Unknown(_)
            | Self::SubscriptionKnown
            | Self::Subscriptions
            | Self::TransactionKnown
            | Self::TransactionUnknown
            | Self::Transactions
            | Self::Topics => Farewell::PROTOCOL,
        }
    }
}

/// A SEND that goes nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// Only `/app/*` takes messages.
    Forbidden { destination: String },
    /// Nobody listens there.
    Unknown { destination: String },
}
