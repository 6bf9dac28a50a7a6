//! How a connection ends: why, what the venue is told, and how long its answer is waited for.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::feeds::dial::Wire;

/// How long the peer has to answer our close.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a connection is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::feeds) enum Ended {
    /// The process ends, or nobody listens any more.
    Stopped,
    /// Nothing is wanted of it: what was asked for cannot be taken back on Upbit.
    Unwanted,
    /// Something is wrong; the venue may have asked for peace.
    Failed { reason: String, patience: Patience },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::feeds) enum Patience {
    Usual,
    /// It said that we are too fast.
    Longest,
}

pub(super) fn failed(reason: impl Into<String>) -> Ended {
    Ended::Failed { reason: reason.into(), patience: Patience::Usual }
}

/// Says why and waits a little for the answer; of what has failed nothing is expected.
pub(super) async fn close_with(
    mut socket: WebSocketStream<Wire>,
    reason: &'static str,
    patience: Duration,
) {
    let frame = CloseFrame { code: 1000.into(), reason: reason.into() };
    let closing = async {
        socket.close(Some(frame)).await?;
        while let Some(frame) = socket.next().await {
            frame?;
        }
        Ok::<(), WsError>(())
    };
    match timeout(patience, closing).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "closing"),
        Err(_) => tracing::debug!("the venue does not answer a close"),
    }
}

pub(super) fn farewell(ended: &Ended) -> &'static str {
    match ended {
        Ended::Stopped => "Shutdown",
        Ended::Unwanted => "Unsubscribed",
        Ended::Failed { .. } => "Failed",
    }
}

pub(super) fn patience(ended: &Ended) -> Duration {
    match ended {
        Ended::Failed { .. } => Duration::from_secs(1),
        Ended::Stopped | Ended::Unwanted => CLOSE_TIMEOUT,
    }
}

pub(super) fn closed(frame: Option<&CloseFrame>) -> Ended {
    let Some(frame) = frame else { return failed("closed by the venue") };
    let (code, said) = (u16::from(frame.code), frame.reason.as_str());
    // 1008 is "Too many requests".
    let patience = if code == 1008 { Patience::Longest } else { Patience::Usual };
    Ended::Failed { reason: format!("closed by the venue: {code} {said}"), patience }
}
