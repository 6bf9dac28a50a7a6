//! Every setting once: its name is the flag, the key in `orison.toml` and the end of the
//! environment variable. Texts of the layers come in, the checked `Config` goes out.

use std::path::PathBuf;
use std::time::Duration;

use engine::runtime::{Settings as RuntimeSettings, Wait};
use orison_core::command::Genesis;

use super::layers::{Layers, Source};
use super::{Config, ConfigError, Durability, Listen, LogFormat, Switch, TlsFiles};
use super::{instruments, risk, schedule};
use crate::connections;
use crate::fanout::{self, OrderIds};
use crate::feeds;
use crate::peer::Loopback;
use crate::stockquest;
use crate::stomp;

pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) default: &'static str,
    pub(super) value_name: &'static str,
    pub(super) help: &'static str,
    /// What a flag without a value means; None: it needs one.
    pub(super) bare: Option<&'static str>,
}

const fn setting(
    name: &'static str,
    default: &'static str,
    value_name: &'static str,
    help: &'static str,
) -> Setting {
    Setting { name, default, value_name, help, bare: None }
}

pub(super) const SETTINGS: &[Setting] = &[
    setting("data", "./data", "DIR", "Directory of the journal"),
    setting("rest", "localhost:7000", "ADDRESS", "REST listener, or off"),
    setting("ws", "localhost:7001", "ADDRESS", "Web page and xTrader WebSocket, or off"),
    setting("stomp", "localhost:8080", "ADDRESS", "STOMP and SockJS listener, or off"),
    setting("admin", "localhost:7002", "ADDRESS", "Admin REST listener, or off"),
    setting("ouch", "off", "ADDRESS", "Binary order entry, or off"),
    setting("fix", "off", "ADDRESS", "FIX 4.4 listener, or off"),
    setting("itch", "off", "ADDRESS", "ITCH-style feed, or off"),
    setting("identity", "open", "DIR", "Folder of keys that `orison keys create` made, or open"),
    setting("identity-window-ms", "5000", "MS", "How far a signed request's time may be off"),
    setting("tls-cert", "off", "FILE", "Certificates in PEM that listeners show, or off"),
    setting("tls-key", "off", "FILE", "The private key of tls-cert in PEM, or off"),
    setting("durability", "durable", "MODE", "What an answer means: durable or journaled"),
    setting("segment-mib", "256", "MIB", "Size of a new journal segment"),
    setting("snapshot-commands", "250000", "COUNT", "Commands between snapshots, 0 = none"),
    setting("audit-key", "off", "FILE", "Ed25519 key that signs certificates, or off"),
    setting("wait", "backoff", "HOW", "How idle stages wait: spin, yield or backoff"),
    setting("input-slots", "16384", "COUNT", "Slots of the input ring, a power of two"),
    setting("output-slots", "65536", "COUNT", "Slots of the output ring, a power of two"),
    setting("pin", "off", "CORE", "Core of the matching thread, or off"),
    setting("feed", "off", "VENUES", "External feeds: binance, upbit, both, or off"),
    setting(
        "feed-topics",
        "binance:ticker:BTCUSDT,binance:liquidation:*,upbit:ticker:BTC-KRW,upbit:ticker:ETH-KRW",
        "TOPICS",
        "What is wanted of the venues from the start",
    ),
    setting("feed-binance-ws", feeds::Settings::BINANCE_WS, "URL", "Streams of Binance USD-M"),
    setting("feed-binance-rest", feeds::Settings::BINANCE_REST, "URL", "REST of Binance USD-M"),
    setting("feed-upbit-ws", feeds::Settings::UPBIT_WS, "URL", "Streams of Upbit"),
    setting("feed-upbit-keys", "off", "FILE", "Access and secret key, each on its line, or off"),
    setting("feed-upbit-format", "SIMPLE", "FORMAT", "How Upbit is asked to write"),
    setting("feed-depth-ms", "1000", "MS", "A venue's depth at most this often, 0 = every change"),
    setting("feed-depth-levels", "5", "COUNT", "Levels of a venue's depth that are taken"),
    setting(
        "feed-silence-s",
        "60",
        "SECONDS",
        "A feed of Binance tickers or books is silent at most",
    ),
    setting("feed-quiet-s", "600", "SECONDS", "Any other feed, where nothing may well happen"),
    setting("feed-large-usd", "100000", "USD", "From this worth on a liquidation is large"),
    Setting {
        name: "demo",
        default: "off",
        value_name: "on|off",
        help: "A synthetic market of demo accounts",
        bare: Some("on"),
    },
    setting("public-order-ids", "auto", "WHEN", "Whether public executions name their orders"),
    setting("sessions-max", "1000", "COUNT", "Sessions of all protocols together"),
    setting("sessions-per-user-max", "10", "COUNT", "Sessions of one user; `demo` has no bound"),
    setting("order-rate", "100", "COUNT", "Orders a second of a session, with identities"),
    setting("loopback", "exempt", "WORD", "Whether this machine's address is counted too"),
    setting("outbox-keys", "100", "COUNT", "State messages that may wait for one client"),
    setting("outbox-kib", "4096", "KIB", "Event messages that may wait for one client"),
    setting("outbox-age-ms", "10000", "MS", "How long the oldest of them may wait"),
    setting("allowed-origins", "", "ORIGINS", "Web origins beside loopback, comma-separated"),
    setting("orders-max", "1048576", "COUNT", "Live orders of a new journal"),
    setting("accounts-max", "65536", "COUNT", "Accounts of a new journal"),
    setting("instruments-max", "256", "COUNT", "Instruments of a new journal"),
    setting("assets-max", "256", "COUNT", "Assets of a new journal"),
    setting("positions-max", "262144", "COUNT", "Positions of a new journal"),
    setting("balances-max", "262144", "COUNT", "Balances of a new journal's funded accounts"),
    setting("trailing-max", "65536", "COUNT", "Trailing stops of a new journal that wait"),
    setting("closed-ids-max", "1048576", "COUNT", "Closed client order ids that are remembered"),
    setting("closed-ids-per-account-max", "1024", "COUNT", "The same for one account"),
    setting("feed-window", "4096", "COUNT", "Foreign messages among which a repeat is found"),
    setting("log", "info", "FILTER", "What is logged, such as warn or gateway=debug"),
    setting("log-format", "text", "FORMAT", "text or json, on standard error"),
];

