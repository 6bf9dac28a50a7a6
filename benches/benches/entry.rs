//! Order entry over sockets, the real program in `journaled` on one core and the load on another:
//! REST over many connections beside a bare hyper that answers a POST of the same size, and a
//! WebSocket order at a time beside an echo of tokio-tungstenite.
//! `cargo build --release && cargo bench -p benches --bench entry [-- --quick --runs N
//! --connections N --rate N --orison PATH]`. Both servers live all the time and are asked in turns.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use benches::arguments::Common;
use benches::pulse;
use benches::report::{Cores, Head, Latencies, Report, Row};
use benches::server::{self, Server};
use clap::{Parser, ValueEnum};
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

const SYMBOL: &str = "BTC-KRW";
const TERMS: &str = r#""price":1000,"quantity":1"#;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Of the REST rows
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Requests a second of the open loop
    #[arg(long, default_value_t = 10_000)]
    rate: u32,
    /// The real program; the one of this profile if none is named
    #[arg(long)]
    orison: Option<PathBuf>,
    /// Instead of all this: be the server that ours is compared with
    #[arg(long, hide = true)]
    serve: Option<Plain>,
    /// Bytes of each of its answers
    #[arg(long, hide = true, default_value_t = 0)]
    bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Plain {
    Hyper,
    Echo,
}

fn main() {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    match arguments.serve {
        Some(Plain::Hyper) => runtime.block_on(serve_hyper(arguments.bytes)),
        Some(Plain::Echo) => runtime.block_on(serve_echo()),
        None => measure(&arguments, &runtime),
    }
}

fn measure(arguments: &Arguments, runtime: &tokio::runtime::Runtime) {
    let Arguments { common, connections, rate, .. } = arguments;
    let time = common.pick(Duration::from_millis(500), Duration::from_secs(3));
    let mut report = Report::begin(&Head {
        name: "entry",
        seconds: 6 * time.as_secs().max(1) * common.runs() as u64 + 5,
        workload: format!(
            "limit orders that trade two by two; REST: {connections} connections, saturated and \
             open loop at {rate}/s; WebSocket: one at a time; {} runs of {time:?}",
            common.runs()
        ),
        settings: "journaled, backoff; server and load on a core each".to_owned(),
        cores: Cores::Two,
    });
    let path = arguments.orison.clone().unwrap_or_else(server::beside_us);
    let orison = Server::start_apart(&path, &["rest", "ws"]);
    rest(arguments, runtime, &orison, time, &mut report);
    socket(arguments, &orison, time, &mut report);
    report.end();
}

fn rest(
    arguments: &Arguments,
    runtime: &tokio::runtime::Runtime,
    orison: &Server,
    time: Duration,
    report: &mut Report,
) {
    let Arguments { connections, rate, .. } = *arguments;
    let bytes = runtime.block_on(async {
        let mut client = Client::connect(orison.address("rest")).await;
        client.post(0).await
    });
    let hyper = Server::of_ours_apart(&["--serve", "hyper", "--bytes", &bytes.to_string()]);
    report.line(format_args!("an answer has {bytes} bytes of body"));
    let servers = [(&hyper, "bare hyper"), (orison, "orison")];
    let mut rates = servers.map(|(_, name)| Row::new(name));
    let mut per_core = servers.map(|(_, name)| Row::new(name));
    let names = servers
        .map(|(_, name)| [format!("{name}, {connections} at a time"), format!("{name}, {rate}/s")]);
    let mut latencies =
        names.map(|names| names.map(|name| Latencies { name, ns: pulse::histogram() }));
    for _ in 0..arguments.common.runs() {
        for (index, (server, _)) in servers.iter().enumerate() {
            for (load, interval) in [None, Some(f64::from(rate).recip())].into_iter().enumerate() {
                let (before, start) = (server.processor_time(), Instant::now());
                let crowd = crowd(server.address("rest"), connections, interval, time);
                let ns = runtime.block_on(crowd);
                let took = start.elapsed().as_secs_f64();
                let busy = (server.processor_time() - before).as_secs_f64();
                if interval.is_none() {
                    rates[index].runs.push(ns.len() as f64 / took / 1e3);
                    per_core[index].runs.push(ns.len() as f64 / busy / 1e3);
                }
                latencies[index][load].ns.add(ns).expect("the same bounds");
            }
        }
    }
    report.table("REST, thousand orders/s", &rates);
    report.table("REST, thousand orders a second of the server's processor", &per_core);
    report.latencies("REST", latencies.into_iter().flatten().collect());
}

/// `connections` clients, each with one request at a time; with an interval between all requests,
/// latencies are from when one should have been sent.
async fn crowd(
    to: SocketAddr,
    connections: usize,
    interval: Option<f64>,
    time: Duration,
) -> Histogram<u64> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(Client::connect(to).await);
    }
    let start = Instant::now();
    let one = |(index, mut client): (usize, Client)| async move {
        let mut ns = pulse::histogram();
        for turn in 0u32.. {
            let from = match interval {
                None => start.elapsed(),
                Some(interval) => {
                    let request = turn as usize * connections + index;
                    let due = Duration::from_secs_f64(interval * request as f64);
                    while start.elapsed() < due {
                        tokio::task::yield_now().await;
                    }
                    due
                }
            };
            if from >= time {
                break;
            }
            client.post(turn).await;
            ns.saturating_record((start.elapsed() - from).as_nanos() as u64);
        }
        ns
    };
    let tasks: Vec<_> = clients.into_iter().enumerate().map(|c| tokio::spawn(one(c))).collect();
    let mut all = pulse::histogram();
    for task in tasks {
        all.add(task.await.expect("a client does not panic")).expect("the same bounds");
    }
    all
}

