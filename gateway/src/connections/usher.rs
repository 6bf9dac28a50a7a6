//! The registry as the SockJS mounts ask it: who opens a session is read from its opening, and a
//! credential there that is not good is refused with it.

use std::sync::Arc;

use super::kind::Kind;
use super::registry::{NoRoom, Registry, User};
use crate::http::admission;
use crate::http::query::Query;
use crate::identity::{Identity, Mode, Principal};
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
    fn user(&self, opening: &Opening, opener: Option<&Principal>) -> Option<User> {
        match self.identity.mode() {
            Mode::Open => {
                let query = Query::parse(&opening.query).ok()?;
                query
                    .get("account")
                    .and_then(|name| account_name(name).ok())
                    .and_then(User::claimed)
            }
            Mode::Authenticated => opener.and_then(User::of),
        }
    }
}

impl Usher for Door {
    fn seat(self: Arc<Self>, opening: &Opening) -> Result<Seat, sockjs::NoRoom> {
        let Opening { peer, headers, query, .. } = opening;
        let opener = admission::opener(&self.identity, peer.ip(), headers, Some(query));
        let opener = opener.map_err(|refusal| {
            let (status, text) = (refusal.status(), refusal.english());
            sockjs::NoRoom::Refused { status, text }
        })?;
        let user = self.user(opening, opener.as_ref());
        let place = self.registry.admit(self.kind, *peer, opener, user);
        place.map(|place| place as Seat).map_err(|why| match why {
            NoRoom::All => sockjs::NoRoom::All,
            NoRoom::User => sockjs::NoRoom::User,
            NoRoom::Address => sockjs::NoRoom::Address,
        })
    }
}
