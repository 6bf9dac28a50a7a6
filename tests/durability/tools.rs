//! The tools that tend a journal, killed while they do: snapshots, pruning, archives. What they
//! leave must hinder nobody.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use journal::{Files, Reader};

use crate::binaries;
use crate::stream::Dice;

/// Longer than any of them takes for a short journal, and for that of a long run.
const MICROSECONDS: [u64; 2] = [60_000, 1_000_000];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Beside {
    Server,
    Nobody,
}

/// At a random moment; it may have finished before. How many segments it has removed.
pub(super) fn kill_one(home: &Path, beside: Beside, dice: &mut Dice) -> usize {
    let tool = match (dice.below(4), beside) {
        // The server writes snapshots of its own.
        (0, Beside::Nobody) => tool(home, &["snapshot", "data"]),
        // So that there is something to prune again.
        (1, Beside::Nobody) => tool(home, &["restore", "data", "archive"]),
        (0 | 1, _) => tool(home, &["archive", "data", "archive"]),
        _ => {
            // Pruned is only what can be brought back.
            succeeds(tool(home, &["archive", "data", "archive"]));
            tool(home, &["prune", "data", "--yes"])
        }
    };
    let before = segments(home);
    let mut tool = tool;
    let mut child = tool.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // No synchronisation: the moment is random on purpose.
    let longest = MICROSECONDS[usize::from(dice.one_in(3))];
    thread::sleep(Duration::from_micros(dice.below(longest)));
    // Already gone is as good as killed.
    child.kill().ok();
    child.wait().unwrap();
    removed_since(&before)
}

/// To its end. How many segments it has removed.
pub(super) fn prune(home: &Path) -> usize {
    let before = segments(home);
    succeeds(tool(home, &["archive", "data", "archive"]));
    succeeds(tool(home, &["prune", "data", "--yes"]));
    removed_since(&before)
}

fn segments(home: &Path) -> Vec<PathBuf> {
    Files::of(&home.join("data")).unwrap().segments
}

fn removed_since(before: &[PathBuf]) -> usize {
    before.iter().filter(|path| !path.exists()).count()
}

/// From the archive, so that the whole journal can be judged.
pub(super) fn bring_back_what_was_pruned(home: &Path) {
    let first = Reader::open(&home.join("data")).unwrap().first_sequence();
    if first > 1 {
        println!("pruned up to sequence {first}");
        succeeds(tool(home, &["restore", "data", "archive"]));
    }
}

pub(super) fn tool(home: &Path, arguments: &[&str]) -> Command {
    let mut command = binaries::orison_replay();
    command.args(arguments).current_dir(home);
    command
}

pub(super) fn succeeds(mut tool: Command) {
    let output = tool.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool:?}: {}\n{complaint}", output.status);
}
