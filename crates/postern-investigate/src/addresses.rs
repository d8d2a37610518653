//! Sets of addresses as connectors list them: single addresses, CIDR blocks and ranges.

use std::net::IpAddr;

/// A set of addresses.
#[derive(Debug, Clone, Default)]
pub struct AddressSet {
    texts: Vec<String>,
    ranges: Vec<(IpAddr, IpAddr)>,
}

impl AddressSet {
    /// Reads lists of addresses separated by commas, semicolons or blanks; what is no address is left out.
    pub fn parse(lists: impl IntoIterator<Item = String>) -> Self {
        let mut set = Self::default();
        for list in lists {
            for item in list.split([',', ';', ' ', '\t', '\n']).map(str::trim).filter(|i| !i.is_empty()) {
                if let Some(range) = range(item)
                    && !set.texts.iter().any(|t| t == item)
                {
                    set.texts.push(item.to_owned());
                    set.ranges.push(range);
                }
            }
        }
        set
    }

    /// The entries as written.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// True without an entry.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// True when the address lies in the set.
    pub fn contains(&self, address: &str) -> bool {
        let Ok(address) = address.trim().parse::<IpAddr>() else { return false };
        self.ranges.iter().any(|(from, to)| same_family(*from, address) && *from <= address && address <= *to)
    }
}

fn same_family(a: IpAddr, b: IpAddr) -> bool {
    a.is_ipv4() == b.is_ipv4()
}

fn range(text: &str) -> Option<(IpAddr, IpAddr)> {
    if let Some((address, bits)) = text.split_once('/') {
        return block(address.parse().ok()?, bits.parse().ok()?);
    }
    if let Some((from, to)) = text.split_once('-') {
        let (from, to): (IpAddr, IpAddr) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        return (same_family(from, to) && from <= to).then_some((from, to));
    }
    let address = text.parse().ok()?;
    Some((address, address))
}

fn block(address: IpAddr, bits: u32) -> Option<(IpAddr, IpAddr)> {
    match address {
        IpAddr::V4(v4) => {
            32u32.checked_sub(bits)?;
            let mask = u32::MAX.checked_shr(bits).unwrap_or(0);
            let low = u32::from(v4) & !mask;
            Some((IpAddr::from(low.to_be_bytes()), IpAddr::from((low | mask).to_be_bytes())))
        }
        IpAddr::V6(v6) => {
            128u32.checked_sub(bits)?;
            let mask = u128::MAX.checked_shr(bits).unwrap_or(0);
            let low = u128::from(v6) & !mask;
            Some((IpAddr::from(low.to_be_bytes()), IpAddr::from((low | mask).to_be_bytes())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_blocks_and_ranges() {
        let set = AddressSet::parse([
            "192.0.2.7,198.51.100.0/24; 203.0.113.5-203.0.113.9 2001:db8::/32 nonsense 1.2.3.4/99".to_owned(),
        ]);
        for inside in ["192.0.2.7", "198.51.100.255", "203.0.113.9", "2001:db8::1"] {
            assert!(set.contains(inside), "{inside}");
        }
        for outside in ["192.0.2.8", "198.51.101.0", "203.0.113.10", "2001:db9::1", "", "x"] {
            assert!(!set.contains(outside), "{outside}");
        }
        assert_eq!(set.texts().count(), 4);
        assert!(AddressSet::parse(["0.0.0.0/0".to_owned()]).contains("8.8.8.8"));
    }
}
