//! Client addresses as the audit log spells them.

use std::net::{IpAddr, Ipv6Addr};

/// The address alone, in canonical form: without port, brackets and zone; an IPv4 address within IPv6 as IPv4.
/// `None` for what is no address.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('[') {
        let (inner, after) = rest.split_once(']')?;
        return (after.is_empty() || port(after.strip_prefix(':')?)).then(|| parse(inner)).flatten();
    }
    if let Some(address) = parse(text) {
        return Some(address);
    }
    // What is left is an address with a port. An IPv6 address has at least two colons, an IPv4 one has none.
    let (head, tail) = text.rsplit_once(':')?;
    if !port(tail) {
        return None;
    }
    let full_v6 = head.matches(':').count() == 7;
    (full_v6 || !head.contains(':')).then(|| parse(head)).flatten()
}

fn port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn parse(text: &str) -> Option<String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(match address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| v6.to_string(), |v4| v4.to_string()),
        });
    }
    let (address, _zone) = text.split_once('%')?;
    address.parse::<Ipv6Addr>().ok().map(|v6| v6.to_string())
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn reads_every_shape() {
        for (text, address) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7:62589", "192.0.2.7"),
            ("[2001:DB8:0:0::9]:30943", "2001:db8::9"),
            ("[2001:db8::9]", "2001:db8::9"),
            ("2001:db8::9", "2001:db8::9"),
            // Bare IPv6: the last group is no port unless all eight groups are there before it.
            ("2001:db8::9:443", "2001:db8::9:443"),
            ("2001:db8:1:2:3:4:5:6:443", "2001:db8:1:2:3:4:5:6"),
            ("::1", "::1"),
            ("FE80::1%4", "fe80::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            (" 192.0.2.7 ", "192.0.2.7"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(address), "{text}");
        }
        for text in
            ["", "sanitized", "ANONYMIZED", "192.0.2.7:x", "192.0.2", "[2001:db8::9", "[192.0.2.7]x", ":", "1:2"]
        {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
