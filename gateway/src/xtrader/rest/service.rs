//! What the service says of itself.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::config::Switch;
use crate::http::Directory;
use crate::xtrader::problem::Answer;

#[derive(Serialize, ToSchema)]
pub(crate) struct TimeAnswer {
    /// Milliseconds of the wall clock.
    server_time: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct HealthAnswer {
    /// ok, failed or stopping; the last two with status 503.
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
    version: &'static str,
}

/// What a page needs to find the rest.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConfigAnswer {
    rest: Option<String>,
    ws: Option<String>,
    /// open: whoever connects is who it says it is.
    mode: &'static str,
    durability: &'static str,
    public_order_ids: bool,
}

pub(crate) fn time() -> Answer {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let server_time = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Answer::new(200, &TimeAnswer { server_time })
}

pub(crate) fn health(app: &App) -> Answer {
    let reason = app.failure();
    let figures = app.figures();
    let (code, status) = match (&reason, &figures) {
        (Some(_), _) => (503, "failed"),
        (None, None) => (503, "stopping"),
        (None, Some(_)) => (200, "ok"),
    };
    let of = |figure: fn(&engine::runtime::Figures) -> u64| figures.as_ref().map_or(0, figure);
    let body = HealthAnswer {
        status,
        reason,
        durability: app.config.durability.word(),
        sequence: of(|figures| figures.sequence_matched),
        sequence_journaled: of(|figures| figures.sequence_journaled),
        sequence_durable: of(|figures| figures.sequence_durable),
        visible: of(|figures| figures.sequence_visible),
        version: env!("CARGO_PKG_VERSION"),
    };
    Answer::new(code, &body)
}

pub(crate) fn config(app: &App, directory: &Directory) -> Answer {
    let body = ConfigAnswer {
        rest: directory.rest.map(rest_url),
        ws: directory.ws.map(ws_url),
        mode: "open",
        durability: app.config.durability.word(),
        public_order_ids: app.config.public_order_ids == Switch::On,
    };
    Answer::new(200, &body)
}

pub(crate) fn rest_url(address: SocketAddr) -> String {
    format!("http://{address}")
}

pub(crate) fn ws_url(address: SocketAddr) -> String {
    format!("ws://{address}/ws")
}
