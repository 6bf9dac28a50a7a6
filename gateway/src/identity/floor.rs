//! No signed request is let in twice, before a restart and after it: a file beside the journal says
//! a time that is at or after that of every request that was let in, and is written before one is
//! let in whose time is later. After a restart only what is later than it is looked at. It says a
//! little more than it has to, so that it is written a few times a second at most; so long a
//! restart waits. It outlives the process, not the loss of power, after which no machine is back
//! within a window of seconds.

use std::io;
use std::path::{Path, PathBuf};

use super::folder::FolderError;
use crate::keepsake::{self, Survives};

/// How much more.
const STEP_MS: u64 = 200;

#[derive(Debug)]
pub(super) struct Floor {
    /// None: nothing is kept.
    path: Option<PathBuf>,
    /// Only what is later is let in.
    below_ms: u64,
    /// What the file says.
    said_ms: u64,
}

impl Floor {
    /// `now_ms`: what was signed before could have been let in before there was a file.
    pub(super) fn open(path: Option<PathBuf>, now_ms: u64) -> Result<Self, FolderError> {
        let said = path.as_deref().map(read).transpose()?.flatten();
        let said_ms = said.unwrap_or(0);
        Ok(Self { path, below_ms: said_ms.max(now_ms.saturating_sub(1)), said_ms })
    }

    pub(super) fn admits(&self, time_ms: u64) -> bool {
        time_ms > self.below_ms
    }

    /// Before a request of that time is let in.
    pub(super) fn raise(&mut self, time_ms: u64) -> io::Result<()> {
        let Some(path) = self.path.as_ref().filter(|_| time_ms > self.said_ms) else {
            return Ok(());
        };
        let said_ms = time_ms.saturating_add(STEP_MS);
        keepsake::write(path, &said_ms.to_string(), Survives::Process)?;
        self.said_ms = said_ms;
        Ok(())
    }
}

fn read(path: &Path) -> Result<Option<u64>, FolderError> {
    let failed = |source| FolderError::Io { path: path.into(), source };
    let Some(text) = keepsake::read(path).map_err(failed)? else { return Ok(None) };
    let wrong = |_| FolderError::Content { path: path.into(), reason: "no time in ms".into() };
    text.trim().parse().map(Some).map_err(wrong)
}
