//! The very first start, cut short: whatever of the beginning has reached the journal, the next
//! start finishes it and offers every configured instrument.

use std::convert::Infallible;
use std::path::Path;

use journal::{Journal, Kind, Options, Reader};

use crate::server::{Durability, Server};

/// A command record as any journal could hold it.
struct Record {
    kind: u8,
    version: u8,
    sequence: u64,
    time_ns: u64,
    payload: Vec<u8>,
}

#[test]
fn a_beginning_that_was_cut_short_is_finished_by_the_next_start() {
    let whole = tempfile::tempdir().unwrap();
    let server = Server::start(whole.path(), Durability::Journaled);
    let symbols = server.get("/api/v1/symbols");
    assert!(server.stop().success(), "SIGTERM ends it with status 0");
    let beginning = commands_of(&whole.path().join("data"));
    assert!(beginning.len() > 1, "a beginning has a genesis and instruments");
    for count in 0..beginning.len() {
        let home = tempfile::tempdir().unwrap();
        write(&home.path().join("data"), &beginning[..count]);
        let server = Server::start(home.path(), Durability::Journaled);
        assert_eq!(server.get("/api/v1/symbols"), symbols, "after {count} commands");
        assert_eq!(server.sequence(), beginning.len() as u64, "after {count} commands");
    }
}

fn commands_of(data: &Path) -> Vec<Record> {
    let mut records = Reader::open(data).unwrap().records_from(1).unwrap();
    let mut commands = Vec::new();
    while let Some(record) = records.next().unwrap() {
        if let Kind::Command(kind) = record.kind {
            commands.push(Record {
                kind,
                version: record.version,
                sequence: record.sequence,
                time_ns: record.time_ns,
                payload: record.payload.to_vec(),
            });
        }
    }
    commands
}

/// And then nothing more, as after a kill.
fn write(data: &Path, records: &[Record]) {
    let options = Options { segment_bytes: 1 << 20, ..Options::default() };
    let (mut writer, _) = Journal::open(data, &options, |_| Ok::<_, Infallible>(())).unwrap();
    for Record { kind, version, sequence, time_ns, payload } in records {
        writer.append(*kind, *version, *sequence, *time_ns, payload).unwrap();
    }
}
