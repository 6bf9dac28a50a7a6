//! The registry as the SockJS mounts ask it: who opens a session is read from its opening.

use std::sync::Arc;

use super::kind::Kind;
use super::registry::{NoRoom, Registry, User};
use crate::http::admission;
use crate::http::query::Query;
use crate::identity::{Identity, Mode};
use crate::sockjs::{self, Opening, Seat, Usher};
use crate::xtrader::entry::account_name;

/// Sessions of one kind.
pub struct Door {
    registry: Arc<Registry>,
    identity: Arc<Identity>,
    kind: Kind,
}

impl Door {
    pub fn new(registry: &Arc<Registry>, identity: &Arc<Identity>, kind: Kind) -> Arc<Self> {
        let (registry, identity) = (Arc::clone(registry), Arc::clone(identity));
        Arc::new(Self { registry, identity, kind })
    }

    /// None: nobody yet.
    fn user(&self, opening: &Opening) -> Option<User> {
        match self.identity.mode() {
            Mode::Open => {
                let query = Query::parse(&opening.query).ok()?;
                query
                    .get("account")
                    .and_then(|name| account_name(name).ok())
                    .and_then(User::claimed)
            }
            // Without a single-use token: that one is the session's to redeem.
            Mode::Authenticated => {
                let opener = admission::bearer_of(&self.identity, &opening.headers);
                opener.as_ref().and_then(User::of)
            }
        }
    }
}

impl Usher for Door {
    fn seat(self: Arc<Self>, opening: &Opening) -> Result<Seat, sockjs::NoRoom> {
        let place = self.registry.admit(self.kind, opening.peer, self.user(opening));
        place.map(|place| place as Seat).map_err(|why| match why {
            NoRoom::All => sockjs::NoRoom::All,
            NoRoom::User => sockjs::NoRoom::User,
            NoRoom::Address => sockjs::NoRoom::Address,
        })
    }
}
