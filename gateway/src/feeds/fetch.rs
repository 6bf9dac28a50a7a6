//! One `GET` over a wire of its own: depth snapshots are rare. Bounded in time and bytes; a venue
//! that asks to be left alone is.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::{HOST, RETRY_AFTER};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use thiserror::Error;

use super::dial::{Dial, Target};

pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// A thousand levels a side are some 60 KiB.
const BODY_BYTES_MAX: usize = 4 << 20;
/// When a venue says "enough" and not for how long.
const PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("{0}")]
    Address(String),
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    Timeout,
    #[error("connecting: {0}")]
    Connect(#[from] std::io::Error),
    #[error("HTTP: {0}")]
    Http(#[from] hyper::Error),
    #[error("the body: {0}")]
    Body(String),
    #[error("answered {status}: {body:.200}")]
    Status { status: StatusCode, body: String, pause: Duration },
}

impl FetchError {
    /// How long the venue wants to be left alone.
    pub(super) fn pause(&self) -> Duration {
        match self {
            Self::Status { pause, .. } => *pause,
            Self::Address(_) | Self::Timeout | Self::Connect(_) | Self::Http(_) | Self::Body(_) => {
                Duration::ZERO
            }
        }
    }
}

pub(super) async fn get(dial: &dyn Dial, url: &str) -> Result<Bytes, FetchError> {
    let got = tokio::time::timeout(TIMEOUT, get_slowly(dial, url)).await;
    got.unwrap_or(Err(FetchError::Timeout))
}

async fn get_slowly(dial: &dyn Dial, url: &str) -> Result<Bytes, FetchError> {
    let address = |error: String| FetchError::Address(format!("{url}: {error}"));
    let uri: Uri = url.parse().map_err(|error| address(format!("{error}")))?;
    let wire = dial.dial(&Target::of(&uri).map_err(FetchError::Address)?).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(wire)).await?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(path).header(HOST, host).body(Empty::<Bytes>::new());
    let request = request.map_err(|error| address(error.to_string()))?;
    let answered = async {
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|error| FetchError::Body(error.to_string()))?.to_bytes();
        if head.status == StatusCode::OK {
            return Ok(body);
        }
        let asked = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked = asked.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        // 418 is what a venue says to an address that did not hear the 429.
        let is_enough = matches!(head.status.as_u16(), 418 | 429);
        let pause = if is_enough { asked.unwrap_or(PAUSE) } else { asked.unwrap_or_default() };
        let body = String::from_utf8_lossy(&body).into_owned();
        Err(FetchError::Status { status: head.status, body, pause })
    };
    tokio::pin!(answered);
    // The connection moves the bytes; when the answer is here it is dropped and closed.
    tokio::select! {
        answer = &mut answered => answer,
        ended = connection => {
            ended?;
            answered.await
        }
    }
}
