//! Aggregates over all values of a group as 64-bit numbers: distinct count and percentiles.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, LargeBinaryBuilder, StructArray};
use arrow::datatypes::Fields;
use datafusion::common::Result;

use super::best::{ordered, unordered};
use super::groups::{Groups, argument, take_first};
use crate::functions::conversion::{Value, read};
use crate::functions::kernel::Arg;
use crate::functions::string::digest::xxhash64;
use crate::types::KqlType;

/// The keys are hashes already.
#[derive(Debug, Default)]
pub struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

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

/// The state of `dcount`: 64-bit hashes of the values seen, so that counts are exact but for a hash collision.
#[derive(Debug)]
pub struct Distinct {
    ty: KqlType,
    groups: Vec<HashSet<u64, BuildHasherDefault<Identity>>>,
    held: usize,
}

impl Distinct {
    /// Empty state.
    pub fn new(ty: KqlType) -> Self {
        Self { ty, groups: Vec::new(), held: 0 }
    }
}

impl Groups for Distinct {
    fn grow(&mut self, total: usize) {
        if self.groups.len() < total {
            self.groups.resize_with(total, HashSet::default);
        }
    }

    fn update(&mut self, values: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let arg = Arg { array: argument(values, 0)?.clone(), scalar: false };
        for (row, group) in rows {
            let Some(hash) = hash_of(&arg, self.ty, *row) else { continue };
            if self.groups.get_mut(*group).is_some_and(|g| g.insert(hash)) {
                self.held += 16;
            }
        }
        Ok(())
    }

    fn merge(&mut self, state: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let Some(states) = argument(state, 0)?.as_binary_opt::<i64>() else { return Ok(()) };
        for (row, group) in rows.iter().filter(|(row, _)| *row < states.len() && states.is_valid(*row)) {
            let Some(set) = self.groups.get_mut(*group) else { continue };
            for word in words(states.value(*row)) {
                if set.insert(word as u64) {
                    self.held += 16;
                }
            }
        }
        Ok(())
    }

    fn results(&mut self, first: Option<usize>) -> Result<ArrayRef> {
        let groups = take_first(&mut self.groups, first);
        Ok(Arc::new(groups.iter().map(|g| Some(g.len() as i64)).collect::<Int64Array>()))
    }

    fn state(&mut self, first: Option<usize>) -> Result<Vec<ArrayRef>> {
        let mut builder = LargeBinaryBuilder::new();
        let mut bytes = Vec::new();
        for group in take_first(&mut self.groups, first) {
            bytes.clear();
            group.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
            builder.append_value(&bytes);
        }
        Ok(vec![Arc::new(builder.finish())])
    }

    fn size(&self) -> usize {
        self.held + self.groups.capacity() * 32
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = i64> + '_ {
    bytes.chunks_exact(8).filter_map(|chunk| Some(i64::from_le_bytes(chunk.try_into().ok()?)))
}

/// The state of `percentile`: every value, with its weight when weighted.
#[derive(Debug)]
pub struct Percentiles {
    ty: KqlType,
    weighted: bool,
    wanted: Vec<f64>,
    fields: Fields,
    groups: Vec<Vec<(i64, i64)>>,
    held: usize,
}

impl Percentiles {
    /// Empty state; `fields` are the columns of the result, one for each percentile.
    pub fn new(ty: KqlType, weighted: bool, wanted: Vec<f64>, fields: Fields) -> Self {
        Self { ty, weighted, wanted, fields, groups: Vec::new(), held: 0 }
    }
}

/// The nearest-rank percentile of sorted values with weights.
fn nearest_rank(sorted: &[(i64, i64)], percentile: f64) -> Option<i64> {
    let total: i128 = sorted.iter().map(|(_, w)| i128::from(*w)).sum();
    let rank = (percentile / 100.0 * total as f64).ceil().max(1.0);
    let mut passed = 0i128;
    for (value, weight) in sorted {
        passed += i128::from(*weight);
        if passed as f64 >= rank {
            return Some(*value);
        }
    }
    sorted.last().map(|(value, _)| *value)
}

impl Groups for Percentiles {
    fn grow(&mut self, total: usize) {
        if self.groups.len() < total {
            self.groups.resize_with(total, Vec::new);
        }
    }

