//! The hub as the rest of the gateway holds it: sessions take a seat, ask for topics and are
//! told when the process stops; metrics and the list of connections are read here. Requests go
//! to the fan-out thread through a bounded queue and are carried out between two commands.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam::channel::{Sender, bounded};
use engine::runtime::SharedViews;
use tokio::sync::{Notify, oneshot};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use super::Settings;
use super::client::{Client, Parting, wall_ms};
use super::counters::Counters;
use super::due::Asker;
use super::feed::{FeedQueue, HubFeed};
use super::json::Json;
use super::outbox::Ending;
use super::replay::TooOld;
use super::thread::Fanout;
use super::topic::{Topic, TopicName, Wish};

/// Requests that may wait for the fan-out thread; beyond this a session waits for its turn.
const REQUESTS_MAX: usize = 1 << 12;
/// How long `stop` waits for the sessions to say goodbye.
const GOODBYE_MAX: Duration = Duration::from_secs(6);

pub struct Hub {
    shared: Arc<Shared>,
}

/// What the hub, its sessions and the fan-out thread share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) counters: Arc<Counters>,
    pub(crate) queue: Arc<FeedQueue>,
    views: SharedViews,
    requests: Sender<Request>,
    seats: Mutex<Seats>,
    /// Subscribers of each topic.
    watched: Mutex<BTreeMap<Topic, usize>>,
    left: Notify,
}

#[derive(Default)]
struct Seats {
    clients: HashMap<Uuid, Arc<Client>>,
    stopping: bool,
}

/// What a session asks of the fan-out thread.
pub(crate) enum Request {
    Subscribe(Subscribe),
    /// `reply` follows the last message of the topics.
    Unsubscribe {
        client: Arc<Client>,
        topics: Vec<Topic>,
        reply: Option<Utf8Bytes>,
    },
    /// The state of the topics once more.
    Show {
        client: Arc<Client>,
        topics: Vec<Topic>,
    },
    /// The outbox has room for more history.
    Room,
    Leave(Arc<Client>),
    Stop,
}

pub(crate) struct Subscribe {
    pub(crate) client: Arc<Client>,
    pub(crate) ask: Ask,
    /// Nothing is subscribed when the history is gone. Else the last command that is told by
    /// state alone: what follows is told as it happens.
    pub(crate) answer: oneshot::Sender<Result<u64, TooOld>>,
}

/// What a session subscribes to, and how.
#[derive(Default)]
pub(crate) struct Ask {
    pub(crate) topics: Vec<Topic>,
    pub(crate) wish: Wish,
    /// Executions and orders are told from this command on.
    pub(crate) from_sequence: Option<u64>,
    /// Precedes the first message of the topics.
    pub(crate) reply: Option<Utf8Bytes>,
    /// Comes back with the state that is shown.
    pub(crate) asker: Asker,
}

/// One connection as `/api/v1/connections` shows it.
#[derive(Clone, Debug)]
pub struct Connection {
    pub client_id: Uuid,
    pub peer: SocketAddr,
    /// Unix milliseconds.
    pub connected_ms: u64,
    /// When its last frame came in.
    pub heard_ms: u64,
    pub topics: usize,
    /// Messages that wait for it.
    pub queue: usize,
}

impl Hub {
    /// Starts the fan-out thread. Called between two commands, `views` show all before the first
    /// that the feed will be given.
    pub fn start(views: SharedViews, settings: Settings) -> (Self, HubFeed) {
        let (requests, inbox) = bounded(REQUESTS_MAX);
        let queue = Arc::new(FeedQueue::new(settings.news_max));
        let next = views.read().at().sequence.0 + 1;
        let feed = HubFeed::new(Arc::clone(&queue), next);
        let shared = Arc::new(Shared {
            settings,
            counters: Arc::default(),
            queue,
            views: views.clone(),
            requests,
            seats: Mutex::default(),
            watched: Mutex::default(),
            left: Notify::new(),
        });
        Fanout::start(Arc::clone(&shared), views, inbox);
        (Self { shared }, feed)
    }

    pub(crate) fn join(&self, peer: SocketAddr) -> Seat {
        self.seat(peer, Parting::Notice)
    }

    /// For a wire that has its own words for the end.
    pub(crate) fn join_unnoticed(&self, peer: SocketAddr) -> Seat {
        self.seat(peer, Parting::Bare)
    }

