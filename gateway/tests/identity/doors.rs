//! Wrong credentials at every door: tokens that are expired, forged, early, for others or used up,
//! and signed requests that were changed, repeated or late. A row a credential, tried at each door.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gateway::identity::GUESSES;
use gateway::peer::Loopback;
use hyper::header::AUTHORIZATION;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::house::{House, Person, Proof, Socket, now_ms, signed_at};
use super::line::{Line, Told, Way};
use super::quester::{Quester, SOCKETS};
use crate::stomp::address;

/// Where a token is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Door {
    Rest,
    Operators,
    /// Of an xTrader socket.
    Upgrade,
    Said,
    StompOpening(Way),
    StompSaid(Way, &'static str),
    QuestOpening(&'static str, Way),
    QuestSaid(&'static str, Way),
}

fn doors() -> Vec<Door> {
    let mut doors = vec![Door::Rest, Door::Operators, Door::Upgrade, Door::Said];
    for way in Way::ALL {
        doors.push(Door::StompOpening(way));
        doors.extend(["Authorization:Bearer ", "passcode:"].map(|by| Door::StompSaid(way, by)));
        doors.extend(SOCKETS.map(|socket| Door::QuestOpening(socket, way)));
        doors.extend(SOCKETS.map(|socket| Door::QuestSaid(socket, way)));
    }
    doors
}

impl Door {
    /// How a wrong token is refused: before there is a session, or by its close.
    fn refusal(self) -> u16 {
        match self {
            Self::Rest | Self::Operators | Self::Upgrade => 401,
            Self::StompOpening(_) | Self::QuestOpening(..) => 401,
            Self::Said | Self::StompSaid(..) | Self::QuestSaid(..) => 4401,
        }
    }

    /// A call is signed or bears a JWT; what is good once is for sessions.
    fn is_of_sessions(self) -> bool {
        !matches!(self, Self::Rest | Self::Operators)
    }

    /// An error: the status or close code of the refusal.
    async fn show(self, house: &House, token: &str) -> Result<(), u16> {
        let bearer = format!("Bearer {token}");
        let headers = [(AUTHORIZATION.as_str(), bearer.as_str())];
        match self {
            Self::Rest => called(house.exchange.rest().await, "/api/v1/account", &headers).await,
            Self::Operators => {
                called(house.exchange.admin().await, "/v1/admin/limits", &headers).await
            }
            Self::Upgrade => {
                let headers = [("authorization", bearer.as_str())];
                Socket::open(house.ws(), "", &headers).await.map(drop)
            }
            Self::Said => {
                let mut socket = Socket::open(house.ws(), "", &[]).await?;
                socket.say(json!({"type": "Auth", "token": token})).await;
                match socket.next_or_close().await {
                    Message::Close(close) => Err(close.unwrap().code.into()),
                    message => {
                        assert!(message.to_string().contains("AuthSuccess"), "{message}");
                        Ok(())
                    }
                }
            }
            Self::StompOpening(way) => {
                let headers = [("authorization", bearer.as_str())];
                connected(house, way, &headers, "").await
            }
            Self::StompSaid(way, by) => connected(house, way, &[], &format!("{by}{token}\n")).await,
            Self::QuestOpening(socket, way) => {
                let headers = [("authorization", bearer.as_str())];
                let mut quester = Quester::open(house, socket, "", way, &headers).await?;
                // Whoever is nobody is told that instead.
                assert_eq!(quester.ask("NOTHING", json!({})).await.0, "UNKNOWN_TYPE");
                Ok(())
            }
            Self::QuestSaid(socket, way) => {
                let mut quester = Quester::open(house, socket, "", way, &[]).await?;
                match quester.ask("AUTH", json!({"token": token})).await.0.as_str() {
                    "AUTH_CONFIRMED" => Ok(()),
                    _ => Err(quester.closed().await),
                }
            }
        }
    }
}

async fn called(
    mut client: crate::support::Client,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<(), u16> {
    let reply = client.request("GET", path, headers, None).await;
    if reply.status == 200 { Ok(()) } else { Err(reply.status) }
}

async fn connected(
    house: &House,
    way: Way,
    headers: &[(&'static str, &str)],
    header: &str,
) -> Result<(), u16> {
    let mut line = Line::open(address(&house.exchange), "/ws", "", way, headers).await?;
    line.say(&format!("CONNECT\naccept-version:1.2\n{header}\n\0")).await;
    match line.hear().await {
        Told::Text(text) if text.starts_with("CONNECTED\n") => Ok(()),
        Told::Text(text) => {
            assert!(text.starts_with("ERROR\n"), "{text}");
            Err(line.closed().await)
        }
        Told::Closed(code) => Err(code),
    }
}

/// Who puts its signature under a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hand {
    Ours,
    Strangers,
    /// The public key as if it were a secret.
    Hmac,
    /// Signed, and another role put in afterwards.
    Swapped,
    Nobodys,
}

/// Makes tokens of a house's own key, and forgeries of them.
struct Mint {
    id: Value,
    ours: Ed25519KeyPair,
    strangers: Ed25519KeyPair,
}

impl Mint {
    fn of(house: &House) -> Self {
        let files = std::fs::read_dir(house.folder.path()).unwrap();
        let mut files = files.map(|entry| entry.unwrap().path());
        let file = files.find(|path| path.to_str().unwrap().contains("sign_")).unwrap();
        let file: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let pair = STANDARD.decode(file["pair"].as_str().unwrap()).unwrap();
        let stranger = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self {
            id: file["id"].clone(),
            ours: Ed25519KeyPair::from_pkcs8(&pair).unwrap(),
            strangers: Ed25519KeyPair::from_pkcs8(stranger.as_ref()).unwrap(),
        }
    }

    /// Of an admin `root`; what is null in the changes is left out. Times are seconds from now.
    fn token(&self, header: Value, claims: Value, hand: Hand) -> String {
        let now = i64::try_from(now_ms() / 1_000).unwrap();
        let mut head = json!({"alg": "EdDSA", "typ": "JWT", "kid": self.id});
        let mut body = json!({
            "iss": "orison", "aud": "orison", "sub": "root", "role": "admin", "iat": -60,
            "exp": 600,
        });
        for (whole, changes) in [(&mut head, header), (&mut body, claims)] {
            let whole = whole.as_object_mut().unwrap();
            whole.extend(changes.as_object().unwrap().clone());
            whole.retain(|_, value| !value.is_null());
        }
        for name in ["iat", "nbf", "exp"] {
            if let Some(seconds) = body[name].as_i64() {
                body[name] = json!(now + seconds);
            }
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut text = format!("{}.{}", part(&head), part(&body));
        let signature = match hand {
            Hand::Ours | Hand::Swapped => self.ours.sign(text.as_bytes()).as_ref().to_vec(),
            Hand::Strangers => self.strangers.sign(text.as_bytes()).as_ref().to_vec(),
            Hand::Hmac => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, self.ours.public_key().as_ref());
                hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
            }
            Hand::Nobodys => Vec::new(),
        };
        if hand == Hand::Swapped {
            body["sub"] = json!("bob");
            text = format!("{}.{}", part(&head), part(&body));
        }
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn good(&self) -> String {
        self.token(json!({}), json!({}), Hand::Ours)
    }
}

/// What it is, what of its header and claims is changed, and who signed it.
fn wrong() -> Vec<(&'static str, Value, Value, Hand)> {
    let row = |name, header, claims| (name, header, claims, Hand::Ours);
    let none = || json!({});
    vec![
        row("expired", none(), json!({"exp": -6})),
        row("issued later", none(), json!({"iat": 60})),
        row("valid later", none(), json!({"nbf": 60})),
        row("for others", none(), json!({"aud": "prayer"})),
        row("for nobody", none(), json!({"aud": null})),
        row("of another issuer", none(), json!({"iss": "prayer"})),
        row("without end", none(), json!({"exp": null})),
        row("of a role that is none", none(), json!({"role": "root"})),
        row("under another key's name", json!({"kid": "sign_0"}), none()),
        row("under no key's name", json!({"kid": null}), none()),
        row("with something critical", json!({"crit": ["b64"], "b64": false}), none()),
        row("that says none, signed", json!({"alg": "none"}), none()),
        ("that says none", json!({"alg": "none"}), none(), Hand::Nobodys),
        ("without signature", none(), none(), Hand::Nobodys),
        ("of another key", none(), none(), Hand::Strangers),
        ("signed with what is public", json!({"alg": "HS256"}), none(), Hand::Hmac),
        ("changed since", none(), none(), Hand::Swapped),
    ]
}

async fn crowded() -> House {
    // Sessions over HTTP end some seconds after nobody asks for them any more.
    let crowd = |config: &mut gateway::Config| {
        config.sessions.per_user_max = 1_000;
        config.sessions.sessions_max = 10_000;
    };
    House::start_with(crowd).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_door_takes_a_wrong_token_and_each_takes_a_right_one() {
    let house = crowded().await;
    let mint = Mint::of(&house);
    for door in doors() {
        // The clocks of signer and server may be five seconds apart.
        for claims in [json!({}), json!({"exp": -1}), json!({"iat": 4}), json!({"nbf": 4})] {
            let right = mint.token(json!({}), claims.clone(), Hand::Ours);
            assert_eq!(door.show(&house, &right).await, Ok(()), "{door:?} {claims}");
        }
        for (name, header, claims, hand) in wrong() {
            let token = mint.token(header, claims, hand);
            let refused = door.show(&house, &token).await;
            assert_eq!(refused, Err(door.refusal()), "{door:?}: a token {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_good_once_is_good_once_at_any_door() {
    let house = crowded().await;
    let mint = Mint::of(&house);
    let bearer = format!("Bearer {}", mint.good());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    for door in doors() {
        let mut client = house.exchange.rest().await;
        let minted = client.request("POST", "/api/v1/token", &headers, Some(b"{}")).await;
        let token = minted.text("token");
        let first = if door.is_of_sessions() { Ok(()) } else { Err(401) };
        assert_eq!(door.show(&house, &token).await, first, "{door:?}");
        if door.is_of_sessions() {
            assert_eq!(door.show(&house, &token).await, Err(door.refusal()), "{door:?}: again");
            assert_eq!(Door::Said.show(&house, &token).await, Err(4401), "{door:?}: elsewhere");
        }
        let guess = format!("once_{}", "A".repeat(43));
        assert_eq!(door.show(&house, &guess).await, Err(door.refusal()), "{door:?}: a guess");
    }
}

/// A request whose signature was made for something else.
struct Sent {
    name: &'static str,
    signed: (&'static str, &'static str),
    asked: (&'static str, &'static str),
    /// Milliseconds ahead of the server.
    ahead_ms: u64,
    status: u16,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_request_holds_for_itself_once_and_now() {
    let house = House::start().await;
    let root = house.person("root", "admin", "root").await;
    let window_ms = house.exchange.app.config.identity_window_ms;
    for (is_admin, path) in [(false, "/api/v1/account"), (true, "/v1/admin/limits")] {
        let ask = async |person: &Person, row: &Sent| {
            let mut client = match is_admin {
                true => house.exchange.admin().await,
                false => house.exchange.rest().await,
            };
            let (method, target) = row.signed;
            let headers = signed_at(person, method, target, None, now_ms() + row.ahead_ms);
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let (method, target) = row.asked;
            let first = client.request(method, target, &headers, None).await.status;
            (first, client.request(method, target, &headers, None).await.status)
        };
        let right = ("GET", path);
        let elsewhere = ("GET", if is_admin { "/v1/admin/fees" } else { "/api/v1/orders" });
        let queried =
            ("GET", if is_admin { "/v1/admin/limits?a=1" } else { "/api/v1/account?a=1" });
        let row =
            |name, signed, asked, ahead_ms, status| Sent { name, signed, asked, ahead_ms, status };
        for row in [
            row("right", right, right, 0, 200),
            row("of a clock that is fast", right, right, window_ms - 500, 200),
            row("of a clock that is too fast", right, right, window_ms + 60_000, 401),
            row("for another address", elsewhere, right, 0, 401),
            row("with a query since", right, queried, 0, 401),
            row("of another method", ("DELETE", path), right, 0, 401),
        ] {
            let (first, again) = ask(&root, &row).await;
            assert_eq!((first, again), (row.status, 401), "{path}: {}", row.name);
        }
        let thief = Person { secret: "A".repeat(43), ..root.clone() };
        let (first, _) = ask(&thief, &row("of another secret", right, right, 0, 401)).await;
        assert_eq!(first, 401, "{path}: of another secret");
    }
    let slow = signed_at(&root, "GET", "/api/v1/account", None, now_ms() - window_ms - 60_000);
    let slow: Vec<_> = slow.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let reply = house.exchange.rest().await.request("GET", "/api/v1/account", &slow, None).await;
    assert_eq!(reply.text("message"), "the time of the request is too far from the server's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_credentials_cost_their_address_and_right_ones_do_not() {
    let house = House::start_with(|config| {
        config.loopback = Loopback::Counted;
        config.sessions.per_user_max = 1_000;
    })
    .await;
    let mint = Mint::of(&house);
    let (right, forged) = (mint.good(), mint.token(json!({}), json!({}), Hand::Strangers));
    let doors = [
        Door::Rest,
        Door::Said,
        Door::Upgrade,
        Door::StompSaid(Way::Raw, "passcode:"),
        Door::StompOpening(Way::Xhr),
        Door::QuestSaid("orders", Way::WebSocket),
        Door::QuestOpening("orders", Way::Raw),
        Door::Operators,
    ];
    for door in doors.iter().cycle().take(5 * doors.len()) {
        assert_eq!(door.show(&house, &right).await, Ok(()), "{door:?}: right ones cost nothing");
    }
    let begun = Instant::now();
    let mut shown = 0;
    for door in doors.iter().cycle() {
        match door.show(&house, &forged).await {
            Err(429) => break,
            refused => assert_eq!(refused, Err(door.refusal()), "{door:?} after {shown}"),
        }
        shown += 1;
    }
    // One comes back each second; a session that is refused does not say which it was.
    let most = u64::from(GUESSES) + begun.elapsed().as_secs() + 2;
    assert!((u64::from(GUESSES)..=most).contains(&shown), "{shown} of {most}");
    for door in doors {
        let refusal = if door.refusal() == 401 { 429 } else { 4401 };
        let flooded = async {
            loop {
                while Door::Rest.show(&house, &forged).await != Err(429) {}
                match door.show(&house, &right).await {
                    // A second had passed since.
                    Ok(()) => {}
                    refused => return refused,
                }
            }
        };
        assert_eq!(flooded.await, Err(refusal), "{door:?}: right ones wait too");
    }
    let reply = house.rest(Proof::Bearer, None, "GET", "/health", "").await;
    assert_eq!(reply.status, 200, "who shows nothing is not asked");
    while Door::Rest.show(&house, &right).await.is_err() {}
}
