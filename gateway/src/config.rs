//! What the process is told before it starts: built-in defaults < `orison.toml` < `ORISON_*` <
//! flags. Texts come in, one checked `Config` goes out; a wrong setting names itself, where it
//! was given and what is allowed. Knows nothing of what is done with the values.

mod feeds;
mod instruments;
mod layers;
mod listen;
mod risk;
mod schedule;
mod settings;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use engine::runtime::Wait;
use orison_core::command::{Genesis, InstrumentSpec};
use thiserror::Error;

use crate::identity::command::Errand;
use crate::peer::Loopback;
use crate::schedule::timetable::Timetable;
use crate::{connections, fanout, stockquest, stomp};
use layers::{Layers, Source};
pub use listen::Listen;

#[derive(Clone, Debug)]
pub struct Config {
    /// Where the journal lives.
    pub data: PathBuf,
    pub rest: Listen,
    pub ws: Listen,
    pub stomp: Listen,
    pub admin: Listen,
    /// Where the keys are. None: open mode.
    pub identity: Option<PathBuf>,
    /// How far the time of a signed request may be off.
    pub identity_window_ms: u64,
    /// What every listener of HTTP speaks TLS with. None: it speaks none.
    pub tls: Option<TlsFiles>,
    pub durability: Durability,
    /// Of a new journal segment.
    pub segment_bytes: u64,
    /// Commands from one snapshot to the next; 0: none is written.
    pub snapshot_commands: u64,
    pub wait: Wait,
    /// Powers of two.
    pub input_slots: usize,
    pub output_slots: usize,
    /// The core that the matcher is pinned to.
    pub pin: Option<usize>,
    /// Feeds out to venues; None: nothing leaves this machine.
    pub feeds: Option<crate::feeds::Settings>,
    /// The synthetic market.
    pub demo: Switch,
    /// Whether public executions name their orders.
    pub public_order_ids: Switch,
    /// Outboxes and heartbeats of the sockets.
    pub fan_out: fanout::Settings,
    /// How many sessions there may be.
    pub sessions: connections::Limits,
    /// Orders a second of one session, once there are identities.
    pub order_rate: u32,
    /// Whether what is bounded by address is so for this machine's own.
    pub loopback: Loopback,
    /// Heart-beats of STOMP sessions.
    pub stomp_session: stomp::Settings,
    /// How often the StockQuest sockets tell what.
    pub stockquest: stockquest::Settings,
    /// From which figures on an account's risk is worth an alert.
    pub risk: stockquest::RiskSettings,
    /// Signs certificates; None: there are none.
    pub audit_key: Option<PathBuf>,
    /// Origins of web pages, beside loopback ones, that may use REST and enter orders.
    pub allowed_origins: Vec<String>,
    /// The first command of an empty journal.
    pub limits: Genesis,
    /// Those that follow it.
    pub instruments: Vec<InstrumentSpec>,
    /// Trading hours.
    pub schedule: Vec<Timetable>,
    /// A filter of `tracing`, such as `info` or `gateway=debug`.
    pub log: String,
    pub log_format: LogFormat,
}

/// A chain of certificates and its private key, both in PEM.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    pub certificates: PathBuf,
    pub key: PathBuf,
}

/// What an acknowledgement means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// The record is in the mapped page: survives the end of the process.
    Journaled,
    /// The record is synced: survives the end of power.
    Durable,
}

impl Durability {
    pub fn word(self) -> &'static str {
        match self {
            Self::Journaled => "journaled",
            Self::Durable => "durable",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Switch {
    On,
    Off,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Error)]
pub enum ConfigError {
    /// Also how `--help` and `--version` end.
    #[error(transparent)]
    Flags(#[from] clap::Error),
    #[error("{given}: {value:?} is not allowed; allowed: {allowed}")]
    Value { given: Source, value: String, allowed: String },
    #[error("{given}: the {setting} listener is not part of this build; allowed: off")]
    NotBuilt { given: Source, setting: &'static str },
    #[error(
        "{given}: {address} is not a loopback address; without identities (--identity DIR) only \
         127.0.0.1, [::1] and localhost are allowed"
    )]
    NotLoopback { given: Source, address: std::net::SocketAddr },
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("{path}: instrument {symbol}: {field}: {reason}")]
    Instrument { path: PathBuf, symbol: String, field: &'static str, reason: String },
}

/// A configuration and what its reader should be told about it.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    pub warnings: Vec<String>,
    /// What is asked in place of serving.
    pub errand: Option<Errand>,
}

impl Config {
    /// `arguments` as the process got them, its own name first; `directory` is where
    /// `orison.toml` is looked for.
    pub fn load(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        directory: &Path,
    ) -> Result<Loaded, ConfigError> {
        let layers = Layers::read(arguments, environment, directory)?;
        let config = settings::config(&layers)?;
        Ok(Loaded { config, warnings: layers.warnings, errand: layers.errand })
    }

    /// The built-in defaults with a small journal in `data` and a free port for each listener.
    pub fn for_tests(data: &Path) -> Self {
        let flags = "orison --rest 127.0.0.1:0 --ws 127.0.0.1:0 --stomp 127.0.0.1:0 \
                     --admin 127.0.0.1:0 --segment-mib 1 --data";
        let arguments = flags.split(' ').map(OsString::from).chain([data.as_os_str().to_owned()]);
        let loaded = Self::load(arguments, [], data);
        loaded.expect("the defaults are a good configuration").config
    }
}

#[cfg(test)]
mod tests;
