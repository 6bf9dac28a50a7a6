//! STOMP subscribers of the prayers, against the real program: how soon the fast ones see every
//! change, and what becomes of memory and of those who do not read.
//! `cargo build --release && cargo bench -p benches --bench stomp [-- --subscribers N --slow N
//! --seconds N --hold --orison PATH]`. A slow one holds `SLOW_SUBSCRIPTIONS` subscriptions and
//! reads nothing, with a small receive buffer, so that what waits for it is more than a kernel
//! hides; with `--hold` it goes on until the server gives it up.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benches::server::{self, Server};
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

type Socket = WebSocketStream<TcpStream>;

/// Each subscription is told everything: so much more waits for one that does not read.
const SLOW_SUBSCRIPTIONS: usize = 250;
const SLOW_RECEIVE_BYTES: u32 = 4 << 10;
/// Prayers a second, from so many sessions that none runs out of tokens.
const PRAYERS_PER_SECOND: u64 = 16;
const PRAYING_SESSIONS: u64 = 4;
/// What is asked for: every change within this.
const BOUND: Duration = Duration::from_millis(300);
/// Nothing takes this long.
const STUCK: Duration = Duration::from_secs(180);
/// How often the server is asked how many sessions are left.
const ASK_INTERVAL: Duration = Duration::from_millis(500);

struct Arguments {
    subscribers: usize,
    slow: usize,
    seconds: u64,
    patience: Patience,
    orison: PathBuf,
}

/// When the slow ones begin to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// Once all prayers are sent.
    Reads,
    /// Once the server has closed them.
    Holds,
}

/// When each prayer was sent, by its number, in nanoseconds since the start.
struct Clock {
    start: Instant,
    sent_ns: Vec<AtomicU64>,
}

fn main() {
    let arguments = Arguments::read();
    let Arguments { subscribers, slow, seconds, .. } = arguments;
    println!("takes about {} s", seconds + 10);
    println!("{}", benches::machine());
    println!(
        "{subscribers} subscribers of /topic/prayer, {slow} of them slow, {PRAYERS_PER_SECOND} \
         prayers/s for {seconds} s"
    );
    let orison = Server::start(&arguments.orison, &["rest", "stomp"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(run(&orison, &arguments));
}

async fn run(orison: &Server, arguments: &Arguments) {
    println!("resident before any session  {:>9} KiB", orison.resident_kib());
    let prayers = PRAYERS_PER_SECOND * arguments.seconds;
    let sent_ns = (0..=prayers).map(|_| AtomicU64::new(0)).collect();
    let clock = Arc::new(Clock { start: Instant::now(), sent_ns });
    let (seen, mut all_seen) = unbounded_channel();
    let mut slow = Vec::new();
    for index in 0..arguments.subscribers {
        if index < arguments.slow {
            slow.push(slow_subscriber(orison.address("stomp")).await);
        } else {
            let socket = subscriber(orison.address("stomp")).await;
            tokio::spawn(watch(socket, Arc::clone(&clock), prayers, seen.clone()));
        }
    }
    drop(seen);
    println!("resident with all sessions   {:>9} KiB", orison.resident_kib());
    let most = pray(orison, &clock, prayers).await;
    let mut latencies = Histogram::<u64>::new(3).expect("three digits");
    let mut messages = 0;
    while let Some((of_one, heard)) = all_seen.recv().await {
        latencies.add(of_one).expect("of the same digits");
        messages += heard;
    }
    println!("resident at most while they prayed {:>3} KiB", most);
    println!("messages read by the fast    {messages:>9}");
    let ms = |ns: u64| ns as f64 / 1e6;
    println!(
        "from SEND to the change seen, ms: p50 {:.1}  p99 {:.1}  p99.9 {:.1}  max {:.1}",
        ms(latencies.value_at_quantile(0.5)),
        ms(latencies.value_at_quantile(0.99)),
        ms(latencies.value_at_quantile(0.999)),
        ms(latencies.max()),
    );
    let late = latencies.len() - latencies.count_between(0, BOUND.as_nanos() as u64);
    println!("changes seen later than {} ms: {late} of {}", BOUND.as_millis(), latencies.len());
    for name in ["socket_conflated", "socket_overflows", "socket_overloads", "stomp_sessions"] {
        println!("{name:<28} {:>9}", metric(orison, name).await);
    }
    if arguments.patience == Patience::Holds {
        let since = Instant::now();
        while metric(orison, "stomp_sessions").await != "0" {
            assert!(since.elapsed() < STUCK, "who reads nothing is closed some day");
            tokio::time::sleep(ASK_INTERVAL).await;
        }
        println!("all slow ones closed after   {:>7} s more", since.elapsed().as_secs());
        println!("resident without sessions    {:>9} KiB", orison.resident_kib());
    }
    tell_slow(slow, prayers).await;
}

/// Sends them all, evenly; gives back the most memory that was seen, in KiB.
async fn pray(orison: &Server, clock: &Clock, prayers: u64) -> u64 {
    let mut sessions = Vec::new();
    for _ in 0..PRAYING_SESSIONS {
        sessions
            .push(connect(TcpSocket::new_v4().expect("a socket"), orison.address("stomp")).await);
    }
    let mut ticks = tokio::time::interval(Duration::from_nanos(1_000_000_000 / PRAYERS_PER_SECOND));
    let mut most = 0;
    for number in 1..=prayers {
        ticks.tick().await;
        let now = clock.start.elapsed().as_nanos() as u64;
        clock.sent_ns[number as usize].store(now, Ordering::Relaxed);
        let session = &mut sessions[(number % PRAYING_SESSIONS) as usize];
        let frame = "SEND\ndestination:/app/prayer\n\n{\"side\":\"up\",\"count\":1}\0";
        session.send(Message::text(frame)).await.expect("the server lives");
        if number % PRAYERS_PER_SECOND == 0 {
            most = most.max(orison.resident_kib());
        }
    }
    most
}

/// Until the last prayer is seen.
async fn watch(
    mut socket: Socket,
    clock: Arc<Clock>,
    prayers: u64,
    seen: UnboundedSender<(Histogram<u64>, u64)>,
) {
    let mut latencies = Histogram::<u64>::new(3).expect("three digits");
    let (mut known, mut messages) = (0, 0);
    while known < prayers {
        let text = next_text(&mut socket).await.expect("a fast subscriber is not closed");
        let Some(count) = up_count(&text) else { continue };
        messages += 1;
        let now = clock.start.elapsed().as_nanos() as u64;
        for number in known + 1..=count {
            let sent = clock.sent_ns[number as usize].load(Ordering::Relaxed);
            latencies.record(now.saturating_sub(sent)).expect("it fits");
        }
        known = known.max(count);
    }
    seen.send((latencies, messages)).expect("main waits for every subscriber");
}

/// What they find when they read at last: the newest state, or how they were closed.
async fn tell_slow(slow: Vec<Socket>, prayers: u64) {
    let (mut current, mut closed, mut messages) = (0, BTreeMap::<String, u64>::new(), 0u64);
    let all = slow.len();
    for mut socket in slow {
        loop {
            let text = match next(&mut socket).await {
                Ok(text) => text,
                Err(end) => {
                    *closed.entry(end).or_default() += 1;
                    break;
                }
            };
            messages += 1;
            if up_count(&text) == Some(prayers) {
                current += 1;
                break;
            }
        }
    }
    let asked = prayers * SLOW_SUBSCRIPTIONS as u64;
    let of_one = messages / (all as u64).max(1);
    println!("slow: {current} of {all} came to the newest state, closed: {closed:?};");
    println!("      {of_one} messages each of {asked} prayers x subscriptions");
}

fn up_count(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("\"upCount\":")?;
    rest[..rest.find(',')?].parse().ok()
}

async fn next_text(socket: &mut Socket) -> Option<String> {
    next(socket).await.ok()
}

/// A text, or how the connection ended.
async fn next(socket: &mut Socket) -> Result<String, String> {
    loop {
        let next = tokio::time::timeout(STUCK, socket.next()).await;
        match next.expect("nothing is said any more") {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Close(Some(close)))) => return Err(u16::from(close.code).to_string()),
            Some(Ok(Message::Close(None))) => return Err("without a code".to_owned()),
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("without a close".to_owned()),
            Some(Ok(_)) => {}
        }
    }
}

