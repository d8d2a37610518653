//! Addresses as exports write them, and the blocks that are no place.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address alone: without port, brackets and zone; an IPv4 address within IPv6 as IPv4. `None` for what is no
/// address.
pub fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('[') {
        let (inner, after) = rest.split_once(']')?;
        return (after.is_empty() || port(after.strip_prefix(':')?)).then(|| plain(inner)).flatten();
    }
    if let Some(address) = plain(text) {
        return Some(address);
    }
    // What is left is an address with a port. An IPv6 address has at least two colons, an IPv4 one has none.
    let (head, tail) = text.rsplit_once(':')?;
    let full_v6 = head.matches(':').count() == 7;
    (port(tail) && (full_v6 || !head.contains(':'))).then(|| plain(head)).flatten()
}

fn port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn plain(text: &str) -> Option<IpAddr> {
    let text = text.split_once('%').map_or(text, |(address, _)| address);
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Whether the address is of a block that is no place on the internet: private (RFC 1918, 4193), shared (6598), local,
/// documentation, benchmarks, multicast, unassigned.
pub fn is_reserved(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => reserved_v4(v4),
        IpAddr::V6(v6) => reserved_v6(v6),
    }
}

fn reserved_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn reserved_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Translation (RFC 6052) and 6to4 carry an IPv4 address, which is what counts.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            reserved_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Teredo, benchmarks, ORCHID and their like; documentation.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => true,
        // All that was ever given out lies in 2000::/3.
        [first, ..] => first & 0xe000 != 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_shape() {
        for (text, address) in [
            ("81.2.69.160", "81.2.69.160"),
            ("81.2.69.160:62589", "81.2.69.160"),
            ("[2001:218:0:0::9]:30943", "2001:218::9"),
            ("[2001:218::9]", "2001:218::9"),
            ("2001:218::9:443", "2001:218::9:443"),
            ("2001:218:1:2:3:4:5:6:443", "2001:218:1:2:3:4:5:6"),
            ("FE80::1%4", "fe80::1"),
            (" ::ffff:81.2.69.160 ", "81.2.69.160"),
        ] {
            assert_eq!(parse(text), Some(address.parse().unwrap()), "{text}");
        }
        for text in ["", "sanitized", "81.2.69.160:x", "81.2.69", "[2001:218::9", "[81.2.69.1]x", ":", "1:2"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn tells_reserved_blocks_from_the_internet() {
        for text in [
            "0.0.0.0",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.9",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:a00:1::1",
            "3fff::1",
            "100::1",
            "5f00::1",
        ] {
            assert!(is_reserved(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:218::1",
            "2a00:1450::1",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(!is_reserved(text.parse().unwrap()), "{text}");
        }
    }
}
