//! One running `orison` on free ports and a directory that goes away. It is started, asked over
//! its own wires, stopped politely or killed; nothing of it outlives the test.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::binaries;
use crate::http::Client;

/// A start that takes longer is stuck; no test is judged by speed.
pub(crate) const STUCK: Duration = Duration::from_secs(120);

/// So few that a server which is killed again and again is killed while it writes one, too.
const SNAPSHOT_COMMANDS: &str = "300";

/// Listeners that have a fixed port unless told otherwise, and that no test here needs.
const OTHERS_OFF: [&str; 8] = ["--admin", "off", "--ouch", "off", "--fix", "off", "--itch", "off"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Durability {
    Journaled,
    Durable,
}

impl Durability {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Journaled => "journaled",
            Self::Durable => "durable",
        }
    }
}

pub(crate) struct Server {
    process: Process,
    pub(crate) rest: SocketAddr,
    pub(crate) ws: SocketAddr,
    pub(crate) stomp: SocketAddr,
    /// `sequence` of the `recovered` line; 0: there was nothing to recover.
    pub(crate) recovered_sequence: u64,
    log: PathBuf,
}

/// The child and the lines it prints; dropped, it is killed.
pub(crate) struct Process {
    child: RefCell<Child>,
    lines: Receiver<String>,
}

impl Server {
    /// The journal goes to `home/data`, what it logs to `home/log`.
    pub(crate) fn start(home: &Path, durability: Durability) -> Self {
        Self::start_under(&[], home, durability)
    }

    /// As `start`; `wrapper` is a program and its arguments that become the server.
    pub(crate) fn start_under(wrapper: &[&str], home: &Path, durability: Durability) -> Self {
        let process = Process::start_under(wrapper, home, durability);
        Self::of(process, home).unwrap_or_else(|| {
            let log = std::fs::read_to_string(home.join("log")).unwrap_or_default();
            panic!("orison ended while starting and logged:\n{log}");
        })
    }

    /// Once it listens; None: it has ended before.
    pub(crate) fn of(process: Process, home: &Path) -> Option<Self> {
        let (mut rest, mut ws, mut stomp, mut recovered_sequence) = (None, None, None, 0);
        while rest.is_none() || ws.is_none() || stomp.is_none() {
            let line = process.line()?;
            let mut words = line.split_whitespace();
            match (words.next(), words.next(), words.next()) {
                (Some("listening"), Some("rest"), Some(url)) => rest = Some(address(url)),
                (Some("listening"), Some("ws"), Some(url)) => ws = Some(address(url)),
                (Some("listening"), Some("stomp"), Some(url)) => stomp = Some(address(url)),
                (Some("recovered"), Some(sequence), _) => {
                    recovered_sequence = sequence
                        .strip_prefix("sequence=")
                        .and_then(|sequence| sequence.parse().ok())
                        .unwrap_or_else(|| panic!("no sequence in {line:?}"));
                }
                _ => {}
            }
        }
        let all = "the loop ends when all are there";
        let log = home.join("log");
        let (rest, ws, stomp) = (rest.expect(all), ws.expect(all), stomp.expect(all));
        Some(Self { process, rest, ws, stomp, recovered_sequence, log })
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.rest).expect("a listening server accepts")
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.client().get(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.json());
        answer.json()
    }

    /// The sequence of the last command that the whole world may see.
    pub(crate) fn sequence(&self) -> u64 {
        let health = self.get("/health");
        health["sequence"].as_u64().unwrap_or_else(|| panic!("no sequence in {health}"))
    }

    /// For whoever is not answered: whether it still runs, and what it has logged.
    pub(crate) fn story(&self) -> String {
        let status = match self.process.child.borrow_mut().try_wait() {
            Ok(Some(status)) => format!("ended with {status}"),
            Ok(None) => "runs".into(),
            Err(error) => error.to_string(),
        };
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        format!("orison {status} and logged:\n{log}")
    }

    /// As a crash does: without a word.
    pub(crate) fn kill(self) {
        drop(self.process);
    }

    /// SIGTERM; it finishes what it has and goes.
    pub(crate) fn stop(self) -> ExitStatus {
        self.process.stop()
    }

    /// Of a server that ends by itself.
    pub(crate) fn ended(self) -> ExitStatus {
        self.process.ended()
    }
}

/// Of a URL that is printed for people.
fn address(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once("://").unwrap_or_else(|| panic!("{url} is no URL"));
    let host = rest.split('/').next().unwrap_or_default();
    host.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
}

impl Process {
    pub(crate) fn start(home: &Path, durability: Durability) -> Self {
        Self::start_under(&[], home, durability)
    }

    pub(crate) fn start_under(wrapper: &[&str], home: &Path, durability: Durability) -> Self {
        let log = File::options().create(true).append(true).open(home.join("log"));
        let mut command = binaries::orison_under(wrapper);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ORISON_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(["serve", "--data", "data"])
            .args(OTHERS_OFF)
            .args(["--rest", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--stomp", "127.0.0.1:0"])
            .args(["--durability", durability.word(), "--segment-mib", "1"])
            .args(["--snapshot-commands", SNAPSHOT_COMMANDS])
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.expect("a home can be written to"))
            .spawn()
            .expect("orison was built and starts");
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child: RefCell::new(child), lines }
    }

    /// The next line of standard output; None: there is no more.
    pub(crate) fn line(&self) -> Option<String> {
        self.lines.recv_timeout(STUCK).ok()
    }

    pub(crate) fn ended(self) -> ExitStatus {
        self.child.borrow_mut().wait().expect("a child can be waited for")
    }

    fn stop(self) -> ExitStatus {
        let mut child = self.child.borrow_mut();
        let pid = i32::try_from(child.id()).expect("a process id is positive and small");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process id is not zero");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .expect("the child has not been waited for");
        child.wait().expect("a child can be waited for")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        // Already gone is as good as killed.
        child.kill().ok();
        child.wait().ok();
    }
}
