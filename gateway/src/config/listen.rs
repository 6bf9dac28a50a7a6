//! The address of a listener, or `off`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listen {
    Off,
    At(SocketAddr),
    /// `localhost`: 127.0.0.1, and [::1] if the machine has it.
    Loopback {
        port: u16,
    },
}

impl Listen {
    pub const ALLOWED: &str = "off, IP:PORT, [IP]:PORT, localhost:PORT or PORT (0 = any free one)";

    /// None: neither `off` nor an address.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "off" {
            return Some(Self::Off);
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Some(Self::At(address));
        }
        let port = text.strip_prefix("localhost:").unwrap_or(text);
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = if digits { port.parse().ok()? } else { return None };
        Some(Self::Loopback { port })
    }

    /// The address that must be bound, then the one that may be missing.
    pub fn addresses(self) -> (Option<SocketAddr>, Option<IpAddr>) {
        match self {
            Self::Off => (None, None),
            Self::At(address) => (Some(address), None),
            Self::Loopback { port } => (
                Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
                Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            ),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At(address) => address.fmt(f),
            Self::Loopback { port } => write!(f, "localhost:{port}"),
        }
    }
}
