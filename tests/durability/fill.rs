//! What lies below the first kill: so many commands that whole checkpoint intervals are behind the
//! last segment and there are segments that pruning may remove. Entered by the tape, with the
//! instruments of a server; each pair of orders trades, so that the book stays small.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use journal::CHECKPOINT_COMMANDS;

use super::tools;

/// Two intervals and what fills the segment in which the third begins.
const ORDERS: u64 = 2 * CHECKPOINT_COMMANDS + 20_000;
const INSTRUMENTS: [(&str, &str); 3] = [("BTC-KRW", "KRW"), ("ETH-KRW", "KRW"), ("AAPL", "USD")];

/// And two snapshots, from which it can be gone on with once the rest is pruned.
pub(super) fn journal_at(home: &Path) {
    let mut tape = String::new();
    for (symbol, quote) in INSTRUMENTS {
        let base = symbol.trim_end_matches("-KRW");
        tape += &format!(
            "{{\"op\":\"instrument\",\"symbol\":\"{symbol}\",\"base\":\"{base}\",\
             \"quote\":\"{quote}\",\"price_step\":\"1\",\"quantity_step\":\"1\"}}\n"
        );
    }
    for id in 0..ORDERS {
        let side = if id % 2 == 0 { "sell" } else { "buy" };
        tape += &format!(
            "{{\"op\":\"new\",\"id\":\"{id}\",\"account\":\"fill\",\"symbol\":\"AAPL\",\
             \"side\":\"{side}\",\"type\":\"limit\",\"price\":\"1000\",\"quantity\":\"1\"}}\n"
        );
    }
    let path = home.join("tape");
    fs::write(&path, tape).unwrap();
    let mut told = tools::tool(home, &["tape", "--journal", "data"]);
    told.stdin(File::open(path).unwrap()).stdout(Stdio::null());
    assert!(told.status().unwrap().success());
    for at in [ORDERS - 1_000, ORDERS] {
        tools::succeeds(tools::tool(home, &["snapshot", "data", "--at", &at.to_string()]));
    }
}
