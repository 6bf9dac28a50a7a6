//! A process that listens, started for a bench on ports and a directory of its own, killed when
//! dropped: the real program, or this bench itself as the plainest server of its kind.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::cores::{self, Seat};

/// Sessions that it is told to allow: the benches open more than its default.
const SESSIONS_MAX: &str = "100000";

pub struct Server {
    child: Child,
    /// Name and address of each listener, as it said.
    listening: Vec<(String, SocketAddr)>,
    _data: Option<TempDir>,
}

impl Server {
    /// `journaled`, with these of its listeners on; the rest is off.
    #[must_use]
    pub fn start(path: &Path, listeners: &[&str]) -> Self {
        let data = tempfile::tempdir().expect("a directory of our own");
        let mut command = Command::new(path);
        command.args(["serve", "--durability", "journaled", "--log", "error"]);
        command.args(["--sessions-max", SESSIONS_MAX, "--data"]).arg(data.path().join("data"));
        for name in ["rest", "ws", "stomp", "admin"] {
            let address = if listeners.contains(&name) { "127.0.0.1:0" } else { "off" };
            command.args([&format!("--{name}"), address]);
        }
        Self::spawn(command, listeners.len(), Some(data))
    }

    /// The same on a core of its own; the calling thread is on the other one from here on.
    #[must_use]
    pub fn start_apart(path: &Path, listeners: &[&str]) -> Self {
        apart(|| Self::start(path, listeners))
    }

    /// This very program with other words, on a core of its own; it has one listener.
    #[must_use]
    pub fn of_ours_apart(words: &[&str]) -> Self {
        let program = std::env::current_exe().expect("a running program has a path");
        let mut command = Command::new(program);
        command.args(words);
        apart(|| Self::spawn(command, 1, None))
    }

    fn spawn(mut command: Command, listeners: usize, data: Option<TempDir>) -> Self {
        let spawned = command.stdout(Stdio::piped()).spawn();
        let path = PathBuf::from(command.get_program());
        let mut child = spawned
            .unwrap_or_else(|error| panic!("{}: {error}: cargo build --release", path.display()));
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let mut listening = Vec::new();
        while listening.len() < listeners {
            let line = lines.next().expect("it listens before it ends").expect("a line of text");
            let Some((name, url)) = line.strip_prefix("listening ").and_then(|l| l.split_once(' '))
            else {
                continue;
            };
            let address = url.split('/').nth(2).and_then(|address| address.parse().ok());
            listening.push((name.to_owned(), address.expect("an address")));
        }
        Self { child, listening, _data: data }
    }

    /// Of a listener that it was started with.
    #[must_use]
    pub fn address(&self, listener: &str) -> SocketAddr {
        let found = self.listening.iter().find(|(name, _)| name == listener);
        found.expect("it was started with this listener").1
    }

    #[must_use]
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the server lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.and_then(|number| number.parse().ok()).expect("a number of KiB")
    }

    /// What its threads have run until now, all together.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        let folder = format!("/proc/{}/task", self.child.id());
        let threads = std::fs::read_dir(folder).expect("the server lives");
        let of_one = |thread: std::io::Result<std::fs::DirEntry>| -> Option<u64> {
            // A thread may end while it is asked.
            let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse().ok()
        };
        Duration::from_nanos(threads.filter_map(of_one).sum())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good as killed.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What starts it inherits the core; then this thread goes to the other one.
fn apart(start: impl FnOnce() -> Server) -> Server {
    cores::pin(Seat::Server);
    let server = start();
    cores::pin(Seat::Load);
    server
}

/// A listener of this program, told to whoever started it.
pub fn say_listening(name: &str, address: SocketAddr) {
    println!("listening {name} http://{address}");
}

/// `orison` of the profile that this bench was built in.
#[must_use]
pub fn beside_us() -> PathBuf {
    let bench = std::env::current_exe().expect("a running program has a path");
    let folder = bench.ancestors().nth(2).expect("benches run from target/PROFILE/deps");
    folder.join("orison")
}
