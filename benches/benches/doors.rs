//! What strangers cost, against the real program: `--idle N` idle WebSockets and the memory of
//! each, and a well-behaved client's order entry in quiet and while others misbehave: requests that
//! come byte by byte, connections that say nothing, sockets that never answer, floods of frames.
//! `cargo build --release && cargo bench -p benches --bench doors [-- --idle N --hostile N
//! --seconds N --orison PATH]`. Clients come from several addresses of 127.0.0.0/8, since one has
//! no more than 28,000 ports to come from.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benches::server::{self, Server};
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Connections that come from one address of ours.
const PER_ADDRESS: usize = 5_000;
/// Orders of the well-behaved client, and how long it waits between them.
const PACE: Duration = Duration::from_millis(2);
/// What a client that trickles sends in this time: one byte.
const TRICKLE: Duration = Duration::from_secs(1);
/// What is asked for.
const RATIO_MAX: f64 = 3.0;

struct Arguments {
    idle: usize,
    hostile: usize,
    seconds: u64,
    orison: PathBuf,
}

/// What became of those who misbehave.
#[derive(Default)]
struct Toll {
    stop: AtomicBool,
    opened: AtomicU64,
    refused: AtomicU64,
    ended: AtomicU64,
    /// Closed with 1008.
    flooded: AtomicU64,
    frames: AtomicU64,
    held_ms_max: AtomicU64,
}

#[derive(Clone, Copy)]
enum Manner {
    /// A head, byte by byte.
    Slowloris,
    /// Connects, says nothing.
    Mute,
    /// A WebSocket that never answers a ping.
    Deaf,
    /// A WebSocket that says nonsense as fast as it can.
    Flood,
}

fn main() {
    let arguments = Arguments::read();
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).expect("as many descriptors as there may be");
    println!("{}", benches::machine());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{}; load before {}", arguments.orison.display(), load.trim());
    let orison = Server::start(&arguments.orison, &["rest", "ws"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    runtime.block_on(idle(&orison, arguments.idle));
    runtime.block_on(hostile(&orison, &arguments));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load after {}", load.trim());
}

/// Opens them all, and says what the program holds for each.
async fn idle(orison: &Server, count: usize) {
    let before = orison.resident_kib();
    let begun = Instant::now();
    let mut sockets = Vec::with_capacity(count);
    for index in 0..count {
        let socket = websocket(orison.address("ws"), index / PER_ADDRESS).await;
        sockets.push(socket.expect("there is room for it"));
    }
    let took = begun.elapsed().as_secs_f64();
    for socket in &mut sockets {
        let connected = socket.next().await.expect("it is open").expect("a whole frame");
        assert!(connected.is_text(), "{connected:?}");
    }
    let after = orison.resident_kib();
    let each = (after.saturating_sub(before) * 1024) as f64 / count.max(1) as f64;
    println!("{count} idle WebSockets opened in {took:.1} s");
    println!("resident before {before} KiB, with them {after} KiB: {each:.0} bytes each");
    let ping = Message::text(r#"{"type":"Ping"}"#);
    for socket in &mut sockets {
        socket.send(ping.clone()).await.expect("it is still open");
    }
    for socket in &mut sockets {
        while !socket.next().await.expect("it is open").expect("a frame").is_text() {}
    }
    println!("all of them answered once more; resident {} KiB", orison.resident_kib());
}

async fn hostile(orison: &Server, arguments: &Arguments) {
    let Arguments { hostile, seconds, .. } = *arguments;
    // What warms up is not measured.
    orders(orison, Duration::from_secs(2)).await;
    let quiet = orders(orison, Duration::from_secs(seconds)).await;
    told("quiet", &quiet);
    for (name, manner, count) in [
        ("slowloris", Manner::Slowloris, hostile),
        ("mute", Manner::Mute, hostile),
        ("deaf", Manner::Deaf, hostile),
        ("flood", Manner::Flood, 8),
    ] {
        let toll = Arc::new(Toll::default());
        // On threads of their own, or the client that is measured would wait for them.
        let strangers = strangers(orison, manner, count, &toll);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let busy = orders(orison, Duration::from_secs(seconds)).await;
        toll.stop.store(true, Ordering::Relaxed);
        strangers.join().expect("strangers do not panic");
        told(name, &busy);
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        println!(
            "  {count} at once: opened {}, refused {}, ended {}, closed with 1008 {} after {} \
             frames; the longest was held {} ms",
            read(&toll.opened),
            read(&toll.refused),
            read(&toll.ended),
            read(&toll.flooded),
            read(&toll.frames),
            read(&toll.held_ms_max),
        );
        let ratio = busy.value_at_quantile(0.99) as f64 / quiet.value_at_quantile(0.99) as f64;
        let verdict = if ratio <= RATIO_MAX { "within" } else { "BEYOND" };
        println!("  p99 is {ratio:.2} of quiet: {verdict} {RATIO_MAX}");
    }
}

fn told(name: &str, latencies: &Histogram<u64>) {
    let ms = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e6;
    println!(
        "{name:<10} {} orders over one connection, ms: p50 {:.2}  p99 {:.2}  max {:.2}",
        latencies.len(),
        ms(0.5),
        ms(0.99),
        latencies.max() as f64 / 1e6
    );
}

/// One order after the other over one connection that stays.
async fn orders(orison: &Server, time: Duration) -> Histogram<u64> {
    let mut latencies = Histogram::<u64>::new(3).expect("three digits");
    let mut stream = TcpStream::connect(orison.address("rest")).await.expect("the server accepts");
    stream.set_nodelay(true).expect("a TCP option");
    let body = concat!(
        r#"{"symbol":"BTC-KRW","side":"Buy","type":"Limit","price":1000,"quantity":1,"#,
        r#""time_in_force":"IOC"}"#
    );
    let length = body.len();
    let request = format!(
        "POST /api/v1/order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    let (begun, mut answer) = (Instant::now(), vec![0; 16 << 10]);
    while begun.elapsed() < time {
        let asked = Instant::now();
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let read = stream.read(&mut answer).await.expect("the server answers");
        let status = answer.get(9..12).unwrap_or_default();
        assert!(
            status == b"202" || status == b"422",
            "{}",
            String::from_utf8_lossy(&answer[..read])
        );
        latencies.record(asked.elapsed().as_nanos() as u64).expect("it fits");
        tokio::time::sleep(PACE).await;
    }
    latencies
}

fn strangers(
    orison: &Server,
    manner: Manner,
    count: usize,
    toll: &Arc<Toll>,
) -> std::thread::JoinHandle<()> {
    let (rest, ws, toll) = (orison.address("rest"), orison.address("ws"), Arc::clone(toll));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime starts").block_on(async {
            let each = (0..count).map(|index| {
                let toll = Arc::clone(&toll);
                tokio::spawn(async move {
                    while !toll.stop.load(Ordering::Relaxed) {
                        stranger(rest, ws, manner, index, &toll).await;
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                })
            });
            for one in each.collect::<Vec<_>>() {
                one.await.expect("a stranger does not panic");
            }
        });
    })
}

