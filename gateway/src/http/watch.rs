//! A stream of WebSocket frames that fails at the very octet which makes a text something other
//! than UTF-8: the library checks a frame when it is whole, and a client that sends a large one
//! slowly hears of its mistake at once this way. It fails too when there are too many frames that
//! no session counts because they end no message: the library answers pings and gathers parts by
//! itself. And it can keep a close back until what came before it is answered: to the library
//! nothing can be said after one is read. Else bytes pass unchanged up to the wrong one, then
//! comes one error, then all passes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::hearing::MESSAGES;
use crate::bucket::Bucket;

/// RFC 6455 5.2: two octets, a length of eight, a mask of four.
const HEAD_BYTES_MAX: usize = 14;
const OPCODE_CONTINUATION: u8 = 0x0;
const OPCODE_TEXT: u8 = 0x1;
const OPCODE_CLOSE: u8 = 0x8;

/// What a stream was made to fail for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub(crate) enum Fault {
    #[error("a text is not UTF-8")]
    NotUtf8,
    #[error("too many frames that end no message")]
    Flood,
}

/// Frames that end no message: pings, pongs, and parts of a message but its last. Bounded: as many
/// as a session may send messages. Unbounded: for suites that send as many as they like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IdleFrames {
    Bounded,
    Unbounded,
}

/// What becomes of the client's close.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Closes {
    /// It is read as soon as it comes.
    Pass,
    /// It and what follows is read once `Watched::pass_close` says so.
    Kept,
}

pub(crate) struct Watched<S> {
    stream: S,
    watch: Watch,
    closes: Closes,
    /// Of idle frames. None: there may be any number.
    bucket: Option<Bucket>,
}

enum Watch {
    On(Frames),
    /// The next read says so.
    Broken(Fault),
    /// From the close on; nothing more is read.
    Closing(Vec<u8>),
    /// What was kept back, as far as it is not read again.
    Passing(Vec<u8>),
    Off,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, idle: IdleFrames, closes: Closes) -> Self {
        let bucket = match idle {
            IdleFrames::Bounded => Some(Bucket::default()),
            IdleFrames::Unbounded => None,
        };
        Self { stream, watch: Watch::On(Frames::default()), closes, bucket }
    }

    /// Everything before the client's close is read.
    pub(crate) fn is_close_kept(&self) -> bool {
        matches!(self.watch, Watch::Closing(_))
    }

    /// From now on a close is read, one that is kept back and one that comes.
    pub(crate) fn pass_close(&mut self) {
        self.closes = Closes::Pass;
        self.watch = match std::mem::replace(&mut self.watch, Watch::Off) {
            Watch::Closing(kept) => Watch::Passing(kept),
            watch => watch,
        };
    }
}

/// Why the stream failed, if it was made to.
pub(crate) fn fault(error: &io::Error) -> Option<Fault> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()).copied()
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        match &mut this.watch {
            Watch::Broken(fault) => {
                let fault = *fault;
                this.watch = Watch::Off;
                Poll::Ready(Err(failed(fault)))
            }
            // Whoever lets it pass reads again.
            Watch::Closing(_) => Poll::Pending,
            Watch::Passing(kept) => {
                let count = kept.len().min(buffer.remaining());
                buffer.put_slice(&kept[..count]);
                kept.drain(..count);
                if kept.is_empty() {
                    this.watch = Watch::Off;
                }
                Poll::Ready(Ok(()))
            }
            Watch::Off => Pin::new(&mut this.stream).poll_read(context, buffer),
            Watch::On(frames) => {
                ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
                let read = &buffer.filled()[before..];
                let stop = frames.stop_at(read, this.closes);
                let idle = std::mem::take(&mut frames.idle);
                let bucket = this.bucket.as_mut().filter(|_| idle > 0);
                let is_over = bucket
                    .is_some_and(|bucket| bucket.take(MESSAGES, idle, Instant::now()).is_err());
                let (good, watch) = match (is_over, stop) {
                    (true, _) => (0, Watch::Broken(Fault::Flood)),
                    (false, Some(Stop::NotUtf8(at))) => (at, Watch::Broken(Fault::NotUtf8)),
                    (false, Some(Stop::Close(at))) => (at, Watch::Closing(read[at..].to_vec())),
                    (false, None) => return Poll::Ready(Ok(())),
                };
                buffer.set_filled(before + good);
                this.watch = watch;
                // Without a byte it would be read as the end.
                if good > 0 { Poll::Ready(Ok(())) } else { self.poll_read(context, buffer) }
            }
        }
    }
}

fn failed(fault: Fault) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Where in the stream of frames the next octet lies.
#[derive(Default)]
struct Frames {
    head: [u8; HEAD_BYTES_MAX],
    head_bytes: usize,
    /// Of the payload that the head announces.
    left_bytes: u64,
    mask: [u8; 4],
    mask_at: usize,
    /// What the payload is part of; a control frame between two parts does not end a text.
    payload: Payload,
    message: Payload,
    text: Utf8,
    /// Frames so far that end no message.
    idle: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Payload {
    Text,
    #[default]
    Other,
}

/// What reading stops before, and where it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stop {
    NotUtf8(usize),
    Close(usize),
}

