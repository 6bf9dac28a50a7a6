//! What the orders socket of StockQuest may enter: a session, its user and its address have their
//! budgets, and cancels and figures have others; and how many sessions a user may have there.

use std::time::Instant;

use gateway::peer::Loopback;
use serde_json::{Value, json};

use super::house::{House, Person};
use super::line::Way;
use super::quester::{Quester, SOCKETS};

/// Orders a second of a session; it may have two seconds' worth at once.
const RATE: u32 = 2;

async fn open(house: &House, person: &Person, way: Way) -> Quester {
    let mut quester = Quester::open(house, "orders", "", way, &[]).await.unwrap();
    let (said, _) = quester.ask("AUTH", json!({"token": person.token})).await;
    assert_eq!(said, "AUTH_CONFIRMED");
    quester
}

fn order() -> Value {
    json!({"symbol": "AAPL", "side": "buy", "type": "limit", "price": 1, "quantity": 1})
}

/// How many of that message are heard until one is not.
async fn heard(quester: &mut Quester, kind: &str, data: &Value, answer: &str) -> u32 {
    for count in 0..10_000 {
        let (said, body) = quester.ask(kind, data.clone()).await;
        if said == "RATE_LIMIT" {
            return count;
        }
        assert_eq!(said, answer, "{kind}: {body}");
    }
    panic!("{kind} has no bound");
}

/// At least what was there, and no more than that and what came back since.
fn check(what: &str, count: u32, at_once: u32, rate: u32, begun: Instant) {
    let back = f64::from(rate) * begun.elapsed().as_secs_f64();
    let most = f64::from(at_once) + back + 1.0;
    assert!(count >= at_once && f64::from(count) <= most, "{what}: {count}, {at_once} to {most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_user_and_address_have_budgets_of_orders_and_others_of_cancels() {
    let house = House::start_with(|config| {
        config.order_rate = RATE;
        config.loopback = Loopback::Counted;
    })
    .await;
    let people = ["ann", "bob", "cid"].map(|name| (name, "trader", name));
    let people = house.people(&people).await;
    let [ann, bob, cid] = [&people[0], &people[1], &people[2]];
    let (submit, cancel) = ("SUBMIT_ORDER", "CANCEL_ORDER");
    let (of_user, of_address) = (2 * RATE, 4 * RATE);
    let unknown = json!({"clientOrderId": "nobodys"});
    let mut named = order();
    named["clientOrderId"] = json!("kept");

    let mut first = open(&house, ann, Way::Raw).await;
    let begun = Instant::now();
    assert_eq!(first.ask(submit, named).await.0, "ORDER_SUBMITTED");
    let count = 1 + heard(&mut first, submit, &order(), "ORDER_SUBMITTED").await;
    check("a session", count, 2 * RATE, RATE, begun);
    let changed = json!({"clientOrderId": "kept", "price": 2});
    let count = heard(&mut first, "MODIFY_ORDER", &changed, "ORDER_MODIFIED").await;
    check("changes with the orders", count, 0, RATE, begun);
    let kept = json!({"clientOrderId": "kept"});
    assert_eq!(first.ask(cancel, kept).await.0, "ORDER_CANCELLED", "who may not enter may leave");
    let count = 1 + heard(&mut first, cancel, &unknown, "ORDER_NOT_FOUND").await;
    check("cancels of a session", count, 4 * RATE, 2 * RATE, begun);

    // Another session of hers, over another transport, and a third for which nothing is left.
    let mut second = open(&house, ann, Way::Xhr).await;
    let count = heard(&mut second, submit, &order(), "ORDER_SUBMITTED").await;
    check("her second session", count, 2 * RATE, RATE, begun);
    let mut third = open(&house, ann, Way::WebSocket).await;
    let count = heard(&mut third, submit, &order(), "ORDER_SUBMITTED").await;
    check("her third session", count, 0, of_user, begun);
    let count = heard(&mut third, cancel, &unknown, "ORDER_NOT_FOUND").await;
    check("cancels of her third session", count, 4 * RATE, 2 * RATE, begun);
    let count = heard(&mut second, cancel, &unknown, "ORDER_NOT_FOUND").await;
    check("cancels of her second session", count, 0, 2 * of_user, begun);

    // The address has had half of its own; the other half is bob's, and cid finds nothing.
    for _ in 0..2 {
        let mut quester = open(&house, bob, Way::Raw).await;
        let count = heard(&mut quester, submit, &order(), "ORDER_SUBMITTED").await;
        check("a session of bob's", count, 2 * RATE, RATE, begun);
    }
    let mut last = open(&house, cid, Way::Raw).await;
    let count = heard(&mut last, submit, &order(), "ORDER_SUBMITTED").await;
    check("cid's", count, 0, of_address, begun);
    let count = heard(&mut last, cancel, &unknown, "ORDER_NOT_FOUND").await;
    check("cancels of cid's", count, 4 * RATE, 2 * RATE, begun);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_has_no_more_figures_than_the_user_and_the_address_have() {
    let house = House::start_with(|config| config.loopback = Loopback::Counted).await;
    let people = ["ann", "bob", "cid"].map(|name| (name, "trader", name));
    let people = house.people(&people).await;
    let [ann, bob, cid] = [&people[0], &people[1], &people[2]];
    let begun = Instant::now();
    for (whose, what, at_once, rate) in [
        (ann, "ann's", 50, 5),
        (ann, "ann's, who comes back", 50, 5),
        (ann, "ann's, for whom nothing is left", 0, 10),
        (bob, "bob's", 50, 5),
        (bob, "bob's, who comes back", 50, 5),
        (cid, "cid's, whose address has had all of its own", 0, 20),
    ] {
        let mut quester = open(&house, whose, Way::Raw).await;
        let data = json!({});
        let count = heard(&mut quester, "REQUEST_ORDER_HISTORY", &data, "ORDER_HISTORY").await;
        check(what, count, at_once, rate, begun);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_session_too_many_is_refused_before_its_upgrade_or_closed_once_it_says_who_it_is() {
    let house = House::start_with(|config| config.sessions.per_user_max = 2).await;
    let ann = house.person("ann", "trader", "ann").await;
    let bearer = format!("Bearer {}", ann.token);
    let headers = [("authorization", bearer.as_str())];
    let _kept = [open(&house, &ann, Way::Raw).await, open(&house, &ann, Way::WebSocket).await];
    for way in Way::ALL {
        for socket in SOCKETS {
            let what = format!("{socket} {way:?}");
            let refused = Quester::open(&house, socket, "", way, &headers).await;
            assert_eq!(refused.err(), Some(429), "{what}");
            let mut late = Quester::open(&house, socket, "", way, &[]).await.unwrap();
            let (said, _) = late.ask("AUTH", json!({"token": ann.token})).await;
            assert_eq!((said.as_str(), late.closed().await), ("AUTH_CONFIRMED", 1013), "{what}");
        }
    }
}
