//! Prayers over STOMP sessions while the program is killed: what was acknowledged by a RECEIPT is
//! counted, what was not may be or not, and in the end the journal says the same number.
//! `ORISON_PRAYERS` makes it shorter or longer than a hundred thousand.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

use crate::binaries;
use crate::seed;
use crate::server::{Durability, STUCK, Server};
use crate::socket::{self, Socket};
use crate::stream::Dice;

const SESSIONS: u64 = 100;
const PRAYERS_DEFAULT: u64 = 100_000;
/// Each but the last ends with kill -9 while prayers are on their way.
const ROUNDS: u64 = 4;
/// SENDs of a session in a round: fewer than its bucket holds.
const SENDS: u64 = 10;

/// Up and down.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Counts([u64; 2]);

impl Counts {
    fn add(&mut self, other: Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }
}

/// What a session's prayers came to.
#[derive(Default)]
struct Prayed {
    acknowledged: Counts,
    /// Sent, and neither acknowledged nor refused.
    doubtful: Counts,
}

#[test]
fn acknowledged_prayers_are_counted_through_kill_9() {
    let all = seed::number("ORISON_PRAYERS").unwrap_or(PRAYERS_DEFAULT);
    let count = all / (SESSIONS * SENDS * ROUNDS);
    assert!((1..=100).contains(&count), "a SEND is 1 to 100 prayers");
    let seed = seed::given().unwrap_or(0x9_0a7e);
    let line = format!("ORISON_SEED={seed} ORISON_PRAYERS={all} cargo test -p tests prayers");
    let guard = seed::Reproduce::new(line);
    let home = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(seed);
    let (mut counted, mut acknowledged) = (Counts::default(), Counts::default());
    for round in 0..ROUNDS {
        let is_last = round + 1 == ROUNDS;
        let server = Server::start(home.path(), Durability::Journaled);
        assert_eq!(counts(&server), counted, "round {round} starts with what the last one left");
        let enough = if is_last { u64::MAX } else { dice.below(SESSIONS * SENDS) };
        let prayed = pray_until(server, count, enough);
        let (mut least, mut most) = (counted, counted);
        least.add(prayed.acknowledged);
        most.add(prayed.acknowledged);
        most.add(prayed.doubtful);
        acknowledged.add(prayed.acknowledged);
        assert!(!is_last || prayed.doubtful == Counts::default(), "the last round is answered");
        let server = Server::start(home.path(), Durability::Journaled);
        counted = counts(&server);
        for side in 0..2 {
            let range = least.0[side]..=most.0[side];
            assert!(
                range.contains(&counted.0[side]),
                "round {round}: {counted:?} not in {range:?}"
            );
        }
        server.kill();
    }
    assert!(acknowledged.0.iter().sum::<u64>() >= all / ROUNDS, "{acknowledged:?}");
    assert_eq!(in_journal(&home.path().join("data")), counted, "the journal says the same");
    guard.passed();
}

fn counts(server: &Server) -> Counts {
    let totals = server.get("/api/v1/prayer");
    Counts(["upCount", "downCount"].map(|field| totals[field].as_u64().expect("a number")))
}

/// All sessions pray at once; the server is killed when `enough` receipts have come, or when all
/// is answered.
fn pray_until(server: Server, count: u64, enough: u64) -> Prayed {
    let (heard, mut receipts) = watch::channel(0u64);
    let stomp = server.stomp;
    socket::run(async move {
        let killer = async {
            let is_enough = receipts.wait_for(|&receipts| receipts >= enough);
            // An error: every session has ended by itself.
            let _either = is_enough.await.map(drop);
            server.kill();
        };
        let sessions = async {
            let sessions = (0..SESSIONS).map(|number| {
                let heard = &heard;
                async move {
                    let mut prayed = Prayed::default();
                    if let Ok(socket) = socket::connect(stomp).await {
                        session(socket, number, count, heard, &mut prayed).await;
                    }
                    prayed
                }
            });
            let all = join_all(sessions).await;
            heard.send_replace(u64::MAX);
            all
        };
        let (all, ()) = tokio::join!(sessions, killer);
        let mut sum = Prayed::default();
        for prayed in all {
            sum.acknowledged.add(prayed.acknowledged);
            sum.doubtful.add(prayed.doubtful);
        }
        sum
    })
}

/// Until all is answered or the connection breaks.
async fn session(
    mut socket: Socket,
    number: u64,
    count: u64,
    heard: &watch::Sender<u64>,
    prayed: &mut Prayed,
) {
    let mut waiting = HashMap::new();
    let connect = Message::text("CONNECT\naccept-version:1.2\n\n\0");
    if socket.send(connect).await.is_err() {
        return;
    }
    for index in 0..SENDS {
        let side = ((number + index) % 2) as usize;
        let word = ["up", "down"][side];
        let body = format!("{{\"side\":\"{word}\",\"count\":{count}}}");
        let frame = format!("SEND\ndestination:/app/prayer\nreceipt:{index}\n\n{body}\0");
        waiting.insert(index.to_string(), side);
        prayed.doubtful.0[side] += count;
        if socket.send(Message::text(frame)).await.is_err() {
            return;
        }
    }
    while !waiting.is_empty() {
        let next = tokio::time::timeout(STUCK, socket.next()).await.expect("the server is stuck");
        let Some(Ok(Message::Text(text))) = next else { return };
        let receipt = text.lines().find_map(|line| line.strip_prefix("receipt-id:"));
        let Some(side) = receipt.and_then(|receipt| waiting.remove(receipt)) else {
            assert!(text.starts_with("CONNECTED\n"), "{text}");
            continue;
        };
        prayed.doubtful.0[side] -= count;
        prayed.acknowledged.0[side] += count;
        heard.send_modify(|receipts| *receipts = receipts.saturating_add(1));
    }
    // A polite end, so that nothing is left open; the server may be gone.
    let _gone = tokio::time::timeout(Duration::from_secs(5), socket.close(None)).await;
}

fn in_journal(data: &Path) -> Counts {
    let output = binaries::orison_replay().arg("dump").arg(data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut counts = Counts::default();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let line: Value = serde_json::from_str(line).expect("a dump is JSON lines");
        let command = &line["command"];
        if command["op"] == "pray" {
            let side = usize::from(command["side"] == "down");
            counts.0[side] += command["count"].as_u64().expect("a prayer has a count");
        }
    }
    counts
}
