//! Disks and directories that are not as they should be, and what the real program says: each with
//! its exact line and exit status, and nothing acknowledged is lost. What needs root or another
//! program says so when it is skipped.

mod full;
mod sync;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::binaries;
use crate::server::{Durability, Process, Server};

/// Enough for several segments of a tape.
const ORDERS: u64 = 45_000;

/// A file system that is gone when the test is.
pub(crate) struct Mount {
    at: PathBuf,
}

impl Mount {
    pub(crate) fn new(arguments: &[&str], at: &Path) -> Self {
        let path = at.to_str().unwrap();
        assert!(succeeds("mount", &[arguments, &[path]].concat()), "{arguments:?} at {path}");
        Self { at: at.to_owned() }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if !succeeds("umount", &[self.at.to_str().unwrap()]) {
            succeeds("umount", &["--lazy", self.at.to_str().unwrap()]);
        }
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// False: it failed, or is not there.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    let quiet = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The exit status of a start that comes to nothing, and the last line it says.
fn refused(home: &Path) -> (Option<i32>, String) {
    let status = Process::start(home, Durability::Durable).ended();
    (status.code(), last_words(home))
}

fn last_words(home: &Path) -> String {
    let log = fs::read_to_string(home.join("log")).unwrap();
    log.lines().last().unwrap_or_default().to_owned()
}

/// A journal of several segments at `home/data`; their paths.
fn journal_at(home: &Path) -> Vec<PathBuf> {
    fs::create_dir_all(home).unwrap();
    let lines = (0..ORDERS).map(|id| {
        let (side, price) = if id % 2 == 0 { ("buy", 100) } else { ("sell", 200) };
        format!(
            "{{\"op\":\"new\",\"id\":\"{id}\",\"side\":\"{side}\",\"type\":\"limit\",\
             \"price\":\"{price}\",\"quantity\":\"1\"}}\n"
        )
    });
    fs::write(home.join("tape"), lines.collect::<String>()).unwrap();
    let mut tool = binaries::orison_replay();
    tool.args(["tape", "--journal", "data"]).current_dir(home);
    tool.stdin(fs::File::open(home.join("tape")).unwrap()).stdout(Stdio::null());
    assert!(tool.status().unwrap().success());
    let paths = fs::read_dir(home.join("data")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some()).collect();
    paths.sort();
    paths
}

fn hex(identity: [u8; 16]) -> String {
    identity.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts a directory into disorder and says what a start will answer; and how it was before.
struct Row {
    what: &'static str,
    harm: fn(&[PathBuf], &[PathBuf]),
    says: fn(&[String], &[String; 2]) -> String,
}

const ROWS: [Row; 5] = [
    Row {
        what: "a missing segment",
        harm: |segments, _| fs::remove_file(&segments[1]).unwrap(),
        says: |names, _| {
            format!(
                "segment data/{}: epoch 3 where 2 is due; a segment is missing or misplaced",
                names[2]
            )
        },
    },
    Row {
        what: "swapped segments",
        harm: |segments, _| {
            let aside = segments[0].with_extension("aside");
            fs::rename(&segments[1], &aside).unwrap();
            fs::rename(&segments[2], &segments[1]).unwrap();
            fs::rename(aside, &segments[2]).unwrap();
        },
        says: |names, _| {
            let base = names[2].trim_start_matches('0').trim_end_matches(".seg");
            format!("segment data/{}: its header says base sequence {base}", names[1])
        },
    },
    Row {
        what: "a segment of another journal",
        harm: |segments, others| {
            fs::copy(&others[1], &segments[1]).unwrap();
        },
        says: |names, [ours, theirs]| {
            format!("segment data/{}: belongs to journal {theirs}, not to {ours}", names[1])
        },
    },
    Row {
        what: "a segment cut short",
        harm: |segments, _| {
            let file = fs::File::options().write(true).open(&segments[0]).unwrap();
            file.set_len(1000).unwrap();
        },
        says: |names, _| format!("segment data/{}: the file is shorter than a header", names[0]),
    },
    Row {
        what: "a directory that is a file",
        harm: |segments, _| {
            let data = segments[0].parent().unwrap();
            fs::remove_dir_all(data).unwrap();
            fs::write(data, b"").unwrap();
        },
        says: |_, _| "create data: File exists (os error 17)".into(),
    },
];

#[test]
fn a_journal_in_disorder_is_refused_with_its_reason_and_put_right_it_is_whole() {
    let homes = tempfile::tempdir().unwrap();
    let [home, other] = ["home", "other"].map(|name| homes.path().join(name));
    let (segments, others) = (journal_at(&home), journal_at(&other));
    let data = home.join("data");
    let names: Vec<_> =
        segments.iter().map(|p| p.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let identities = [&data, &other.join("data")]
        .map(|data| hex(journal::Reader::open(data).unwrap().identity()));
    let aside = home.join("aside");
    copy(&data, &aside);
    for Row { what, harm, says } in ROWS {
        harm(&segments, &others);
        let said = refused(&home);
        let expected = format!("orison: recovery: {}", says(&names, &identities));
        assert_eq!(said, (Some(1), expected), "{what}");
        fs::remove_dir_all(&data).or_else(|_| fs::remove_file(&data)).unwrap();
        copy(&aside, &data);
    }
    let server = Server::start(&home, Durability::Durable);
    assert!(server.recovered_sequence >= ORDERS, "nothing was lost");
    let second = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(&data, second.path().join("data")).unwrap();
    let pid = fs::read_to_string(data.join("LOCK")).unwrap();
    let expected =
        format!("orison: recovery: the journal data is in use by process {}", pid.trim());
    assert_eq!(refused(second.path()), (Some(1), expected), "a second process");
    fs::remove_file(data.join("LOCK")).unwrap();
    let expected = "orison: recovery: the journal data is in use by a process that no LOCK file \
                    names any more";
    let said = refused(second.path());
    assert_eq!(said, (Some(1), expected.to_owned()), "a second process, and the LOCK file gone");
    assert!(server.stop().success(), "the first one does not mind");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
