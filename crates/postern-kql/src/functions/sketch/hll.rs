//! HyperLogLog: how many different values there are, in bounded memory.
//!
//! Up to [`SPARSE`] hashes are kept whole, so that small counts are exact. Beyond that each hash raises one register,
//! and the count is estimated from the registers by the method of O. Ertl ("New cardinality estimation algorithms for
//! HyperLogLog sketches", 2017), which needs no table of corrections.

use std::collections::BTreeSet;

use crate::functions::string::encode::{base64_bytes, push_base64};
use crate::functions::support::{json, number};

/// How many hashes are kept whole.
pub const SPARSE: usize = 1024;

/// The bits of the register number for each accuracy of the documentation, 0 to 4.
pub const ACCURACY: [u8; 5] = [12, 14, 16, 17, 18];

/// The accuracy that is used unless another is given.
pub const DEFAULT_BITS: u8 = 14;

/// A sketch of a set of hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hll {
    bits: u8,
    sparse: BTreeSet<u64>,
    registers: Vec<u8>,
}

impl Default for Hll {
    fn default() -> Self {
        Self::new(DEFAULT_BITS)
    }
}

impl Hll {
    /// An empty sketch with 2 to the power of `bits` registers.
    pub fn new(bits: u8) -> Self {
        Self { bits: bits.clamp(4, 18), sparse: BTreeSet::new(), registers: Vec::new() }
    }

    /// Adds a value by its hash.
    pub fn insert(&mut self, hash: u64) {
        if !self.registers.is_empty() {
            self.raise(hash);
            return;
        }
        self.sparse.insert(hash);
        if self.sparse.len() > SPARSE {
            self.spread();
        }
    }

    /// Turns whole hashes into registers.
    fn spread(&mut self) {
        self.registers = vec![0; 1 << self.bits];
        for hash in std::mem::take(&mut self.sparse) {
            self.raise(hash);
        }
    }

    fn raise(&mut self, hash: u64) {
        let place = (hash >> (64 - self.bits)) as usize;
        let rest = hash << self.bits;
        let rank = (rest.leading_zeros() as u8).min(64 - self.bits) + 1;
        if let Some(register) = self.registers.get_mut(place) {
            *register = (*register).max(rank);
        }
    }

    /// The registers of a coarser sketch of the same values.
    fn coarser(&self, bits: u8) -> Vec<u8> {
        let lost = self.bits - bits;
        let mut registers = vec![0u8; 1 << bits];
        for (place, rank) in self.registers.iter().enumerate().filter(|(_, rank)| **rank > 0) {
            let low = place & ((1usize << lost) - 1);
            // The bits of the place that are lost lead the rest of the hash.
            let rank = if low == 0 { rank + lost } else { lost - (usize::BITS - low.leading_zeros()) as u8 + 1 };
            if let Some(register) = registers.get_mut(place >> lost) {
                *register = (*register).max(rank);
            }
        }
        registers
    }

    /// Adds all values of another sketch; the coarser of the two accuracies stays.
    pub fn merge(&mut self, other: &Self) {
        if other.registers.is_empty() {
            self.shrink_to(other.bits);
            other.sparse.iter().for_each(|hash| self.insert(*hash));
            return;
        }
        let bits = self.bits.min(other.bits);
        self.shrink_to(bits);
        if self.registers.is_empty() {
            self.spread();
        }
        let theirs = if other.bits == bits { other.registers.clone() } else { other.coarser(bits) };
        self.registers.iter_mut().zip(theirs).for_each(|(mine, other)| *mine = (*mine).max(other));
    }

    fn shrink_to(&mut self, bits: u8) {
        if bits < self.bits {
            if !self.registers.is_empty() {
                self.registers = self.coarser(bits);
            }
            self.bits = bits;
        }
    }

    /// How many different values were added.
    pub fn count(&self) -> i64 {
        if self.registers.is_empty() { self.sparse.len() as i64 } else { estimate(&self.registers, self.bits) }
    }

    /// Bytes held besides the value itself.
    pub fn size(&self) -> usize {
        self.registers.capacity() + self.sparse.len() * 12
    }

