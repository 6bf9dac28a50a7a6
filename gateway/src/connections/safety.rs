//! What is cancelled when its owner is gone: every open order of an account, by the ordinary road,
//! when a session that asked for it ends, or when whoever set a time does not set it again. Each
//! is a promise that outlives the process: what was promised for the end of a session is fulfilled
//! before an orderly end and after any other; a time goes on while nobody is there, and whoever
//! comes back after a restart has a moment to set it again.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use orison_core::command::{AccountRef, Actor, CancelReason, MassCancel};
use orison_core::{AccountName, Command};
use tokio::runtime::Handle;

use super::promises::{Holder, Promise, TooMany, When};
use crate::App;
use crate::desk::DeskError;
use crate::fanout::wall_ms;

/// The shortest and the longest time that can be set: a second and a day.
pub const DEAD_MAN_MIN_MS: u64 = 1_000;
pub const DEAD_MAN_MAX_MS: u64 = 86_400_000;
/// A time that was set in an earlier life of the process is not over before this one is so old.
pub const GRACE: Duration = Duration::from_secs(5);
/// While the exchange is busy the cancel is entered again and again, for so long.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
const BUSY_MAX: u32 = 6_000;
/// What an orderly end waits for its last cancels.
const PART_MAX: Duration = Duration::from_secs(5);

/// Cancels everything of the account after that time, unless it is asked again before.
pub async fn cancel_after(
    app: &Arc<App>,
    account: AccountName,
    after: Duration,
) -> Result<(), DeskError> {
    app.promises.relieve(account, &[Holder::Account, Holder::Nobody]);
    let number = promise(app, account, time_after(after), Holder::Account)?;
    arm(app, number, account, after, |_| ());
    kept(app, &[number]).await
}

