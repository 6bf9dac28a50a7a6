//! What clients send: a JSON array of texts, in a body or in a WebSocket message. Half of a
//! surrogate pair, which JavaScript can send and UTF-8 cannot carry, becomes U+FFFD.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Visitor};
use thiserror::Error;

use super::service::Message;

/// Messages of one body; the cost of parsing is bounded with the body.
const MESSAGES_MAX: usize = 4096;

/// The texts are what the protocol's clients look for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub(super) enum PayloadError {
    #[error("Payload expected.")]
    Missing,
    #[error("Broken JSON encoding.")]
    Broken,
    #[error("Too many messages.")]
    TooMany,
}

/// Reads the body of `xhr_send`, and of `jsonp_send` if it is no form.
pub(super) fn decode(body: &[u8]) -> Result<Vec<Message>, PayloadError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(PayloadError::Missing);
    }
    let body = std::str::from_utf8(body).map_err(|_| PayloadError::Broken)?;
    let texts: Vec<Text> = match serde_json::from_str(body) {
        Ok(texts) => texts,
        Err(_) if is_whole_json(body) && !body.trim_start().starts_with('[') => {
            return Err(PayloadError::Missing);
        }
        Err(_) => return Err(PayloadError::Broken),
    };
    if texts.len() > MESSAGES_MAX {
        return Err(PayloadError::TooMany);
    }
    Ok(texts.into_iter().map(|Text(text)| Message::Text(text.into())).collect())
}

/// Reads a form's field `d`.
pub(super) fn decode_form(body: &[u8]) -> Result<Vec<Message>, PayloadError> {
    let mut fields = body.split(|byte| *byte == b'&');
    let field = fields.find_map(|field| field.strip_prefix(b"d="));
    let decoded = unescape(field.ok_or(PayloadError::Missing)?).ok_or(PayloadError::Broken)?;
    decode(&decoded)
}

/// Reads a WebSocket message: an array, a single text, or nothing at all.
pub(super) fn decode_frame(text: &str) -> Result<Vec<Message>, PayloadError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if text.trim_start().starts_with('"') {
        let Text(text) = serde_json::from_str(text).map_err(|_| PayloadError::Broken)?;
        return Ok(vec![Message::Text(text.into())]);
    }
    decode(text.as_bytes()).map_err(|error| match error {
        PayloadError::Missing | PayloadError::Broken => PayloadError::Broken,
        PayloadError::TooMany => PayloadError::TooMany,
    })
}

fn is_whole_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// A form's value: `+` is a space, `%` begins two hex digits.
fn unescape(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !value.iter().any(|byte| b"+%".contains(byte)) {
        return Some(Cow::Borrowed(value));
    }
    let mut decoded = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' => b' ',
            byte => byte,
        });
    }
    Some(Cow::Owned(decoded))
}

pub(super) fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A JSON string. As bytes, because only so serde_json lets a lone surrogate pass; with it a
/// control character passes that should have been escaped.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Text, E> {
        // A surrogate in three bytes is one wrong sequence of three: one U+FFFD for each is too
        // many by two.
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => replace_surrogates(bytes),
        };
        Ok(Text(text))
    }
}

fn replace_surrogates(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        // 0xED begins a surrogate; its two other bytes are reported alone.
        if chunk.invalid().first() == Some(&0xED) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Result<Vec<Message>, PayloadError> {
        Ok(texts.iter().map(|text| Message::Text((*text).into())).collect())
    }

    #[test]
    fn a_body_is_an_array_of_texts() {
        let many = format!("[{}\"\"]", "\"\",".repeat(MESSAGES_MAX));
        for (body, expected) in [
            (r#"["a"]"#, texts(&["a"])),
            (r#" [ "a" , "\u0041" ] "#, texts(&["a", "A"])),
            ("[]", texts(&[])),
            (r#"["\ud83d\ude00 😀"]"#, texts(&["😀 😀"])),
            (r#"["x\ud800y","\udc00"]"#, texts(&["x\u{FFFD}y", "\u{FFFD}"])),
            ("", Err(PayloadError::Missing)),
            (" \r\n", Err(PayloadError::Missing)),
            (r#""a""#, Err(PayloadError::Missing)),
            ("{}", Err(PayloadError::Missing)),
            ("1", Err(PayloadError::Missing)),
            (r#"["a"#, Err(PayloadError::Broken)),
            (r#"["a"]x"#, Err(PayloadError::Broken)),
            ("[1]", Err(PayloadError::Broken)),
            ("[null]", Err(PayloadError::Broken)),
            (r#"[["a"]]"#, Err(PayloadError::Broken)),
            ("[\"a\nb\"]", texts(&["a\nb"])),
            (&many, Err(PayloadError::TooMany)),
        ] {
            assert_eq!(decode(body.as_bytes()), expected, "{body}");
        }
        assert_eq!(decode(b"[\"\xff\"]"), Err(PayloadError::Broken));
    }

    #[test]
    fn a_form_carries_it_in_d() {
        for (body, expected) in [
            ("d=%5B%22x%22%5D", texts(&["x"])),
            ("d=%5B%22a+b%2Bc%22%5D", texts(&["a b+c"])),
            ("p=p&d=[\"%EA%B0%80\"]&d=[]", texts(&["가"])),
            ("d=%5B%5D", texts(&[])),
            ("", Err(PayloadError::Missing)),
            ("d=", Err(PayloadError::Missing)),
            ("p=p", Err(PayloadError::Missing)),
            ("d=%5B%22x", Err(PayloadError::Broken)),
            ("d=%5", Err(PayloadError::Broken)),
            ("d=%zz", Err(PayloadError::Broken)),
        ] {
            assert_eq!(decode_form(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_websocket_message_may_be_empty_or_a_single_text() {
        for (text, expected) in [
            ("", texts(&[])),
            ("[]", texts(&[])),
            (r#"["a","b"]"#, texts(&["a", "b"])),
            (r#""a""#, texts(&["a"])),
            (r#""a"#, Err(PayloadError::Broken)),
            (r#"["a"#, Err(PayloadError::Broken)),
            ("a", Err(PayloadError::Broken)),
            ("1", Err(PayloadError::Broken)),
            (" ", Err(PayloadError::Broken)),
        ] {
            assert_eq!(decode_frame(text), expected, "{text}");
        }
    }
}
