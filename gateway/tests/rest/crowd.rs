//! One address that opens all the connections it gets.

use std::time::Duration;

use gateway::http::CONNECTIONS_MAX;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::support::{Client, Exchange};

/// Nothing takes this long; an idle connection of a quiet house is kept for longer than that.
const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_machine_has_three_quarters_of_the_places_and_the_admin_its_own() {
    // Both ends of each connection are ours.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    let exchange = Exchange::start().await;
    let (mut idle, share) = (Vec::new(), CONNECTIONS_MAX / 4 * 3);

    for _ in 0..share {
        let mut client = exchange.rest().await;
        assert_eq!(client.get("/health").await.status, 200);
        idle.push(client);
    }
    let mut ws = exchange.ws().await;
    let reply = ws.read().await;
    assert_eq!((reply.status, reply.error()), (429, "TOO_MANY_CONNECTIONS".into()));
    assert!(ws.is_closed().await);
    assert_eq!(exchange.admin().await.get("/health").await.status, 200, "an operator gets in");
    let address = exchange.adapters.directory.rest.unwrap();
    let again = async {
        loop {
            let mut client = Client::connect(address).await;
            client.write(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
            if client.read().await.status == 200 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("who is idle is not kept");

    drop(idle);
}
