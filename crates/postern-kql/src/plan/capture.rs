//! Captures of a regular expression as columns: the ground of `parse`, `parse-where` and `extract`-like operators.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, StringViewBuilder, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::logical_expr::{Expr, ScalarUDF, Volatility};
use regex::Regex;

use super::guard;
use crate::functions::raw_kernel_udf;
use crate::types::KqlType;

/// The name of the group of a pattern that is a column, apart from groups that the pattern has of its own.
pub fn group(column: usize) -> String {
    format!("__column{column}")
}

/// The struct of what the first `count` [`group`]s of `regex` are in `text`; one that took no part is null, and so is
/// every field where the pattern does not match. Field names are `0`, `1`, …; the last field, `matched`, tells a match.
pub fn captures(text: Expr, regex: &Regex, count: usize) -> Expr {
    udf(regex.clone(), count).call(vec![text])
}

/// One field of what [`captures`] yields.
pub fn field(captures: Expr, name: &str) -> Expr {
    datafusion::functions::core::expr_fn::get_field(captures, name.to_owned())
}

fn udf(regex: Regex, count: usize) -> ScalarUDF {
    let mut fields: Vec<Field> = (0..count).map(|i| Field::new(i.to_string(), DataType::Utf8View, true)).collect();
    fields.push(Field::new("matched", DataType::Boolean, false));
    let fields = Fields::from(fields);
    let returns = DataType::Struct(fields.clone());
    let config = regex.as_str().to_owned();
    let place = |column| regex.capture_names().position(|name| name == Some(group(column).as_str()));
    let places: Vec<Option<usize>> = (0..count).map(place).collect();
    raw_kernel_udf("captures", config, vec![KqlType::String.arrow()], returns, Volatility::Immutable, move |args| {
        let texts = args.get(0)?.text()?;
        let mut columns: Vec<StringViewBuilder> = (0..count).map(|_| StringViewBuilder::new()).collect();
        let mut matched = Vec::with_capacity(args.rows);
        let mut locations = regex.capture_locations();
        for row in 0..args.rows {
            let text = texts.get(row).unwrap_or_default();
            let found = regex.captures_read(&mut locations, text).is_some();
            matched.push(found);
            if guard::grow(if found { text.len() } else { 16 * count }) || guard::tick(1 + text.len() / 64) {
                guard::check()?;
            }
            for (place, column) in places.iter().zip(&mut columns) {
                let range = if found { place.and_then(|place| locations.get(place)) } else { None };
                column.append_option(range.and_then(|(start, end)| text.get(start..end)));
            }
        }
        let mut arrays: Vec<ArrayRef> =
            columns.into_iter().map(|mut column| Arc::new(column.finish()) as ArrayRef).collect();
        arrays.push(Arc::new(BooleanArray::from(matched)));
        let array = StructArray::try_new(fields.clone(), arrays, None)?;
        debug_assert_eq!(array.len(), args.rows);
        Ok(Arc::new(array) as ArrayRef)
    })
}
