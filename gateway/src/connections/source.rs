//! Where somebody comes from, as it is counted: an IPv4 address, or the network of 64 bits that an
//! IPv6 address is in, for whoever has one of those has them all.

use std::net::{IpAddr, Ipv6Addr};

/// The part of an IPv6 address that names the network.
const NETWORK: u128 = !(u64::MAX as u128);

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
