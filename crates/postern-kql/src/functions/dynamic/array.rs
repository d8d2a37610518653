//! Arrays: building, measuring, slicing, searching, cutting.
//!
//! A value that is not an array gives null unless a function says otherwise. Positions count from 0.

use super::super::support::build;
use super::super::support::define::{
    Scalar, also, any_number, call, call_as_is, example, info, optional, param, repeated,
};
use super::super::support::json::{self, ArrayText, Kind};
use crate::functions::conversion::{Value, push_json, read};
use crate::functions::kernel::KernelArgs;
use crate::functions::{BoundExpr, Param};
use crate::types::KqlType::{Dynamic, Long, Real};

pub(super) const ARRAY: &[Param] = &[param("array", "dynamic", "The array.")];

pub(super) fn is_array(raw: &str) -> bool {
    json::kind(raw) == Some(Kind::Array)
}

fn text_types(args: &[BoundExpr]) -> Vec<crate::types::KqlType> {
    args.iter().map(|a| a.ty).collect()
}

/// `pack_array(a, b, …)`: nulls stay as nulls; `pack_array(*)` arrives expanded.
pub const PACK_ARRAY: Scalar = Scalar::new(
    info(
        "pack_array",
        "dynamic",
        "An array of the given values.",
        &[any_number("value", "any", "The values, of any types.")],
        "dynamic",
        &[example("print pack_array(1, \"a\", true)", "[1,\"a\",true]")],
    ),
    |args, _| {
        let types = text_types(args);
        Ok(call_as_is("pack_array", "", args, Dynamic, move |args| {
            build::texts(args.rows, |row, out| {
                out.push('[');
                for (at, ty) in types.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    match args.args.get(at).and_then(|arg| read(arg, *ty, row)) {
                        Some(value) => push_json(out, &value),
                        None => out.push_str("null"),
                    }
                }
                out.push(']');
                Some(())
            })
        }))
    },
);

/// `array_length(array)`: null for anything that is not an array.
pub const ARRAY_LENGTH: Scalar = Scalar::new(
    also(
        info(
            "array_length",
            "dynamic",
            "The number of elements; null when the value is no array.",
            ARRAY,
            "long",
            &[example("print array_length(dynamic([1, 2, 3]))", "3")],
        ),
        &["arraylength"],
    ),
    |args, _| {
        call("array_length", args, &[Dynamic], Long, |args| {
            let array = args.get(0)?.text()?;
            build::longs(args.rows, |row| {
                let raw = array.get(row)?;
                is_array(raw).then(|| json::elements(raw).count() as i64)
            })
        })
    },
);

/// `array_concat(a, b, …)`: values that are not arrays are left out; null when none is an array.
pub const ARRAY_CONCAT: Scalar = Scalar::new(
    info(
        "array_concat",
        "dynamic",
        "The elements of all the arrays in one.",
        &[repeated("array", "dynamic", "The arrays.")],
        "dynamic",
        &[example("print array_concat(dynamic([1]), dynamic([2, 3]))", "[1,2,3]")],
    ),
    |args, _| {
        call("array_concat", args, &[Dynamic], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let mut any = false;
                let mut joined = ArrayText::new();
                for arg in &args.args {
                    if let Some(raw) = arg.text().ok()?.get(row).filter(|raw| is_array(raw)) {
                        any = true;
                        json::elements(raw).for_each(|e| joined.raw(e));
                    }
                }
                out.push_str(&joined.finish());
                any.then_some(())
            })
        })
    },
);

