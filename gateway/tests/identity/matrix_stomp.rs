//! STOMP, raw and over each transport of SockJS: a row a frame, a column a role, a cell what it is
//! answered; and by which header of CONNECT, or of the opening, it was said who it is.

use serde_json::Value;

use super::line::{Line, Told, Way};
use super::matrix::{Cast, ROLES};
use crate::stomp::address;

/// What viewer, trader, auditor, admin and nobody are answered: a command, or a code.
type Cells = [&'static str; 5];

const ALL: Cells = ["RECEIPT", "RECEIPT", "RECEIPT", "RECEIPT", "ERROR"];
/// No order and no account is reached over STOMP, whoever asks.
const NOBODYS: Cells = [
    "FORBIDDEN_DESTINATION",
    "FORBIDDEN_DESTINATION",
    "FORBIDDEN_DESTINATION",
    "FORBIDDEN_DESTINATION",
    "ERROR",
];
const UNKNOWN: Cells = [
    "UNKNOWN_DESTINATION",
    "UNKNOWN_DESTINATION",
    "UNKNOWN_DESTINATION",
    "UNKNOWN_DESTINATION",
    "ERROR",
];

const FRAMES: &[(&str, &str, Cells)] = &[
    ("SUBSCRIBE\nid:e\ndestination:/user/queue/errors", "", ALL),
    ("SUBSCRIBE\nid:b\ndestination:/topic/orderbook.BTC-KRW", "", ALL),
    ("SUBSCRIBE\nid:p\ndestination:/topic/prayer", "", ALL),
    ("SUBSCRIBE\nid:o\ndestination:/topic/orders.bob", "", ALL),
    ("SEND\ndestination:/app/prayer", r#"{"side":"up","count":1}"#, ALL),
    ("SEND\ndestination:/topic/prayer", "{}", NOBODYS),
    ("SEND\ndestination:/topic/orders.bob", "{}", NOBODYS),
    ("SEND\ndestination:/app/order", "{}", UNKNOWN),
    ("UNSUBSCRIBE\nid:b", "", ALL),
    ("DISCONNECT", "", ALL),
];

/// How it is said who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum By {
    Authorization,
    Passcode,
    Opening,
}

/// The command of a frame, or the code of a refused SEND; and the value of a header.
fn read(frame: &str) -> (String, impl Fn(&str) -> Option<String> + use<>) {
    let (head, body) = frame.split_once("\n\n").unwrap();
    let (command, headers) = head.split_once('\n').unwrap_or((head, ""));
    let headers: Vec<(String, String)> = headers
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let command = match command {
        "MESSAGE" => serde_json::from_str::<Value>(body.trim_end_matches('\0'))
            .ok()
            .and_then(|body| body["code"].as_str().map(str::to_owned))
            .unwrap_or_else(|| "MESSAGE".to_owned()),
        command => command.to_owned(),
    };
    let header = move |name: &str| {
        headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    (command, header)
}

async fn hear(line: &mut Line) -> String {
    loop {
        match line.hear().await {
            Told::Text(text) if text == "\n" => {}
            Told::Text(text) => return text,
            Told::Closed(code) => panic!("{code}"),
        }
    }
}

/// Sends a frame with a receipt, and gives back what answers it.
async fn ask(line: &mut Line, head: &str, body: &str) -> String {
    line.say(&format!("{head}\nreceipt:r\n\n{body}\0")).await;
    loop {
        let (said, header) = read(&hear(line).await);
        if header("receipt-id").as_deref() == Some("r") || said == "ERROR" {
            return said;
        }
    }
}

async fn connected(cast: &Cast, at: usize, by: By, way: Way) -> Line {
    let token = &cast.folk[at].0.token;
    let bearer = format!("Bearer {token}");
    let (headers, header) = match by {
        By::Authorization => (vec![], format!("Authorization:{bearer}\n")),
        By::Passcode => (vec![], format!("passcode:{token}\n")),
        By::Opening => (vec![("authorization", bearer.as_str())], String::new()),
    };
    let stomp = address(&cast.house.exchange);
    let mut line = Line::open(stomp, "/ws", "", way, &headers).await.unwrap();
    // What it calls itself beside a proof is its own matter.
    line.say(&format!("CONNECT\naccept-version:1.2\nlogin:bob\n{header}\n\0")).await;
    let (said, header) = read(&hear(&mut line).await);
    assert_eq!((said.as_str(), header("user-name").as_deref()), ("CONNECTED", Some(ROLES[at])));
    line
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_over_stomp_what_the_matrix_says_over_every_transport() {
    // Sessions over HTTP end some seconds after nobody asks for them any more.
    let cast = Cast::with(|config| config.sessions.per_user_max = 1_000).await;
    for way in Way::ALL {
        for (at, role) in ROLES.iter().enumerate() {
            for by in [By::Authorization, By::Passcode, By::Opening] {
                let mut line = connected(&cast, at, by, way).await;
                let frames = if by == By::Passcode { FRAMES } else { &FRAMES[..3] };
                for (head, body, cells) in frames {
                    let said = ask(&mut line, head, body).await;
                    assert_eq!(said, cells[at], "{role} {by:?} {way:?} {head} {body}");
                }
            }
        }
        for (head, body, cells) in FRAMES {
            let stomp = address(&cast.house.exchange);
            let mut line = Line::open(stomp, "/ws", "", way, &[]).await.unwrap();
            assert_eq!(ask(&mut line, head, body).await, cells[4], "nobody {way:?} {head}");
        }
        cast.check_bob().await;
    }
}
