//! What the service says of itself: instruments, time, health, metrics, description, prayers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::support::Exchange;

#[tokio::test]
async fn instruments_are_told_with_their_steps_and_fees() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let reply = client.get("/api/v1/symbols").await;
    let bitcoin = concat!(
        r#"{"symbol":"BTC-KRW","base":"BTC","quote":"KRW","price_step":1,"#,
        r#""quantity_step":0.00000001,"maker_fee_ppm":500,"taker_fee_ppm":500,"status":"open","#
    );
    let apple = concat!(
        r#"{"symbol":"AAPL","base":"AAPL","quote":"USD","price_step":0.01,"#,
        r#""quantity_step":0.0001,"maker_fee_ppm":0,"taker_fee_ppm":0,"status":"open","#
    );
    assert!(reply.body.contains(bitcoin) && reply.body.contains(apple), "{}", reply.body);
    assert_eq!(reply.json()["symbols"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn time_health_and_configuration_are_told() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let time = client.get("/v1/time").await.json();
    assert!(time["server_time"].as_u64() > Some(1_700_000_000_000), "{time}");
    for path in ["/health", "/v1/health", "/api/v1/health"] {
        let health = client.get(path).await.json();
        assert_eq!((&health["status"], &health["durability"]), (&"ok".into(), &"durable".into()));
        assert_eq!((&health["sequence"], &health["visible"]), (&4.into(), &4.into()), "{health}");
    }
    let config = client.get("/config.json").await.json();
    let directory = &exchange.adapters.directory;
    assert_eq!(config["rest"], format!("http://{}", directory.rest.unwrap()));
    assert_eq!(config["ws"], format!("ws://{}/ws", directory.ws.unwrap()));
}

#[tokio::test]
async fn metrics_count_what_was_asked() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    client.get("/v1/orderbook/BTC-KRW").await;
    client.get("/v1/orderbook/XYZ").await;
    client.get("/nowhere/at/all").await;
    let page = client.get("/metrics").await;
    assert!(page.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    for line in [
        r#"orison_http_requests_total{route="orderbook/{symbol}",method="GET",status="200"} 1"#,
        r#"orison_http_requests_total{route="orderbook/{symbol}",method="GET",status="404"} 1"#,
        r#"orison_http_requests_total{route="none",method="GET",status="404"} 1"#,
        r#"orison_ring_slots{ring="input"} 16384"#,
        r#"orison_sequence{position="visible"} 4"#,
        r#"orison_http_connections 1"#,
        r#"orison_http_errors_total{code="SYMBOL_NOT_FOUND"} 1"#,
        r#"orison_http_errors_total{code="NOT_FOUND"} 1"#,
        "orison_ring_busy_total 0",
        "orison_desk_waiting 0",
        "# EOF",
    ] {
        assert!(page.body.lines().any(|known| known == line), "{line} in\n{}", page.body);
    }
    for name in ["orison_stage_latency_seconds{stage=\"decide\"", "orison_cpu_seconds_total "] {
        assert!(page.body.contains(name), "{name} in\n{}", page.body);
    }
}

#[tokio::test]
async fn connections_are_shown_and_counted() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let none = client.get("/v1/connections").await.json();
    assert_eq!((&none["totalConnections"], &none["connections"]), (&0.into(), &[(); 0][..].into()));
    let mut socket = exchange.ws().await;
    let handshake = "GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
                     upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                     sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write(handshake.as_bytes()).await;
    assert_eq!(socket.read_head().await.status, 101);
    socket.first_frame().await;
    let one = client.get("/v1/connections").await.json();
    assert_eq!(one["totalConnections"], 1, "{one}");
    assert_eq!(one["connectionsByType"]["xtrader"], 1);
    assert_eq!(one["connectionsByDuration"]["<1m"], 1);
    assert!(one["connections"][0]["client_id"].is_string(), "{one}");
    let page = client.get("/metrics").await.body;
    assert!(page.contains("orison_socket_connections 1\n"), "{page}");
    assert!(page.contains("orison_socket_sessions_total 1\n"), "{page}");
}