/// Listeners that this build does not have; their flags exist and take `off` only.
const NOT_BUILT: [&str; 3] = ["ouch", "fix", "itch"];

/// Powers of two that a ring may have.
const SLOTS_MIN: usize = 1 << 6;
const SLOTS_MAX: usize = 1 << 22;
/// What limits may be; the first is the core's own.
const ORDERS_MAX: u64 = (1 << 28) - 1;
const NARROW_MAX: u64 = (1 << 16) - 1;
const LIMIT_MAX: u64 = 1 << 31;
const SESSIONS_MAX: u64 = 1 << 20;
const SEGMENT_MIB: std::ops::RangeInclusive<u64> = 1..=journal::SEGMENT_BYTES_MAX >> 20;

pub(super) fn config(layers: &Layers) -> Result<Config, ConfigError> {
    for setting in NOT_BUILT {
        let (text, source) = layers.get(setting);
        if text != "off" {
            return Err(ConfigError::NotBuilt { given: source.clone(), setting });
        }
    }
    Ok(Config {
        data: layers.get("data").0.into(),
        rest: listen(layers, "rest")?,
        ws: listen(layers, "ws")?,
        stomp: listen(layers, "stomp")?,
        admin: listen(layers, "admin")?,
        identity: path(layers, "identity", "open")?,
        identity_window_ms: number(layers, "identity-window-ms", 100, 60_000)?,
        tls: tls(layers)?,
        durability: words(
            layers,
            "durability",
            &[("durable", Durability::Durable), ("journaled", Durability::Journaled)],
        )?,
        segment_bytes: segment_bytes(layers)?,
        snapshot_commands: number(layers, "snapshot-commands", 0, 1 << 40)?,
        audit_key: path(layers, "audit-key", "off")?,
        wait: words(
            layers,
            "wait",
            &[("spin", Wait::Spin), ("yield", Wait::Yield), ("backoff", Wait::Backoff)],
        )?,
        input_slots: slots(layers, "input-slots")?,
        output_slots: slots(layers, "output-slots")?,
        pin: pin(layers)?,
        feeds: super::feeds::feeds(layers)?,
        demo: switch(layers, "demo")?,
        public_order_ids: public_order_ids(layers)?,
        fan_out: fan_out(layers)?,
        sessions: sessions(layers)?,
        order_rate: number(layers, "order-rate", 20, 1_000_000)? as u32,
        loopback: loopback(layers)?,
        stomp_session: stomp::Settings::DEFAULT,
        stockquest: stockquest::Settings::DEFAULT,
        risk: risk::settings(layers)?,
        allowed_origins: origins(layers)?,
        limits: limits(layers)?,
        instruments: instruments::specs(layers)?,
        schedule: schedule::timetables(layers)?,
        log: log_filter(layers)?,
        log_format: words(
            layers,
            "log-format",
            &[("text", LogFormat::Text), ("json", LogFormat::Json)],
        )?,
    })
}

