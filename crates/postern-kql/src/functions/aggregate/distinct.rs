//! The state of `dcount`: which values each group has, as 64-bit hashes, so that counts are exact but for a collision.
//!
//! All groups share one open table of (group, hash): a group costs a counter, a value twelve bytes and its share of
//! free slots. Few large groups and a million small ones are alike to it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, LargeBinaryArray, PrimitiveArray};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{ArrowPrimitiveType, Int32Type, Int64Type};
use datafusion::common::{Result, exec_datafusion_err};

use super::best::ordered;
use super::groups::{Groups, argument};
use crate::functions::conversion::{Value, read};
use crate::functions::kernel::Arg;
use crate::functions::string::digest::xxhash64;
use crate::types::KqlType;

/// Spreads the bits of a number over all of it.
fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

/// The hash by which values are told apart; `None` for null.
pub fn hash_of(arg: &Arg, ty: KqlType, row: usize) -> Option<u64> {
    Some(match read(arg, ty, row)? {
        Value::Text(text) | Value::Json(text) => xxhash64(text.as_bytes(), 0),
        Value::Real(v) => mix(ordered(v) as u64),
        Value::Decimal(v) => xxhash64(&v.to_le_bytes(), 0),
        Value::Bool(v) => mix(u64::from(v)),
        Value::Long(v) | Value::DateTime(v) | Value::TimeSpan(v) => mix(v as u64),
    })
}

/// One place of the table: the group's number and one more (0 is a free place), and the two halves of the hash.
type Slot = [u32; 3];
const FREE: Slot = [0; 3];

/// A set of pairs of group and hash.
#[derive(Debug, Default)]
struct Pairs {
    /// A power of two of them, or none.
    slots: Vec<Slot>,
    used: usize,
}

impl Pairs {
    /// Adds a pair; true when it was not there.
    fn insert(&mut self, group: u32, hash: u64) -> bool {
        if self.used >= self.slots.len() / 4 * 3 {
            self.enlarge();
        }
        let added = place(&mut self.slots, [group.wrapping_add(1), hash as u32, (hash >> 32) as u32]);
        self.used += usize::from(added);
        added
    }

    fn enlarge(&mut self) {
        let wanted = (self.slots.len() * 2).max(64);
        let old = std::mem::replace(&mut self.slots, vec![FREE; wanted]);
        for slot in old.into_iter().filter(|slot| *slot != FREE) {
            place(&mut self.slots, slot);
        }
    }

    fn iter(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.slots
            .iter()
            .filter(|slot| slot[0] != 0)
            .map(|[group, low, high]| ((*group - 1) as usize, u64::from(*low) | u64::from(*high) << 32))
    }

    /// Forgets the first groups; the others are counted from 0 anew.
    fn forget(&mut self, first: usize) {
        let old = std::mem::take(self);
        for (group, hash) in old.iter().filter(|(group, _)| *group >= first) {
            self.insert((group - first) as u32, hash);
        }
    }
}

