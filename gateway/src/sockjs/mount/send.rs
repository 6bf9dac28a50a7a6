//! What a client sends to its session over HTTP.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use tokio::time::timeout;

use super::{Asked, Mount, put_away, too_large};
use crate::http::Reply;
use crate::http::body::{self, BodyError};
use crate::sockjs::path::Door;
use crate::sockjs::payload::{self, PayloadError};
use crate::sockjs::{answer, locked};

/// A send is answered when the service has heard it and waits for more, but then at the latest.
const HEARING_MAX: Duration = Duration::from_millis(500);

impl Mount {
    pub(super) async fn send(
        &self,
        asked: &Asked<'_>,
        id: &str,
        door: Door,
        body: Incoming,
    ) -> Reply {
        let session = locked(&self.sessions).get(id).map(Arc::clone);
        let Some(session) =
            session.filter(|session| session.opener.comes_with(&asked.parts.headers))
        else {
            return put_away(asked.parts, body, answer::not_found()).await;
        };
        let body = match body::read_up_to(body, self.settings.payload_bytes_max).await {
            Ok(body) => body,
            Err(BodyError::TooLarge(rest)) => return too_large(rest),
            Err(BodyError::Timeout | BodyError::Broken) => {
                let mut reply = answer::reply(
                    StatusCode::REQUEST_TIMEOUT,
                    answer::TEXT,
                    "the body did not come whole\n",
                );
                answer::last(reply.headers_mut());
                return reply;
            }
        };
        let decoded = match door {
            Door::JsonpSend if asked.is_form() => payload::decode_form(&body),
            _ => payload::decode(&body),
        };
        let mut messages = match decoded {
            Ok(messages) => messages,
            Err(error @ (PayloadError::Missing | PayloadError::Broken)) => {
                return answer::failed(&error);
            }
            Err(error @ PayloadError::TooMany) => {
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                return answer::reply(status, answer::TEXT, error.to_string());
            }
        };
        session.wire.note_frame();
        let incoming = &session.wire.incoming;
        let putting = std::future::poll_fn(|context| incoming.poll_put(context, &mut messages));
        match timeout(self.settings.send_timeout, putting).await {
            // A closed session says so to its receiver, not here.
            Ok(Ok(()) | Err(_)) => {}
            Err(_) => return answer::busy("the session takes no messages now\n"),
        }
        // So that a poll after this answer finds what the service said to it. One that waits for
        // its client to read will not hear before.
        let outgoing = &session.wire.outgoing;
        let hearing = std::future::poll_fn(|context| match outgoing.poll_room(context) {
            Poll::Ready(_) => incoming.poll_heard(context),
            Poll::Pending => Poll::Ready(()),
        });
        let _in_time = timeout(HEARING_MAX, hearing).await;
        match door {
            Door::JsonpSend => answer::reply(StatusCode::OK, answer::TEXT, "ok"),
            _ => {
                // Without the type Firefox takes the empty answer for broken XML.
                let mut reply = answer::bare(StatusCode::NO_CONTENT);
                let text = HeaderValue::from_static(answer::TEXT);
                reply.headers_mut().insert(CONTENT_TYPE, text);
                reply
            }
        }
    }
}

impl Asked<'_> {
    fn is_form(&self) -> bool {
        let kind = self.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }
}
