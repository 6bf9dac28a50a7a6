//! Orders that do not outlive who watches them, over ends of sessions and of the process.

use serde_json::json;

use super::connections::{is_flat, open_orders, place};
use super::house::{House, Socket};
use crate::support::Exchange;

async fn session(exchange: &Exchange) -> Socket {
    Socket::open(exchange.adapters.directory.ws.unwrap(), "", &[]).await.ok().unwrap()
}

async fn sequence(exchange: &Exchange) -> u64 {
    let health = exchange.rest().await.get("/health").await.json();
    health["sequence"].as_u64().unwrap()
}

async fn set_after(exchange: &Exchange, account: &str, timeout_ms: u64) -> (u16, String) {
    let body = json!({"account": account, "timeout_ms": timeout_ms}).to_string();
    let reply = exchange.rest().await.post("/api/v1/order/cancel-all-after", &body).await;
    (reply.status, reply.text("error"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_end_ends_sessions_before_the_desk_closes() {
    let exchange = Exchange::start().await;
    for account in ["ann", "ann", "bob", "cid"] {
        place(&exchange, account).await;
    }
    let mut ann = session(&exchange).await;
    let mut bob = session(&exchange).await;
    let options = json!({
        "type": "SetSession", "account": "ann", "cancel_on_disconnect": true, "dead_man_ms": 3_000,
    });
    assert_eq!(ann.ask(options).await["type"], "SessionUpdated");
    let options = json!({"type": "SetSession", "account": "bob", "dead_man_ms": 60_000});
    assert_eq!(bob.ask(options).await["type"], "SessionUpdated");
    let before = sequence(&exchange).await;
    let directory = exchange.stop().await;
    assert_eq!(ann.closed().await.0, 1001);
    let exchange = Exchange::start_in(directory, |_| ()).await;
    assert_eq!(open_orders(&exchange, "ann").await, 0);
    assert_eq!(open_orders(&exchange, "bob").await, 1, "its time is not over");
    assert_eq!(open_orders(&exchange, "cid").await, 1, "nobody has asked for that");
    let order = exchange.rest().await.get("/api/v1/orders?account=ann").await.json();
    assert_eq!(order["orders"][0]["status"], "CANCELLED", "{order}");
    assert_eq!(sequence(&exchange).await, before + 1, "one cancel, and none again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_mans_timer_goes_on_without_its_session() {
    let exchange = Exchange::start().await;
    for account in ["ann", "bob"] {
        place(&exchange, account).await;
        let mut socket = session(&exchange).await;
        let options = json!({"type": "SetSession", "account": account, "dead_man_ms": 1_000});
        assert_eq!(socket.ask(options).await["type"], "SessionUpdated");
    }
    let mut back = session(&exchange).await;
    back.ask(json!({"type": "SetSession", "account": "bob"})).await;
    is_flat(&exchange, "ann").await;
    assert_eq!(open_orders(&exchange, "bob").await, 1, "bob was back in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_of_accounts_that_are_not_there_leave_nothing_in_the_journal() {
    let exchange = Exchange::start().await;
    let before = sequence(&exchange).await;
    let mut socket = session(&exchange).await;
    for ghost in 0..150 {
        let options = json!({
            "type": "SetSession", "account": format!("ghost{ghost}"), "dead_man_ms": 1,
        });
        assert_eq!(socket.ask(options).await["code"], "INVALID_PARAMETER");
    }
    for timeout_ms in [1, 999, 86_400_001] {
        let told = set_after(&exchange, "ghost", timeout_ms).await;
        assert_eq!(told, (400, "INVALID_PARAMETER".into()));
    }
    assert_eq!(set_after(&exchange, "ghost", 1_000).await.0, 200);
    let options = json!({"type": "SetSession", "account": "phantom", "dead_man_ms": 1_000});
    socket.ask(options).await;
    loop {
        let message = socket.next().await;
        if message["type"] == "DeadManFired" {
            assert_eq!(message["cancelled"], 0, "{message}");
            break;
        }
    }
    assert_eq!(sequence(&exchange).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_is_paid_for_when_it_is_set() {
    let house = House::start_with(|config| config.order_rate = 20).await;
    let ann = house.person("ann", "trader", "ann").await;
    let mut socket = Socket::of(&house, &ann.token).await;
    let mut set = 0;
    let refused = loop {
        let answer = socket.ask(json!({"type": "SetSession", "dead_man_ms": 60_000})).await;
        if answer["type"] == "Error" {
            break answer;
        }
        set += 1;
        assert!(set < 10_000, "a session has 80 cancels, and 40 a second more");
    };
    assert_eq!(refused["code"], "RATE_LIMIT", "{refused}");
    assert!(set >= 80, "{set}");
}
