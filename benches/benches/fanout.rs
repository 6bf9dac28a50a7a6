//! One trade told to many: the real program on one core, its subscribers on another, when one and
//! when more messages are due to each at a time, beside a writer of the same frames into plain
//! sockets; what a subscriber costs in memory, and how often anything is allocated.
//! `cargo build --release && cargo bench -p benches --bench fanout [-- --quick --runs N
//! --clients N --orison PATH]`. Measured from the order that trades until the last has read it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use benches::arguments::Common;
use benches::crowd::{self, Heard};
use benches::report::{Cores, Head, Report, Row};
use benches::server::{self, Server};
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use gateway::adapters::Adapters;
use gateway::{App, Config, app};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Counts for the whole process; the program that is timed is another one.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

const SYMBOL: &str = "BTC-KRW";
const TERMS: &str = r#""symbol":"BTC-KRW","order_type":"Limit","price":1000"#;
/// Messages due to each client at a time.
const DUE: [u16; 3] = [1, 16, 64];
const WARM_UP: usize = 3;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Subscribers
    #[arg(long, default_value_t = 1_000)]
    clients: usize,
    /// The real program; the one of this profile if none is named
    #[arg(long)]
    orison: Option<PathBuf>,
    /// Instead of all this: be the writer that ours is compared with, into so many sockets
    #[arg(long, hide = true)]
    serve: Option<usize>,
    /// Bytes of its texts
    #[arg(long, hide = true, default_value_t = 200)]
    bytes: usize,
}