/// `array_slice(array, start, end)`: both ends belong to the slice; negative positions count from the end.
pub const ARRAY_SLICE: Scalar = Scalar::new(
    info(
        "array_slice",
        "dynamic",
        "The elements from one position to another, both included.",
        &[
            param("array", "dynamic", "The array."),
            param("start", "long", "The first position; negative from the end."),
            param("end", "long", "The last position; negative from the end."),
        ],
        "dynamic",
        &[example("print array_slice(dynamic([1, 2, 3, 4]), 1, -2)", "[2,3]")],
    ),
    |args, _| {
        call("array_slice", args, &[Dynamic, Long, Long], Dynamic, |args| {
            let (array, start, end) = (args.get(0)?.text()?, args.get(1)?.longs()?, args.get(2)?.longs()?);
            build::texts(args.rows, |row, out| {
                let raw = array.get(row).filter(|raw| is_array(raw))?;
                let count = json::elements(raw).count() as i64;
                let from = position(start.get(row)?, count).max(0);
                let to = position(end.get(row)?, count).min(count - 1);
                let mut slice = ArrayText::new();
                if from <= to {
                    for element in json::elements(raw).skip(from as usize).take((to - from + 1) as usize) {
                        slice.raw(element);
                    }
                }
                out.push_str(&slice.finish());
                Some(())
            })
        })
    },
);

fn position(index: i64, count: i64) -> i64 {
    if index < 0 { index.saturating_add(count) } else { index }
}

/// `array_index_of(array, value [, start [, length [, occurrence]]])`: -1 when absent; strings compare with case; null for
/// a length below -1 or a negative occurrence.
pub const ARRAY_INDEX_OF: Scalar = Scalar::new(
    info(
        "array_index_of",
        "dynamic",
        "The first position of a value in an array, -1 when it is not there.",
        &[
            param("array", "dynamic", "The array."),
            param("value", "any", "The value to find."),
            optional("start", "long", "Where to begin; negative from the end."),
            optional("length", "long", "How many elements to look at; -1 for all."),
            optional("occurrence", "long", "Which occurrence to give, from 1."),
        ],
        "long",
        &[example("print array_index_of(dynamic([\"a\", \"b\"]), \"b\")", "1")],
    ),
    |args, _| {
        let value_ty = args.get(1).map_or(Dynamic, |a| a.ty);
        call("array_index_of", args, &[Dynamic, value_ty, Long, Long, Long], Long, move |args| {
            let array = args.get(0)?.text()?;
            let extra = |at: usize, row: usize| args.args.get(at).and_then(|a| a.longs().ok()?.get(row));
            build::longs(args.rows, |row| {
                let raw = array.get(row).filter(|raw| is_array(raw))?;
                let wanted = read(args.args.get(1)?, value_ty, row);
                let count = json::elements(raw).count() as i64;
                let start = position(extra(2, row).unwrap_or(0), count).max(0);
                let length = extra(3, row).unwrap_or(-1);
                let mut left = extra(4, row).unwrap_or(1);
                if length < -1 || left < 0 {
                    return None;
                }
                let length = if length < 0 { i64::MAX } else { length };
                for (at, element) in json::elements(raw).enumerate().skip(start as usize) {
                    if at as i64 - start >= length {
                        break;
                    }
                    if equals(element, wanted) {
                        left -= 1;
                        if left <= 0 {
                            return Some(at as i64);
                        }
                    }
                }
                Some(-1)
            })
        })
    },
);

/// True when a raw element equals a value: numbers by value, text with case, other dynamic by its JSON.
pub(super) fn equals(element: &str, value: Option<Value<'_>>) -> bool {
    let Some(value) = value else { return json::is_null(element) };
    match (json::kind(element), value) {
        (Some(Kind::String), Value::Json(raw)) => {
            json::kind(raw) == Some(Kind::String) && json::string_value(element) == json::string_value(raw)
        }
        (Some(Kind::String), value) => {
            let mut text = String::new();
            value.push_text(&mut text);
            json::string_value(element) == text
        }
        (Some(Kind::Number), Value::Json(raw)) => {
            json::kind(raw) == Some(Kind::Number) && Value::Json(element).to_real() == Value::Json(raw).to_real()
        }
        (Some(Kind::Number), Value::Text(_)) => false,
        (Some(Kind::Number), value) => Value::Json(element).to_real() == value.to_real(),
        (Some(Kind::Bool(b)), Value::Json(raw)) => json::kind(raw) == Some(Kind::Bool(b)),
        (Some(Kind::Bool(b)), Value::Bool(v)) => b == v,
        (Some(Kind::Array | Kind::Object), Value::Json(raw)) => json::compact(element) == json::compact(raw),
        _ => false,
    }
}

