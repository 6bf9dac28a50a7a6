//! The past over HTTP: any point of it, an order's life, forks, certificates and proofs, and what
//! is answered when there is no such point. What an auditor checks without the exchange is checked
//! without it.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use orison_core::Command;
use replay::certificate;
use replay::key::SigningKey;
use replay::proof::{Inclusion, Trusted};
use serde_json::{Value, json};

use crate::support::{Exchange, Reply};

/// Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

async fn get(exchange: &Exchange, path: &str) -> Reply {
    exchange.rest().await.get(&format!("/api/v1/audit/{path}")).await
}

/// Sequence and id of a limit order that was accepted.
async fn place(exchange: &Exchange, account: &str, side: &str, price: u32) -> (u64, String) {
    let body = json!({
        "symbol": "BTC-KRW", "side": side, "type": "Limit", "price": price, "quantity": 1,
        "account": account,
    });
    let reply = exchange.rest().await.post("/api/v1/order", &body.to_string()).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    (reply.json()["sequence"].as_u64().unwrap(), reply.text("order_id"))
}

fn ids(book: &Value, side: &str) -> Vec<String> {
    let orders = book[side].as_array().unwrap().iter();
    orders.map(|order| order["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_is_told_as_it_was_after_any_sequence_and_at_any_time() {
    let exchange = Exchange::start().await;
    let (first, ann) = place(&exchange, "ann", "Sell", 100).await;
    let (second, bob) = place(&exchange, "bob", "Sell", 100).await;
    let (third, _) = place(&exchange, "cid", "Buy", 100).await;
    let book = |at: String| {
        let exchange = &exchange;
        async move { get(exchange, &format!("book/BTC-KRW{at}")).await.json() }
    };
    let of_second = book(format!("?at={second}")).await;
    let rows = [
        (book(format!("?at={first}")).await, vec![ann.clone()], first),
        (of_second.clone(), vec![ann.clone(), bob.clone()], second),
        (book(format!("?at={third}")).await, vec![bob.clone()], third),
        (book(String::new()).await, vec![bob.clone()], third),
        (book(format!("?at={}ns", of_second["ts"])).await, vec![ann.clone(), bob.clone()], second),
        (book("?at=2100-01-01T00:00:00Z".into()).await, vec![bob.clone()], third),
    ];
    for (book, asks, sequence) in rows {
        assert_eq!((ids(&book, "asks"), &book["sequence"]), (asks, &json!(sequence)), "{book}");
    }
    let trades = |reply: Reply| reply.json()["list"][0]["trades"].as_u64();
    let statistics = format!("statistics?symbol=BTC-KRW&at={second}");
    assert_eq!(trades(get(&exchange, &statistics).await), Some(0));
    assert_eq!(trades(get(&exchange, "statistics?symbol=BTC-KRW").await), Some(1));
    let all = get(&exchange, "statistics").await.json();
    assert_eq!(all["list"].as_array().unwrap().len(), exchange.app.config.instruments.len());
    let balances = get(&exchange, "balances?account=cid").await.json();
    let free = |asset: &str| {
        let mut list = balances["list"].as_array().unwrap().iter();
        list.find(|line| line["asset"] == asset).map(|line| line["free"].as_str().unwrap())
    };
    let expected = (Some("1"), Some("-100.05"));
    assert_eq!((free("BTC"), free("KRW")), expected, "{balances}");
    let account = get(&exchange, &format!("account/ann?at={first}")).await.json();
    assert_eq!(account["orders"][0]["id"], json!(ann), "{account}");
    let account = get(&exchange, "account/ann").await.json();
    assert_eq!(account["orders"], json!([]), "{account}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_has_its_life_and_a_command_its_fork() {
    let exchange = Exchange::start().await;
    let (first, _) = place(&exchange, "ann", "Sell", 100).await;
    let (second, bob) = place(&exchange, "bob", "Sell", 100).await;
    let (third, _) = place(&exchange, "cid", "Buy", 100).await;
    let (fourth, _) = place(&exchange, "dan", "Buy", 100).await;
    let life = get(&exchange, &format!("order/{bob}")).await.json();
    let told = life["lines"].as_array().unwrap().iter().filter(|line| line["event"].is_object());
    let told: Vec<_> = told
        .map(|line| {
            let ahead = line["queue"][0]["ahead_orders"].as_u64();
            (line["sequence"].as_u64().unwrap(), line["event"]["event"].as_str().unwrap(), ahead)
        })
        .collect();
    let expected =
        [(second, "accepted", Some(1)), (third, "trade", Some(0)), (fourth, "trade", Some(0))];
    assert_eq!((told.as_slice(), &life["orders"]), (&expected[..], &json!(1)), "{life}");
    let (mut pages, mut next) = (Vec::new(), json!(0));
    while !next.is_null() {
        let page = get(&exchange, &format!("order/{bob}?limit=2&skip={next}")).await.json();
        let lines = page["lines"].as_array().unwrap();
        assert!(lines.len() == 2 || page["next"].is_null(), "{page}");
        pages.extend(lines.clone());
        next = page["next"].clone();
    }
    assert_eq!(json!(pages), life["lines"]);
    assert!(life["next"].is_null(), "{life}");

    for (change, only_journal, only_fork) in
        [("omit=true", 2, 1), ("price=101", 2, 1), ("quantity=2", 1, 1)]
    {
        let fork = get(&exchange, &format!("fork?at={first}&{change}")).await.json();
        let report = &fork["report"];
        let counts = [&report["executions_only_journal"], &report["executions_only_fork"]];
        assert_eq!(counts, [&json!(only_journal), &json!(only_fork)], "{change}: {fork}");
        let shown = fork["differences"].as_array().unwrap().len();
        assert_eq!(shown, only_journal + only_fork, "{fork}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_said() {
    let exchange = Exchange::start().await;
    let (last, _) = place(&exchange, "ann", "Sell", 100).await;
    let beyond = last + 1;
    let unknown = "01890000-0000-7000-8000-000000000000";
    for (path, status, code) in [
        (format!("book/BTC-KRW?at={beyond}"), 404, "SEQUENCE_NOT_REACHED"),
        ("book/BTC-KRW?at=yesterday".into(), 400, "INVALID_PARAMETER"),
        ("book/BTC-KRW?at=0".into(), 404, "SYMBOL_NOT_FOUND"),
        ("book/NONE".into(), 404, "SYMBOL_NOT_FOUND"),
        ("statistics?symbol=NONE".into(), 404, "SYMBOL_NOT_FOUND"),
        ("account/nobody".into(), 404, "UNKNOWN_ACCOUNT"),
        ("balances?account=nobody".into(), 404, "UNKNOWN_ACCOUNT"),
        ("order/nothing".into(), 404, "ORDER_NOT_FOUND"),
        (format!("order/{unknown}"), 404, "ORDER_NOT_FOUND"),
        ("fork".into(), 400, "BAD_REQUEST"),
        (format!("fork?at={last}"), 400, "BAD_REQUEST"),
        (format!("fork?at={last}&omit=yes"), 400, "INVALID_PARAMETER"),
        (format!("fork?at={last}&omit=true&price=1"), 400, "BAD_REQUEST"),
        (format!("fork?at={last}&colour=red"), 400, "BAD_REQUEST"),
        ("fork?at=1&omit=true".into(), 400, "BAD_REQUEST"),
        (format!("fork?at={beyond}&omit=true"), 404, "SEQUENCE_NOT_REACHED"),
        (format!("fork?at={last}&omit=true&to=2"), 400, "INVALID_PARAMETER"),
        ("certificate".into(), 409, "NO_AUDIT_KEY"),
        ("proof/2".into(), 409, "NO_ROOT_YET"),
        (format!("proof/{beyond}"), 404, "SEQUENCE_NOT_REACHED"),
        ("proof/0".into(), 400, "INVALID_PARAMETER"),
        ("nothing".into(), 404, "NOT_FOUND"),
        ("book/BTC-KRW?att=5".into(), 400, "INVALID_PARAMETER"),
        ("statistics?account=ann".into(), 400, "INVALID_PARAMETER"),
        ("balances?symbol=BTC-KRW".into(), 400, "INVALID_PARAMETER"),
        ("account/ann?limit=5".into(), 400, "INVALID_PARAMETER"),
        ("certificate?to=5".into(), 400, "INVALID_PARAMETER"),
        ("proof/2?at=5".into(), 400, "INVALID_PARAMETER"),
        (format!("order/{unknown}?offset=5"), 400, "INVALID_PARAMETER"),
    ] {
        let reply = get(&exchange, &path).await;
        assert_eq!((reply.status, reply.error().as_str()), (status, code), "{path}: {reply:?}");
    }
    let reply = exchange.admin().await.get("/api/v1/audit/statistics").await;
    assert_eq!(reply.status, 404, "the operator's listener has none of it");
}

/// 65,536 commands, so that a checkpoint comes to be about the first of them.
async fn fill(exchange: &Exchange) {
    let mut tickets = std::collections::VecDeque::new();
    for _ in 0..journal::CHECKPOINT_COMMANDS {
        if tickets.len() == 1_000 {
            let ticket: gateway::desk::Ticket = tickets.pop_front().unwrap();
            ticket.outcome().await.unwrap();
        }
        tickets.push_back(exchange.app.desk.enter(&Command::Clock).unwrap());
    }
    for ticket in tickets {
        ticket.outcome().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_and_proofs_hold_without_the_exchange() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    let public = SigningKey::create(&file).unwrap().public();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let exchange = Exchange::start_with(|config| config.audit_key = Some(file)).await;
    let (sequence, order) = place(&exchange, "ann", "Sell", 100).await;
    fill(&exchange).await;
    let proof = async {
        loop {
            let reply = get(&exchange, &format!("proof/{order}")).await;
            if reply.status == 200 {
                return reply.body;
            }
            assert_eq!(reply.error(), "NO_ROOT_YET", "{reply:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let proof = tokio::time::timeout(PATIENCE, proof).await.expect("a checkpoint is written");
    let reply = get(&exchange, "certificate").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let directory = exchange.stop().await;
    let checked = certificate::check(directory.path(), &reply.body, public, |_| {}).unwrap();
    assert!(checked.claims.sequence > journal::CHECKPOINT_COMMANDS);
    let inclusion = Inclusion::parse(&proof).unwrap();
    let certified = Trusted::Certificate(&checked.claims);
    let proven = inclusion.check(certified).unwrap();
    assert!(matches!(proven.command, Command::Place(_)), "{proven:?}");
    let proven = (proven.stamp.sequence.0, proven.order.unwrap().to_string());
    assert_eq!(proven, (sequence, order));
}
