//! What is computed of a journal: lines of every kind, the same bits in every replay, and the
//! past as it was.

use std::path::Path;

use crate::run::{journal, text, tool};

/// Two accounts trade one instrument over `minutes` minutes, two steps up and one down.
fn tape(minutes: u64) -> String {
    let mut tape = String::new();
    for minute in 0..minutes {
        let price = 1_000 + minute % 3 * 7;
        tape += &format!("{{\"op\":\"time\",\"ts\":{}}}\n", minute * 60_000_000_000);
        for (side, account) in [("sell", "ann"), ("buy", "bob")] {
            tape += &format!(
                "{{\"op\":\"new\",\"id\":\"{minute}\",\"account\":\"{account}\",\
                 \"side\":\"{side}\",\"type\":\"limit\",\"price\":\"{price}\",\
                 \"quantity\":\"2\"}}\n"
            );
        }
    }
    tape
}

fn figures(directory: &Path, at: &[&str]) -> String {
    let ended = tool(&[&["figures", text(directory)], at].concat());
    assert_eq!((ended.status, ended.err.as_str()), (0, ""));
    ended.out
}

#[test]
fn every_figure_of_a_journal_is_written_and_every_replay_gives_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (short, long) = (folder.path().join("short"), folder.path().join("long"));
    journal(&short, &tape(120));
    journal(&long, &tape(140));
    let whole = figures(&short, &[]);
    let kinds: Vec<_> =
        whole.lines().map(|line| line.split('"').nth(3).unwrap_or_default()).collect();
    let expected = ["indicators", "optimum", "optimum", "portfolio", "risk", "portfolio", "risk"];
    assert_eq!(kinds, expected, "no book had two sides, so there is no signal");
    for word in ["\"rsi\":null", "\"value_at_risk\":null", "\"sharpe\":null", "NaN", "inf"] {
        assert!(!whole.contains(word), "{word} in {whole}");
    }
    assert_eq!(figures(&short, &[]), whole);
    // Genesis, the instrument, and three commands a minute.
    assert_eq!(figures(&long, &["--at", "362"]), whole, "the past of a longer journal");
    assert_ne!(figures(&long, &[]), whole);
    let wrong = tool(&["figures", text(&short), "--interval", "2m"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.err.contains("1m, 5m, 15m, 30m, 1h, 4h, 1d"), "{}", wrong.err);
}
