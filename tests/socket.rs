//! A WebSocket client as any library gives one, on a thread of its own.

use std::future::Future;
use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;

pub(crate) type Socket = WebSocketStream<TcpStream>;

pub(crate) async fn connect(ws: SocketAddr) -> Result<Socket, Error> {
    let stream = TcpStream::connect(ws).await?;
    stream.set_nodelay(true)?;
    let (socket, _) = tokio_tungstenite::client_async(format!("ws://{ws}/ws"), stream).await?;
    Ok(socket)
}

/// Runs it to its end on this thread.
pub(crate) fn run<T>(conversation: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(conversation)
}