    fn seat(&self, peer: SocketAddr, parting: Parting) -> Seat {
        let shared = Arc::clone(&self.shared);
        let limits = shared.settings.outbox;
        let client = Arc::new(Client::new(peer, parting, limits, Arc::clone(&shared.counters)));
        shared.counters.sessions.add(1);
        let mut seats = lock(&shared.seats);
        seats.clients.insert(client.id, Arc::clone(&client));
        if seats.stopping {
            client.outbox.end(Ending::Shutdown);
        }
        drop(seats);
        Seat { client, shared }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    pub fn connections(&self) -> Vec<Connection> {
        let seats = lock(&self.shared.seats);
        let shown = seats.clients.values().map(|client| Connection {
            client_id: client.id,
            peer: client.peer,
            connected_ms: client.connected_ms,
            heard_ms: client.heard_ms(),
            topics: client.topics.load(std::sync::atomic::Ordering::Relaxed),
            queue: client.outbox.waiting(),
        });
        shown.collect()
    }

    /// Name and subscribers of every topic that has any, such as `orderbook:BTC-KRW`.
    pub fn topics(&self) -> Vec<(String, usize)> {
        let watched = lock(&self.shared.watched).clone();
        let views = self.shared.views.read();
        let name = |topic: &Topic| {
            let instrument = topic.instrument().and_then(|id| views.catalog.instrument(id));
            let symbol = instrument.map(|instrument| instrument.symbol);
            let symbol = symbol.as_ref().map(|symbol| symbol.as_str());
            TopicName { topic, symbol }.to_string()
        };
        watched.iter().map(|(topic, members)| (name(topic), *members)).collect()
    }

    /// Closes every session with 1001 "Shutdown" after a maintenance notice; returns once they
    /// have gone, or after a limit. The fan-out thread ends.
    pub async fn stop(&self) {
        let clients: Vec<_> = {
            let mut seats = lock(&self.shared.seats);
            seats.stopping = true;
            seats.clients.values().cloned().collect()
        };
        let notice = maintenance_notice();
        for client in clients {
            match client.parting {
                Parting::Notice => {
                    client.outbox.push_answer(notice.clone(), std::time::Instant::now());
                }
                Parting::Bare => {}
            }
            client.outbox.end(Ending::Shutdown);
        }
        let all_left = async {
            loop {
                let left = self.shared.left.notified();
                if lock(&self.shared.seats).clients.is_empty() {
                    return;
                }
                left.await;
            }
        };
        if tokio::time::timeout(GOODBYE_MAX, all_left).await.is_err() {
            tracing::debug!("sessions were left behind that did not answer the close");
        }
        self.shared.ask(Request::Stop);
    }
}

/// Without a hub nobody asks any more.
impl Drop for Hub {
    fn drop(&mut self) {
        self.shared.ask(Request::Stop);
    }
}

fn maintenance_notice() -> Utf8Bytes {
    let mut json = Json::default();
    json.open("Maintenance");
    json.text("message", "the exchange is shutting down");
    json.integer("timestamp", wall_ms());
    json.close()
}

impl Shared {
    /// Blocks while the queue is full: its reader never waits for a session.
    fn ask(&self, request: Request) {
        if self.requests.send(request).is_ok() {
            self.queue.wakeup.call();
        }
    }

    pub(crate) fn watch(&self, topic: Topic) {
        *lock(&self.watched).entry(topic).or_default() += 1;
    }

    pub(crate) fn unwatch(&self, topic: &Topic) {
        let mut watched = lock(&self.watched);
        if let Some(members) = watched.get_mut(topic) {
            *members -= 1;
            if *members == 0 {
                watched.remove(topic);
            }
        }
    }
}

/// A session's place in the hub; dropping it leaves every topic.
pub(crate) struct Seat {
    pub(crate) client: Arc<Client>,
    shared: Arc<Shared>,
}

impl Seat {
    /// None: the hub has stopped.
    pub(crate) async fn subscribe(&self, ask: Ask) -> Option<Result<u64, TooOld>> {
        let (answer, answered) = oneshot::channel();
        let client = Arc::clone(&self.client);
        self.shared.ask(Request::Subscribe(Subscribe { client, ask, answer }));
        answered.await.ok()
    }

    pub(crate) fn unsubscribe(&self, topics: Vec<Topic>, reply: Option<Utf8Bytes>) {
        let client = Arc::clone(&self.client);
        self.shared.ask(Request::Unsubscribe { client, topics, reply });
    }

    pub(crate) fn show(&self, topics: Vec<Topic>) {
        self.shared.ask(Request::Show { client: Arc::clone(&self.client), topics });
    }

    pub(crate) fn room(&self) {
        self.shared.ask(Request::Room);
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.shared.counters
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.shared.seats).clients.remove(&self.client.id);
        self.shared.ask(Request::Leave(Arc::clone(&self.client)));
        self.shared.left.notify_waiters();
    }
}

/// A panic of a session while it held one of these locks leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
