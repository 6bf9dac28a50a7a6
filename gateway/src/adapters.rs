//! The listeners of the process, and its feeds out to venues: started together, told to the world,
//! stopped together.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::feeds::Network;
use crate::http::{BindError, Directory, Listener, Server, Surface, Tls, TlsError, Transport};
use crate::plaza::Plaza;
use crate::{App, connections, identity, intake};

/// How long sessions and requests may take to end once the process is stopping.
const END_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Error)]
pub enum ListenError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

pub struct Adapters {
    app: Arc<App>,
    server: Arc<Server>,
    plaza: Arc<Plaza>,
    /// Where they really listen, free ports resolved.
    pub directory: Directory,
}

impl Adapters {
    /// Binds every listener of the configuration, then accepts on all of them.
    pub async fn start(app: &Arc<App>) -> Result<Self, ListenError> {
        let tls = app.config.tls.as_ref().map(Tls::load).transpose()?;
        let rest = Listener::bind("rest", app.config.rest).await?;
        let ws = Listener::bind("ws", app.config.ws).await?;
        let admin = Listener::bind("admin", app.config.admin).await?;
        let stomp = Listener::bind("stomp", app.config.stomp).await?;
        let directory = Directory {
            rest: rest.as_ref().map(Listener::address),
            ws: ws.as_ref().map(Listener::address),
            admin: admin.as_ref().map(Listener::address),
            stomp: stomp.as_ref().map(Listener::address),
            transport: if tls.is_some() { Transport::Tls } else { Transport::Clear },
        };
        warn_of_clear(app, &directory);
        // Before anybody can trade with those whose owner is gone.
        connections::recall(app).await;
        let server = Server::new(Arc::clone(app), directory.clone(), tls);
        let listeners = [(rest, Surface::Rest), (ws, Surface::Socket), (admin, Surface::Admin)];
        for (listener, surface) in listeners {
            if let Some(listener) = listener {
                server.serve(listener, surface);
            }
        }
        let plaza = Plaza::new(app);
        if let Some(listener) = stomp {
            server.serve_site(listener, &plaza);
        }
        tokio::spawn(identity::watch(Arc::downgrade(&app.identity)));
        tokio::spawn(connections::log(Arc::downgrade(app)));
        intake::start(app, Arc::new(Network::new()));
        Ok(Self { app: Arc::clone(app), server, plaza, directory })
    }

    /// Accepts nothing more; what is under way goes on.
    pub fn close(&self) {
        self.server.stop();
    }

    /// Closes the sessions with their reason and waits, not for ever, for every connection.
    pub async fn ended(&self) {
        let ended = async {
            if let Some(feeds) = self.app.feeds.get() {
                feeds.stop().await;
            }
            self.app.streams.stop();
            self.app.hub.stop().await;
            self.plaza.ended().await;
            self.server.ended().await;
        };
        if tokio::time::timeout(END_TIMEOUT, ended).await.is_err() {
            tracing::warn!("connections that did not end in time are dropped");
        }
    }
}

/// Tokens that leave the machine in the clear are read on their way.
fn warn_of_clear(app: &App, directory: &Directory) {
    let Directory { rest, ws, admin, stomp, transport } = directory;
    let is_far = [rest, ws, admin, stomp].into_iter().flatten().any(|a| !a.ip().is_loopback());
    if is_far && *transport == Transport::Clear {
        let mode = app.identity.mode().word();
        tracing::warn!(mode, "listening beyond loopback without TLS: --tls-cert and --tls-key");
    }
}