fn main() {
    let arguments = Arguments::parse();
    if let Some(clients) = arguments.serve {
        return write_frames(clients, arguments.bytes);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let Arguments { common, clients, .. } = &arguments;
    let mut report = Report::begin(&Head {
        name: "fanout",
        seconds: common.pick(60, 60 + 15 * common.runs() as u64),
        workload: format!(
            "executions of one instrument to {clients} clients, {DUE:?} due at a time, {} runs",
            common.runs()
        ),
        settings: "journaled, backoff; server and clients on a core each".to_owned(),
        cores: Cores::Two,
    });
    LocalSet::new().block_on(&runtime, delivered(&arguments, &mut report));
    allocated(&arguments, &mut report);
    report.end();
}

/// What one round took.
struct Round {
    time: Duration,
    /// Of all threads of the server.
    processor_time: Duration,
    messages: u64,
}

async fn delivered(arguments: &Arguments, report: &mut Report) {
    let clients = arguments.clients;
    let path = arguments.orison.clone().unwrap_or_else(server::beside_us);
    let orison = Server::start_apart(&path, &["ws"]);
    let mut trader = Trader::connect(orison.address("ws")).await;
    // Instruments have their books and threads their stacks before memory is looked at.
    trader.trade(1).await;
    let before = orison.resident_kib();
    let heard = Rc::new(Heard::default());
    crowd::subscribers(orison.address("ws"), clients, SYMBOL, &heard).await;
    let each = (orison.resident_kib() - before) as f64 / clients as f64;
    report.line(format_args!("resident memory of an idle subscriber: {each:.1} KiB"));
    let seen = (heard.messages.get(), heard.text_bytes.get());
    round(&orison, &mut trader, &heard, clients, 1).await;
    let messages = heard.messages.get() - seen.0;
    let bytes = (heard.text_bytes.get() - seen.1) / messages.max(1);
    report.line(format_args!("a message has {bytes} bytes of text"));

    let raw =
        Server::of_ours_apart(&["--serve", &clients.to_string(), "--bytes", &bytes.to_string()]);
    let mut writer = TcpStream::connect(raw.address("raw")).await.expect("the writer accepts");
    writer.set_nodelay(true).expect("a TCP option");
    let raw_heard = Rc::new(Heard::default());
    crowd::plain(raw.address("raw"), clients, &raw_heard).await;
    let messages = arguments.common.pick(20_000, 2_000_000);
    for due in DUE {
        let rounds = (messages / (clients * usize::from(due))).clamp(5, 400);
        let names = [format!("raw writer, {due} due"), format!("orison, {due} due")];
        let (mut by_clock, mut by_processor) = (names.clone().map(Row::new), names.map(Row::new));
        for _ in 0..arguments.common.runs() {
            for index in 0..2 {
                let mut all = [Duration::ZERO; 2];
                let mut count = 0;
                for turn in 0..WARM_UP + rounds {
                    let one = if index == 0 {
                        raw_round(&raw, &mut writer, &raw_heard, clients, due).await
                    } else {
                        round(&orison, &mut trader, &heard, clients, due).await
                    };
                    if turn >= WARM_UP {
                        all = [all[0] + one.time, all[1] + one.processor_time];
                        count += one.messages;
                    }
                }
                let [clock, processor] = all.map(|time| count as f64 / time.as_secs_f64() / 1e3);
                by_clock[index].runs.push(clock);
                by_processor[index].runs.push(processor);
            }
        }
        report.table("thousand delivered a second by the clock", &by_clock);
        report.table("thousand delivered a second of the processor", &by_processor);
    }
}

/// As many trades by one order, and until everybody has read them all.
async fn round(
    orison: &Server,
    trader: &mut Trader,
    heard: &Heard,
    clients: usize,
    due: u16,
) -> Round {
    let messages = clients as u64 * u64::from(due);
    trader.rest(due).await;
    let wanted = heard.messages.get() + messages;
    let (before, start) = (orison.processor_time(), Instant::now());
    trader.take(due).await;
    heard.until(wanted).await;
    let (time, processor_time) = (start.elapsed(), orison.processor_time() - before);
    trader.hear().await;
    Round { time, processor_time, messages }
}

async fn raw_round(
    raw: &Server,
    writer: &mut TcpStream,
    heard: &Heard,
    clients: usize,
    due: u16,
) -> Round {
    let messages = clients as u64 * u64::from(due);
    let wanted = heard.messages.get() + messages;
    let (before, start) = (raw.processor_time(), Instant::now());
    writer.write_all(&due.to_le_bytes()).await.expect("the writer reads");
    heard.until(wanted).await;
    let (time, processor_time) = (start.elapsed(), raw.processor_time() - before);
    Round { time, processor_time, messages }
}

/// Who makes the trades.
struct Trader {
    socket: WebSocketStream<TcpStream>,
    /// Orders that have no answer yet.
    unanswered: u16,
}

impl Trader {
    async fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).await.expect("the server accepts");
        stream.set_nodelay(true).expect("a TCP option");
        let url = format!("ws://{to}/ws");
        let opened = tokio_tungstenite::client_async(url, stream).await;
        let mut socket = opened.expect("the server upgrades").0;
        let connected = socket.next().await.expect("it is open").expect("a frame");
        assert!(connected.is_text(), "{connected}");
        Self { socket, unanswered: 0 }
    }

    /// So many orders of one unit that wait in the book.
    async fn rest(&mut self, orders: u16) {
        for _ in 0..orders {
            self.feed("Sell", 1).await;
        }
        self.socket.flush().await.expect("the server reads");
        self.hear().await;
    }

    /// All of them, by one order.
    async fn take(&mut self, quantity: u16) {
        self.feed("Buy", quantity).await;
        self.socket.flush().await.expect("the server reads");
    }

    async fn trade(&mut self, quantity: u16) {
        self.rest(quantity).await;
        self.take(quantity).await;
        self.hear().await;
    }

    async fn feed(&mut self, side: &str, quantity: u16) {
        let order =
            format!(r#"{{"type":"PlaceOrder","side":"{side}",{TERMS},"quantity":{quantity}}}"#);
        self.socket.feed(Message::text(order)).await.expect("the server reads");
        self.unanswered += 1;
    }

    /// All answers.
    async fn hear(&mut self) {
        while self.unanswered > 0 {
            let frame = self.socket.next().await.expect("it is open").expect("a frame");
            let text = frame.into_text().expect("text");
            assert!(!text.contains("\"Error\""), "{text}");
            if text.contains("\"OrderResponse\"") {
                self.unanswered -= 1;
            }
        }
    }
}

