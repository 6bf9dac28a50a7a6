//! What happens at which time of which days, in a named time zone. Times of day become moments
//! and nothing else: which instruments are meant and what was sent already is the agenda's.
//!
//! A time that a day has twice (clocks are put back) is the first of the two; a time that a day
//! has not (clocks are put forward) is the moment of the change. So each happens once a day, and
//! a day's slots always happen in the order of their times.

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use orison_core::Symbol;
use orison_core::instrument::Status;

/// How far `occurrences` looks at most: every weekday is in it, whatever the clocks do.
pub const REACH_NS: u64 = 9 * DAY_NS;

const DAY_NS: u64 = 86_400 * 1_000_000_000;

#[derive(Clone, Debug)]
pub struct Timetable {
    pub symbols: Symbols,
    pub zone: TimeZone,
    pub days: Days,
    /// By time; slots of one time in the order they were given.
    slots: Vec<Slot>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Symbols {
    /// Every instrument that no other timetable names.
    Others,
    These(Vec<Symbol>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    pub time: Time,
    pub action: Action,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    Status(Status),
    Uncross,
    EndOfDay,
}

/// An action at its moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Occurrence {
    pub at_ns: u64,
    pub action: Action,
}

impl Action {
    pub const ALLOWED: &str = "open, auction, halt, close, uncross or end_of_day";

    /// None: no word of ours.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "open" => Self::Status(Status::Open),
            "auction" => Self::Status(Status::Auction),
            "halt" => Self::Status(Status::Halted),
            "close" => Self::Status(Status::Closed),
            "uncross" => Self::Uncross,
            "end_of_day" => Self::EndOfDay,
            _ => return None,
        })
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Status(Status::Open) => "open",
            Self::Status(Status::Auction) => "auction",
            Self::Status(Status::Halted) => "halt",
            Self::Status(Status::Closed) => "close",
            Self::Uncross => "uncross",
            Self::EndOfDay => "end_of_day",
        }
    }

    /// What an instrument is once this has been done to it; None: what it was.
    pub fn status(self) -> Option<Status> {
        match self {
            Self::Status(status) => Some(status),
            Self::Uncross => Some(Status::Open),
            Self::EndOfDay => None,
        }
    }
}

impl Timetable {
    pub fn new(symbols: Symbols, zone: TimeZone, days: Days, mut slots: Vec<Slot>) -> Self {
        slots.sort_by_key(|slot| slot.time);
        Self { symbols, zone, days, slots }
    }

    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// What falls after `after_ns` and not after `until_ns`, in order; of a longer time than
    /// `REACH_NS` its end.
    pub fn occurrences(&self, after_ns: u64, until_ns: u64) -> Vec<Occurrence> {
        let after_ns = after_ns.max(until_ns.saturating_sub(REACH_NS));
        // A day more at either end: a moment moved by a change of clocks may fall on the next.
        let (Some(first), Some(last)) = (
            self.date(after_ns).and_then(|date| date.yesterday().ok()),
            self.date(until_ns).and_then(|date| date.tomorrow().ok()),
        ) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for date in first.series(jiff::Span::new().days(1)).take_while(|date| *date <= last) {
            if !self.days.has(date.weekday()) {
                continue;
            }
            for slot in &self.slots {
                let at_ns = moment(&self.zone, date, slot.time);
                if let Some(at_ns) = at_ns.filter(|at| (after_ns + 1..=until_ns).contains(at)) {
                    found.push(Occurrence { at_ns, action: slot.action });
                }
            }
        }
        found.sort_by_key(|occurrence| occurrence.at_ns);
        found
    }

    /// The first after this moment; None: nothing within reach.
    pub fn next(&self, after_ns: u64) -> Option<Occurrence> {
        let until_ns = after_ns.saturating_add(REACH_NS);
        self.occurrences(after_ns, until_ns).first().copied()
    }

    fn date(&self, time_ns: u64) -> Option<Date> {
        let timestamp = Timestamp::from_nanosecond(i128::from(time_ns)).ok()?;
        Some(self.zone.to_datetime(timestamp).date())
    }
}

/// The time zone of an IANA name.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

fn moment(zone: &TimeZone, date: Date, time: Time) -> Option<u64> {
    let local = zone.to_ambiguous_timestamp(date.to_datetime(time));
    let offset = local.offset();
    let earlier = local.earlier().ok()?;
    let at = match offset {
        AmbiguousOffset::Gap { .. } => zone.following(earlier).next()?.timestamp(),
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => earlier,
    };
    u64::try_from(at.as_nanosecond()).ok()
}

/// Days of the week.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Days([bool; 7]);

const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

impl Days {
    pub const ALL: Self = Self([true; 7]);
    pub const ALLOWED: &str = "days and ranges of them, such as Mon-Fri or Sat,Sun";

    /// Reads `Mon-Wed,Fri`; a range may go over the week's end. None: none of that.
    pub fn parse(text: &str) -> Option<Self> {
        let day = |word: &str| {
            let word = word.trim();
            DAYS.iter().position(|(name, _)| word.eq_ignore_ascii_case(name))
        };
        let mut days = [false; 7];
        for part in text.split(',') {
            let (first, last) = match part.split_once('-') {
                Some((first, last)) => (day(first)?, day(last)?),
                None => (day(part)?, day(part)?),
            };
            let count = (last + 7 - first) % 7;
            (0..=count).for_each(|offset| days[(first + offset) % 7] = true);
        }
        Some(Self(days))
    }

    pub fn words(self) -> impl Iterator<Item = &'static str> {
        DAYS.iter().zip(self.0).filter(|(_, is_in)| *is_in).map(|((name, _), _)| *name)
    }

    pub fn has(self, day: Weekday) -> bool {
        DAYS.iter().zip(self.0).any(|((_, known), is_in)| is_in && *known == day)
    }
}

/// Reads `HH:MM` or `HH:MM:SS`. None: neither.
pub fn time_of_day(text: &str) -> Option<Time> {
    let mut numbers = [0i8; 3];
    let parts: Vec<&str> = text.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    for (number, part) in numbers.iter_mut().zip(parts) {
        let is_plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = part.parse().ok().filter(|_| is_plain)?;
    }
    Time::new(numbers[0], numbers[1], numbers[2], 0).ok()
}

#[cfg(test)]
mod tests;
