//! Which addresses of the internet protocol a message may go to.
//!
//! Classifies by the registries of special-purpose addresses (RFC 6890 and those that
//! follow it). Looks nothing up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To the public internet.
    Public,
    /// To this machine or a network of the office's: only where the office allows it.
    Private(&'static str),
    /// Where no message belongs, allowed or not: whoever names it is mistaken, or after a
    /// cloud's keys.
    Nowhere(&'static str),
}

/// Where clouds keep the keys of their machines, besides 169.254.169.254, which is
/// link-local: Alibaba's in a carrier's range and Amazon's in a private one.
const METADATA: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Where `address` leads. A version 6 address that carries one of version 4 leads where
/// the carried one does.
#[must_use]
pub fn reach(address: IpAddr) -> Reach {
    if METADATA.contains(&address) {
        return Reach::Nowhere("a cloud's own");
    }
    match address {
        IpAddr::V4(address) => reach_4(address),
        IpAddr::V6(address) => reach_6(address),
    }
}

fn reach_4(address: Ipv4Addr) -> Reach {
    match address.octets() {
        [0, ..] => Reach::Nowhere("unspecified"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Reach::Private("private"),
        [100, 64..=127, ..] => Reach::Private("a carrier's own"),
        [127, ..] => Reach::Private("loopback"),
        [169, 254, ..] => Reach::Nowhere("link-local"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Reach::Nowhere("for documents only"),
        [192, 88, 99, _] => Reach::Nowhere("a relay of 6to4"),
        [198, 18 | 19, ..] => Reach::Private("for measurements only"),
        [224..=239, ..] => Reach::Nowhere("multicast"),
        [192, 0, 0, _] | [240..=255, ..] => Reach::Nowhere("reserved"),
        _ => Reach::Public,
    }
}

fn reach_6(address: Ipv6Addr) -> Reach {
    if let Some(carried) = carried(address) {
        return reach(IpAddr::V4(carried));
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Private("loopback"),
        [0x64, 0xff9b, 1, ..] => Reach::Private("a local translator's"),
        [0x2001, 0..=0x1ff, ..] => Reach::Nowhere("reserved or a tunnel's"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Reach::Nowhere("for documents only"),
        [0xfc00..=0xfdff, ..] => Reach::Private("private"),
        [0xfe80..=0xfebf, ..] => Reach::Nowhere("link-local"),
        [0xfec0..=0xfeff, ..] => Reach::Private("site-local"),
        [0xff00..=0xffff, ..] => Reach::Nowhere("multicast"),
        [0x2000..=0x3fff, ..] => Reach::Public,
        // Only 2000::/3 has been given out for the public.
        _ => Reach::Nowhere("reserved"),
    }
}

/// The version 4 address within: mapped, compatible, translated (RFC 6052), 6to4.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // The loopback and the unspecified address look like compatible ones.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str) -> Reach {
        reach(text.parse().expect("an address"))
    }

    #[test]
    fn addresses_of_the_public_internet_are_public() {
        for text in ["1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.1.1", "223.5.5.5"] {
            assert_eq!(check(text), Reach::Public, "{text}");
        }
        for text in ["2400:3200::1", "2606:4700::1111", "2001:4860:4860::8888", "2001:200::1"] {
            assert_eq!(check(text), Reach::Public, "{text}");
        }
    }

    #[test]
    fn the_offices_own_networks_need_to_be_allowed() {
        for text in ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.9.9.9"] {
            assert!(matches!(check(text), Reach::Private(_)), "{text}");
        }
        for text in ["100.64.0.1", "198.18.0.1", "::1", "fc00::1", "fd12:3456::1", "fec0::1", "64:ff9b:1::1"]
        {
            assert!(matches!(check(text), Reach::Private(_)), "{text}");
        }
    }

    #[test]
    fn nothing_goes_where_no_message_belongs() {
        for text in ["0.0.0.0", "169.254.169.254", "100.100.100.200", "224.0.0.1", "255.255.255.255"] {
            assert!(matches!(check(text), Reach::Nowhere(_)), "{text}");
        }
        for text in ["192.0.0.8", "203.0.113.7", "240.0.0.1", "::", "fe80::1", "ff02::1", "fd00:ec2::254"] {
            assert!(matches!(check(text), Reach::Nowhere(_)), "{text}");
        }
        for text in ["2001:db8::1", "2001::1", "2001:20::1", "3fff::1", "100::1", "5f00::1", "4000::1"] {
            assert!(matches!(check(text), Reach::Nowhere(_)), "{text}");
        }
    }

    #[test]
    fn an_address_within_another_is_found() {
        for (text, of) in [
            ("::ffff:127.0.0.1", "127.0.0.1"),
            ("::ffff:8.8.8.8", "8.8.8.8"),
            ("::127.0.0.1", "127.0.0.1"),
            ("::ffff:0:10.0.0.1", "10.0.0.1"),
            ("64:ff9b::169.254.169.254", "169.254.169.254"),
            ("64:ff9b::100.100.100.200", "100.100.100.200"),
            ("2002:7f00:1::", "127.0.0.1"),
            ("2002:c0a8:101::1", "192.168.1.1"),
            ("2002:808:808::1", "8.8.8.8"),
        ] {
            assert_eq!(check(text), check(of), "{text} carries {of}");
        }
    }
}
