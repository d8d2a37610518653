//! t-digest: percentiles of many values in bounded memory.
//!
//! Values with their weights are kept as they are while there are at most [`MOST`] different ones, so that small
//! digests are exact. Beyond that neighbours are merged into their mean, the less the nearer they lie to the ends
//! (the scale of T. Dunning, "Computing extremely accurate quantiles using t-digests").

use crate::functions::aggregate::best::{ordered, unordered};
use crate::functions::support::{json, number};

/// How many different values are kept as they are.
pub const MOST: usize = 1024;

/// A digest of numbers: all whole, or all real.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Whether the keys are whole numbers (ticks too); otherwise they are reals made whole by `ordered`.
    whole: bool,
    /// Keys with weights; sorted up to `sorted`.
    points: Vec<(i64, i64)>,
    sorted: usize,
}

impl Digest {
    /// An empty digest.
    pub fn new(whole: bool) -> Self {
        Self { whole, points: Vec::new(), sorted: 0 }
    }

    /// Adds a whole number.
    pub fn insert_whole(&mut self, value: i64, weight: i64) {
        let key = if self.whole { value } else { ordered(value as f64) };
        self.push(key, weight);
    }

    /// Adds a real; NaN is passed over.
    pub fn insert_real(&mut self, value: f64, weight: i64) {
        if value.is_nan() {
            return;
        }
        if self.whole {
            self.become_real();
        }
        self.push(ordered(value), weight);
    }

    fn become_real(&mut self) {
        self.points.iter_mut().for_each(|(key, _)| *key = ordered(*key as f64));
        self.whole = false;
    }

    fn push(&mut self, key: i64, weight: i64) {
        if weight <= 0 {
            return;
        }
        self.points.push((key, weight));
        if self.points.len() >= self.sorted.max(MOST) + MOST {
            self.settle();
        }
    }

