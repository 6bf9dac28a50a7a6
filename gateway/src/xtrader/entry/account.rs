//! Whose a request is: the account of the body, else of the connection, else the shared one.

use orison_core::AccountName;
use orison_core::command::AccountRef;

use super::Caller;
use crate::App;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// The account of whoever names none.
const SHARED_ACCOUNT: &str = "demo";

/// By number as soon as it has one.
#[derive(Clone, Copy)]
pub(super) struct Party {
    pub(super) name: AccountName,
    pub(super) account: AccountRef,
}

pub(super) fn party(app: &App, caller: &Caller, object: &mut Object) -> Result<Party, Problem> {
    let named = object.text("account")?;
    let named = named.map(|name| account_name(&name)).transpose()?;
    if let (Some(body), Some(outside)) = (named, caller.account)
        && body != outside
    {
        let (english, korean) = (
            "the account of the connection or query, or absent",
            "연결이나 쿼리의 계정과 같거나 생략해야 합니다",
        );
        return Err(Problem::invalid_parameter("account", english, korean));
    }
    Ok(party_named(app, named.or(caller.account)))
}

pub(super) fn party_named(app: &App, name: Option<AccountName>) -> Party {
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
