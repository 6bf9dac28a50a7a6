//! What HTTP itself answers, without a call behind it. Only described here, never called.
#![allow(dead_code, reason = "described, never called")]

use crate::xtrader::problem::ProblemBody;
use crate::xtrader::rest::service::ConfigAnswer;

/// Counters and percentiles as OpenMetrics text.
#[utoipa::path(
    get,
    path = "/metrics",
    responses((
        status = 200,
        description = "As asked",
        body = String,
        content_type = "application/openmetrics-text",
    ))
)]
pub(crate) fn metrics() {}

/// This description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    responses((status = 200, description = "As asked", body = serde_json::Value))
)]
pub(crate) fn openapi() {}

/// What a page needs to find the rest.
#[utoipa::path(
    get,
    path = "/config.json",
    responses((status = 200, description = "As asked", body = ConfigAnswer))
)]
pub(crate) fn config() {}

/// The xTrader socket, on the listener of the web page only.
#[utoipa::path(
    get,
    path = "/ws",
    responses(
        (status = 101, description = "A WebSocket"),
        (status = 400, description = "No proper handshake", body = ProblemBody),
        (status = 426, description = "Not version 13", body = ProblemBody),
    )
)]
pub(crate) fn socket() {}
