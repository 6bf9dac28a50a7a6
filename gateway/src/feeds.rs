//! Feeds out to venues: what components want of Binance and Upbit is merged, asked for within the
//! venues' limits, and what they say comes out as typed events. One task a connection owns it and
//! its one pending update. Knows neither the engine nor the sessions of our own clients.

mod backoff;
mod binance;
mod dial;
mod event;
mod fetch;
mod limiter;
mod line;
mod number;
mod pace;
mod pending;
mod protocol;
mod recent;
mod session;
mod settings;
mod sieve;
mod status;
mod topic;
mod upbit;
mod wanted;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use backoff::Backoff;
pub use dial::{Dial, Dialling, Io, Network, Security, Target, Wire};
pub use event::{Depth, Forced, Level, OwnAsset, OwnAssets, OwnOrder, Size, Trade, VenueEvent};
use limiter::Limiter;
pub use limiter::{BucketStatus, LONG_WAIT, LimiterStatus, Rate};
use line::{END_TIMEOUT, Limiters, Line, Stop};
use pending::Pending;
pub use pending::{DEBOUNCE, PendingState};
use protocol::Protocol;
pub use settings::{Settings, Timing};
use sieve::Sieve;
use status::Gauge;
pub use status::{ConnectionMetrics, FeedsStatus, LineState};
pub use topic::{BadTopic, LineName, Subject, Topic, VenueName, base_first};
pub use upbit::{Format, Keys};
use wanted::Wanted;
pub use wanted::{RegisterError, Registration, SubscriptionStats, TOPICS_PER_LINE_MAX};

/// Events that wait to be taken; while there are so many nothing more is read from the venues.
const EVENTS_MAX: usize = 4096;

/// Components of our own.
const CONFIGURATION: &str = "configuration";
const REST: &str = "rest";

pub struct Feeds {
    wanted: Arc<Wanted>,
    lines: Vec<(LineName, Gauge)>,
    limiters: Vec<Limiter>,
    stop: watch::Sender<bool>,
    tasks: tokio::sync::Mutex<JoinSet<()>>,
    /// What the configuration wants, as long as the feeds live.
    _configured: Registration,
    /// What is wanted over REST.
    asked: Registration,
    asked_topics: Mutex<BTreeSet<Topic>>,
}

impl Feeds {
    /// The feeds, and what they hear; they end when nobody takes it any more.
    pub fn start(
        settings: Settings,
        dial: Arc<dyn Dial>,
    ) -> Result<(Self, mpsc::Receiver<VenueEvent>), RegisterError> {
        let names: BTreeSet<LineName> = settings.lines().collect();
        let wanted = Wanted::new(names.clone());
        let configured = wanted.register(CONFIGURATION, settings.topics.iter().copied())?;
        let asked = wanted.register(REST, [])?;
        let (events, heard) = mpsc::channel(EVENTS_MAX);
        let (stop, stopped) = watch::channel(false);
        let settings = Arc::new(settings);
        let mut tally = Tally::new();
        let (mut lines, mut tasks) = (Vec::new(), JoinSet::new());
        for name in names {
            let gauge = Gauge::new(name.word());
            lines.push((name, gauge.clone()));
            let line = Line {
                name,
                settings: Arc::clone(&settings),
                wanted: Arc::clone(&wanted),
                generations: wanted.generations(name),
                limiters: tally.limiters(name),
                dial: Arc::clone(&dial),
                events: events.clone(),
                stop: Stop(stopped.clone()),
                gauge,
                protocol: Protocol::new(name, &settings),
                pending: Pending::new(),
                sieve: Sieve::default(),
                backoff: Backoff::default(),
            };
            tasks.spawn(line.run());
        }
        let tasks = tokio::sync::Mutex::new(tasks);
        let limiters = tally.all;
        let feeds = Self {
            wanted,
            lines,
            limiters,
            stop,
            tasks,
            _configured: configured,
            asked,
            asked_topics: Mutex::default(),
        };
        Ok((feeds, heard))
    }

