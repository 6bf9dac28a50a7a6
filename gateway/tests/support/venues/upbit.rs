//! Upbit: a request is an array that replaces what the connection carried; four formats, snapshot
//! and stream, own orders and assets behind a token, `PING` and `{"status":"UP"}`.

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Happened, House, Out, admit};

pub(crate) const ACCESS_KEY: &str = "fake-access-key";
pub(crate) const SECRET_KEY: &str = "fake-secret-key-of-a-venue-that-is-not-real";

#[derive(Default)]
pub(crate) struct Carried {
    is_private: bool,
    ticket: String,
    wants: Vec<Want>,
    format: Format,
    /// Requests of the last minute.
    minute: VecDeque<Instant>,
}

struct Want {
    kind: String,
    codes: Vec<String>,
    snapshot: bool,
    realtime: bool,
    level: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Format {
    #[default]
    Default,
    Simple,
    JsonList,
    SimpleList,
}

impl Carried {
    /// `ticker:KRW-BTC`.
    pub(crate) fn named(&self) -> Vec<String> {
        let named = self.wants.iter().flat_map(|want| match want.codes.is_empty() {
            true => vec![want.kind.clone()],
            false => want.codes.iter().map(|code| format!("{}:{code}", want.kind)).collect(),
        });
        named.collect()
    }
}

/// Long names and their short ones.
const NAMES: &[(&str, &str)] = &[
    ("type", "ty"),
    ("code", "cd"),
    ("opening_price", "op"),
    ("high_price", "hp"),
    ("low_price", "lp"),
    ("trade_price", "tp"),
    ("prev_closing_price", "pcp"),
    ("change", "c"),
    ("change_price", "cp"),
    ("signed_change_price", "scp"),
    ("change_rate", "cr"),
    ("signed_change_rate", "scr"),
    ("trade_volume", "tv"),
    ("acc_trade_volume", "atv"),
    ("acc_trade_volume_24h", "atv24h"),
    ("acc_trade_price", "atp"),
    ("acc_trade_price_24h", "atp24h"),
    ("trade_date", "tdt"),
    ("trade_time", "ttm"),
    ("trade_timestamp", "ttms"),
    ("ask_bid", "ab"),
    ("acc_ask_volume", "aav"),
    ("acc_bid_volume", "abv"),
    ("highest_52_week_price", "h52wp"),
    ("highest_52_week_date", "h52wdt"),
    ("lowest_52_week_price", "l52wp"),
    ("lowest_52_week_date", "l52wdt"),
    ("market_state", "ms"),
    ("is_trading_suspended", "its"),
    ("delisting_date", "dd"),
    ("market_warning", "mw"),
    ("timestamp", "tms"),
    ("stream_type", "st"),
    ("sequential_id", "sid"),
    ("total_ask_size", "tas"),
    ("total_bid_size", "tbs"),
    ("orderbook_units", "obu"),
    ("ask_price", "ap"),
    ("bid_price", "bp"),
    ("ask_size", "as"),
    ("bid_size", "bs"),
    ("level", "lv"),
    ("uuid", "uid"),
    ("order_type", "ot"),
    ("state", "s"),
    ("trade_uuid", "tuid"),
    ("price", "p"),
    ("avg_price", "ap"),
    ("volume", "v"),
    ("remaining_volume", "rv"),
    ("executed_volume", "ev"),
    ("trades_count", "tc"),
    ("asset_uuid", "astuid"),
    ("assets", "ast"),
    ("currency", "cu"),
    ("balance", "b"),
    ("locked", "l"),
    ("asset_timestamp", "asttms"),
];

pub(crate) fn short(value: &Value, kind: &str) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let known = NAMES.iter().find(|(long, _)| long == name);
                // A trade's date is `td`, a ticker's `tdt`.
                let name = match (kind, name.as_str()) {
                    ("trade", "trade_date") => "td",
                    (_, name) => known.map_or(name, |(_, short)| *short),
                };
                (name.to_owned(), short(value, kind))
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| short(item, kind)).collect(),
        other => other.clone(),
    }
}

/// The long name of a recorded short one.
pub(crate) fn long(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let known = NAMES.iter().find(|(_, short)| short == name);
                let name = if name == "td" { "trade_date" } else { known.map_or(&**name, |k| k.0) };
                (name.to_owned(), long(value))
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(long).collect(),
        other => other.clone(),
    }
}

