//! Notices keys that come and go while the server runs.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Identity;
use crate::fanout::wall_ms;

/// How often the folder is looked at.
pub const POLL: Duration = Duration::from_secs(1);

/// Looks after the folder as long as anybody holds the identity.
pub async fn watch(identity: Weak<Identity>) {
    let mut complained = false;
    loop {
        tokio::time::sleep(POLL).await;
        let Some(identity) = identity.upgrade() else { return };
        if identity.keys.is_none() {
            return;
        }
        let seen = tokio::task::spawn_blocking(move || refresh(&identity)).await;
        match seen {
            Ok(Ok(())) => complained = false,
            Ok(Err(error)) if !complained => {
                complained = true;
                tracing::error!(%error, "keys cannot be read: nobody is let in until they can");
            }
            Ok(Err(_)) => {}
            Err(error) => tracing::error!(%error, "keys are no longer looked after"),
        }
    }
}

fn refresh(identity: &Arc<Identity>) -> Result<(), super::FolderError> {
    let Some(keys) = &identity.keys else { return Ok(()) };
    for error in keys.refresh(wall_ms())? {
        tracing::error!(%error, "a key is not used");
    }
    Ok(())
}
