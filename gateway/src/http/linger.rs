//! A stream that ends politely: after the last answer it says so and reads on for a moment,
//! so that a client which is still sending reads our answer rather than a reset. A peer that
//! takes nothing for too long is given up. What is read passes by `Framing`, if there is one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::framing::Framing;
use super::wire::Wire;

/// How long and how much is read after our end was said.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 256 << 10;
/// A peer that takes no byte for this long is given up.
const WRITE_STALL: Duration = Duration::from_secs(30);

pub(super) struct Linger {
    stream: Wire,
    framing: Option<Framing>,
    stalled: Option<Pin<Box<Sleep>>>,
    end: Option<End>,
}

/// Our end was said.
struct End {
    until: Pin<Box<Sleep>>,
    bytes: usize,
}

impl Linger {
    pub(super) fn new(stream: Wire, framing: Option<Framing>) -> Self {
        Self { stream, framing, stalled: None, end: None }
    }

    /// Passes a write's outcome on, and its absence for `WRITE_STALL` as an error.
    fn watched<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(WRITE_STALL)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Linger {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let known = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        if let Some(framing) = &mut self.framing {
            framing.on_read(&buffer.filled()[known..]);
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Linger {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watched(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watched(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.end.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let end = this.end.get_or_insert_with(|| End { until: Box::pin(sleep(LINGER)), bytes: 0 });
        let mut scratch = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    end.bytes += buffer.filled().len();
                    if end.bytes > LINGER_BYTES_MAX {
                        return Poll::Ready(Ok(()));
                    }
                }
                // The peer has ended too, or reset: either way nothing is left to be read.
                Poll::Ready(Ok(()) | Err(_)) => return Poll::Ready(Ok(())),
                Poll::Pending => return end.until.as_mut().poll(cx).map(Ok),
            }
        }
    }
}
