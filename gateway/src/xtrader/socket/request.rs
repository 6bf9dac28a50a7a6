//! What a client says: the envelope is read first, then what its type asks for. Fields that are
//! not understood are ignored here; the entry of orders refuses them itself.

use std::time::Duration;

use orison_core::AccountName;
use serde_json::value::RawValue;

use super::subscriptions::limit;
use crate::connections::{DEAD_MAN_MAX_MS, DEAD_MAN_MIN_MS, OnEnd, Purpose};
use crate::fanout::Wish;
use crate::language::Language;
use crate::xtrader::entry::{account_name, order_type};
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// Entries of an array.
const ENTRIES_MAX: usize = 100;
/// Bytes of a request id, quotes included.
const REQUEST_ID_MAX: usize = 128;
/// The slowest pace; a larger wish is this.
const INTERVAL_MS_MAX: u64 = 60_000;

/// A client's own mark, echoed as it came: a string or a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct RequestId(Box<str>);

impl RequestId {
    /// Its text in JSON.
    pub(super) fn json(&self) -> &str {
        &self.0
    }
}

/// What is never shown.
pub(super) struct Secret(pub(super) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[derive(Debug)]
pub(super) enum Request {
    Subscribe(Box<Ask>),
    Unsubscribe(Box<Ask>),
    Snapshot(Box<Ask>),
    /// The client's own timestamp, echoed as it came.
    Ping(Option<Box<RawValue>>),
    Pong,
    /// A token.
    Auth(Secret),
    Enter(OrderCall, Object),
    SetSession(Options),
    #[cfg(test)]
    Panic,
}

/// What a session wants done when it, or its owner, is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Options {
    pub(super) account: Option<AccountName>,
    pub(super) on_end: OnEnd,
    pub(super) dead_man: Option<Duration>,
}

/// Which call of the entry a message makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OrderCall {
    Place,
    Test,
    Oco,
    Oto,
    Cancel,
    Amend,
    CancelAll,
}

impl OrderCall {
    pub(super) fn purpose(self) -> Purpose {
        match self {
            Self::Place | Self::Test | Self::Oco | Self::Oto | Self::Amend => Purpose::Entry,
            Self::Cancel | Self::CancelAll => Purpose::Cancel,
        }
    }
}

/// The fields of Subscribe, Unsubscribe and Snapshot. None: not given.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Ask {
    pub(super) channels: Vec<String>,
    pub(super) symbols: Option<Vec<String>>,
    pub(super) intervals: Option<Vec<String>>,
    pub(super) account: Option<AccountName>,
    pub(super) levels: Option<usize>,
    pub(super) interval_ms: Option<u64>,
    pub(super) from_sequence: Option<u64>,
    pub(super) language: Option<Language>,
}

impl Ask {
    pub(super) fn every_symbol(&self) -> bool {
        self.symbols.iter().flatten().any(|symbol| symbol == "all")
    }
}

/// The request and its id; a refusal carries the id as far as it could be read.
pub(super) fn read(text: &str) -> (Option<RequestId>, Result<Request, Problem>) {
    let mut object = match Object::parse(text.as_bytes()) {
        Ok(object) => object,
        Err(problem) => return (None, Err(problem)),
    };
    match request_id(&mut object) {
        Ok(id) => (id, request(object)),
        Err(problem) => (None, Err(problem)),
    }
}

fn request_id(object: &mut Object) -> Result<Option<RequestId>, Problem> {
    let Some(value) = object.take("request_id") else { return Ok(None) };
    let text = value.get();
    let scalar = !text.starts_with(['{', '[', 't', 'f']);
    if scalar && text.len() <= REQUEST_ID_MAX {
        return Ok(Some(RequestId(text.into())));
    }
    Err(Problem::wrong_type(
        "request_id",
        "a string or number of at most 128 bytes",
        "128바이트 이하의 문자열 또는 숫자",
    ))
}

fn request(mut object: Object) -> Result<Request, Problem> {
    let kind = object.text("type")?.ok_or_else(|| Problem::missing("type"))?;
    let enter = |call, object| Ok(Request::Enter(call, order_fields(object)?));
    match kind.as_str() {
        "Subscribe" => ask(object).map(Request::Subscribe),
        "Unsubscribe" => ask(object).map(Request::Unsubscribe),
        "Snapshot" => ask(object).map(Request::Snapshot),
        "Ping" => Ok(Request::Ping(ping_timestamp(&mut object)?)),
        "Pong" => Ok(Request::Pong),
        "Auth" => {
            let token = object.text("token")?.ok_or_else(|| Problem::missing("token"))?;
            Ok(Request::Auth(Secret(token)))
        }
        "SetSession" => options(&mut object).map(Request::SetSession),
        "PlaceOrder" => enter(OrderCall::Place, object),
        "TestOrder" => enter(OrderCall::Test, object),
        "PlaceOco" => enter(OrderCall::Oco, object),
        "PlaceOto" => enter(OrderCall::Oto, object),
        "CancelOrder" => enter(OrderCall::Cancel, object),
        "AmendOrder" => enter(OrderCall::Amend, object),
        "CancelAll" => enter(OrderCall::CancelAll, object),
        #[cfg(test)]
        "Panic" => Ok(Request::Panic),
        // An order as REST takes it, sent as it is: its own `type` stands where ours would.
        word if order_type(word).is_ok() => {
            object.put("type", &kind);
            Ok(Request::Enter(OrderCall::Place, object))
        }
        _ => {
            let kind: String = kind.chars().take(32).collect();
            let english = format!("unknown type: {kind:?}");
            let korean = format!("알 수 없는 type입니다: {kind:?}");
            Err(Problem::bad_request(english, korean).about("type"))
        }
    }
}

