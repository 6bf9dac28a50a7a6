//! A WebSocket client that sends the very frames it is told to, right ones and wrong ones, and
//! reads one frame at a time.

use crate::client::{Client, Reply};
use crate::server::Server;

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;
/// The last or only part of a message.
pub(crate) const FINAL: u8 = 0x80;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
pub(crate) const HANDSHAKE: [(&str, &str); 4] = [
    ("upgrade", "websocket"),
    ("connection", "Upgrade"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "x3JJHMbDL1EzLkh9GBhXDw=="),
];

pub(crate) struct Ws {
    pub(crate) client: Client,
}

impl Ws {
    pub(crate) async fn open(server: &Server, path: &str) -> Self {
        let (client, reply) = handshake(server, path, &HANDSHAKE).await;
        assert_eq!(reply.status, 101, "{reply:?}");
        Self { client }
    }

    /// One frame, masked; `first` is its first byte: `FINAL`, reserved bits, opcode.
    pub(crate) async fn send(&mut self, first: u8, payload: impl AsRef<[u8]>) {
        self.client.write(&frame(first, payload.as_ref())).await;
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.send(FINAL | TEXT, text).await;
    }

    /// The first byte and the payload of the next frame.
    pub(crate) async fn read(&mut self) -> (u8, Vec<u8>) {
        let head = self.client.bytes(2).await;
        assert_eq!(head[1] & 0x80, 0, "a server does not mask");
        let length = match head[1] {
            126 => {
                let bytes = self.client.bytes(2).await;
                usize::from(u16::from_be_bytes(bytes.try_into().unwrap()))
            }
            127 => {
                let bytes = self.client.bytes(8).await;
                usize::try_from(u64::from_be_bytes(bytes.try_into().unwrap())).unwrap()
            }
            length => usize::from(length),
        };
        (head[0], self.client.bytes(length).await)
    }

    pub(crate) async fn read_text(&mut self) -> String {
        let (first, payload) = self.read().await;
        assert_eq!(first, FINAL | TEXT, "{payload:?}");
        String::from_utf8(payload).unwrap()
    }

    /// Reads the server's close, and that it then ends the connection.
    pub(crate) async fn closed(&mut self) -> (Option<u16>, String) {
        let (first, payload) = self.read().await;
        assert_eq!(first, FINAL | CLOSE, "{:?}", String::from_utf8_lossy(&payload));
        let (code, reason) = payload.split_at(payload.len().min(2));
        let code = <[u8; 2]>::try_from(code).ok().map(u16::from_be_bytes);
        (code, String::from_utf8(reason.to_vec()).unwrap())
    }

    /// Reads the close, answers it, and sees the connection end.
    pub(crate) async fn ended(&mut self) -> (Option<u16>, String) {
        let closed = self.closed().await;
        self.send(FINAL | CLOSE, close(closed.0, "")).await;
        assert!(self.client.is_closed().await, "after the close nothing more comes");
        closed
    }
}

pub(crate) async fn handshake(
    server: &Server,
    path: &str,
    headers: &[(&str, &str)],
) -> (Client, Reply) {
    let mut client = server.connect().await;
    client.send("GET", path, headers, b"").await;
    let mut reply = client.head().await;
    if reply.status != 101 {
        let length = reply.header("content-length").map_or(0, |text| text.parse().unwrap());
        reply.body = client.text(length).await;
    }
    (client, reply)
}

pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The payload of a close frame.
pub(crate) fn close(code: Option<u16>, reason: &str) -> Vec<u8> {
    let mut payload: Vec<u8> = code.into_iter().flat_map(u16::to_be_bytes).collect();
    payload.extend(reason.as_bytes());
    payload
}
