//! Arrays put into another order: sorting, rotating, shifting.

use std::cmp::Ordering;

use super::super::support::build;
use super::super::support::define::{Scalar, any_number, call, example, info, optional, param};
use super::super::support::json::{self, ArrayText, Kind};
use super::array::is_array;
use crate::functions::conversion::Value;
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{Bool, Dynamic, Long};

fn rank(raw: &str) -> u8 {
    match json::kind(raw) {
        Some(Kind::Number) => 0,
        Some(Kind::String) => 1,
        Some(Kind::Bool(_)) => 2,
        _ => 3,
    }
}

/// The order of two raw values that are not null: numbers by value, then text by code point, then all others.
pub fn compare(a: &str, b: &str) -> Ordering {
    rank(a).cmp(&rank(b)).then_with(|| match (json::kind(a), json::kind(b)) {
        (Some(Kind::Number), Some(Kind::Number)) => {
            let number = |raw| Value::Json(raw).to_real().unwrap_or(f64::NAN);
            match (Value::Json(a).to_long(), Value::Json(b).to_long()) {
                (Some(x), Some(y)) if !a.contains(['.', 'e', 'E']) && !b.contains(['.', 'e', 'E']) => x.cmp(&y),
                _ => number(a).total_cmp(&number(b)),
            }
        }
        (Some(Kind::Bool(x)), Some(Kind::Bool(y))) => x.cmp(&y),
        (Some(Kind::String), Some(Kind::String)) => json::string_value(a).cmp(&json::string_value(b)),
        _ => a.cmp(b),
    })
}

const SORT: &[Param] = &[
    param("array", "dynamic", "The array whose order counts."),
    any_number(
        "other",
        "dynamic",
        "Arrays to bring into the same order, and last a bool: nulls go last (the default).",
    ),
];

fn sort(name: &'static str, args: &[BoundExpr], descending: bool) -> Result<BoundExpr, BindError> {
    let (arrays, nulls_last) = match args.split_last() {
        Some((last, rest)) if last.ty == Bool && !rest.is_empty() => {
            let flag = last.constant.as_ref().and_then(crate::types::Const::as_bool);
            (rest, flag.ok_or_else(|| BindError::new("the nulls-last flag must be a constant").at(rest.len()))?)
        }
        _ => (args, true),
    };
    let single = arrays.len() == 1;
    let config = format!("{nulls_last}");
    super::super::support::define::call_with(name, &config, arrays, &[Dynamic], Dynamic, move |args| {
        let first = args.get(0)?.text()?;
        build::texts(args.rows, |row, out| {
            let keys: Vec<&str> = json::elements(first.get(row).filter(|raw| is_array(raw))?).collect();
            let mut order: Vec<usize> = (0..keys.len()).collect();
            let key = |at: usize| keys.get(at).copied().filter(|raw| !json::is_null(raw));
            order.sort_by(|a, b| match (key(*a), key(*b)) {
                (Some(a), Some(b)) if descending => compare(b, a),
                (Some(a), Some(b)) => compare(a, b),
                (None, None) => Ordering::Equal,
                (None, _) if nulls_last => Ordering::Greater,
                (_, None) if nulls_last => Ordering::Less,
                (None, _) => Ordering::Less,
                (_, None) => Ordering::Greater,
            });
            let mut all = ArrayText::new();
            for arg in &args.args {
                let raw = arg.text().ok()?.get(row);
                let values: Option<Vec<&str>> =
                    raw.filter(|raw| is_array(raw)).map(|raw| json::elements(raw).collect());
                let sorted = values.filter(|v| v.len() == keys.len()).map(|values| {
                    let mut sorted = ArrayText::new();
                    order.iter().filter_map(|at| values.get(*at)).for_each(|e| sorted.raw(e));
                    sorted.finish()
                });
                all.raw(sorted.as_deref().unwrap_or("null"));
                if single {
                    out.push_str(&sorted?);
                    return Some(());
                }
            }
            out.push_str(&all.finish());
            Some(())
        })
    })
}

/// `array_sort_asc(array, …)`: numbers, then text by code point, then all others, nulls last unless told otherwise. With
/// several arrays the result is an array of arrays in the order of the first.
pub const ARRAY_SORT_ASC: Scalar = Scalar::new(
    info(
        "array_sort_asc",
        "dynamic",
        "The elements in ascending order; further arrays follow the order of the first.",
        SORT,
        "dynamic",
        &[example("print array_sort_asc(dynamic([3, null, 1]))", "[1,3,null]")],
    ),
    |args, _| sort("array_sort_asc", args, false),
)
.column_each();

