//! HTTP as a test needs it: it writes the bytes it is told to, and reads an answer whole or chunk
//! by chunk, each chunk as it was sent.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A server that says nothing for this long is stuck.
pub(crate) const STUCK: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    stream: TcpStream,
    address: SocketAddr,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    /// Of the status line.
    pub(crate) version: String,
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Without its spaces.
    pub(crate) fn content_type(&self) -> Option<String> {
        self.header("content-type").map(|value| value.replace(' ', ""))
    }

    pub(crate) fn is_chunked(&self) -> bool {
        self.header("transfer-encoding").is_some_and(|value| value == "chunked")
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, address, unread: Vec::new() }
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) {
        self.send_as("1.1", method, path, headers, body).await;
    }

    pub(crate) async fn send_as(
        &mut self,
        version: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) {
        let mut head = format!("{method} {path} HTTP/{version}\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if method == "POST" {
            head += &format!("content-length: {}\r\n", body.len());
        }
        let mut bytes = format!("{head}\r\n").into_bytes();
        bytes.extend_from_slice(body);
        self.write(&bytes).await;
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next answer, whole.
    pub(crate) async fn reply(&mut self, method: &str) -> Reply {
        let mut reply = self.head().await;
        let length = reply.header("content-length").map(|text| text.parse().unwrap());
        let has_body = method != "HEAD" && ![101, 204, 304].contains(&reply.status);
        reply.body = match (has_body, length) {
            (false, _) => String::new(),
            (true, Some(length)) => self.text(length).await,
            (true, None) if reply.is_chunked() => {
                let mut body = String::new();
                while let Some(chunk) = self.chunk().await {
                    body += &chunk;
                }
                body
            }
            (true, None) => self.rest().await,
        };
        reply
    }

    pub(crate) async fn head(&mut self) -> Reply {
        let end = loop {
            match self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end,
                None => assert!(self.fill().await > 0, "no answer: {:?}", self.unread),
            }
        };
        let head: Vec<u8> = self.unread.drain(..end + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let mut words = lines.next().unwrap().split(' ');
        let version = words.next().unwrap().to_owned();
        let status = words.next().unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Reply { version, status, headers, body: String::new() }
    }

    /// The next chunk as it was sent. None: the last one.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let end = loop {
            match self.unread.windows(2).position(|window| window == b"\r\n") {
                Some(end) => break end,
                None => assert!(self.fill().await > 0, "the stream ended within a chunk"),
            }
        };
        let line: Vec<u8> = self.unread.drain(..end + 2).collect();
        let length = std::str::from_utf8(&line[..end]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        let mut chunk = self.text(length + 2).await;
        assert!(chunk.ends_with("\r\n"));
        chunk.truncate(length);
        (length > 0).then_some(chunk)
    }

    /// Exactly so many bytes.
    pub(crate) async fn bytes(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            assert!(self.fill().await > 0, "it ended after {} of {length}", self.unread.len());
        }
        self.unread.drain(..length).collect()
    }

    pub(crate) async fn text(&mut self, length: usize) -> String {
        String::from_utf8(self.bytes(length).await).unwrap()
    }

    /// Everything until the server ends the connection.
    pub(crate) async fn rest(&mut self) -> String {
        while self.fill().await > 0 {}
        String::from_utf8(std::mem::take(&mut self.unread)).unwrap()
    }

    /// Has the server ended the connection, with nothing more said?
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && self.fill().await == 0
    }

    async fn fill(&mut self) -> usize {
        let reading = self.stream.read_buf(&mut self.unread);
        timeout(STUCK, reading).await.expect("the server is stuck").unwrap_or(0)
    }
}
