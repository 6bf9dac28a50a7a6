//! One call of the operator: who it is, what is asked, and the answer.

use std::sync::Arc;

use orison_core::command::Actor;

use super::route::Route;
use super::{accounts, changes, fees, hours, instruments, limits, money, trading};
use crate::App;
use crate::app;
use crate::http::query::Query;
use crate::identity::Principal;
use crate::language::Language;
use crate::schedule;
use crate::xtrader::json::Object;
use crate::xtrader::problem::{Answer, Problem};
use crate::xtrader::rest::service;

/// Who asks without saying who.
const UNNAMED: &str = "admin";

/// A call with everything but its route.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a Arc<App>,
    pub(crate) language: Language,
    pub(crate) actor: Actor,
    pub(crate) query: Query,
    /// Of a call that changes something.
    pub(crate) body: Option<Object>,
}

/// The actor of a call: with identities the principal, whatever the header says has to be the
/// same; in open mode the header's value.
pub(crate) fn actor(principal: &Principal, header: Option<&[u8]>) -> Result<Actor, Problem> {
    if principal.is_anonymous() {
        return actor_named(header);
    }
    let user = principal.user.as_bytes();
    if header.is_some_and(|header| header != user) {
        let (english, korean) = ("your own name, or absent", "본인 이름이거나 생략해야 합니다");
        return Err(Problem::invalid_parameter("X-Actor", english, korean));
    }
    actor_named(Some(user))
}

/// The actor of that name. Whoever says nothing is `admin`; nobody is the schedule or another
/// part of the exchange itself.
pub(crate) fn actor_named(header: Option<&[u8]>) -> Result<Actor, Problem> {
    let ours = [schedule::actor(), app::configuration(), replay::recovery::upgrade_actor()];
    let named = Actor::from_bytes(header.unwrap_or_default());
    let named = named.ok().filter(|actor| !ours.contains(actor)).ok_or_else(|| {
        let names = ours.map(|actor| actor.to_string()).join(", ");
        let english = format!("1 to 32 printable ASCII characters, and none of {names}");
        let korean = format!("출력 가능한 ASCII 1~32자여야 하며 {names} 제외입니다");
        Problem::invalid_parameter("X-Actor", &english, &korean)
    })?;
    match named.is_empty() {
        true => Ok(Actor::new(UNNAMED).expect("a short word is a name")),
        false => Ok(named),
    }
}

/// Carries a call out. `metrics` and `openapi.json`, which are not answers of this room, are
/// served by HTTP itself.
pub(crate) async fn call(call: Call<'_>, route: Route) -> Answer {
    let language = call.language;
    let answer = answer(call, route).await;
    answer.unwrap_or_else(|problem| problem.answer(language))
}

async fn answer(mut call: Call<'_>, route: Route) -> Result<Answer, Problem> {
    let (app, actor) = (call.app, call.actor);
    match (route, call.body.take()) {
        (Route::Instruments, None) => Ok(instruments::all(app)),
        (Route::Instruments, Some(body)) => instruments::create(app, actor, body).await,
        (Route::Instrument(symbol), None) => instruments::one(app, &symbol),
        (Route::Instrument(symbol), Some(body)) => {
            instruments::change(app, actor, &symbol, body).await
        }
        (Route::Status(symbol), Some(body)) => trading::status(app, actor, &symbol, body).await,
        (Route::Uncross(symbol), Some(body)) => trading::uncross(app, actor, &symbol, body).await,
        (Route::EndOfDay, Some(body)) => trading::end_of_day(app, actor, body).await,
        (Route::Accounts, _) => accounts::all(app, &call.query),
        (Route::Account(name), None) => accounts::one(app, &name),
        (Route::Account(name), Some(body)) => accounts::change(app, actor, &name, body).await,
        (Route::Deposit(name), Some(body)) => money::deposit(app, actor, &name, body).await,
        (Route::Withdraw(name), Some(body)) => money::withdraw(app, actor, &name, body).await,
        (Route::Kill(name), Some(body)) => accounts::kill(app, actor, &name, body).await,
        (Route::Enable(name), Some(body)) => accounts::enable(app, actor, &name, body).await,
        (Route::CancelAll(name), Some(body)) => accounts::cancel_all(app, actor, &name, body).await,
        (Route::Limits, None) => Ok(limits::all(app).await),
        (Route::Limits, Some(body)) => limits::raise(app, actor, body).await,
        (Route::Fees, _) => Ok(fees::all(app)),
        (Route::Changes, _) => changes::latest(app, &call.query),
        (Route::Schedule, _) => Ok(hours::all(app)),
        (Route::Health, _) => Ok(service::health(app)),
        (
            Route::Status(_)
            | Route::Uncross(_)
            | Route::EndOfDay
            | Route::Deposit(_)
            | Route::Withdraw(_)
            | Route::Kill(_)
            | Route::Enable(_)
            | Route::CancelAll(_)
            | Route::Metrics
            | Route::OpenApi,
            _,
        ) => Err(Problem::internal()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_a_name_or_nobody_in_particular() {
        for (header, expected) in [
            (None, Some("admin")),
            (Some(&b""[..]), Some("admin")),
            (Some(b"ann"), Some("ann")),
            (Some(b"Ann of the night shift"), Some("Ann of the night shift")),
            (Some(b"schedule"), None),
            (Some(b"configuration"), None),
            (Some(b"orison"), None),
            (Some(b"123456789012345678901234567890123"), None),
            (Some("김".as_bytes()), None),
            (Some(b"a\tb"), None),
        ] {
            let read = actor_named(header).ok();
            assert_eq!(read.as_ref().map(Actor::as_str), expected, "{header:?}");
        }
    }
}