/// `array_sort_desc(array, …)`: as `array_sort_asc`, the other way round; nulls stay last.
pub const ARRAY_SORT_DESC: Scalar = Scalar::new(
    info(
        "array_sort_desc",
        "dynamic",
        "The elements in descending order; further arrays follow the order of the first.",
        SORT,
        "dynamic",
        &[example("print array_sort_desc(dynamic([3, null, 4]))", "[4,3,null]")],
    ),
    |args, _| sort("array_sort_desc", args, true),
)
.column_each();

fn shifted(name: &'static str, args: &[BoundExpr], rotate: bool, left: bool) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic, Long, Dynamic], Dynamic, move |args| {
        let (array, by) = (args.get(0)?.text()?, args.get(1)?.longs()?);
        build::texts(args.rows, |row, out| {
            let values: Vec<&str> = json::elements(array.get(row).filter(|raw| is_array(raw))?).collect();
            // An array of texts is filled with empty ones.
            let texts = !values.is_empty() && values.iter().all(|raw| json::kind(raw) == Some(Kind::String));
            let fill = match args.args.get(2) {
                Some(fill) => fill.text().ok()?.get(row).unwrap_or("null"),
                None if texts => "\"\"",
                None => "null",
            };
            let by = if left { by.get(row)? } else { by.get(row)?.checked_neg()? };
            let count = values.len() as i64;
            let mut built = ArrayText::new();
            for at in 0..count {
                let from = at.saturating_add(by);
                let from = if rotate { from.rem_euclid(count) } else { from };
                let value = usize::try_from(from).ok().and_then(|from| values.get(from));
                built.raw(value.copied().unwrap_or(fill));
            }
            out.push_str(&built.finish());
            Some(())
        })
    })
}

const ROTATE: &[Param] = &[
    param("array", "dynamic", "The array."),
    param("count", "long", "By how many positions; negative the other way."),
];
const SHIFT: &[Param] = &[
    param("array", "dynamic", "The array."),
    param("count", "long", "By how many positions; negative the other way."),
    optional("fill", "any", "What to put into the freed positions; unless given, null, or \"\" in an array of texts."),
];

/// `array_rotate_left(array, count)`.
pub const ARRAY_ROTATE_LEFT: Scalar = Scalar::new(
    info(
        "array_rotate_left",
        "dynamic",
        "The elements moved to the left, those falling out coming back at the end.",
        ROTATE,
        "dynamic",
        &[example("print array_rotate_left(dynamic([1, 2, 3]), 1)", "[2,3,1]")],
    ),
    |args, _| shifted("array_rotate_left", args, true, true),
);

/// `array_rotate_right(array, count)`.
pub const ARRAY_ROTATE_RIGHT: Scalar = Scalar::new(
    info(
        "array_rotate_right",
        "dynamic",
        "The elements moved to the right, those falling out coming back at the start.",
        ROTATE,
        "dynamic",
        &[example("print array_rotate_right(dynamic([1, 2, 3]), 1)", "[3,1,2]")],
    ),
    |args, _| shifted("array_rotate_right", args, true, false),
);

/// `array_shift_left(array, count [, fill])`.
pub const ARRAY_SHIFT_LEFT: Scalar = Scalar::new(
    info(
        "array_shift_left",
        "dynamic",
        "The elements moved to the left; freed positions are filled.",
        SHIFT,
        "dynamic",
        &[example("print array_shift_left(dynamic([1, 2, 3]), 1)", "[2,3,null]")],
    ),
    |args, _| shifted("array_shift_left", args, false, true),
);

/// `array_shift_right(array, count [, fill])`.
pub const ARRAY_SHIFT_RIGHT: Scalar = Scalar::new(
    info(
        "array_shift_right",
        "dynamic",
        "The elements moved to the right; freed positions are filled.",
        SHIFT,
        "dynamic",
        &[example("print array_shift_right(dynamic([1, 2, 3]), 1, 0)", "[0,1,2]")],
    ),
    |args, _| shifted("array_shift_right", args, false, false),
);
