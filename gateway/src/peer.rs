//! Which peers are bounded by their address. Whoever comes from this machine is not, unless the
//! configuration says so: behind a proxy on the same machine everybody would be one address.

use std::net::{IpAddr, Ipv6Addr};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loopback {
    Exempt,
    Counted,
}

impl Loopback {
    /// What a peer is counted under. None: it is not.
    pub fn counted(self, peer: IpAddr) -> Option<Source> {
        let source = Source::of(peer);
        match self {
            Self::Exempt if source.is_near() => None,
            Self::Exempt | Self::Counted => Some(source),
        }
    }
}

/// The part of an IPv6 address that names the network.
const NETWORK: u128 = !(u64::MAX as u128);

/// Where somebody comes from, as it is counted: an IPv4 address, or the network of 64 bits that an
/// IPv6 address is in, for whoever has one of those has them all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Source(IpAddr);

impl Source {
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) if !address.is_loopback() => {
                Ipv6Addr::from_bits(address.to_bits() & NETWORK).into()
            }
            address => address,
        })
    }

    /// This machine.
    pub fn is_near(self) -> bool {
        self.0.is_loopback()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_counts_only_if_it_is_said_and_a_mapped_address_is_the_one_it_maps() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let source = |text: &str| Source::of(address(text));
        for (peer, exempt, counted) in [
            ("127.0.0.1", None, "127.0.0.1"),
            ("::1", None, "::1"),
            ("::ffff:127.0.0.9", None, "127.0.0.9"),
            ("10.0.0.1", Some("10.0.0.1"), "10.0.0.1"),
            ("::ffff:10.0.0.1", Some("10.0.0.1"), "10.0.0.1"),
        ] {
            assert_eq!(Loopback::Exempt.counted(address(peer)), exempt.map(source), "{peer}");
            assert_eq!(Loopback::Counted.counted(address(peer)), Some(source(counted)), "{peer}");
        }
    }

    #[test]
    fn ipv6_counts_by_its_network_and_mapped_ipv4_as_what_it_is() {
        for (one, other, is_same) in [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("::1", "::2", false),
        ] {
            let of = |text: &str| Source::of(text.parse().unwrap());
            assert_eq!(of(one) == of(other), is_same, "{one} {other}");
        }
        for (address, is_near) in
            [("127.0.0.1", true), ("::1", true), ("::ffff:127.0.0.9", true), ("::2", false)]
        {
            assert_eq!(Source::of(address.parse().unwrap()).is_near(), is_near, "{address}");
        }
    }
}
