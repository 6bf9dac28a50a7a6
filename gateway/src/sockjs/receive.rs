//! The answers that carry frames: a poll is answered with one frame, a stream with one after the
//! other until it has carried enough. Either gives way to the next request of its client.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http_body_util::{BodyExt, Either, StreamBody};
use hyper::StatusCode;
use hyper::body::Frame as BodyFrame;

use super::answer;
use super::format::{Format, Frame};
use super::session::{Receiver, Session};
use super::settings::Settings;
use crate::http::Reply;

pub(super) async fn poll(session: Arc<Session>, format: Format, settings: &Settings) -> Reply {
    let frame = match session.attach().await {
        Ok(mut receiver) => {
            let frame = receiver.next(settings.heartbeat, settings.response_bytes_max).await;
            receiver.leave();
            frame
        }
        Err(close) => Frame::Close(close),
    };
    answer::reply(StatusCode::OK, format.content_type(), format.wrap(&frame))
}

/// The head of the answer leaves at once, with the prelude and the first frame.
pub(super) fn stream(session: Arc<Session>, format: Format, settings: Settings) -> Reply {
    let content_type = format.content_type();
    let stream = Stream { format, settings, sent_bytes: 0, step: Step::Prelude(session) };
    let frames = stream::unfold(stream, Stream::next);
    let body = StreamBody::new(frames.map(|bytes| Ok::<_, Infallible>(BodyFrame::data(bytes))));
    let mut reply = answer::reply(StatusCode::OK, content_type, "");
    *reply.body_mut() = Either::Right(body.boxed_unsync());
    reply
}

struct Stream {
    format: Format,
    settings: Settings,
    /// Without the prelude.
    sent_bytes: usize,
    step: Step,
}

enum Step {
    Prelude(Arc<Session>),
    Attach(Arc<Session>),
    Frames(Receiver),
    End,
}

impl Stream {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        let (bytes, step) = match self.step {
            Step::Prelude(session) => (self.format.prelude(), Step::Attach(session)),
            Step::Attach(session) => match session.attach().await {
                Ok(receiver) => {
                    let (frame, step) = read(receiver, &self.settings).await;
                    (self.format.wrap(&frame), step)
                }
                Err(close) => (self.format.wrap(&Frame::Close(close)), Step::End),
            },
            // Enough: the browser keeps all of an answer, the next begins anew.
            Step::Frames(receiver) if self.sent_bytes >= self.settings.response_bytes_max => {
                receiver.leave();
                return None;
            }
            Step::Frames(receiver) => {
                let (frame, step) = read(receiver, &self.settings).await;
                (self.format.wrap(&frame), step)
            }
            Step::End => return None,
        };
        if !matches!(step, Step::Attach(_)) {
            self.sent_bytes += bytes.len();
        }
        self.step = step;
        Some((bytes, self))
    }
}

/// The next frame, and what comes after it.
async fn read(mut receiver: Receiver, settings: &Settings) -> (Frame, Step) {
    let frame = receiver.next(settings.heartbeat, settings.response_bytes_max).await;
    match frame {
        Frame::Close(_) => {
            receiver.leave();
            (frame, Step::End)
        }
        Frame::Open | Frame::Heartbeat | Frame::Messages(_) => (frame, Step::Frames(receiver)),
    }
}
