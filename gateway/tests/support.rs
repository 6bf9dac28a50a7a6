//! An exchange of a test's own: the real one, in process, on free ports, in a directory that
//! goes away.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]

mod client;

use std::sync::Arc;

use engine::projection::ViewLimits;
use gateway::adapters::Adapters;
use gateway::schedule::Past;
use gateway::{App, Config, app};
use journal::{Faults, Seams};
use orison_core::command::{AccountRef, Actor, Direction, Genesis, StatusChange, Transfer};
use orison_core::instrument::Status;
use orison_core::{AccountName, AssetName, Command, Decimal, Event, InstrumentId, Symbol};
use replay::Recovered;
use tempfile::TempDir;

pub(crate) use client::{Client, Reply};

pub(crate) struct Exchange {
    pub(crate) app: Arc<App>,
    pub(crate) adapters: Adapters,
    pub(crate) directory: TempDir,
    pub(crate) past: Past,
}

impl Exchange {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub(crate) async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::start_in(directory, adjust).await
    }

    pub(crate) async fn start_in(directory: TempDir, adjust: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::for_tests(directory.path());
        adjust(&mut config);
        let recovered = app::recover(&config).unwrap();
        Self::serve(directory, config, recovered).await
    }

    /// With views that remember so much.
    pub(crate) async fn start_remembering(limits: ViewLimits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = Config::for_tests(directory.path());
        let options =
            journal::Options { segment_bytes: config.segment_bytes, ..journal::Options::default() };
        let mut recovered = replay::recover(&config.data, &options, limits, |_| ()).unwrap();
        replay::genesis(&mut recovered, &Genesis::DEFAULT, &config.instruments, 1).unwrap();
        Self::serve(directory, config, recovered).await
    }

    /// On a disk of the test's own.
    pub(crate) async fn start_on(disk: Arc<dyn Faults>) -> Self {
        let (directory, config, recovered) = recovered_on(disk);
        Self::serve(directory, config, recovered).await
    }

    async fn serve(directory: TempDir, config: Config, recovered: Recovered) -> Self {
        let past = Past::of(&recovered);
        let app = App::start(config, recovered).unwrap();
        let adapters = Adapters::start(&app).await.unwrap();
        Self { app, adapters, directory, past }
    }

    pub(crate) async fn rest(&self) -> Client {
        Client::connect(self.adapters.directory.rest.unwrap()).await
    }

    pub(crate) async fn admin(&self) -> Client {
        Client::connect(self.adapters.directory.admin.unwrap()).await
    }

    pub(crate) async fn ws(&self) -> Client {
        Client::connect(self.adapters.directory.ws.unwrap()).await
    }

    /// As an administrator enters it.
    pub(crate) async fn carry_out(&self, command: Command) {
        let outcome = self.app.desk.submit(command).await.unwrap();
        assert!(!matches!(outcome.answer, Event::Rejected(_)), "{command:?}: {outcome:?}");
    }

    pub(crate) fn instrument(&self, symbol: &str) -> InstrumentId {
        let views = self.app.views.read();
        views.catalog.instrument_named(&Symbol::new(symbol).unwrap()).unwrap().id
    }

    pub(crate) async fn set_status(&self, symbol: &str, status: Status) {
        let (instrument, actor) = (self.instrument(symbol), Actor::EMPTY);
        self.carry_out(Command::Status(StatusChange { instrument, status, actor })).await;
    }

    pub(crate) async fn deposit(&self, account: &str, asset: &str, amount: &str) {
        let transfer = Transfer {
            account: AccountRef::Name(AccountName::new(account).unwrap()),
            asset: AssetName::new(asset).unwrap(),
            direction: Direction::Deposit,
            amount: Decimal::parse(amount).unwrap(),
            actor: Actor::EMPTY,
        };
        self.carry_out(Command::Transfer(transfer)).await;
    }

    /// As SIGTERM does it; the journal stays.
    pub(crate) async fn stop(self) -> TempDir {
        self.adapters.close();
        self.app.stop().await.unwrap();
        self.adapters.ended().await;
        self.directory
    }
}

/// A journal with its genesis on a disk of the test's own, and how it is to be served.
pub(crate) fn recovered_on(disk: Arc<dyn Faults>) -> (TempDir, Config, Recovered) {
    let directory = tempfile::tempdir().unwrap();
    let config = Config::for_tests(directory.path());
    let options = journal::Options {
        segment_bytes: config.segment_bytes,
        seams: Seams { faults: Some(disk), ..Seams::default() },
        ..journal::Options::default()
    };
    let limits = ViewLimits::DEFAULT;
    let mut recovered = replay::recover(&config.data, &options, limits, |_| ()).unwrap();
    replay::genesis(&mut recovered, &Genesis::DEFAULT, &config.instruments, 1).unwrap();
    (directory, config, recovered)
}
