//! A crash lab for the real program: clients enter orders over REST and WebSocket while it is
//! killed at random moments, started again, killed while it recovers, as are the tools that take
//! snapshots, prune, archive and restore. In the end every acknowledged order is there exactly
//! once, and the journal says the same by itself.
//! `ORISON_CRASH_KILLS` makes it longer; `ORISON_SEED` repeats a failure.

mod beginning;
mod clients;
mod dump;
mod fill;
mod power;
mod prayers;
mod streams;
mod tools;

use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::binaries;
use crate::http::Client;
use crate::seed;
use crate::server::{Durability, Process, Server};
use crate::stream::Dice;
use clients::{Ack, Asked, Ledger, Wire};

/// Over both modes, so that the suite stays short.
const KILLS_DEFAULT: u64 = 8;

#[test]
fn what_was_acknowledged_survives_kill_9_when_journaled() {
    lab(Durability::Journaled);
}

#[test]
fn what_was_acknowledged_survives_kill_9_when_durable() {
    lab(Durability::Durable);
}

fn lab(durability: Durability) {
    let kills = seed::number("ORISON_CRASH_KILLS").unwrap_or(KILLS_DEFAULT).div_ceil(2);
    let seed = seed::given().unwrap_or(0x0215_0e01);
    let guard = seed::Reproduce::new(format!(
        "ORISON_SEED={seed} ORISON_CRASH_KILLS={} cargo test -p tests durability",
        kills * 2
    ));
    let home = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(seed);
    let mut ledger = Ledger::default();
    let (mut killed, mut rounds, mut removed) = (0, 0, 0);
    fill::journal_at(home.path());
    while killed < kills {
        let server = Server::start(home.path(), durability);
        recovers_all_that_was_acknowledged(&server, &ledger, rounds);
        if rounds == 1 {
            removed += tools::prune(home.path());
        }
        if dice.one_in(3) {
            removed += tools::kill_one(home.path(), tools::Beside::Server, &mut dice);
            killed += 1;
        }
        let enough = 150 + dice.below(500);
        let named = (rounds, dice.next());
        ledger = clients::enter_until(enough, server, ledger, named, Server::kill);
        (killed, rounds) = (killed + 1, rounds + 1);
        if dice.one_in(2) {
            kill_while_recovering(home.path(), durability, &mut dice);
            killed += 1;
        }
        if dice.one_in(2) {
            removed += tools::kill_one(home.path(), tools::Beside::Nobody, &mut dice);
            killed += 1;
        }
    }
    assert!(ledger.doubts() > 0, "kills come while orders are on their way");
    assert!(removed > 0, "segments are removed while kills go on");
    let server = Server::start(home.path(), durability);
    recovers_all_that_was_acknowledged(&server, &ledger, rounds);
    every_order_is_there_once(&server, &mut ledger);
    let sequence = server.sequence();
    assert!(server.stop().success(), "SIGTERM ends it with status 0");
    tools::bring_back_what_was_pruned(home.path());
    dump::journal_agrees(&home.path().join("data"), &ledger, sequence);
    second_restart_is_as_good(home.path(), durability, sequence);
    println!(
        "{killed} kills, {} orders acknowledged, journal of {sequence} commands, \
         {removed} segments pruned on the way",
        ledger.acknowledged().len()
    );
    guard.passed();
}

/// At a random moment: before it has printed anything, or after the first few lines.
fn kill_while_recovering(home: &Path, durability: Durability, dice: &mut Dice) {
    let process = Process::start(home, durability);
    if dice.one_in(2) {
        // No synchronisation: the moment is random on purpose.
        thread::sleep(Duration::from_micros(dice.below(20_000)));
    } else {
        process.line();
    }
    drop(process);
}

fn recovers_all_that_was_acknowledged(server: &Server, ledger: &Ledger, round: u64) {
    let acknowledged = ledger.sequence_max();
    assert!(
        server.recovered_sequence >= acknowledged,
        "start {round} recovered up to {}, acknowledged was {acknowledged}",
        server.recovered_sequence
    );
}

/// Orders in doubt are settled first, by asking again: that may enter them, never twice.
fn every_order_is_there_once(server: &Server, ledger: &mut Ledger) {
    let mut client = server.client();
    for asked in ledger.take_doubts() {
        let answer = entered(server, &mut client, &asked);
        ledger.acknowledge(asked, Ack::read(&answer));
    }
    for (asked, ack) in ledger.acknowledged() {
        let (name, account) = (asked.text("client_order_id"), asked.text("account"));
        let path = format!("/api/v1/order/{}?account={account}", ack.order_id);
        let shown = client.get(&path).unwrap();
        assert_eq!(shown.status, 200, "{} was acknowledged as {ack:?}", asked.body);
        let shown = shown.json();
        assert_eq!(shown["order_id"], ack.order_id.as_str(), "{path}: {shown}");
        assert_eq!(shown["client_order_id"], name, "{path}: {shown}");
        let again = entered(server, &mut client, asked);
        assert_eq!(again["duplicate"], true, "{} again: {again}", asked.body);
        assert_eq!(again["order_id"], ack.order_id.as_str(), "{} again", asked.body);
    }
}

/// As a careful client does: what is busy or has timed out is asked again in the same words.
fn entered(server: &Server, client: &mut Client, asked: &Asked) -> Value {
    loop {
        let answer = client.post("/api/v1/order", &asked.body);
        let answer = answer.unwrap_or_else(|error| panic!("{error}: {}", server.story()));
        match answer.status {
            202 => return answer.json(),
            503 | 504 => {}
            _ => panic!("{}: {}", asked.body, answer.json()),
        }
    }
}

fn second_restart_is_as_good(home: &Path, durability: Durability, sequence: u64) {
    for _ in 0..2 {
        let server = Server::start(home, durability);
        assert!(server.recovered_sequence >= sequence, "nothing was lost by stopping");
        server.kill();
    }
    let data = home.join("data");
    let digests: Vec<String> = (0..2).map(|_| replay(&data, "digest")).collect();
    assert_eq!(digests[0], digests[1], "two replays of one journal");
    replay(&data, "verify");
}

/// Standard output of a tool that finds nothing wrong.
fn replay(data: &Path, what: &str) -> String {
    let output = binaries::orison_replay().arg(what).arg(data).arg("--json").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "orison-replay {what}: {}\n{text}{complaint}", output.status);
    text
}

#[test]
fn both_wires_are_used() {
    assert_eq!(clients::WIRES, [Wire::Rest, Wire::Rest, Wire::WebSocket]);
}
