//! Result rows as JSON.
//!
//! A `long` is an integer, a `real` a number or `"NaN"`, `"Infinity"`, `"-Infinity"`, a `datetime` ISO 8601 with seven
//! fraction digits and `Z`, a `timespan` `[-][d.]hh:mm:ss[.fffffff]`, `dynamic` nested JSON, `decimal` and `guid` text,
//! and a missing value null.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Float64Type, Int32Type, Int64Type};
use serde_json::Value;

use crate::catalog::Column;
use crate::functions::support::calendar;
use crate::types::{DECIMAL_SCALE, KqlType};

/// All rows of a result, each a list of values in column order.
pub fn rows(batches: &[RecordBatch], columns: &[Column]) -> Vec<Vec<Value>> {
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| self::row(batch, columns, row))).collect()
}

/// One row of a batch.
pub fn row(batch: &RecordBatch, columns: &[Column], row: usize) -> Vec<Value> {
    columns.iter().zip(batch.columns()).map(|(column, array)| value(array, column.ty, row)).collect()
}

/// One value of a column in engine types; null for a row that is not there.
pub fn value(array: &ArrayRef, ty: KqlType, row: usize) -> Value {
    if row >= array.len() || array.is_null(row) {
        return Value::Null;
    }
    let long = || array.as_primitive_opt::<Int64Type>().map(|a| a.value(row));
    let text = || array.as_string_view_opt().map(|a| a.value(row));
    match ty {
        KqlType::Bool => array.as_boolean_opt().map(|a| Value::Bool(a.value(row))),
        KqlType::Int => array.as_primitive_opt::<Int32Type>().map(|a| Value::from(a.value(row))),
        KqlType::Long => long().map(Value::from),
        KqlType::Real => array.as_primitive_opt::<Float64Type>().map(|a| real(a.value(row))),
        KqlType::Decimal => {
            array.as_primitive_opt::<Decimal128Type>().map(|a| Value::String(decimal_text(a.value(row))))
        }
        KqlType::DateTime => long().map(|ticks| Value::String(calendar::datetime_text(ticks))),
        KqlType::TimeSpan => long().map(|ticks| Value::String(calendar::timespan_text(ticks))),
        KqlType::String | KqlType::Guid => text().map(|t| Value::String(t.to_owned())),
        KqlType::Dynamic => text().map(|t| serde_json::from_str(t).unwrap_or_else(|_| Value::String(t.to_owned()))),
    }
    .unwrap_or(Value::Null)
}

fn real(value: f64) -> Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => Value::String("NaN".to_owned()),
        None if value > 0.0 => Value::String("Infinity".to_owned()),
        None => Value::String("-Infinity".to_owned()),
    }
}

/// A decimal of [`DECIMAL_SCALE`] as text without needless zeros.
pub fn decimal_text(value: i128) -> String {
    let scale = usize::from(DECIMAL_SCALE.unsigned_abs());
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int64Array, StringViewArray};

    use super::*;

    #[test]
    fn special_numbers_are_text() {
        let array: ArrayRef = Arc::new(Float64Array::from(vec![1.5, f64::NAN, f64::NEG_INFINITY]));
        let values: Vec<_> = (0..4).map(|row| value(&array, KqlType::Real, row)).collect();
        assert_eq!(values, vec![Value::from(1.5), Value::from("NaN"), Value::from("-Infinity"), Value::Null]);
    }

    #[test]
    fn ticks_are_shown_by_their_type() {
        let array: ArrayRef = Arc::new(Int64Array::from(vec![864_000_000_001]));
        assert_eq!(value(&array, KqlType::TimeSpan, 0), Value::from("1.00:00:00.0000001"));
        assert_eq!(value(&array, KqlType::DateTime, 0), Value::from("0001-01-02T00:00:00.0000001Z"));
    }

    #[test]
    fn dynamic_is_nested_json() {
        let array: ArrayRef = Arc::new(StringViewArray::from(vec![r#"{"a":[1,null]}"#]));
        assert_eq!(value(&array, KqlType::Dynamic, 0), serde_json::json!({"a": [1, null]}));
    }

    #[test]
    fn decimals_lose_no_digit_and_gain_none() {
        let one = 10i128.pow(17);
        assert_eq!(decimal_text(one * 3 / 2), "1.5");
        assert_eq!(decimal_text(-one / 100), "-0.01");
        assert_eq!(decimal_text(one * 20), "20");
    }
}
