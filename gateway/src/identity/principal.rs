//! Roles, what they may, and whose account a request is about. The table of rights stands here and
//! nowhere else.

use std::sync::Arc;

use orison_core::AccountName;
use thiserror::Error;

use crate::xtrader::entry::shared_account;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Reads the market and its own account.
    Viewer,
    /// Enters orders too.
    Trader,
    /// Reads everything of everybody, changes nothing.
    Auditor,
    /// Operates the exchange; does not trade on it.
    Admin,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Books, candles, statistics, feeds; and to pray.
    ReadMarket,
    /// Orders, fills, money and figures of one's own account.
    ReadOwn,
    /// Enter, change and cancel orders of one's own account.
    Trade,
    /// Read any account, the sessions, and what the operators did.
    Audit,
    /// Change instruments, accounts, limits, feeds.
    Administer,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Trader, Self::Auditor, Self::Admin];

    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Trader => "trader",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// The rights, a row a role.
    pub fn may(self, action: Action) -> bool {
        use Action::{Administer, Audit, ReadMarket, ReadOwn, Trade};
        let rights: &[Action] = match self {
            Self::Viewer => &[ReadMarket, ReadOwn],
            Self::Trader => &[ReadMarket, ReadOwn, Trade],
            Self::Auditor => &[ReadMarket, ReadOwn, Audit],
            Self::Admin => &[ReadMarket, ReadOwn, Audit, Administer],
        };
        rights.contains(&action)
    }
}

impl Action {
    pub const ALL: [Self; 5] =
        [Self::ReadMarket, Self::ReadOwn, Self::Trade, Self::Audit, Self::Administer];
}

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    pub user: Arc<str>,
    /// The account it trades for. None: open mode, where each request names one.
    pub account: Option<AccountName>,
    pub role: Role,
    /// From then on it is refused. None: until it is revoked.
    pub expires_at_ms: Option<u64>,
    pub(super) credential: Credential,
}

/// What a principal was proven with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Credential {
    /// Nothing: open mode.
    None,
    /// A key of the keyring by its id: the one that signed the token or the request.
    Key(Arc<str>),
}

/// The account of a request is not the asker's; to be answered like one that does not exist.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("there is no such account")]
pub struct NotTheirs;

impl Principal {
    /// Everybody in open mode.
    pub fn anonymous() -> Self {
        Self {
            user: Arc::from("anonymous"),
            account: None,
            role: Role::Trader,
            expires_at_ms: None,
            credential: Credential::None,
        }
    }

    /// Nobody has to be anybody here: open mode.
    pub fn is_anonymous(&self) -> bool {
        self.credential == Credential::None
    }

    pub fn may(&self, action: Action) -> bool {
        self.is_anonymous() || self.role.may(action)
    }

    /// The account that a request to do `action` is about. `named`: what the request itself names.
    /// In open mode that holds, else the shared account. With identities it is one's own; who may
    /// audit reads any.
    pub fn account_of(
        &self,
        named: Option<AccountName>,
        action: Action,
    ) -> Result<AccountName, NotTheirs> {
        if self.is_anonymous() {
            return Ok(named.unwrap_or_else(shared_account));
        }
        let own = self.account.ok_or(NotTheirs)?;
        let reads_all = action == Action::ReadOwn && self.role.may(Action::Audit);
        match named {
            None => Ok(own),
            Some(named) if named == own || reads_all => Ok(named),
            Some(_) => Err(NotTheirs),
        }
    }

    /// Whether a live session may become `other`: the same one with a later end.
    pub fn may_become(&self, other: &Self) -> bool {
        (&self.user, self.account, self.role) == (&other.user, other.account, other.role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_word_and_its_rights() {
        for (role, word, rights) in [
            (Role::Viewer, "viewer", "RO..."),
            (Role::Trader, "trader", "ROT.."),
            (Role::Auditor, "auditor", "RO.A."),
            (Role::Admin, "admin", "RO.AX"),
        ] {
            assert_eq!((role.word(), Role::parse(word)), (word, Some(role)));
            let letter = |(action, letter)| if role.may(action) { letter } else { '.' };
            let shown: String = Action::ALL.into_iter().zip("ROTAX".chars()).map(letter).collect();
            assert_eq!(shown, rights, "{word}");
        }
        assert_eq!(Role::parse("Admin"), None);
    }

    #[test]
    fn an_account_is_ones_own_unless_it_is_read_by_who_may_audit() {
        let name = |text: &str| AccountName::new(text).unwrap();
        let (ann, bob) = (name("ann"), name("bob"));
        let of = |role| Principal {
            user: Arc::from("ann"),
            account: Some(ann),
            role,
            expires_at_ms: None,
            credential: Credential::Key(Arc::from("k")),
        };
        for role in Role::ALL {
            let reads_all = matches!(role, Role::Auditor | Role::Admin);
            let foreign = if reads_all { Ok(bob) } else { Err(NotTheirs) };
            for (named, action, expected) in [
                (None, Action::ReadOwn, Ok(ann)),
                (Some(ann), Action::ReadOwn, Ok(ann)),
                (Some(bob), Action::ReadOwn, foreign),
                (None, Action::Trade, Ok(ann)),
                (Some(ann), Action::Trade, Ok(ann)),
                (Some(bob), Action::Trade, Err(NotTheirs)),
            ] {
                assert_eq!(of(role).account_of(named, action), expected, "{role:?} {named:?}");
            }
        }
        let anonymous = Principal::anonymous();
        assert_eq!(anonymous.account_of(Some(bob), Action::Trade), Ok(bob));
        assert_eq!(anonymous.account_of(None, Action::Trade), Ok(shared_account()));
    }
}
