//! The running exchange as the adapters see it: configuration, views, the desk to enter at and
//! the hub that fans out. Started from what recovery hands over, stopped once.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use engine::Runtime;
use engine::projection::ViewLimits;
use engine::runtime::{Clock, Figures, Monitor, Settings, SharedViews, StartError, StopError};
use journal::Storage;
use orison_core::command::{Actor, Genesis, InstrumentSpec};
use replay::follower::{self, Follower, Watch};
use replay::key::KeyError;
use replay::{RecoverError, Recovered};
use thiserror::Error;

use crate::admin::Office;
use crate::audit::Audits;
use crate::bucket::Buckets;
use crate::config::{Config, Durability};
use crate::connections;
use crate::desk::Desk;
use crate::fanout::Hub;
use crate::feeds::Feeds;
use crate::identity::{Identity, LoadError, Mode};
use crate::metrics::Metrics;
use crate::peer::Source;
use crate::publisher::Publisher;
use crate::stomp::Lobby;
use crate::stream::Streams;
use crate::workshop::Workshop;

pub struct App {
    pub config: Config,
    pub identity: Arc<Identity>,
    pub views: SharedViews,
    pub desk: Desk,
    pub hub: Hub,
    pub metrics: Metrics,
    pub office: Office,
    /// Every session, whatever it speaks.
    pub connections: Arc<connections::Registry>,
    /// What is cancelled when its owner is gone.
    pub promises: Arc<connections::Promises>,
    /// Prayers that REST still takes, by address.
    pub prayer_buckets: Buckets<Source>,
    pub lobby: Lobby,
    /// Figures that take long.
    pub workshop: Workshop,
    pub audits: Audits,
    pub streams: Streams,
    /// Set once by whoever starts them; empty: they are off.
    pub feeds: OnceLock<Feeds>,
    monitor: Monitor,
    /// What the follower has come to.
    pub followed: Watch,
    /// None once stopped.
    follower: Mutex<Option<Follower>>,
    /// None once stopped.
    runtime: Mutex<Option<Runtime>>,
}