pub(super) fn bad(source: &Source, value: &str, allowed: impl Into<String>) -> ConfigError {
    ConfigError::Value { given: source.clone(), value: value.into(), allowed: allowed.into() }
}

pub(super) fn words<T: Copy>(
    layers: &Layers,
    name: &str,
    words: &[(&str, T)],
) -> Result<T, ConfigError> {
    let (text, source) = layers.get(name);
    let found = words.iter().find(|(word, _)| *word == text).map(|&(_, value)| value);
    found.ok_or_else(|| {
        let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        bad(source, text, allowed.join(", "))
    })
}

fn switch(layers: &Layers, name: &str) -> Result<Switch, ConfigError> {
    let (on, off) = (Switch::On, Switch::Off);
    words(layers, name, &[("on", on), ("off", off), ("true", on), ("false", off)])
}

/// Unless it is said: shown in open mode, where the page wants them, hidden with identities.
fn public_order_ids(layers: &Layers) -> Result<Switch, ConfigError> {
    let auto = if is_open(layers) { Switch::On } else { Switch::Off };
    let (on, off) = (Switch::On, Switch::Off);
    let allowed = [("auto", auto), ("on", on), ("off", off), ("true", on), ("false", off)];
    words(layers, "public-order-ids", &allowed)
}

fn is_open(layers: &Layers) -> bool {
    layers.get("identity").0 == "open"
}

/// None: the word that stands for none.
fn path(layers: &Layers, name: &str, none: &str) -> Result<Option<PathBuf>, ConfigError> {
    let (text, source) = layers.get(name);
    match text {
        "" => Err(bad(source, text, format!("{none} or a path"))),
        text if text == none => Ok(None),
        path => Ok(Some(path.into())),
    }
}

/// Both or none.
fn tls(layers: &Layers) -> Result<Option<TlsFiles>, ConfigError> {
    match (path(layers, "tls-cert", "off")?, path(layers, "tls-key", "off")?) {
        (None, None) => Ok(None),
        (Some(certificates), Some(key)) => Ok(Some(TlsFiles { certificates, key })),
        (Some(_), None) => Err(bad(layers.get("tls-key").1, "off", "a file, as tls-cert is one")),
        (None, Some(_)) => Err(bad(layers.get("tls-cert").1, "off", "a file, as tls-key is one")),
    }
}

fn listen(layers: &Layers, name: &str) -> Result<Listen, ConfigError> {
    let (text, source) = layers.get(name);
    let listen = Listen::parse(text).ok_or_else(|| bad(source, text, Listen::ALLOWED))?;
    match listen {
        Listen::At(address) if is_open(layers) && !address.ip().to_canonical().is_loopback() => {
            Err(ConfigError::NotLoopback { given: source.clone(), address })
        }
        Listen::At(_) | Listen::Loopback { .. } | Listen::Off => Ok(listen),
    }
}

fn slots(layers: &Layers, name: &str) -> Result<usize, ConfigError> {
    let (text, source) = layers.get(name);
    let slots = text
        .parse()
        .ok()
        .filter(|slots: &usize| slots.is_power_of_two() && (SLOTS_MIN..=SLOTS_MAX).contains(slots));
    slots.ok_or_else(|| bad(source, text, format!("powers of two, {SLOTS_MIN} to {SLOTS_MAX}")))
}

