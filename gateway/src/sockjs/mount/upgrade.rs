//! The opening of a session over WebSocket.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::Either;
use hyper::StatusCode;
use hyper::http::request::Parts;

use super::{Asked, Mount};
use crate::http::Reply;
use crate::http::handshake::{self, Drafts, HandshakeError};
use crate::sockjs::answer;
use crate::sockjs::service::Transport;
use crate::sockjs::socket::Pump;

impl Mount {
    pub(super) fn upgrade(
        self: &Arc<Self>,
        peer: SocketAddr,
        parts: &mut Parts,
        transport: Transport,
    ) -> Reply {
        let opened = match handshake::open(parts, Drafts::Spoken) {
            Ok(opened) => opened,
            Err(error) => return refusal(error),
        };
        let protocol = handshake::protocol(parts, self.settings.protocols);
        let mut opening = Asked { peer, parts }.opening(transport, protocol);
        let seat = match self.take_seat(&mut opening) {
            Ok(seat) => seat,
            Err(why) => return answer::no_room(why),
        };
        let (reply, upgrade) = opened.accept(protocol);
        let mount = Arc::clone(self);
        tokio::spawn(async move {
            match upgrade.stream().await {
                Ok(stream) => {
                    let wire = mount.wire();
                    let serving = mount.serving(opening, Arc::clone(&wire));
                    let pump = Pump::new(transport, &wire, &mount.settings, serving);
                    pump.run(stream, mount.stopped()).await;
                }
                Err(error) => tracing::debug!(%peer, %error, "left during the handshake"),
            }
            drop(seat);
        });
        reply.map(Either::Left)
    }
}

fn refusal(error: HandshakeError) -> Reply {
    let status = match error {
        HandshakeError::NoUpgrade | HandshakeError::Key => StatusCode::BAD_REQUEST,
        HandshakeError::Version => StatusCode::UPGRADE_REQUIRED,
        HandshakeError::Fixed => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let text = match error {
        HandshakeError::NoUpgrade => "Not a valid websocket request\n".to_owned(),
        HandshakeError::Version | HandshakeError::Key | HandshakeError::Fixed => {
            format!("{error}\n")
        }
    };
    let mut reply = answer::reply(status, answer::TEXT, text);
    if status == StatusCode::UPGRADE_REQUIRED {
        answer::offer_version(reply.headers_mut());
    }
    reply
}
