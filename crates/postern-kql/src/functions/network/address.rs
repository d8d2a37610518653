//! Reading addresses with their prefix lengths.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A version 4 address and the length of its prefix (32 without one).
pub fn v4(text: &str) -> Option<(u32, u32)> {
    let (address, prefix) = split(text, 32)?;
    Some((u32::from(address.parse::<Ipv4Addr>().ok()?), prefix))
}

/// A version 6 address and the length of its prefix; a version 4 address is read as its mapped form.
pub fn v6(text: &str) -> Option<(u128, u32)> {
    let trimmed = text.trim();
    if let Some((address, prefix)) = v4(trimmed).or_else(|| v4(trimmed.strip_prefix("::")?)) {
        return Some((mapped(address), prefix + 96));
    }
    let (address, prefix) = split(trimmed, 128)?;
    Some((u128::from(address.parse::<Ipv6Addr>().ok()?), prefix))
}

fn mapped(address: u32) -> u128 {
    0xffff_0000_0000 | u128::from(address)
}

fn split(text: &str, longest: u32) -> Option<(&str, u32)> {
    match text.trim().split_once('/') {
        None => Some((text.trim(), longest)),
        Some((address, prefix)) => {
            let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
            let prefix = prefix.parse().ok().filter(|p| digits && *p <= longest)?;
            Some((address, prefix))
        }
    }
}

/// The bits of a prefix, of 32.
pub fn mask4(prefix: u32) -> u32 {
    u32::MAX.checked_shl(32 - prefix.min(32)).unwrap_or(0)
}

/// The bits of a prefix, of 128.
pub fn mask6(prefix: u32) -> u128 {
    u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0)
}

/// The dotted form.
pub fn text4(address: u32) -> String {
    Ipv4Addr::from(address).to_string()
}

/// Eight groups of four digits.
pub fn text6(address: u128) -> String {
    let groups = Ipv6Addr::from(address).segments();
    groups.iter().map(|g| format!("{g:04x}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading() {
        assert_eq!(v4("192.0.2.1"), Some((0xC000_0201, 32)));
        assert_eq!(v4(" 192.0.2.1/24 "), Some((0xC000_0201, 24)));
        for bad in ["", "192.0.2", "192.0.2.256", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/+4", "a", "192.0.2.1/2/3"] {
            assert_eq!(v4(bad), None, "{bad}");
        }
        assert_eq!(v6("::1"), Some((1, 128)));
        assert_eq!(v6("192.0.2.1/24"), Some((0xffff_c000_0201, 120)));
        assert_eq!(v6("::192.0.2.1"), Some((0xffff_c000_0201, 128)));
        assert_eq!(mask4(0), 0);
        assert_eq!(mask6(0), 0);
        assert_eq!(mask6(128), u128::MAX);
    }
}