/// The process that ours is compared with: told how many are due, writes them to each at once.
fn write_frames(clients: usize, bytes: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    server::say_listening("raw", listener.local_addr().expect("it is bound"));
    let accept = || {
        let (stream, _) = listener.accept().expect("a connection");
        stream.set_nodelay(true).expect("a TCP option");
        stream
    };
    let mut commander = accept();
    let mut sockets: Vec<_> = (0..clients).map(|_| accept()).collect();
    let mut text = crowd::COUNTED.to_vec();
    text.resize(bytes, b' ');
    let one = crowd::frame(&text);
    let mut due = [0; 2];
    // Whoever commands goes away in the end.
    while commander.read_exact(&mut due).is_ok() {
        let all = one.repeat(usize::from(u16::from_le_bytes(due)));
        for socket in &mut sockets {
            socket.write_all(&all).expect("the client reads");
        }
    }
}

/// The same program within this process: what grows with the clients is theirs.
fn allocated(arguments: &Arguments, report: &mut Report) {
    let rounds = arguments.common.pick(20, 200);
    let counts = [arguments.clients / 4, arguments.clients];
    for due in DUE {
        let of = counts.map(|clients| allocations(clients, due, rounds));
        let grown = of[1].saturating_sub(of[0]) as f64 / (counts[1] - counts[0]) as f64;
        let each = grown / (rounds * usize::from(due)) as f64;
        let fixed = of[0] as f64 - grown * counts[0] as f64;
        let fixed = fixed / (rounds * usize::from(due)) as f64;
        report.line(format_args!(
            "allocations, {due} due: {each:.4} a message and client, {fixed:.1} a message beside"
        ));
    }
}

/// Of the whole process, while so many clients read so many rounds.
fn allocations(clients: usize, due: u16, rounds: usize) -> usize {
    let data = tempfile::tempdir().expect("a directory of our own");
    let home = data.path().join("data");
    let home = home.to_str().expect("a plain path");
    let words = ["orison", "serve", "--data", home, "--durability", "journaled"];
    let listeners = ["--ws", "127.0.0.1:0", "--rest", "off", "--stomp", "off", "--admin", "off"];
    let words = words.into_iter().chain(listeners).chain(["--sessions-max", "100000"]);
    let loaded = Config::load(words.map(Into::into), std::iter::empty(), data.path());
    let config = loaded.expect("valid settings").config;
    let sockets =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let sockets = sockets.expect("a runtime starts");
    let (app, adapters) = sockets.block_on(async {
        let recovered = app::recover(&config).expect("a new journal");
        let app = App::start(config, recovered).expect("the engine starts");
        let adapters = Adapters::start(&app).await.expect("free ports");
        (app, adapters)
    });
    let to = adapters.directory.ws.expect("it listens");
    let own = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let own = own.expect("a runtime starts");
    let count = LocalSet::new().block_on(&own, async {
        let heard = Rc::new(Heard::default());
        let mut trader = Trader::connect(to).await;
        crowd::subscribers(to, clients, SYMBOL, &heard).await;
        let mut before = 0;
        for turn in 0..WARM_UP + rounds {
            if turn == WARM_UP {
                before = ALLOCATOR.stats().allocations;
            }
            let wanted = heard.messages.get() + clients as u64 * u64::from(due);
            trader.trade(due).await;
            heard.until(wanted).await;
        }
        ALLOCATOR.stats().allocations - before
    });
    sockets.block_on(async {
        adapters.close();
        app.stop().await.expect("it ends in order");
        adapters.ended().await;
    });
    count
}
