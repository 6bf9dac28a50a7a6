//! The close codes of this socket: why a session that broke no frame is ended.

use crate::fanout::Ending;
use crate::http::goodbye::{Goodbye, SLOW_CONSUMER};
use crate::identity::{IDENTITY_CLOSE, Refusal};
use crate::language::Language;

pub(super) const FLOOD: Goodbye = Goodbye::close(1008, "too many messages");
pub(super) const TOO_MANY: Goodbye = Goodbye::close(1013, "too many sessions of this user");
pub(super) const SILENT: Goodbye = Goodbye::close(4408, "heartbeat timeout");

/// The text is that of the refusal; who is not let in has no language yet.
pub(super) fn of_identity(refusal: Refusal) -> Goodbye {
    let reason = refusal.message().text(Language::English).to_owned();
    Goodbye::Close { code: IDENTITY_CLOSE, reason: reason.into() }
}

pub(super) fn of_outbox(ending: Ending) -> Goodbye {
    match ending {
        Ending::SlowConsumer => Goodbye::close(SLOW_CONSUMER, "slow consumer"),
        Ending::Shutdown => Goodbye::close(1001, "Shutdown"),
    }
}
