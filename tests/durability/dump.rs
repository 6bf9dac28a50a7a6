//! What the journal says by itself, through the tool that dumps it: sequences without a gap, and
//! each acknowledged order entered once, at the sequence of its acknowledgement.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::Value;

use super::clients::{Answered, Ledger};
use crate::binaries;

pub(super) fn journal_agrees(data: &Path, ledger: &Ledger, visible: u64) {
    let output = binaries::orison_replay().arg("dump").arg(data).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "orison-replay dump: {}\n{complaint}", output.status);
    let dump = Dump::read(&String::from_utf8_lossy(&output.stdout));
    assert!(dump.last >= visible, "the journal ends at {}, {visible} was seen", dump.last);
    for (asked, ack) in ledger.acknowledged() {
        let at = dump.entered.get(&ack.order_id).copied();
        let fits = match ack.answered {
            Answered::First => at == Some(ack.sequence),
            Answered::Again => at.is_some_and(|at| at < ack.sequence),
        };
        assert!(fits, "{}: acknowledged {ack:?}, in the journal at {at:?}", asked.body);
    }
}

#[derive(Default)]
struct Dump {
    last: u64,
    /// Sequences of entry, by order id.
    entered: HashMap<String, u64>,
    /// Account and client's name of every order entered.
    names: HashSet<(String, String)>,
}

impl Dump {
    fn read(text: &str) -> Self {
        let mut dump = Self::default();
        let mut command = Value::Null;
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).expect("a dump is JSON lines");
            let sequence = line["sequence"].as_u64().expect("every line has a sequence");
            if line.get("command").is_some() {
                assert_eq!(sequence, dump.last + 1, "sequences go on without gap or reuse");
                dump.last = sequence;
                command = line["command"].clone();
            }
            let event = &line["event"];
            if event["event"] == "accepted" && event["duplicate"] != true {
                dump.enter(sequence, &command, text_of(event, "id"));
            }
        }
        dump
    }

    fn enter(&mut self, sequence: u64, command: &Value, order_id: String) {
        let name = (text_of(command, "account"), text_of(command, "client_order_id"));
        assert_eq!(command["order_id"], order_id.as_str(), "sequence {sequence}: {command}");
        assert!(self.names.insert(name), "sequence {sequence} enters again: {command}");
        let before = self.entered.insert(order_id, sequence);
        assert_eq!(before, None, "sequence {sequence} gives an id again: {command}");
    }
}

fn text_of(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_else(|| panic!("no {field} in {object}")).to_owned()
}
