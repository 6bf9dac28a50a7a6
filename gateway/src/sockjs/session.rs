//! A session over HTTP: it outlives its requests. One receiver at a time reads it; without one
//! it lives on for a while, and so it does once it is closed, to tell why.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use ring::digest::{self, Digest, SHA256};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use super::format::Frame;
use super::locked;
use super::service::{Close, Wire};

/// A receiver that was dropped and the request that comes after it may be seen in either order:
/// so long a second one waits for the first to leave.
const SECOND_RECEIVER_WAIT: Duration = Duration::from_millis(100);

pub(super) struct Session {
    pub(super) wire: Arc<Wire>,
    pub(super) opener: Opener,
    life: Mutex<Life>,
    /// A receiver came or left, or the session was closed.
    changed: Notify,
}

/// The credentials that a session was opened with, as a digest: they are kept nowhere. Its later
/// requests have to come with the same; what was opened with none is theirs who know its id.
pub(super) struct Opener(Option<Digest>);

struct Life {
    opened: bool,
    receiver: Presence,
    close: Option<Close>,
}

#[derive(Clone, Copy)]
enum Presence {
    Here,
    /// Nobody, since then.
    Absent(Instant),
}

impl Session {
    pub(super) fn new(wire: Arc<Wire>, opener: Opener) -> Arc<Self> {
        let receiver = Presence::Absent(Instant::now());
        let life = Mutex::new(Life { opened: false, receiver, close: None });
        Arc::new(Self { wire, opener, life, changed: Notify::new() })
    }

    /// Makes the caller the receiver, or says what it reads instead.
    pub(super) async fn attach(self: &Arc<Self>) -> Result<Receiver, Close> {
        let attaching = async {
            loop {
                let changed = self.changed.notified();
                match self.try_attach() {
                    Err(close) if close == Close::OCCUPIED => changed.await,
                    attached => return attached,
                }
            }
        };
        timeout(SECOND_RECEIVER_WAIT, attaching).await.unwrap_or(Err(Close::OCCUPIED))
    }

    fn try_attach(self: &Arc<Self>) -> Result<Receiver, Close> {
        let mut life = locked(&self.life);
        if let Some(close) = &life.close
            && life.opened
            && self.wire.outgoing.is_spent()
        {
            let close = close.clone();
            life.told();
            return Err(close);
        }
        match life.receiver {
            Presence::Here => Err(Close::OCCUPIED),
            Presence::Absent(_) => {
                life.receiver = Presence::Here;
                Ok(Receiver { session: Arc::clone(self), has_left: false })
            }
        }
    }

    /// Nothing more is said after what already waits to be read. The first close stands.
    pub(super) fn close(&self, close: Close) {
        locked(&self.life).close.get_or_insert(close);
        self.wire.incoming.clear();
        self.wire.outgoing.end();
        self.changed.notify_waiters();
    }

    /// The client is gone, or as good as gone: what it has not read is lost.
    pub(super) fn interrupt(&self) {
        locked(&self.life).close.get_or_insert(Close::INTERRUPTED);
        self.wire.cut();
        self.changed.notify_waiters();
    }

    /// Returns once it is closed.
    pub(super) async fn closed(&self) {
        loop {
            let changed = self.changed.notified();
            if locked(&self.life).close.is_some() {
                return;
            }
            changed.await;
        }
    }

    /// Returns once nobody has received for so long.
    pub(super) async fn abandoned(&self, patience: Duration) {
        loop {
            let changed = self.changed.notified();
            let receiver = locked(&self.life).receiver;
            match receiver {
                Presence::Here => changed.await,
                Presence::Absent(since) if since.elapsed() >= patience => return,
                Presence::Absent(since) => tokio::select! {
                    () = sleep_until(since + patience) => {}
                    () = changed => {}
                },
            }
        }
    }
}

impl Opener {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(credentials(headers))
    }

    pub(super) fn comes_with(&self, headers: &HeaderMap) -> bool {
        let Self(Some(digest)) = self else { return true };
        credentials(headers).is_some_and(|other| other.as_ref() == digest.as_ref())
    }
}

fn credentials(headers: &HeaderMap) -> Option<Digest> {
    let mut values = headers.get_all(AUTHORIZATION).iter().peekable();
    values.peek()?;
    let mut context = digest::Context::new(&SHA256);
    for value in values {
        context.update(value.as_bytes());
        // No header holds it: two values are not their concatenation.
        context.update(b"\n");
    }
    Some(context.finish())
}

impl Life {
    /// Who asks a closed session again has been there.
    fn told(&mut self) {
        if let Presence::Absent(since) = &mut self.receiver {
            *since = Instant::now();
        }
    }
}

/// The one who reads a session. Dropped before it has left, its connection is gone, and with it
/// what it may not have read: the session ends.
pub(super) struct Receiver {
    session: Arc<Session>,
    has_left: bool,
}

impl Receiver {
    /// The next frame: a heartbeat if there is nothing else until then; messages of up to about
    /// `bytes_max`. After a close there is no more.
    pub(super) async fn next(&mut self, heartbeat: Duration, bytes_max: usize) -> Frame {
        if !std::mem::replace(&mut locked(&self.session.life).opened, true) {
            return Frame::Open;
        }
        let wire = &self.session.wire;
        let reading = poll_fn(|context| wire.outgoing.poll_all(context, bytes_max));
        tokio::pin!(reading);
        let messages = loop {
            tokio::select! {
                biased;
                messages = &mut reading => break messages,
                () = tokio::time::sleep(heartbeat) => {
                    if !wire.is_beaten_by_service() {
                        return Frame::Heartbeat;
                    }
                }
            }
        };
        if !messages.is_empty() {
            return Frame::Messages(messages);
        }
        let close = locked(&self.session.life).close.clone();
        Frame::Close(close.expect("a session is closed before its outgoing way ends"))
    }

    /// What was read has been sent: another receiver may come.
    pub(super) fn leave(mut self) {
        self.has_left = true;
        locked(&self.session.life).receiver = Presence::Absent(Instant::now());
        self.session.changed.notify_waiters();
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if self.has_left {
            return;
        }
        locked(&self.session.life).receiver = Presence::Absent(Instant::now());
        self.session.interrupt();
    }
}

#[cfg(test)]
mod tests;