impl Frames {
    fn stop_at(&mut self, bytes: &[u8], closes: Closes) -> Option<Stop> {
        let mut at = 0;
        while at < bytes.len() {
            if self.left_bytes == 0 {
                let is_close = self.head_bytes == 0 && bytes[at] & 0x0f == OPCODE_CLOSE;
                if is_close && closes == Closes::Kept {
                    return Some(Stop::Close(at));
                }
                self.head[self.head_bytes] = bytes[at];
                self.head_bytes += 1;
                at += 1;
                self.open();
                continue;
            }
            let left = usize::try_from(self.left_bytes).unwrap_or(usize::MAX);
            let end = bytes.len().min(at.saturating_add(left));
            if self.payload == Payload::Text {
                for (index, byte) in bytes[at..end].iter().enumerate() {
                    let mask = self.mask[(self.mask_at + index) % 4];
                    if !self.text.takes(byte ^ mask) {
                        return Some(Stop::NotUtf8(at + index));
                    }
                }
            }
            self.mask_at = (self.mask_at + (end - at)) % 4;
            self.left_bytes -= (end - at) as u64;
            at = end;
        }
        None
    }

    /// Opens the payload once the head is whole.
    fn open(&mut self) {
        let head = &self.head[..self.head_bytes];
        let &[first, second, ..] = head else { return };
        let length_bytes = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask_bytes = if second & 0x80 == 0 { 0 } else { 4 };
        if head.len() < 2 + length_bytes + mask_bytes {
            return;
        }
        let (length, mask) = head[2..].split_at(length_bytes);
        self.left_bytes = match length_bytes {
            0 => u64::from(second & 0x7f),
            _ => length.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        // A frame without a mask is the library's to refuse.
        self.mask = mask.try_into().unwrap_or_default();
        (self.mask_at, self.head_bytes) = (0, 0);
        let (is_last, is_control) = (first & 0x80 != 0, first & 0x8 != 0);
        self.idle += u32::from(is_control || !is_last);
        self.payload = match first & 0x0f {
            OPCODE_CONTINUATION => self.message,
            OPCODE_TEXT => {
                self.text = Utf8::default();
                self.message = Payload::Text;
                Payload::Text
            }
            opcode => {
                if opcode & 0x8 == 0 {
                    self.message = Payload::Other;
                }
                Payload::Other
            }
        };
    }
}

/// A text so far: how many octets its last character still wants, and the bounds of the next.
struct Utf8 {
    wants: u8,
    low: u8,
    high: u8,
}

impl Default for Utf8 {
    fn default() -> Self {
        Self { wants: 0, low: 0x80, high: 0xbf }
    }
}

impl Utf8 {
    /// Can a text go on with this octet? The Unicode Standard, table 3-7.
    fn takes(&mut self, byte: u8) -> bool {
        if self.wants > 0 {
            let is_good = (self.low..=self.high).contains(&byte);
            *self = Self { wants: self.wants - 1, ..Self::default() };
            return is_good;
        }
        let (wants, low, high) = match byte {
            0x00..=0x7f => (0, 0x80, 0xbf),
            0xc2..=0xdf => (1, 0x80, 0xbf),
            0xe0 => (2, 0xa0, 0xbf),
            0xed => (2, 0x80, 0x9f),
            0xe1..=0xef => (2, 0x80, 0xbf),
            0xf0 => (3, 0x90, 0xbf),
            0xf1..=0xf3 => (3, 0x80, 0xbf),
            0xf4 => (3, 0x80, 0x8f),
            0x80..=0xc1 | 0xf5..=0xff => return false,
        };
        *self = Self { wants, low, high };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text is refused where `std` says that it cannot go on.
    #[test]
    fn an_octet_is_refused_where_the_text_cannot_go_on() {
        let edges = [
            0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0,
            0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
        ];
        let count = edges.len();
        for number in 0..count.pow(4) {
            let bytes = [0, 1, 2, 3].map(|place| edges[number / count.pow(place) % count]);
            let mut text = Utf8::default();
            let wrong = bytes.iter().position(|byte| !text.takes(*byte));
            let expected = (1..=4).position(|length| {
                std::str::from_utf8(&bytes[..length])
                    .is_err_and(|error| error.error_len().is_some())
            });
            assert_eq!(wrong, expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn only_the_texts_among_frames_are_watched() {
        let text = |first: u8, payload: &[u8]| {
            let mut bytes = vec![first, 0x80 | u8::try_from(payload.len()).unwrap(), 1, 2, 3, 4];
            bytes.extend(payload.iter().zip([1, 2, 3, 4].iter().cycle()).map(|(a, b)| a ^ b));
            bytes
        };
        let long = |length: u16| {
            let mut bytes = vec![0x81, 0xfe, 0, 0, 0, 0, 0, 0];
            bytes[2..4].copy_from_slice(&length.to_be_bytes());
            bytes.extend(vec![b'x'; usize::from(length)]);
            bytes
        };
        for (frames, wrong_at) in [
            (vec![text(0x81, "κόσμε".as_bytes()), text(0x81, b"\xff")], Some(22)),
            (vec![text(0x82, b"\xff\xfe"), text(0x81, b"a")], None),
            (vec![text(0x01, b"\xce"), text(0x89, b"\xff"), text(0x80, b"\xba")], None),
            (vec![text(0x01, b"\xce"), text(0x89, b"\xff"), text(0x80, b"a")], Some(20)),
            (vec![text(0x02, b"\xce"), text(0x80, b"\xff")], None),
            (vec![text(0x81, b""), text(0x81, b"a\x80")], Some(13)),
            (vec![long(300), text(0x81, b"\xc0")], Some(314)),
            (vec![text(0x88, b"\xff\xff"), text(0x81, b"\xed\xa0")], Some(15)),
        ] {
            let bytes = frames.concat();
            for size in [1, 3, 1000] {
                let mut watched = Frames::default();
                let wrong = bytes.chunks(size).enumerate().find_map(|(index, part)| match watched
                    .stop_at(part, Closes::Pass)?
                {
                    Stop::NotUtf8(at) => Some(index * size + at),
                    Stop::Close(_) => None,
                });
                assert_eq!(wrong, wrong_at, "{bytes:02x?} by {size}");
            }
        }
    }

    #[test]
    fn frames_that_end_no_message_are_counted() {
        let frame = |first: u8, payload: &[u8]| {
            let mut bytes = vec![first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
            bytes.extend(payload);
            bytes
        };
        for (frames, idle) in [
            (vec![frame(0x81, b"a"), frame(0x82, b""), frame(0x81, b"")], 0),
            (vec![frame(0x89, b"ping"), frame(0x8a, b""), frame(0x81, b"a"), frame(0x89, b"")], 3),
            (vec![frame(0x01, b"a"), frame(0x00, b""), frame(0x00, b""), frame(0x80, b"b")], 3),
            (vec![frame(0x02, b"a"), frame(0x89, b""), frame(0x80, b"")], 2),
        ] {
            let bytes = frames.concat();
            for size in [1, 5, 1000] {
                let mut watched = Frames::default();
                for part in bytes.chunks(size) {
                    assert_eq!(watched.stop_at(part, Closes::Pass), None);
                }
                assert_eq!(watched.idle, idle, "{bytes:02x?} by {size}");
            }
        }
    }

    #[tokio::test]
    async fn a_flood_of_them_is_one_error_and_messages_are_none() {
        use tokio::io::AsyncReadExt;
        let ping = [0x89, 0x80, 0, 0, 0, 0];
        let message = [0x81, 0x81, 0, 0, 0, 0, b'a'];
        for (frames, idle, expected) in [
            (ping.repeat(1_000), IdleFrames::Bounded, None),
            (ping.repeat(2_000), IdleFrames::Bounded, Some(Fault::Flood)),
            (ping.repeat(2_000), IdleFrames::Unbounded, None),
            (message.repeat(20_000), IdleFrames::Bounded, None),
        ] {
            let mut watched = Watched::new(frames.as_slice(), idle, Closes::Pass);
            let error = tokio::io::copy(&mut watched, &mut tokio::io::sink()).await.err();
            assert_eq!(error.as_ref().and_then(fault), expected);
            let mut rest = Vec::new();
            watched.read_to_end(&mut rest).await.expect("said once, then all passes");
        }
    }

    /// However the bytes come, the close and what follows it wait until they may pass.
    #[tokio::test]
    async fn a_close_is_kept_until_it_may_pass() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let before =
            [&[0x81, 0x81, 0, 0, 0, 0, b'a'][..], &[0x82, 0x81, 0, 0, 0, 0, 0x88]].concat();
        let close = [0x88, 0x82, 0, 0, 0, 0, 3, 232, 0x89, 0x80, 0, 0, 0, 0];
        for (before, size) in [(&before[..], 1), (&before, 3), (&before, 100), (&[], 1), (&[], 100)]
        {
            let bytes = [before, &close].concat();
            // The pipe holds so many bytes: so many are read at once.
            let (mut client, stream) = tokio::io::duplex(size);
            let said = bytes.clone();
            tokio::spawn(async move { client.write_all(&said).await });
            let mut watched = Watched::new(stream, IdleFrames::Bounded, Closes::Kept);
            let mut read = vec![0; before.len()];
            watched.read_exact(&mut read).await.unwrap();
            assert_eq!(read, before);
            while !watched.is_close_kept() {
                let mut context = Context::from_waker(std::task::Waker::noop());
                let mut byte = [0];
                let next =
                    Pin::new(&mut watched).poll_read(&mut context, &mut ReadBuf::new(&mut byte));
                assert!(next.is_pending());
                tokio::task::yield_now().await;
            }
            watched.pass_close();
            let mut rest = Vec::new();
            watched.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, close);
        }
    }
}
