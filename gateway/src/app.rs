//! The running exchange as the adapters see it: configuration, views, the desk to enter at and
//! the hub that fans out. Started from what recovery hands over, stopped once.

use std::sync::{Arc, Mutex, PoisonError};

use engine::Runtime;
use engine::runtime::{Clock, Figures, Parts, Settings, SharedViews};
use orison_core::Event;
use orison_core::command::{Command, Genesis};
use thiserror::Error;

use crate::config::Config;
use crate::desk::{Desk, DeskError};
use crate::fanout::{self, Hub};
use crate::metrics::Metrics;
use crate::publisher::Publisher;

pub struct App {
    pub config: Config,
    pub views: SharedViews,
    pub desk: Desk,
    pub hub: Hub,
    pub metrics: Metrics,
    /// None once stopped.
    runtime: Mutex<Option<Runtime>>,
}

#[derive(Debug, Error)]
pub enum StartError {
    #[error(transparent)]
    Runtime(#[from] engine::runtime::StartError),
    #[error("the first commands of an empty journal: {0}")]
    Desk(#[from] DeskError),
    #[error("the first commands of an empty journal: {command} was refused: {answer:?}")]
    Refused { command: String, answer: Event },
}

#[derive(Debug, Error)]
pub enum StopError {
    #[error(transparent)]
    Runtime(#[from] engine::runtime::StopError),
    #[error("the thread that stops the engine panicked")]
    Thread,
}

impl App {
    /// Starts the engine; on an empty journal the first commands are carried out before this
    /// returns. Needs a tokio runtime.
    pub async fn start(config: Config, parts: Parts) -> Result<Arc<Self>, StartError> {
        let (desk, completions) = Desk::new();
        let (publisher, hub_joins) = Publisher::new(completions);
        let settings = Settings {
            wait: config.wait,
            clock: Clock::Real,
            input_slots: config.input_slots,
            output_slots: config.output_slots,
            pin: config.pin,
        };
        let runtime = Runtime::start(parts, settings, publisher)?;
        let views = runtime.views();
        let (hub, feed) = Hub::start(views.clone(), fanout::Settings::DEFAULT);
        hub_joins.send(feed).expect("the publisher lives as long as the runtime");
        desk.open(runtime.ingress());
        let metrics = Metrics::new();
        let runtime = Mutex::new(Some(runtime));
        let app = Arc::new(Self { config, views, desk, hub, metrics, runtime });
        app.begin().await?;
        Ok(app)
    }

    /// Genesis and the configured instruments, if nothing was ever journaled; else what differs
    /// is told.
    async fn begin(&self) -> Result<(), StartError> {
        if self.views.read().at().sequence.0 > 0 {
            self.list_differences();
            return Ok(());
        }
        let genesis = Command::Genesis(Genesis::DEFAULT);
        let instruments = self.config.instruments.iter().copied().map(Command::Instrument);
        for command in [genesis].into_iter().chain(instruments) {
            let outcome = self.desk.submit(command).await?;
            if let Event::Rejected(_) = outcome.answer {
                let command = format!("{command:?}");
                return Err(StartError::Refused { command, answer: outcome.answer });
            }
        }
        Ok(())
    }

    fn list_differences(&self) {
        let views = self.views.read();
        for spec in &self.config.instruments {
            let symbol = spec.symbol;
            let Some(instrument) = views.catalog.instrument_named(&symbol) else {
                tracing::warn!(%symbol, "configured, but not in the journal: not created");
                continue;
            };
            let same = instrument.price_step.to_decimal() == spec.price_step.to_decimal()
                && instrument.quantity_step.to_decimal() == spec.quantity_step.to_decimal()
                && instrument.maker_fee_ppm == spec.maker_fee_ppm
                && instrument.taker_fee_ppm == spec.taker_fee_ppm;
            if !same {
                tracing::warn!(%symbol, "the journal's steps or fees win over the configured ones");
            }
        }
    }

    /// None once stopped.
    pub fn figures(&self) -> Option<Figures> {
        self.with_runtime(Runtime::figures)
    }

    /// Why nothing is acknowledged any more.
    pub fn failure(&self) -> Option<String> {
        self.with_runtime(Runtime::failure).flatten()
    }

    fn with_runtime<T>(&self, look: impl FnOnce(&Runtime) -> T) -> Option<T> {
        self.runtime.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(look)
    }

    /// Enters nothing more, finishes what is on the road, syncs and closes the journal. All that
    /// waits at the desk has its answer when this returns.
    pub async fn stop(&self) -> Result<(), StopError> {
        self.desk.close();
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(runtime) = runtime else { return Ok(()) };
        // The last producer joins the stages: not on a worker of the sockets.
        let stopped = tokio::task::spawn_blocking(|| runtime.stop().map(drop)).await;
        Ok(stopped.map_err(|_| StopError::Thread)??)
    }
}
