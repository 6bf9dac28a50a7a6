//! Times of day as moments, at the changes of clocks too.

use super::*;

fn at(text: &str) -> u64 {
    let timestamp: Timestamp = text.parse().unwrap();
    timestamp.as_nanosecond().try_into().unwrap()
}

fn table(zone_name: &str, days: &str, slots: &[(&str, &str)]) -> Timetable {
    let slot = |&(time, word): &(&str, &str)| Slot {
        time: time_of_day(time).unwrap(),
        action: Action::of(word).unwrap(),
    };
    let slots = slots.iter().map(slot).collect();
    Timetable::new(Symbols::Others, zone(zone_name).unwrap(), Days::parse(days).unwrap(), slots)
}

fn shown(table: &Timetable, after: &str, until: &str) -> Vec<String> {
    let occurrences = table.occurrences(at(after), at(until));
    let shown = occurrences.iter().map(|occurrence| {
        let at = Timestamp::from_nanosecond(i128::from(occurrence.at_ns)).unwrap();
        format!("{at} {}", occurrence.action.word())
    });
    shown.collect()
}

#[test]
fn a_time_of_day_is_a_moment_of_its_zone() {
    let new_york = table("America/New_York", "Mon-Fri", &[("09:30", "open"), ("16:00", "close")]);
    let seoul = table("Asia/Seoul", "Mon-Sun", &[("00:00", "end_of_day")]);
    let rows: [(&Timetable, &str, &str, &[&str]); 6] = [
        // Friday 20 November 2026 in winter time, and Thursday 2 July in summer time.
        (
            &new_york,
            "2026-11-20T00:00:00Z",
            "2026-11-21T00:00:00Z",
            &["2026-11-20T14:30:00Z open", "2026-11-20T21:00:00Z close"],
        ),
        (
            &new_york,
            "2026-07-02T13:30:00Z",
            "2026-07-02T20:00:00Z",
            &["2026-07-02T20:00:00Z close"],
        ),
        // From the moment after to the moment itself.
        (
            &new_york,
            "2026-07-02T13:29:59.999999999Z",
            "2026-07-02T13:30:00Z",
            &["2026-07-02T13:30:00Z open"],
        ),
        (&new_york, "2026-11-20T22:00:00Z", "2026-11-23T14:29:59Z", &[]),
        // The local day decides which day of the week it is.
        (
            &seoul,
            "2026-11-20T14:00:00Z",
            "2026-11-21T15:00:00Z",
            &["2026-11-20T15:00:00Z end_of_day", "2026-11-21T15:00:00Z end_of_day"],
        ),
        (&seoul, "2026-11-20T15:00:00Z", "2026-11-20T15:00:00Z", &[]),
    ];
    for (table, after, until, expected) in rows {
        assert_eq!(shown(table, after, until), expected, "{after} to {until}");
    }
}

#[test]
fn a_time_that_a_day_has_not_is_the_moment_of_the_change() {
    // 8 March 2026: 02:00 is followed by 03:00 in New York.
    let slots = [("01:59", "halt"), ("02:00", "auction"), ("02:59:59", "open"), ("03:00", "close")];
    let new_york = table("America/New_York", "Sun", &slots);
    let expected = [
        "2026-03-08T06:59:00Z halt",
        "2026-03-08T07:00:00Z auction",
        "2026-03-08T07:00:00Z open",
        "2026-03-08T07:00:00Z close",
    ];
    assert_eq!(shown(&new_york, "2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z"), expected);
    // 5 September 2026: Chile's clocks go from 24:00 to 01:00, so midnight of the 6th is missing.
    let santiago = table("America/Santiago", "Sun", &[("00:00", "end_of_day"), ("00:30", "open")]);
    let expected = ["2026-09-06T04:00:00Z end_of_day", "2026-09-06T04:00:00Z open"];
    assert_eq!(shown(&santiago, "2026-09-05T00:00:00Z", "2026-09-07T02:59:59Z"), expected);
}

#[test]
fn a_time_that_a_day_has_twice_is_the_first_of_the_two() {
    // 1 November 2026: 01:00 to 02:00 happens twice in New York.
    let slots = [("00:59", "halt"), ("01:00", "auction"), ("01:30", "open"), ("02:00", "close")];
    let new_york = table("America/New_York", "Mon-Sun", &slots);
    let expected = [
        "2026-11-01T04:59:00Z halt",
        "2026-11-01T05:00:00Z auction",
        "2026-11-01T05:30:00Z open",
        "2026-11-01T07:00:00Z close",
    ];
    assert_eq!(shown(&new_york, "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z"), expected);
}

#[test]
fn every_day_of_a_year_has_each_slot_once_and_in_order() {
    for name in ["America/New_York", "Europe/London", "America/Santiago", "Australia/Lord_Howe"] {
        let slots =
            [("00:00", "halt"), ("01:45", "auction"), ("02:15", "open"), ("23:59", "close")];
        let table = table(name, "Mon-Sun", &slots);
        let begin = at("2026-01-01T12:00:00Z");
        let mut words = Vec::new();
        for day in 0..365 {
            let from = begin + day * DAY_NS;
            let day = table.occurrences(from, from + DAY_NS);
            words.extend(day.iter().map(|occurrence| occurrence.action.word()));
        }
        let turn = words.iter().position(|word| *word == "halt").unwrap();
        assert_eq!(words.len(), 4 * 365, "{name}");
        for four in words[turn..].chunks_exact(4) {
            assert_eq!(four, ["halt", "auction", "open", "close"], "{name}");
        }
    }
}

#[test]
fn the_next_moment_is_found_over_days_without_any() {
    let table = table("Europe/Berlin", "Wed", &[("08:00", "open")]);
    let next = |after| table.next(at(after)).unwrap().at_ns;
    assert_eq!(next("2026-11-18T06:59:59Z"), at("2026-11-18T07:00:00Z"));
    assert_eq!(next("2026-11-18T07:00:00Z"), at("2026-11-25T07:00:00Z"));
    assert_eq!(next("2026-03-25T07:00:00Z"), at("2026-04-01T06:00:00Z"));
}

#[test]
fn days_and_times_are_read_or_refused() {
    let days = |text| Days::parse(text).map(|days| days.0.map(u8::from));
    for (text, expected) in [
        ("Mon-Fri", Some([1, 1, 1, 1, 1, 0, 0])),
        ("Sat,Sun", Some([0, 0, 0, 0, 0, 1, 1])),
        ("mon-wed, FRI", Some([1, 1, 1, 0, 1, 0, 0])),
        ("Sun", Some([0, 0, 0, 0, 0, 0, 1])),
        ("Fri-Mon", Some([1, 0, 0, 0, 1, 1, 1])),
        ("", None),
        ("Mon-", None),
        ("Monday", None),
        ("Mon,,Tue", None),
    ] {
        assert_eq!(days(text), expected, "{text}");
    }
    for (text, expected) in [
        ("09:30", Some((9, 30, 0))),
        ("23:59:59", Some((23, 59, 59))),
        ("00:00", Some((0, 0, 0))),
        ("24:00", None),
        ("9:30", None),
        ("09:60", None),
        ("09", None),
        ("09:30:00:00", None),
        ("09:+1", None),
        ("", None),
    ] {
        let read = time_of_day(text).map(|time| (time.hour(), time.minute(), time.second()));
        assert_eq!(read, expected, "{text}");
    }
    assert!(zone("Mars/Olympus").is_none() && zone("Asia/Seoul").is_some());
}
