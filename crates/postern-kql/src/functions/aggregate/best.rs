//! `arg_max`, `arg_min`, `take_any`: the values of one row of each group.
//!
//! The winning rows are kept in Arrow form; a row with a null key loses against any other and wins only when all
//! keys of the group are null. Of equal keys the first seen stays.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StructArray, UInt32Array, new_null_array};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Decimal128Type, Fields, Float64Type, Int32Type, Int64Type};
use datafusion::common::{Result, exec_datafusion_err};

use super::groups::{Groups, argument, take_first};

/// How the winning row is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wins {
    /// The greatest key.
    Greatest,
    /// The least key.
    Least,
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

/// What the best key of each group is.
#[derive(Debug)]
enum Held {
    /// Truth values, whole numbers, times, and reals by [`ordered`].
    Whole(Vec<i64>),
    /// Decimals.
    Wide(Vec<i128>),
    /// Texts.
    Text(Vec<Box<str>>),
}

impl Held {
    fn of(ty: &DataType) -> Self {
        match ty {
            DataType::Decimal128(..) => Self::Wide(Vec::new()),
            DataType::Utf8View => Self::Text(Vec::new()),
            _ => Self::Whole(Vec::new()),
        }
    }

    fn grow(&mut self, total: usize) {
        match self {
            Self::Whole(keys) => keys.resize(total, 0),
            Self::Wide(keys) => keys.resize(total, 0),
            Self::Text(keys) => keys.resize(total, Box::default()),
        }
    }

    fn take_first(&mut self, first: Option<usize>) {
        match self {
            Self::Whole(keys) => drop(take_first(keys, first)),
            Self::Wide(keys) => drop(take_first(keys, first)),
            Self::Text(keys) => drop(take_first(keys, first)),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Whole(keys) => keys.capacity() * size_of::<i64>(),
            Self::Wide(keys) => keys.capacity() * size_of::<i128>(),
            Self::Text(keys) => {
                keys.capacity() * size_of::<Box<str>>() + keys.iter().map(|key| key.len()).sum::<usize>()
            }
        }
    }
}

/// The winner of a group: none yet, or where it is and whether its key is null.
#[derive(Debug, Clone, Copy)]
struct Winner {
    batch: u32,
    row: u32,
    null: bool,
}

/// Lets the rows of one batch contest for their groups. `touched` gets the groups whose winner is now of this batch.
struct Contest<'a> {
    wins: Wins,
    batch: u32,
    rows: &'a [(usize, usize)],
    winners: &'a mut [Option<Winner>],
    touched: &'a mut Vec<u32>,
}

impl Contest<'_> {
    fn run<H, S: Copy>(
        self,
        held: &mut [H],
        get: impl Fn(usize) -> Option<S>,
        order: impl Fn(S, &H) -> Ordering,
        keep: impl Fn(S) -> H,
    ) {
        let wanted = match self.wins {
            Wins::Greatest => Ordering::Greater,
            Wins::Least => Ordering::Less,
        };
        for (row, group) in self.rows {
            let (Some(best), Some(winner)) = (held.get_mut(*group), self.winners.get_mut(*group)) else { continue };
            let seen = get(*row);
            let better = match (seen, &winner) {
                (_, None) => true,
                (None, _) => false,
                (Some(_), Some(winner)) if winner.null => true,
                (Some(seen), _) => order(seen, best) == wanted,
            };
            if !better {
                continue;
            }
            if winner.is_none_or(|winner| winner.batch != self.batch) {
                self.touched.push(*group as u32);
            }
            *winner = Some(Winner { batch: self.batch, row: *row as u32, null: seen.is_none() });
            if let Some(seen) = seen {
                *best = keep(seen);
            }
        }
    }
}

/// Rows of whole batches that may wait for [`Best::compact`], and the most bytes of them.
const WAITING_ROWS: usize = 256 << 10;
const WAITING_BYTES: usize = 32 << 20;

/// The state of all groups.
#[derive(Debug)]
pub struct Best {
    wins: Wins,
    /// The columns to return.
    fields: Fields,
    /// Which of them are strings, whose absence is `""`.
    text: Vec<bool>,
    key_type: DataType,
    held: Held,
    at: Vec<Option<Winner>>,
    /// Winning rows, and since the last compaction whole batches in which there are some.
    batches: Vec<Vec<ArrayRef>>,
    /// The size of the first batch, to which the others are compacted.
    compacted: usize,
    waiting_rows: usize,
    waiting_bytes: usize,
    touched: Vec<u32>,
}

/// Bytes that the values of an array need, not counting what else its buffers hold.
fn value_bytes(array: &ArrayRef) -> usize {
    match array.as_string_view_opt() {
        // A view begins with the length of its text; twelve bytes fit into the view itself.
        Some(texts) => {
            texts.views().iter().map(|view| *view as u32 as usize).filter(|n| *n > 12).sum::<usize>() + 16 * texts.len()
        }
        None => array.get_array_memory_size(),
    }
}