    /// The dynamic value: the limit and the bits, the whole hashes, the registers.
    pub fn push_json(&self, out: &mut String) {
        out.push_str(&format!("[[{SPARSE},{}],[", self.bits));
        for (at, hash) in self.sparse.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(&(*hash as i64).to_string());
        }
        out.push_str("],[");
        if !self.registers.is_empty() {
            out.push('"');
            push_base64(&self.registers, out);
            out.push('"');
        }
        out.push_str("]]");
    }

    /// Reads what `push_json` writes; `None` for anything else.
    pub fn parse(raw: &str) -> Option<Self> {
        let mut parts = json::elements(raw);
        let (head, hashes, registers) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || json::elements(head).count() != 2 {
            return None;
        }
        let bits = u8::try_from(number::parse_long(json::element(head, 1)?)?).ok().filter(|b| (4..=18).contains(b))?;
        let mut sketch = Self::new(bits);
        if let Some(text) = json::element(registers, 0) {
            let bytes = base64_bytes(&json::string_value(text))?;
            if bytes.len() != 1 << bits || bytes.iter().any(|rank| *rank > 65 - bits) {
                return None;
            }
            sketch.registers = bytes;
        }
        for hash in json::elements(hashes) {
            sketch.insert(number::parse_long(hash)? as u64);
        }
        Some(sketch)
    }
}

/// The count that the registers speak for.
fn estimate(registers: &[u8], bits: u8) -> i64 {
    let most = usize::from(64 - bits);
    let mut of_rank = [0u32; 66];
    for rank in registers {
        if let Some(count) = of_rank.get_mut(usize::from(*rank)) {
            *count += 1;
        }
    }
    let m = registers.len() as f64;
    let share = |rank: usize| f64::from(of_rank.get(rank).copied().unwrap_or(0)) / m;
    let mut z = m * tau(1.0 - share(most + 1));
    for rank in (1..=most).rev() {
        z = 0.5 * (z + m * share(rank));
    }
    z += m * sigma(share(0));
    let estimate = m * m / (2.0 * std::f64::consts::LN_2 * z);
    if estimate.is_finite() { estimate.round() as i64 } else { 0 }
}

fn sigma(x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut x, mut y, mut z) = (x, 1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            return z;
        }
    }
}

fn tau(x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut x, mut y, mut z) = (x, 1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread_out(value: u64) -> u64 {
        crate::functions::string::digest::xxhash64(&value.to_le_bytes(), 0)
    }

    fn of(values: std::ops::Range<u64>, bits: u8) -> Hll {
        let mut sketch = Hll::new(bits);
        values.for_each(|v| sketch.insert(spread_out(v)));
        sketch
    }

    #[test]
    fn small_counts_are_exact_and_great_ones_near() {
        assert_eq!(Hll::default().count(), 0);
        assert_eq!(of(0..1000, 14).count(), 1000);
        for (many, bits, share) in [(5_000u64, 14, 0.03), (100_000, 14, 0.03), (100_000, 12, 0.06), (400_000, 18, 0.01)]
        {
            let count = of(0..many, bits).count() as f64;
            assert!((count - many as f64).abs() < share * many as f64, "{many} {bits}: {count}");
        }
    }

    #[test]
    fn merging_counts_common_values_once() {
        let mut both = of(0..600, 14);
        both.merge(&of(300..900, 14));
        assert_eq!(both.count(), 900);
        let mut large = of(0..50_000, 16);
        large.merge(&of(40_000..60_000, 14));
        let mut same = of(0..60_000, 14);
        assert_eq!(large, same);
        same.merge(&of(0..10, 14));
        assert_eq!(large, same);
    }

    #[test]
    fn texts_come_back() {
        for sketch in [Hll::default(), of(0..10, 14), of(0..5_000, 12)] {
            let mut text = String::new();
            sketch.push_json(&mut text);
            assert!(json::validate(&text));
            assert_eq!(Hll::parse(&text), Some(sketch));
        }
        for bad in [
            "",
            "1",
            "[]",
            "[[1024,14],[]]",
            "[[1024,99],[],[]]",
            "[[1024,14],[],[\"AAAA\"]]",
            "[[1024,14],[\"x\"],[]]",
        ] {
            assert_eq!(Hll::parse(bad), None, "{bad}");
        }
    }
}
