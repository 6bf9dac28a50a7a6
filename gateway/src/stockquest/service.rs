//! A StockQuest socket as a service that can be mounted: each session there is one loop.

use std::sync::Arc;

use super::Settings;
use super::kind::Socket;
use super::session::Session;
use super::studio::Studio;
use crate::App;
use crate::sockjs::{Opening, Service, Serving, Talk};

/// What the sessions of all five sockets share.
#[derive(Clone)]
pub struct Hall {
    pub(super) studio: Arc<Studio>,
    pub(super) settings: Settings,
}

impl Hall {
    pub fn new(app: &App) -> Self {
        let settings = app.config.stockquest;
        Self { studio: Studio::new(app.views.clone(), settings), settings }
    }
}

pub struct StockQuest {
    app: Arc<App>,
    hall: Hall,
    socket: Socket,
}

impl StockQuest {
    pub fn new(app: &Arc<App>, hall: &Hall, socket: Socket) -> Self {
        Self { app: Arc::clone(app), hall: hall.clone(), socket }
    }
}

impl Service for StockQuest {
    fn serve(&self, opening: Opening, talk: Talk) -> Serving {
        let session = Session::new(&self.app, &self.hall, self.socket, &opening, talk);
        Box::pin(session.run())
    }
}
