//! `arg_max`, `arg_min`, `take_any`: the values of one row of each group.
//!
//! The winning rows are kept in Arrow form; a row with a null key loses against any other and wins only when all
//! keys of the group are null. Of equal keys the first seen stays.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StructArray, UInt32Array, new_null_array};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Decimal128Type, Fields, Float64Type, Int32Type, Int64Type};
use datafusion::common::{Result, exec_datafusion_err};

use super::groups::{Groups, take_first};

/// How the winning row is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wins {
    /// The greatest key.
    Greatest,
    /// The least key.
    Least,
}

#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Key {
    Whole(i64),
    Wide(i128),
    Text(Box<str>),
}

#[derive(Clone, Copy)]
enum Seen<'a> {
    Whole(i64),
    Wide(i128),
    Text(&'a str),
}

impl Seen<'_> {
    fn owned(self) -> Key {
        match self {
            Seen::Whole(v) => Key::Whole(v),
            Seen::Wide(v) => Key::Wide(v),
            Seen::Text(v) => Key::Text(v.into()),
        }
    }

    fn compare(self, key: &Key) -> std::cmp::Ordering {
        match (self, key) {
            (Seen::Whole(a), Key::Whole(b)) => a.cmp(b),
            (Seen::Wide(a), Key::Wide(b)) => a.cmp(b),
            (Seen::Text(a), Key::Text(b)) => a.cmp(b),
            _ => std::cmp::Ordering::Equal,
        }
    }
}

