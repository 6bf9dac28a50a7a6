//! What the operator's room keeps: the latest changes, and the limits that hold. Administrative
//! commands go out to the desk from here and what becomes of each is noted, whether its asker
//! still waits or not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orison_core::command::Genesis;
use orison_core::{Command, Event, Sequence};
use replay::{Change, Changes};

use crate::App;
use crate::desk::{DeskError, Outcome};

pub struct Office {
    changes: Mutex<Changes>,
    /// Held while they are raised: the next raise starts from what the last one left.
    limits: tokio::sync::Mutex<Genesis>,
}

impl Office {
    pub fn new(changes: Changes, limits: Genesis) -> Self {
        Self { changes: Mutex::new(changes), limits: tokio::sync::Mutex::new(limits) }
    }

    /// Those before a sequence, newest first, at most so many.
    pub(super) fn changes_before(&self, sequence: Sequence, count: usize) -> Vec<Change> {
        self.changes().before(sequence).take(count).copied().collect()
    }

    pub(super) async fn limits(&self) -> tokio::sync::MutexGuard<'_, Genesis> {
        self.limits.lock().await
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Enters an administrative command and notes its outcome. One whose answer did not come in time
/// is not noted: the journal knows of it after the next start.
pub(crate) async fn enter(app: &Arc<App>, command: Command) -> Result<Outcome, DeskError> {
    let ticket = app.desk.enter(&command)?;
    let app = Arc::clone(app);
    let noting = tokio::spawn(async move {
        let outcome = ticket.outcome().await?;
        let mut refused = None;
        if let Event::Rejected(rejected) = outcome.answer {
            refused = Some(rejected.reason);
        }
        let change = Change { stamp: outcome.stamp, command, refused };
        tell(&change);
        app.office.changes().push(change);
        Ok(outcome)
    });
    // It ends early only with the process.
    noting.await.unwrap_or(Err(DeskError::Stopping))
}

fn tell(change: &Change) {
    let (sequence, actor) = (change.stamp.sequence.0, change.actor());
    match change.refused {
        None => tracing::info!(sequence, %actor, command = ?change.command, "administered"),
        Some(reason) => {
            tracing::info!(sequence, %actor, %reason, command = ?change.command, "refused");
        }
    }
}
