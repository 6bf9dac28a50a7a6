//! Who asks and what they may: keys and tokens come in, a principal or a refusal goes out. In open
//! mode everybody is the anonymous principal, who may do all and is whose account it names. No
//! protocol is known here; each asks at its own door and says the refusal in its own form.

pub mod command;

mod floor;
mod folder;
mod guesses;
mod keyring;
mod nonces;
mod principal;
mod refusal;
mod shown;
mod signed;
mod single_use;
mod standing;
mod token;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use thiserror::Error;

use crate::config::Config;
use crate::peer::Loopback;
use floor::Floor;
use folder::{Fingerprint, FolderError};
use guesses::Guesses;
use keyring::Keyring;
use nonces::Nonces;
use principal::Credential;
use single_use::SingleUse;

pub use guesses::{GUESS_REFILL, GUESSES};
pub use nonces::NONCES_MAX;
pub use principal::{Action, NotTheirs, Principal, Role};
pub use refusal::{IDENTITY_CLOSE, Refusal};
pub use shown::Shown;
pub use signed::{KEY, NONCE, SIGNATURE, Sent, TIMESTAMP, is_signed, text as signed_text};
pub use single_use::SINGLE_USE_MS;
pub use standing::Standing;
pub use token::LEEWAY_MS;
pub use watch::{POLL, watch};

/// What a WebSocket's client has to say who it is.
pub const AUTH_MAX: std::time::Duration = std::time::Duration::from_secs(10);
/// How often a live session asks whether it still stands: so long after its key was revoked, and
/// the server has seen that, it ends.
pub const STANDING: std::time::Duration = std::time::Duration::from_secs(2);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Whoever connects is who it says it is; loopback only.
    Open,
    Authenticated,
}

impl Mode {
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Authenticated => "authenticated",
        }
    }
}

