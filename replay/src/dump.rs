//! A journal as JSON lines in sequence order: each command, then the events that replay derives
//! from it, then the checkpoint about it if there is one. The same journal gives the same bytes.

use std::io::Write;
use std::ops::RangeInclusive;
use std::path::Path;

use engine::Views;
use engine::projection::Catalog;
use journal::{Checkpoint, Kind, ReadError, Reader};
use orison_core::{Command, Event, ExecutionId, OrderId, Stamp};
use thiserror::Error;

use crate::form::command::CommandForm;
use crate::form::event::{EventForm, Naming};
use crate::json::Object;
use crate::past::{Effect, Past, PastError, Played, Until};
use crate::verify::SMALL_VIEWS;

#[derive(Debug, Error)]
pub enum DumpError {
    #[error(transparent)]
    Past(#[from] PastError),
    #[error("sequence {asked} is pruned: the first that can be had is {first}")]
    Pruned { asked: u64, first: u64 },
    #[error("sequence {sequence}: {source}")]
    Checkpoint { sequence: u64, source: journal::Damage },
    #[error("writing: {0}")]
    Write(#[from] std::io::Error),
}

impl From<ReadError> for DumpError {
    fn from(error: ReadError) -> Self {
        Self::Past(error.into())
    }
}

/// Writes the commands of `range`, which ends where the journal does; `progress` gets each
/// sequence passed.
pub fn dump(
    directory: &Path,
    range: RangeInclusive<u64>,
    mut out: impl Write,
    mut progress: impl FnMut(u64),
) -> Result<(), DumpError> {
    let reader = Reader::open(directory)?;
    let mut checkpoints = checkpoints(&reader)?.into_iter().peekable();
    let mut past = match reader.first_sequence() {
        1 => Past::of(&reader, SMALL_VIEWS)?,
        _ => Past::open(directory, SMALL_VIEWS)?,
    };
    let (asked, first) = (*range.start(), past.begun_after() + 1);
    if asked.max(1) < first {
        return Err(DumpError::Pruned { asked, first });
    }
    let mut lines = Vec::new();
    while let Some(played) = past.step(Until::Sequence(*range.end()))? {
        let sequence = played.stamp.sequence.0;
        progress(sequence);
        lines.clear();
        let is_asked = range.contains(&sequence);
        if is_asked {
            put_played(&mut lines, &past, &played, Naming::Engine);
        }
        while let Some(checkpoint) = checkpoints.next_if(|next| next.about <= sequence) {
            if is_asked {
                put_checkpoint(&mut lines, &checkpoint);
            }
        }
        out.write_all(&lines)?;
    }
    let last = past.player().at().sequence.0;
    if asked > last.max(1) {
        return Err(PastError::NotReached { last, asked }.into());
    }
    Ok(out.flush()?)
}

/// In the order of what they are about; they stand later in the journal than that.
fn checkpoints(reader: &Reader) -> Result<Vec<Checkpoint>, DumpError> {
    let mut records = reader.records_from(0)?;
    let mut found = Vec::new();
    while let Some(record) = records.next()? {
        if record.kind == Kind::Checkpoint {
            let sequence = record.sequence;
            let decoded = Checkpoint::decode(record.payload)
                .map_err(|source| DumpError::Checkpoint { sequence, source })?;
            found.push(decoded);
        }
    }
    found.sort_by_key(|checkpoint| checkpoint.about);
    Ok(found)
}

/// A command as its line shows it, without what only its events know.
pub fn command_text(views: &Views, stamp: Stamp, command: &Command) -> String {
    let mut text = Vec::new();
    let mut object = Object::open(&mut text);
    let form = CommandForm { catalog: &views.catalog, orders: &views.orders };
    form.put(&mut object, stamp, command, &[]);
    object.close();
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// The last step of `past`: the command's line, then those of its events that have a form.
pub(crate) fn put_played(out: &mut Vec<u8>, past: &Past, played: &Played, naming: Naming<'_>) {
    let views = &past.player().views;
    put_command(out, views, played, past.events());
    put_events(out, &views.catalog, played, past.events(), naming, |_| true);
}

pub(crate) fn put_command(out: &mut Vec<u8>, views: &Views, played: &Played, events: &[Event]) {
    let mut line = Object::open(out);
    put_head(&mut line, views, played, events);
    line.close_line();
}

/// Sequence and time, whether it is void, and the command.
pub(crate) fn put_head(line: &mut Object<'_>, views: &Views, played: &Played, events: &[Event]) {
    line.bare("sequence", played.stamp.sequence).bare("ts", played.stamp.time_ns);
    match played.effect {
        Effect::Decided => {}
        Effect::Void => {
            line.bare("void", true);
        }
    }
    let mut object = line.object("command");
    CommandForm { catalog: &views.catalog, orders: &views.orders }.put(
        &mut object,
        played.stamp,
        &played.command,
        events,
    );
    object.close();
}

/// Those of `events` that have a form and that the caller wants.
pub(crate) fn put_events(
    out: &mut Vec<u8>,
    catalog: &Catalog,
    played: &Played,
    events: &[Event],
    naming: Naming<'_>,
    is_wanted: impl Fn(&Event) -> bool,
) {
    let form = EventForm { catalog, naming };
    let sequence = played.stamp.sequence;
    let mut index = 0;
    for event in events {
        let mut execution = None;
        if let Event::Trade(_) = event {
            execution = Some(ExecutionId { sequence, index });
            index += 1;
        }
        if EventForm::shows(event) && is_wanted(event) {
            let mut line = Object::open(out);
            line.bare("sequence", sequence);
            let mut object = line.object("event");
            form.put(&mut object, event, execution);
            object.close();
            line.close_line();
        }
    }
}

fn put_checkpoint(out: &mut Vec<u8>, checkpoint: &Checkpoint) {
    let mut line = Object::open(out);
    line.bare("sequence", checkpoint.about);
    let mut object = line.object("checkpoint");
    object.hex("state", &checkpoint.state).hex("events", &checkpoint.events);
    object.hex("chain", &checkpoint.chain);
    object.close();
    line.close_line();
}

/// Does the event speak of that order?
pub(crate) fn mentions(event: &Event, order: OrderId) -> bool {
    match event {
        Event::Accepted(accepted) => accepted.order == order,
        Event::Rejected(rejected) => rejected.order == order,
        Event::Trade(trade) => trade.maker == order || trade.taker == order,
        Event::Rested(rested) => rested.order == order,
        Event::Cancelled(cancelled) => cancelled.order == order,
        Event::Amended(amended) => amended.order == order,
        Event::Conditions(said) => said.order == order || said.partner == order,
        Event::Waiting(waiting) => waiting.order == order,
        Event::Triggered(triggered) => triggered.order == order,
        Event::Refreshed(refreshed) => refreshed.order == order,
        Event::Decremented(both) => both.maker == order || both.taker == order,
        Event::Level(_)
        | Event::Auction(_)
        | Event::Status(_)
        | Event::Balance(_)
        | Event::AssetOpened(_)
        | Event::Instrument(_)
        | Event::Bounds(_)
        | Event::AccountOpened(_)
        | Event::Account(_)
        | Event::Prayed(_)
        | Event::Ticker(_)
        | Event::Liquidation(_)
        | Event::ExternalTrade(_)
        | Event::ExternalDepth(_)
        | Event::ExternalLevel(_)
        | Event::Done => false,
    }
}
