//! Binding an address and accepting from it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::linger::Linger;
use super::{Server, Surface, connection};
use crate::config::Listen;

/// How long accepting pauses when the process or the system is out of descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);
/// What a connection beyond `CONNECTIONS_MAX` reads.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n\
content-type: application/json\r\ncontent-length: 59\r\n\r\n\
{\"error\":\"BUSY\",\"message\":\"too many connections are open\"}\n";

#[derive(Debug, Error)]
#[error("--{name} {address}: {source}")]
pub struct BindError {
    name: &'static str,
    address: SocketAddr,
    source: io::Error,
}

/// Sockets that are bound and do not accept yet.
pub struct Listener {
    sockets: Vec<TcpListener>,
    address: SocketAddr,
}

impl Listener {
    /// None: it is off. `name` is the flag's.
    pub async fn bind(name: &'static str, listen: Listen) -> Result<Option<Self>, BindError> {
        let (Some(address), second) = listen.addresses() else { return Ok(None) };
        let failed = |address| move |source| BindError { name, address, source };
        let first = TcpListener::bind(address).await.map_err(failed(address))?;
        let address = first.local_addr().map_err(failed(address))?;
        let mut sockets = vec![first];
        if let Some(ip) = second {
            let second = SocketAddr::new(ip, address.port());
            match TcpListener::bind(second).await {
                Ok(socket) => sockets.push(socket),
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(failed(second)(error)),
            }
        }
        Ok(Some(Self { sockets, address }))
    }

    /// The address that clients are told.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn into_sockets(self) -> Vec<TcpListener> {
        self.sockets
    }
}

/// The machine has no such address family, or no such address.
fn is_absent(error: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}

/// Accepts until the server stops.
pub(super) async fn accept(server: Arc<Server>, socket: TcpListener, surface: Surface) {
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = server.stopped() => return,
        };
        match accepted {
            Ok((stream, peer)) => begin(&server, stream, peer, surface),
            Err(error) if is_exhausted(&error) => {
                server.app.metrics.accept_pauses.inc();
                tracing::warn!(%error, "out of descriptors: accepting pauses");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
            // The peer was gone before it was accepted.
            Err(error) => tracing::debug!(%error, "accept"),
        }
    }
}

fn is_exhausted(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    const ENOBUFS: i32 = 105;
    const ENOMEM: i32 = 12;
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE | ENOBUFS | ENOMEM))
}

fn begin(server: &Arc<Server>, stream: TcpStream, peer: SocketAddr, surface: Surface) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, %peer, "gone before it was served");
        return;
    }
    match Arc::clone(&server.connections).try_acquire_owned() {
        Ok(permit) => {
            let server = Arc::clone(server);
            tokio::spawn(connection::serve(server, stream, peer, surface, permit));
        }
        Err(_) => {
            server.app.metrics.connections_refused.inc();
            tokio::spawn(refuse(stream, peer));
        }
    }
}

async fn refuse(stream: TcpStream, peer: SocketAddr) {
    let mut stream = Linger::new(stream);
    let refused = async {
        stream.write_all(FULL).await?;
        stream.shutdown().await
    };
    if let Err(error) = refused.await {
        tracing::debug!(%peer, %error, "a refused connection does not read");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_of_a_full_house_is_http() {
        let text = std::str::from_utf8(FULL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        serde_json::from_str::<serde_json::Value>(body).unwrap();
    }

    #[tokio::test]
    async fn a_taken_port_names_flag_and_address() {
        let first = Listener::bind("rest", Listen::Loopback { port: 0 }).await.unwrap().unwrap();
        let taken = Listen::At(first.address());
        let error = Listener::bind("ws", taken).await.err().unwrap().to_string();
        assert!(error.starts_with(&format!("--ws {}: ", first.address())), "{error}");
        assert!(Listener::bind("ws", Listen::Off).await.unwrap().is_none());
    }
}