#[derive(Debug, Error)]
pub enum AppStartError {
    #[error(transparent)]
    Runtime(#[from] StartError),
    #[error(transparent)]
    Identity(#[from] LoadError),
    #[error(transparent)]
    Promises(#[from] connections::PromisesError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

#[derive(Debug, Error)]
pub enum AppStopError {
    #[error(transparent)]
    Runtime(#[from] StopError),
    #[error("the thread that stops the engine panicked")]
    Thread,
}

/// Opens the journal and replays it; an empty one begins with its genesis and the configured
/// instruments. What of the configuration does not hold in an older journal is logged.
pub fn recover(config: &Config) -> Result<Recovered, RecoverError> {
    let options = journal::Options {
        segment_bytes: config.segment_bytes,
        durability: match config.durability {
            Durability::Journaled => journal::Durability::Journaled,
            Durability::Durable => journal::Durability::Durable,
        },
        ..journal::Options::default()
    };
    let limits = ViewLimits::DEFAULT;
    let mut recovered = replay::recover(&config.data, &options, limits, |progress| {
        let replay::Progress { records, sequence, records_per_second, left } = progress;
        tracing::info!(records, sequence, records_per_second, ?left, "recovering");
    })?;
    let (time_ns, actor) = (wall_ns(), configuration());
    let instruments = config.instruments.iter().map(|spec| InstrumentSpec { actor, ..*spec });
    let (limits, instruments) =
        (Genesis { actor, ..config.limits }, instruments.collect::<Vec<_>>());
    for difference in replay::genesis(&mut recovered, &limits, &instruments, time_ns)? {
        tracing::warn!("the journal holds, not the configuration: {difference}");
    }
    if let Some(rules) = replay::upgrade(&mut recovered, time_ns)? {
        let applied = recovered.exchange.applied();
        let (sequence, now) = (applied.sequence, orison_core::RULES_VERSION);
        tracing::info!("the journal's rules {rules} are rules {now} from sequence {sequence} on");
    }
    Ok(recovered)
}

/// Who gives the first commands of a journal.
pub(crate) fn configuration() -> Actor {
    Actor::new("configuration").expect("a short word is a name")
}

/// Nanoseconds since the Unix epoch.
pub fn wall_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn following(config: &Config, monitor: &Monitor) -> follower::Settings {
    let (engine, failing) = (monitor.clone(), monitor.clone());
    follower::Settings {
        directory: config.data.clone(),
        snapshot_commands: config.snapshot_commands,
        limits: ViewLimits::DEFAULT,
        storage: Storage::default(),
        durable: Box::new(move || engine.sequence_durable()),
        on_disk_failure: Box::new(move |reason| failing.fail(reason)),
    }
}

impl App {
    pub fn start(config: Config, mut recovered: Recovered) -> Result<Arc<Self>, AppStartError> {
        let identity = Identity::of(&config, wall_ns() / 1_000_000)?;
        let promises = connections::Promises::open(&config.data)?;
        let audits = Audits::of(&config)?;
        let sessions = config.sessions;
        let budgets = match identity.mode() {
            Mode::Open => connections::Budgets::without_entries(config.loopback),
            Mode::Authenticated => connections::Budgets::new(config.order_rate, config.loopback),
        };
        let limits = *recovered.exchange.genesis().unwrap_or(&config.limits);
        let office = Office::new(std::mem::take(&mut recovered.changes), limits);
        let lobby = Lobby::new(config.stomp_session);
        let (desk, completions) = Desk::new();
        let (publisher, hub_joins) = Publisher::new(completions);
        let settings = Settings {
            wait: config.wait,
            clock: Clock::Real,
            input_slots: config.input_slots,
            output_slots: config.output_slots,
            pin: config.pin,
        };
        let runtime = Runtime::start(recovered.into_parts(), settings, publisher)?;
        let (views, monitor) = (runtime.views(), runtime.monitor());
        let (hub, feed) = Hub::start(views.clone(), config.fan_out);
        // A publisher that is gone already has seen the journal fail: the monitor says so.
        hub_joins.send(feed).ok();
        desk.open(runtime.ingress());
        let follower = Follower::start(following(&config, &monitor))
            .map_err(|source| StartError::Thread { name: "follower", source })?;
        let followed = follower.watch();
        let workshop =
            Workshop::start().map_err(|source| StartError::Thread { name: "figures", source })?;
        Ok(Arc::new(Self {
            config,
            connections: connections::Registry::new(sessions, identity.mode(), budgets),
            promises,
            identity: Arc::new(identity),
            followed,
            follower: Mutex::new(Some(follower)),
            views,
            desk,
            hub,
            metrics: Metrics::new(),
            office,
            prayer_buckets: Buckets::default(),
            lobby,
            workshop,
            audits,
            streams: Streams::default(),
            feeds: OnceLock::new(),
            monitor,
            runtime: Mutex::new(Some(runtime)),
        }))
    }

    pub fn figures(&self) -> Figures {
        self.monitor.figures()
    }

    /// Figures and failures for those who outlive the app.
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// Enters nothing more but what sessions wanted done at their end, finishes what is on the
    /// road, syncs and closes the journal. All that waits at the desk has its answer when this
    /// returns.
    pub async fn stop(&self) -> Result<(), AppStopError> {
        self.desk.close_to_orders();
        connections::part(self).await;
        self.desk.close();
        let follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner).take();
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(runtime) = runtime else { return Ok(()) };
        // It joins the stages: not on a worker of the sockets.
        let stop = || {
            drop(follower);
            runtime.stop().map(drop)
        };
        let stopped = tokio::task::spawn_blocking(stop).await;
        Ok(stopped.map_err(|_| AppStopError::Thread)??)
    }
}
