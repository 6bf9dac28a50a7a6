//! The opening of an xTrader socket or a stream: what is wrong with a handshake, said in the words
//! of REST.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::http::request::Parts;

use super::Handshake;
use super::handshake::{self, Drafts, HandshakeError};
use crate::App;
use crate::connections::{Kind, NoRoom, User};
use crate::language::Message;
use crate::stream;
use crate::xtrader::problem::Problem;
use crate::xtrader::socket;

/// Answers 101 and hands the connection over to the session, or says what is wrong.
pub(super) fn upgrade(
    app: &Arc<App>,
    request: &mut Parts,
    handshake: Handshake,
) -> Result<Response<Full<Bytes>>, Problem> {
    let opened = handshake::open(request, Drafts::Refused).map_err(problem)?;
    let (peer, opener) = (handshake.peer, handshake.principal.clone());
    let user = opener.as_ref().and_then(User::of);
    let place = app.connections.admit(Kind::XTrader, peer, opener, user).map_err(no_room)?;
    let (response, upgrade) = opened.accept(None);
    let app = Arc::clone(app);
    tokio::spawn(async move {
        match upgrade.stream().await {
            Ok(stream) => socket::serve(app, stream, handshake, place).await,
            Err(error) => tracing::debug!(%peer, %error, "left during the handshake"),
        }
    });
    Ok(response)
}

/// The same for a stream, which begins once its first command is found.
pub(super) async fn stream(
    app: &Arc<App>,
    request: &mut Parts,
    handshake: Handshake,
) -> Result<Response<Full<Bytes>>, Problem> {
    let opened = handshake::open(request, Drafts::Refused).map_err(problem)?;
    let ready = stream::open(app, request, &handshake).await?;
    let (response, upgrade) = opened.accept(None);
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let peer = handshake.peer;
        match upgrade.stream().await {
            Ok(socket) => stream::serve(app, socket, handshake, ready).await,
            Err(error) => tracing::debug!(%peer, %error, "left during the handshake"),
        }
    });
    Ok(response)
}

/// In all: 503; of the one who asks: 429.
pub(crate) fn no_room(why: NoRoom) -> Problem {
    let (status, code, korean) = match why {
        NoRoom::All => (503, "BUSY", "열린 세션이 너무 많습니다"),
        NoRoom::User => (429, "TOO_MANY_SESSIONS", "이 사용자의 세션이 너무 많습니다"),
        NoRoom::Address => (429, "TOO_MANY_SESSIONS", "이 주소의 세션이 너무 많습니다"),
    };
    Problem::new(status, code, Message::ours(why.to_string(), korean))
}

fn problem(error: HandshakeError) -> Problem {
    let korean = match error {
        HandshakeError::NoUpgrade => "WebSocket 주소입니다: RFC 6455 업그레이드가 필요합니다",
        HandshakeError::Version => "WebSocket 버전 13만 지원합니다",
        HandshakeError::Key => "Sec-WebSocket-Key가 올바르지 않습니다",
        HandshakeError::Fixed => return Problem::internal(),
    };
    let message = Message::ours(error.to_string(), korean);
    match error {
        HandshakeError::Key | HandshakeError::Fixed => Problem::new(400, "BAD_REQUEST", message),
        HandshakeError::NoUpgrade | HandshakeError::Version => {
            Problem::new(426, "UPGRADE_REQUIRED", message)
        }
    }
}
