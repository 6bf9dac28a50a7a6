//! A small HTTP client for tests: it writes the bytes it is told to and reads one answer at a
//! time, so that what goes over the wire is in the test.

use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Client {
    stream: TcpStream,
    address: SocketAddr,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error} in an answer {}: {:?}", self.status, self.body))
    }

    /// The text of a field, "" if there is none.
    pub(crate) fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn error(&self) -> String {
        self.text("error")
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, address, unread: Vec::new() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.request("GET", path, &[], None).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Reply {
        self.request("DELETE", path, &[], None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Reply {
        let json = [("content-type", "application/json")];
        self.request("POST", path, &json, Some(body.as_bytes())).await
    }

    pub(crate) async fn patch(&mut self, path: &str, body: &str) -> Reply {
        let json = [("content-type", "application/json")];
        self.request("PATCH", path, &json, Some(body.as_bytes())).await
    }

    pub(crate) async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Reply {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        self.write(text.as_bytes()).await;
        self.write(body.unwrap_or_default()).await;
        match method {
            "HEAD" => self.read_head().await,
            _ => self.read().await,
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next answer, whole.
    pub(crate) async fn read(&mut self) -> Reply {
        let mut reply = self.read_head().await;
        let length = reply.header("content-length").map_or(0, |text| text.parse().unwrap());
        while self.unread.len() < length {
            assert!(self.fill().await > 0, "the connection ended within a body: {reply:?}");
        }
        let body: Vec<u8> = self.unread.drain(..length).collect();
        reply.body = String::from_utf8(body).unwrap();
        reply
    }

    pub(crate) async fn read_head(&mut self) -> Reply {
        let end = loop {
            match self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end,
                None => assert!(self.fill().await > 0, "no answer: {:?}", self.unread),
            }
        };
        let head: Vec<u8> = self.unread.drain(..end + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        Reply { status, headers: headers.collect(), body: String::new() }
    }

    /// Waits for the first byte of what a socket says after its handshake.
    pub(crate) async fn first_frame(&mut self) {
        while self.unread.is_empty() {
            assert!(self.fill().await > 0, "the socket ended");
        }
    }

    /// Has the server closed its side, with nothing more said?
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && self.fill().await == 0
    }

    async fn fill(&mut self) -> usize {
        self.stream.read_buf(&mut self.unread).await.unwrap_or(0)
    }
}