/// The fields of the REST call. Its `type` is `order_type` here, where `type` is the message's;
/// or they stand together under `order`, as REST has them.
fn order_fields(mut object: Object) -> Result<Object, Problem> {
    if let Some(order) = object.take("order") {
        let order = Object::parse(order.get().as_bytes())?;
        object.finish()?;
        return Ok(order);
    }
    object.rename("order_type", "type");
    Ok(object)
}

fn options(object: &mut Object) -> Result<Options, Problem> {
    let account = object.text("account")?;
    let dead_man_ms = whole(object, "dead_man_ms")?.unwrap_or(0);
    if dead_man_ms != 0 && !(DEAD_MAN_MIN_MS..=DEAD_MAN_MAX_MS).contains(&dead_man_ms) {
        let (english, korean) = ("0, or 1000 to 86400000", "0이거나 1000에서 86400000까지입니다");
        return Err(Problem::invalid_parameter("dead_man_ms", english, korean));
    }
    let is_cancelled = object.flag("cancel_on_disconnect")?.unwrap_or(false);
    Ok(Options {
        account: account.map(|name| account_name(&name)).transpose()?,
        on_end: if is_cancelled { OnEnd::Cancel } else { OnEnd::Keep },
        dead_man: (dead_man_ms > 0).then(|| Duration::from_millis(dead_man_ms)),
    })
}

fn ping_timestamp(object: &mut Object) -> Result<Option<Box<RawValue>>, Problem> {
    let timestamp = object.take("timestamp");
    match &timestamp {
        Some(value) if value.get().len() > REQUEST_ID_MAX => {
            Err(Problem::wrong_type("timestamp", "a number", "숫자"))
        }
        Some(_) | None => Ok(timestamp),
    }
}

fn ask(mut object: Object) -> Result<Box<Ask>, Problem> {
    let account = object.text("account")?;
    let levels = positive(&mut object, "depth")?;
    let levels_max = Wish::LEVELS_MAX as u64;
    Ok(Box::new(Ask {
        channels: words(&mut object, "channels")?.unwrap_or_default(),
        symbols: words(&mut object, "symbols")?,
        intervals: words(&mut object, "intervals")?,
        account: account.map(|name| account_name(&name)).transpose()?,
        levels: levels.map(|levels| levels.min(levels_max) as usize),
        interval_ms: whole(&mut object, "interval_ms")?.map(|ms| ms.min(INTERVAL_MS_MAX)),
        from_sequence: whole(&mut object, "from_sequence")?,
        language: object.text("lang")?.map(|tag| Language::from_accept_language(&tag)),
    }))
}

fn words(object: &mut Object, field: &str) -> Result<Option<Vec<String>>, Problem> {
    let Some(values) = object.array(field)? else { return Ok(None) };
    if values.len() > ENTRIES_MAX {
        return Err(limit(
            format!("{field}: at most {ENTRIES_MAX} entries"),
            format!("{field}: 최대 {ENTRIES_MAX}개입니다"),
        )
        .about(field));
    }
    let text = |value: Box<RawValue>| {
        serde_json::from_str(value.get())
            .map_err(|_| Problem::wrong_type(field, "an array of strings", "문자열 배열"))
    };
    values.into_iter().map(text).collect::<Result<_, _>>().map(Some)
}

fn whole(object: &mut Object, field: &str) -> Result<Option<u64>, Problem> {
    object.count(field).map_err(|_| {
        Problem::invalid_parameter(field, "a whole number from 0", "0 이상의 정수여야 합니다")
    })
}

fn positive(object: &mut Object, field: &str) -> Result<Option<u64>, Problem> {
    let wrong =
        || Problem::invalid_parameter(field, "a whole number from 1", "1 이상의 정수여야 합니다");
    match object.count(field).map_err(|_| wrong())? {
        Some(0) => Err(wrong()),
        count => Ok(count),
    }
}

#[cfg(test)]
mod tests;
