//! Exact decimal numbers: read from text and shown again without ever being a float.
//! `mantissa x 10^-scale`. Texts of JSON and of tapes, exponents too; at most 40 digits.

use core::cmp::Ordering;
use core::fmt;

/// More digits than any amount of the exchange can have; longer texts are refused.
pub const DIGITS_MAX: usize = 40;
/// The finest scale kept after trailing zeros are cut.
pub const SCALE_MAX: u32 = 38;

/// `mantissa x 10^-scale`, always in lowest terms: no trailing zero in the mantissa unless zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

/// Why a text is no number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadDecimal {
    /// Not of the form `-12.34e-5`.
    Syntax,
    /// More than 40 digits, or beyond what 127 bits and 38 decimals hold.
    TooLarge,
}

impl Decimal {
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    /// `mantissa x 10^-scale`, brought to lowest terms.
    pub fn new(mut mantissa: i128, mut scale: u8) -> Self {
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Self { mantissa, scale }
    }

    pub fn mantissa(self) -> i128 {
        self.mantissa
    }

    pub fn scale(self) -> u8 {
        self.scale
    }

    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// Reads `-12.34e-5`; a leading `+`, a bare `.5` or `5.` are no JSON and are refused.
    pub fn parse(text: &str) -> Result<Self, BadDecimal> {
        let bytes = text.as_bytes();
        let (negative, digits) = match bytes.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, bytes),
        };
        let exponent_at = digits.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (number, exponent) = match exponent_at {
            Some(at) => (&digits[..at], parse_exponent(&digits[at + 1..])?),
            None => (digits, 0),
        };
        let (mantissa, decimals) = parse_digits(number)?;
        let mantissa = if negative { -mantissa } else { mantissa };
        Self::scaled(mantissa, decimals - exponent)
    }

    fn scaled(mut mantissa: i128, mut scale: i64) -> Result<Self, BadDecimal> {
        if mantissa == 0 {
            return Ok(Self::ZERO);
        }
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        while scale < 0 {
            mantissa = mantissa.checked_mul(10).ok_or(BadDecimal::TooLarge)?;
            scale += 1;
        }
        if scale > i64::from(SCALE_MAX) {
            return Err(BadDecimal::TooLarge);
        }
        Ok(Self { mantissa, scale: scale as u8 })
    }

    /// How many whole `step`s this is; None if it is no whole number of them or does not fit.
    /// `step` is positive.
    pub fn steps_of(self, step: Self) -> Option<i128> {
        assert!(step.mantissa > 0, "a step is positive");
        // self / step = (m / 10^s) / (M / 10^S) = m x 10^S / (M x 10^s)
        let shift = i32::from(step.scale) - i32::from(self.scale);
        let (numerator, denominator) = if shift >= 0 {
            (self.mantissa.checked_mul(pow10(shift as u32)?)?, step.mantissa)
        } else {
            (self.mantissa, step.mantissa.checked_mul(pow10(shift.unsigned_abs())?)?)
        };
        (numerator % denominator == 0).then(|| numerator / denominator)
    }

    /// `count` steps of this size; None if that does not fit.
    pub fn times(self, count: i128) -> Option<Self> {
        Some(Self::new(self.mantissa.checked_mul(count)?, self.scale))
    }
}

impl Ord for Decimal {
    /// By value. Whole parts first, then fractions brought to one scale: neither overflows.
    fn cmp(&self, other: &Self) -> Ordering {
        let parts = |decimal: &Self| {
            let unit = pow10(u32::from(decimal.scale)).expect("a scale is at most 38");
            let rest = pow10(SCALE_MAX - u32::from(decimal.scale)).expect("and so is what is left");
            (decimal.mantissa.div_euclid(unit), decimal.mantissa.rem_euclid(unit) * rest)
        };
        parts(self).cmp(&parts(other))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn pow10(exponent: u32) -> Option<i128> {
    10i128.checked_pow(exponent)
}

fn parse_exponent(text: &[u8]) -> Result<i64, BadDecimal> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return Err(BadDecimal::Syntax);
    }
    let mut exponent = 0i64;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return Err(BadDecimal::Syntax);
        }
        // Beyond a thousand the value is out of every range; stop counting, not reading.
        exponent = (exponent * 10 + i64::from(byte - b'0')).min(1_000_000);
    }
    Ok(if negative { -exponent } else { exponent })
}

/// The digits as one number, and how many of them stood behind the point.
fn parse_digits(text: &[u8]) -> Result<(i128, i64), BadDecimal> {
    let (mut mantissa, mut decimals, mut digits, mut point) = (0i128, 0i64, 0usize, None);
    for (index, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                decimals += i64::from(point.is_some());
                mantissa = mantissa
                    .checked_mul(10)
                    .and_then(|m| m.checked_add(i128::from(byte - b'0')))
                    .ok_or(BadDecimal::TooLarge)?;
            }
            b'.' if point.is_none() && index > 0 && index + 1 < text.len() => point = Some(index),
            _ => return Err(BadDecimal::Syntax),
        }
    }
    match digits {
        0 => Err(BadDecimal::Syntax),
        1..=DIGITS_MAX => Ok((mantissa, decimals)),
        _ => Err(BadDecimal::TooLarge),
    }
}

impl fmt::Display for Decimal {
    /// The shortest exact decimal: no exponent, no trailing zero, no `.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs();
        let Some(unit) = 10u128.checked_pow(u32::from(self.scale)) else {
            unreachable!("a scale is at most {SCALE_MAX}")
        };
        if self.scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let (whole, fraction) = (digits / unit, digits % unit);
        write!(f, "{sign}{whole}.{fraction:0width$}", width = usize::from(self.scale))
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BadDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("is not a decimal number"),
            Self::TooLarge => f.write_str("is too large or has too many digits"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_number_is_read_exactly_and_shown_shortest() {
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.10", "0.1"),
            ("1e-7", "0.0000001"),
            ("1.50E+3", "1500"),
            ("-12.340", "-12.34"),
            ("007", "7"),
            ("0e999", "0"),
            ("100000000000000000000000000000000000000", "100000000000000000000000000000000000000"),
        ] {
            assert_eq!(
                Decimal::parse(text).map(|d| d.to_string()),
                Ok(shown.to_string()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for (text, error) in [
            ("", BadDecimal::Syntax),
            ("-", BadDecimal::Syntax),
            (".5", BadDecimal::Syntax),
            ("5.", BadDecimal::Syntax),
            ("+5", BadDecimal::Syntax),
            ("1e", BadDecimal::Syntax),
            ("1e1.5", BadDecimal::Syntax),
            ("1.2.3", BadDecimal::Syntax),
            ("NaN", BadDecimal::Syntax),
            ("0x10", BadDecimal::Syntax),
            ("1e999", BadDecimal::TooLarge),
            ("1e-39", BadDecimal::TooLarge),
            ("99999999999999999999999999999999999999999", BadDecimal::TooLarge),
        ] {
            assert_eq!(Decimal::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn steps_are_counted_without_rounding() {
        let parse = |text| Decimal::parse(text).unwrap();
        for (value, step, steps) in [
            ("1.5", "0.5", Some(3)),
            ("1.4", "0.5", None),
            ("50000000", "1", Some(50_000_000)),
            ("0.00000001", "0.00000001", Some(1)),
            ("0.000000001", "0.00000001", None),
            ("-3", "1", Some(-3)),
            ("100", "25", Some(4)),
        ] {
            assert_eq!(parse(value).steps_of(parse(step)), steps, "{value} / {step}");
        }
    }
}
