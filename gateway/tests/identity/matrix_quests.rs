//! The five StockQuest sockets, raw and over each transport of SockJS: a row a message, a column a
//! role, a cell what it is answered, once about one's own account and once about bob's.

use serde_json::Value;

use super::line::Way;
use super::matrix::{Cast, ROLES};
use super::quester::{Quester, SOCKETS};

/// What viewer, trader, auditor, admin and nobody are answered: a type, or the code of a refusal.
type Cells = [&'static str; 5];

const NOBODY: &str = "UNAUTHENTICATED";
const UNKNOWN: &str = "UNKNOWN_ACCOUNT";
const FORBIDDEN: &str = "FORBIDDEN";

/// Who may read at all.
const fn all(answer: &'static str) -> Cells {
    [answer, answer, answer, answer, NOBODY]
}

/// The account is bob's: who may audit is answered, others are not let in.
const fn audit(answer: &'static str) -> Cells {
    [UNKNOWN, UNKNOWN, answer, answer, NOBODY]
}

const fn trade(answer: &'static str) -> Cells {
    [FORBIDDEN, answer, FORBIDDEN, FORBIDDEN, NOBODY]
}

/// Who looks at bob's account may not trade for it; those who may not look are not let in.
const LOOKS: Cells = [UNKNOWN, UNKNOWN, FORBIDDEN, FORBIDDEN, NOBODY];
const BEAT: Cells = ["HEARTBEAT"; 5];
const BEAT_OF_BOB: Cells = [UNKNOWN, UNKNOWN, "HEARTBEAT", "HEARTBEAT", "HEARTBEAT"];

/// Socket, message, data, and the answers: of a session that names no account, and of one whose
/// address names bob's. `{own}` and `{foreign}` stand for order ids, of which the foreign is bob's.
type Row = (&'static str, &'static str, &'static str, Cells, Cells);

const CONFIRMED: Cells = all("SUBSCRIPTION_CONFIRMED");
const CONFIRMED_OF_BOB: Cells = audit("SUBSCRIPTION_CONFIRMED");
const AAPL: &str = r#"{"symbol":"AAPL"}"#;
const AAPLS: &str = r#"{"symbols":["AAPL"]}"#;
const ALL: &str = r#"{"portfolioId":1}"#;
const NO_SUCH: &str = r#"{"portfolioId":2}"#;
const POSITION: &str = r#"{"portfolioId":1,"symbol":"AAPL"}"#;
const SET: &str = r#"{"portfolioId":1,"symbol":"AAPL","quantity":1}"#;

const MARKET_DATA: &[Row] = &[
    ("market-data", "HEARTBEAT", "{}", BEAT, BEAT_OF_BOB),
    ("market-data", "SUBSCRIBE", AAPLS, CONFIRMED, CONFIRMED_OF_BOB),
    ("market-data", "REQUEST_QUOTE", AAPL, all("QUOTE_RESPONSE"), audit("QUOTE_RESPONSE")),
    ("market-data", "REQUEST_HISTORICAL", AAPL, all("HISTORICAL_DATA"), audit("HISTORICAL_DATA")),
    ("market-data", "REQUEST_ANALYTICS", AAPL, all("ANALYTICS_DATA"), audit("ANALYTICS_DATA")),
    ("market-data", "UNSUBSCRIBE", AAPLS, CONFIRMED, CONFIRMED_OF_BOB),
];

const PORTFOLIO: &[Row] = &[
    ("portfolio", "HEARTBEAT", "{}", BEAT, BEAT_OF_BOB),
    ("portfolio", "SUBSCRIBE_PORTFOLIO", ALL, CONFIRMED, CONFIRMED_OF_BOB),
    (
        "portfolio",
        "REQUEST_PORTFOLIO_SNAPSHOT",
        ALL,
        all("PORTFOLIO_SNAPSHOT"),
        audit("PORTFOLIO_SNAPSHOT"),
    ),
    (
        "portfolio",
        "REQUEST_PORTFOLIO_SNAPSHOT",
        NO_SUCH,
        all("PORTFOLIO_NOT_FOUND"),
        audit("PORTFOLIO_NOT_FOUND"),
    ),
    (
        "portfolio",
        "REQUEST_POSITION_DETAILS",
        POSITION,
        all("POSITION_DETAILS"),
        audit("POSITION_DETAILS"),
    ),
    ("portfolio", "UPDATE_POSITION", POSITION, all("POSITION_UPDATE"), audit("POSITION_UPDATE")),
    ("portfolio", "UPDATE_POSITION", SET, all("POSITION_READ_ONLY"), audit("POSITION_READ_ONLY")),
    (
        "portfolio",
        "PORTFOLIO_ANALYTICS",
        ALL,
        all("PORTFOLIO_ANALYTICS"),
        audit("PORTFOLIO_ANALYTICS"),
    ),
    ("portfolio", "UNSUBSCRIBE_PORTFOLIO", ALL, CONFIRMED, CONFIRMED_OF_BOB),
];

const ORDER: &str = r#"{"symbol":"AAPL","side":"buy","type":"limit","price":1,"quantity":1}"#;
const ORDER_OF_BOB: &str =
    r#"{"symbol":"AAPL","side":"buy","type":"limit","price":1,"quantity":1,"account":"bob"}"#;
const OWN: &str = r#"{"orderId":"{own}"}"#;
const FOREIGN: &str = r#"{"orderId":"{foreign}"}"#;
const BOBS: &str = r#"{"clientOrderId":"bobs"}"#;
const FOREIGN_OF_BOB: &str = r#"{"orderId":"{foreign}","account":"bob"}"#;
const OWN_CHANGED: &str = r#"{"orderId":"{own}","price":999}"#;
const FOREIGN_CHANGED: &str = r#"{"orderId":"{foreign}","price":999}"#;
const GONE: &str = "ORDER_NOT_FOUND";

const ORDERS: &[Row] = &[
    ("orders", "HEARTBEAT", "{}", BEAT, BEAT_OF_BOB),
    ("orders", "SUBSCRIBE_ORDERS", "{}", CONFIRMED, CONFIRMED_OF_BOB),
    ("orders", "REQUEST_ORDER_STATUS", OWN, all("ORDER_STATUS"), audit(GONE)),
    ("orders", "REQUEST_ORDER_STATUS", FOREIGN, all(GONE), audit("ORDER_STATUS")),
    ("orders", "REQUEST_ORDER_STATUS", BOBS, all(GONE), audit("ORDER_STATUS")),
    ("orders", "REQUEST_ORDER_HISTORY", "{}", all("ORDER_HISTORY"), audit("ORDER_HISTORY")),
    ("orders", "SUBMIT_ORDER", ORDER, trade("ORDER_SUBMITTED"), LOOKS),
    ("orders", "SUBMIT_ORDER", ORDER_OF_BOB, trade(UNKNOWN), LOOKS),
    ("orders", "MODIFY_ORDER", FOREIGN_CHANGED, trade(GONE), LOOKS),
    ("orders", "MODIFY_ORDER", OWN_CHANGED, trade("ORDER_MODIFIED"), LOOKS),
    ("orders", "CANCEL_ORDER", FOREIGN, trade(GONE), LOOKS),
    ("orders", "CANCEL_ORDER", BOBS, trade(GONE), LOOKS),
    ("orders", "CANCEL_ORDER", FOREIGN_OF_BOB, trade(GONE), LOOKS),
    ("orders", "CANCEL_ORDER", OWN, trade("ORDER_CANCELLED"), LOOKS),
    ("orders", "UNSUBSCRIBE_ORDERS", "{}", CONFIRMED, CONFIRMED_OF_BOB),
];

const RISK: &[Row] = &[
    ("risk-monitoring", "HEARTBEAT", "{}", BEAT, BEAT_OF_BOB),
    ("risk-monitoring", "SUBSCRIBE", AAPLS, CONFIRMED, CONFIRMED_OF_BOB),
    ("risk-monitoring", "UNSUBSCRIBE", AAPLS, CONFIRMED, CONFIRMED_OF_BOB),
];

const OPTIMISED: &str = "INSUFFICIENT_DATA";

const SIGNALS: &[Row] = &[
    ("ml-signals", "HEARTBEAT", "{}", BEAT, BEAT_OF_BOB),
    ("ml-signals", "SUBSCRIBE", AAPLS, CONFIRMED, CONFIRMED_OF_BOB),
    ("ml-signals", "OPTIMIZE_PORTFOLIO", AAPLS, all(OPTIMISED), audit(OPTIMISED)),
    ("ml-signals", "UNSUBSCRIBE", AAPLS, CONFIRMED, CONFIRMED_OF_BOB),
];

/// Whose account the address of a session names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Names {
    Nobodys,
    Bobs,
}

impl Names {
    fn query(self) -> &'static str {
        match self {
            Self::Nobodys => "",
            Self::Bobs => "?account=bob",
        }
    }

    fn cells(self, row: &Row) -> &Cells {
        match self {
            Self::Nobodys => &row.3,
            Self::Bobs => &row.4,
        }
    }
}

