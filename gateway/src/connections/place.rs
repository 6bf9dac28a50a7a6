//! One session's place in the registry, from its admission to its end, and its own buckets.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use uuid::Uuid;

use super::budgets::{Own, Purpose};
use super::locked;
use super::registry::{NoRoom, Registry, User};
use crate::bucket::Empty;
use crate::identity::Principal;

/// The session counts as long as this lives.
pub struct Place {
    registry: Arc<Registry>,
    number: u64,
    address: IpAddr,
    opener: Option<Principal>,
    own: Mutex<Own>,
}

impl Place {
    pub(super) fn new(
        registry: Arc<Registry>,
        number: u64,
        address: IpAddr,
        opener: Option<Principal>,
    ) -> Self {
        Self { registry, number, address, opener, own: Mutex::default() }
    }

    /// Whom the opening has proven. None: nobody yet.
    pub fn opener(&self) -> Option<&Principal> {
        self.opener.as_ref()
    }

    /// The session has said who it is. An error: that one has too many; to be closed with 1013.
    pub fn name(&self, user: User) -> Result<(), NoRoom> {
        self.registry.name(self.number, user)
    }

    /// Under this name the hub shows what the session follows and what waits for it.
    pub fn follow(&self, client: Uuid) {
        self.registry.follow(self.number, client);
    }

    /// Tokens of the session, its user and its address: all of them or none.
    pub fn take(&self, purpose: Purpose, tokens: u32) -> Result<(), Empty> {
        let budgets = &self.registry.budgets;
        if budgets.rate(purpose).is_none() {
            return Ok(());
        }
        let user = self.registry.user(self.number);
        let mut own = locked(&self.own);
        let (user, now) = (user.as_ref(), Instant::now());
        budgets.take(purpose, tokens, Some(&mut own), user, self.address, now).map(drop)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.registry.leave(self.number);
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Place({})", self.number)
    }
}
