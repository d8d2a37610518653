//! Building result arrays row by row without an allocation for each row, under the limits of the query
//! ([`crate::plan::guard`]).

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, StringViewBuilder};
use datafusion::common::Result;

use crate::plan::guard;
use crate::types::{DECIMAL_PRECISION, DECIMAL_SCALE};

/// Bytes of a text's place in its array.
const VIEW: usize = 16;
/// So many bytes written take as long as a step of a computation.
const BYTES_PER_STEP: usize = 64;

/// Strings: the closure writes each row's text into an empty buffer.
pub fn strings(rows: usize, mut write: impl FnMut(usize, &mut String)) -> Result<ArrayRef> {
    texts(rows, |row, out| {
        write(row, out);
        Some(())
    })
}

/// Nullable text (`guid`, `dynamic`): `None` makes the row null.
pub fn texts(rows: usize, mut write: impl FnMut(usize, &mut String) -> Option<()>) -> Result<ArrayRef> {
    let mut builder = StringViewBuilder::with_capacity(rows);
    let mut buffer = String::new();
    for row in 0..rows {
        buffer.clear();
        match write(row, &mut buffer) {
            Some(()) => builder.try_append_value(&buffer)?,
            None => builder.append_null(),
        }
        if guard::grow(buffer.len() + VIEW) || guard::tick(1 + buffer.len() / BYTES_PER_STEP) {
            guard::check()?;
        }
    }
    guard::check()?;
    Ok(Arc::new(builder.finish()))
}

/// `long`, `datetime` or `timespan`.
pub fn longs(rows: usize, value: impl FnMut(usize) -> Option<i64>) -> Result<ArrayRef> {
    let array = guarded(rows, value).collect::<Int64Array>();
    guard::check()?;
    Ok(Arc::new(array))
}

/// `int`.
pub fn ints(rows: usize, value: impl FnMut(usize) -> Option<i32>) -> Result<ArrayRef> {
    let array = guarded(rows, value).collect::<Int32Array>();
    guard::check()?;
    Ok(Arc::new(array))
}

/// `real`.
pub fn reals(rows: usize, value: impl FnMut(usize) -> Option<f64>) -> Result<ArrayRef> {
    let array = guarded(rows, value).collect::<Float64Array>();
    guard::check()?;
    Ok(Arc::new(array))
}

/// `bool`.
pub fn bools(rows: usize, value: impl FnMut(usize) -> Option<bool>) -> Result<ArrayRef> {
    let array = guarded(rows, value).collect::<BooleanArray>();
    guard::check()?;
    Ok(Arc::new(array))
}

/// `decimal`, scaled.
pub fn decimals(rows: usize, value: impl FnMut(usize) -> Option<i128>) -> Result<ArrayRef> {
    let array = guarded(rows, value).collect::<Decimal128Array>();
    guard::check()?;
    Ok(Arc::new(array.with_precision_and_scale(DECIMAL_PRECISION, DECIMAL_SCALE)?))
}

/// The values of all rows; nulls from where the query is over.
fn guarded<T>(rows: usize, mut value: impl FnMut(usize) -> Option<T>) -> impl Iterator<Item = Option<T>> {
    let mut over = false;
    (0..rows).map(move |row| {
        over = over || guard::tick(1);
        if over { None } else { value(row) }
    })
}
