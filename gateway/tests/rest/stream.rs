//! The event stream: from any sequence on, under load and to a slow reader, without a gap or a
//! double; who may have one, how many there are, and what it says when it cannot go back so far.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use gateway::config::Durability;
use gateway::desk::Ticket;
use orison_core::command::{AccountRef, Order};
use orison_core::{AccountName, Command, Price, Quantity, Side};
use replay::retention::{self, Keep};
use replay::tell::Teller;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::Exchange;

/// Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

struct Stream(WebSocketStream<TcpStream>);

impl Stream {
    /// Or the status and body that it is refused with.
    async fn open(
        exchange: &Exchange,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, (u16, Value)> {
        let address = exchange.adapters.directory.rest.unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let url = format!("ws://{address}/api/v1/stream{query}");
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                let body = serde_json::from_slice(body).unwrap_or_default();
                Err((response.status().as_u16(), body))
            }
            Err(error) => panic!("{error}"),
        }
    }

    async fn frame(&mut self) -> Message {
        let frame = tokio::time::timeout(PATIENCE, self.0.next()).await;
        frame.expect("a frame in time").expect("the stream is open").expect("a whole frame")
    }

    async fn message(&mut self) -> String {
        loop {
            match self.frame().await {
                Message::Text(text) => return text.as_str().to_owned(),
                Message::Ping(_) => {}
                other => panic!("a text was expected: {other:?}"),
            }
        }
    }

    /// Everything up to that command.
    async fn until(&mut self, last: u64) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let text = self.message().await;
            let is_last = sequence(&text) == last && !text.ends_with("\"more\":true}");
            told.push(text);
            if is_last {
                return told;
            }
        }
    }
}

fn sequence(text: &str) -> u64 {
    let rest = text.strip_prefix("{\"sequence\":").unwrap();
    rest.split(',').next().unwrap().parse().unwrap()
}

/// What the journal itself has to tell.
fn journaled(directory: &std::path::Path, from: u64, last: u64) -> Vec<String> {
    let mut teller = Teller::open(directory, from, |_| {}).unwrap();
    let mut told = Vec::new();
    while teller.tell(last, |text| told.push(text)).unwrap() {}
    told
}

fn order(exchange: &Exchange, number: u64) -> Order {
    let side = if number.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let account = AccountName::new(&format!("a{}", number % 7)).unwrap();
    let price = Price(1_000 + (number * 7 % 5) as i64);
    let instrument = exchange.instrument("BTC-KRW");
    let quantity = Quantity(1 + number % 3);
    Order::limit(AccountRef::Name(account), instrument, side, price, quantity)
}