    /// As long as the guard lives the component's topics are wanted. Nothing is waited for.
    pub fn register(
        &self,
        component: &str,
        topics: impl IntoIterator<Item = Topic>,
    ) -> Result<Registration, RegisterError> {
        self.wanted.register(component, topics)
    }

    /// Adds to what is wanted over REST; all of it. Refused, nothing is added.
    pub fn want(&self, topics: &BTreeSet<Topic>) -> Result<BTreeSet<Topic>, RegisterError> {
        let mut asked = self.asked_topics();
        let all: BTreeSet<Topic> = asked.union(topics).copied().collect();
        self.asked.replace(all.clone())?;
        asked.clone_from(&all);
        Ok(all)
    }

    /// Takes these, or all, from what is wanted over REST; what is left of it.
    pub fn unwant(&self, topics: Option<&BTreeSet<Topic>>) -> BTreeSet<Topic> {
        let mut asked = self.asked_topics();
        asked.retain(|topic| topics.is_some_and(|topics| !topics.contains(topic)));
        self.asked.replace(asked.clone()).expect("a part of what is carried can be carried");
        asked.clone()
    }

    fn asked_topics(&self) -> MutexGuard<'_, BTreeSet<Topic>> {
        self.asked_topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn status(&self) -> FeedsStatus {
        let now = Instant::now();
        let metrics = |(name, gauge): &(LineName, Gauge)| {
            let (topics, generation) = self.wanted.set(*name);
            gauge.metrics(&topics, generation)
        };
        FeedsStatus {
            subscription_stats: self.wanted.stats(),
            connection_metrics: self.lines.iter().map(metrics).collect(),
            rate_limiter_status: self.limiters.iter().map(|limiter| limiter.status(now)).collect(),
        }
    }

    /// Closes every connection with 1000 "Shutdown" and waits, not for ever, for all to be gone.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        let mut tasks = self.tasks.lock().await;
        let ended = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(END_TIMEOUT, ended).await.is_err() {
            tracing::warn!("feeds that did not end in time are dropped");
        }
    }
}

/// What each venue counts, and over what. Binance: 300 connects in 5 minutes, 10 messages a
/// second on a connection, of which two are left for pings; a snapshot of 1,000 levels weighs 20
/// of 2,400 a minute. Upbit: 5 connects a second, 5 requests a second and 100 a minute.
struct Tally {
    all: Vec<Limiter>,
    binance_connects: Limiter,
    binance_snapshots: Limiter,
    upbit_connects: Limiter,
}

impl Tally {
    fn new() -> Self {
        let binance_connects = Limiter::new("binance_connects", &[Rate::new(300, 300)]);
        let binance_snapshots =
            Limiter::new("binance_snapshots", &[Rate::new(5, 1), Rate::new(100, 60)]);
        let upbit_connects = Limiter::new("upbit_connects", &[Rate::new(5, 1)]);
        let all = vec![binance_connects.clone(), binance_snapshots.clone(), upbit_connects.clone()];
        Self { all, binance_connects, binance_snapshots, upbit_connects }
    }

    fn limiters(&mut self, line: LineName) -> Limiters {
        let binance = [Rate::new(8, 1)];
        let upbit = [Rate::new(5, 1), Rate::new(100, 60)];
        let (name, rates, connects): (_, &[Rate], _) = match line {
            LineName::BinanceMarket => ("binance_market", &binance, &self.binance_connects),
            LineName::BinancePublic => ("binance_public", &binance, &self.binance_connects),
            LineName::UpbitPublic => ("upbit_public", &upbit, &self.upbit_connects),
            LineName::UpbitPrivate => ("upbit_private", &upbit, &self.upbit_connects),
        };
        let requests = Limiter::new(name, rates);
        self.all.push(requests.clone());
        Limiters { connects: connects.clone(), requests, snapshots: self.binance_snapshots.clone() }
    }
}