#[derive(Debug, Error)]
#[error("--identity: {0}")]
pub struct LoadError(#[from] FolderError);

/// The file of `Floor` in the directory of the journal.
const FLOOR: &str = "signed.floor";

/// The keys of a folder, the folder as it was, and the files that are no keys.
type Read = (Keyring, Fingerprint, Vec<FolderError>);

/// All that the process knows of identities.
#[derive(Debug)]
pub struct Identity {
    /// None: open mode.
    keys: Option<Keys>,
}

#[derive(Debug)]
struct Keys {
    folder: PathBuf,
    /// How far the time of a signed request may be off.
    window_ms: u64,
    /// What could have been used in an earlier life.
    floor: Mutex<Floor>,
    /// Empty while the folder cannot be read.
    ring: RwLock<Arc<Keyring>>,
    /// Of the folder when it was read last. None: it could not be.
    seen: Mutex<Option<Fingerprint>>,
    nonces: Mutex<Nonces>,
    single_use: Mutex<SingleUse>,
    guesses: Guesses,
}

impl Identity {
    pub fn open() -> Self {
        Self { keys: None }
    }

    /// Those of the configuration.
    pub fn of(config: &Config, now_ms: u64) -> Result<Self, LoadError> {
        match &config.identity {
            None => Ok(Self::open()),
            Some(folder) => {
                let floor = Some(config.data.join(FLOOR));
                let window_ms = config.identity_window_ms;
                Self::load(folder, floor, window_ms, config.loopback, now_ms)
            }
        }
    }

    /// Of a folder that `orison keys create` made. Any key that cannot be used is an error: a
    /// server does not begin with a folder that is not right in all. `floor`: the file that keeps
    /// signed requests from being let in again after a restart.
    pub fn load(
        folder: &Path,
        floor: Option<PathBuf>,
        window_ms: u64,
        loopback: Loopback,
        now_ms: u64,
    ) -> Result<Self, LoadError> {
        let seen = folder::fingerprint(folder)?;
        let (ring, wrong) = Keyring::read(folder)?;
        if let Some(error) = wrong.into_iter().next() {
            return Err(error.into());
        }
        let keys = Keys {
            folder: folder.to_owned(),
            window_ms,
            floor: Mutex::new(Floor::open(floor, now_ms)?),
            ring: RwLock::new(Arc::new(ring)),
            seen: Mutex::new(Some(seen)),
            nonces: Mutex::default(),
            single_use: Mutex::default(),
            guesses: Guesses::new(loopback),
        };
        Ok(Self { keys: Some(keys) })
    }

    pub fn mode(&self) -> Mode {
        match self.keys {
            Some(_) => Mode::Authenticated,
            None => Mode::Open,
        }
    }

    /// What an operator has to know. None: nothing.
    pub fn warning(&self) -> Option<&'static str> {
        let is_blind = self.keys.as_ref().is_some_and(|keys| locked(&keys.seen).is_none());
        is_blind.then_some("the folder of the keys cannot be read: nobody is let in")
    }

    fn of_bearer(&self, token: &str, now_ms: u64) -> Result<Principal, Refusal> {
        match &self.keys {
            None => Ok(Principal::anonymous()),
            Some(keys) => token::read(&keys.ring(), token, now_ms),
        }
    }

    /// A token that `mint` gave out; good once, for `SINGLE_USE_MS`.
    fn of_single_use(&self, token: &str, now_ms: u64) -> Result<Principal, Refusal> {
        let Some(keys) = &self.keys else { return Ok(Principal::anonymous()) };
        let principal = locked(&keys.single_use).redeem(token, now_ms)?;
        self.stands(&principal, now_ms).map(|()| principal)
    }

    fn of_token(&self, token: &str, now_ms: u64) -> Result<Principal, Refusal> {
        match single_use::is_one(token) {
            true => self.of_single_use(token, now_ms),
            false => self.of_bearer(token, now_ms),
        }
    }

    fn of_signed(&self, sent: &Sent<'_>, now_ms: u64) -> Result<Principal, Refusal> {
        let Some(keys) = &self.keys else { return Ok(Principal::anonymous()) };
        let signed = signed::read(&keys.ring(), sent, keys.window_ms, now_ms)?;
        let mut floor = locked(&keys.floor);
        if !floor.admits(signed.time_ms) {
            return Err(Refusal::Stale);
        }
        // From the earliest clock to the latest that the window lets in.
        let keep_ms = 2 * keys.window_ms;
        if let Credential::Key(id) = &signed.principal.credential {
            locked(&keys.nonces).take(id, signed.nonce, now_ms, keep_ms)?;
        }
        floor.raise(signed.time_ms).map_err(|error| {
            tracing::error!(%error, "signed requests cannot be told from their repeats");
            Refusal::Unkept
        })?;
        Ok(signed.principal)
    }

    /// Who is there before anybody has said anything: the anonymous principal in open mode, nobody
    /// with identities.
    pub fn of_nobody(&self) -> Option<Principal> {
        self.keys.is_none().then(Principal::anonymous)
    }

    /// A token for a WebSocket, and when it ends.
    pub fn mint(&self, principal: &Principal, now_ms: u64) -> Result<(String, u64), Refusal> {
        match &self.keys {
            // Any token is good in open mode; clients need not know which mode it is.
            None => Ok(SingleUse::default().mint(principal, now_ms)?),
            Some(keys) => locked(&keys.single_use).mint(principal, now_ms),
        }
    }

    /// Whether a live session may go on: its credential has neither expired nor been revoked.
    /// Asked every `STANDING` by every session; `expires_at_ms` says when at the latest.
    pub fn stands(&self, principal: &Principal, now_ms: u64) -> Result<(), Refusal> {
        if principal.expires_at_ms.is_some_and(|at| now_ms >= at) {
            return Err(Refusal::Expired);
        }
        match (&self.keys, &principal.credential) {
            (None, _) => Ok(()),
            (Some(keys), Credential::Key(id)) if keys.ring().has(id) => Ok(()),
            (Some(_), Credential::Key(_) | Credential::None) => Err(Refusal::Unknown),
        }
    }
}

impl Keys {
    fn ring(&self) -> Arc<Keyring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the folder again if it has changed. What can no longer be used is no longer there:
    /// of a folder that cannot be read, none. Nonces stay until their time is over, for a key may
    /// come back before it.
    fn refresh(&self, now_ms: u64) -> Result<Vec<FolderError>, FolderError> {
        locked(&self.nonces).forget(now_ms);
        // A file may go in the very moment: what cannot be read is looked at twice.
        let read = self.read().or_else(|_| self.read());
        let (ring, seen, wrong) = match read {
            Ok(None) => return Ok(Vec::new()),
            Ok(Some((ring, seen, wrong))) => (ring, Some(seen), Ok(wrong)),
            Err(error) => (Keyring::default(), None, Err(error)),
        };
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        *locked(&self.seen) = seen;
        wrong
    }

    /// None: it is as it was.
    fn read(&self) -> Result<Option<Read>, FolderError> {
        let now = folder::fingerprint(&self.folder)?;
        if locked(&self.seen).as_ref() == Some(&now) {
            return Ok(None);
        }
        let (ring, wrong) = Keyring::read(&self.folder)?;
        Ok(Some((ring, now, wrong)))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
