//! What the service says of itself.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::config::Switch;
use crate::fanout::wall_ms;
use crate::http::Directory;
use crate::identity::Principal;
use crate::xtrader::json::Object;
use crate::xtrader::problem::{Answer, Problem, ProblemBody};

#[derive(Serialize, ToSchema)]
pub(crate) struct TimeAnswer {
    /// Milliseconds of the wall clock.
    server_time: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct HealthAnswer {
    /// ok, or failed or diverged with status 503.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What an acknowledgement survives: durable or journaled.
    durability: &'static str,
    /// The newest decided command.
    sequence: u64,
    sequence_journaled: u64,
    sequence_durable: u64,
    /// The newest command that anyone outside can see.
    visible: u64,
    /// The last command that the second replay has agreed with.
    followed: u64,
    /// Commands on the disk that it has not reached yet.
    followed_lag: u64,
    /// Of the newest snapshot; 0: there is none.
    snapshot: u64,
    /// Room on the journal's disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_free_bytes: Option<u64>,
    /// It has no room for another segment: new orders are refused, cancels and amends go on.
    nearly_full: bool,
    /// What an operator should look at while the exchange goes on: keys, the disk, or snapshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
    version: &'static str,
}

/// What a page needs to find the rest.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConfigAnswer {
    rest: Option<String>,
    ws: Option<String>,
    /// STOMP over WebSocket and SockJS is at `/ws` of it.
    stomp: Option<String>,
    /// open: whoever connects is who it says it is; authenticated: whoever asks says who it is.
    mode: &'static str,
    durability: &'static str,
    public_order_ids: bool,
}

/// A token that says once, within its time, who asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    token: String,
    /// Milliseconds of the wall clock.
    expires_at: u64,
}

/// A token for one WebSocket, good once and for 60 s: its first message says it.
#[utoipa::path(
    post,
    path = "/token",
    request_body(content = serde_json::Value, description = "An empty object"),
    responses(
        (status = 200, description = "As asked", body = TokenAnswer),
        (status = 429, description = "Too many are out", body = ProblemBody),
    )
)]
pub(crate) fn token(app: &App, principal: &Principal, body: Object) -> Result<Answer, Problem> {
    body.finish()?;
    let (token, expires_at) = app.identity.mint(principal, wall_ms())?;
    Ok(Answer::new(200, &TokenAnswer { token, expires_at }))
}

/// The wall clock.
#[utoipa::path(
    get,
    path = "/time",
    responses((status = 200, description = "As asked", body = TimeAnswer))
)]
pub(crate) fn time() -> Answer {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let server_time = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Answer::new(200, &TimeAnswer { server_time })
}

/// Whether the exchange acknowledges, and how far it is.
#[utoipa::path(
    get,
    path = "/health",
    responses(
        (status = 200, description = "As asked", body = HealthAnswer),
        (
            status = 503,
            description = "Failed: nothing is acknowledged; or diverged: replay disagrees",
            body = HealthAnswer
        ),
    )
)]
pub(crate) fn health(app: &App) -> Answer {
    let figures = app.figures();
    let followed = app.followed.figures();
    let (code, status, reason) = match (app.monitor().failure(), followed.alarm) {
        (Some(failure), _) => (503, "failed", Some(failure)),
        (None, Some(alarm)) => (503, "diverged", Some(alarm)),
        (None, None) => (200, "ok", None),
    };
    let behind = || format!("the follower is {} commands behind", followed.lag);
    let full = || "the disk has no room for another segment of the journal".to_owned();
    let blind = app.identity.warning().map(str::to_owned);
    let warning = blind.or_else(|| figures.is_nearly_full.then(full));
    let warning = warning.or(followed.snapshot_failure);
    let warning = warning.or_else(|| followed.is_behind.then(behind));
    let body = HealthAnswer {
        status,
        reason,
        durability: app.config.durability.word(),
        sequence: figures.sequence_matched,
        sequence_journaled: figures.sequence_journaled,
        sequence_durable: figures.sequence_durable,
        visible: figures.sequence_visible,
        followed: followed.sequence,
        followed_lag: followed.lag,
        snapshot: followed.snapshot_sequence,
        disk_free_bytes: figures.disk_free_bytes,
        nearly_full: figures.is_nearly_full,
        warning,
        version: env!("CARGO_PKG_VERSION"),
    };
    Answer::new(code, &body)
}

pub(crate) fn config(app: &App, directory: &Directory) -> Answer {
    let urls = directory.urls();
    let url = |name| urls.iter().find(|(known, _)| *known == name).map(|(_, url)| url.clone());
    let body = ConfigAnswer {
        rest: url("rest"),
        ws: url("ws"),
        stomp: url("stomp"),
        mode: app.identity.mode().word(),
        durability: app.config.durability.word(),
        public_order_ids: app.config.public_order_ids == Switch::On,
    };
    Answer::new(200, &body)
}
