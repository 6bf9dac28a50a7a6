//! Many clients of one server that do nothing but read: raw WebSocket frames are counted by what
//! their text begins with, in buffers that are used again, so that what is measured is the server.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// What the counted messages begin with, and one that means a client has been subscribed.
pub const COUNTED: &[u8] = br#"{"type":"Execution""#;
const SUBSCRIBED: &[u8] = br#"{"type":"SubscribeSuccess""#;
const READ_BYTES: usize = 64 << 10;
/// An empty pong under a mask of zeros: who never says anything is taken for gone.
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];
const PING_OPCODE: u8 = 9;
const TEXT_OPCODE: u8 = 1;
/// No round takes this long.
const STUCK: Duration = Duration::from_secs(20);
/// A frame's head of the server, which masks nothing.
const HEAD_BYTES_MAX: usize = 10;

/// What all clients have read until now.
#[derive(Default)]
pub struct Heard {
    pub messages: Cell<u64>,
    pub text_bytes: Cell<u64>,
    subscribed: Cell<u64>,
    wanted: Cell<u64>,
    /// Clients that have been closed.
    gone: Cell<u64>,
    woken: Notify,
}

impl Heard {
    /// Until so many messages have been read, since the beginning of time.
    pub async fn until(&self, messages: u64) {
        self.wanted.set(messages);
        while self.messages.get() < messages {
            let woken = tokio::time::timeout(STUCK, self.woken.notified()).await;
            let (read, gone) = (self.messages.get(), self.gone.get());
            assert!(woken.is_ok(), "{read} of {messages} messages, {gone} clients are gone");
        }
    }

    fn note(&self, text: &[u8], bytes: usize) {
        if text.starts_with(COUNTED) {
            self.messages.set(self.messages.get() + 1);
            self.text_bytes.set(self.text_bytes.get() + bytes as u64);
        } else if text.starts_with(SUBSCRIBED) {
            self.subscribed.set(self.subscribed.get() + 1);
            self.woken.notify_one();
        }
    }
}

/// So many clients of the xTrader socket, subscribed to the executions of an instrument; they read
/// in tasks of this thread.
pub async fn subscribers(to: SocketAddr, count: usize, symbol: &str, heard: &Rc<Heard>) {
    let wanted = heard.subscribed.get() + count as u64;
    let subscribe =
        format!(r#"{{"type":"Subscribe","channels":["executions"],"symbols":["{symbol}"]}}"#);
    for _ in 0..count {
        let mut stream = open(to).await;
        let rest = upgrade(&mut stream).await;
        stream.write_all(&masked(subscribe.as_bytes())).await.expect("the server reads");
        listen(stream, rest, heard);
    }
    while heard.subscribed.get() < wanted {
        heard.woken.notified().await;
    }
}

/// So many that say nothing and are sent frames at once.
pub async fn plain(to: SocketAddr, count: usize, heard: &Rc<Heard>) {
    for _ in 0..count {
        let stream = open(to).await;
        listen(stream, Vec::new(), heard);
    }
}

async fn open(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).await.expect("the server accepts");
    stream.set_nodelay(true).expect("a TCP option");
    stream
}

/// What has come behind the answer's head.
async fn upgrade(stream: &mut TcpStream) -> Vec<u8> {
    let request = "GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\n\
                   upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut bytes = Vec::new();
    loop {
        stream.read_buf(&mut bytes).await.expect("the server answers");
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            assert!(bytes.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&bytes));
            return bytes.split_off(end + 4);
        }
    }
}

/// A text frame under a mask of zeros.
fn masked(text: &[u8]) -> Vec<u8> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 126);
    let mut frame = vec![0x81, 0x80 | length.expect("a short text"), 0, 0, 0, 0];
    frame.extend(text);
    frame
}

/// A text frame as a server sends it.
pub fn frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81, 126];
    let length = u16::try_from(text.len()).expect("a text of some hundred bytes");
    assert!(length > 125, "shorter ones have a shorter head");
    frame.extend(length.to_be_bytes());
    frame.extend(text);
    frame
}

fn listen(stream: TcpStream, rest: Vec<u8>, heard: &Rc<Heard>) {
    thread_local! {
        /// One for all: what is left of a frame is kept by its client.
        static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES + 2 * HEAD_BYTES_MAX]);
    }
    let heard = Rc::clone(heard);
    tokio::task::spawn_local(async move {
        let mut frames = Frames::default();
        frames.read(&rest, &heard);
        loop {
            stream.readable().await.expect("it is open");
            let read = BUFFER.with_borrow_mut(|buffer| {
                let read = stream.try_read(&mut buffer[..READ_BYTES]);
                if let Ok(read) = read {
                    frames.read(&buffer[..read], &heard);
                }
                read
            });
            match read {
                Ok(0) => break,
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => break,
                Ok(_) | Err(_) => {}
            }
            if std::mem::take(&mut frames.is_pinged) && stream.try_write(&PONG).is_err() {
                break;
            }
            if heard.messages.get() >= heard.wanted.get() {
                heard.woken.notify_one();
            }
        }
        heard.gone.set(heard.gone.get() + 1);
    });
}

/// Where one client is between two frames.
#[derive(Default)]
struct Frames {
    /// Bytes of a text whose beginning has been looked at.
    skip: usize,
    /// A head, or the beginning of a text, that is not whole.
    partial: Vec<u8>,
    /// And has not answered.
    is_pinged: bool,
}

impl Frames {
    fn read(&mut self, mut bytes: &[u8], heard: &Heard) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return;
            }
            if self.partial.is_empty() {
                match look(bytes, heard) {
                    Some(frame) => self.enter(frame),
                    None => {
                        self.partial.extend(bytes);
                        return;
                    }
                }
                continue;
            }
            // Byte by byte, seldom: two reads meet within the first bytes of a frame.
            self.partial.push(bytes[0]);
            bytes = &bytes[1..];
            if let Some(frame) = look(&self.partial, heard) {
                self.enter(frame);
                self.skip -= self.partial.len();
                self.partial.clear();
            }
        }
    }

    fn enter(&mut self, frame: Frame) {
        self.skip = frame.bytes;
        self.is_pinged |= frame.opcode == PING_OPCODE;
    }
}

struct Frame {
    opcode: u8,
    /// Head and text.
    bytes: usize,
}

/// The frame that begins here; None: too little of it is there.
fn look(bytes: &[u8], heard: &Heard) -> Option<Frame> {
    let (head, length) = match bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => {
            let length = bytes.get(2..10)?.try_into().expect("eight bytes");
            (10, u64::from_be_bytes(length) as usize)
        }
        short => (2, usize::from(*short)),
    };
    let seen = SUBSCRIBED.len().min(length);
    let text = bytes.get(head..head + seen)?;
    let opcode = bytes[0] & 0x0f;
    if opcode == TEXT_OPCODE {
        heard.note(text, length);
    }
    Some(Frame { opcode, bytes: head + length })
}
