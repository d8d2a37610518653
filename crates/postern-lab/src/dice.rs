//! Randomness that is the same everywhere: one ChaCha stream per purpose, named by that purpose.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers that depends on the seed and the stream's name only.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream `name` of `seed`.
    pub fn new(seed: u64, name: &str) -> Self {
        // FNV-1a: only has to tell names apart.
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut key = [0_u8; 32];
        for (slot, byte) in key.iter_mut().zip(seed.to_le_bytes().into_iter().chain(hash.to_le_bytes())) {
            *slot = byte;
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number from 0 up to, not including, `limit`; 0 when `limit` is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `low` up to and including `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0) as u64;
        low + self.below(width + 1) as i64
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `items`, or `fallback` when there is none.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T], fallback: &'a T) -> &'a T {
        let index = self.below(items.len() as u64) as usize;
        items.get(index).copied().unwrap_or(fallback)
    }

    /// A text in the form of a random GUID.
    pub fn guid(&mut self) -> String {
        let high = self.0.next_u64();
        let low = self.0.next_u64();
        format!(
            "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            8 | ((low >> 62) & 3),
            (low >> 48) & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }

    /// `count` upper-case hexadecimal digits.
    pub fn hex(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from_digit(self.below(16) as u32, 16).unwrap_or('0').to_ascii_uppercase()).collect()
    }

    /// A port a client could have used.
    pub fn port(&mut self) -> u16 {
        self.between(10_240, 64_999) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_stream_depends_on_seed_and_name_only() {
        let draw = |seed, name: &str| (0..8).map(|_| Dice::new(seed, name).below(1 << 40)).collect::<Vec<_>>();
        assert_eq!(draw(1, "mail"), draw(1, "mail"));
        assert_ne!(draw(1, "mail"), draw(1, "files"));
        assert_ne!(draw(1, "mail"), draw(2, "mail"));
    }

    #[test]
    fn numbers_stay_inside_their_bounds() {
        let mut dice = Dice::new(7, "bounds");
        for _ in 0..1000 {
            assert!(dice.below(3) < 3);
            assert!((-2..=2).contains(&dice.between(-2, 2)));
        }
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.between(5, 5), 5);
    }

    #[test]
    fn a_guid_has_the_form_of_version_four() {
        let guid = Dice::new(7, "guid").guid();
        assert_eq!(guid.len(), 36);
        assert_eq!(guid.as_bytes()[14], b'4');
        assert!(matches!(guid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
