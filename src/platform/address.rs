//! Where a request comes from, as a name that one subscriber has and no other.
//!
//! An IPv4 client is the same client however its address is written: mapped into IPv6 by a
//! dual-stack socket, translated by a NAT64, tunnelled by 6to4 or Teredo. An IPv6 subscriber holds a
//! whole /64, so that is what counts; the /48 around it is a site or a hoster, which may hold as
//! many subscribers as it likes, and gets a ceiling of its own.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Who sends, as far as the network tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientAddress {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// The first 64 bits of an IPv6 address: one subscriber.
    Subscriber([u16; 4]),
    /// An address that is one host's on its link, not a subscriber's.
    Host(Ipv6Addr),
    /// Not to be read: strangers to each other, who share one allowance and are never taken for
    /// one another.
    Unreadable,
}

impl ClientAddress {
    /// The client behind an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        let v6 = match address {
            IpAddr::V4(v4) => return Self::V4(v4),
            IpAddr::V6(v6) => v6,
        };
        if let Some(v4) = embedded(v6) {
            return Self::V4(v4);
        }
        if v6.is_loopback() || v6.is_unspecified() || v6.is_unicast_link_local() {
            return Self::Host(v6);
        }
        let [a, b, c, d, ..] = v6.segments();
        Self::Subscriber([a, b, c, d])
    }

    /// The /48 around an IPv6 subscriber.
    #[must_use]
    pub fn site(self) -> Option<String> {
        match self {
            Self::Subscriber([a, b, c, _]) => Some(format!("{a:x}:{b:x}:{c:x}::/48")),
            _ => None,
        }
    }

    /// Its name where it tells one sender from another.
    #[must_use]
    pub fn known(self) -> Option<String> {
        (self != Self::Unreadable).then(|| self.to_string())
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(v4) => v4.fmt(f),
            Self::Subscriber([a, b, c, d]) => write!(f, "{a:x}:{b:x}:{c:x}:{d:x}::/64"),
            Self::Host(v6) => v6.fmt(f),
            Self::Unreadable => f.write_str("unreadable"),
        }
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped (RFC 4291, 2.5.5.2), compatible
/// (2.5.5.1), translated (RFC 2765), NAT64 by the well-known and the local prefix (RFC 6052, 8215),
/// 6to4 (RFC 3056) and Teredo (RFC 4380, which writes it inverted).
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            Some(v4(high, low))
        }
        // The least of these are `::` and `::1`, and no IPv4 host's address opens with 0.
        [0, 0, 0, 0, 0, 0, high, low] if high > 0xff => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, 1, within @ ..] => of_local_translator(within),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        [0x2001, 0, .., high, low] => Some(v4(!high, !low)),
        _ => None,
    }
}

/// The IPv4 address within the local-use prefix 64:ff9b:1::/48 (RFC 8215), by which of the forms of
/// RFC 6052, 2.2 (a prefix of 48, 56, 64 or 96 bits) can have written these 80 bits: in each the bits
/// 64 to 71 are nought, and so is what stands behind the address. A form in which the address would
/// end in nought is none, as no host's does.
fn of_local_translator(within: [u16; 5]) -> Option<Ipv4Addr> {
    let [
        [subnet, first],
        [reserved, second],
        [third, fourth],
        [fifth, sixth],
        [seventh, eighth],
    ] = within.map(u16::to_be_bytes);
    if reserved != 0 {
        return None;
    }
    let octets = match (fourth, fifth, [sixth, seventh, eighth]) {
        (0, 0, [0, 0, 0]) => [subnet, first, second, third],
        (_, 0, [0, 0, 0]) => [first, second, third, fourth],
        (_, _, [0, 0, 0]) => [second, third, fourth, fifth],
        _ => [fifth, sixth, seventh, eighth],
    };
    // No IPv4 host's address opens with 0.
    (octets.first() != Some(&0)).then(|| Ipv4Addr::from(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        ClientAddress::of(text.parse().unwrap()).to_string()
    }

    /// Addresses: an IPv4 client has one name, however it comes.
    #[test]
    fn an_ipv4_client_is_one_client_in_every_notation() {
        for text in [
            "203.0.113.9",
            "::ffff:203.0.113.9",
            "::203.0.113.9",
            "::ffff:0:203.0.113.9",
            "64:ff9b::203.0.113.9",
            "64:ff9b::cb00:7109",
            "64:ff9b:1::cb00:7109",
            "64:ff9b:1:abcd::cb00:7109",
            "64:ff9b:1:abcd:12:3456:cb00:7109",
            "64:ff9b:1:cb00:71:900::",
            "64:ff9b:1:abcb:0:7109::",
            "64:ff9b:1:abcd:cb:71:900:0",
            "2002:cb00:7109::1",
            "2002:cb00:7109:17:a:b:c:d",
            "2001:0:53aa:64c:2c44:1d:34ff:8ef6",
        ] {
            assert_eq!(name(text), "203.0.113.9", "{text}");
        }
        assert_ne!(name("::ffff:203.0.113.9"), name("::ffff:203.0.113.10"));
        assert_ne!(name("64:ff9b::1.2.3.4"), name("64:ff9b::1.2.3.5"));
        assert_ne!(
            name("64:ff9b:1:abcd::1.2.3.4"),
            name("64:ff9b:1:abcd::1.2.3.5")
        );
        assert_eq!(name("64:ff9b:1:c633:0:900::"), "198.51.0.9");
        for none in ["64:ff9b:1:abcd:100::9", "64:ff9b:1::", "64:ff9b:1::9"] {
            assert_eq!(
                name(none),
                format!(
                    "64:ff9b:1:{}::/64",
                    if none.contains("abcd") { "abcd" } else { "0" }
                ),
                "{none}"
            );
        }
    }

    #[test]
    fn an_ipv6_subscriber_is_a_64_within_a_48() {
        assert_eq!(name("2001:db8:1:2:3:4:5:6"), name("2001:db8:1:2::9"));
        assert_ne!(name("2001:db8:1:2::1"), name("2001:db8:1:3::1"));
        let site = |text: &str| ClientAddress::of(text.parse().unwrap()).site();
        assert_eq!(site("2001:db8:1:2::1"), site("2001:db8:1:ffff::1"));
        assert_ne!(site("2001:db8:1::1"), site("2001:db8:2::1"));
        assert_eq!(site("203.0.113.9"), None);
    }

    #[test]
    fn hosts_of_one_link_are_told_apart() {
        assert_ne!(name("fe80::1"), name("fe80::2"));
        assert_eq!(name("::1"), "::1");
        assert_ne!(name("::1"), name("::"));
    }

    #[test]
    fn who_cannot_be_read_is_nobodys_sender() {
        assert_eq!(ClientAddress::Unreadable.known(), None);
        assert!(
            ClientAddress::of("203.0.113.9".parse().unwrap())
                .known()
                .is_some()
        );
    }
}
