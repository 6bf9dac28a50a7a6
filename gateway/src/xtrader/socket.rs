//! The xTrader WebSocket session.

use std::sync::Arc;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;

use crate::App;
use crate::http::Handshake;

/// Serves one connection until it ends. The handshake has been answered with 101.
pub async fn serve(
    _app: Arc<App>,
    _socket: WebSocketStream<TokioIo<Upgraded>>,
    _handshake: Handshake,
) {
}
