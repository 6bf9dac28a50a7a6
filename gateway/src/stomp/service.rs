//! STOMP as a service that can be mounted: each session there is a conversation.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Settings;
use super::conversation::Conversation;
use super::left::LeftBuckets;
use crate::App;
use crate::sockjs::{Opening, Service, Serving, Talk};

/// What all STOMP sessions of the process share.
#[derive(Debug)]
pub struct Lobby {
    pub(super) settings: Settings,
    pub(super) left_buckets: LeftBuckets,
    /// Sessions that are open.
    open: AtomicUsize,
}

impl Lobby {
    pub fn new(settings: Settings) -> Self {
        Self { settings, left_buckets: LeftBuckets::default(), open: AtomicUsize::new(0) }
    }

    /// Sessions that are open now. Relaxed: a count orders nothing.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

pub struct Stomp(Arc<App>);

impl Stomp {
    pub fn new(app: Arc<App>) -> Self {
        Self(app)
    }
}

impl Service for Stomp {
    fn serve(&self, opening: Opening, talk: Talk) -> Serving {
        let app = Arc::clone(&self.0);
        Box::pin(async move {
            let counted = Counted::new(&app);
            let close = Conversation::new(Arc::clone(&app), &opening, talk).run().await;
            drop(counted);
            close
        })
    }
}

/// A session is counted as long as this lives.
struct Counted<'a>(&'a App);

impl<'a> Counted<'a> {
    fn new(app: &'a App) -> Self {
        app.lobby.open.fetch_add(1, Ordering::Relaxed);
        Self(app)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.lobby.open.fetch_sub(1, Ordering::Relaxed);
    }
}