/// The array without what it does not need: views into large buffers are copied out of them.
fn own(array: ArrayRef) -> ArrayRef {
    match array.as_string_view_opt() {
        Some(texts) => Arc::new(texts.gc()),
        None => array,
    }
}

impl Best {
    /// Empty state. The first argument is the key, the others are the columns returned (`fields`, in order).
    pub fn new(wins: Wins, key_type: DataType, fields: Fields, text: Vec<bool>) -> Self {
        Self {
            wins,
            fields,
            text,
            held: Held::of(&key_type),
            key_type,
            at: Vec::new(),
            batches: Vec::new(),
            compacted: 0,
            waiting_rows: 0,
            waiting_bytes: 0,
            touched: Vec::new(),
        }
    }

    /// Keeps the winning rows only, in one batch.
    fn compact(&mut self) -> Result<()> {
        let live: Vec<(usize, usize)> =
            self.at.iter().flatten().map(|winner| (winner.batch as usize, winner.row as usize)).collect();
        let mut columns = Vec::new();
        let count = self.batches.first().map_or(0, Vec::len);
        for column in 0..count {
            let arrays: Vec<&dyn Array> =
                self.batches.iter().filter_map(|b| b.get(column)).map(AsRef::as_ref).collect();
            columns.push(own(interleave(&arrays, &live)?));
        }
        for (winner, row) in self.at.iter_mut().flatten().zip(0u32..) {
            (winner.batch, winner.row) = (0, row);
        }
        self.compacted = columns.iter().map(value_bytes).sum();
        (self.waiting_rows, self.waiting_bytes) = (0, 0);
        self.batches = if columns.is_empty() { Vec::new() } else { vec![columns] };
        Ok(())
    }

    fn contest(&mut self, keys: &ArrayRef, rows: &[(usize, usize)]) -> Result<()> {
        fn seen<T>(array: &dyn Array, row: usize, value: impl Fn(usize) -> T) -> Option<T> {
            (row < array.len() && array.is_valid(row)).then(|| value(row))
        }
        self.touched.clear();
        let contest = Contest {
            wins: self.wins,
            batch: self.batches.len() as u32,
            rows,
            winners: &mut self.at,
            touched: &mut self.touched,
        };
        let unknown = || exec_datafusion_err!("no order is known for {}", keys.data_type());
        match &mut self.held {
            Held::Whole(held) => {
                let order = |seen: i64, best: &i64| seen.cmp(best);
                if let Some(a) = keys.as_primitive_opt::<Int64Type>() {
                    contest.run(held, |row| seen(a, row, |row| a.value(row)), order, |v| v);
                } else if let Some(a) = keys.as_primitive_opt::<Int32Type>() {
                    contest.run(held, |row| seen(a, row, |row| i64::from(a.value(row))), order, |v| v);
                } else if let Some(a) = keys.as_primitive_opt::<Float64Type>() {
                    contest.run(held, |row| seen(a, row, |row| ordered(a.value(row))), order, |v| v);
                } else if let Some(a) = keys.as_boolean_opt() {
                    contest.run(held, |row| seen(a, row, |row| i64::from(a.value(row))), order, |v| v);
                } else {
                    return Err(unknown());
                }
            }
            Held::Wide(held) => {
                let a = keys.as_primitive_opt::<Decimal128Type>().ok_or_else(unknown)?;
                contest.run(held, |row| seen(a, row, |row| a.value(row)), |seen, best| seen.cmp(best), |v| v);
            }
            Held::Text(held) => {
                let a = keys.as_string_view_opt().ok_or_else(unknown)?;
                contest.run(held, |row| seen(a, row, |row| a.value(row)), |seen, best| seen.cmp(best), Box::from);
            }
        }
        Ok(())
    }

    /// The key column and the returned columns of the first groups.
    fn take_columns(&mut self, first: Option<usize>) -> Result<Vec<ArrayRef>> {
        let at = take_first(&mut self.at, first);
        self.held.take_first(first);
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
            let rows: Vec<(usize, usize)> = at
                .iter()
                .map(|at| at.map_or((absent, 0), |winner| (winner.batch as usize, winner.row as usize)))
                .collect();
            columns.push(interleave(&arrays, &rows)?);
        }
        if self.at.is_empty() {
            self.batches.clear();
            (self.compacted, self.waiting_rows, self.waiting_bytes) = (0, 0, 0);
        }
        Ok(columns)
    }
}

impl Groups for Best {
    fn grow(&mut self, total: usize) {
        if self.at.len() < total {
            self.at.resize(total, None);
            self.held.grow(total);
        }
    }