/// `array_reverse(array)`.
pub const ARRAY_REVERSE: Scalar = Scalar::new(
    info(
        "array_reverse",
        "dynamic",
        "The elements in reverse order.",
        ARRAY,
        "dynamic",
        &[example("print array_reverse(dynamic([1, 2, 3]))", "[3,2,1]")],
    ),
    |args, _| {
        call("array_reverse", args, &[Dynamic], Dynamic, |args| {
            map_array(args, |raw, out| {
                let all: Vec<&str> = json::elements(raw).collect();
                all.iter().rev().for_each(|e| out.raw(e));
            })
        })
    },
);

pub(super) fn map_array(
    args: &KernelArgs,
    mut f: impl FnMut(&str, &mut ArrayText),
) -> datafusion::common::Result<arrow::array::ArrayRef> {
    let array = args.get(0)?.text()?;
    build::texts(args.rows, |row, out| {
        let raw = array.get(row).filter(|raw| is_array(raw))?;
        let mut built = ArrayText::new();
        f(raw, &mut built);
        out.push_str(&built.finish());
        Some(())
    })
}

/// `array_sum(array)`: null when an element is not a number.
pub const ARRAY_SUM: Scalar = Scalar::new(
    info(
        "array_sum",
        "dynamic",
        "The sum of the elements; null when one is not a number.",
        ARRAY,
        "real",
        &[example("print array_sum(dynamic([1, 2.5]))", "3.5")],
    ),
    |args, _| {
        call("array_sum", args, &[Dynamic], Real, |args| {
            let array = args.get(0)?.text()?;
            build::reals(args.rows, |row| {
                let raw = array.get(row).filter(|raw| is_array(raw))?;
                json::elements(raw)
                    .map(|e| if json::kind(e) == Some(Kind::Number) { Value::Json(e).to_real() } else { None })
                    // The sum of no numbers is 0, not -0.
                    .try_fold(0.0, |sum, value| Some(sum + value?))
            })
        })
    },
);

/// `array_split(array, at)`: cuts before each of the positions.
pub const ARRAY_SPLIT: Scalar = Scalar::new(
    info(
        "array_split",
        "dynamic",
        "Cuts the array before the given positions into an array of arrays.",
        &[
            param("array", "dynamic", "The array."),
            param("index", "long or dynamic", "A position or an array of positions; negative from the end."),
        ],
        "dynamic",
        &[example("print array_split(dynamic([1, 2, 3]), 1)", "[[1],[2,3]]")],
    ),
    |args, _| {
        call("array_split", args, &[Dynamic, Dynamic], Dynamic, |args| {
            let cuts = args.get(1)?.text()?;
            let array = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let raw = array.get(row).filter(|raw| is_array(raw))?;
                let values: Vec<&str> = json::elements(raw).collect();
                let cut = cuts.get(row)?;
                let wanted: Vec<i64> = if is_array(cut) {
                    json::elements(cut).filter_map(|e| Value::Json(e).to_long()).collect()
                } else {
                    Value::Json(cut).to_long().into_iter().collect()
                };
                let mut all = ArrayText::new();
                let mut from = 0usize;
                let count = values.len() as i64;
                let ends = wanted.into_iter().map(|at| position(at, count).clamp(0, count) as usize);
                for end in ends.chain([values.len()]) {
                    let mut part = ArrayText::new();
                    values.iter().take(end).skip(from).for_each(|e| part.raw(e));
                    all.raw(&part.finish());
                    from = from.max(end);
                }
                out.push_str(&all.finish());
                Some(())
            })
        })
    },
);
