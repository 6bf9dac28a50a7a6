//! What the feeds out to venues are doing, and topics that are wanted over REST.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::feeds::{FeedsStatus, RegisterError, Topic};
use crate::http::query::Query;
use crate::language::Message;
use crate::openapi::requests::FeedRequest;
use crate::xtrader::json::Object;
use crate::xtrader::problem::{Answer, Problem, ProblemBody};

#[derive(Serialize, ToSchema)]
pub(crate) struct FeedsAnswer {
    /// Venues whose feed is on.
    venues: Vec<&'static str>,
    #[serde(flatten)]
    status: FeedsStatus,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TopicsAnswer {
    /// All that is wanted over REST now.
    topics: Vec<String>,
}

/// Subscriptions, connections and rate limits of the feeds.
#[utoipa::path(
    get,
    path = "/feeds",
    responses((status = 200, description = "As asked", body = FeedsAnswer))
)]
pub(crate) fn feeds(app: &App) -> Answer {
    let on = app.config.feeds.iter().flat_map(|settings| &settings.venues);
    let venues = on.map(|venue| venue.word()).collect();
    let status = app.feeds.get().map(|feeds| feeds.status()).unwrap_or_default();
    Answer::new(200, &FeedsAnswer { venues, status })
}

/// Wants more of the venues, until it is taken back or the process ends.
#[utoipa::path(
    post,
    path = "/feeds/subscriptions",
    request_body = FeedRequest,
    responses(
        (status = 200, description = "Wanted", body = TopicsAnswer),
        (status = 400, description = "No topics", body = ProblemBody),
        (status = 422, description = "The feed is off or full, or needs keys", body = ProblemBody),
    )
)]
pub(crate) fn subscribe(app: &App, body: Object) -> Result<Answer, Problem> {
    let topics = listed(body)?;
    let feeds = app.feeds.get().ok_or_else(off)?;
    feeds.want(&topics).map(answer).map_err(|error| refused(&error))
}

/// Takes wishes back: those of `topics`, or all.
#[utoipa::path(
    delete,
    path = "/feeds/subscriptions",
    params(("topics" = Option<String>, Query, description = "Comma-separated; all if absent")),
    responses(
        (status = 200, description = "Taken back", body = TopicsAnswer),
        (status = 400, description = "No topics", body = ProblemBody),
        (status = 422, description = "The feeds are off", body = ProblemBody),
    )
)]
pub(crate) fn unsubscribe(app: &App, query: &Query) -> Result<Answer, Problem> {
    let texts = query.get("topics").map(|texts| texts.split(','));
    let topics = texts.map(|texts| texts.map(topic).collect::<Result<BTreeSet<_>, _>>());
    let topics = topics.transpose()?;
    let feeds = app.feeds.get().ok_or_else(off)?;
    Ok(answer(feeds.unwant(topics.as_ref())))
}

/// The same with `topics` in a body, as they were wanted.
pub(crate) fn unsubscribe_listed(app: &App, body: Object) -> Result<Answer, Problem> {
    let topics = listed(body)?;
    let feeds = app.feeds.get().ok_or_else(off)?;
    Ok(answer(feeds.unwant(Some(&topics))))
}

fn listed(mut body: Object) -> Result<BTreeSet<Topic>, Problem> {
    let texts = body.array("topics")?.ok_or_else(|| Problem::missing("topics"))?;
    body.finish()?;
    let texts = texts.iter().map(|text| {
        let text = serde_json::from_str::<String>(text.get());
        text.map_err(|_| Problem::wrong_type("topics", "an array of texts", "문자열 배열"))
    });
    texts.map(|text| topic(&text?)).collect()
}

fn answer(topics: BTreeSet<Topic>) -> Answer {
    let topics = topics.iter().map(Topic::to_string).collect();
    Answer::new(200, &TopicsAnswer { topics })
}

fn topic(text: &str) -> Result<Topic, Problem> {
    text.parse().map_err(|_| {
        let english = "topics such as binance:ticker:BTCUSDT or upbit:depth:BTC-KRW";
        let korean = "binance:ticker:BTCUSDT 또는 upbit:depth:BTC-KRW 형식이어야 합니다";
        Problem::invalid_parameter("topics", english, korean)
    })
}

fn off() -> Problem {
    let english = "no feed is on: start with --feed";
    Problem::new(422, "FEED_OFF", Message::ours(english, "외부 피드가 꺼져 있습니다"))
}

pub(crate) fn refused(error: &RegisterError) -> Problem {
    let (code, korean) = match error {
        RegisterError::VenueOff { .. } => ("FEED_OFF", "해당 거래소 피드가 꺼져 있습니다"),
        RegisterError::NoKeys { .. } => ("FEED_NO_KEYS", "거래소 키가 설정되지 않았습니다"),
        RegisterError::TooMany { .. } => ("SUBSCRIPTION_LIMIT", "구독 한도를 초과했습니다"),
    };
    Problem::new(422, code, Message::ours(error.to_string(), korean)).about("topics")
}
