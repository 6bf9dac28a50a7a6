//! The bodies that all sockets share, and how symbols, times and names of fields are written.

use std::time::Duration;

use orison_core::Symbol;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::language::Language;
use crate::xtrader::problem::Problem;
use crate::xtrader::shape::rfc3339;

/// `data` of a message that has nothing to say.
#[derive(Serialize, ToSchema)]
pub(super) struct Empty {}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConnectionEstablished {
    #[schema(format = "uuid")]
    pub(super) session_id: String,
    /// The socket's name, such as market-data.
    pub(super) socket: &'static str,
    /// Whose figures and orders are shown; null: nobody's, or not known before AUTH.
    pub(super) account: Option<String>,
    /// Milliseconds between two of ours; the client should send HEARTBEAT as often.
    pub(super) heartbeat_interval: u64,
    /// Milliseconds without anything from the client that end the session.
    pub(super) idle_timeout: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthConfirmed {
    pub(super) user: String,
    pub(super) account: String,
    /// viewer, trader, auditor or admin.
    pub(super) role: &'static str,
    /// Unix milliseconds; null: until it is revoked.
    pub(super) expires_at: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ErrorBody {
    /// For people, in Korean or English.
    pub(super) error: String,
    /// For programs; never translated.
    pub(super) code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<String>,
}

impl ErrorBody {
    pub(super) fn new(problem: &Problem, language: Language) -> Self {
        Self {
            error: problem.message.text(language).to_owned(),
            code: problem.code,
            field: problem.field.as_deref().map(camel),
        }
    }
}

/// What is subscribed from now on, after SUBSCRIBE and after UNSUBSCRIBE.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SymbolsConfirmed {
    #[serde(serialize_with = "names")]
    #[schema(value_type = Vec<String>)]
    pub(super) symbols: Vec<Symbol>,
    /// Of this request, those that are not traded here.
    pub(super) unknown_symbols: Vec<String>,
    /// REAL_TIME or SNAPSHOT.
    pub(super) subscription_type: &'static str,
    /// Milliseconds, as it was clamped.
    pub(super) update_interval: u64,
}

fn names<S: Serializer>(symbols: &[Symbol], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(symbols.iter().map(Symbol::as_str))
}

/// 0: never; null.
pub(super) fn moment(time_ns: u64) -> Option<String> {
    (time_ns > 0).then(|| rfc3339(time_ns))
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// `client_order_id` is `clientOrderId` on these sockets.
pub(super) fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut after_line = false;
    for character in name.chars() {
        match (character, after_line) {
            ('_', _) => after_line = true,
            (character, true) => {
                camel.push(character.to_ascii_uppercase());
                after_line = false;
            }
            (character, false) => camel.push(character),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_as_the_client_wrote_them() {
        for (name, shown) in
            [("client_order_id", "clientOrderId"), ("quantity", "quantity"), ("a_b_c", "aBC")]
        {
            assert_eq!(camel(name), shown);
        }
    }
}
