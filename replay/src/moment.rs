//! Moments as text: nanoseconds since the epoch and RFC 3339, exactly, in both directions.

use std::fmt;

const SECOND_NS: u64 = 1_000_000_000;
const DAY_SECONDS: i64 = 86_400;

/// Nanoseconds since the Unix epoch, shown as RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment(pub u64);

impl Moment {
    /// `2026-11-21T09:30:00.5Z`, `2026-11-21T18:30:00+09:00`. None: no such moment since 1970.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', 't', ' '])?;
        let mut parts = date.split('-');
        let year: i64 = digits(parts.next()?, 4)?;
        let (month, day) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        if parts.next().is_some() || !(1..=12).contains(&month) {
            return None;
        }
        if !(1..=days_of_month(year, month)).contains(&day) {
            return None;
        }
        let zone_at = time.find(['Z', 'z', '+', '-'])?;
        let (time, zone) = time.split_at(zone_at);
        let (seconds, nanoseconds) = parse_time(time)?;
        let days = days_from_civil(year, month, day);
        let seconds = days * DAY_SECONDS + seconds - parse_zone(zone)?;
        let seconds = u64::try_from(seconds).ok()?;
        seconds.checked_mul(SECOND_NS)?.checked_add(nanoseconds).map(Self)
    }
}

fn digits(text: &str, length: usize) -> Option<i64> {
    let is_number = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// `09:30:00.5`: seconds of the day, and nanoseconds.
fn parse_time(text: &str) -> Option<(i64, u64)> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let mut part = |limit| digits(parts.next()?, 2).filter(|&value| value < limit);
    let (hour, minute, second) = (part(24)?, part(60)?, part(60)?);
    let is_fraction =
        (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || !is_fraction {
        return None;
    }
    let scale = 10u64.pow(9 - fraction.len() as u32);
    Some(((hour * 60 + minute) * 60 + second, fraction.parse::<u64>().ok()? * scale))
}

/// `Z` or `+09:00`: seconds east of UTC.
fn parse_zone(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, text) = text.split_at(1);
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let seconds = (hours * 60 + minutes) * 60;
    (hours < 24 && minutes < 60).then_some(if sign == "-" { -seconds } else { seconds })
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, whose years begin in March here.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * shifted + 2) / 5 + 1, (shifted + 2) % 12 + 1);
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = (self.0 / SECOND_NS) as i64;
        let (year, month, day) = civil_from_days(seconds / DAY_SECONDS);
        let clock = seconds % DAY_SECONDS;
        let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
        let nanoseconds = self.0 % SECOND_NS;
        write!(f, "{year:04}-{month:02}-{day:02}T")?;
        write!(f, "{hour:02}:{minute:02}:{second:02}.{nanoseconds:09}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_in_any_zone_and_shown_in_utc() {
        for (text, shown) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000000Z"),
            ("2000-02-29T23:59:59.123456789Z", "2000-02-29T23:59:59.123456789Z"),
            ("2026-11-21T18:30:00+09:00", "2026-11-21T09:30:00.000000000Z"),
            ("2026-12-31T23:30:00.5-01:00", "2027-01-01T00:30:00.500000000Z"),
            ("2100-03-01t00:00:00z", "2100-03-01T00:00:00.000000000Z"),
        ] {
            assert_eq!(
                Moment::parse(text).map(|moment| moment.to_string()).as_deref(),
                Some(shown)
            );
        }
        assert_eq!(Moment::parse("2012-06-21T13:30:01Z"), Some(Moment(1_340_285_401 * SECOND_NS)));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2026-11-21",
            "2026-11-21T00:00:00",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T00:00:00.Z",
            "2026-11-21T00:00:00.1234567890Z",
            "2026-11-21T00:00:00+9:00",
            "1969-12-31T23:59:59Z",
            "+026-11-21T00:00:00Z",
            "3000-01-01T00:00:00Z",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_has_its_own_date() {
        let mut before = civil_from_days(-1);
        for days in 0..146_097 {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
            assert!(before < (year, month, day));
            assert!(day <= days_of_month(year, month));
            before = (year, month, day);
        }
    }
}
