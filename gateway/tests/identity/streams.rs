//! Event streams and whose they are: one ends with its token, and its place is free soon after.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use gateway::desk::Ticket;
use orison_core::Command;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::house::{House, token_until};

/// Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
const STREAMS_MAX: usize = 8;
/// Told, they are more than the sockets between us hold.
const MANY: u64 = 160_000;

type Stream = WebSocketStream<TcpStream>;

async fn open(house: &House, query: &str, token: &str) -> Result<Stream, Error> {
    let address = house.exchange.adapters.directory.rest.unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("ws://{address}/api/v1/stream{query}").into_client_request().unwrap();
    let bearer = format!("Bearer {token}");
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    Ok(socket)
}

async fn fill(house: &House) {
    let mut tickets = VecDeque::<Ticket>::new();
    for _ in 0..MANY {
        if tickets.len() == 1_000 {
            tickets.pop_front().unwrap().outcome().await.unwrap();
        }
        tickets.push_back(house.exchange.app.desk.enter(&Command::Clock).unwrap());
    }
    for ticket in tickets {
        ticket.outcome().await.unwrap();
    }
}

async fn close_code(stream: &mut Stream) -> Option<u16> {
    loop {
        match stream.next().await {
            Some(Ok(Message::Close(close))) => return close.map(|close| u16::from(close.code)),
            Some(Ok(_)) => {}
            other => panic!("a close was expected: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_with_its_token_whether_it_is_read_or_not() {
    let house = House::start().await;
    fill(&house).await;
    let folder = house.folder.path();
    // What is left of it with the leeway is five seconds.
    let short = token_until(folder, "eve", "auditor", 0);
    let mut live = open(&house, "", &short).await.unwrap();
    let mut unread = Vec::new();
    for _ in 1..STREAMS_MAX {
        unread.push(open(&house, "?from=1", &short).await.unwrap());
    }
    let long = token_until(folder, "eve", "auditor", 600);
    assert!(matches!(open(&house, "", &long).await, Err(Error::Http(_))), "no place is left");
    let closed = tokio::time::timeout(PATIENCE, close_code(&mut live)).await;
    assert_eq!(closed.expect("it is closed in time"), Some(4401));
    let all = async {
        let mut next = Vec::new();
        while next.len() < STREAMS_MAX {
            match open(&house, "", &long).await {
                Ok(stream) => next.push(stream),
                Err(Error::Http(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all).await.expect("every place is given back");
    drop(unread);
}