async fn connect(socket: TcpSocket, address: SocketAddr) -> Socket {
    let stream = socket.connect(address).await.expect("the server accepts");
    stream.set_nodelay(true).expect("a TCP option");
    let url = format!("ws://{address}/ws");
    let (mut socket, _) =
        tokio_tungstenite::client_async(url, stream).await.expect("the server upgrades");
    let connect = Message::text("CONNECT\naccept-version:1.2\n\n\0");
    socket.send(connect).await.expect("the server reads");
    let connected = next_text(&mut socket).await.expect("the server answers");
    assert!(connected.starts_with("CONNECTED\n"), "{connected}");
    socket
}

async fn subscriber(address: SocketAddr) -> Socket {
    let mut socket = connect(TcpSocket::new_v4().expect("a socket"), address).await;
    let subscribe = Message::text("SUBSCRIBE\nid:sub-0\ndestination:/topic/prayer\n\n\0");
    socket.send(subscribe).await.expect("the server reads");
    socket
}

async fn slow_subscriber(address: SocketAddr) -> Socket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(SLOW_RECEIVE_BYTES).expect("a socket option");
    let mut socket = connect(socket, address).await;
    for id in 0..SLOW_SUBSCRIPTIONS {
        let frame = format!("SUBSCRIBE\nid:sub-{id}\ndestination:/topic/prayer\n\n\0");
        socket.send(Message::text(frame)).await.expect("the server reads");
    }
    socket
}

async fn metric(server: &Server, name: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = TcpStream::connect(server.address("rest")).await.expect("the server accepts");
    let request = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut page = String::new();
    stream.read_to_string(&mut page).await.expect("text");
    let is_it = |line: &&str| {
        let line = line.strip_prefix("orison_").unwrap_or(line);
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '_']))
    };
    let line = page.lines().find(is_it).and_then(|line| line.rsplit(' ').next());
    line.unwrap_or("?").to_owned()
}

impl Arguments {
    fn read() -> Self {
        let orison = server::beside_us();
        let patience = Patience::Reads;
        let mut read = Self { subscribers: 1_000, slow: 50, seconds: 30, patience, orison };
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            if name == "--hold" {
                read.patience = Patience::Holds;
                continue;
            }
            let value = arguments.next().unwrap_or_default();
            let number = value.parse();
            match (name.as_str(), number) {
                ("--subscribers", Ok(number)) => read.subscribers = number,
                ("--slow", Ok(number)) => read.slow = number,
                ("--seconds", Ok(number)) => read.seconds = number as u64,
                ("--orison", _) => read.orison = value.into(),
                _ => panic!("{name} {value:?} is no argument of this bench"),
            }
        }
        read
    }
}