#[tokio::test]
async fn prayers_add_up_within_their_bucket() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let none = client.get("/v1/prayer").await;
    assert!(none.body.contains(r#""upRatio":0.5,"downRatio":0.5"#), "{}", none.body);
    let reply = client.post("/v1/prayer", r#"{"side":"up","count":3}"#).await;
    assert_eq!((reply.status, &reply.json()["upCount"]), (202, &3.into()));
    let reply = client.post("/v1/prayer", r#"{"side":"down"}"#).await;
    assert_eq!((reply.status, &reply.json()["downCount"]), (202, &1.into()));
    assert_eq!(reply.header("x-ratelimit-limit"), Some("20"));
    let totals = client.get("/v1/prayer").await;
    assert!(totals.body.contains(r#""upRatio":0.75,"downRatio":0.25"#), "{}", totals.body);
    for (body, code) in [
        (r#"{"side":"sideways"}"#, "INVALID_SIDE"),
        (r#"{"side":"up","count":0}"#, "INVALID_COUNT"),
        (r#"{"side":"up","count":101}"#, "INVALID_COUNT"),
        (r#"{"side":"up","count":1.5}"#, "INVALID_COUNT"),
        (r#"{"side":1}"#, "BAD_REQUEST"),
        ("{}", "BAD_REQUEST"),
    ] {
        let reply = client.post("/v1/prayer", body).await;
        assert_eq!((reply.status, reply.error()), (400, code.into()), "{body}");
    }
    let mut refused = None;
    for _ in 0..200 {
        let reply = client.post("/v1/prayer", r#"{"side":"up"}"#).await;
        if reply.status != 202 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("the bucket empties long before 200 at once");
    assert_eq!((refused.status, refused.error()), (429, "RATE_LIMIT_EXCEEDED".into()));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn the_description_names_every_field() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let description = client.get("/openapi.json").await.json();
    assert_eq!(client.get("/api/v1/openapi.json").await.json(), description);
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for (name, call) in [
        ("PlaceRequest", "order"),
        ("PlaceRequest", "order/test"),
        ("OcoRequest", "order/oco"),
        ("OtoRequest", "order/oto"),
        ("CancelRequest", "order/cancel"),
        ("AmendRequest", "order/amend"),
        ("CancelAllRequest", "order/cancel-all"),
    ] {
        let properties = schemas[name]["properties"].as_object().unwrap();
        for field in properties.keys() {
            // An object is no value of any field: a field that is known says so by its name.
            let body = format!("{{\"{field}\":{{}}}}");
            let reply = client.post(&format!("/v1/{call}"), &body).await;
            assert_eq!(reply.error(), "BAD_REQUEST", "{name}.{field}: {}", reply.body);
        }
    }
    for (path, calls) in description["paths"].as_object().unwrap() {
        let calls = calls.as_object().unwrap().iter().filter(|(method, _)| *method != "servers");
        for (_, call) in calls {
            let responses = call["responses"].as_object().unwrap();
            assert!(responses.values().all(|r| r["description"].is_string()), "{path}");
        }
    }
    let symbols = client.get("/v1/symbols").await.json();
    let described = &schemas["InstrumentEntry"]["properties"];
    for field in symbols["symbols"][0].as_object().unwrap().keys() {
        assert!(described.get(field).is_some(), "{field} is described");
    }
}

/// A disk whose syncs wait until the test lets them fail.
struct Failing {
    is_meant: fn(&journal::Operation<'_>) -> bool,
    fails: AtomicBool,
}

impl journal::Faults for Failing {
    fn before(&self, operation: &journal::Operation<'_>) -> std::io::Result<()> {
        if !(self.is_meant)(operation) {
            return Ok(());
        }
        while !self.fails.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        Err(std::io::Error::other("the disk is gone"))
    }
}

fn is_sync_of_a_record(operation: &journal::Operation<'_>) -> bool {
    matches!(operation, journal::Operation::SyncRange { .. })
}

fn is_sync_of_the_next_segment(operation: &journal::Operation<'_>) -> bool {
    let is_preparer = std::thread::current().name() == Some("journal-preparer");
    is_preparer && matches!(operation, journal::Operation::SyncFile { .. })
}

/// As often as it takes for whoever sees the failure first to be gone before anybody else comes.
const STARTS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_fails_while_the_engine_starts_says_so_in_its_own_words() {
    for (is_meant, word) in [
        (is_sync_of_a_record as fn(&journal::Operation<'_>) -> bool, "sync range "),
        (is_sync_of_the_next_segment, "sync file "),
    ] {
        for start in 0..STARTS {
            let disk = Arc::new(Failing { is_meant, fails: AtomicBool::default() });
            let (directory, config, recovered) = super::support::recovered_on(disk.clone());
            let positions = recovered.writer.positions();
            disk.fails.store(true, Ordering::SeqCst);
            while !positions.has_failed() {
                std::thread::yield_now();
            }
            let app = gateway::App::start(config, recovered).unwrap();
            let failure = app.monitor().failure().unwrap();
            assert!(failure.contains(word), "start {start}: {failure}");
            assert!(failure.ends_with(": the disk is gone"), "start {start}: {failure}");
            let stopped = app.stop().await.unwrap_err().to_string();
            assert!(stopped.contains("the disk is gone"), "start {start}: {stopped}");
            drop(directory);
        }
    }
}

/// A disk without room for another segment, until the test makes some.
#[derive(Default)]
struct Full(AtomicBool);

impl journal::Faults for Full {
    fn before(&self, _operation: &journal::Operation<'_>) -> std::io::Result<()> {
        Ok(())
    }

    fn free_bytes(&self) -> Option<u64> {
        self.0.load(Ordering::SeqCst).then_some(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_disk_that_is_nearly_full_orders_are_refused_and_cancels_go_on() {
    let disk = Arc::new(Full::default());
    let exchange = Exchange::start_on(Arc::clone(&disk) as Arc<dyn journal::Faults>).await;
    let mut client = exchange.rest().await;
    let order = r#"{"symbol":"BTC-KRW","side":"Buy","type":"Limit","price":50000000,"quantity":1,
        "client_order_id":"first"}"#;
    assert_eq!(client.post("/v1/order", order).await.status, 202);

    disk.0.store(true, Ordering::SeqCst);
    let other = order.replace("first", "other");
    let refused = loop {
        let reply = client.post("/v1/order", &other).await;
        if reply.status != 202 {
            break reply;
        }
    };
    let told = (refused.status, refused.error(), refused.header("retry-after"));
    assert_eq!(told, (503, "JOURNAL_FULL".into(), Some("1")));
    assert_eq!(client.post("/v1/prayer", r#"{"side":"up","count":1}"#).await.status, 503);
    let health = client.get("/health").await.json();
    let full = "the disk has no room for another segment of the journal";
    assert_eq!((&health["status"], &health["warning"]), (&"ok".into(), &full.into()), "{health}");
    assert_eq!((&health["nearly_full"], &health["disk_free_bytes"]), (&true.into(), &0.into()));
    let metrics = client.get("/metrics").await.body;
    assert!(metrics.contains("journal_nearly_full 1\n"), "{metrics}");
    let amend = r#"{"client_order_id":"first","quantity":"0.5"}"#;
    assert_eq!(client.post("/v1/order/amend", amend).await.status, 200);
    let cancel = r#"{"client_order_id":"first"}"#;
    assert_eq!(client.post("/v1/order/cancel", cancel).await.status, 200);

    disk.0.store(false, Ordering::SeqCst);
    while client.post("/v1/order", &other).await.status != 202 {}
}
