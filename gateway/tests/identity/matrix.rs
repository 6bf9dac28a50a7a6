//! Role x action x own or foreign, over REST by either proof, the operator's REST, the xTrader
//! socket and STOMP: a row an action, a column a role, a cell what it is answered.

use gateway::Config;
use serde_json::Value;

use super::house::{House, Person, Proof, Socket};
use super::stomp::{Heard, Stomp, address};

pub(crate) const ROLES: [&str; 4] = ["viewer", "trader", "auditor", "admin"];
/// What viewer, trader, auditor, admin and nobody are answered.
type Cells = [u16; 5];

const ALL: Cells = [200, 200, 200, 200, 401];
const ANYBODY: Cells = [200, 200, 200, 200, 200];
const READS_ALL: Cells = [403, 403, 200, 200, 401];
const FOREIGN_READ: Cells = [404, 404, 200, 200, 401];
const FOREIGN_TRADE: Cells = [403, 404, 403, 403, 401];

const fn trades(answer: u16) -> Cells {
    [403, answer, 403, 403, 401]
}

const fn operates(answer: u16) -> Cells {
    [403, 403, 403, answer, 401]
}

/// `{own}` and `{foreign}` stand for order ids, of which the foreign one is bob's.
const REST: &[(&str, &str, &str, Cells)] = &[
    ("GET", "/health", "", ANYBODY),
    ("GET", "/api/v1/time", "", ANYBODY),
    ("GET", "/openapi.json", "", ANYBODY),
    ("GET", "/config.json", "", ANYBODY),
    ("GET", "/api/v1/symbols", "", ALL),
    ("GET", "/v1/symbols", "", ALL),
    ("GET", "/api/v1/orderbook/BTC-KRW?depth=5", "", ALL),
    ("GET", "/api/v1/klines/BTC-KRW/1m", "", ALL),
    ("GET", "/api/v1/statistics", "", ALL),
    ("GET", "/api/v1/statistics/BTC-KRW", "", ALL),
    ("GET", "/api/v1/executions/BTC-KRW", "", ALL),
    ("GET", "/api/v1/prayer", "", ALL),
    ("GET", "/api/v1/feeds", "", ALL),
    ("POST", "/api/v1/prayer", r#"{"side":"up","count":1}"#, [202, 202, 202, 202, 401]),
    ("POST", "/api/v1/token", "{}", ALL),
    ("GET", "/api/v1/order/{own}", "", ALL),
    ("GET", "/api/v1/orders", "", ALL),
    ("GET", "/api/v1/fills", "", ALL),
    ("GET", "/api/v1/account", "", ALL),
    ("GET", "/api/v1/balances", "", ALL),
    ("GET", "/api/v1/positions", "", ALL),
    ("GET", "/api/v1/orders?account=bob", "", ALL),
    ("GET", "/api/v1/balances?account=bob", "", ALL),
    ("GET", "/api/v1/order/{foreign}", "", [404, 404, 404, 404, 401]),
    ("GET", "/api/v1/order/{foreign}?account=bob", "", FOREIGN_READ),
    ("GET", "/api/v1/connections", "", READS_ALL),
    ("GET", "/metrics", "", READS_ALL),
    ("GET", "/api/v1/metrics", "", READS_ALL),
    ("GET", "/api/v1/audit/book/BTC-KRW", "", READS_ALL),
    ("GET", "/v1/audit/statistics?at=5", "", READS_ALL),
    ("GET", "/api/v1/audit/balances", "", READS_ALL),
    ("GET", "/api/v1/audit/account/bob", "", READS_ALL),
    ("GET", "/api/v1/audit/order/{own}", "", READS_ALL),
    ("GET", "/api/v1/audit/order/{foreign}", "", READS_ALL),
    ("GET", "/api/v1/audit/fork?at=3&omit=true", "", READS_ALL),
    ("GET", "/api/v1/audit/certificate", "", [403, 403, 409, 409, 401]),
    ("GET", "/api/v1/audit/proof/2", "", [403, 403, 409, 409, 401]),
    ("GET", "/api/v1/stream?from=1", "", [403, 403, 426, 426, 401]),
    ("POST", "/api/v1/order", r#"{ORDER}"#, trades(202)),
    ("POST", "/api/v1/order", r#"{ORDER,"account":"bob"}"#, trades(422)),
    ("POST", "/api/v1/order?account=bob", r#"{ORDER}"#, trades(422)),
    ("POST", "/api/v1/order/test", r#"{ORDER}"#, trades(200)),
    ("POST", "/api/v1/order/test", r#"{ORDER,"account":"bob"}"#, trades(422)),
    ("POST", "/api/v1/order/oco", r#"{"orders":[{ORDER},{SELL}]}"#, trades(202)),
    ("POST", "/api/v1/orders/batch", r#"{"orders":[{ORDER}]}"#, trades(200)),
    ("POST", "/api/v1/order/amend", r#"{"order_id":"{own}","price":999}"#, trades(200)),
    ("POST", "/api/v1/order/amend", r#"{"order_id":"{foreign}","price":999}"#, FOREIGN_TRADE),
    ("POST", "/api/v1/order/cancel", r#"{"order_id":"{foreign}"}"#, FOREIGN_TRADE),
    ("POST", "/api/v1/order/cancel", r#"{"client_order_id":"bobs"}"#, FOREIGN_TRADE),
    ("POST", "/api/v1/order/cancel", r#"{"order_id":"{foreign}","account":"bob"}"#, FOREIGN_TRADE),
    ("DELETE", "/api/v1/order/{foreign}", "", FOREIGN_TRADE),
    ("DELETE", "/api/v1/order/{foreign}?account=bob", "", FOREIGN_TRADE),
    ("POST", "/api/v1/order/cancel-all", r#"{"account":"bob"}"#, trades(200)),
    ("POST", "/api/v1/order/cancel", r#"{"order_id":"{own}"}"#, trades(200)),
    ("POST", "/api/v1/order/cancel-all", "{}", trades(200)),
    ("POST", "/api/v1/feeds/subscriptions", "{}", operates(400)),
];

const ADMIN: &[(&str, &str, &str, Cells)] = &[
    ("GET", "/health", "", ANYBODY),
    ("GET", "/openapi.json", "", ANYBODY),
    ("GET", "/metrics", "", READS_ALL),
    ("GET", "/v1/admin/instruments", "", READS_ALL),
    ("GET", "/v1/admin/instruments/BTC-KRW", "", READS_ALL),
    ("GET", "/v1/admin/accounts", "", READS_ALL),
    ("GET", "/v1/admin/accounts/bob", "", READS_ALL),
    ("GET", "/v1/admin/limits", "", READS_ALL),
    ("GET", "/v1/admin/fees", "", READS_ALL),
    ("GET", "/v1/admin/changes", "", READS_ALL),
    ("GET", "/v1/admin/schedule", "", READS_ALL),
    ("POST", "/v1/admin/accounts/dora/deposit", r#"{"asset":"KRW","amount":1}"#, operates(200)),
    ("POST", "/v1/admin/accounts/dora/withdraw", r#"{"asset":"KRW","amount":1}"#, operates(200)),
    ("PATCH", "/v1/admin/accounts/dora", r#"{"max_open_orders":7}"#, operates(200)),
    ("POST", "/v1/admin/accounts/dora/kill", "{}", operates(200)),
    ("POST", "/v1/admin/accounts/dora/enable", "{}", operates(200)),
    ("POST", "/v1/admin/accounts/dora/cancel-all", "{}", operates(200)),
    ("POST", "/v1/admin/instruments/AAPL/status", r#"{"status":"open"}"#, operates(422)),
    ("PATCH", "/v1/admin/instruments/AAPL", r#"{"max_quantity":1000}"#, operates(200)),
    ("POST", "/v1/admin/end-of-day", r#"{"symbol":"AAPL"}"#, operates(200)),
];

const ORDER: &str = r#""symbol":"BTC-KRW","side":"Buy","type":"Limit","price":1000,"quantity":1"#;

const SELL: &str = r#""symbol":"BTC-KRW","side":"Sell","type":"Limit","price":9000,"quantity":1"#;

/// The people of a house: bob who trades, and of each role one with a trader of its account.
pub(crate) struct Cast {
    pub(crate) house: House,
    bobs: String,
    pub(crate) folk: Vec<(Person, Person)>,
}

impl Cast {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(&mut Config)) -> Self {
        let house = House::start_with(adjust).await;
        let accounts = ROLES.map(|role| (format!("hand-of-{role}"), format!("of-{role}")));
        let mut wanted = vec![("bob", "trader", "bob")];
        for (role, (hand, account)) in ROLES.iter().zip(&accounts) {
            wanted.extend([(*role, *role, account.as_str()), (hand, "trader", account)]);
        }
        let mut people = house.people(&wanted).await.into_iter();
        let bob = people.next().unwrap();
        let mut folk = Vec::new();
        while let (Some(person), Some(hand)) = (people.next(), people.next()) {
            folk.push((person, hand));
        }
        let bobs = house.place(&bob, "bobs").await;
        Self { house, bobs, folk }
    }

    /// Somebody's column, and an order of the account that is its own.
    pub(crate) async fn column(&self, at: usize) -> (Option<&Person>, String) {
        match self.folk.get(at) {
            Some((person, hand)) => {
                let id = format!("{}", uuid::Uuid::new_v4());
                (Some(person), self.house.place(hand, &id).await)
            }
            None => (None, self.bobs.clone()),
        }
    }

    pub(crate) fn filled(&self, text: &str, own: &str) -> String {
        let text = text.replace("{ORDER", &format!("{{{ORDER}")).replace("{own}", own);
        let text = text.replace("{SELL", &format!("{{{SELL}"));
        text.replace("{foreign}", &self.bobs)
    }

    /// Whatever was tried, bob has the one order that he placed.
    pub(crate) async fn check_bob(&self) {
        let (auditor, _) = &self.folk[2];
        let path = "/api/v1/orders?account=bob";
        let orders = self.house.rest(Proof::Signed, Some(auditor), "GET", path, "").await.json();
        let orders = orders["orders"].as_array().unwrap().clone();
        assert_eq!(orders.len(), 1, "{orders:?}");
        assert_eq!(orders[0]["status"], "NEW", "{orders:?}");
        assert_eq!(orders[0]["price"], 1000, "{orders:?}");
    }
}

/// The code that a refusal has beside its status.
fn check_code(what: &str, status: u16, body: &Value) {
    match status {
        401 => assert_eq!(body["error"], "UNAUTHENTICATED", "{what}"),
        403 => assert_eq!(body["error"], "FORBIDDEN", "{what}"),
        404 => assert_eq!(body["error"], "ORDER_NOT_FOUND", "{what}"),
        422 => assert_eq!(body["error"], "UNKNOWN_ACCOUNT", "{what}"),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_over_rest_what_the_matrix_says() {
    let cast = Cast::new().await;
    for at in 0..=ROLES.len() {
        for proof in [Proof::Bearer, Proof::Signed] {
            let (person, own) = cast.column(at).await;
            for (method, path, body, cells) in REST {
                let (path, body) = (cast.filled(path, &own), cast.filled(body, &own));
                let what = format!("{:?} {proof:?} {method} {path} {body}", ROLES.get(at));
                let reply = cast.house.rest(proof, person, method, &path, &body).await;
                assert_eq!(reply.status, cells[at], "{what}: {reply:?}");
                if reply.status >= 400 {
                    check_code(&what, reply.status, &reply.json());
                }
                let challenge = reply.header("www-authenticate");
                assert_eq!(challenge.is_some(), reply.status == 401, "{what}: {challenge:?}");
                let reads_bob = matches!(at, 2 | 3);
                match path.as_str() {
                    "/api/v1/orders?account=bob" if reply.status == 200 => {
                        let count = reply.json()["orders"].as_array().unwrap().len();
                        assert_eq!(count, usize::from(reads_bob), "{what}");
                    }
                    "/api/v1/order/cancel-all" if body.contains("bob") && reply.status == 200 => {
                        assert_eq!(reply.json()["cancelled"], 0, "{what}");
                    }
                    _ => {}
                }
            }
        }
    }
    cast.check_bob().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_on_the_operators_listener_what_the_matrix_says() {
    let cast = Cast::new().await;
    for at in 0..=ROLES.len() {
        for proof in [Proof::Bearer, Proof::Signed] {
            let person = cast.folk.get(at).map(|(person, _)| person);
            for (method, path, body, cells) in ADMIN {
                let what = format!("{:?} {proof:?} {method} {path} {body}", ROLES.get(at));
                let reply = cast.house.admin(proof, person, method, path, body).await;
                assert_eq!(reply.status, cells[at], "{what}: {reply:?}");
            }
        }
    }
    // The journal names who it was.
    let (admin, _) = &cast.folk[3];
    let changes = cast.house.admin(Proof::Signed, Some(admin), "GET", "/v1/admin/changes", "");
    let changes = changes.await.json();
    let changes = changes["changes"].as_array().unwrap().clone();
    assert_eq!(changes[0]["actor"], "admin", "{changes:?}");
    let mut client = cast.house.exchange.admin().await;
    let bearer = format!("Bearer {}", admin.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("x-actor", "somebody-else"),
    ];
    let path = "/v1/admin/accounts/dora/enable";
    let reply = client.request("POST", path, &headers, Some(b"{}")).await;
    assert_eq!((reply.status, reply.text("field").as_str()), (400, "X-Actor"), "{reply:?}");
    cast.check_bob().await;
}

/// Messages of the socket and what each role is answered; `nobody` is always UNAUTHENTICATED.
const SOCKET: &[(&str, [&str; 4])] = &[
    (
        r#"{"type":"Subscribe","channels":["orderbook"],"symbols":["BTC-KRW"]}"#,
        ["SubscribeSuccess"; 4],
    ),
    (r#"{"type":"Snapshot","channels":["orderbook"],"symbols":["BTC-KRW"]}"#, [""; 4]),
    (r#"{"type":"Ping"}"#, ["Pong"; 4]),
    (r#"{"type":"Subscribe","channels":["orders"]}"#, ["SubscribeSuccess"; 4]),
    (
        r#"{"type":"Subscribe","channels":["orders"],"account":"bob"}"#,
        ["UNKNOWN_ACCOUNT", "UNKNOWN_ACCOUNT", "SubscribeSuccess", "SubscribeSuccess"],
    ),
    (r#"{"type":"PlaceOrder","order":{ORDER}}"#, ["403", "202", "403", "403"]),
    (r#"{"type":"TestOrder","order":{ORDER}}"#, ["403", "200", "403", "403"]),
    (r#"{"type":"PlaceOrder","order":{ORDER,"account":"bob"}}"#, ["403", "422", "403", "403"]),
    (r#"{"type":"PlaceOco","orders":[{ORDER},{SELL}]}"#, ["403", "202", "403", "403"]),
    (r#"{"type":"AmendOrder","order_id":"{foreign}","price":999}"#, ["403", "404", "403", "403"]),
    (r#"{"type":"AmendOrder","order_id":"{own}","price":999}"#, ["403", "200", "403", "403"]),
    (r#"{"type":"CancelOrder","order_id":"{foreign}"}"#, ["403", "404", "403", "403"]),
    (r#"{"type":"CancelOrder","client_order_id":"bobs"}"#, ["403", "404", "403", "403"]),
    (
        r#"{"type":"CancelOrder","order_id":"{foreign}","account":"bob"}"#,
        ["403", "404", "403", "403"],
    ),
    (r#"{"type":"CancelAll","account":"bob"}"#, ["403", "200", "403", "403"]),
    (r#"{"type":"CancelOrder","order_id":"{own}"}"#, ["403", "200", "403", "403"]),
    (r#"{"type":"CancelAll"}"#, ["403", "200", "403", "403"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_over_the_socket_what_the_matrix_says() {
    let cast = Cast::new().await;
    for (at, role) in ROLES.iter().enumerate() {
        let (person, own) = cast.column(at).await;
        let person = person.unwrap();
        let minted = cast.house.rest(Proof::Signed, Some(person), "POST", "/v1/token", "{}").await;
        let once = minted.text("token");
        // The token itself, one that is good once, and both on the upgrade.
        let mut sockets = vec![
            Socket::of(&cast.house, &person.token).await,
            Socket::of(&cast.house, &once).await,
        ];
        let bearer = format!("Bearer {}", person.token);
        let headers = [("authorization", bearer.as_str())];
        sockets.push(Socket::open(cast.house.ws(), "", &headers).await.ok().unwrap());
        let mut own = Some(own);
        for socket in &mut sockets {
            let id = match own.take() {
                Some(id) => id,
                None => cast.column(at).await.1,
            };
            for (message, cells) in SOCKET {
                let message: Value = serde_json::from_str(&cast.filled(message, &id)).unwrap();
                if cells[at].is_empty() {
                    continue;
                }
                let answer = socket.ask(message.clone()).await;
                let said = match answer["type"].as_str().unwrap() {
                    "OrderResponse" => answer["status"].to_string(),
                    "Error" => answer["code"].as_str().unwrap().to_owned(),
                    kind => kind.to_owned(),
                };
                assert_eq!(said, cells[at], "{role} {message}: {answer}");
                if let Some(status) = answer["status"].as_u64().filter(|status| *status >= 400) {
                    check_code(role, u16::try_from(status).unwrap(), &answer);
                }
            }
        }
    }
    let mut nobody = Socket::open(cast.house.ws(), "", &[]).await.ok().unwrap();
    for (message, _) in SOCKET {
        let message: Value = serde_json::from_str(&cast.filled(message, &cast.bobs)).unwrap();
        let answer = nobody.ask(message.clone()).await;
        assert_eq!(answer["code"], "UNAUTHENTICATED", "{message}: {answer}");
    }
    cast.check_bob().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_watch_and_pray_over_stomp_and_nobody_may_anything() {
    let cast = Cast::new().await;
    let stomp = address(&cast.house.exchange);
    for (at, role) in ROLES.iter().enumerate() {
        let (person, _) = &cast.folk[at];
        for header in ["Authorization:Bearer ", "passcode:"] {
            let mut client = Stomp::open(stomp, "/ws", "v12.stomp").await;
            let connect = format!("CONNECT\naccept-version:1.2\n{header}{}\n\n\0", person.token);
            client.send(&connect).await;
            let connected = client.frame().await;
            assert_eq!(connected.command, "CONNECTED", "{role} {header}: {connected:?}");
            assert_eq!(connected.header("user-name"), Some(*role));
            client.subscribe("book", "/topic/orderbook.BTC-KRW").await;
            assert_eq!(client.message("book").await["symbol"], "BTC-KRW");
            client.ask("SEND\ndestination:/app/prayer", r#"{"side":"up","count":1}"#).await;
        }
    }
    let expired = super::house::token_until(cast.house.folder.path(), "bob", "trader", -60);
    for (header, message) in [
        (String::new(), "say who you are: a token or a signed request"),
        ("login:bob\n".into(), "say who you are: a token or a signed request"),
        ("passcode:guess\n".into(), "the credentials are not valid"),
        ("Authorization:Basic Ym9iOmJvYg==\n".into(), "the credentials cannot be read"),
        (format!("Authorization:Bearer {expired}\n"), "the token has expired"),
    ] {
        let mut client = Stomp::open(stomp, "/ws", "v12.stomp").await;
        client.send(&format!("CONNECT\naccept-version:1.2\n{header}\n\0")).await;
        let (error, code) = client.error().await;
        assert_eq!(error.header("message"), Some(message), "{header}");
        assert_eq!(code, Some(4401), "{header}");
    }
    for frame in [
        "SUBSCRIBE\nid:1\ndestination:/topic/prayer\n\n\0",
        "SEND\ndestination:/app/prayer\n\n{}\0",
    ] {
        let mut client = Stomp::open(stomp, "/ws", "v12.stomp").await;
        client.send(frame).await;
        let heard = client.heard().await;
        assert!(matches!(&heard, Heard::Frame(f) if f.command == "ERROR"), "{heard:?}");
    }
}