    fn update(&mut self, values: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let keys = argument(values, 0)?;
        self.contest(keys, rows)?;
        if self.touched.is_empty() {
            return Ok(());
        }
        if self.touched.len() > keys.len() / 4 {
            // Most of the batch may be beaten by the next: it waits as it is.
            self.waiting_rows += keys.len();
            self.waiting_bytes += values.iter().map(value_bytes).sum::<usize>();
            self.batches.push(values.to_vec());
        } else {
            let mut rows = Vec::with_capacity(self.touched.len());
            for (group, slot) in self.touched.iter().zip(0u32..) {
                if let Some(Some(winner)) = self.at.get_mut(*group as usize) {
                    rows.push(std::mem::replace(&mut winner.row, slot));
                }
            }
            let indices = UInt32Array::from(rows);
            let taken: Result<Vec<ArrayRef>> =
                values.iter().map(|v| Ok(own(take(v.as_ref(), &indices, None)?))).collect();
            let taken = taken?;
            self.waiting_rows += indices.len();
            self.waiting_bytes += taken.iter().map(value_bytes).sum::<usize>();
            self.batches.push(taken);
        }
        // Only worth it when most of what waits was beaten, or at least much of it.
        let enough = self.waiting_rows > WAITING_ROWS.max(self.at.len()) || self.batches.len() > 1024;
        if enough || self.waiting_bytes > WAITING_BYTES.max(self.compacted) {
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
        self.compacted
            + self.waiting_bytes
            + self.at.capacity() * size_of::<Option<Winner>>()
            + self.held.size()
            + self.touched.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray};
    use arrow::datatypes::Field;

    use super::*;

    fn state(wins: Wins) -> Best {
        let fields = Fields::from(vec![Field::new("c0", DataType::Utf8View, true)]);
        Best::new(wins, DataType::Int64, fields, vec![true])
    }

    fn add(best: &mut Best, keys: Vec<Option<i64>>, texts: Vec<&str>, groups: &[usize]) {
        let arrays: [ArrayRef; 2] = [Arc::new(Int64Array::from(keys)), Arc::new(StringViewArray::from(texts))];
        let rows: Vec<_> = groups.iter().copied().enumerate().collect();
        best.grow(groups.iter().max().map_or(0, |g| g + 1));
        best.update(&arrays, &rows).unwrap();
    }

    fn texts(array: &ArrayRef) -> Vec<String> {
        array.as_struct().column(0).as_string_view().iter().map(|t| t.unwrap_or("null").to_owned()).collect()
    }

    #[test]
    fn the_first_of_equal_keys_wins_and_null_only_without_a_rival() {
        let mut best = state(Wins::Greatest);
        add(&mut best, vec![None, Some(1), Some(1), None], vec!["n", "a", "b", "only"], &[0, 0, 0, 1]);
        add(&mut best, vec![Some(1), None], vec!["c", "later"], &[0, 1]);
        best.grow(3);
        assert_eq!(texts(&best.results(None).unwrap()), ["a", "only", ""]);
    }

    #[test]
    fn winners_survive_compaction_and_hand_over() {
        let (mut one, mut other) = (state(Wins::Least), state(Wins::Least));
        let long = |n: i64| format!("the text of the row with key {n}");
        for round in 0..40i64 {
            let keys: Vec<i64> = (0..8_000).map(|row| 1_000_000 - round * 8_000 - row).collect();
            let rows: Vec<String> = keys.iter().map(|key| long(*key)).collect();
            let groups: Vec<usize> = (0..8_000).map(|row| row % 3_000).collect();
            let part = if round % 2 == 0 { &mut one } else { &mut other };
            add(part, keys.into_iter().map(Some).collect(), rows.iter().map(String::as_str).collect(), &groups);
        }
        assert!(one.size() < 64 << 20, "{}", one.size());
        let state = other.state(None).unwrap();
        let rows: Vec<_> = (0..3_000).map(|group| (group, group)).collect();
        one.merge(&state, &rows).unwrap();
        let result = texts(&one.results(None).unwrap());
        // The last round ends with keys 680,001 to 688,000, row by row; group 0 is last met at its row 6,000.
        assert_eq!(result[0], long(1_000_000 - 39 * 8_000 - 6_000));
        assert_eq!(result[1_999], long(1_000_000 - 39 * 8_000 - 7_999));
        assert_eq!(result[2_999], long(1_000_000 - 39 * 8_000 - 5_999));
    }

    #[test]
    fn a_few_winners_of_a_batch_are_taken_out_of_it() {
        let mut best = state(Wins::Greatest);
        add(
            &mut best,
            vec![Some(1), Some(2), Some(3), Some(4), Some(0), Some(0), Some(0), Some(0)],
            vec!["a"; 8],
            &[0; 8],
        );
        add(&mut best, vec![Some(9); 8], vec!["b", "c", "d", "e", "f", "g", "h", "i"], &[0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(texts(&best.results(Some(1)).unwrap()), ["b"]);
        assert_eq!(texts(&best.results(None).unwrap()), ["i"]);
    }
}