/// One of them, to its end.
async fn stranger(rest: SocketAddr, ws: SocketAddr, manner: Manner, index: usize, toll: &Toll) {
    let begun = Instant::now();
    match manner {
        Manner::Slowloris | Manner::Mute => {
            let Ok(mut stream) = connect(rest, 1 + index / PER_ADDRESS).await else { return };
            toll.opened.fetch_add(1, Ordering::Relaxed);
            trickle(&mut stream, manner, toll).await;
        }
        Manner::Deaf | Manner::Flood => {
            let Some(mut socket) = websocket(ws, 1 + index / PER_ADDRESS).await else {
                toll.refused.fetch_add(1, Ordering::Relaxed);
                return;
            };
            toll.opened.fetch_add(1, Ordering::Relaxed);
            match manner {
                Manner::Flood => flood(&mut socket, toll).await,
                Manner::Slowloris | Manner::Mute | Manner::Deaf => {
                    while !toll.stop.load(Ordering::Relaxed) {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                }
            }
        }
    }
    let held = begun.elapsed().as_millis() as u64;
    toll.held_ms_max.fetch_max(held, Ordering::Relaxed);
}

/// Until the server has had enough, or the time is over.
async fn trickle(stream: &mut TcpStream, manner: Manner, toll: &Toll) {
    let head = b"POST /api/v1/order HTTP/1.1\r\nhost: localhost\r\nx-filler: ";
    let mut bytes = head.iter().copied().chain(std::iter::repeat(b'x'));
    let mut answer = [0; 1024];
    while !toll.stop.load(Ordering::Relaxed) {
        tokio::select! {
            read = stream.read(&mut answer) => {
                match read {
                    Ok(read) if answer[..read].starts_with(b"HTTP/1.1 503") => &toll.refused,
                    Ok(_) | Err(_) => &toll.ended,
                }
                .fetch_add(1, Ordering::Relaxed);
                return;
            }
            () = tokio::time::sleep(TRICKLE) => {}
        }
        let byte = bytes.next().expect("without end");
        if matches!(manner, Manner::Slowloris) && stream.write_all(&[byte]).await.is_err() {
            toll.ended.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}

async fn flood(socket: &mut WebSocketStream<TcpStream>, toll: &Toll) {
    let nonsense = Message::text("{}");
    loop {
        for _ in 0..100 {
            if socket.feed(nonsense.clone()).await.is_err() {
                break;
            }
        }
        toll.frames.fetch_add(100, Ordering::Relaxed);
        let flushed = socket.flush().await.is_ok();
        // What has come in meanwhile: a close among it ends this.
        while let Ok(next) = tokio::time::timeout(Duration::ZERO, socket.next()).await {
            match next {
                Some(Ok(Message::Close(close))) => {
                    if close.is_some_and(|close| u16::from(close.code) == 1008) {
                        toll.flooded.fetch_add(1, Ordering::Relaxed);
                    }
                    return;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
        if !flushed || toll.stop.load(Ordering::Relaxed) {
            return;
        }
    }
}

async fn connect(to: SocketAddr, from: usize) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    let last = u8::try_from(2 + from).expect("a few addresses");
    socket.bind((IpAddr::from([127, 0, 0, last]), 0).into())?;
    socket.connect(to).await
}

/// None: it was refused.
async fn websocket(to: SocketAddr, from: usize) -> Option<WebSocketStream<TcpStream>> {
    let stream = connect(to, from).await.ok()?;
    let opened = tokio_tungstenite::client_async(format!("ws://{to}/ws"), stream).await;
    opened.ok().map(|(socket, _)| socket)
}

impl Arguments {
    fn read() -> Self {
        let orison = server::beside_us();
        let mut read = Self { idle: 10_000, hostile: 2_000, seconds: 20, orison };
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let value = arguments.next().unwrap_or_default();
            let number = value.parse();
            match (name.as_str(), number) {
                ("--idle", Ok(number)) => read.idle = number,
                ("--hostile", Ok(number)) => read.hostile = number,
                ("--seconds", Ok(number)) => read.seconds = number as u64,
                ("--orison", _) => read.orison = value.into(),
                _ => panic!("{name} {value:?} is no argument of this bench"),
            }
        }
        read
    }
}
