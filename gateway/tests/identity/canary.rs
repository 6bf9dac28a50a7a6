//! Secrets stay where they are: the program runs with every log line on and is told secrets in
//! every way that clients have; none is in what it logs, answers, counts or journals.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::house::{Socket, errand, folder, person, signed, token_until};
use super::stomp::Stomp;
use crate::support::Client;

/// The program; ended if the test forgets it.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_none() {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }
}

/// The program on free ports, and the addresses of rest, ws and stomp.
fn start(data: &Path, keys: &Path) -> (Program, [SocketAddr; 3]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orison"));
    command.current_dir(data).args(["--segment-mib", "1", "--log", "trace"]);
    command.args(["--identity", keys.to_str().unwrap(), "--admin", "off"]);
    command.args(["--rest", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--stomp", "127.0.0.1:0"]);
    let log = std::fs::File::create(data.join("log")).unwrap();
    let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut address = |name: &str| -> SocketAddr {
        let line = lines.find(|line| line.as_ref().unwrap().starts_with(name));
        let line = line.unwrap().unwrap();
        let address = line.rsplit_once("//").unwrap().1.trim_end_matches("/ws").to_owned();
        address.parse().unwrap()
    };
    let addresses = ["listening rest", "listening ws", "listening stomp"].map(&mut address);
    (Program(child), addresses)
}

/// Every file below, as bytes.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => bytes.extend(bytes_below(&path)),
            false => drop(std::fs::File::open(&path).unwrap().read_to_end(&mut bytes).unwrap()),
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_a_log_line_an_answer_a_metric_or_the_journal() {
    let (data, keys) = (tempfile::tempdir().unwrap(), folder());
    let trader = person(keys.path(), "ann", "trader", "ann");
    let admin = person(keys.path(), "root-of-all", "admin", "root-of-all");
    let (mut program, [rest, ws, stomp]) = start(data.path(), keys.path());
    let mut said = String::new();

    let mut client = Client::connect(rest).await;
    let order = json!({
        "symbol": "BTC-KRW", "side": "Buy", "type": "Limit", "price": 1_000, "quantity": 1,
        "client_order_id": "canary",
    });
    let (order, path) = (order.to_string(), "/api/v1/order");
    let headers = signed(&trader, "POST", path, Some(order.as_bytes()));
    let mut headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    headers.push(("content-type", "application/json"));
    for expected in [202, 401] {
        let reply = client.request("POST", path, &headers, Some(order.as_bytes())).await;
        assert_eq!(reply.status, expected, "the second time it is a replay: {reply:?}");
        said += &format!("{reply:?}");
    }
    let signature = headers[3].1.to_owned();
    let bearer = format!("Bearer {}", trader.token);
    let json = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let minted = client.request("POST", "/api/v1/token", &json, Some(b"{}")).await.text("token");
    assert!(minted.starts_with("once_"), "{minted}");

    // Told wrongly, and where it should not stand.
    let expired = token_until(keys.path(), "ann", "trader", -60);
    let broken = format!("{}x", trader.token);
    for (path, value) in [
        ("/api/v1/orders", format!("Bearer {expired}")),
        ("/api/v1/orders", format!("Bearer {broken}")),
        ("/api/v1/orders", format!("Basic {}", trader.secret)),
        ("/api/v1/orders", format!("Bearer {minted}")),
        (&format!("/api/v1/orders?token={}", trader.token), bearer.clone()),
        (&format!("/api/v1/orders?status={}", "open"), bearer.clone()),
    ] {
        let reply = client.request("GET", path, &[("authorization", &value)], None).await;
        said += &format!("{reply:?}");
    }
    let query = format!("?token={}", trader.token);
    assert_eq!(Socket::open(ws, &query, &[]).await.err(), Some(401));
    for token in [&minted, &minted, &trader.token, &expired, &broken, &trader.secret] {
        let mut socket = Socket::open(ws, "", &[]).await.ok().unwrap();
        socket.say(json!({"type": "Auth", "token": token, "request_id": 1})).await;
        socket.say(json!({"type": "Ping"})).await;
        said += &format!("{:?}", socket.next_or_close().await);
        let mut stomp = Stomp::open(stomp, "/ws", "v12.stomp").await;
        stomp.send(&format!("CONNECT\naccept-version:1.2\npasscode:{token}\n\n\0")).await;
        said += &format!("{:?}", stomp.heard().await);
    }
    errand(keys.path(), &format!("keys revoke {}", trader.key));
    let bearer = format!("Bearer {}", admin.token);
    let metrics = client.request("GET", "/metrics", &[("authorization", &bearer)], None).await;
    assert_eq!(metrics.status, 200, "{metrics:?}");
    said += &format!("{metrics:?}");

    kill_process(Pid::from_child(&program.0), Signal::TERM).unwrap();
    assert!(program.0.wait().unwrap().success());
    let written = bytes_below(data.path());
    let text = String::from_utf8_lossy(&written) + said.as_str();
    assert!(text.contains("canary"), "the journal and the log are in what is looked through");
    assert!(text.contains(" stopping"), "the log is a full one, to the program's end");
    let files = bytes_below(keys.path());
    let files = String::from_utf8_lossy(&files).into_owned();
    let quoted = files.split('"').filter(|word| word.len() >= 40).map(str::to_owned);
    let signed_part = |token: &str| token.rsplit_once('.').unwrap().1.to_owned();
    let mut secrets: Vec<String> = quoted.collect();
    secrets.extend([trader.secret, admin.secret, minted, signature]);
    secrets.extend([&trader.token, &admin.token, &expired].map(|token| signed_part(token)));
    assert!(secrets.len() >= 9, "{}", secrets.len());
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} is told");
        assert!(!text.contains(&secret[..24]), "the beginning of {secret} is told");
    }
}