/// A real as a whole number of the same order; NaN below everything.
pub fn ordered(value: f64) -> i64 {
    if value.is_nan() {
        return i64::MIN;
    }
    let bits = (value + 0.0).to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// The real that `ordered` made a whole number of.
pub fn unordered(value: i64) -> f64 {
    if value == i64::MIN {
        return f64::NAN;
    }
    f64::from_bits((value ^ ((value >> 63) as u64 >> 1) as i64) as u64)
}

enum Keys<'a> {
    Bool(&'a arrow::array::BooleanArray),
    Int(&'a arrow::array::Int32Array),
    Long(&'a arrow::array::Int64Array),
    Real(&'a arrow::array::Float64Array),
    Decimal(&'a arrow::array::Decimal128Array),
    Text(&'a arrow::array::StringViewArray),
}

impl<'a> Keys<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Boolean => Keys::Bool(array.as_boolean()),
            DataType::Int32 => Keys::Int(array.as_primitive::<Int32Type>()),
            DataType::Int64 => Keys::Long(array.as_primitive::<Int64Type>()),
            DataType::Float64 => Keys::Real(array.as_primitive::<Float64Type>()),
            DataType::Decimal128(..) => Keys::Decimal(array.as_primitive::<Decimal128Type>()),
            DataType::Utf8View => Keys::Text(array.as_string_view()),
            other => return Err(exec_datafusion_err!("no order is known for {other}")),
        })
    }

    fn get(&self, row: usize) -> Option<Seen<'a>> {
        fn valid(array: &dyn Array, row: usize) -> Option<()> {
            (row < array.len() && array.is_valid(row)).then_some(())
        }
        Some(match self {
            Keys::Bool(a) => valid(a, row).map(|()| Seen::Whole(i64::from(a.value(row))))?,
            Keys::Int(a) => valid(a, row).map(|()| Seen::Whole(i64::from(a.value(row))))?,
            Keys::Long(a) => valid(a, row).map(|()| Seen::Whole(a.value(row)))?,
            Keys::Real(a) => valid(a, row).map(|()| Seen::Whole(ordered(a.value(row))))?,
            Keys::Decimal(a) => valid(a, row).map(|()| Seen::Wide(a.value(row)))?,
            Keys::Text(a) => valid(a, row).map(|()| Seen::Text(a.value(row)))?,
        })
    }
}

/// The state of all groups.
#[derive(Debug)]
pub struct Best {
    wins: Wins,
    /// The columns to return.
    fields: Fields,
    /// Which of them are strings, whose absence is `""`.
    text: Vec<bool>,
    key_type: DataType,
    keys: Vec<Option<Key>>,
    /// Batch and row of each group's winner.
    at: Vec<Option<(usize, usize)>>,
    batches: Vec<Vec<ArrayRef>>,
    rows: usize,
}

impl Best {
    /// Empty state. The first argument is the key, the others are the columns returned (`fields`, in order).
    pub fn new(wins: Wins, key_type: DataType, fields: Fields, text: Vec<bool>) -> Self {
        Self { wins, fields, text, key_type, keys: Vec::new(), at: Vec::new(), batches: Vec::new(), rows: 0 }
    }

    fn compact(&mut self) -> Result<()> {
        let live: Vec<(usize, usize)> = self.at.iter().flatten().copied().collect();
        let mut columns = Vec::new();
        let count = self.batches.first().map_or(0, Vec::len);
        for column in 0..count {
            let arrays: Vec<&dyn Array> =
                self.batches.iter().filter_map(|b| b.get(column)).map(AsRef::as_ref).collect();
            columns.push(interleave(&arrays, &live)?);
        }
        let mut next = 0;
        for at in self.at.iter_mut().flatten() {
            *at = (0, next);
            next += 1;
        }
        self.rows = next;
        self.batches = if columns.is_empty() { Vec::new() } else { vec![columns] };
        Ok(())
    }

    /// The key column and the returned columns of the first groups.
    fn take_columns(&mut self, first: Option<usize>) -> Result<Vec<ArrayRef>> {
        let at = take_first(&mut self.at, first);
        take_first(&mut self.keys, first);
        let types: Vec<DataType> = match self.batches.first() {
            Some(batch) => batch.iter().map(|a| a.data_type().clone()).collect(),
            None => Vec::new(),
        };
        if types.is_empty() {
            return Ok(Vec::new());
        }
        let mut columns = Vec::with_capacity(types.len());
        for (column, ty) in types.iter().enumerate() {
            let missing: ArrayRef = if column > 0 && self.text.get(column - 1) == Some(&true) {
                Arc::new(arrow::array::StringViewArray::from(vec![""]))
            } else {
                new_null_array(ty, 1)
            };
            let mut arrays: Vec<&dyn Array> =
                self.batches.iter().filter_map(|b| b.get(column)).map(AsRef::as_ref).collect();
            let absent = arrays.len();
            arrays.push(missing.as_ref());
            let rows: Vec<(usize, usize)> = at.iter().map(|at| at.unwrap_or((absent, 0))).collect();
            columns.push(interleave(&arrays, &rows)?);
        }
        if self.at.is_empty() {
            self.batches.clear();
            self.rows = 0;
        }
        Ok(columns)
    }
}

impl Groups for Best {
    fn grow(&mut self, total: usize) {
        if self.at.len() < total {
            self.at.resize(total, None);
            self.keys.resize(total, None);
        }
    }

    fn update(&mut self, values: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let keys = Keys::of(super::groups::argument(values, 0)?)?;
        let batch = self.batches.len();
        let mut winners: Vec<u32> = Vec::new();
        for (row, group) in rows {
            let (Some(best), Some(at)) = (self.keys.get_mut(*group), self.at.get_mut(*group)) else { continue };
            let seen = keys.get(*row);
            let better = match (&seen, best.as_ref()) {
                _ if at.is_none() => true,
                (None, _) => false,
                (Some(_), None) => true,
                (Some(seen), Some(best)) => match self.wins {
                    Wins::Greatest => seen.compare(best).is_gt(),
                    Wins::Least => seen.compare(best).is_lt(),
                },
            };
            if !better {
                continue;
            }
            *best = seen.map(Seen::owned);
            match at {
                // The group already won a row of this batch: replace it.
                Some((b, slot)) if *b == batch => {
                    if let Some(winner) = winners.get_mut(*slot) {
                        *winner = *row as u32;
                    }
                }
                at => {
                    *at = Some((batch, winners.len()));
                    winners.push(*row as u32);
                }
            }
        }
        if winners.is_empty() {
            return Ok(());
        }
        self.rows += winners.len();
        let indices = UInt32Array::from(winners);
        let taken = values.iter().map(|v| take(v.as_ref(), &indices, None)).collect::<Result<Vec<_>, _>>()?;
        self.batches.push(taken);
        if self.batches.len() > 64 || self.rows > 2 * self.at.len() + 65_536 {
            self.compact()?;
        }
        Ok(())
    }

    fn merge(&mut self, state: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        // A partial state without a row has a null marker in its last column.
        let (columns, present) = state.split_at(state.len().saturating_sub(1));
        let present = present.first().and_then(|p| p.as_boolean_opt());
        let rows: Vec<(usize, usize)> = rows
            .iter()
            .filter(|(row, _)| present.is_none_or(|p| *row < p.len() && p.is_valid(*row) && p.value(*row)))
            .copied()
            .collect();
        self.update(columns, &rows)
    }

    fn results(&mut self, first: Option<usize>) -> Result<ArrayRef> {
        let groups = first.unwrap_or(self.at.len()).min(self.at.len());
        let columns = self.take_columns(first)?;
        let returned: Vec<ArrayRef> = if columns.is_empty() {
            self.fields
                .iter()
                .zip(self.text.iter())
                .map(|(field, text)| {
                    if *text {
                        Arc::new(arrow::array::StringViewArray::from(vec![""; groups])) as ArrayRef
                    } else {
                        new_null_array(field.data_type(), groups)
                    }
                })
                .collect()
        } else {
            columns.into_iter().skip(1).collect()
        };
        Ok(Arc::new(StructArray::try_new_with_length(self.fields.clone(), returned, None, groups)?))
    }

    fn state(&mut self, first: Option<usize>) -> Result<Vec<ArrayRef>> {
        let groups = first.unwrap_or(self.at.len()).min(self.at.len());
        let present: arrow::array::BooleanArray = self.at.iter().take(groups).map(|at| Some(at.is_some())).collect();
        let mut columns = self.take_columns(first)?;
        if columns.is_empty() {
            // Nothing was ever seen: nulls of the declared types.
            let types = std::iter::once(&self.key_type).chain(self.fields.iter().map(|f| f.data_type()));
            columns = types.map(|ty| new_null_array(ty, groups)).collect();
        }
        columns.push(Arc::new(present));
        Ok(columns)
    }

    fn size(&self) -> usize {
        let batches: usize = self.batches.iter().flatten().map(arrow::array::Array::get_array_memory_size).sum();
        batches
            + self.at.capacity() * size_of::<Option<(usize, usize)>>()
            + self.keys.capacity() * size_of::<Option<Key>>()
    }
}
