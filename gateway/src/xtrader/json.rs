//! JSON in and out without a float: decimals keep every digit, objects give their fields one at
//! a time and say which they did not understand. Knows nothing of orders.

use std::fmt;

use orison_core::Decimal;
use orison_core::decimal::BadDecimal;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use super::problem::Problem;

/// Fields of one object; more are a bad request.
const FIELDS_MAX: usize = 64;

/// A decimal as a JSON number: plain digits, no exponent, no trailing zero, no `.0`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Number(pub Decimal);

impl From<Decimal> for Number {
    fn from(decimal: Decimal) -> Self {
        Self(decimal)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A raw value is the one form that serde_json writes without going through a float.
        let raw = RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl utoipa::PartialSchema for Number {
    fn schema() -> RefOr<Schema> {
        let description = "An exact decimal: no exponent, no trailing zero.";
        ObjectBuilder::new().schema_type(Type::Number).description(Some(description)).into()
    }
}

impl utoipa::ToSchema for Number {}

/// Shows a name or an id as a JSON string.
pub fn shown<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// The same for what may be missing: null.
pub fn shown_or_null<T: fmt::Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// A JSON object as it came: every field once, each value still its own text. Fields are taken
/// one by one; what is left at the end was not understood.
#[derive(Debug)]
pub struct Object {
    fields: Vec<(String, Box<RawValue>)>,
}

impl Object {
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            Problem::bad_request(
                format!("the body is not UTF-8: byte {at}"),
                format!("본문이 UTF-8이 아닙니다: {at}번째 바이트"),
            )
        })?;
        serde_json::from_str(text).map_err(|error| {
            Problem::bad_request(
                format!("not a JSON object: {error}"),
                format!("JSON 객체가 아닙니다: {error}"),
            )
        })
    }

    /// For a wire where the field has another name; `to` must not stand in the object.
    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some((name, _)) = self.fields.iter_mut().find(|(field, _)| field == from) {
            to.clone_into(name);
        }
    }

    /// Does the field stand there, and say something?
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, value)| field == name && value.get() != "null")
    }

    /// A copy of a text, for whoever tells what was asked; None: it is none.
    pub fn shown(&self, name: &str) -> Option<String> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        serde_json::from_str(value.get()).ok()
    }

    /// Adds a field that must not stand in the object.
    pub fn put(&mut self, name: &str, text: &str) {
        let value = serde_json::value::to_raw_value(text).expect("a text is always JSON");
        self.fields.push((name.to_owned(), value));
    }

    /// The text of a value; null is absent.
    pub fn take(&mut self, name: &str) -> Option<Box<RawValue>> {
        let index = self.fields.iter().position(|(field, _)| field == name)?;
        let (_, value) = self.fields.remove(index);
        (value.get() != "null").then_some(value)
    }

    /// Takes the field if it is there and null, for those to whom that says something.
    pub fn clears(&mut self, name: &str) -> bool {
        let is_null =
            |(field, value): &(String, Box<RawValue>)| field == name && value.get() == "null";
        let index = self.fields.iter().position(is_null);
        index.map(|index| self.fields.remove(index)).is_some()
    }

    pub fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let Some(value) = self.take(name) else { return Ok(None) };
        serde_json::from_str(value.get())
            .map(Some)
            .map_err(|_| Problem::wrong_type(name, "a string", "문자열"))
    }

    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.take(name).as_deref().map(RawValue::get) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Problem::wrong_type(name, "true or false", "true 또는 false")),
        }
    }

    /// A number or a string that holds one. `Ok(Some(None))`: a number, but beyond 40 digits or
    /// what any amount can be.
    pub fn decimal(&mut self, name: &str) -> Result<Option<Option<Decimal>>, Problem> {
        let wrong = || Problem::wrong_type(name, "a number", "숫자");
        let Some(value) = self.take(name) else { return Ok(None) };
        let text = if value.get().starts_with('"') {
            serde_json::from_str::<String>(value.get()).map_err(|_| wrong())?
        } else {
            value.get().to_owned()
        };
        match Decimal::parse(&text) {
            Ok(decimal) => Ok(Some(Some(decimal))),
            Err(BadDecimal::TooLarge) => Ok(Some(None)),
            Err(BadDecimal::Syntax) => Err(wrong()),
        }
    }

    /// A whole number from 0, as number or string.
    pub fn count(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        let whole = |decimal: Decimal| match decimal.scale() {
            0 => u64::try_from(decimal.mantissa()).ok(),
            _ => None,
        };
        match self.decimal(name)? {
            None => Ok(None),
            Some(decimal) => match decimal.and_then(whole) {
                Some(count) => Ok(Some(count)),
                None => Err(Problem::wrong_type(name, "a whole number", "정수")),
            },
        }
    }

    /// The texts of an array's values.
    pub fn array(&mut self, name: &str) -> Result<Option<Vec<Box<RawValue>>>, Problem> {
        let Some(value) = self.take(name) else { return Ok(None) };
        serde_json::from_str(value.get())
            .map(Some)
            .map_err(|_| Problem::wrong_type(name, "an array", "배열"))
    }

    /// Nothing may be left.
    pub fn finish(self) -> Result<(), Problem> {
        match self.fields.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(Problem::unknown_field(&name)),
        }
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut fields: Vec<(String, Box<RawValue>)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if fields.iter().any(|(field, _)| *field == name) {
                return Err(A::Error::custom(format_args!("field {name:?} stands twice")));
            }
            if fields.len() == FIELDS_MAX {
                return Err(A::Error::custom(format_args!("more than {FIELDS_MAX} fields")));
            }
            fields.push((name, value));
        }
        Ok(Object { fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        Object::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_decimal_goes_through_without_a_float() {
        for (json, shown) in [
            ("0.1", "0.1"),
            ("\"0.10\"", "0.1"),
            ("1e-7", "0.0000001"),
            ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
            ("-1.0", "-1"),
        ] {
            let decimal = object(&format!("{{\"d\":{json}}}")).decimal("d").unwrap();
            let number = Number(decimal.unwrap().unwrap());
            assert_eq!(serde_json::to_string(&number).unwrap(), shown, "{json}");
        }
    }

    #[test]
    fn null_is_absent_and_wrong_types_name_their_field() {
        assert_eq!(object(r#"{"d":null}"#).decimal("d").unwrap(), None);
        assert_eq!(object("{}").text("d").unwrap(), None);
        assert_eq!(object(r#"{"d":1e999}"#).decimal("d").unwrap(), Some(None));
        for text in [r#"{"d":true}"#, r#"{"d":"x"}"#, r#"{"d":[1]}"#, r#"{"d":""}"#] {
            let problem = object(text).decimal("d").unwrap_err();
            assert_eq!((problem.code, problem.field.as_deref()), ("BAD_REQUEST", Some("d")));
        }
        for text in [r#"{"d":1.5}"#, r#"{"d":-1}"#, r#"{"d":18446744073709551616}"#] {
            assert_eq!(object(text).count("d").unwrap_err().code, "BAD_REQUEST", "{text}");
        }
        assert_eq!(object(r#"{"d":"1e3"}"#).count("d").unwrap(), Some(1000));
    }

    #[test]
    fn what_is_no_object_is_a_bad_request() {
        let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
        let nested = format!("{{\"a\":{deep}}}");
        assert_eq!(object(&nested).finish().unwrap_err().code, "UNKNOWN_FIELD");
        let many: Vec<_> = (0..65).map(|n| format!("\"f{n}\":1")).collect();
        let many = format!("{{{}}}", many.join(","));
        for text in [
            "",
            " ",
            "[]",
            "1",
            "null",
            "{",
            "{}x",
            r#"{"a":1,"a":2}"#,
            r#"{"a":"\ud800"}x"#,
            &deep,
            &many,
            "\u{feff}{}",
        ] {
            assert_eq!(
                Object::parse(text.as_bytes()).unwrap_err().code,
                "BAD_REQUEST",
                "{text:.20}"
            );
        }
        assert_eq!(Object::parse(b"{\"a\":\"\xff\"}").unwrap_err().code, "BAD_REQUEST");
    }
}
