//! The four services that the protocol's own suite looks for, each below its prefix.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway::http::{IdleFrames, Reply, Site};
use gateway::sockjs::{
    Close, Cookie, Mount, Opening, Seats, Service, Serving, Settings, Talk, WebSocket, below,
    script,
};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};

/// Small, so that a suite sees a stream end.
const RESPONSE_BYTES_MAX: usize = 4096;
/// The largest message that is echoed.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

pub(crate) struct EchoSite {
    mounts: Vec<(&'static str, Arc<Mount>)>,
    seats: Arc<Seats>,
}

impl EchoSite {
    pub(crate) fn new() -> Arc<Self> {
        Self::with(Self::settings(), Seats::of_product())
    }

    /// With the settings of `/echo`, from which those of the others follow.
    pub(crate) fn with(settings: Settings, seats: Arc<Seats>) -> Arc<Self> {
        let no_websocket = Settings { websocket: WebSocket::Off, ..settings.clone() };
        let cookie_needed = Settings { cookie: Cookie::SessionId, ..settings.clone() };
        let mounts = vec![
            ("/echo", Mount::new(settings.clone(), &seats, Echo)),
            ("/disabled_websocket_echo", Mount::new(no_websocket, &seats, Echo)),
            ("/cookie_needed_echo", Mount::new(cookie_needed, &seats, Echo)),
            ("/close", Mount::new(settings, &seats, GoAway)),
        ];
        Arc::new(Self { mounts, seats })
    }

    pub(crate) fn settings() -> Settings {
        Settings {
            response_bytes_max: RESPONSE_BYTES_MAX,
            payload_bytes_max: MESSAGE_BYTES_MAX,
            idle_frames: IdleFrames::Unbounded,
            ..Settings::default()
        }
    }

    /// Closes every session and waits for all to end.
    pub(crate) async fn stop(&self) {
        for (_, mount) in &self.mounts {
            mount.stop();
        }
        self.seats.empty().await;
    }
}

impl Site for EchoSite {
    async fn answer(&self, peer: SocketAddr, request: Request<Incoming>) -> Reply {
        let path = request.uri().path().to_owned();
        for (prefix, mount) in &self.mounts {
            if let Some(rest) = below(prefix, &path) {
                return mount.answer(peer, rest, request).await;
            }
        }
        if let Some(script) = script(&path) {
            return script.answer(request.headers());
        }
        let mut reply = Response::new(Either::Left(Full::from("there is nothing here\n")));
        *reply.status_mut() = StatusCode::NOT_FOUND;
        reply
    }
}

/// Says what it hears.
struct Echo;

impl Service for Echo {
    fn serve(&self, _opening: Opening, mut talk: Talk) -> Serving {
        Box::pin(async move {
            while let Some(message) = talk.next().await {
                if talk.say(message).await.is_err() {
                    break;
                }
            }
            Close::new(1000, "")
        })
    }
}

/// Closes, once its client has had the time to read that it is open: to some of the suite's
/// clients whatever arrives together with the end of the handshake is lost.
struct GoAway;

const GO_AWAY_AFTER: Duration = Duration::from_millis(20);

impl Service for GoAway {
    fn serve(&self, _opening: Opening, _talk: Talk) -> Serving {
        Box::pin(async {
            tokio::time::sleep(GO_AWAY_AFTER).await;
            Close::new(3000, "Go away!")
        })
    }
}