fn segment_bytes(layers: &Layers) -> Result<u64, ConfigError> {
    let (text, source) = layers.get("segment-mib");
    let mib = text.parse().ok().filter(|mib| SEGMENT_MIB.contains(mib));
    let allowed = || format!("{} to {} MiB", SEGMENT_MIB.start(), SEGMENT_MIB.end());
    mib.map(|mib: u64| mib << 20).ok_or_else(|| bad(source, text, allowed()))
}

fn fan_out(layers: &Layers) -> Result<fanout::Settings, ConfigError> {
    let outbox = fanout::Limits {
        state_keys_max: number(layers, "outbox-keys", 1, 10_000)? as usize,
        event_bytes_max: number(layers, "outbox-kib", 64, 1 << 20)? as usize * 1024,
        event_age_max: Duration::from_millis(number(layers, "outbox-age-ms", 100, 600_000)?),
    };
    let order_ids = match public_order_ids(layers)? {
        Switch::On => OrderIds::Shown,
        Switch::Off => OrderIds::Hidden,
    };
    let large_liquidation_usd = number(layers, "feed-large-usd", 1, 1 << 53)?;
    let rest = fanout::Settings::DEFAULT;
    Ok(fanout::Settings { outbox, order_ids, large_liquidation_usd, ..rest })
}

fn sessions(layers: &Layers) -> Result<connections::Limits, ConfigError> {
    Ok(connections::Limits {
        sessions_max: number(layers, "sessions-max", 1, SESSIONS_MAX)? as usize,
        per_user_max: number(layers, "sessions-per-user-max", 1, SESSIONS_MAX)? as usize,
        per_address_max: connections::Limits::PER_ADDRESS_MAX,
        loopback: loopback(layers)?,
    })
}

fn loopback(layers: &Layers) -> Result<Loopback, ConfigError> {
    let allowed = [("exempt", Loopback::Exempt), ("counted", Loopback::Counted)];
    words(layers, "loopback", &allowed)
}

pub(super) fn number(
    layers: &Layers,
    name: &str,
    least: u64,
    most: u64,
) -> Result<u64, ConfigError> {
    let (text, source) = layers.get(name);
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| bad(source, text, format!("{least} to {most}")))
}

/// The settings of limits are named like the limits.
fn limits(layers: &Layers) -> Result<Genesis, ConfigError> {
    let mut genesis = Genesis::DEFAULT;
    for (name, _) in Genesis::DEFAULT.limits() {
        let setting = name.replace('_', "-");
        let most = match name {
            "orders_max" => ORDERS_MAX,
            "instruments_max" | "assets_max" => NARROW_MAX,
            _ => LIMIT_MAX,
        };
        let limit = number(layers, &setting, 1, most)?;
        genesis = genesis.with_limit(name, limit).expect("the range of each limit fits it");
    }
    Ok(genesis)
}

fn pin(layers: &Layers) -> Result<Option<usize>, ConfigError> {
    let (text, source) = layers.get("pin");
    match text {
        "off" => Ok(RuntimeSettings::DEFAULT.pin),
        core => core.parse().map(Some).map_err(|_| bad(source, text, "off or a core's number")),
    }
}

fn origins(layers: &Layers) -> Result<Vec<String>, ConfigError> {
    let (text, source) = layers.get("allowed-origins");
    let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    origins
        .map(|origin| match origin.split_once("://") {
            Some(("http" | "https", host)) if !host.is_empty() && !host.contains('/') => {
                Ok(origin.to_ascii_lowercase())
            }
            Some(_) | None => Err(bad(source, origin, "http://HOST[:PORT] or https://HOST[:PORT]")),
        })
        .collect()
}

fn log_filter(layers: &Layers) -> Result<String, ConfigError> {
    let (text, source) = layers.get("log");
    match text.parse::<tracing_subscriber::filter::Targets>() {
        Ok(_) => Ok(text.into()),
        Err(_) => {
            Err(bad(source, text, "off, error, warn, info, debug, trace or TARGET=LEVEL,..."))
        }
    }
}