fn rows(socket: &str) -> impl Iterator<Item = &'static Row> {
    let rows = [MARKET_DATA, PORTFOLIO, ORDERS, RISK, SIGNALS].into_iter().flatten();
    rows.filter(move |row| row.0 == socket)
}

/// One session of that column through all rows of the socket.
async fn check(cast: &Cast, socket: &'static str, at: usize, names: Names, way: Way) {
    let (person, own) = cast.column(at).await;
    let query = names.query();
    let what = format!("{:?} {socket}{query} {way:?}", ROLES.get(at));
    let mut quester = Quester::open(&cast.house, socket, query, way, &[]).await.unwrap();
    if let Some(person) = person {
        let token = serde_json::json!({"token": person.token});
        let (said, body) = quester.ask("AUTH", token).await;
        assert_eq!(said, "AUTH_CONFIRMED", "{what}: {body}");
        if names == Names::Bobs && matches!(at, 0 | 1) {
            let refused = quester.told().await.unwrap();
            assert_eq!(refused["data"]["code"], UNKNOWN, "{what}: {refused}");
            assert_eq!(quester.closed().await, 1008, "{what}");
            assert!(rows(socket).all(|row| names.cells(row)[at] == UNKNOWN), "{what}");
            return;
        }
        let account =
            if names == Names::Bobs { "bob".to_owned() } else { format!("of-{}", ROLES[at]) };
        assert_eq!(body["account"], account, "{what}");
    }
    for row in rows(socket) {
        let (_, kind, data, ..) = row;
        let data: Value = serde_json::from_str(&cast.filled(data, &own)).unwrap();
        let (said, body) = quester.ask(kind, data.clone()).await;
        assert_eq!(said, names.cells(row)[at], "{what} {kind} {data}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_at_the_five_sockets_what_the_matrix_says_over_every_transport() {
    for way in Way::ALL {
        // Sessions over HTTP end some seconds after nobody asks for them any more. And over all
        // transports together a user would ask for more figures than it may at once.
        let cast = Cast::with(|config| config.sessions.per_user_max = 1_000).await;
        for socket in SOCKETS {
            for at in 0..=ROLES.len() {
                for names in [Names::Nobodys, Names::Bobs] {
                    check(&cast, socket, at, names, way).await;
                }
            }
        }
        cast.check_bob().await;
    }
}
