//! The name of a page's function, which becomes part of a script that we send: only letters,
//! digits, `-`, `_` and `.` may be in it.

use thiserror::Error;

use super::payload::hex;

/// A longer name is invalid.
const CALLBACK_BYTES_MAX: usize = 256;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Callback(String);

/// The texts are what the protocol's clients look for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub(super) enum CallbackError {
    #[error("\"callback\" parameter required")]
    Missing,
    #[error("invalid \"callback\" parameter")]
    Invalid,
}

impl Callback {
    /// From the query's `c` or `callback`.
    pub(super) fn of_query(query: &str) -> Result<Self, CallbackError> {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(key, value)| (key == name).then_some(value))
        };
        let value = value("c").or_else(|| value("callback")).unwrap_or_default();
        if value.is_empty() {
            return Err(CallbackError::Missing);
        }
        let name = unescape(value).ok_or(CallbackError::Invalid)?;
        let is_fine = |b: char| b.is_ascii_alphanumeric() || "-_.".contains(b);
        let is_valid = name.len() <= CALLBACK_BYTES_MAX && name.chars().all(is_fine);
        if is_valid { Ok(Self(name)) } else { Err(CallbackError::Invalid) }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

fn unescape(value: &str) -> Option<String> {
    let mut name = String::new();
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            byte => byte,
        };
        // Bytes beyond ASCII become letters that are not allowed.
        name.push(char::from(byte));
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_name_becomes_part_of_a_script() {
        use CallbackError::{Invalid, Missing};
        let long = format!("c={}", "x".repeat(CALLBACK_BYTES_MAX + 1));
        for (query, expected) in [
            ("c=%63allback", Ok("callback")),
            ("t=1&c=_jp.a-b_9", Ok("_jp.a-b_9")),
            ("callback=x", Ok("x")),
            ("c=x&callback=y", Ok("x")),
            ("", Err(Missing)),
            ("c", Err(Missing)),
            ("c=", Err(Missing)),
            ("C=x", Err(Missing)),
            ("c=%20", Err(Invalid)),
            ("c=*", Err(Invalid)),
            ("c=abc(", Err(Invalid)),
            ("c=abc%28", Err(Invalid)),
            ("c=a+b", Err(Invalid)),
            ("c=a%", Err(Invalid)),
            ("c=%C3%A9", Err(Invalid)),
            ("c=a%0Ab", Err(Invalid)),
            (&long, Err(Invalid)),
        ] {
            let callback = Callback::of_query(query);
            assert_eq!(
                callback.as_ref().map(Callback::as_str),
                expected.as_ref().copied(),
                "{query}"
            );
        }
    }
}
