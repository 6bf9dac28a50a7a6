//! The journal told on, from any command to the last one and further as it grows: each command
//! with its events, as JSON. It reads files only, so whoever listens slowly holds up nobody. The
//! events that only repeat their command (settings, openings, foreign markets) are not told again.

use std::path::Path;

use orison_core::{Event, ExecutionId};

use crate::dump::put_head;
use crate::form::event::{EventForm, Naming};
use crate::form::place;
use crate::json::Object;
use crate::past::{Past, PastError, Played, Until};
use crate::player::Depth;
use crate::verify::SMALL_VIEWS;

/// Of one message; a command with more is told in parts.
pub const EVENTS_MAX: usize = 1_000;

pub struct Teller {
    past: Past,
}

impl Teller {
    /// Before the command `from`, at the earliest before the first one. What lies behind is not
    /// looked at. `progress` gets each sequence passed.
    pub fn open(
        directory: &Path,
        from: u64,
        mut progress: impl FnMut(u64),
    ) -> Result<Self, PastError> {
        let before = from.saturating_sub(1);
        let before_it = Until::Sequence(before);
        let mut past = Past::near(directory, SMALL_VIEWS, before_it, Depth::Views)?;
        while past.player().at().sequence.0 < before {
            let Some(played) = past.follow()? else {
                let last = past.player().at().sequence.0;
                return Err(PastError::NotReached { last, asked: from });
            };
            progress(played.stamp.sequence.0);
        }
        Ok(Self { past })
    }

    /// The last command that was told.
    pub fn at(&self) -> u64 {
        self.past.player().at().sequence.0
    }

    /// Tells the next command, if it is not beyond `last`: each message is shown to `say`. False:
    /// there is nothing to tell yet.
    pub fn tell(&mut self, last: u64, mut say: impl FnMut(String)) -> Result<bool, PastError> {
        if self.at() >= last {
            return Ok(false);
        }
        let Some(played) = self.past.follow()? else { return Ok(false) };
        let mut trades = 0;
        let told: Vec<_> = self
            .past
            .events()
            .iter()
            .map(|event| {
                let mut execution = None;
                if let Event::Trade(_) = event {
                    execution =
                        Some(ExecutionId { sequence: played.stamp.sequence, index: trades });
                    trades += 1;
                }
                (event, execution)
            })
            .filter(|(event, _)| EventForm::shows(event) || place::shows(event))
            .collect();
        let parts = told.len().div_ceil(EVENTS_MAX).max(1);
        let mut parts_told = told.chunks(EVENTS_MAX);
        for part in 0..parts {
            let events = parts_told.next().unwrap_or_default();
            say(self.message(&played, (part, parts), events));
        }
        Ok(true)
    }

    fn message(
        &self,
        played: &Played,
        (part, parts): (usize, usize),
        events: &[(&Event, Option<ExecutionId>)],
    ) -> String {
        let views = &self.past.player().views;
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        match part {
            0 => put_head(&mut object, views, played, self.past.events()),
            part => {
                object.bare("sequence", played.stamp.sequence).bare("ts", played.stamp.time_ns);
                object.bare("part", part);
            }
        }
        let form = EventForm { catalog: &views.catalog, naming: Naming::Engine };
        let mut list = object.list("events");
        for (event, execution) in events {
            let mut item = list.item();
            if !place::put(&mut item, &views.catalog, event) {
                form.put(&mut item, event, *execution);
            }
            item.close();
        }
        list.close();
        if part + 1 < parts {
            object.bare("more", true);
        }
        object.close();
        String::from_utf8(out).expect("JSON is UTF-8")
    }
}