/// Takes that back.
pub async fn cancel_never(app: &Arc<App>, account: AccountName) -> Result<(), DeskError> {
    app.promises.relieve(account, &[Holder::Account, Holder::Nobody]);
    kept(app, &[]).await
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnEnd {
    Keep,
    Cancel,
}

/// The options of one session; dropped with it, whatever it ends by.
pub struct Safety {
    app: Weak<App>,
    account: AccountName,
    /// Numbers of promises.
    on_end: Option<u64>,
    timer: Option<u64>,
}

impl Safety {
    /// They hold once this returns; `tell` learns how many orders the timer has cancelled. None: it
    /// is not known.
    pub async fn promise(
        app: &Arc<App>,
        account: AccountName,
        on_end: OnEnd,
        dead_man: Option<Duration>,
        tell: impl FnOnce(Option<u32>) + Send + 'static,
    ) -> Result<Self, DeskError> {
        app.promises.relieve(account, &[Holder::Nobody]);
        let mut safety = Self { app: Arc::downgrade(app), account, on_end: None, timer: None };
        if let Some(after) = dead_man {
            let number = promise(app, account, time_after(after), Holder::Session)?;
            safety.timer = Some(number);
            arm(app, number, account, after, tell);
        }
        if on_end == OnEnd::Cancel {
            match promise(app, account, When::Disconnect, Holder::Session) {
                Ok(number) => safety.on_end = Some(number),
                Err(error) => {
                    safety.dismiss();
                    return Err(error);
                }
            }
        }
        let numbers: Vec<_> = safety.numbers().collect();
        match kept(app, &numbers).await {
            Ok(()) => Ok(safety),
            Err(error) => {
                safety.dismiss();
                Err(error)
            }
        }
    }

    /// Other options take its place, and the session goes on.
    pub fn dismiss(mut self) {
        if let Some(app) = self.app.upgrade() {
            self.numbers().for_each(|number| app.promises.take_back(number));
        }
        (self.on_end, self.timer) = (None, None);
    }

    fn numbers(&self) -> impl Iterator<Item = u64> + use<> {
        self.on_end.into_iter().chain(self.timer)
    }
}

impl Drop for Safety {
    fn drop(&mut self) {
        // Without a runtime the process is ending, and the desk is closed.
        let (Some(app), Ok(runtime)) = (self.app.upgrade(), Handle::try_current()) else { return };
        match (self.on_end, self.timer) {
            (Some(number), timer) => {
                let account = self.account;
                timer.into_iter().for_each(|number| app.promises.take_back(number));
                runtime.spawn(async move {
                    fulfil(&app, number, account, CancelReason::Disconnect).await;
                });
            }
            // Nobody is there to set it again: it goes on until it is over.
            (None, Some(number)) => app.promises.leave(number),
            (None, None) => {}
        }
    }
}

/// What an earlier life of the process has left: sessions are gone with it, so that their orders
/// are cancelled before anybody is let in; times go on.
pub(crate) async fn recall(app: &Arc<App>) {
    let now_ms = wall_ms();
    for (number, Promise { account, when, .. }) in app.promises.all() {
        match when {
            When::Disconnect => {
                fulfil(app, number, account, CancelReason::Disconnect).await;
            }
            When::Time { at_ms } => {
                let left = Duration::from_millis(at_ms.saturating_sub(now_ms));
                arm(app, number, account, left.max(GRACE), |_| ());
            }
        }
    }
}

/// Before the desk closes: sessions end with the process, and what they asked for is done while it
/// can be. What is not done in time is done by the next life.
pub(crate) async fn part(app: &App) {
    let sessions = app.promises.all().into_iter().filter(|(_, p)| p.when == When::Disconnect);
    let cancels = sessions
        .map(|(number, promise)| fulfil(app, number, promise.account, CancelReason::Disconnect));
    if tokio::time::timeout(PART_MAX, join_all(cancels)).await.is_err() {
        tracing::error!("orders of sessions that end with the process are open until it is back");
    }
}

fn time_after(after: Duration) -> When {
    let after_ms = u64::try_from(after.as_millis()).unwrap_or(DEAD_MAN_MAX_MS);
    When::Time { at_ms: wall_ms().saturating_add(after_ms) }
}

fn promise(app: &App, account: AccountName, when: When, holder: Holder) -> Result<u64, DeskError> {
    let made = app.promises.make(Promise { account, when, holder });
    made.map_err(|TooMany| DeskError::Busy)
}

/// What cannot be kept is not promised.
async fn kept(app: &App, numbers: &[u64]) -> Result<(), DeskError> {
    app.promises.kept().await.map_err(|error| {
        tracing::error!(%error, "what is cancelled when its owner is gone cannot be written");
        numbers.iter().for_each(|&number| app.promises.take_back(number));
        DeskError::JournalFull
    })
}

fn arm(
    app: &Arc<App>,
    number: u64,
    account: AccountName,
    after: Duration,
    tell: impl FnOnce(Option<u32>) + Send + 'static,
) {
    let weak = Arc::downgrade(app);
    let task = tokio::spawn(async move {
        tokio::time::sleep(after).await;
        let Some(app) = weak.upgrade() else { return };
        if let Some(cancelled) = fulfil(&app, number, account, CancelReason::Timer).await {
            tell(cancelled);
        }
    });
    app.promises.wait(number, task.abort_handle());
}

/// How many orders were cancelled. Outer None: it was taken back, or is being done already; inner:
/// it is not known, and the promise stands for the next life of the process.
async fn fulfil(
    app: &App,
    number: u64,
    account: AccountName,
    reason: CancelReason,
) -> Option<Option<u32>> {
    if !app.promises.begin(number) {
        return None;
    }
    let cancelled = cancel_all(app, account, reason).await;
    if cancelled.is_some() {
        app.promises.forget(number);
        if let Err(error) = app.promises.kept().await {
            tracing::error!(%error, "a restart will cancel again what is cancelled");
        }
    }
    Some(cancelled)
}

/// How many orders were cancelled. None: it is not known, or the process is stopping.
async fn cancel_all(app: &App, account: AccountName, reason: CancelReason) -> Option<u32> {
    for _ in 0..BUSY_MAX {
        match try_cancel_all(app, account, reason).await {
            Ok(cancelled) => {
                let why = reason.word();
                tracing::info!(%account, cancelled, why, "orders of an owner who is gone");
                return Some(cancelled);
            }
            Err(DeskError::Busy) => tokio::time::sleep(BUSY_PAUSE).await,
            Err(DeskError::Stopping) => return None,
            Err(error @ (DeskError::Timeout | DeskError::JournalFull)) => {
                tracing::error!(%account, %error, "orders of an owner who is gone may be open");
                return None;
            }
        }
    }
    tracing::error!(%account, "the exchange is busy: orders of an owner who is gone are open");
    None
}

/// For an account that does not exist nothing is entered: the core would refuse it, and the
/// journal would hold the refusal.
async fn try_cancel_all(
    app: &App,
    account: AccountName,
    reason: CancelReason,
) -> Result<u32, DeskError> {
    let known = || app.views.read().catalog.account(&account);
    let (instrument, side, actor) = (None, None, Actor::EMPTY);
    let mass = |account| MassCancel { account, instrument, side, reason, actor };
    let mut whose = known();
    if whose.is_none() {
        // Its first order may be on the road: once this is answered the views show it.
        let question = Command::MassCancel(mass(AccountRef::Name(account)));
        app.desk.check(&question)?.outcome().await?;
        whose = known();
    }
    let Some(id) = whose else { return Ok(0) };
    let command = Command::MassCancel(mass(AccountRef::Id(id)));
    Ok(app.desk.submit(command).await?.cancelled)
}