    fn update(&mut self, values: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let arg = Arg { array: argument(values, 0)?.clone(), scalar: false };
        let weights =
            if self.weighted { argument(values, 1)?.as_primitive_opt::<arrow::datatypes::Int64Type>() } else { None };
        for (row, group) in rows {
            let value = match read(&arg, self.ty, *row) {
                Some(Value::Real(v)) if !v.is_nan() => ordered(v),
                Some(Value::Long(v) | Value::DateTime(v) | Value::TimeSpan(v)) => v,
                _ => continue,
            };
            let weight = match weights {
                Some(w) if *row < w.len() && w.is_valid(*row) => w.value(*row),
                Some(_) => continue,
                None => 1,
            };
            if weight > 0
                && let Some(group) = self.groups.get_mut(*group)
            {
                group.push((value, weight));
                self.held += 16;
            }
        }
        Ok(())
    }

    fn merge(&mut self, state: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let Some(states) = argument(state, 0)?.as_binary_opt::<i64>() else { return Ok(()) };
        for (row, group) in rows.iter().filter(|(row, _)| *row < states.len() && states.is_valid(*row)) {
            let Some(list) = self.groups.get_mut(*group) else { continue };
            let before = list.len();
            let mut pairs = words(states.value(*row));
            while let (Some(value), Some(weight)) = (pairs.next(), pairs.next()) {
                list.push((value, weight));
            }
            self.held += 16 * (list.len() - before);
        }
        Ok(())
    }

    fn results(&mut self, first: Option<usize>) -> Result<ArrayRef> {
        let mut groups = take_first(&mut self.groups, first);
        groups.iter_mut().for_each(|g| g.sort_unstable());
        let columns = self
            .wanted
            .iter()
            .map(|p| {
                let found = groups.iter().map(|g| nearest_rank(g, *p));
                if self.ty == KqlType::Real {
                    Arc::new(found.map(|v| v.map(unordered)).collect::<Float64Array>()) as ArrayRef
                } else {
                    Arc::new(found.collect::<Int64Array>()) as ArrayRef
                }
            })
            .collect();
        Ok(Arc::new(StructArray::try_new_with_length(self.fields.clone(), columns, None, groups.len())?))
    }

    fn state(&mut self, first: Option<usize>) -> Result<Vec<ArrayRef>> {
        let mut builder = LargeBinaryBuilder::new();
        let mut bytes = Vec::new();
        for group in take_first(&mut self.groups, first) {
            bytes.clear();
            for (value, weight) in group {
                bytes.extend_from_slice(&value.to_le_bytes());
                bytes.extend_from_slice(&weight.to_le_bytes());
            }
            builder.append_value(&bytes);
        }
        Ok(vec![Arc::new(builder.finish())])
    }

    fn size(&self) -> usize {
        self.held + self.groups.capacity() * 24
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        let values: Vec<(i64, i64)> = [15, 20, 35, 40, 50].iter().map(|v| (*v, 1)).collect();
        assert_eq!(nearest_rank(&values, 5.0), Some(15));
        assert_eq!(nearest_rank(&values, 30.0), Some(20));
        assert_eq!(nearest_rank(&values, 40.0), Some(20));
        assert_eq!(nearest_rank(&values, 50.0), Some(35));
        assert_eq!(nearest_rank(&values, 100.0), Some(50));
        assert_eq!(nearest_rank(&[], 50.0), None);
    }

    #[test]
    fn order_of_reals() {
        let mut values = vec![1.5, -2.0, 0.0, f64::INFINITY, f64::NEG_INFINITY, -0.5];
        values.sort_by_key(|v| ordered(*v));
        assert_eq!(values, vec![f64::NEG_INFINITY, -2.0, -0.5, 0.0, 1.5, f64::INFINITY]);
        assert!(values.iter().all(|v| unordered(ordered(*v)) == *v));
    }
}
