//! Whose a request is: the account of the body, else of the connection, else the shared one. With
//! identities it is the principal's own, and any other is answered as one that does not exist.

use engine::Views;
use orison_core::command::AccountRef;
use orison_core::{AccountId, AccountName, Reason};

use crate::App;
use crate::identity::{Action, Principal};
use crate::language::Language;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// The account of whoever names none.
const SHARED_ACCOUNT: &str = "demo";

/// Who asks, as far as the connection or the query says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller {
    /// Named outside the body; a body that names another is refused.
    pub account: Option<AccountName>,
    pub language: Language,
    pub standing: Standing,
}

/// What the account of a caller is to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Standing {
    /// Open mode: what is named is believed.
    #[default]
    Named,
    /// Its own, or one that it may read.
    Own,
    /// Somebody else's: there is no such account.
    Foreign,
}

impl Caller {
    /// `named`: outside the body. `action`: what is asked for.
    pub fn of(
        principal: &Principal,
        named: Option<AccountName>,
        action: Action,
        language: Language,
    ) -> Self {
        if principal.is_anonymous() {
            return Self { account: named, language, standing: Standing::Named };
        }
        match principal.account_of(named, action) {
            Ok(account) => Self { account: Some(account), language, standing: Standing::Own },
            Err(_) => Self { account: named, language, standing: Standing::Foreign },
        }
    }

    /// The account's name as its answer says it.
    pub fn name(&self) -> AccountName {
        self.account.unwrap_or_else(shared_account)
    }

    /// The account that is looked into: none has the empty name.
    pub fn reads(&self) -> AccountName {
        match self.standing {
            Standing::Named | Standing::Own => self.name(),
            Standing::Foreign => AccountName::EMPTY,
        }
    }

    /// None: it never did anything, or is somebody else's.
    pub fn id(&self, views: &Views) -> Option<AccountId> {
        views.catalog.account(&self.reads())
    }
}

/// By number as soon as it has one.
#[derive(Clone, Copy)]
pub(super) struct Party {
    pub(super) name: AccountName,
    pub(super) account: AccountRef,
}

/// Why a request is nobody's.
pub(super) enum NoParty {
    Wrong(Problem),
    /// The account is somebody else's.
    Foreign,
}

impl NoParty {
    /// `unknown`: what an account that does not exist is answered.
    pub(super) fn or(self, unknown: impl FnOnce() -> Problem) -> Problem {
        match self {
            Self::Wrong(problem) => problem,
            Self::Foreign => unknown(),
        }
    }
}

impl From<NoParty> for Problem {
    fn from(none: NoParty) -> Self {
        none.or(|| Self::refused(Reason::UnknownAccount))
    }
}

pub(super) fn party(app: &App, caller: &Caller, object: &mut Object) -> Result<Party, NoParty> {
    let named = object.text("account").map_err(NoParty::Wrong)?;
    let named = named.map(|name| account_name(&name)).transpose().map_err(NoParty::Wrong)?;
    let differs = matches!((named, caller.account), (Some(body), Some(known)) if body != known);
    match caller.standing {
        Standing::Named if differs => {
            let (english, korean) = (
                "the account of the connection or query, or absent",
                "연결이나 쿼리의 계정과 같거나 생략해야 합니다",
            );
            Err(NoParty::Wrong(Problem::invalid_parameter("account", english, korean)))
        }
        Standing::Own if differs => Err(NoParty::Foreign),
        Standing::Foreign => Err(NoParty::Foreign),
        Standing::Named | Standing::Own => Ok(of_name(app, named.or(caller.account))),
    }
}

/// Whose a request without a body is.
pub(super) fn party_named(app: &App, caller: &Caller) -> Result<Party, NoParty> {
    match caller.standing {
        Standing::Named | Standing::Own => Ok(of_name(app, caller.account)),
        Standing::Foreign => Err(NoParty::Foreign),
    }
}

fn of_name(app: &App, name: Option<AccountName>) -> Party {
    let name = name.unwrap_or_else(shared_account);
    let account = match app.views.read().catalog.account(&name) {
        Some(id) => AccountRef::Id(id),
        None => AccountRef::Name(name),
    };
    Party { name, account }
}

pub fn shared_account() -> AccountName {
    AccountName::new(SHARED_ACCOUNT).expect("a short word is a name")
}

/// 1 to 32 printable ASCII characters.
pub fn account_name(name: &str) -> Result<AccountName, Problem> {
    AccountName::new(name).ok().filter(|name| !name.is_empty()).ok_or_else(|| {
        let english = "1 to 32 printable ASCII characters";
        Problem::invalid_parameter("account", english, "출력 가능한 ASCII 1~32자여야 합니다")
    })
}
