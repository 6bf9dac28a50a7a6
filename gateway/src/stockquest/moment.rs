//! Moments as clients write them: ISO 8601 with a zone, or without one, which is UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;

/// Is it a moment at all? What a client says the time is changes nothing.
pub(super) fn is_moment(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok() || text.parse::<DateTime>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_may_have_a_zone_or_none() {
        for (text, good) in [
            ("2025-01-12T10:20:30.123Z", true),
            ("2025-01-12T10:20:30Z", true),
            ("2025-01-12T10:20:30+09:00", true),
            ("2025-01-12T10:20:30.123456789", true),
            ("2025-01-12T10:20:30", true),
            ("2025-01-12T10:20", true),
            ("2025-13-12T10:20:30Z", false),
            ("yesterday", false),
            ("", false),
        ] {
            assert_eq!(is_moment(text), good, "{text:?}");
        }
    }
}