/// Puts an entry into its place; false when it is there already. There must be a free slot.
fn place(slots: &mut [Slot], entry: Slot) -> bool {
    let [group, low, high] = entry;
    let hash = mix((u64::from(low) | u64::from(high) << 32) ^ u64::from(group).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mask = slots.len().wrapping_sub(1);
    let mut at = hash as usize & mask;
    while let Some(slot) = slots.get_mut(at) {
        if *slot == entry {
            return false;
        }
        if slot[0] == 0 {
            *slot = entry;
            return true;
        }
        at = (at + 1) & mask;
    }
    false
}

/// The distinct values of all groups.
#[derive(Debug)]
pub struct Distinct {
    ty: KqlType,
    pairs: Pairs,
    counts: Vec<i64>,
}

impl Distinct {
    /// Empty state.
    pub fn new(ty: KqlType) -> Self {
        Self { ty, pairs: Pairs::default(), counts: Vec::new() }
    }

    fn add(&mut self, group: usize, hash: u64) {
        if let Some(count) = self.counts.get_mut(group)
            && self.pairs.insert(group as u32, hash)
        {
            *count += 1;
        }
    }

    fn numbers<T: ArrowPrimitiveType>(&mut self, array: &PrimitiveArray<T>, rows: &[(usize, usize)])
    where
        T::Native: Into<i64>,
    {
        for (row, group) in rows {
            if *row < array.len() && array.is_valid(*row) {
                self.add(*group, mix(array.value(*row).into() as u64));
            }
        }
    }

    /// The counts of the first groups, which are forgotten; of all, when `None`.
    fn take(&mut self, first: Option<usize>) -> Vec<i64> {
        match first {
            Some(first) if first < self.counts.len() => {
                self.pairs.forget(first);
                self.counts.drain(..first).collect()
            }
            _ => {
                self.pairs = Pairs::default();
                std::mem::take(&mut self.counts)
            }
        }
    }
}

impl Groups for Distinct {
    fn grow(&mut self, total: usize) {
        if self.counts.len() < total {
            self.counts.resize(total, 0);
        }
    }

    fn update(&mut self, values: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let array = argument(values, 0)?;
        match self.ty {
            KqlType::String | KqlType::Guid => {
                if let Some(texts) = array.as_string_view_opt() {
                    for (row, group) in rows {
                        if *row < texts.len() && texts.is_valid(*row) {
                            self.add(*group, xxhash64(texts.value(*row).as_bytes(), 0));
                        }
                    }
                    return Ok(());
                }
            }
            KqlType::Long | KqlType::DateTime | KqlType::TimeSpan => {
                if let Some(numbers) = array.as_primitive_opt::<Int64Type>() {
                    self.numbers(numbers, rows);
                    return Ok(());
                }
            }
            KqlType::Int => {
                if let Some(numbers) = array.as_primitive_opt::<Int32Type>() {
                    self.numbers(numbers, rows);
                    return Ok(());
                }
            }
            _ => {}
        }
        let arg = Arg { array: array.clone(), scalar: false };
        for (row, group) in rows {
            let Some(hash) = hash_of(&arg, self.ty, *row) else { continue };
            self.add(*group, hash);
        }
        Ok(())
    }

    fn merge(&mut self, state: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let Some(states) = argument(state, 0)?.as_binary_opt::<i64>() else { return Ok(()) };
        for (row, group) in rows.iter().filter(|(row, _)| *row < states.len() && states.is_valid(*row)) {
            for word in states.value(*row).as_chunks::<8>().0 {
                self.add(*group, u64::from_le_bytes(*word));
            }
        }
        Ok(())
    }

    fn results(&mut self, first: Option<usize>) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(self.take(first))))
    }

    fn state(&mut self, first: Option<usize>) -> Result<Vec<ArrayRef>> {
        // The hashes of each group side by side, groups in order: first where each begins, then each into its place.
        let groups = first.unwrap_or(self.counts.len()).min(self.counts.len());
        let mut next = Vec::with_capacity(groups);
        let mut total = 0usize;
        for count in self.counts.iter().take(groups) {
            next.push(total);
            total += usize::try_from(*count).unwrap_or(0);
        }
        let mut words = vec![0u64; total];
        for (group, hash) in self.pairs.iter() {
            if let Some(at) = next.get_mut(group)
                && let Some(word) = words.get_mut(*at)
            {
                *word = hash.to_le();
                *at += 1;
            }
        }
        let lengths = self.take(first).into_iter().map(|count| usize::try_from(count).unwrap_or(0) * 8);
        let offsets = OffsetBuffer::<i64>::from_lengths(lengths);
        let array = LargeBinaryArray::try_new(offsets, Buffer::from_vec(words), None)
            .map_err(|e| exec_datafusion_err!("the state of dcount: {e}"))?;
        Ok(vec![Arc::new(array)])
    }

    fn size(&self) -> usize {
        self.pairs.slots.capacity() * size_of::<Slot>() + self.counts.capacity() * size_of::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::StringViewArray;

    use super::*;

    fn counts(array: &ArrayRef) -> Vec<i64> {
        array.as_primitive::<Int64Type>().values().to_vec()
    }

    fn of(values: Vec<Option<&str>>, groups: &[usize], total: usize) -> Distinct {
        let array: ArrayRef = Arc::new(StringViewArray::from(values));
        let rows: Vec<_> = groups.iter().copied().enumerate().collect();
        let mut state = Distinct::new(KqlType::String);
        state.grow(total);
        state.update(&[array], &rows).unwrap();
        state
    }

    #[test]
    fn equal_values_of_one_group_count_once_and_nulls_never() {
        let mut state = of(vec![Some("a"), Some("b"), Some("a"), None, Some("a")], &[0, 0, 0, 0, 2], 3);
        assert_eq!(counts(&state.results(None).unwrap()), [2, 0, 1]);
    }

    #[test]
    fn partial_states_meet_in_their_groups() {
        let mut left = of(vec![Some("a"), Some("b")], &[0, 1], 2);
        let mut right = of(vec![Some("b"), Some("c"), Some("b")], &[0, 1, 1], 2);
        let mut all = Distinct::new(KqlType::String);
        all.grow(2);
        all.merge(&left.state(None).unwrap(), &[(0, 0), (1, 1)]).unwrap();
        all.merge(&right.state(None).unwrap(), &[(0, 0), (1, 1)]).unwrap();
        assert_eq!(counts(&all.results(None).unwrap()), [2, 2]);
    }

    #[test]
    fn the_first_groups_can_be_taken_before_the_others_go_on() {
        let mut state = of(vec![Some("a"), Some("b"), Some("b")], &[0, 1, 2], 3);
        assert_eq!(counts(&state.results(Some(1)).unwrap()), [1]);
        state.grow(2);
        let array: ArrayRef = Arc::new(StringViewArray::from(vec!["b", "x", "y"]));
        state.update(&[array], &[(0, 0), (1, 0), (2, 1)]).unwrap();
        let partial = state.state(Some(1)).unwrap();
        assert_eq!(partial[0].as_binary::<i64>().value(0).len(), 2 * 8);
        assert_eq!(counts(&state.results(None).unwrap()), [2]);
    }

    #[test]
    fn many_values_of_many_groups() {
        let mut state = Distinct::new(KqlType::Long);
        state.grow(100);
        let array: ArrayRef = Arc::new(Int64Array::from_iter_values((0..100_000).map(|v| v % 7_000)));
        let rows: Vec<_> = (0..100_000).map(|row| (row, row % 100)).collect();
        state.update(&[array], &rows).unwrap();
        // 7,000 is a multiple of 100, so each group has the values of its own remainder.
        assert_eq!(counts(&state.results(None).unwrap()), vec![70; 100]);
    }
}
