//! One line of a tape as a set of named raw values, and their reading: words, names, integers and
//! decimals that never pass through a float. It must not know the engine's commands.
//! A field that nobody took is an error at the end, so that no typing mistake goes unnoticed.

use std::borrow::Cow;
use std::fmt;

use orison_core::text::{BadText, Text};
use orison_core::{Decimal, decimal::BadDecimal};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

/// Why a line is not understood; the text of its `error` event.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum LineError {
    #[error("line is longer than {bytes_max} bytes")]
    TooLong { bytes_max: usize },
    #[error("not UTF-8 at byte {index}")]
    NotUtf8 { index: usize },
    #[error("not a JSON object: {reason}")]
    NotJson { reason: String },
    #[error("field `{field}` is missing")]
    Missing { field: &'static str },
    #[error("field `{field}` must be {expected}")]
    Type { field: &'static str, expected: &'static str },
    #[error("field `{field}`: `{value}` is not one of {allowed}")]
    Word { field: &'static str, value: String, allowed: String },
    #[error("field `{field}`: {reason}")]
    Name { field: &'static str, reason: BadText },
    #[error("field `{field}`: `{value}` is not a decimal number")]
    Number { field: &'static str, value: String },
    #[error("field `{field}`: `{value}` is out of range")]
    Range { field: &'static str, value: String },
    #[error("op `{op}` has no field `{field}`")]
    UnknownField { op: String, field: String },
    #[error("op `{op}` is not known")]
    UnknownOp { op: String },
    #[error("symbol `{symbol}` is not known")]
    UnknownSymbol { symbol: String },
    #[error("time {time_ns} is before {now_ns}: time never goes backwards")]
    Backwards { time_ns: u64, now_ns: u64 },
}

/// A number as it was written: exact, or beyond what any quantity of the exchange can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Number {
    Exact(Decimal),
    TooLarge,
}

/// The fields of a line that nobody has taken yet.
pub(crate) struct Fields<'a> {
    fields: Vec<(String, &'a RawValue)>,
}

impl<'a> Fields<'a> {
    pub(crate) fn parse(line: &'a str) -> Result<Self, LineError> {
        serde_json::from_str(line).map_err(|error| LineError::NotJson { reason: error.to_string() })
    }

    /// All fields must have been taken.
    pub(crate) fn finish(self, op: &str) -> Result<(), LineError> {
        match self.fields.into_iter().next() {
            None => Ok(()),
            Some((field, _)) => Err(LineError::UnknownField { op: op.to_owned(), field }),
        }
    }

    /// None: absent or null.
    fn take(&mut self, field: &str) -> Option<&'a RawValue> {
        let index = self.fields.iter().position(|(name, _)| name == field)?;
        let (_, value) = self.fields.swap_remove(index);
        (value.get() != "null").then_some(value)
    }

    pub(crate) fn text(&mut self, field: &'static str) -> Result<Option<Cow<'a, str>>, LineError> {
        let Some(raw) = self.take(field) else { return Ok(None) };
        string(raw).map(Some).ok_or(LineError::Type { field, expected: "a string" })
    }

    pub(crate) fn required_text(&mut self, field: &'static str) -> Result<Cow<'a, str>, LineError> {
        self.text(field)?.ok_or(LineError::Missing { field })
    }

    /// A name of the exchange: printable ASCII of bounded length, never empty.
    pub(crate) fn name<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Text<N>>, LineError> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        if text.is_empty() {
            return Err(LineError::Type { field, expected: "a string that is not empty" });
        }
        Text::new(&text).map(Some).map_err(|reason| LineError::Name { field, reason })
    }

    pub(crate) fn required_name<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<Text<N>, LineError> {
        self.name(field)?.ok_or(LineError::Missing { field })
    }

    /// The name of something at a venue, never empty.
    pub(crate) fn required_foreign_name<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<Text<N>, LineError> {
        let text = self.required_text(field)?;
        if text.is_empty() {
            return Err(LineError::Type { field, expected: "a string that is not empty" });
        }
        Text::foreign(&text).map_err(|reason| LineError::Name { field, reason })
    }

    /// One of a closed list of words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        field: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, LineError> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|&(_, value)| Some(value)).ok_or_else(|| LineError::Word {
            field,
            value: text.into_owned(),
            allowed: words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "),
        })
    }

    pub(crate) fn required_word<T: Copy>(
        &mut self,
        field: &'static str,
        words: &[(&str, T)],
    ) -> Result<T, LineError> {
        self.word(field, words)?.ok_or(LineError::Missing { field })
    }

    /// A JSON number, or a string that holds one.
    pub(crate) fn number(&mut self, field: &'static str) -> Result<Option<Number>, LineError> {
        let Some(raw) = self.take(field) else { return Ok(None) };
        let text = match raw.get().as_bytes()[0] {
            b'-' | b'0'..=b'9' => Cow::Borrowed(raw.get()),
            _ => string(raw).ok_or(LineError::Type { field, expected: "a number or a string" })?,
        };
        match Decimal::parse(&text) {
            Ok(decimal) => Ok(Some(Number::Exact(decimal))),
            Err(BadDecimal::TooLarge) => Ok(Some(Number::TooLarge)),
            Err(BadDecimal::Syntax) => Err(LineError::Number { field, value: text.into_owned() }),
        }
    }

    /// A whole number of the type's range, written as a number or a string.
    pub(crate) fn integer<T: TryFrom<i128>>(
        &mut self,
        field: &'static str,
    ) -> Result<Option<T>, LineError> {
        let Some(number) = self.number(field)? else { return Ok(None) };
        let Number::Exact(decimal) = number else {
            return Err(LineError::Range { field, value: "a number of that size".to_owned() });
        };
        if decimal.scale() > 0 {
            return Err(LineError::Type { field, expected: "a whole number" });
        }
        T::try_from(decimal.mantissa())
            .map(Some)
            .map_err(|_| LineError::Range { field, value: decimal.to_string() })
    }

    pub(crate) fn required_integer<T: TryFrom<i128>>(
        &mut self,
        field: &'static str,
    ) -> Result<T, LineError> {
        self.integer(field)?.ok_or(LineError::Missing { field })
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, field: &'static str) -> Result<Option<bool>, LineError> {
        match self.take(field).map(RawValue::get) {
            None => Ok(None),
            Some("false") => Ok(Some(false)),
            Some("true") => Ok(Some(true)),
            Some(_) => Err(LineError::Type { field, expected: "true or false" }),
        }
    }

    /// An object in the line, which must be there.
    pub(crate) fn required_object(&mut self, field: &'static str) -> Result<Self, LineError> {
        let raw = self.take(field).ok_or(LineError::Missing { field })?;
        Self::nested(raw, field, "an object")
    }

    /// Two objects in an array, which must be there.
    pub(crate) fn required_pair(&mut self, field: &'static str) -> Result<[Self; 2], LineError> {
        let expected = "an array of two objects";
        let raw = self.take(field).ok_or(LineError::Missing { field })?;
        let items: [&RawValue; 2] =
            serde_json::from_str(raw.get()).map_err(|_| LineError::Type { field, expected })?;
        let [first, second] = items.map(|item| Self::nested(item, field, expected));
        Ok([first?, second?])
    }

    /// Objects in an array, which must be there.
    pub(crate) fn required_list(&mut self, field: &'static str) -> Result<Vec<Self>, LineError> {
        let expected = "an array of objects";
        let raw = self.take(field).ok_or(LineError::Missing { field })?;
        let items: Vec<&RawValue> =
            serde_json::from_str(raw.get()).map_err(|_| LineError::Type { field, expected })?;
        items.into_iter().map(|item| Self::nested(item, field, expected)).collect()
    }

    fn nested(
        raw: &'a RawValue,
        field: &'static str,
        expected: &'static str,
    ) -> Result<Self, LineError> {
        match raw.get().as_bytes()[0] {
            b'{' => Self::parse(raw.get()),
            _ => Err(LineError::Type { field, expected }),
        }
    }
}

