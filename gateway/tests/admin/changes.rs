//! Who changed what; and whose listener it is.

use serde_json::{Value, json};

use super::office::Office;

fn actors(answer: &Value) -> Vec<(u64, String)> {
    let changes = answer["changes"].as_array().unwrap().iter();
    let entry = |change: &Value| {
        (change["sequence"].as_u64().unwrap(), change["actor"].as_str().unwrap().to_owned())
    };
    changes.map(entry).collect()
}

#[tokio::test]
async fn every_change_says_who_when_what_and_what_came_of_it() {
    let mut office = Office::open().await;
    let halt = r#"{"status":"halted"}"#;
    office.post_as("ann", "instruments/AAPL/status", halt).await;
    office.post_as("bob of the night shift", "instruments/AAPL/status", halt).await;
    let answer = office.read("changes?limit=2").await;
    let command =
        |actor: &str| json!({"op": "status", "symbol": "AAPL", "status": "halted", "actor": actor});
    let (newer, older) = (&answer["changes"][0], &answer["changes"][1]);
    for (change, sequence, actor, outcome) in
        [(newer, 6, "bob of the night shift", "bad_status"), (older, 5, "ann", "done")]
    {
        let expected = json!({
            "sequence": sequence, "time": change["time"], "timestamp": change["timestamp"],
            "actor": actor, "command": command(actor), "outcome": outcome,
        });
        assert_eq!(*change, expected);
        assert!(change["time"].as_str().unwrap().ends_with('Z') && change["timestamp"].is_u64());
    }
    assert_eq!((&answer["next"], &answer["sequence"]), (&json!(5), &json!(6)));
    let first = office.read("changes?limit=10&before=5").await;
    let own = |sequence: u64| (sequence, "configuration".to_owned());
    assert_eq!(actors(&first), [own(4), own(3), own(2), own(1)]);
    assert_eq!(first["next"], Value::Null);
    let all = actors(&office.read("changes").await);
    let mut office = office.restarted().await;
    assert_eq!(actors(&office.read("changes").await), all);
}

#[tokio::test]
async fn nobody_is_another_part_of_the_exchange() {
    let mut office = Office::open().await;
    let long = "x".repeat(33);
    for (actor, status) in [
        ("ann", 200),
        ("", 200),
        ("schedule", 400),
        ("configuration", 400),
        ("orison", 400),
        (long.as_str(), 400),
    ] {
        let reply = office.post_as(actor, "end-of-day", "{}").await;
        assert_eq!(reply.status, status, "{actor}: {}", reply.body);
        if status == 400 {
            assert_eq!(reply.text("field"), "X-Actor");
        }
    }
    let changes = office.read("changes?limit=3").await;
    let own = "configuration".to_owned();
    assert_eq!(actors(&changes), [(6, "admin".into()), (5, "ann".into()), (4, own)]);
}

#[tokio::test]
async fn the_operator_and_the_public_meet_on_no_listener() {
    let mut office = Office::open().await;
    for path in ["/v1/order", "/v1/orderbook/AAPL", "/ws", "/", "/config.json", "/v1/symbols"] {
        assert_eq!(office.admin.get(path).await.status, 404, "{path}");
    }
    for path in ["/v1/admin/instruments", "/api/v1/admin/limits", "/v1/admin/health"] {
        assert_eq!(office.rest.get(path).await.status, 404, "{path}");
        assert_eq!(office.exchange.ws().await.get(path).await.status, 404, "{path}");
    }
    for path in ["/health", "/metrics", "/openapi.json", "/v1/admin/health", "/v1/admin/metrics"] {
        assert_eq!(office.admin.get(path).await.status, 200, "{path}");
    }
    let document = office.admin.get("/openapi.json").await.json();
    assert_eq!(document["info"]["title"], "Orison admin");
}

#[tokio::test]
async fn no_page_reaches_the_operator() {
    let mut office = Office::open().await;
    let json = ("content-type", "application/json");
    for origin in ["http://localhost:7001", "http://127.0.0.1", "https://evil.example", "null"] {
        let asks = [("origin", origin), ("access-control-request-method", "POST")];
        let reply = office.admin.request("OPTIONS", "/v1/admin/limits", &asks, None).await;
        assert_eq!(reply.status, 204);
        for name in ["access-control-allow-origin", "access-control-allow-methods"] {
            assert_eq!(reply.header(name), None, "{origin}");
        }
        let headers = [("origin", origin), json];
        let reply = office.admin.request("GET", "/v1/admin/limits", &headers, None).await;
        assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
    }
    let plain = [("content-type", "text/plain")];
    let path = "/v1/admin/accounts/a/kill";
    for headers in [&plain[..], &[]] {
        let reply = office.admin.request("POST", path, headers, Some(b"{}")).await;
        assert_eq!((reply.status, reply.error()), (415, "UNSUPPORTED_MEDIA_TYPE".into()));
    }
    assert_eq!(office.read("accounts").await["accounts"], json!([]));
}
