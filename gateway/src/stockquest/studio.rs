//! What is due every tick: read from the views once, encoded once for everyone who follows it,
//! handed out as shared bytes. A session that is slow finds the newest tick only. Nothing runs
//! while nobody listens.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::Views;
use engine::runtime::SharedViews;
use orison_core::InstrumentId;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::envelope::{Stamps, encode};
use super::kind::Told;
use super::quote::{MarketOverview, Quote};
use super::settings::Settings;
use super::signals;

/// What of an instrument is followed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Topic {
    Quote(InstrumentId),
    Signal(InstrumentId),
}

/// One tick.
#[derive(Debug, Default)]
pub(super) struct Tick {
    pub(super) number: u64,
    /// Of everything that was followed when it came.
    pub(super) texts: HashMap<Topic, Utf8Bytes>,
}

pub(super) struct Studio {
    views: SharedViews,
    settings: Settings,
    board: Mutex<Board>,
    ticks: watch::Sender<Arc<Tick>>,
    overviews: watch::Sender<Option<Utf8Bytes>>,
}

/// Who listens to what.
#[derive(Default)]
struct Board {
    listeners: usize,
    is_running: bool,
    followed: BTreeMap<Topic, usize>,
}

impl Studio {
    pub(super) fn new(views: SharedViews, settings: Settings) -> Arc<Self> {
        let (ticks, _) = watch::channel(Arc::default());
        let (overviews, _) = watch::channel(None);
        Arc::new(Self { views, settings, board: Mutex::default(), ticks, overviews })
    }

    pub(super) fn listen(self: &Arc<Self>) -> Listener {
        let mut board = self.board();
        board.listeners += 1;
        if !std::mem::replace(&mut board.is_running, true) {
            tokio::spawn(Arc::clone(self).run());
        }
        drop(board);
        let ticks = self.ticks.subscribe();
        let followed = Vec::new();
        Listener { studio: Arc::clone(self), ticks, followed }
    }

    /// Comes after `overview_ticks` each, as long as anybody listens to ticks.
    pub(super) fn overviews(&self) -> watch::Receiver<Option<Utf8Bytes>> {
        self.overviews.subscribe()
    }

    /// The number of the last tick.
    pub(super) fn now(&self) -> u64 {
        self.ticks.borrow().number
    }

    /// Until nobody listens any more.
    async fn run(self: Arc<Self>) {
        let mut beat = tokio::time::interval(self.settings.tick);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first comes at once.
        beat.tick().await;
        loop {
            beat.tick().await;
            let topics: Vec<Topic> = {
                let mut board = self.board();
                if board.listeners == 0 {
                    board.is_running = false;
                    return;
                }
                board.followed.keys().copied().collect()
            };
            let number = self.now() + 1;
            let overview_due =
                number.is_multiple_of(self.settings.overview_ticks) && self.has_viewers();
            let (texts, overview) = {
                let views = self.views.read();
                let texts =
                    topics.into_iter().filter_map(|topic| Some((topic, text(&views, topic)?)));
                (texts.collect(), overview_due.then(|| overview(&views)))
            };
            self.ticks.send_replace(Arc::new(Tick { number, texts }));
            if overview.is_some() {
                self.overviews.send_replace(overview);
            }
        }
    }

    fn has_viewers(&self) -> bool {
        self.overviews.receiver_count() > 0
    }

    /// A panic of a session leaves the counts as they were between two changes.
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// None: there is no such instrument.
fn text(views: &Views, topic: Topic) -> Option<Utf8Bytes> {
    let stamps = Stamps::default().at(views.at().sequence.0);
    match topic {
        Topic::Quote(id) => {
            let quote = Quote::new(views, views.catalog.instrument(id)?);
            Some(encode(Told::RealTimeUpdate, stamps, &quote))
        }
        Topic::Signal(id) => Some(signals::update(views, views.catalog.instrument(id)?)),
    }
}

pub(super) fn overview(views: &Views) -> Utf8Bytes {
    let stamps = Stamps::default().at(views.at().sequence.0);
    encode(Told::MarketOverview, stamps, &MarketOverview::new(views))
}

/// A session's ear; dropping it leaves everything it follows.
pub(super) struct Listener {
    studio: Arc<Studio>,
    pub(super) ticks: watch::Receiver<Arc<Tick>>,
    followed: Vec<Topic>,
}

impl Listener {
    pub(super) fn follow(&mut self, topic: Topic) {
        if !self.followed.contains(&topic) {
            self.followed.push(topic);
            *self.studio.board().followed.entry(topic).or_default() += 1;
        }
    }

    /// The next tick is one that is yet to come.
    pub(super) fn catch_up(&mut self) {
        self.ticks.mark_unchanged();
    }

    pub(super) fn leave(&mut self, topic: Topic) {
        let before = self.followed.len();
        self.followed.retain(|known| *known != topic);
        if self.followed.len() < before {
            self.studio.board().leave(topic);
        }
    }
}

impl Board {
    fn leave(&mut self, topic: Topic) {
        if let Some(members) = self.followed.get_mut(&topic) {
            *members -= 1;
            if *members == 0 {
                self.followed.remove(&topic);
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut board = self.studio.board();
        board.listeners -= 1;
        for topic in self.followed.drain(..) {
            board.leave(topic);
        }
    }
}
