//! One JSON message appended to a reused buffer: exact decimals, no value tree, no float.
//! Every field after the opening one begins with its comma, so that parts can be kept and joined.
//! Numbers and words come in, bytes shared by all receivers go out; it knows no message.

use bytes::Bytes;
use orison_core::Decimal;
use orison_core::instrument::Step;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::notation::civil;

/// Room for the longest number: 39 digits of 128 bits, or 36 decimals behind `0.`.
const DIGITS: usize = 64;

#[derive(Default)]
pub(crate) struct Json {
    bytes: Vec<u8>,
}

impl Json {
    /// `{"type":"KIND"`
    pub(crate) fn open(&mut self, kind: &str) {
        self.bytes.clear();
        self.raw(b"{\"type\":\"");
        self.raw(kind.as_bytes());
        self.bytes.push(b'"');
    }

    /// Closes the object and gives it out; the buffer is empty afterwards.
    pub(crate) fn close(&mut self) -> Utf8Bytes {
        self.bytes.push(b'}');
        let text = Bytes::copy_from_slice(&self.bytes);
        self.bytes.clear();
        Utf8Bytes::try_from(text).expect("only texts are appended")
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was appended so far, exchanged for another buffer.
    pub(crate) fn swap(&mut self, other: &mut Vec<u8>) {
        std::mem::swap(&mut self.bytes, other);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// `,"KEY":`
    pub(crate) fn key(&mut self, key: &str) {
        self.raw(b",\"");
        self.raw(key.as_bytes());
        self.raw(b"\":");
    }

    /// A word of ours: letters, digits, `_`, `-` and `:` only.
    pub(crate) fn word(&mut self, key: &str, word: &str) {
        self.key(key);
        self.bytes.push(b'"');
        self.raw(word.as_bytes());
        self.bytes.push(b'"');
    }

    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.string(text);
    }

    /// A text alone, escaped.
    pub(crate) fn string(&mut self, text: &str) {
        self.bytes.push(b'"');
        let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
        if text.bytes().all(plain) {
            self.raw(text.as_bytes());
        } else {
            for character in text.chars() {
                self.character(character);
            }
        }
        self.bytes.push(b'"');
    }

    fn character(&mut self, character: char) {
        match character {
            '"' => self.raw(b"\\\""),
            '\\' => self.raw(b"\\\\"),
            '\u{0}'..='\u{1f}' => {
                let code = character as usize;
                self.raw(b"\\u00");
                self.raw(&[HEX[code >> 4], HEX[code & 0xf]]);
            }
            _ => {
                let mut buffer = [0; 4];
                self.raw(character.encode_utf8(&mut buffer).as_bytes());
            }
        }
    }

    pub(crate) fn texts<'a>(&mut self, key: &str, texts: impl Iterator<Item = &'a str>) {
        self.key(key);
        self.bytes.push(b'[');
        for (index, text) in texts.enumerate() {
            self.separate(index);
            self.string(text);
        }
        self.bytes.push(b']');
    }

    /// The comma before every element but the first.
    pub(crate) fn separate(&mut self, index: usize) {
        if index > 0 {
            self.bytes.push(b',');
        }
    }

    pub(crate) fn boolean(&mut self, key: &str, value: bool) {
        self.key(key);
        self.raw(if value { b"true" } else { b"false" });
    }

    pub(crate) fn null(&mut self, key: &str) {
        self.key(key);
        self.raw(b"null");
    }

    pub(crate) fn integer(&mut self, key: &str, value: u64) {
        self.key(key);
        self.integer_value(value);
    }

    pub(crate) fn integer_value(&mut self, value: u64) {
        self.scaled(u128::from(value), 0);
    }

    /// Nanoseconds shown as whole milliseconds.
    pub(crate) fn milliseconds(&mut self, key: &str, time_ns: u64) {
        self.integer(key, time_ns / 1_000_000);
    }

    pub(crate) fn decimal(&mut self, key: &str, value: Decimal) {
        self.units(key, value.mantissa(), value.scale());
    }

    /// `units x 10^-scale`
    pub(crate) fn units(&mut self, key: &str, units: i128, scale: u8) {
        self.key(key);
        self.units_value(units, scale);
    }

    pub(crate) fn units_value(&mut self, units: i128, scale: u8) {
        if units < 0 {
            self.bytes.push(b'-');
        }
        self.scaled(units.unsigned_abs(), scale);
    }

    /// `count` steps.
    pub(crate) fn steps(&mut self, key: &str, step: Step, count: u128) {
        self.key(key);
        self.steps_value(step, count);
    }

