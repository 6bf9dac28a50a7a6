//! One connection of a venue from its first frame to its last: pings and the end of a long life
//! as documented, frames in pieces if the manners say so.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::{Door, Happened, House, Kind, Out, binance, upbit};

/// How it ended: the client's close, or nothing.
pub(super) type Farewell = (Option<u16>, String);

pub(super) async fn hold<S>(
    house: &House,
    id: u64,
    mut socket: WebSocketStream<S>,
    mut outbox: mpsc::UnboundedReceiver<Out>,
) -> Farewell
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let manners = house.manners();
    if manners.door == Door::Slam {
        return close(&mut socket, 1001, "Going away").await;
    }
    let start = Instant::now();
    let mut pings = interval_at(start + manners.ping, manners.ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut pong_at, mut heard_at) = (start, start);
    loop {
        let manners = house.manners();
        let idle_at = match house.kind {
            Kind::Upbit => heard_at + manners.idle,
            Kind::Binance => pong_at + manners.pong,
        };
        tokio::select! {
            biased;
            out = outbox.recv() => match out {
                Some(Out::Text(text)) => {
                    if say(house, &mut socket, text).await.is_err() {
                        return (None, "broken".into());
                    }
                }
                Some(Out::Close(code, reason)) => return close(&mut socket, code, reason).await,
                Some(Out::Cut) | None => return (None, "cut".into()),
            },
            frame = socket.next(), if !manners.deaf => {
                let now = Instant::now();
                heard_at = now;
                match frame {
                    Some(Ok(Message::Text(text))) => hear(house, id, text.as_str()),
                    Some(Ok(Message::Binary(bytes))) => {
                        hear(house, id, &String::from_utf8_lossy(&bytes));
                    }
                    Some(Ok(Message::Pong(_))) => pong_at = now,
                    Some(Ok(Message::Ping(_))) => count_frame(house, id),
                    Some(Ok(Message::Close(frame))) => {
                        // The answer to the close is ours to flush.
                        socket.close(None).await.ok();
                        return said(frame);
                    }
                    Some(Ok(Message::Frame(_))) => {}
                    Some(Err(_)) | None => return (None, "gone".into()),
                }
            },
            _ = pings.tick(), if house.kind == Kind::Binance => {
                let stamp = format!("{:?}", start.elapsed());
                if socket.send(Message::Ping(Bytes::from(stamp))).await.is_err() {
                    return (None, "broken".into());
                }
            }
            () = sleep_until(idle_at) => {
                house.happened(Happened::Broken { rule: "idle" });
                return (None, "idle".into());
            }
            () = sleep_until(start + manners.life) => {
                house.happened(Happened::Broken { rule: "life" });
                return (None, "24 hours".into());
            }
        }
    }
}

fn hear(house: &House, id: u64, text: &str) {
    let path = house.lock().guests.get(&id).map(|guest| guest.path.clone());
    let (path, text) = (path.unwrap_or_default(), text.to_owned());
    match house.kind {
        Kind::Binance => binance::hear(house, id, &text),
        Kind::Upbit => upbit::hear(house, id, &text),
    }
    // Told last: who waits for it finds the venue changed.
    house.happened(Happened::Asked { path, text });
}

fn count_frame(house: &House, id: u64) {
    if house.kind == Kind::Binance {
        binance::count(house, id);
    }
}

async fn say<S>(house: &House, socket: &mut WebSocketStream<S>, text: String) -> Result<(), ()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let manners = house.manners();
    let is_binary = house.kind == Kind::Upbit && manners.binary;
    if manners.fragment_bytes == 0 {
        let message = if is_binary { Message::binary(text) } else { Message::text(text) };
        return socket.send(message).await.map_err(drop);
    }
    let bytes = Bytes::from(text);
    let pieces = bytes.len().div_ceil(manners.fragment_bytes);
    for piece in 0..pieces {
        let from = piece * manners.fragment_bytes;
        let part = bytes.slice(from..(from + manners.fragment_bytes).min(bytes.len()));
        let data = match (piece, is_binary) {
            (0, true) => Data::Binary,
            (0, false) => Data::Text,
            (_, _) => Data::Continue,
        };
        let frame = Frame::message(part, OpCode::Data(data), piece + 1 == pieces);
        socket.send(Message::Frame(frame)).await.map_err(drop)?;
    }
    Ok(())
}

async fn close<S>(socket: &mut WebSocketStream<S>, code: u16, reason: &str) -> Farewell
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let frame = CloseFrame { code: code.into(), reason: reason.into() };
    if socket.close(Some(frame)).await.is_ok() {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(frame) = message {
                return said(frame);
            }
        }
    }
    (None, "closed".into())
}

fn said(frame: Option<CloseFrame>) -> Farewell {
    match frame {
        Some(frame) => (Some(frame.code.into()), frame.reason.as_str().to_owned()),
        None => (None, String::new()),
    }
}
