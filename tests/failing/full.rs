//! File systems without room, or that cannot be written to: small ones in memory, so root alone.

use std::fs;

use serde_json::{Value, json};

use super::{Mount, is_root, refused};
use crate::http::Answer;
use crate::server::{Durability, Server};

/// Two segments and some snapshots.
const ROOM: &str = "size=6m";
/// Leaves less than a segment.
const BALLAST_BYTES: usize = 3 << 20;

fn is_skipped() -> bool {
    if !is_root() {
        eprintln!("SKIPPED: small file systems need root");
    }
    !is_root()
}

#[test]
fn a_start_without_room_or_right_to_write_says_so() {
    if is_skipped() {
        return;
    }
    for (options, line) in [
        ("size=600k", "allocate data/0000000001.next: No space left on device (os error 28)"),
        ("size=4m,ro", "cannot lock data: Read-only file system (os error 30)"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        fs::create_dir(&data).unwrap();
        let _mount = Mount::new(&["-t", "tmpfs", "-o", options, "none"], &data);
        assert_eq!(refused(home.path()), (Some(1), format!("orison: recovery: {line}")));
    }
}

#[test]
fn a_disk_that_is_nearly_full_takes_cancels_and_says_so_until_there_is_room() {
    if is_skipped() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    fs::create_dir(&data).unwrap();
    let _mount = Mount::new(&["-t", "tmpfs", "-o", ROOM, "none"], &data);
    let server = Server::start(home.path(), Durability::Durable);
    let mut client = server.client();
    let order = json!({"symbol": "AAPL", "side": "Buy", "type": "Limit", "price": 100,
        "quantity": 1});
    let first = client.post("/api/v1/order", &order).unwrap();
    assert_eq!(first.status, 202, "{}", first.json());

    let ballast = data.join("ballast");
    fs::write(&ballast, vec![1; BALLAST_BYTES]).unwrap();
    let refused = until(&server, &order, |answer| answer.status != 202);
    assert_eq!((refused.status, &refused.json()["error"]), (503, &"JOURNAL_FULL".into()));
    let cancel = json!({"order_id": first.json()["order_id"]});
    assert_eq!(client.post("/api/v1/order/cancel", &cancel).unwrap().status, 200);
    let health = server.get("/health");
    let warning = "the disk has no room for another segment of the journal";
    assert_eq!((&health["status"], &health["warning"]), (&"ok".into(), &warning.into()));
    assert_eq!(health["nearly_full"], true);
    assert!(health["disk_free_bytes"].as_u64().unwrap() < 1 << 20, "{health}");
    let metrics = client.get("/metrics").unwrap().body;
    let metrics = String::from_utf8(metrics).unwrap();
    assert!(metrics.contains("journal_nearly_full 1\n"), "{metrics}");

    fs::remove_file(ballast).unwrap();
    until(&server, &order, |answer| answer.status == 202);
    let health = server.get("/health");
    assert_eq!((&health["nearly_full"], &health["warning"]), (&false.into(), &Value::Null));
    assert!(server.stop().success(), "SIGTERM ends it with status 0");
}

/// Asks again and again: the disk is looked at a few times a second.
fn until(server: &Server, order: &Value, is_meant: impl Fn(&Answer) -> bool) -> Answer {
    let mut client = server.client();
    loop {
        let answer = client.post("/api/v1/order", order).unwrap();
        if is_meant(&answer) {
            return answer;
        }
    }
}
