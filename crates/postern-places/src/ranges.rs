//! Sets of address blocks; the vendor's own among them.

use std::net::IpAddr;

use serde::Deserialize;

/// The list of the vendor's blocks, which queries use too.
const VENDOR: &str = include_str!("../../../content/lists/vendor_ranges.toml");

#[derive(Deserialize)]
struct List {
    values: Vec<String>,
}

/// Blocks of addresses, in order and without overlap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ranges {
    ranges: Vec<(u128, u128)>,
}

/// All addresses in one order: IPv4 ones as IPv6 maps them.
pub(crate) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

impl Ranges {
    /// The vendor's blocks. The list is part of the program; a test reads all of it.
    pub(crate) fn vendor() -> Self {
        Self::new(&vendor_list())
    }

    /// Blocks in CIDR notation; what is none is left out.
    pub(crate) fn new(blocks: &[String]) -> Self {
        let mut ranges: Vec<(u128, u128)> = blocks.iter().filter_map(|block| range(block)).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (from, to) in ranges {
            match merged.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        Self { ranges: merged }
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let number = number(address);
        let after = self.ranges.partition_point(|(from, _)| *from <= number);
        after.checked_sub(1).and_then(|at| self.ranges.get(at)).is_some_and(|(_, to)| number <= *to)
    }
}

fn vendor_list() -> Vec<String> {
    toml::from_str::<List>(VENDOR).map(|list| list.values).unwrap_or_default()
}

fn range(block: &str) -> Option<(u128, u128)> {
    let (address, bits) = block.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits: u32 = bits.parse().ok()?;
    let width: u32 = if address.is_ipv4() { 32 } else { 128 };
    // The bits of the host: none of a single address.
    let host = u128::MAX.checked_shr(128 - width.checked_sub(bits)?).unwrap_or(0);
    let from = number(address) & !host;
    Some((from, from | host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_list_is_a_block_and_starts_at_its_beginning() {
        let list = vendor_list();
        assert!(list.len() > 90);
        for block in &list {
            let address: IpAddr = block.split_once('/').unwrap().0.parse().unwrap();
            let (from, to) = range(block).unwrap();
            assert_eq!(from, number(address), "{block}");
            assert!(from <= to, "{block}");
        }
    }

    #[test]
    fn blocks_are_merged_and_found() {
        let ranges = Ranges::new(
            &["81.2.0.0/16", "81.2.69.0/24", "81.3.0.0/16", "2001:218::/32", "1.1.1.1/32", "x"].map(str::to_owned),
        );
        assert_eq!(ranges.ranges.len(), 3);
        for inside in ["81.2.0.0", "81.3.255.255", "2001:218:ffff::1", "1.1.1.1"] {
            assert!(ranges.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["81.1.255.255", "81.4.0.0", "2001:219::", "1.1.1.2", "0.0.0.0", "::"] {
            assert!(!ranges.contains(outside.parse().unwrap()), "{outside}");
        }
    }
}