pub(super) fn greet(house: &House, id: u64, authorization: Option<&str>) {
    let mut inner = house.lock();
    let nonces = &mut inner.nonces;
    let is_known = authorization.is_some_and(|value| {
        value.strip_prefix("Bearer ").and_then(proven).is_some_and(|nonce| nonces.insert(nonce))
    });
    let Some(guest) = inner.guests.get_mut(&id) else { return };
    guest.upbit.is_private = guest.path.ends_with("/private");
    if guest.upbit.is_private && !is_known {
        let out = guest.out.clone();
        // The connection may be gone already.
        out.send(Out::Text(error("INVALID_AUTH", "인증 정보가 올바르지 않습니다."))).ok();
        out.send(Out::Close(1008, "INVALID_AUTH")).ok();
    }
}

/// The nonce of a token that is signed with our secret.
fn proven(token: &str) -> Option<String> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let json =
        |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let algorithm = match json(header)?["alg"].as_str()? {
        "HS512" => hmac::HMAC_SHA512,
        "HS256" => hmac::HMAC_SHA256,
        _ => return None,
    };
    let key = hmac::Key::new(algorithm, SECRET_KEY.as_bytes());
    hmac::verify(&key, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    let claims = json(claims)?;
    let is_ours = claims["access_key"] == ACCESS_KEY;
    claims["nonce"].as_str().filter(|nonce| is_ours && !nonce.is_empty()).map(str::to_owned)
}

fn error(name: &str, message: &str) -> String {
    json!({"error": {"name": name, "message": message}}).to_string()
}

