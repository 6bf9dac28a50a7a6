//! What the session itself says to its client: greetings, heartbeats, confirmations, answers to
//! orders, errors.

use orison_core::AccountName;
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use super::request::{Options, RequestId};
use super::subscriptions::Plan;
use crate::connections::OnEnd;
use crate::fanout::json::Json;
use crate::fanout::wall_ms;
use crate::identity::Principal;
use crate::language::Language;
use crate::xtrader::problem::{Answer, Problem};

pub(super) fn connected(client: Uuid) -> Utf8Bytes {
    let mut json = open("Connected");
    json.id("client_id", client.as_u128());
    json.integer("server_time", wall_ms());
    json.close()
}

pub(super) fn ping() -> Utf8Bytes {
    let mut json = open("Ping");
    json.integer("timestamp", wall_ms());
    json.close()
}

/// Who the session is from now on.
pub(super) fn authenticated(principal: &Principal, id: Option<&RequestId>) -> Utf8Bytes {
    let mut json = open("AuthSuccess");
    json.text("user", &principal.user);
    if let Some(account) = &principal.account {
        json.text("account", account.as_str());
    }
    json.word("role", principal.role.word());
    if let Some(at) = principal.expires_at_ms {
        json.integer("expires_at", at);
    }
    echo(&mut json, id);
    json.close()
}

/// The options as they hold from now on; 0: no timer.
pub(super) fn session_updated(
    account: &AccountName,
    options: &Options,
    id: Option<&RequestId>,
) -> Utf8Bytes {
    let mut json = open("SessionUpdated");
    json.text("account", account.as_str());
    json.boolean("cancel_on_disconnect", options.on_end == OnEnd::Cancel);
    json.integer("dead_man_ms", options.dead_man.map_or(0, |after| after.as_millis() as u64));
    echo(&mut json, id);
    json.close()
}

/// The timer has run out; how many orders were cancelled, unless it is not known.
pub(super) fn dead_man(account: &AccountName, cancelled: Option<u32>) -> Utf8Bytes {
    let mut json = open("DeadManFired");
    json.text("account", account.as_str());
    if let Some(cancelled) = cancelled {
        json.integer("cancelled", u64::from(cancelled));
    }
    json.integer("timestamp", wall_ms());
    json.close()
}

/// Echoes the client's timestamp; without one it says the time.
pub(super) fn pong(timestamp: Option<&RawValue>, id: Option<&RequestId>) -> Utf8Bytes {
    let mut json = open("Pong");
    match timestamp {
        Some(timestamp) => {
            json.key("timestamp");
            json.raw(timestamp.get().as_bytes());
        }
        None => json.integer("timestamp", wall_ms()),
    }
    echo(&mut json, id);
    json.close()
}

/// The request in full: every list expanded.
pub(super) fn confirmed(kind: &str, plan: &Plan, id: Option<&RequestId>) -> Utf8Bytes {
    let mut json = open(kind);
    json.texts("channels", plan.channels.iter().map(|channel| channel.word()));
    json.texts("symbols", plan.symbols.iter().map(|symbol| symbol.as_str()));
    json.texts("intervals", plan.intervals.iter().map(|interval| interval.word()));
    if let Some(account) = &plan.account {
        json.text("account", account.as_str());
    }
    echo(&mut json, id);
    json.close()
}

/// `status` is REST's status code; the word that REST answers under that name is `order_status`.
pub(super) fn order_response(answer: &Answer, id: Option<&RequestId>) -> Utf8Bytes {
    let mut json = open("OrderResponse");
    echo(&mut json, id);
    json.integer("status", u64::from(answer.status));
    let fields = answer.fields();
    if !fields.is_empty() {
        // Quotes inside a text are escaped, so that these bytes can only be the field.
        json.raw(b",");
        json.raw(fields.replacen("\"status\":\"", "\"order_status\":\"", 1).as_bytes());
    }
    json.close()
}

pub(super) fn error(problem: &Problem, language: Language, id: Option<&RequestId>) -> Utf8Bytes {
    let mut json = open("Error");
    json.word("code", problem.code);
    json.text("message", problem.message.text(language));
    if let Some(field) = &problem.field {
        json.text("field", field);
    }
    if let Some(oldest) = problem.oldest {
        json.integer("oldest", oldest);
    }
    echo(&mut json, id);
    json.close()
}

fn open(kind: &str) -> Json {
    let mut json = Json::default();
    json.open(kind);
    json
}

fn echo(json: &mut Json, id: Option<&RequestId>) {
    if let Some(id) = id {
        json.key("request_id");
        json.raw(id.json().as_bytes());
    }
}
