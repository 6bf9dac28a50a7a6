//! Journals, 64 bytes a record: appended without a sync, and in batches of 64 of which each is on
//! the device before the next begins.

use std::path::Path;
use std::time::Instant;

use benches::arguments::Common;
use benches::report::{Report, interleaved};
use commitlog::{CommitLog, LogOptions};
use journal::{Durability, Journal, Options, Wake, Writer};
use okaywal::{Entry, EntryId, LogManager, SegmentReader, WriteAheadLog};
use protobuf::well_known_types::BytesValue;
use raft_engine::{Config, Engine, LogBatch, MessageExt};

const RECORD: [u8; 64] = [7; 64];
const BATCH: u64 = 64;
/// Any kind of command that the journal knows nothing about.
const KIND: u8 = 0x20;

pub(super) fn compare(common: &Common, report: &mut Report) {
    let records = common.pick(20_000, 1_000_000);
    let names = ["ours, journaled", "commitlog", "raft-engine, a record a write"];
    let rows = interleaved(common.runs(), &names, |row| {
        let directory = tempfile::tempdir().expect("a directory of our own");
        match row {
            0 => ours(directory.path(), Durability::Journaled, records),
            1 => commitlog(directory.path(), records, Sync::Never),
            _ => raft_engine(directory.path(), records, 1, Sync::Never),
        }
    });
    report.table("journals without a sync, ns a record", &rows);
    let records = common.pick(640, 64_000);
    let names = ["ours, durable", "okaywal", "raft-engine", "commitlog, flushed"];
    let rows = interleaved(common.runs(), &names, |row| {
        let directory = tempfile::tempdir().expect("a directory of our own");
        match row {
            0 => ours(directory.path(), Durability::Durable, records),
            1 => okaywal(directory.path(), records),
            2 => raft_engine(directory.path(), records, BATCH, Sync::EachBatch),
            _ => commitlog(directory.path(), records, Sync::EachBatch),
        }
    });
    report.table("journals in synced batches of 64, ns a record", &rows);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sync {
    Never,
    EachBatch,
}

fn per_record(start: Instant, records: u64) -> f64 {
    start.elapsed().as_nanos() as f64 / records as f64
}

fn ours(directory: &Path, durability: Durability, records: u64) -> f64 {
    let options = Options { durability, wake: Wake::Never, ..Options::default() };
    let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
    let opened = Journal::open(directory, &options, visit);
    let mut writer: Writer = opened.expect("a new journal can be opened").0;
    let positions = writer.positions();
    let start = Instant::now();
    for sequence in 1..=records {
        let appended = writer.append(KIND, 1, sequence, sequence, &RECORD);
        appended.expect("the disk has room");
        if durability == Durability::Durable && sequence % BATCH == 0 {
            positions.wait_durable(sequence).expect("the disk works");
        }
    }
    per_record(start, records)
}

fn commitlog(directory: &Path, records: u64, sync: Sync) -> f64 {
    let options = LogOptions::new(directory.join("log"));
    let mut log = CommitLog::new(options).expect("a new log");
    let start = Instant::now();
    for record in 1..=records {
        log.append_msg(RECORD).expect("the disk has room");
        if sync == Sync::EachBatch && record % BATCH == 0 {
            log.flush().expect("the disk works");
        }
    }
    per_record(start, records)
}

/// Recovers and keeps nothing.
#[derive(Debug)]
struct Forgetful;

impl LogManager for Forgetful {
    fn recover(&mut self, _entry: &mut Entry<'_>) -> std::io::Result<()> {
        Ok(())
    }

    fn checkpoint_to(
        &mut self,
        _last: EntryId,
        _entries: &mut SegmentReader,
        _log: &WriteAheadLog,
    ) -> std::io::Result<()> {
        Ok(())
    }
}

fn okaywal(directory: &Path, records: u64) -> f64 {
    let log = WriteAheadLog::recover(directory, Forgetful).expect("a new log");
    let start = Instant::now();
    for _ in 0..records / BATCH {
        let mut entry = log.begin_entry().expect("nobody else writes");
        for _ in 0..BATCH {
            entry.write_chunk(&RECORD).expect("the disk has room");
        }
        entry.commit().expect("the disk works");
    }
    let taken = per_record(start, records);
    log.shutdown().expect("it ends in order");
    taken
}

/// An entry whose first eight bytes are its index.
struct Indexed;

impl MessageExt for Indexed {
    type Entry = BytesValue;

    fn index(entry: &BytesValue) -> u64 {
        let first = entry.value.first_chunk().expect("eight bytes at least");
        u64::from_le_bytes(*first)
    }
}

fn raft_engine(directory: &Path, records: u64, batch: u64, sync: Sync) -> f64 {
    let dir = directory.to_str().expect("a plain path").to_owned();
    let engine = Engine::open(Config { dir, ..Config::default() }).expect("a new log");
    let mut entries = vec![BytesValue::new(); batch as usize];
    entries.iter_mut().for_each(|entry| entry.value = RECORD.to_vec());
    let mut write = LogBatch::default();
    let start = Instant::now();
    for first in (1..=records).step_by(batch as usize) {
        for (index, entry) in (first..).zip(&mut entries) {
            entry.value[..8].copy_from_slice(&index.to_le_bytes());
        }
        write.add_entries::<Indexed>(1, &entries).expect("small entries");
        engine.write(&mut write, sync == Sync::EachBatch).expect("the disk works");
    }
    per_record(start, records)
}
