//! What falls due, by rows; time is a number.

use super::*;
use crate::schedule::timetable::{Days, Slot, time_of_day, zone};

const MINUTE: u64 = 60 * 1_000_000_000;
/// Monday 16 November 2026, 00:00 in London and in Greenwich.
const MONDAY: u64 = 1_794_787_200 * 1_000_000_000;

fn at(text: &str) -> u64 {
    let (hour, minute) = text.split_once(':').unwrap();
    MONDAY + (hour.parse::<u64>().unwrap() * 60 + minute.parse::<u64>().unwrap()) * MINUTE
}

fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

fn table(symbols: &str, slots: &str) -> Timetable {
    let symbols = match symbols {
        "*" => Symbols::Others,
        names => Symbols::These(names.split(' ').map(symbol).collect()),
    };
    let slot = |text: &str| {
        let (time, action) = text.split_once(' ').unwrap();
        Slot { time: time_of_day(time).unwrap(), action: Action::of(action).unwrap() }
    };
    let slots = slots.split(", ").map(slot).collect();
    Timetable::new(symbols, zone("Europe/London").unwrap(), Days::ALL, slots)
}

const DAY: &str = "08:00 auction, 08:10 open, 16:30 auction, 16:35 uncross, 16:36 close, \
                   16:40 end_of_day";

fn standing(number: u16, name: &str, status: Status, status_set_ns: Option<u64>) -> Standing {
    Standing { instrument: InstrumentId(number), symbol: symbol(name), status, status_set_ns }
}

/// What is due, as `number action` in order.
fn taken(agenda: &mut Agenda) -> Vec<String> {
    let mut shown = Vec::new();
    while let Some(due) = agenda.first() {
        shown.push(format!("{} {}", due.instrument.0, due.action.word()));
        agenda.strike();
    }
    shown
}

#[test]
fn a_start_brings_the_status_of_now_unless_it_stands() {
    use Status::{Auction, Closed, Halted, Open};
    type Row = (&'static str, Status, Option<&'static str>, Option<&'static str>, Steps);
    type Steps = &'static [&'static str];
    let rows: [Row; 13] = [
        // Never ran before: only the status counts.
        ("07:00", Open, None, None, &["1 close"]),
        ("08:05", Open, None, None, &["1 auction"]),
        ("12:00", Open, None, None, &[]),
        ("16:35", Auction, None, None, &["1 open"]),
        ("23:00", Open, None, None, &["1 close"]),
        // Ran until noon: what an operator did after the schedule's word stands.
        ("12:30", Halted, Some("11:00"), Some("12:00"), &[]),
        ("12:30", Halted, Some("08:05"), Some("12:00"), &["1 open"]),
        ("16:32", Halted, Some("11:00"), Some("12:00"), &["1 auction"]),
        // A day's end in between is made up for, in its place.
        ("17:00", Open, Some("08:10"), Some("12:00"), &["1 close", "1 end_of_day"]),
        ("17:00", Closed, Some("16:36"), Some("16:38"), &["1 end_of_day"]),
        // The moment itself is not in between: then it was sent.
        ("17:00", Closed, Some("16:36"), Some("16:40"), &[]),
        ("17:00", Closed, Some("16:36"), Some("16:50"), &[]),
        ("31:00", Closed, Some("16:36"), Some("16:50"), &[]),
    ];
    for (now, status, set, last, expected) in rows {
        let instruments = [standing(1, "X", status, set.map(at))];
        let tables = vec![table("X", DAY)];
        let mut agenda = Agenda::start(tables, &instruments, last.map(at), at(now));
        assert_eq!(taken(&mut agenda), expected, "{now} {status:?} {set:?} {last:?}");
    }
}

#[test]
fn each_action_falls_due_once_and_in_order() {
    let instruments = [(InstrumentId(1), symbol("X")), (InstrumentId(2), symbol("Y"))];
    let standings =
        [standing(1, "X", Status::Closed, None), standing(2, "Y", Status::Closed, None)];
    let mut agenda = Agenda::start(vec![table("*", DAY)], &standings, None, at("07:00"));
    let rows: [(&str, &[&str], &str); 10] = [
        ("07:30", &[], "08:00"),
        ("08:00", &["1 auction", "2 auction"], "08:10"),
        ("08:00", &[], "08:10"),
        ("07:00", &[], "08:10"),
        ("08:10", &["1 open", "2 open"], "16:30"),
        ("16:30", &["1 auction", "2 auction"], "16:35"),
        ("16:35", &["1 uncross", "2 uncross"], "16:36"),
        ("16:36", &["1 close", "2 close"], "16:40"),
        // Asleep over the night: what still matters.
        ("32:20", &["1 end_of_day", "2 end_of_day", "1 open", "2 open"], "40:30"),
        ("32:20", &[], "40:30"),
    ];
    for (now, expected, next) in rows {
        agenda.look(&instruments, at(now));
        assert_eq!(taken(&mut agenda), expected, "{now}");
        assert_eq!(agenda.next_ns(), Some(at(next)), "{now}");
    }
}

#[test]
fn every_other_instrument_is_one_that_no_timetable_names() {
    let tables = vec![
        table("X", "09:00 open"),
        table("*", "09:00 auction"),
        table("Y Z", "09:00 halt"),
        table("X", "09:30 close"),
    ];
    let instruments: Vec<_> = ["W", "X", "Y", "NEW"].into_iter().zip(1..).collect();
    let named = |&(name, number): &(&str, u16)| (InstrumentId(number), symbol(name));
    let instruments: Vec<_> = instruments.iter().map(named).collect();
    let mut agenda = Agenda::start(tables, &[], None, at("08:59"));
    agenda.look(&instruments, at("09:00"));
    assert_eq!(taken(&mut agenda), ["1 auction", "2 open", "3 halt", "4 auction"]);
    agenda.look(&instruments, at("09:30"));
    assert_eq!(taken(&mut agenda), ["2 close"]);
    assert_eq!(agenda.next_ns(), Some(at("33:00")));
    assert_eq!(Agenda::start(Vec::new(), &[], None, at("08:00")).next_ns(), None);
}
