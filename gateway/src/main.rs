//! The binary `orison`, read as the road is walked: configuration, recovery, engine, adapters,
//! and back. Standard output says what was recovered and where it listens; logs go to standard
//! error.

use std::io::{IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use gateway::adapters::Adapters;
use gateway::app::wall_ns;
use gateway::audit::Audits;
use gateway::config::{Config, ConfigError, Loaded, LogFormat, Switch};
use gateway::identity::Identity;
use gateway::{App, app, demo, schedule};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Turns of tasks after which sockets, and what the matcher has woken, are looked at again. With
/// tokio's 61 and 31, and sessions that have always something to do, others would be heard
/// milliseconds late.
const LOOK_INTERVAL: u32 = 5;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orison: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// The chain of causes in one line; what a cause has said already is not said again.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| {
        match (told.is_empty(), told.ends_with(&cause)) {
            (true, _) => cause,
            (false, true) => told,
            (false, false) => format!("{told}: {cause}"),
        }
    })
}

fn run() -> anyhow::Result<()> {
    let loaded = configuration()?;
    if let Some(errand) = loaded.errand {
        let folder =
            loaded.config.identity.context("name the folder of the keys: --identity DIR")?;
        return Ok(say(&errand.run(&folder, wall_ns() / 1_000_000)?)?);
    }
    let config = loaded.config;
    log(&config)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    keep_private(&config);
    // A folder that is not right is said before the journal is read.
    Identity::of(&config, wall_ns() / 1_000_000)?;
    // So is a key that cannot be read.
    Audits::of(&config)?;
    raise_descriptors();
    let recovered = app::recover(&config)
        .inspect_err(|error| {
            if let Some(remedy) = error.remedy() {
                tracing::error!("what can be done: {remedy}");
            }
        })
        .context("recovery")?;
    for line in recovered.found() {
        say(&line)?;
    }
    say(&format!(
        "recovered sequence={} commands={} seconds={:.3}",
        recovered.exchange.applied().sequence,
        recovered.commands,
        recovered.seconds
    ))?;
    let mut sockets = tokio::runtime::Builder::new_multi_thread();
    let sockets = sockets.event_interval(LOOK_INTERVAL).global_queue_interval(LOOK_INTERVAL);
    let sockets = sockets.enable_all().build()?;
    sockets.block_on(serve(config, recovered))
}

async fn serve(config: Config, recovered: replay::Recovered) -> anyhow::Result<()> {
    // Caught before anybody is told that it listens: who reads that line may end it at once.
    let signals = EndSignals::catch()?;
    let past = schedule::Past::of(&recovered);
    let app = App::start(config, recovered).context("starting the engine")?;
    exit_on_failure(&app);
    // Before anybody can trade in a status that is over.
    let mut agenda = schedule::agenda(&app, &past, wall_ns());
    if let Err(error) = schedule::advance(&app, &mut agenda, wall_ns()).await {
        tracing::warn!(%error, "the schedule begins late");
    }
    let adapters = match Adapters::start(&app).await {
        Ok(adapters) => adapters,
        Err(error) => {
            app.stop().await.context("stopping the engine")?;
            return Err(error).context("cannot listen");
        }
    };
    for (name, url) in adapters.directory.urls() {
        say(&format!("listening {name} {url}"))?;
    }
    if !app.config.schedule.is_empty() {
        tokio::spawn(schedule::run(Arc::clone(&app), agenda));
    }
    if app.config.demo == Switch::On {
        tokio::spawn(demo::run(Arc::clone(&app)));
    }
    signals.heard().await;
    tracing::info!("stopping");
    adapters.close();
    app.stop().await.context("stopping the engine")?;
    adapters.ended().await;
    tracing::info!("stopped");
    Ok(())
}

fn configuration() -> anyhow::Result<Loaded> {
    let directory = std::env::current_dir().context("the working directory")?;
    match Config::load(std::env::args_os(), std::env::vars_os(), &directory) {
        Ok(loaded) => Ok(loaded),
        Err(ConfigError::Flags(error)) => error.exit(),
        Err(error) => Err(error).context("configuration"),
    }
}

fn log(config: &Config) -> anyhow::Result<()> {
    let targets: Targets = config.log.parse()?;
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let layer = match config.log_format {
        LogFormat::Text => layer.with_filter(targets).boxed(),
        LogFormat::Json => layer.json().with_filter(targets).boxed(),
    };
    tracing_subscriber::registry().with(layer).init();
    Ok(())
}

/// Who has an account is nobody else's business on this machine either: with identities, what is
/// made from here on is its owner's alone. What is there already is left as it is, and said.
fn keep_private(config: &Config) {
    if config.identity.is_none() {
        return;
    }
    umask(Mode::RWXG | Mode::RWXO);
    let mode = std::fs::metadata(&config.data).map_or(0, |meta| meta.permissions().mode() & 0o777);
    if mode & 0o077 != 0 {
        let data = config.data.display();
        tracing::warn!(%data, mode = %format_args!("{mode:o}"), "others may look into the journal");
    }
}

/// A session is a descriptor: take as many as the system gives.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, ?limit, "the limit of open descriptors stays as it is");
    }
}

/// Once a stage or the disk has failed nothing may be acknowledged: better gone than wrong.
fn exit_on_failure(app: &App) {
    app.monitor().on_failure(|reason| {
        tracing::error!(%reason, "the engine has failed");
        eprintln!("orison: {reason}");
        std::process::exit(1);
    });
}

/// SIGTERM and Ctrl-C, which from here on are requests to end in order.
struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl EndSignals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn heard(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// A line that programs wait for.
fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
