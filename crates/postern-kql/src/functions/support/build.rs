//! Building result arrays row by row without an allocation for each row.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, StringViewBuilder};
use datafusion::common::Result;

use crate::types::{DECIMAL_PRECISION, DECIMAL_SCALE};

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
    }
    Ok(Arc::new(builder.finish()))
}

/// `long`, `datetime` or `timespan`.
pub fn longs(rows: usize, value: impl FnMut(usize) -> Option<i64>) -> Result<ArrayRef> {
    Ok(Arc::new((0..rows).map(value).collect::<Int64Array>()))
}

/// `int`.
pub fn ints(rows: usize, value: impl FnMut(usize) -> Option<i32>) -> Result<ArrayRef> {
    Ok(Arc::new((0..rows).map(value).collect::<Int32Array>()))
}

/// `real`.
pub fn reals(rows: usize, value: impl FnMut(usize) -> Option<f64>) -> Result<ArrayRef> {
    Ok(Arc::new((0..rows).map(value).collect::<Float64Array>()))
}

/// `bool`.
pub fn bools(rows: usize, value: impl FnMut(usize) -> Option<bool>) -> Result<ArrayRef> {
    Ok(Arc::new((0..rows).map(value).collect::<BooleanArray>()))
}

/// `decimal`, scaled.
pub fn decimals(rows: usize, value: impl FnMut(usize) -> Option<i128>) -> Result<ArrayRef> {
    let array = (0..rows).map(value).collect::<Decimal128Array>();
    Ok(Arc::new(array.with_precision_and_scale(DECIMAL_PRECISION, DECIMAL_SCALE)?))
}
