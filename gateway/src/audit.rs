//! What an auditor asks of the exchange's past, under `/api/v1/audit` and `/v1/audit` alike, and
//! the socket that tells it on. Everything is read from the journal's files, up to what anybody
//! may see, on threads of the lowest priority; a few at once. Routes and parameters in, JSON out.
//! The engine is asked for nothing but how far it is.

pub(crate) mod fork;
pub(crate) mod history;
mod point;
mod problem;
pub(crate) mod proof;
mod route;
pub(crate) mod state;
mod workers;

use std::path::Path;
use std::sync::Arc;

use replay::key::{KeyError, SigningKey};
use replay::steady::steadily;

use crate::App;
use crate::config::Config;
use crate::http::query::Query;
use crate::language::Language;
use crate::xtrader::problem::{Answer, Problem};
pub(crate) use point::Point;
pub(crate) use problem::{Asked, of_past};
pub(crate) use route::Route;
use workers::Workers;

/// What the room keeps.
pub struct Audits {
    pub(crate) workers: Workers,
    /// Signs certificates; None: there are none.
    key: Option<Arc<SigningKey>>,
}

impl Audits {
    pub fn of(config: &Config) -> Result<Self, KeyError> {
        let key = config.audit_key.as_deref().map(SigningKey::load).transpose()?;
        Ok(Self { workers: Workers::default(), key: key.map(Arc::new) })
    }
}

/// A call with everything but its route.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a Arc<App>,
    pub(crate) language: Language,
    pub(crate) query: Query,
}

/// Carries a call out. `stream`, which is no call, is served by HTTP itself.
pub(crate) async fn call(call: Call<'_>, route: Route) -> Answer {
    let Call { app, language, query } = call;
    if let Some(Err(problem)) = route.parameters().map(|known| query.only(known)) {
        return problem.answer(language);
    }
    let answer = match route {
        Route::Book(symbol) => state::book(app, &symbol, &query).await,
        Route::Statistics => state::statistics(app, &query).await,
        Route::Balances => state::balances(app, &query).await,
        Route::Account(name) => state::account(app, &name, &query).await,
        Route::Order(id) => history::order(app, &id, &query).await,
        Route::Fork => fork::fork(app, &query).await,
        Route::Certificate => proof::certificate(app, &query).await,
        Route::Proof(what) => proof::proof(app, &what).await,
        Route::Stream => Err(Problem::internal()),
    };
    answer.unwrap_or_else(|problem| problem.answer(language))
}

/// Works a question out on a thread of its own, from what a prune beside it leaves.
async fn work_out<T, E>(
    app: &Arc<App>,
    mut ask: impl FnMut(&Path) -> Result<T, E> + Send + 'static,
    problem: fn(&E) -> Problem,
) -> Result<T, Problem>
where
    T: Send + 'static,
    E: 'static,
{
    let directory = app.config.data.clone();
    let work = move || {
        let asked = steadily(&directory, || ask(&directory));
        asked.map_err(|error| problem(&error))
    };
    app.audits.workers.run(work).await?
}

/// The lines of JSON in `text`, as one array.
fn array<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", lines.collect::<Vec<_>>().join(","))
}
