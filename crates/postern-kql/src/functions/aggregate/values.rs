//! Aggregates over all values of a group as 64-bit numbers: percentiles.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, LargeBinaryBuilder, StructArray};
use arrow::datatypes::Fields;
use datafusion::common::Result;

use super::best::{ordered, unordered};
pub use super::distinct::hash_of;
use super::groups::{Groups, argument, take_first};
use crate::functions::conversion::{Value, read};
use crate::functions::kernel::Arg;
use crate::types::KqlType;

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
