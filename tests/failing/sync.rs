//! The n-th sync fails with EIO: strace puts the error into the system call of the real program,
//! which has no switch for it. It says why, acknowledges nothing more and ends with status 1;
//! everything acknowledged before is there at the next start.

use serde_json::json;

use super::{last_words, succeeds};
use crate::server::{Durability, Server};

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_and_nothing_acknowledged_is_lost() {
    if !succeeds("strace", &["-D", "-o", "/dev/null", "true"]) {
        eprintln!("SKIPPED: failing syncs need strace, and the right to trace");
        return;
    }
    for (durability, nth) in [
        (Durability::Durable, 1),
        (Durability::Durable, 2),
        (Durability::Durable, 9),
        (Durability::Journaled, 2),
    ] {
        let home = tempfile::tempdir().unwrap();
        let inject = format!("inject=msync:error=EIO:when={nth}");
        let wrapper = ["strace", "-D", "-f", "-o", "/dev/null", "-e", "trace=msync", "-e", &inject];
        // The first syncs are those of the instruments, before anybody is listened to.
        let mut acknowledged = Vec::new();
        let process = crate::server::Process::start_under(&wrapper, home.path(), durability);
        if let Some(server) = Server::of(process, home.path()) {
            acknowledged = enter_until_silence(&server);
            assert_eq!(server.ended().code(), Some(1), "sync {nth}, {durability:?}");
        }
        // The first sync of all is that of a journal's beginning.
        let said = last_words(home.path());
        let said = said.trim_start_matches("orison: ");
        assert_eq!(
            said.trim_start_matches("recovery: beginning the journal: "),
            "the journal has failed: sync range data/00000000000000000001.seg: \
             Input/output error (os error 5)",
            "sync {nth}, {durability:?}"
        );
        let server = Server::start(home.path(), durability);
        let mut client = server.client();
        for id in &acknowledged {
            let shown = client.get(&format!("/api/v1/order/{id}")).unwrap();
            assert_eq!(shown.status, 200, "sync {nth}, {durability:?}: {id} is lost");
        }
    }
}

/// Ids of the orders that were acknowledged.
fn enter_until_silence(server: &Server) -> Vec<String> {
    let mut acknowledged = Vec::new();
    let Ok(mut client) = crate::http::Client::connect(server.rest) else { return acknowledged };
    let order = json!({"symbol": "AAPL", "side": "Buy", "type": "Limit", "price": 100,
        "quantity": 1});
    while let Ok(answer) = client.post("/api/v1/order", &order) {
        if answer.status == 202 {
            let id = answer.json()["order_id"].as_str().unwrap().to_owned();
            acknowledged.push(id);
        }
    }
    acknowledged
}