/// So many orders that meet; the last sequence. Each is answered.
async fn trade(exchange: &Exchange, orders: u64) -> u64 {
    let (mut tickets, mut last) = (VecDeque::<Ticket>::new(), 0);
    for number in 0..orders {
        if tickets.len() == 500 {
            let ticket = tickets.pop_front().unwrap();
            last = ticket.outcome().await.unwrap().stamp.sequence.0;
        }
        let command = Command::Place(order(exchange, number));
        tickets.push_back(exchange.app.desk.enter(&command).unwrap());
    }
    for ticket in tickets {
        last = ticket.outcome().await.unwrap().stamp.sequence.0;
    }
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_first_under_load_each_command_is_told_once_and_as_the_journal_has_it() {
    let exchange = Exchange::start().await;
    let before = trade(&exchange, 2_000).await;
    let mut early = Stream::open(&exchange, "?from=1", &[]).await.ok().unwrap();
    let mut live = Stream::open(&exchange, "", &[]).await.ok().unwrap();
    let entering = trade(&exchange, 20_000);
    let last = before + 20_000;
    let ((entered, early), live) =
        tokio::join!(async { tokio::join!(entering, early.until(last)) }, live.until(last));
    assert_eq!(entered, last);
    let from = before / 2;
    let mut late = Stream::open(&exchange, &format!("?from={from}"), &[]).await.ok().unwrap();
    let late = late.until(last).await;
    let directory = exchange.stop().await;
    for (name, told, from) in
        [("early", early, 1), ("live", live, before + 1), ("late", late, from)]
    {
        let sequences: Vec<_> = told.iter().map(|text| sequence(text)).collect();
        assert_eq!(sequences, (from..=last).collect::<Vec<_>>(), "{name}");
        assert!(told == journaled(directory.path(), from, last), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_slowly_misses_nothing_and_holds_up_nobody() {
    let exchange = Exchange::start().await;
    let mut slow = Stream::open(&exchange, "?from=1", &[]).await.ok().unwrap();
    let first = slow.message().await;
    // More than the sockets between us hold; nothing of it is read before all is answered.
    let last = trade(&exchange, 30_000).await;
    let mut told = vec![first];
    told.extend(slow.until(last).await);
    let directory = exchange.stop().await;
    let sequences: Vec<_> = told.iter().map(|text| sequence(text)).collect();
    assert_eq!(sequences, (1..=last).collect::<Vec<_>>());
    let bytes: usize = told.iter().map(String::len).sum();
    assert!(bytes > 12 << 20, "{bytes} bytes may lie in the sockets");
    assert!(told == journaled(directory.path(), 1, last));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_with_many_events_comes_in_parts() {
    let exchange = Exchange::start().await;
    for number in 0..1_500 {
        let bid = order(&exchange, number * 2);
        exchange.app.desk.submit(Command::Place(bid)).await.unwrap();
    }
    let quantity = Quantity(1_000_000);
    let sweep = Order { price: Price(1), quantity, ..order(&exchange, 1) };
    let swept = exchange.app.desk.submit(Command::Place(sweep)).await.unwrap().stamp.sequence.0;
    let mut stream = Stream::open(&exchange, &format!("?from={swept}"), &[]).await.ok().unwrap();
    let told = stream.until(swept).await;
    let told = told.iter().map(|text| serde_json::from_str(text).unwrap());
    let told: Vec<Value> = told.collect();
    assert!(told.len() > 1, "{}", told.len());
    let count = |part: &Value| part["events"].as_array().unwrap().len();
    let (last, others) = told.split_last().unwrap();
    let is_full = |part: &Value| count(part) == replay::tell::EVENTS_MAX && part["more"] == true;
    assert!(others.iter().all(is_full));
    assert!(last.get("more").is_none() && last["part"] == others.len());
    let trades = told.iter().flat_map(|part| part["events"].as_array().unwrap());
    assert_eq!(trades.filter(|event| event["event"] == "trade").count(), 1_500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_told_is_said_before_the_upgrade() {
    let exchange = Exchange::start().await;
    let last = trade(&exchange, 10).await;
    let refused = |query: String, headers: Vec<(&'static str, &'static str)>| {
        let exchange = &exchange;
        async move { Stream::open(exchange, &query, &headers).await.err().unwrap() }
    };
    for (query, headers, status, code) in [
        (format!("?from={}", last + 2), vec![], 404, "SEQUENCE_NOT_REACHED"),
        ("?from=first".to_owned(), vec![], 400, "INVALID_PARAMETER"),
        ("?form=1".to_owned(), vec![], 400, "INVALID_PARAMETER"),
        (String::new(), vec![("origin", "http://evil.example")], 403, "ORIGIN_REFUSED"),
    ] {
        let (found, body) = refused(query.clone(), headers).await;
        assert_eq!((found, body["error"].as_str()), (status, Some(code)), "{query}: {body}");
    }
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(Stream::open(&exchange, "", &[]).await.ok().unwrap());
    }
    let (status, body) = refused(String::new(), vec![]).await;
    assert_eq!((status, &body["error"]), (503, &Value::from("BUSY")));
    let shown = exchange.rest().await.get("/api/v1/connections").await.json();
    assert_eq!(shown["connectionsByType"]["stream"], 8, "{shown}");
    streams.pop();
    let again = async { while Stream::open(&exchange, "", &[]).await.is_err() {} };
    tokio::time::timeout(PATIENCE, again).await.expect("a place is given back");
    let closing = async {
        let mut stream = streams.pop().unwrap();
        loop {
            if let Message::Close(close) = stream.frame().await {
                return close.map(|close| u16::from(close.code));
            }
        }
    };
    let (closed, _) = tokio::join!(closing, exchange.stop());
    assert_eq!(closed, Some(1001));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_pruned_journal_what_is_left_is_told_and_the_rest_is_410() {
    let exchange = Exchange::start_with(|config| {
        config.snapshot_commands = 0;
        config.durability = Durability::Journaled;
    })
    .await;
    // Beyond the first checkpoint interval, which is never pruned while it is the last.
    trade(&exchange, 90_000).await;
    let directory = exchange.stop().await;
    for at in [70_000, 80_000] {
        let limits = engine::projection::ViewLimits::DEFAULT;
        let storage = journal::Storage::default();
        replay::snapshot::take(&storage, directory.path(), limits, Some(at), |_| {}).unwrap();
    }
    let plan = retention::plan(directory.path(), Keep { snapshots: 2, from: None }).unwrap();
    assert!(!plan.segments.is_empty(), "{plan:?}");
    retention::prune(&journal::Storage::default(), directory.path(), &plan).unwrap();
    let exchange = Exchange::start_in(directory, |config| config.snapshot_commands = 0).await;
    let (status, body) = Stream::open(&exchange, "?from=2", &[]).await.err().unwrap();
    assert_eq!((status, &body["error"]), (410, &Value::from("PRUNED")), "{body}");
    assert_eq!(body["oldest"], 70_001, "the first that is told: {body}");
    let mut rest = exchange.rest().await;
    // Of a segment that is left, but before every snapshot.
    for call in ["book/BTC-KRW?at=2", "book/BTC-KRW?at=69999"] {
        let reply = rest.get(&format!("/api/v1/audit/{call}")).await;
        assert_eq!((reply.status, reply.error().as_str()), (410, "PRUNED"), "{reply:?}");
        assert!(reply.body.contains(r#""oldest":70000"#), "{reply:?}");
    }
    let reply = rest.get("/api/v1/audit/book/BTC-KRW?at=70000").await;
    assert_eq!(reply.status, 200, "what is named as the oldest answers: {reply:?}");
    for id in ["60000", "nobody-knows"] {
        let reply = rest.get(&format!("/api/v1/audit/order/{id}")).await;
        assert_eq!((reply.status, reply.error().as_str()), (410, "PRUNED"), "{reply:?}");
        assert!(reply.body.contains(r#""oldest":70001"#), "{reply:?}");
    }
    let last = exchange.app.views.read().at().sequence.0;
    for from in [70_001, 75_000, 89_999] {
        let mut stream = Stream::open(&exchange, &format!("?from={from}"), &[]).await.ok().unwrap();
        let told = stream.until(last).await;
        let sequences: Vec<_> = told.iter().map(|text| sequence(text)).collect();
        assert_eq!(sequences, (from..=last).collect::<Vec<_>>());
    }
    exchange.stop().await;
}
