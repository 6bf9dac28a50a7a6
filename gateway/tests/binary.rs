//! The program itself: what it prints, how it refuses to start, how it ends.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio_tungstenite::tungstenite;

fn orison(directory: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orison"));
    command.current_dir(directory).args(["--segment-mib", "1"]).args(flags);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("ORISON_") {
            command.env_remove(variable);
        }
    }
    command
}

/// A running server; killed if the test forgets it.
struct Server {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Server {
    fn start(directory: &Path, flags: &[&str]) -> Self {
        let mut command = orison(directory, flags);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_says_what_it_recovered_and_where_it_listens_and_ends_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let free = [
        "serve",
        "--rest",
        "127.0.0.1:0",
        "--ws",
        "127.0.0.1:0",
        "--stomp",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--demo",
    ];
    for (start, signal) in [Signal::TERM, Signal::INT].into_iter().enumerate() {
        let mut server = Server::start(directory.path(), &free);
        let recovered = server.line();
        let fields: Vec<_> = recovered.split(' ').collect();
        assert_eq!(fields[0], "recovered", "{recovered}");
        let of = |name: &str| {
            let field = fields.iter().find_map(|field| field.strip_prefix(name)).unwrap();
            field.parse::<f64>().unwrap()
        };
        assert!(of("seconds=") >= 0.0, "{recovered}");
        match start {
            0 => assert_eq!((of("sequence="), of("commands=")), (4.0, 0.0), "{recovered}"),
            _ => assert!(of("sequence=") > 4.0 && of("commands=") > 4.0, "{recovered}"),
        }
        let rest = server.line();
        let address = rest.strip_prefix("listening rest http://").unwrap().to_owned();
        let ws = server.line();
        assert!(ws.starts_with("listening ws ws://127.0.0.1:") && ws.ends_with("/ws"), "{ws}");
        let stomp = server.line();
        assert!(stomp.starts_with("listening stomp http://127.0.0.1:"), "{stomp}");
        let admin = server.line();
        assert!(admin.starts_with("listening admin http://127.0.0.1:"), "{admin}");
        let get = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        assert!(ask(&address, get).starts_with("HTTP/1.1 200 OK"));
        let body = r#"{"symbol":"AAPL","side":"Buy","type":"Limit","price":1,"quantity":1}"#;
        let post = format!(
            "POST /v1/order HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        assert!(ask(&address, &post).starts_with("HTTP/1.1 202 Accepted"));
        server.signal(signal);
        assert!(server.child.wait().unwrap().success(), "{signal:?}");
        assert_eq!(server.line(), "", "nothing more is said");
    }
}

#[test]
fn what_it_cannot_do_it_refuses_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let rows: &[(&[&str], &[&str])] = &[
        (&["--rest", &taken, "--ws", "off"], &["--rest", &taken]),
        (&["--rest", "off", "--ws", &taken], &["--ws", &taken]),
        (
            &["--rest", "off", "--ws", "off", "--stomp", "off", "--admin", &taken],
            &["--admin", &taken],
        ),
        (
            &["--rest", "off", "--ws", "off", "--admin", "off", "--stomp", &taken],
            &["--stomp", &taken],
        ),
        (&["--stomp", "0.0.0.0:8080"], &["--stomp", "loopback"]),
        (&["--admin", "0.0.0.0:7002"], &["--admin", "loopback"]),
        (&["--wait", "sleep"], &["--wait", "spin, yield, backoff"]),
        (&["--itch", "127.0.0.1:9003"], &["--itch", "not part of this build"]),
        (&["--rest", "0.0.0.0:7000"], &["--rest", "loopback"]),
        (&["--colour", "red"], &["--colour"]),
        (&["--identity", "none"], &["--identity", "none"]),
        (&["keys", "list"], &["--identity DIR"]),
        (&["token", "--user", "ann", "--ttl", "90"], &["--ttl", "90s"]),
        (&["keys", "create", "--user", "ann", "--role", "root"], &["--role", "trader, auditor"]),
        (&["keys", "create", "--user", "schedule", "--identity", "k"], &["\"schedule\""]),
        (&["--tls-cert", "none.pem", "--tls-key", "none.key"], &["--tls-cert", "none.pem"]),
        (&["serve", "--config", "none.toml"], &["none.toml"]),
    ];
    for (flags, expected) in rows {
        let output = orison(directory.path(), flags).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{flags:?}");
        for part in *expected {
            assert!(told.contains(part), "{flags:?}: {told:?} lacks {part:?}");
        }
        let reason = told.lines().last().unwrap_or_default();
        let is_ours = reason.starts_with("orison: ");
        assert!(is_ours || output.status.code() == Some(2), "{flags:?}: ends with {reason:?}");
    }
}

#[test]
fn a_key_that_cannot_be_read_is_said_before_the_journal_is() {
    let directory = tempfile::tempdir().unwrap();
    let output = orison(directory.path(), &["--audit-key", "none.pem"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("none.pem"), "{told}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "nothing was recovered");
    assert!(!directory.path().join("data").exists());
}

/// Status and body.
fn call(address: &str, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
    let answer = ask(
        address,
        &format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap())
}

fn open_orders(address: &str, account: &str) -> usize {
    let path = format!("/v1/orders?account={account}&status=open");
    call(address, "GET", &path, "").1["orders"].as_array().unwrap().len()
}

#[test]
fn what_was_promised_before_a_crash_is_kept_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let flags =
        ["--rest", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--stomp", "off", "--admin", "off"];
    let start = || {
        let mut server = Server::start(directory.path(), &flags);
        assert!(server.line().starts_with("recovered"));
        let rest = server.line().strip_prefix("listening rest http://").unwrap().to_owned();
        let ws = server.line().strip_prefix("listening ws ").unwrap().to_owned();
        (server, rest, ws)
    };
    let (mut server, rest, ws) = start();
    for account in ["ann", "bob", "cid", "dan"] {
        let order = format!(
            r#"{{"symbol":"AAPL","side":"Buy","type":"Limit","price":1,"quantity":1,
            "account":"{account}"}}"#
        );
        assert_eq!(call(&rest, "POST", "/v1/order", &order).0, 202);
    }
    let after = |rest: &str, account: &str, timeout_ms: u64| {
        let body = format!(r#"{{"account":"{account}","timeout_ms":{timeout_ms}}}"#);
        assert_eq!(call(rest, "POST", "/v1/order/cancel-all-after", &body).0, 200);
    };
    let address = ws.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    let stream = TcpStream::connect(address).unwrap();
    let (mut socket, _) = tungstenite::client(ws.as_str(), stream).unwrap();
    let options = r#"{"type":"SetSession","account":"ann","cancel_on_disconnect":true}"#;
    socket.send(tungstenite::Message::text(options)).unwrap();
    while !socket.read().unwrap().to_text().unwrap().contains("SessionUpdated") {}
    after(&rest, "bob", 30_000);
    after(&rest, "cid", 30_000);
    after(&rest, "cid", 1_000);
    after(&rest, "dan", 1_000);
    server.signal(Signal::KILL);
    server.child.wait().unwrap();

    let (_server, rest, _) = start();
    let begun = std::time::Instant::now();
    assert_eq!(open_orders(&rest, "ann"), 0, "before anybody is let in");
    assert_eq!(open_orders(&rest, "cid"), 1, "its owner may come back");
    after(&rest, "dan", 30_000);
    while open_orders(&rest, "cid") > 0 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "its time is over");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(begun.elapsed() >= gateway::connections::GRACE - std::time::Duration::from_secs(2));
    assert_eq!(open_orders(&rest, "dan"), 1, "its owner was back in time");
    assert_eq!(open_orders(&rest, "bob"), 1, "its time is not over");
}

#[test]
fn with_identities_the_journal_is_its_owners_alone() {
    let directory = tempfile::tempdir().unwrap();
    let keys = ["keys", "create", "--signing", "--identity", "keys"];
    assert!(orison(directory.path(), &keys).output().unwrap().status.success());
    let flags = [
        "--rest",
        "127.0.0.1:0",
        "--ws",
        "off",
        "--stomp",
        "off",
        "--admin",
        "off",
        "--identity",
        "keys",
    ];
    let mut server = Server::start(directory.path(), &flags);
    assert!(server.line().starts_with("recovered"));
    assert!(server.line().starts_with("listening rest"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let data = directory.path().join("data");
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = std::fs::read_dir(&data).unwrap().map(|f| f.unwrap().path()).collect();
    assert!(!files.is_empty());
    for file in files {
        assert_eq!(mode(&file) & 0o077, 0, "{}", file.display());
    }
}

#[test]
fn a_second_one_on_the_same_journal_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let off = ["--rest", "127.0.0.1:0", "--ws", "off", "--stomp", "off", "--admin", "off"];
    let mut server = Server::start(directory.path(), &off);
    assert!(server.line().starts_with("recovered"));
    assert!(server.line().starts_with("listening rest"));
    let output = orison(directory.path(), &off).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(told.contains(&server.child.id().to_string()), "names the holder: {told}");
}

#[test]
fn help_shows_every_setting() {
    let directory = tempfile::tempdir().unwrap();
    let output = orison(directory.path(), &["--help"]).output().unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for flag in [
        "--data",
        "--rest",
        "--ws",
        "--stomp",
        "--admin",
        "--ouch",
        "--fix",
        "--itch",
        "--identity",
        "--tls-cert",
        "--durability",
        "--wait",
        "--feed",
        "--demo",
        "--config",
        "orison.toml",
        "ORISON_",
    ] {
        assert!(help.contains(flag), "{flag} in {help}");
    }
}
