//! The limits of the journal: read, and raised.

use serde_json::json;

use super::office::Office;

#[tokio::test]
async fn limits_rise_hold_at_once_and_are_there_after_a_restart() {
    let mut office = Office::open().await;
    let mut expected = json!({
        "rules_version": 2, "accounts_max": 65536, "assets_max": 256, "balances_max": 262_144,
        "closed_ids_max": 1_048_576, "closed_ids_per_account_max": 1024, "feed_window": 4096,
        "instruments_max": 256, "orders_max": 1_048_576, "positions_max": 262_144,
        "trailing_max": 65536, "sequence": 4,
    });
    assert_eq!(office.read("limits").await, expected);
    let raise = r#"{"assets_max":300,"accounts_max":70000}"#;
    let reply = office.patch("limits", raise).await;
    expected["assets_max"] = json!(300);
    expected["accounts_max"] = json!(70000);
    expected["sequence"] = json!(5);
    assert_eq!((reply.status, reply.json()), (200, expected.clone()));
    let (actor, command, outcome) = office.latest().await;
    assert_eq!((actor.as_str(), outcome.as_str()), ("admin", "done"));
    assert_eq!((&command["op"], &command["assets_max"]), (&json!("genesis"), &json!(300)));

    let reply = office.patch("limits", r#"{"assets_max":299}"#).await;
    assert_eq!((reply.status, reply.error()), (422, "BAD_STATUS".into()));
    expected["sequence"] = json!(6);
    assert_eq!(office.read("limits").await, expected, "none falls");
    let reply = office.patch("limits", r#"{"trailing_max":65537}"#).await;
    expected["trailing_max"] = json!(65537);
    expected["sequence"] = json!(7);
    assert_eq!((reply.status, reply.json()), (200, expected.clone()));
    let mut office = office.restarted().await;
    assert_eq!(office.read("limits").await, expected);
}

#[tokio::test]
async fn a_raised_limit_makes_room() {
    let exchange = super::support::Exchange::start_with(|config| config.limits.instruments_max = 3);
    let mut office = Office::of(exchange.await).await;
    let create = r#"{"symbol":"X","base":"X","quote":"USD","price_step":1,"quantity_step":1}"#;
    let reply = office.post("instruments", create).await;
    assert_eq!((reply.status, reply.error()), (400, "SYMBOL_NOT_FOUND".into()), "no room for it");
    assert_eq!(office.patch("limits", r#"{"instruments_max":4}"#).await.status, 200);
    assert_eq!(office.post("instruments", create).await.status, 201);
}
