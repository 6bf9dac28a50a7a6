//! Sessions over HTTP: found by their id or begun, and kept until nobody asks for them any more.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::{Asked, Mount};
use crate::sockjs::locked;
use crate::sockjs::seats::{NoRoom, Seat};
use crate::sockjs::service::{Close, Opening, Serving, Talk, Transport, Wire, outlive};
use crate::sockjs::session::Opener;
use crate::sockjs::session::Session;

/// How long a closed session stays to tell why while the process is stopping.
const LAST_WORD_MAX: Duration = Duration::from_secs(1);

/// Why somebody has no session.
pub(super) enum NoSession {
    /// It is somebody else's, which reads as if it were not there.
    Foreign,
    NoRoom(NoRoom),
}

impl Mount {
    /// The session of that id; a new one if there is none.
    pub(super) fn session(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        id: &str,
        transport: Transport,
    ) -> Result<Arc<Session>, NoSession> {
        let mut sessions = locked(&self.sessions);
        if let Some(session) = sessions.get(id).map(Arc::clone) {
            drop(sessions);
            let is_theirs = session.opener.comes_with(&asked.parts.headers);
            return if is_theirs { Ok(session) } else { Err(NoSession::Foreign) };
        }
        let mut opening = asked.opening(transport, None);
        let seat = self.take_seat(&mut opening).map_err(NoSession::NoRoom)?;
        let wire = self.wire();
        let session = Session::new(Arc::clone(&wire), Opener::of(&opening.headers));
        sessions.insert(id.into(), Arc::clone(&session));
        drop(sessions);
        let serving = self.serving(opening, wire);
        let kept = Arc::clone(&session);
        tokio::spawn(Arc::clone(self).keep(id.into(), kept, serving, seat));
        Ok(session)
    }

    /// The service's part of a session, whatever it does.
    pub(super) fn serving(&self, opening: Opening, wire: Arc<Wire>) -> Serving {
        let service = Arc::clone(&self.service);
        let serving = async move { service.serve(opening, Talk::new(wire)).await };
        Box::pin(AssertUnwindSafe(serving).catch_unwind().map(|close| {
            close.unwrap_or_else(|_| {
                tracing::error!("a session panicked; it alone is closed");
                Close::PANIC
            })
        }))
    }

    /// The seat is the opening's too, and stays taken until both have ended.
    pub(super) fn take_seat(&self, opening: &mut Opening) -> Result<Seat, NoRoom> {
        if *self.stopping.borrow() {
            return Err(NoRoom::Stopping);
        }
        let seat = Arc::clone(&self.usher).seat(opening);
        let seat =
            seat.inspect_err(|why| tracing::debug!(peer = %opening.peer, %why, "no session"))?;
        opening.seat = Some(Arc::clone(&seat));
        Ok(seat)
    }

    pub(super) fn wire(&self) -> Arc<Wire> {
        Wire::new(self.settings.incoming_bytes_max, self.settings.outgoing_bytes_max)
    }

    /// A session over HTTP from its first request to its last.
    async fn keep(
        self: Arc<Self>,
        id: Box<str>,
        session: Arc<Session>,
        mut serving: Serving,
        seat: Seat,
    ) {
        let patience = self.settings.session_timeout;
        let has_ended = tokio::select! {
            close = &mut serving => {
                session.close(close);
                true
            }
            () = session.closed() => false,
            () = session.abandoned(patience) => {
                self.forget(&id, &session);
                session.interrupt();
                false
            }
            () = self.stopped() => {
                session.close(Close::SHUTDOWN);
                false
            }
        };
        if !has_ended {
            outlive(serving).await;
        }
        let stopped = async {
            self.stopped().await;
            session.abandoned(LAST_WORD_MAX).await;
        };
        tokio::select! {
            () = session.abandoned(patience) => {}
            () = stopped => {}
        }
        self.forget(&id, &session);
        drop(seat);
    }

    fn forget(&self, id: &str, session: &Arc<Session>) {
        let mut sessions = locked(&self.sessions);
        if sessions.get(id).is_some_and(|known| Arc::ptr_eq(known, session)) {
            sessions.remove(id);
        }
    }

    pub(super) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender is ours: it cannot be gone before us.
        let seen = stopping.wait_for(|&stopping| stopping).await.is_ok();
        debug_assert!(seen, "the mount holds the sender");
    }
}
