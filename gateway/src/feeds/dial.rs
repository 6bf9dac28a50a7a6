//! The way to a venue's machine: a socket, and TLS by rustls where the address says so. Tests put
//! a wire of their own in its place; what is above cannot tell.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use hyper::Uri;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes to and fro.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

pub type Wire = Box<dyn Io>;
pub type Dialling<'a> = Pin<Box<dyn Future<Output = io::Result<Wire>> + Send + 'a>>;

pub trait Dial: Send + Sync + 'static {
    /// A wire to the host of the address; it ends when it is dropped.
    fn dial<'a>(&'a self, target: &'a Target) -> Dialling<'a>;
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub host: String,
    pub port: u16,
    pub security: Security,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    Plain,
    Tls,
}

impl Target {
    /// Of `ws`, `wss`, `http` and `https` addresses.
    pub fn of(uri: &Uri) -> Result<Self, String> {
        let (security, port) = match uri.scheme_str() {
            Some("ws" | "http") => (Security::Plain, 80),
            Some("wss" | "https") => (Security::Tls, 443),
            Some(_) | None => return Err(format!("{uri}: not ws, wss, http or https")),
        };
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| format!("{uri}: no host"))?;
        // An IPv6 address stands in brackets there.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port: uri.port_u16().unwrap_or(port), security })
    }
}

/// The network.
pub struct Network {
    tls: TlsConnector,
}

impl Network {
    /// Trusts the roots that browsers trust.
    pub fn new() -> Self {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self::with_roots(roots)
    }

    pub fn with_roots(roots: RootCertStore) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { tls: TlsConnector::from(Arc::new(config)) }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl Dial for Network {
    fn dial<'a>(&'a self, target: &'a Target) -> Dialling<'a> {
        Box::pin(async move {
            let stream = TcpStream::connect((target.host.as_str(), target.port)).await?;
            stream.set_nodelay(true)?;
            match target.security {
                Security::Plain => Ok(Box::new(stream) as Wire),
                Security::Tls => {
                    let name = ServerName::try_from(target.host.clone())
                        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
                    Ok(Box::new(self.tls.connect(name, stream).await?) as Wire)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_and_how() {
        for (uri, host, port, security) in [
            ("wss://fstream.binance.com/public/ws", "fstream.binance.com", 443, Security::Tls),
            ("https://fapi.binance.com", "fapi.binance.com", 443, Security::Tls),
            ("ws://127.0.0.1:9443/websocket/v1", "127.0.0.1", 9443, Security::Plain),
            ("http://[::1]:80", "::1", 80, Security::Plain),
        ] {
            let target = Target { host: host.into(), port, security };
            assert_eq!(Target::of(&uri.parse().unwrap()), Ok(target), "{uri}");
        }
        for uri in ["ftp://host", "/path", "host:80"] {
            assert!(Target::of(&uri.parse().unwrap()).is_err(), "{uri}");
        }
    }
}
