//! Numbers of a venue's JSON, exactly: Binance writes them as strings, Upbit as numbers. Neither
//! ever becomes a float.

use std::fmt;

use orison_core::Decimal;
use orison_core::command::Foreign;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::event::Level;

/// `"61800.20"`, `61800.2` or `6.18002e4`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Number(pub(super) Foreign);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &RawValue = Deserialize::deserialize(deserializer)?;
        let text = raw.get();
        let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
        let number = Decimal::parse(text).ok().and_then(Foreign::from_decimal);
        number.map(Self).ok_or_else(|| D::Error::custom("a number of at most 18 digits"))
    }
}

/// `["61800.20","2.507"]`; what follows the quantity is ignored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pair(pub(super) Level);

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'de> Visitor<'de> for Elements {
            type Value = Pair;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a price and a quantity")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Pair, A::Error> {
                let mut next = |index| {
                    let number: Option<Number> = elements.next_element()?;
                    number.ok_or_else(|| A::Error::invalid_length(index, &"two elements"))
                };
                let level = Level { price: next(0)?.0, quantity: next(1)?.0 };
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Pair(level))
            }
        }

        deserializer.deserialize_seq(Elements)
    }
}

/// A rate as percent: 0.0123 is 1.23.
pub(super) fn percent(rate: Foreign) -> Option<Foreign> {
    let hundredfold = Decimal::new(i128::from(rate.mantissa) * 100, rate.scale);
    Foreign::from_decimal(hundredfold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly_from_strings_and_numbers() {
        for (text, shown) in [
            (r#""61800.20""#, Some("61800.2")),
            ("127.0", Some("127")),
            ("1e-8", Some("0.00000001")),
            ("25752275.55420627", Some("25752275.55420627")),
            ("-0.5", Some("-0.5")),
            (r#""""#, None),
            ("true", None),
            ("12345678901234567890123", None),
        ] {
            let number = serde_json::from_str::<Number>(text).ok();
            let number = number.map(|number| number.0.to_decimal().to_string());
            assert_eq!(number.as_deref(), shown, "{text}");
        }
    }

    #[test]
    fn a_level_ignores_what_it_does_not_know() {
        let level: Pair = serde_json::from_str(r#"["1.5","2",[],"x"]"#).unwrap();
        assert_eq!(level.0.price, Foreign { mantissa: 15, scale: 1 });
        assert!(serde_json::from_str::<Pair>(r#"["1.5"]"#).is_err());
    }

    #[test]
    fn percent_moves_the_point() {
        for (rate, shown) in [("0.0123", "1.23"), ("-0.5", "-50"), ("0", "0"), ("3", "300")] {
            let rate = Foreign::from_decimal(Decimal::parse(rate).unwrap()).unwrap();
            assert_eq!(percent(rate).unwrap().to_decimal().to_string(), shown);
        }
    }
}