    pub(crate) fn steps_value(&mut self, step: Step, count: u128) {
        // A price or quantity always fits; a sum of them beyond 128 bits is the most there is.
        self.scaled(count.saturating_mul(u128::from(step.mantissa)), step.scale);
    }

    /// `2023-04-30T12:35:10.123Z`
    pub(crate) fn time(&mut self, key: &str, time_ns: u64) {
        self.key(key);
        let milliseconds = time_ns / 1_000_000;
        let (days, day_ms) = (milliseconds / 86_400_000, milliseconds % 86_400_000);
        let (year, month, day) = civil(days);
        let seconds = day_ms / 1_000;
        self.bytes.push(b'"');
        for (value, width, after) in [
            (year, 4, b'-'),
            (month, 2, b'-'),
            (day, 2, b'T'),
            (seconds / 3_600, 2, b':'),
            (seconds / 60 % 60, 2, b':'),
            (seconds % 60, 2, b'.'),
            (day_ms % 1_000, 3, b'Z'),
        ] {
            self.padded(value, width);
            self.bytes.push(after);
        }
        self.bytes.push(b'"');
    }

    /// An id as UUID text.
    pub(crate) fn id(&mut self, key: &str, bits: u128) {
        self.key(key);
        let mut text = [b'-'; 38];
        (text[0], text[37]) = (b'"', b'"');
        let mut nibble = 0;
        for (index, byte) in text[1..37].iter_mut().enumerate() {
            if !matches!(index, 8 | 13 | 18 | 23) {
                *byte = HEX[(bits >> (124 - 4 * nibble) & 0xf) as usize];
                nibble += 1;
            }
        }
        self.raw(&text);
    }

    fn padded(&mut self, value: u64, width: usize) {
        let mut digits = [b'0'; DIGITS];
        let start = write_digits(&mut digits, u128::from(value)).min(DIGITS - width);
        self.raw(&digits[start..]);
    }

    /// The shortest exact decimal: no exponent, no trailing zero behind the point.
    fn scaled(&mut self, value: u128, scale: u8) {
        let mut digits = [b'0'; DIGITS];
        let scale = usize::from(scale);
        let start = write_digits(&mut digits, value).min(DIGITS - 1 - scale);
        let (whole, fraction) = digits[start..].split_at(DIGITS - scale - start);
        self.raw(whole);
        let used = fraction.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
        if used > 0 {
            self.bytes.push(b'.');
            self.raw(&fraction[..used]);
        }
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes to the end of `digits` and says where they begin; nothing for zero.
fn write_digits(digits: &mut [u8; DIGITS], mut value: u128) -> usize {
    let mut start = DIGITS;
    while value > u128::from(u64::MAX) {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    let mut value = value as u64;
    while value > 0 {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    start
}

#[cfg(test)]
mod tests {
    use orison_core::OrderId;
    use orison_core::types::Sequence;

    use super::*;

    fn of(fill: impl FnOnce(&mut Json)) -> String {
        let mut json = Json::default();
        json.open("T");
        fill(&mut json);
        json.close().as_str().to_owned()
    }

    #[test]
    fn numbers_are_plain_and_shortest() {
        for (units, scale, shown) in [
            (0, 0, "0"),
            (0, 18, "0"),
            (1, 8, "0.00000001"),
            (-1_500, 3, "-1.5"),
            (50_000_000, 0, "50000000"),
            (100_000_000, 8, "1"),
            (123_456_789, 8, "1.23456789"),
            (i128::MAX, 36, "170.141183460469231731687303715884105727"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            assert_eq!(
                of(|json| json.units("n", units, scale)),
                format!(r#"{{"type":"T","n":{shown}}}"#)
            );
            assert_eq!(Decimal::new(units, scale).to_string(), shown, "as the core shows it");
        }
    }

    #[test]
    fn times_are_shown_to_the_millisecond() {
        for (time_ns, shown) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_682_858_110_123_999_999, "2023-04-30T12:35:10.123Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399_999_000_000, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(
                of(|json| json.time("t", time_ns)),
                format!(r#"{{"type":"T","t":"{shown}"}}"#)
            );
        }
    }

    #[test]
    fn ids_and_texts_read_back_as_what_they_were() {
        let id = OrderId { sequence: Sequence(0x1234_5678), slot: 77, leg: 3 };
        let shown = of(|json| json.id("id", id.to_u128()));
        assert_eq!(shown, format!(r#"{{"type":"T","id":"{id}"}}"#));
        for text in ["", "plain", "quo\"te", "back\\slash", "\u{1}\n", "지원하지 않는 심볼"]
        {
            let shown = of(|json| json.text("s", text));
            let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
            assert_eq!(read["s"], text);
        }
    }
}
