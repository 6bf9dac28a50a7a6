//! The envelope `{type, timestamp, seq?, id?, data}`, both ways. `seq` is the journal's sequence
//! that a message shows, `id` the client's own mark of the request that it answers. Texts come in
//! and go out; no message is known here.

use serde::Serialize;
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::kind::{Socket, Told};
use super::moment::is_moment;
use crate::app::wall_ns;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;
use crate::xtrader::shape::rfc3339;

/// Bytes of a client's mark, quotes included.
const ID_BYTES_MAX: usize = 128;
/// Characters of an unknown type that are shown.
const SHOWN_MAX: usize = 32;

/// A client's own mark, echoed as it came: a string or a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct RequestId(Box<str>);

/// A request that was understood so far.
#[derive(Debug)]
pub(super) struct Request {
    /// Its type, whatever it is.
    pub(super) kind: String,
    /// The fields of `data`; none if it was absent.
    pub(super) data: Object,
}

/// The request and its mark; a refusal carries the mark as far as it could be read. Fields of the
/// envelope that are not known are passed over.
pub(super) fn decode(text: &str) -> (Option<RequestId>, Result<Request, Problem>) {
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
    let Some(value) = object.take("id") else { return Ok(None) };
    let text = value.get();
    let is_scalar = !text.starts_with(['{', '[', 't', 'f']);
    if is_scalar && text.len() <= ID_BYTES_MAX {
        return Ok(Some(RequestId(text.into())));
    }
    let english = "a string or number of at most 128 bytes";
    Err(Problem::wrong_type("id", english, "128바이트 이하의 문자열 또는 숫자"))
}

fn request(mut object: Object) -> Result<Request, Problem> {
    let kind = object.text("type")?.ok_or_else(|| Problem::missing("type"))?;
    if object.text("timestamp")?.is_some_and(|text| !is_moment(&text)) {
        let english = "an ISO 8601 date and time";
        return Err(Problem::wrong_type("timestamp", english, "ISO 8601 날짜와 시각"));
    }
    let data = object.take("data");
    let text = data.as_deref().map_or("{}", RawValue::get);
    if !text.starts_with('{') {
        return Err(Problem::wrong_type("data", "an object", "객체"));
    }
    let data = Object::parse(text.as_bytes()).map_err(|problem| problem.about("data"))?;
    Ok(Request { kind, data })
}

impl Request {
    /// Which of the words it is; case-sensitive.
    pub(super) fn among<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        words.iter().find(|(word, _)| *word == self.kind).map(|&(_, asked)| asked)
    }
}

pub(super) fn unknown_type(kind: &str, socket: Socket) -> Problem {
    let kind: String = kind.chars().take(SHOWN_MAX).collect();
    let english = format!("{kind:?} is no request of {}", socket.name());
    let korean = format!("{kind:?}: {} 소켓의 요청이 아닙니다", socket.name());
    let message = crate::language::Message::ours(english, korean);
    Problem::new(400, "UNKNOWN_TYPE", message).about("type")
}

/// What stands in the envelope beside type and data.
#[derive(Clone, Copy, Default)]
pub(super) struct Stamps<'a> {
    /// None: the message shows nothing of the engine.
    pub(super) sequence: Option<u64>,
    pub(super) id: Option<&'a RequestId>,
    /// None: now.
    pub(super) time_ns: Option<u64>,
}

impl<'a> Stamps<'a> {
    pub(super) fn answer(id: Option<&'a RequestId>) -> Self {
        Self { id, ..Self::default() }
    }

    pub(super) fn at(self, sequence: u64) -> Self {
        Self { sequence: Some(sequence), ..self }
    }
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    #[serde(rename = "type")]
    kind: Told,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    data: &'a T,
}

pub(super) fn encode<T: Serialize>(kind: Told, stamps: Stamps<'_>, data: &T) -> Utf8Bytes {
    let id = stamps
        .id
        .map(|id| serde_json::from_str(&id.0).expect("a mark was a JSON value when it came in"));
    let timestamp = rfc3339(stamps.time_ns.unwrap_or_else(wall_ns));
    let envelope = Envelope { kind, timestamp, seq: stamps.sequence, id, data };
    let text = serde_json::to_string(&envelope).expect("our own shapes are always JSON");
    text.into()
}

/// Where the data of our own envelopes begin: nothing before it is a client's.
const DATA: &str = ",\"data\":";

/// Marks a message that was encoded for all as the answer to one request.
pub(super) fn marked(text: &str, id: &RequestId) -> Utf8Bytes {
    let at = text.find(DATA).expect("an envelope has data");
    let (head, data) = text.split_at(at);
    format!("{head},\"id\":{}{data}", id.0).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        match decode(text).1 {
            Ok(_) => "OK",
            Err(problem) => problem.code,
        }
    }

    #[test]
    fn an_envelope_needs_its_type_and_nothing_else() {
        for (text, expected) in [
            (r#"{"type":"HEARTBEAT"}"#, "OK"),
            (r#"{"type":"HEARTBEAT","timestamp":"2025-01-12T10:20:30","data":{}}"#, "OK"),
            (r#"{"type":"HEARTBEAT","data":null,"timestamp":null,"id":null}"#, "OK"),
            (r#"{"type":"SUBSCRIBE","more":[1],"data":{"symbols":["X"],"more":1}}"#, "OK"),
            (r#"{"type":1}"#, "BAD_REQUEST"),
            ("{}", "BAD_REQUEST"),
            ("[]", "BAD_REQUEST"),
            ("", "BAD_REQUEST"),
            (r#"{"type":"HEARTBEAT","data":[]}"#, "BAD_REQUEST"),
            (r#"{"type":"HEARTBEAT","data":"{}"}"#, "BAD_REQUEST"),
            (r#"{"type":"HEARTBEAT","timestamp":"soon"}"#, "BAD_REQUEST"),
            (r#"{"type":"HEARTBEAT","id":{}}"#, "BAD_REQUEST"),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn a_mark_comes_back_as_it_came_even_with_a_refusal() {
        for mark in ["7", "\"a\\\"b\"", "1e3"] {
            let (id, refused) = decode(&format!("{{\"data\":1,\"id\":{mark}}}"));
            assert!(refused.is_err());
            let id = id.expect("it was readable");
            let answer = encode(Told::Heartbeat, Stamps::answer(Some(&id)), &());
            assert!(answer.as_str().contains(&format!("\"id\":{mark},")), "{answer}");
            let shared = encode(Told::Heartbeat, Stamps::default().at(5), &"data");
            let marked = marked(shared.as_str(), &id);
            let expected = format!("\"seq\":5,\"id\":{mark},\"data\":\"data\"}}");
            assert!(marked.as_str().ends_with(&expected), "{marked}");
        }
    }
}