    /// Sorts, adds up equal values, and merges neighbours when there are too many.
    pub fn settle(&mut self) {
        self.points.sort_unstable();
        self.points.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(next.1);
            }
            same
        });
        if self.points.len() > MOST {
            self.merge_neighbours();
        }
        self.sorted = self.points.len();
    }

    fn merge_neighbours(&mut self) {
        let total = self.weight() as f64;
        // One step of the scale holds one point; its 1,000 steps bound how many points are left.
        let steps = 1_000.0 / std::f64::consts::TAU;
        let end_of = |from: f64| {
            let angle = (2.0 * from - 1.0).clamp(-1.0, 1.0).asin() + 1.0 / steps;
            if angle >= std::f64::consts::FRAC_PI_2 { total } else { total * f64::midpoint(angle.sin(), 1.0) }
        };
        let mut merged: Vec<(i64, i64)> = Vec::with_capacity(MOST);
        let mut passed = 0.0;
        let mut limit = end_of(0.0);
        for (key, weight) in std::mem::take(&mut self.points) {
            let fits = passed + weight as f64 <= limit;
            match merged.last_mut() {
                Some(last) if fits => *last = (self.mean(*last, (key, weight)), last.1.saturating_add(weight)),
                _ => {
                    limit = end_of(passed / total);
                    merged.push((key, weight));
                }
            }
            passed += weight as f64;
        }
        self.points = merged;
    }

    fn mean(&self, a: (i64, i64), b: (i64, i64)) -> i64 {
        let weight = a.1.saturating_add(b.1);
        if self.whole {
            let sum = i128::from(a.0) * i128::from(a.1) + i128::from(b.0) * i128::from(b.1);
            return i64::try_from(sum / i128::from(weight.max(1))).unwrap_or(a.0);
        }
        let (x, y) = (unordered(a.0), unordered(b.0));
        let mean = x + (y - x) * (b.1 as f64 / weight as f64);
        if mean.is_nan() { a.0 } else { ordered(mean) }
    }

    fn weight(&self) -> i64 {
        self.points.iter().fold(0i64, |sum, (_, w)| sum.saturating_add(*w))
    }

    /// Adds all values of another digest.
    pub fn merge(&mut self, other: &Self) {
        if self.points.is_empty() {
            self.whole = other.whole;
        }
        for (key, weight) in &other.points {
            if other.whole { self.insert_whole(*key, *weight) } else { self.insert_real(unordered(*key), *weight) }
        }
    }

    /// The value at a percentile, by nearest rank, as JSON; `None` when the digest is empty. It must be settled.
    pub fn percentile(&self, percentile: f64) -> Option<String> {
        let rank = (percentile.clamp(0.0, 100.0) / 100.0 * self.weight() as f64).ceil().max(1.0);
        let mut passed = 0i64;
        let found = self.points.iter().find(|(_, weight)| {
            passed = passed.saturating_add(*weight);
            passed as f64 >= rank
        });
        found.or(self.points.last()).map(|(key, _)| self.number(*key))
    }

    fn number(&self, key: i64) -> String {
        if self.whole { key.to_string() } else { json::real(unordered(key)) }
    }

    /// How many values are at most this one.
    pub fn rank(&self, value: f64) -> f64 {
        let as_real = |key: i64| if self.whole { key as f64 } else { unordered(key) };
        self.points.iter().filter(|(key, _)| as_real(*key) <= value).fold(0.0, |sum, (_, weight)| sum + *weight as f64)
    }

    /// The same as a share of all values, 0 to 100; `None` when the digest is empty.
    pub fn percent_rank(&self, value: f64) -> Option<f64> {
        let total = self.weight();
        (total > 0).then(|| self.rank(value) / total as f64 * 100.0)
    }

    /// Whether no value was added.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Bytes held besides the value itself.
    pub fn size(&self) -> usize {
        self.points.capacity() * 16
    }

    /// The dynamic value: its version, the values, their weights. It must be settled.
    pub fn push_json(&self, out: &mut String) {
        let list = |out: &mut String, items: &mut dyn Iterator<Item = String>| {
            for (at, item) in items.enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&item);
            }
        };
        out.push_str("[[7],[");
        list(out, &mut self.points.iter().map(|(key, _)| self.number(*key)));
        out.push_str("],[");
        list(out, &mut self.points.iter().map(|(_, weight)| weight.to_string()));
        out.push_str("]]");
    }

    /// Reads what `push_json` writes, settled; `None` for anything else.
    pub fn parse(raw: &str) -> Option<Self> {
        let mut parts = json::elements(raw);
        let (head, values, weights) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || json::element(head, 0)? != "7" {
            return None;
        }
        let whole = json::elements(values).all(|v| number::parse_long(v).is_some());
        let mut digest = Self::new(whole);
        let mut weights = json::elements(weights);
        for value in json::elements(values) {
            let weight = number::parse_long(weights.next()?).filter(|w| *w > 0)?;
            if whole {
                digest.insert_whole(number::parse_long(value)?, weight);
            } else {
                let value = match json::kind(value)? {
                    json::Kind::String => number::parse_real(&json::string_value(value))?,
                    _ => number::parse_real(value)?,
                };
                digest.insert_real(value, weight);
            }
        }
        digest.settle();
        weights.next().is_none().then_some(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = i64>) -> Digest {
        let mut digest = Digest::new(true);
        values.into_iter().for_each(|v| digest.insert_whole(v, 1));
        digest.settle();
        digest
    }

    #[test]
    fn small_digests_are_exact() {
        let digest = of(1..=1000);
        assert_eq!(digest.percentile(50.0).as_deref(), Some("500"));
        assert_eq!(digest.percentile(100.0).as_deref(), Some("1000"));
        assert_eq!(digest.percentile(0.0).as_deref(), Some("1"));
        assert_eq!(digest.rank(685.0), 685.0);
        assert_eq!(digest.percent_rank(685.0), Some(68.5));
        assert_eq!(of([]).percentile(50.0), None);
        assert_eq!(of([]).percent_rank(1.0), None);
    }

    #[test]
    fn great_digests_are_near() {
        let mut digest = of(1..=500_000);
        digest.merge(&of(500_001..=1_000_000));
        digest.settle();
        assert!(digest.points.len() <= MOST, "{}", digest.points.len());
        for (percentile, value) in [(1.0, 10_000.0), (50.0, 500_000.0), (99.9, 999_000.0)] {
            let found: f64 = digest.percentile(percentile).unwrap().parse().unwrap();
            assert!((found - value).abs() < 5_000.0, "{percentile}: {found}");
        }
    }

    #[test]
    fn weights_count_and_reals_mix_in() {
        let mut digest = Digest::new(false);
        digest.insert_real(1.0, 1);
        digest.insert_real(2.0, 2);
        digest.insert_real(f64::NAN, 5);
        digest.insert_real(9.0, 0);
        digest.settle();
        assert_eq!(digest.percentile(50.0).as_deref(), Some("2.0"));
        let mut whole = of(1..=2);
        whole.merge(&digest);
        whole.settle();
        assert_eq!(whole.percentile(100.0).as_deref(), Some("2.0"));
        assert_eq!(whole.rank(1.5), 2.0);
    }

    #[test]
    fn texts_come_back() {
        let mut real = Digest::new(false);
        real.insert_real(-0.5, 3);
        real.insert_real(f64::INFINITY, 1);
        real.settle();
        for digest in [of(1..=3), real] {
            let mut text = String::new();
            digest.push_json(&mut text);
            assert!(json::validate(&text), "{text}");
            assert_eq!(Digest::parse(&text), Some(digest));
        }
        for bad in [
            "",
            "7",
            "[]",
            "[[7],[1]]",
            "[[7],[1],[]]",
            "[[7],[1],[0]]",
            "[[7],[],[1]]",
            "[[8],[1],[1]]",
            "[[7],[\"x\"],[1]]",
        ] {
            assert_eq!(Digest::parse(bad), None, "{bad}");
        }
    }
}
