//! Request bodies with a limit and a deadline.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::EXPECT;
use hyper::http::request::Parts;
use tokio::time::timeout;

/// The largest body; more is 413.
pub(super) const BODY_BYTES_MAX: usize = 64 << 10;
/// What is read of a refused body, so that its sender reads our answer.
const DRAIN_BYTES_MAX: usize = 256 << 10;
/// A body must be complete by then, else 408.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BodyError {
    TooLarge(Rest),
    Timeout,
    /// The peer left or its framing is broken.
    Broken,
}

/// Whether the connection can go on after a body that was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rest {
    Read,
    Unread,
}

pub(super) async fn read(body: Incoming) -> Result<Vec<u8>, BodyError> {
    read_up_to(body, BODY_BYTES_MAX).await
}

pub(crate) async fn read_up_to(mut body: Incoming, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    match timeout(BODY_TIMEOUT, collect(&mut body, bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(Collect::Broken)) => Err(BodyError::Broken),
        Ok(Err(Collect::TooLarge)) => Err(BodyError::TooLarge(drain(body).await)),
        Err(_) => Err(BodyError::Timeout),
    }
}

enum Collect {
    TooLarge,
    Broken,
}

async fn collect(body: &mut Incoming, bytes_max: usize) -> Result<Vec<u8>, Collect> {
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(Collect::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Collect::Broken)?.into_data() else { continue };
        if bytes.len() + data.len() > bytes_max {
            return Err(Collect::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// A body that nobody asked for is read and forgotten, so that the connection can go on; a client
/// that waits for our leave to send it is told by the answer itself.
pub(crate) async fn put_away(parts: &Parts, body: Incoming) -> Rest {
    match (body.is_end_stream(), parts.headers.contains_key(EXPECT)) {
        (true, _) => Rest::Read,
        (false, true) => Rest::Unread,
        (false, false) => drain(body).await,
    }
}

/// Reads and forgets what is left, up to a limit.
async fn drain(mut body: Incoming) -> Rest {
    let reading = async {
        let mut drained = 0;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return Rest::Unread };
            drained += frame.into_data().map_or(0, |data| data.len());
            if drained > DRAIN_BYTES_MAX {
                return Rest::Unread;
            }
        }
        Rest::Read
    };
    timeout(BODY_TIMEOUT, reading).await.unwrap_or(Rest::Unread)
}