/// None: no string.
fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    if raw.get().as_bytes()[0] != b'"' {
        return None;
    }
    let plain = &raw.get()[1..raw.get().len() - 1];
    if !plain.contains('\\') {
        return Some(Cow::Borrowed(plain));
    }
    serde_json::from_str(raw.get()).ok().map(Cow::Owned)
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one object a line")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields: Self::Value = Vec::with_capacity(12);
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if fields.iter().any(|(known, _)| *known == name) {
                        return Err(M::Error::custom(format_args!("`{name}` stands twice")));
                    }
                    fields.push((name, value));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Collect).map(|fields| Fields { fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_every_digit_in_either_form() {
        let exact = "0.1234567890123456789012345678";
        for line in [format!("{{\"n\":{exact}}}"), format!("{{\"n\":\"{exact}\"}}")] {
            let mut fields = Fields::parse(&line).unwrap();
            let Some(Number::Exact(decimal)) = fields.number("n").unwrap() else { panic!() };
            assert_eq!(decimal.to_string(), exact);
        }
        let huge = format!("{{\"n\":{}}}", "9".repeat(400));
        assert_eq!(Fields::parse(&huge).unwrap().number("n"), Ok(Some(Number::TooLarge)));
    }

    #[test]
    fn what_is_no_field_of_that_type_is_refused() {
        type Read = fn(&mut Fields<'_>) -> Option<LineError>;
        let number: Read = |fields| fields.number("f").err();
        let integer: Read = |fields| fields.integer::<u64>("f").err();
        let text: Read = |fields| fields.text("f").err();
        let flag: Read = |fields| fields.flag("f").err();
        let name: Read = |fields| fields.name::<4>("f").err();
        let field = "f";
        for (line, read, expected) in [
            (r#"{"f":[1]}"#, number, Some("must be a number or a string")),
            (r#"{"f":true}"#, number, Some("must be a number or a string")),
            (r#"{"f":"1x"}"#, number, Some("`1x` is not a decimal number")),
            (r#"{"f":null}"#, number, None),
            (r#"{"f":1.5}"#, integer, Some("must be a whole number")),
            (r#"{"f":-1}"#, integer, Some("`-1` is out of range")),
            (r#"{"f":"12"}"#, integer, None),
            (r#"{"f":1e3}"#, integer, None),
            (r#"{"f":7}"#, text, Some("must be a string")),
            (r#"{"f":"a\u0062"}"#, text, None),
            (r#"{"f":"true"}"#, flag, Some("must be true or false")),
            (r#"{"f":""}"#, name, Some("must be a string that is not empty")),
            (r#"{"f":"abcde"}"#, name, Some("5 characters long, at most 4 are allowed")),
            (r#"{"f":"ä"}"#, name, Some("is not printable ASCII")),
        ] {
            let error = read(&mut Fields::parse(line).unwrap());
            match (&error, expected) {
                (None, None) => {}
                (Some(error), Some(expected)) => {
                    let text = error.to_string();
                    assert!(text.contains(field), "{line}: {text}");
                    assert!(text.contains(expected), "{line}: {text}");
                }
                _ => panic!("{line}: {error:?}, expected {expected:?}"),
            }
        }
    }

    #[test]
    fn a_line_is_one_object_with_each_field_once() {
        for line in ["", "[]", "1", "{", "{}{}", r#"{"a":1,"a":1}"#, r#"{"a":01}"#] {
            assert!(matches!(Fields::parse(line), Err(LineError::NotJson { .. })), "{line}");
        }
        let fields = Fields::parse(r#"{"a":1}"#).unwrap();
        let expected = LineError::UnknownField { op: "new".to_owned(), field: "a".to_owned() };
        assert_eq!(fields.finish("new"), Err(expected));
    }
}
