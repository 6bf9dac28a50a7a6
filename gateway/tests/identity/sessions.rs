//! Live sessions: how long one may be nobody, when it ends, and how it goes on.

use std::time::{Duration, Instant};

use gateway::identity::{AUTH_MAX, POLL, STANDING};
use serde_json::json;

use super::house::{House, Proof, Socket, errand, token_until};
use super::stomp::{Heard, Stomp, address};

/// A token ends this many seconds after what it says.
const LEEWAY_SECONDS: i64 = 5;

async fn stomp_of(house: &House, token: &str) -> Stomp {
    let mut client = Stomp::open(address(&house.exchange), "/ws", "v12.stomp").await;
    client.send(&format!("CONNECT\naccept-version:1.2\npasscode:{token}\n\n\0")).await;
    assert_eq!(client.frame().await.command, "CONNECTED");
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_stays_nobody_is_closed_and_a_wrong_token_closes_at_once() {
    let house = House::start().await;
    let begun = Instant::now();
    let mut silent = Socket::open(house.ws(), "", &[]).await.ok().unwrap();
    let mut unconnected = Stomp::open(address(&house.exchange), "/ws", "v12.stomp").await;
    let expired = token_until(house.folder.path(), "ann", "trader", -LEEWAY_SECONDS - 1);
    for (token, reason) in [
        ("guess", "the credentials are not valid"),
        ("once_guess", "the credentials are not valid"),
        ("", "the credentials cannot be read"),
        (expired.as_str(), "the token has expired"),
    ] {
        let mut socket = Socket::open(house.ws(), "", &[]).await.ok().unwrap();
        socket.say(json!({"type": "Auth", "token": token})).await;
        assert_eq!(socket.closed().await, (4401, reason.to_owned()), "{token}");
        let bearer = format!("Bearer {token}");
        let upgrade = Socket::open(house.ws(), "", &[("authorization", &bearer)]).await;
        assert_eq!(upgrade.err(), Some(401), "{token}");
    }
    assert_eq!(silent.closed().await.0, 4401);
    let (error, code) = unconnected.error().await;
    assert_eq!((error.command.as_str(), code), ("ERROR", Some(4401)));
    let waited = begun.elapsed();
    assert!(waited >= AUTH_MAX && waited < AUTH_MAX + Duration::from_secs(10), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_session_ends_with_its_token_unless_it_says_the_next_one() {
    let house = House::start().await;
    let short = || token_until(house.folder.path(), "ann", "trader", 2 - LEEWAY_SECONDS);
    let mut ended = Socket::of(&house, &short()).await;
    let mut stomp = stomp_of(&house, &short()).await;
    let mut renewed = Socket::of(&house, &short()).await;
    let longer = token_until(house.folder.path(), "ann", "trader", 600);
    let answer = renewed.ask(json!({"type": "Auth", "token": longer})).await;
    assert_eq!(answer["type"], "AuthSuccess", "{answer}");
    for (user, role) in [("bob", "trader"), ("ann", "viewer")] {
        let other = token_until(house.folder.path(), user, role, 600);
        let answer = renewed.ask(json!({"type": "Auth", "token": other})).await;
        assert_eq!(answer["code"], "FORBIDDEN", "{user} {role}: {answer}");
    }
    let answer = renewed.ask(json!({"type": "Auth", "token": "guess"})).await;
    assert_eq!(answer["code"], "UNAUTHENTICATED", "a live session survives it: {answer}");
    assert_eq!(ended.closed().await, (4401, "the token has expired".into()));
    let (error, code) = stomp.error().await;
    assert_eq!((error.header("message"), code), (Some("the token has expired"), Some(4401)));
    assert_eq!(renewed.ask(json!({"type": "Ping"})).await["type"], "Pong");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_ends_its_sessions_and_requests_within_seconds() {
    let house = House::start().await;
    let ann = house.person("ann", "trader", "ann").await;
    let minted = house.rest(Proof::Signed, Some(&ann), "POST", "/api/v1/token", "{}").await;
    let mut by_key = Socket::of(&house, &minted.text("token")).await;
    let mut by_token = Socket::of(&house, &ann.token).await;
    let begun = Instant::now();
    errand(house.folder.path(), &format!("keys revoke {}", ann.key));
    assert_eq!(by_key.closed().await.0, 4401);
    let waited = begun.elapsed();
    assert!(waited < POLL + STANDING + Duration::from_secs(5), "{waited:?}");
    let reply = house.rest(Proof::Signed, Some(&ann), "GET", "/api/v1/orders", "").await;
    assert_eq!(reply.status, 401, "{reply:?}");
    assert_eq!(by_token.ask(json!({"type": "Ping"})).await["type"], "Pong");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_in_addresses_and_pages_of_strangers_are_refused() {
    let house = House::start().await;
    let ann = house.person("ann", "trader", "ann").await;
    for name in ["token", "access_token", "Authorization", "api_key"] {
        let query = format!("?a=1&{name}={}", ann.token);
        assert_eq!(Socket::open(house.ws(), &query, &[]).await.err(), Some(401), "{name}");
        let path = format!("/api/v1/orders{query}");
        let reply = house.rest(Proof::Bearer, Some(&ann), "GET", &path, "").await;
        assert_eq!((reply.status, reply.error().as_str()), (401, "UNAUTHENTICATED"), "{name}");
    }
    let stranger = [("origin", "https://evil.example")];
    assert_eq!(Socket::open(house.ws(), "", &stranger).await.err(), Some(403));
    for origin in ["http://localhost:5173", "http://127.0.0.1"] {
        assert!(Socket::open(house.ws(), "", &[("origin", origin)]).await.is_ok(), "{origin}");
    }
    let stomp = house.exchange.adapters.directory.stomp.unwrap();
    for (path, headers, status) in [
        ("/ws/info", &[("origin", "https://evil.example")][..], 403),
        ("/ws/info?token=x", &[][..], 401),
        ("/ws/info", &[("origin", "http://localhost:1")][..], 200),
        ("/ws/info", &[][..], 200),
    ] {
        let mut client = crate::support::Client::connect(stomp).await;
        let reply = client.request("GET", path, headers, None).await;
        assert_eq!(reply.status, status, "{path} {headers:?}");
    }
    // With identities any name may reach us: there is nothing that a page could do unasked.
    let mut client = house.exchange.rest().await;
    let bytes = b"GET /health HTTP/1.1\r\nhost: orison.example\r\n\r\n";
    client.write(bytes).await;
    assert_eq!(client.read().await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn public_executions_do_not_name_orders_and_config_says_the_mode() {
    let house = House::start().await;
    let reply = house.rest(Proof::Bearer, None, "GET", "/config.json", "").await.json();
    assert_eq!(reply["mode"], "authenticated");
    let closing = async {
        let mut client = Stomp::open(address(&house.exchange), "/ws", "v12.stomp").await;
        client.send("CONNECT\naccept-version:1.2\npasscode:guess\n\n\0").await;
        loop {
            if let Heard::Closed(code) = client.heard().await {
                return code;
            }
        }
    };
    assert_eq!(closing.await, Some(4401));
}
