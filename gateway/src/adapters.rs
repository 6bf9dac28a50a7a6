//! The listeners of the process, and its feeds out to venues: started together, told to the world,
//! stopped together.

use std::sync::Arc;
use std::time::Duration;

use crate::feeds::Network;
use crate::http::{BindError, Directory, Listener, Server, Surface};
use crate::plaza::Plaza;
use crate::{App, intake};

/// How long sessions and requests may take to end once the process is stopping.
const END_TIMEOUT: Duration = Duration::from_secs(5);

pub struct Adapters {
    app: Arc<App>,
    server: Arc<Server>,
    plaza: Arc<Plaza>,
    /// Where they really listen, free ports resolved.
    pub directory: Directory,
}

impl Adapters {
    /// Binds every listener of the configuration, then accepts on all of them.
    pub async fn start(app: &Arc<App>) -> Result<Self, BindError> {
        let rest = Listener::bind("rest", app.config.rest).await?;
        let ws = Listener::bind("ws", app.config.ws).await?;
        let admin = Listener::bind("admin", app.config.admin).await?;
        let stomp = Listener::bind("stomp", app.config.stomp).await?;
        let directory = Directory {
            rest: rest.as_ref().map(Listener::address),
            ws: ws.as_ref().map(Listener::address),
            admin: admin.as_ref().map(Listener::address),
            stomp: stomp.as_ref().map(Listener::address),
        };
        let server = Server::new(Arc::clone(app), directory.clone());
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
            self.app.hub.stop().await;
            self.plaza.ended().await;
            self.server.ended().await;
        };
        if tokio::time::timeout(END_TIMEOUT, ended).await.is_err() {
            tracing::warn!("connections that did not end in time are dropped");
        }
    }
}
