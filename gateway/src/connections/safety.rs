//! What is cancelled when its owner is gone: every open order of an account, by the ordinary road,
//! when a session that asked for it ends, or when whoever armed a timer does not arm it again. The
//! timers live in the process: a restart forgets them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use orison_core::AccountName;
use orison_core::Command;
use orison_core::command::{AccountRef, Actor, CancelReason, MassCancel};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::locked;
use crate::App;
use crate::desk::DeskError;

/// The longest a timer runs: a day.
pub const DEAD_MAN_MAX_MS: u64 = 86_400_000;
/// Timers of REST that are armed at once, one an account.
const ARMED_MAX: usize = 1 << 16;
/// While the exchange is busy the cancel is entered again and again, for so long.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
const BUSY_MAX: u32 = 6_000;

/// The timers of REST: one an account.
#[derive(Default)]
pub struct DeadMen {
    armed: Mutex<Armed>,
}

#[derive(Default)]
struct Armed {
    by_account: HashMap<AccountName, (u64, AbortHandle)>,
    last: u64,
}

/// As many timers are armed as there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooMany;

impl DeadMen {
    /// Cancels everything of the account after that time, unless it is armed again or disarmed.
    pub fn arm(
        &self,
        app: &Arc<App>,
        account: AccountName,
        after: Duration,
    ) -> Result<(), TooMany> {
        let mut armed = locked(&self.armed);
        if armed.by_account.len() >= ARMED_MAX && !armed.by_account.contains_key(&account) {
            return Err(TooMany);
        }
        armed.last += 1;
        let number = armed.last;
        let weak = Arc::downgrade(app);
        let task = tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let Some(app) = weak.upgrade() else { return };
            app.dead_men.forget(account, number);
            cancel_all(&app, account, CancelReason::Timer).await;
        });
        let known = armed.by_account.insert(account, (number, task.abort_handle()));
        if let Some((_, task)) = known {
            task.abort();
        }
        Ok(())
    }

    pub fn disarm(&self, account: AccountName) {
        if let Some((_, task)) = locked(&self.armed).by_account.remove(&account) {
            task.abort();
        }
    }

    /// It fires: from here on nobody can take it back.
    fn forget(&self, account: AccountName, number: u64) {
        let mut armed = locked(&self.armed);
        if armed.by_account.get(&account).is_some_and(|(known, _)| *known == number) {
            armed.by_account.remove(&account);
        }
    }
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
    on_end: OnEnd,
    timer: Option<AbortHandle>,
}

impl Safety {
    pub fn new(app: &Arc<App>, account: AccountName, on_end: OnEnd) -> Self {
        Self { app: Arc::downgrade(app), account, on_end, timer: None }
    }

    /// Cancels everything after that time, unless this is dropped or replaced before; `tell`
    /// learns how many orders it were. None: it is not known.
    pub fn arm(&mut self, after: Duration, tell: impl FnOnce(Option<u32>) + Send + 'static) {
        let (weak, account) = (Weak::clone(&self.app), self.account);
        let task = tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let Some(app) = weak.upgrade() else { return };
            // Not to be taken back half way.
            let cancelling = async move {
                let cancelled = cancel_all(&app, account, CancelReason::Timer).await;
                tell(cancelled);
            };
            tokio::spawn(cancelling);
        });
        if let Some(known) = self.timer.replace(task.abort_handle()) {
            known.abort();
        }
    }

    /// Other options take its place, and the session goes on.
    pub fn dismiss(mut self) {
        self.on_end = OnEnd::Keep;
    }
}

impl Drop for Safety {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            timer.abort();
        }
        let (OnEnd::Cancel, Some(app)) = (self.on_end, self.app.upgrade()) else { return };
        let account = self.account;
        // Without a runtime the process is ending, and the desk is closed.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                cancel_all(&app, account, CancelReason::Disconnect).await;
            });
        }
    }
}

/// How many orders were cancelled. None: it is not known, or the process is stopping.
async fn cancel_all(app: &App, account: AccountName, reason: CancelReason) -> Option<u32> {
    for _ in 0..BUSY_MAX {
        let known = app.views.read().catalog.account(&account);
        let whose = known.map_or(AccountRef::Name(account), AccountRef::Id);
        let (instrument, side, actor) = (None, None, Actor::EMPTY);
        let mass = MassCancel { account: whose, instrument, side, reason, actor };
        match app.desk.submit(Command::MassCancel(mass)).await {
            Ok(outcome) => {
                let (cancelled, why) = (outcome.cancelled, reason.word());
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
