//! What is due: timetables become actions for instruments, each once. Time comes in as an
//! argument, actions come out in order; how they are carried out is not known here.
//!
//! At a start nothing of the past is repeated. An instrument gets the status that its timetables
//! speak of for now, unless it has it, or was given its own after that moment: an operator's halt
//! outlives a restart. A day's end that fell while nothing ran is made up for.

use std::collections::VecDeque;

use orison_core::instrument::Status;
use orison_core::{InstrumentId, Symbol};

use super::timetable::{Action, Occurrence, REACH_NS, Symbols, Timetable};

/// Who finds so much to be overdue has slept: only what still matters of it is done.
const ASLEEP_NS: u64 = 60 * 1_000_000_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    pub at_ns: u64,
    pub instrument: InstrumentId,
    pub action: Action,
}

/// An instrument as the agenda finds it at a start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    pub instrument: InstrumentId,
    pub symbol: Symbol,
    pub status: Status,
    /// None: it has the one that it was created with.
    pub status_set_ns: Option<u64>,
}

pub struct Agenda {
    timetables: Vec<Timetable>,
    /// What falls up to here is in `due` or was taken from it.
    until_ns: u64,
    due: VecDeque<Due>,
}

impl Agenda {
    /// `last_time_ns`: when something was last known to run; None: never before.
    pub fn start(
        timetables: Vec<Timetable>,
        instruments: &[Standing],
        last_time_ns: Option<u64>,
        now_ns: u64,
    ) -> Self {
        let mut agenda = Self { timetables, until_ns: now_ns, due: VecDeque::new() };
        let since_ns = now_ns.saturating_sub(REACH_NS);
        for standing in instruments {
            let past = agenda.occurrences(&standing.symbol, since_ns, now_ns);
            let status = last_status(&past).filter(|(at_ns, status)| {
                let stands = standing.status_set_ns.is_some_and(|set_ns| set_ns >= *at_ns);
                standing.status != *status && !stands
            });
            let status = status.map(|(at_ns, status)| (at_ns, Action::Status(status)));
            let end = last_end(&past).map(|at_ns| (at_ns, Action::EndOfDay));
            let end = end.filter(|(at_ns, _)| last_time_ns.is_some_and(|last| last < *at_ns));
            let instrument = standing.instrument;
            let owed = status.into_iter().chain(end);
            agenda.due.extend(owed.map(|(at_ns, action)| Due { at_ns, instrument, action }));
        }
        agenda.due.make_contiguous().sort_by_key(|due| due.at_ns);
        agenda
    }

    /// Notes what has fallen due until now. A clock that was put back brings nothing again.
    pub fn look(&mut self, instruments: &[(InstrumentId, Symbol)], now_ns: u64) {
        if now_ns <= self.until_ns {
            return;
        }
        let mut fallen = Vec::new();
        for (instrument, symbol) in instruments {
            let mut occurrences = self.occurrences(symbol, self.until_ns, now_ns);
            if now_ns - self.until_ns > ASLEEP_NS {
                let (status, end) = (last_status(&occurrences), last_end(&occurrences));
                occurrences.retain(|occurrence| match occurrence.action {
                    Action::EndOfDay => Some(occurrence.at_ns) == end,
                    Action::Status(_) | Action::Uncross => {
                        Some(occurrence.at_ns) == status.map(|(at_ns, _)| at_ns)
                    }
                });
            }
            let instrument = *instrument;
            fallen.extend(occurrences.into_iter().map(|Occurrence { at_ns, action }| Due {
                at_ns,
                instrument,
                action,
            }));
        }
        fallen.sort_by_key(|due| due.at_ns);
        self.due.extend(fallen);
        self.until_ns = now_ns;
    }

    /// The first that is due and not done.
    pub fn first(&self) -> Option<&Due> {
        self.due.front()
    }

    /// The first is done, or never will be.
    pub fn strike(&mut self) {
        self.due.pop_front();
    }

    /// When something falls due next; None: nothing within the week.
    pub fn next_ns(&self) -> Option<u64> {
        let next = self.timetables.iter().filter_map(|table| table.next(self.until_ns));
        next.map(|occurrence| occurrence.at_ns).min()
    }

    /// Of every timetable that means the instrument, in order.
    fn occurrences(&self, symbol: &Symbol, after_ns: u64, until_ns: u64) -> Vec<Occurrence> {
        let is_named = self.timetables.iter().any(|table| names(table, symbol));
        let means = |table: &&Timetable| match table.symbols {
            Symbols::Others => !is_named,
            Symbols::These(_) => names(table, symbol),
        };
        let mine = self.timetables.iter().filter(means);
        let mut found: Vec<_> =
            mine.flat_map(|table| table.occurrences(after_ns, until_ns)).collect();
        found.sort_by_key(|occurrence| occurrence.at_ns);
        found
    }
}

fn names(table: &Timetable, symbol: &Symbol) -> bool {
    match &table.symbols {
        Symbols::Others => false,
        Symbols::These(symbols) => symbols.contains(symbol),
    }
}

fn last_status(occurrences: &[Occurrence]) -> Option<(u64, Status)> {
    let with_status =
        |occurrence: &Occurrence| Some((occurrence.at_ns, occurrence.action.status()?));
    occurrences.iter().rev().find_map(with_status)
}

fn last_end(occurrences: &[Occurrence]) -> Option<u64> {
    let end = occurrences.iter().rev().find(|occurrence| occurrence.action == Action::EndOfDay);
    end.map(|occurrence| occurrence.at_ns)
}

#[cfg(test)]
mod tests;
