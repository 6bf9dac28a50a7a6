//! Query strings and path segments: percent-decoding, and parameters that name themselves when
//! they are wrong.

use std::borrow::Cow;

use crate::xtrader::problem::Problem;

/// Parameters of one request; more are a bad request.
const PARAMETERS_MAX: usize = 32;

/// The decoded parameters; each may stand once.
#[derive(Debug, Default)]
pub struct Query {
    parameters: Vec<(String, String)>,
}

impl Query {
    pub fn parse(query: &str) -> Result<Self, Problem> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text| decode(text, Plus::Space).ok_or_else(bad_escape);
            let (name, value) = (decoded(name)?, decoded(value)?);
            if parameters.iter().any(|(known, _)| *known == *name) {
                let (english, korean) = ("given once", "한 번만 보내야 합니다");
                return Err(Problem::invalid_parameter(&name, english, korean));
            }
            if parameters.len() == PARAMETERS_MAX {
                return Err(Problem::bad_request(
                    "too many parameters",
                    "매개변수가 너무 많습니다",
                ));
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self { parameters })
    }

    /// Names and values, as they were sent.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// An error: there are others than `known`, which are named.
    pub fn only(&self, known: &[&str]) -> Result<(), Problem> {
        let others = self.parameters.iter().map(|(name, _)| name.as_str());
        let others: Vec<_> = others.filter(|name| !known.contains(name)).collect();
        match others.first() {
            None => Ok(()),
            Some(first) => Err(Problem::unknown_parameter(first, &others, known)),
        }
    }

    /// A number of things: from 1, clamped to `most`.
    pub fn count(&self, name: &str, default: usize, most: usize) -> Result<usize, Problem> {
        let Some(text) = self.get(name) else { return Ok(default) };
        let wrong = || {
            Problem::invalid_parameter(name, "a whole number from 1", "1 이상의 정수여야 합니다")
        };
        match whole(text).ok_or_else(wrong)? {
            0 => Err(wrong()),
            count => Ok(usize::try_from(count).unwrap_or(most).min(most)),
        }
    }

    /// A moment or a sequence: from 0.
    pub fn whole(&self, name: &str) -> Result<Option<u64>, Problem> {
        let wrong = || {
            Problem::invalid_parameter(name, "a whole number from 0", "0 이상의 정수여야 합니다")
        };
        self.get(name).map(|text| whole(text).ok_or_else(wrong)).transpose()
    }
}

/// Digits only; beyond 64 bits the largest.
fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn bad_escape() -> Problem {
    let english = "a percent sign in the address is not followed by two hex digits of UTF-8";
    Problem::bad_request(english, "주소의 퍼센트 인코딩이 올바르지 않습니다")
}

/// A segment of a path.
pub fn decode_segment(segment: &str) -> Result<Cow<'_, str>, Problem> {
    decode(segment, Plus::Plus).ok_or_else(bad_escape)
}

/// What `+` means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    Plus,
    Space,
}

pub(super) fn decode(text: &str, plus: Plus) -> Option<Cow<'_, str>> {
    let is_plain = |byte: u8| byte != b'%' && (byte != b'+' || plus == Plus::Plus);
    if text.bytes().all(is_plain) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match (byte, plus) {
            (b'%', _) => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            (b'+', Plus::Space) => b' ',
            (byte, _) => byte,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn parameters_are_decoded_and_stand_once() {
        let query = Query::parse("symbol=BTC%2dKRW&&account=a+b&empty=&flag").unwrap();
        let rows = [("symbol", Some("BTC-KRW")), ("account", Some("a b")), ("empty", Some(""))];
        for (name, value) in rows.into_iter().chain([("flag", Some("")), ("none", None)]) {
            assert_eq!(query.get(name), value, "{name}");
        }
        for (text, code) in [
            ("a=1&a=2", "INVALID_PARAMETER"),
            ("a=%", "BAD_REQUEST"),
            ("a=%4", "BAD_REQUEST"),
            ("a=%zz", "BAD_REQUEST"),
            ("a=%ff", "BAD_REQUEST"),
        ] {
            assert_eq!(Query::parse(text).unwrap_err().code, code, "{text}");
        }
        let many: String = (0..33).map(|n| format!("p{n}=1&")).collect();
        assert_eq!(Query::parse(&many).unwrap_err().code, "BAD_REQUEST");
    }

    #[test]
    fn parameters_that_nobody_reads_are_named() {
        for (text, known, wrong) in [
            ("", &[][..], None),
            ("at=5", &["at"], None),
            (
                "att=5&at=6&lim=1",
                &["at"],
                Some("att, lim: no parameter of this call, which has: at"),
            ),
            ("at=5", &[], Some("at: no parameter of this call, which has: none")),
        ] {
            let told = Query::parse(text).unwrap().only(known).err();
            let told = told.map(|problem| {
                (problem.status, problem.message.text(Language::English).to_owned())
            });
            assert_eq!(told, wrong.map(|wrong| (400, wrong.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_count_is_clamped_and_never_zero() {
        for (text, count) in [
            ("", Ok(10)),
            ("depth=1", Ok(1)),
            ("depth=50", Ok(50)),
            ("depth=51", Ok(50)),
            ("depth=99999999999999999999999", Ok(50)),
            ("depth=0", Err("depth")),
            ("depth=-1", Err("depth")),
            ("depth=1.5", Err("depth")),
            ("depth=+1", Err("depth")),
            ("depth=", Err("depth")),
            ("depth=ten", Err("depth")),
        ] {
            let read = Query::parse(text).unwrap().count("depth", 10, 50);
            let read = read.map_err(|problem| problem.field.unwrap());
            assert_eq!(read, count.map_err(str::to_owned), "{text}");
        }
    }
}
