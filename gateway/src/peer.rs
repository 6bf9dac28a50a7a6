//! Which peers are bounded by their address. Whoever comes from this machine is not, unless the
//! configuration says so: behind a proxy on the same machine everybody would be one address.

use std::net::IpAddr;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loopback {
    Exempt,
    Counted,
}

impl Loopback {
    /// The address that a peer is counted under. None: it is not.
    pub fn counted(self, peer: IpAddr) -> Option<IpAddr> {
        let address = peer.to_canonical();
        match self {
            Self::Exempt if address.is_loopback() => None,
            Self::Exempt | Self::Counted => Some(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_counts_only_if_it_is_said_and_a_mapped_address_is_the_one_it_maps() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for (peer, exempt, counted) in [
            ("127.0.0.1", None, "127.0.0.1"),
            ("::1", None, "::1"),
            ("::ffff:127.0.0.9", None, "127.0.0.9"),
            ("10.0.0.1", Some("10.0.0.1"), "10.0.0.1"),
            ("::ffff:10.0.0.1", Some("10.0.0.1"), "10.0.0.1"),
        ] {
            assert_eq!(Loopback::Exempt.counted(address(peer)), exempt.map(address), "{peer}");
            assert_eq!(Loopback::Counted.counted(address(peer)), Some(address(counted)), "{peer}");
        }
    }
}
