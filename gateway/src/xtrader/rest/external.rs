//! What foreign venues trade and quote.

use std::sync::Arc;

use orison_core::Symbol;
use orison_core::command::{EXTERNAL_LEVELS_MAX, Venue};

use crate::App;
use crate::feeds::base_first;
use crate::http::query::Query;
use crate::language::Message;
use crate::xtrader::problem::{Answer, Problem, ProblemBody};
use crate::xtrader::shape::External;

/// Ticker, last trade and book of a symbol at a foreign venue.
#[utoipa::path(
    get,
    path = "/external/{venue}/{symbol}",
    params(
        ("venue" = String, Path, description = "binance or upbit"),
        ("symbol" = String, Path, description = "BTCUSDT; BTC-KRW or KRW-BTC"),
        ("depth" = Option<u32>, Query, description = "Levels a side, all there are if absent"),
    ),
    responses(
        (status = 200, description = "As asked", body = External),
        (status = 400, description = "A wrong parameter", body = ProblemBody),
        (status = 404, description = "Nothing was seen yet", body = ProblemBody),
    )
)]
pub(crate) fn external(
    app: &Arc<App>,
    venue: &str,
    symbol: &str,
    query: &Query,
) -> Result<Answer, Problem> {
    let message = Message::ours("nothing was seen of it yet", "아직 수신한 시세가 없습니다");
    let unseen = || Problem::new(404, "EXTERNAL_NOT_FOUND", message);
    let depth = query.count("depth", EXTERNAL_LEVELS_MAX, EXTERNAL_LEVELS_MAX)?;
    let named = Venue::new(venue).ok().zip(Symbol::foreign(&base_first(venue, symbol)).ok());
    let views = app.views.read();
    let seen = named.and_then(|(venue, symbol)| External::new(&views, venue, symbol, depth));
    drop(views);
    Ok(Answer::new(200, &seen.ok_or_else(unseen)?))
}
