//! What an auditor asks, a file a question: the journals that they are asked of are made here.

mod certificates;
mod forks;
mod lives;
mod proofs;
mod pruned;
mod queues;
mod state;

use std::path::{Path, PathBuf};

use crate::run::{Ended, journal, text, tool};

const INSTRUMENT: &str = "{\"op\":\"instrument\",\"symbol\":\"X\",\"base\":\"X\",\"quote\":\"USD\",\
     \"price_step\":\"1\",\"quantity_step\":\"1\"}\n";

fn order(id: &str, side: &str, price: u32, quantity: u32) -> String {
    format!(
        "{{\"op\":\"new\",\"id\":\"{id}\",\"account\":\"{id}\",\"symbol\":\"X\",\
         \"side\":\"{side}\",\"type\":\"limit\",\"price\":\"{price}\",\
         \"quantity\":\"{quantity}\"}}\n"
    )
}

/// Sequences: 1 genesis, 2 instrument, 3 to 6 sells a b c d, 7 cancel of b, 8 and 9 buys e f.
fn tape() -> String {
    let cancel = "{\"op\":\"cancel\",\"id\":\"b\",\"account\":\"b\"}\n";
    [
        INSTRUMENT.to_owned(),
        order("a", "sell", 100, 3),
        order("b", "sell", 100, 2),
        order("c", "sell", 100, 4),
        order("d", "sell", 99, 1),
        cancel.to_owned(),
        order("e", "buy", 100, 3),
        order("f", "buy", 100, 5),
    ]
    .concat()
}

fn journaled(folder: &Path) -> PathBuf {
    let directory = folder.join("journal");
    journal(&directory, &tape());
    directory
}

fn lines(ended: &Ended) -> Vec<serde_json::Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A certificate of the journal, and the public key that it was signed for.
fn certified(folder: &Path, directory: &Path) -> (PathBuf, String) {
    let (key, file) = (folder.join("key.pem"), folder.join("certificate.json"));
    let public = tool(&["key", text(&key)]).out.trim().to_owned();
    let args = ["certify", text(directory), "--key", text(&key), "--out", text(&file)];
    let ended = tool(&args);
    assert_eq!(ended.status, 0, "{ended:?}");
    (file, public)
}

/// With so many orders more than the short one.
fn long_tape(orders: u64) -> String {
    let mut tape = tape();
    for number in 0..orders {
        let side = if number % 2 == 0 { "sell" } else { "buy" };
        let account = number % 9;
        tape += &format!(
            "{{\"op\":\"new\",\"id\":\"i{number}\",\"account\":\"n{account}\",\"symbol\":\"X\",\
             \"side\":\"{side}\",\"type\":\"limit\",\"price\":\"300\",\"quantity\":\"1\"}}\n"
        );
    }
    tape
}
