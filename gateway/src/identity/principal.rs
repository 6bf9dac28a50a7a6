//! Roles, what they may, and whose account a request is about. The table of rights stands here and
//! nowhere else.

use std::sync::Arc;

use orison_core::AccountName;
use thiserror::Error;

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
    /// Books, candles, statistics, feeds, prayers.
    ReadMarket,
    /// Orders, fills, money and signals of one's own account.
    ReadOwn,
    /// Enter, change and cancel orders of one's own account.
    Trade,
    /// Read any account, and what the operators did.
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
    /// The account it trades for. None: it has none; in open mode it names one.
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

    pub fn may(&self, action: Action) -> bool {
        self.credential == Credential::None || self.role.may(action)
    }

    /// The account that a request to do `action` is about. `named`: what the request itself names.
    /// None: neither names one; in open mode that is the shared account.
    pub fn account_of(
        &self,
        named: Option<AccountName>,
        _action: Action,
    ) -> Result<Option<AccountName>, NotTheirs> {
        match self.credential {
            Credential::None => Ok(named.or(self.account)),
        }
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
}