pub(super) fn hear(house: &House, id: u64, text: &str) {
    if house.manners().aloof {
        return;
    }
    if text == "PING" {
        return tell(house, id, Out::Text(r#"{"status":"UP"}"#.into()));
    }
    let is_too_fast = {
        let mut inner = house.lock();
        let Some(guest) = inner.guests.get_mut(&id) else { return };
        let now = Instant::now();
        let second = admit(&mut guest.asked, now, 5, Duration::from_secs(1));
        let minute = admit(&mut guest.upbit.minute, now, 100, Duration::from_secs(60));
        !(second && minute)
    };
    if is_too_fast {
        house.happened(Happened::Broken { rule: "requests" });
        return tell(house, id, Out::Close(1008, "Too many requests"));
    }
    match request(house, id, text) {
        Ok(answers) => answers.into_iter().for_each(|text| tell(house, id, Out::Text(text))),
        Err((name, message)) => tell(house, id, Out::Text(error(name, message))),
    }
}

type Refusal = (&'static str, &'static str);

fn request(house: &House, id: u64, text: &str) -> Result<Vec<String>, Refusal> {
    let wrong = ("WRONG_FORMAT", "Format이 맞지 않습니다.");
    let parts: Vec<Value> = serde_json::from_str(text).map_err(|_| wrong)?;
    let ticket = parts.iter().find_map(|part| part["ticket"].as_str());
    let ticket = ticket.ok_or(("NO_TICKET", "티켓이 존재하지 않습니다."))?;
    let is_private = house.lock().guests.get(&id).is_some_and(|guest| guest.upbit.is_private);
    let (mut wants, mut format) = (Vec::new(), Format::Default);
    for part in &parts {
        if part["method"] == "LIST_SUBSCRIPTIONS" {
            return Ok(vec![list(house, id, ticket)]);
        }
        if let Some(word) = part["format"].as_str() {
            format = match word {
                "DEFAULT" => Format::Default,
                "SIMPLE" => Format::Simple,
                "JSON_LIST" => Format::JsonList,
                "SIMPLE_LIST" => Format::SimpleList,
                _ => return Err(wrong),
            };
        }
        if let Some(kind) = part["type"].as_str() {
            wants.push(want(kind, part, is_private)?);
        } else if part.get("codes").is_some() {
            return Err(("NO_TYPE", "타입이 존재하지 않습니다."));
        }
    }
    if wants.is_empty() {
        return Err(("NO_TYPE", "타입이 존재하지 않습니다."));
    }
    if let Some(market) = house.manners().unknown
        && wants.iter().any(|want| want.codes.iter().any(|code| code.starts_with(&market)))
    {
        return Err(("INVALID_PARAM", "지원하지 않는 페어입니다."));
    }
    let is_mute = house.manners().mute;
    let mut inner = house.lock();
    let latest = inner.latest.clone();
    let Some(guest) = inner.guests.get_mut(&id) else { return Ok(Vec::new()) };
    let carried = &mut guest.upbit;
    (carried.ticket, carried.wants, carried.format) = (ticket.to_owned(), wants, format);
    let mut answers = Vec::new();
    for want in carried.wants.iter().filter(|want| want.snapshot && !is_mute) {
        for code in &want.codes {
            let (code, levels) = levels_of(code);
            if let Some(said) = latest.get(&(want.kind.clone(), code.to_owned())) {
                answers.push(written(said, &want.kind, "SNAPSHOT", levels, carried.format));
            }
        }
    }
    Ok(answers)
}

fn want(kind: &str, part: &Value, is_private: bool) -> Result<Want, Refusal> {
    let is_own = matches!(kind, "myOrder" | "myAsset");
    if !is_own && !matches!(kind, "ticker" | "trade" | "orderbook") || is_own != is_private {
        return Err(("WRONG_FORMAT", "지원하지 않는 타입입니다."));
    }
    let flag = |snake: &str, camel: &str| part[snake] == true || part[camel] == true;
    let only_snapshot = flag("is_only_snapshot", "isOnlySnapshot");
    let only_realtime = flag("is_only_realtime", "isOnlyRealtime");
    let codes = match &part["codes"] {
        Value::Array(codes) => {
            let codes: Option<Vec<_>> =
                codes.iter().map(|c| c.as_str().map(str::to_owned)).collect();
            codes.ok_or(("INVALID_PARAM", "codes"))?
        }
        Value::Null => Vec::new(),
        _ => return Err(("INVALID_PARAM", "codes")),
    };
    if kind == "myAsset" && part.get("codes").is_some() {
        return Err(("WRONG_FORMAT", "myAsset has no codes"));
    }
    if !is_own && codes.is_empty() {
        return Err(("NO_CODES", "코드가 존재하지 않습니다."));
    }
    Ok(Want {
        kind: kind.into(),
        codes,
        snapshot: !only_realtime && !is_own,
        realtime: !only_snapshot,
        level: part["level"].as_f64().unwrap_or(0.0),
    })
}

fn list(house: &House, id: u64, ticket: &str) -> String {
    let inner = house.lock();
    let wants = inner.guests.get(&id).map(|guest| &guest.upbit.wants);
    let result: Vec<Value> = wants
        .into_iter()
        .flatten()
        .map(|want| json!({"type": want.kind, "codes": want.codes, "level": want.level}))
        .collect();
    json!({"method": "LIST_SUBSCRIPTIONS", "result": result, "ticket": ticket}).to_string()
}

/// `KRW-BTC.15`: only 1, 5, 15 and 30 levels exist.
fn levels_of(code: &str) -> (&str, usize) {
    match code.split_once('.') {
        Some((code, "1")) => (code, 1),
        Some((code, "5")) => (code, 5),
        Some((code, "15")) => (code, 15),
        Some((code, _)) => (code, 30),
        None => (code, 30),
    }
}

fn written(said: &Value, kind: &str, stream: &str, levels: usize, format: Format) -> String {
    let mut said = said.clone();
    said["stream_type"] = stream.into();
    if let Some(units) = said["orderbook_units"].as_array_mut() {
        units.truncate(levels);
    }
    match format {
        Format::Default => said.to_string(),
        Format::Simple => short(&said, kind).to_string(),
        Format::JsonList => json!([said]).to_string(),
        Format::SimpleList => json!([short(&said, kind)]).to_string(),
    }
}

/// Says it, in long names, to every connection that carries it.
pub(crate) fn say(house: &House, said: &Value) -> usize {
    let kind = said["type"].as_str().unwrap_or_default().to_owned();
    let code = said["code"].as_str().unwrap_or_default().to_owned();
    let is_mute = house.manners().mute;
    let mut inner = house.lock();
    inner.latest.insert((kind.clone(), code.clone()), said.clone());
    let mut told = 0;
    for guest in inner.guests.values().filter(|_| !is_mute) {
        for want in guest.upbit.wants.iter().filter(|want| want.kind == kind && want.realtime) {
            let asked = want.codes.iter().find(|asked| levels_of(asked).0 == code);
            let is_all = want.codes.is_empty();
            let Some(levels) = asked.map(|c| levels_of(c).1).or(is_all.then_some(30)) else {
                continue;
            };
            let text = written(said, &kind, "REALTIME", levels, guest.upbit.format);
            told += usize::from(guest.out.send(Out::Text(text)).is_ok());
        }
    }
    told
}

fn tell(house: &House, id: u64, out: Out) {
    if let Some(guest) = house.lock().guests.get(&id) {
        // A connection that is just ending hears nothing more.
        guest.out.send(out).ok();
    }
}
