//! Watches the requests of a connection go by, for one thing that hyper forgives and we do not: a
//! head with both Content-Length and Transfer-Encoding. Two programs on the way may read two
//! different requests in it (RFC 9112 section 6.3), so it is refused. Follows heads and bodies
//! only as far as it takes to find the next head; all that is wrong otherwise is hyper's to say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A longer line is cut: no name that is looked for is as long.
const LINE_BYTES_MAX: usize = 256;

/// The number of the first request that has both, from 1; 0: none has.
#[derive(Clone, Debug, Default)]
pub(super) struct Conflict(Arc<AtomicU64>);

impl Conflict {
    pub(super) fn is_of(&self, request: u64) -> bool {
        self.0.load(Ordering::Relaxed) == request
    }
}

pub(super) struct Framing {
    conflict: Conflict,
    /// Heads begun, this one too.
    requests: u64,
    state: State,
    line: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Head(Head),
    /// Bytes of a body, or of a chunk with its end of line.
    Body(u64, After),
    /// The line that says how large the next chunk is.
    ChunkSize,
    Trailers,
    /// The rest is no HTTP, or none that could be read.
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum After {
    Head,
    ChunkSize,
}

/// What a head has said so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Head {
    has_begun: bool,
    length: Option<u64>,
    is_encoded: bool,
    is_upgrade: bool,
}

impl Framing {
    pub(super) fn new(conflict: Conflict) -> Self {
        Self { conflict, requests: 1, state: State::Head(Head::default()), line: Vec::new() }
    }

    /// What has been read, in its order.
    pub(super) fn on_read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.state {
                State::Over => return,
                State::Body(left, after) => {
                    let here = left.min(bytes.len() as u64);
                    bytes = &bytes[here as usize..];
                    self.state = match (left - here, after) {
                        (0, After::Head) => self.next_head(),
                        (0, After::ChunkSize) => State::ChunkSize,
                        (left, after) => State::Body(left, after),
                    };
                }
                State::Head(_) | State::ChunkSize | State::Trailers => {
                    let end = bytes.iter().position(|&byte| byte == b'\n');
                    let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
                    bytes = rest;
                    let room = LINE_BYTES_MAX - self.line.len();
                    self.line.extend_from_slice(&part[..part.len().min(room)]);
                    if end.is_some() {
                        let line = std::mem::take(&mut self.line);
                        self.on_line(line.trim_ascii_end());
                        self.line = line;
                        self.line.clear();
                    }
                }
            }
        }
    }

    fn on_line(&mut self, line: &[u8]) {
        self.state = match self.state {
            State::Head(head) if line.is_empty() && head.has_begun => self.on_head(head),
            State::Head(head) => State::Head(head.with(line)),
            State::ChunkSize => match chunk_bytes(line) {
                Some(0) => State::Trailers,
                Some(bytes) => State::Body(bytes.saturating_add(2), After::ChunkSize),
                None => State::Over,
            },
            State::Trailers if line.is_empty() => self.next_head(),
            state @ (State::Trailers | State::Body(..) | State::Over) => state,
        };
    }

    fn on_head(&mut self, head: Head) -> State {
        match (head.length, head.is_encoded) {
            (Some(_), true) => {
                self.conflict.0.store(self.requests, Ordering::Relaxed);
                State::Over
            }
            _ if head.is_upgrade => State::Over,
            (None, true) => State::ChunkSize,
            (Some(0) | None, false) => self.next_head(),
            (Some(bytes), false) => State::Body(bytes, After::Head),
        }
    }

    fn next_head(&mut self) -> State {
        self.requests += 1;
        State::Head(Head::default())
    }
}

impl Head {
    fn with(mut self, line: &[u8]) -> Self {
        if !self.has_begun {
            // Empty lines before a request mean nothing.
            self.has_begun = !line.is_empty();
            return self;
        }
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { return self };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let value = std::str::from_utf8(value).ok();
            // What is no number is refused by hyper.
            self.length = Some(value.and_then(|value| value.parse().ok()).unwrap_or(0));
        }
        self.is_encoded |= name.eq_ignore_ascii_case(b"transfer-encoding");
        self.is_upgrade |= name.eq_ignore_ascii_case(b"upgrade");
        self
    }
}

/// Without the chunk's extensions.
fn chunk_bytes(line: &[u8]) -> Option<u64> {
    let size = line.split(|&byte| byte == b';').next()?.trim_ascii();
    u64::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_request_with_two_lengths_is_found_however_it_is_cut() {
        let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        let fixed = "POST / HTTP/1.1\r\ncontent-length: 40\r\n\r\n\
                     transfer-encoding: chunked\r\n012345678901";
        let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                       11;a=b\r\ncontent-length: 1\r\n2\r\n\r\n\r\n0\r\nx: y\r\n\r\n";
        let both = "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n";
        let turned = "POST / HTTP/1.1\ntransfer-encoding:chunked\ncontent-length:4\n\n";
        let upgrade = "GET / HTTP/1.1\r\nupgrade: websocket\r\n\r\n";
        for (requests, expected) in [
            (vec![get, fixed, chunked, "\r\n", get, get], 0),
            (vec![both], 1),
            (vec![turned], 1),
            (vec![get, fixed, chunked, "\r\n", both, turned], 4),
            (vec![chunked, fixed, turned], 3),
            (vec![get, upgrade, both], 0),
        ] {
            let bytes = requests.concat().into_bytes();
            for piece in [1, 2, 7, 64, bytes.len()] {
                let conflict = Conflict::default();
                let mut framing = Framing::new(conflict.clone());
                bytes.chunks(piece).for_each(|bytes| framing.on_read(bytes));
                let found = conflict.0.load(Ordering::Relaxed);
                assert_eq!(found, expected, "{requests:?} in pieces of {piece}");
            }
        }
    }
}