struct Client {
    stream: TcpStream,
    requests: [Vec<u8>; 2],
    answer: Vec<u8>,
}

impl Client {
    async fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).await.expect("the server accepts");
        stream.set_nodelay(true).expect("a TCP option");
        let requests = ["Buy", "Sell"].map(|side| {
            let body = format!(r#"{{"symbol":"{SYMBOL}","side":"{side}","type":"Limit",{TERMS}}}"#);
            let length = body.len();
            let request = format!(
                "POST /api/v1/order HTTP/1.1\r\nhost: localhost\r\n\
                 content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            request.into_bytes()
        });
        Self { stream, requests, answer: vec![0; 4 << 10] }
    }

    /// Bytes of the answer's body.
    async fn post(&mut self, turn: u32) -> usize {
        let request = &self.requests[turn as usize % 2];
        self.stream.write_all(request).await.expect("the server reads");
        let mut read = 0;
        loop {
            read += self.stream.read(&mut self.answer[read..]).await.expect("an answer");
            if let Some((head, body)) = measured(&self.answer[..read])
                && read >= head + body
            {
                let text = &self.answer[..read];
                assert!(text[9] == b'2', "{}", String::from_utf8_lossy(text));
                return body;
            }
            assert!(read > 0, "the connection stays");
        }
    }
}

/// Bytes of head and body of an answer whose head is complete.
fn measured(answer: &[u8]) -> Option<(usize, usize)> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).expect("heads are ASCII");
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Some((head, length.expect("an answer says how long it is")))
}

async fn serve_hyper(bytes: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    server::say_listening("rest", listener.local_addr().expect("it is bound"));
    let text = Bytes::from(format!("{:bytes$}", r#"{"status":"accepted"}"#));
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("a TCP option");
        let text = text.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request: Request<Incoming>| {
                let text = text.clone();
                async move {
                    let body = request.into_body().collect().await.expect("a whole body");
                    assert!(!body.to_bytes().is_empty(), "an order");
                    let answer = Response::builder().header("content-type", "application/json");
                    Ok::<_, Infallible>(answer.body(Full::new(text)).expect("a plain answer"))
                }
            });
            let serving = hyper::server::conn::http1::Builder::new();
            // A client that goes away ends its connection.
            serving.serve_connection(TokioIo::new(stream), answer).await.ok();
        });
    }
}

/// One order after the other, by a client that blocks.
fn socket(arguments: &Arguments, orison: &Server, time: Duration, report: &mut Report) {
    let echo = Server::of_ours_apart(&["--serve", "echo"]);
    let servers = [(&echo, "echo"), (orison, "ws")].map(|(server, name)| server.address(name));
    let mut sockets = servers.map(connect);
    let connected = sockets[1].read().expect("a frame");
    assert!(connected.is_text(), "{connected}");
    let names = ["echo of tokio-tungstenite", "orison, order to response"];
    let mut rows = names.map(|name| Latencies { name: name.to_owned(), ns: pulse::histogram() });
    for _ in 0..arguments.common.runs() {
        for (socket, row) in sockets.iter_mut().zip(&mut rows) {
            round_trips(socket, time / 2, &mut row.ns);
        }
    }
    let at = |quantile| {
        let [echo, ours] = &rows;
        let of = |row: &Latencies| row.ns.value_at_quantile(quantile) as f64;
        of(ours) / of(echo)
    };
    let (middle, tail) = (at(0.5), at(0.99));
    report.latencies("WebSocket order", rows.into());
    report.line(format_args!("orison / echo: p50 {middle:.2}, p99 {tail:.2}"));
}

fn connect(to: SocketAddr) -> WebSocket<std::net::TcpStream> {
    let stream = std::net::TcpStream::connect(to).expect("the server accepts");
    stream.set_nodelay(true).expect("a TCP option");
    let url = format!("ws://{to}/ws");
    tungstenite::client(url, stream).expect("the server upgrades").0
}

fn round_trips(
    socket: &mut WebSocket<std::net::TcpStream>,
    time: Duration,
    latencies: &mut Histogram<u64>,
) {
    let orders = ["Buy", "Sell"].map(|side| {
        let order = format!(r#""symbol":"{SYMBOL}","side":"{side}","order_type":"Limit",{TERMS}"#);
        Message::text(format!(r#"{{"type":"PlaceOrder",{order}}}"#))
    });
    let begun = Instant::now();
    for order in orders.iter().cycle() {
        let start = Instant::now();
        if start - begun > time {
            return;
        }
        socket.send(order.clone()).expect("the server reads");
        loop {
            let text = socket.read().expect("a frame").into_text().expect("text");
            let is_answer = text.contains("\"OrderResponse\"") || text.contains("\"PlaceOrder\"");
            assert!(!text.contains("\"Error\""), "{text}");
            if is_answer {
                break;
            }
        }
        latencies.saturating_record(start.elapsed().as_nanos() as u64);
    }
}

async fn serve_echo() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    server::say_listening("echo", listener.local_addr().expect("it is bound"));
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("a TCP option");
        tokio::spawn(async move {
            let mut socket = tokio_tungstenite::accept_async(stream).await.expect("an upgrade");
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text() && socket.send(message).await.is_err() {
                    return;
                }
            }
        });
    }
}
