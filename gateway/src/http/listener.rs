//! Binding an address. What a client may send ahead of being heard is bounded here.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket};

use crate::config::Listen;

/// What the kernel holds of a connection that is not read, give or take its own bookkeeping; it
/// would let it grow to megabytes.
const RECEIVE_BUFFER_BYTES: u32 = 256 << 10;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;

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
        let first = listen_on(address).map_err(failed(address))?;
        let address = first.local_addr().map_err(failed(address))?;
        let mut sockets = vec![first];
        if let Some(ip) = second {
            let second = SocketAddr::new(ip, address.port());
            match listen_on(second) {
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

/// What is accepted has the listener's buffer.
fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The machine has no such address family, or no such address.
fn is_absent(error: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_names_flag_and_address() {
        let first = Listener::bind("rest", Listen::Loopback { port: 0 }).await.unwrap().unwrap();
        let taken = Listen::At(first.address());
        let error = Listener::bind("ws", taken).await.err().unwrap().to_string();
        assert!(error.starts_with(&format!("--ws {}: ", first.address())), "{error}");
        assert!(Listener::bind("ws", Listen::Off).await.unwrap().is_none());
    }
}
