//! Binance USD-M: streams under `/market` and `/public`, in the path or by SUBSCRIBE, and the
//! snapshot of a book. The addresses of before 2026-04-23 accept and say nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Happened, House, Out, admit, plain};

const STREAMS_MAX: usize = 1024;
const MESSAGES_PER_SECOND_MAX: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Wing {
    Market,
    Public,
    /// Where nothing is said any more, or never was.
    #[default]
    Dead,
}

#[derive(Default, Debug)]
pub(crate) struct Carried {
    wing: Wing,
    combined: bool,
    pub(crate) streams: BTreeSet<String>,
}

impl Carried {
    pub(crate) fn of(path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let (wing, rest) = match segments.as_slice() {
            ["market", rest @ ..] => (Wing::Market, rest),
            ["public", rest @ ..] => (Wing::Public, rest),
            rest => (Wing::Dead, rest),
        };
        let in_query = query.split('&').find_map(|pair| pair.strip_prefix("streams="));
        let (combined, streams): (_, Vec<&str>) = match rest {
            ["stream", ..] => (true, in_query.unwrap_or_default().split('/').collect()),
            ["ws", streams @ ..] => (false, streams.to_vec()),
            _ => return Self::default(),
        };
        let streams = streams.into_iter().filter(|stream| stream.contains('@'));
        Self { wing, combined, streams: streams.map(str::to_owned).collect() }
    }
}

/// Depth and book ticker are public, the rest is market.
fn wing_of(stream: &str) -> Wing {
    let kind = stream.split('@').nth(1).unwrap_or_default();
    match kind {
        "bookTicker" | "trade" => Wing::Public,
        kind if kind.starts_with("depth") => Wing::Public,
        _ => Wing::Market,
    }
}

/// A frame of the client's counts, whatever it is.
pub(super) fn count(house: &House, id: u64) {
    let is_too_fast = {
        let mut inner = house.lock();
        let Some(guest) = inner.guests.get_mut(&id) else { return };
        let now = Instant::now();
        !admit(&mut guest.asked, now, MESSAGES_PER_SECOND_MAX, Duration::from_secs(1))
    };
    if is_too_fast {
        house.happened(Happened::Broken { rule: "messages" });
        tell(house, id, Out::Close(1008, "Too many requests"));
    }
}

pub(super) fn hear(house: &House, id: u64, text: &str) {
    count(house, id);
    if house.manners().aloof {
        return;
    }
    let answer = match serde_json::from_str::<Value>(text) {
        Ok(request) => carry_out(house, id, &request),
        Err(error) => json!({"code": 3, "msg": format!("Invalid JSON: {error}")}),
    };
    tell(house, id, Out::Text(answer.to_string()));
}

fn carry_out(house: &House, id: u64, request: &Value) -> Value {
    let number = &request["id"];
    let refuse = |msg: &str| json!({"error": {"code": 2, "msg": msg}, "id": number});
    if !(number.is_u64() || number.is_string() || number.is_null()) {
        return refuse("Invalid request: request ID must be an unsigned integer");
    }
    let params: Option<Vec<String>> = match &request["params"] {
        Value::Array(params) => params.iter().map(|p| p.as_str().map(str::to_owned)).collect(),
        Value::Null => Some(Vec::new()),
        _ => None,
    };
    let Some(params) = params else { return refuse("Invalid request: params") };
    let unknown = house.manners().unknown;
    if let Some(market) = unknown
        && params.iter().any(|stream| stream.starts_with(&market))
    {
        return refuse("Invalid symbol.");
    }
    let mut inner = house.lock();
    let Some(guest) = inner.guests.get_mut(&id) else { return Value::Null };
    let streams = &mut guest.binance.streams;
    match request["method"].as_str() {
        Some("SUBSCRIBE") => {
            streams.extend(params);
            if streams.len() > STREAMS_MAX {
                return refuse("Too many streams");
            }
        }
        Some("UNSUBSCRIBE") => streams.retain(|stream| !params.contains(stream)),
        Some("LIST_SUBSCRIPTIONS") => return json!({"result": streams, "id": number}),
        Some(_) | None => return refuse("Invalid request: unknown method"),
    }
    json!({"result": null, "id": number})
}

fn tell(house: &House, id: u64, out: Out) {
    if let Some(guest) = house.lock().guests.get(&id) {
        // A connection that is just ending hears nothing more.
        guest.out.send(out).ok();
    }
}

/// Says it on every stream of these that a connection carries: one event may have two.
pub(crate) fn say(house: &House, streams: &[&str], data: &str) -> usize {
    if house.manners().mute {
        return 0;
    }
    let mut told = 0;
    for guest in house.lock().guests.values() {
        for &stream in streams {
            let carried = &guest.binance;
            // A book is asked for at a speed of the client's choice.
            let is_asked = carried.streams.iter().any(|asked| {
                asked == stream || (stream.ends_with("@depth") && asked.starts_with(stream))
            });
            if !is_asked || wing_of(stream) != carried.wing {
                continue;
            }
            let text = match carried.combined {
                true => format!(r#"{{"stream":"{stream}","data":{data}}}"#),
                false => data.to_owned(),
            };
            told += usize::from(guest.out.send(Out::Text(text)).is_ok());
        }
    }
    told
}

pub(super) fn fetch(house: &House, path: &str) -> Response<Full<Bytes>> {
    house.happened(Happened::Fetched { query: path.into() });
    let mut refusal = None;
    house.behave(|manners| {
        refusal = (!manners.fetch_refusals.is_empty()).then(|| manners.fetch_refusals.remove(0));
    });
    if let Some(status) = refusal {
        return plain(status, r#"{"code":-1003,"msg":"Too many requests"}"#);
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let field =
        |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    match path {
        "/fapi/v1/ping" => plain(200, "{}"),
        "/fapi/v1/time" => plain(200, r#"{"serverTime":0}"#),
        "/fapi/v1/depth" => {
            let symbol = field("symbol").unwrap_or_default();
            match house.lock().snapshots.get(symbol) {
                Some(body) => plain(200, body),
                None => plain(400, r#"{"code":-1121,"msg":"Invalid symbol."}"#),
            }
        }
        _ => plain(404, "{}"),
    }
}
