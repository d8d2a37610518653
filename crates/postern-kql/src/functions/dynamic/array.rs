//! Arrays: building, measuring, slicing, searching, sorting.
//!
//! A value that is not an array gives null unless a function says otherwise. Positions count from 0.

use std::cmp::Ordering;

use super::super::support::build;
use super::super::support::define::{
    Scalar, also, any_number, call, call_as_is, example, info, optional, param, repeated,
};
use super::super::support::json::{self, ArrayText, Kind};
use crate::functions::conversion::{Value, push_json, read};
use crate::functions::kernel::KernelArgs;
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{Bool, Dynamic, Long, Real, String as Text};

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

/// `array_index_of(array, value [, start [, length [, occurrence]]])`: -1 when absent; strings compare with case.
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
                let length = extra(3, row).filter(|l| *l >= 0).unwrap_or(i64::MAX);
                let mut left = extra(4, row).unwrap_or(1);
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
                    .sum()
            })
        })
    },
);

fn rank(raw: &str) -> u8 {
    match json::kind(raw) {
        Some(Kind::Number) => 0,
        Some(Kind::Bool(_)) => 1,
        Some(Kind::String) => 2,
        _ => 3,
    }
}

/// The order of two raw values that are not null: numbers by value, then bools, then text by code point.
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

/// `array_sort_asc(array, …)`: numbers, then bools, then text by code point, nulls last unless told otherwise. With several
/// arrays the result is an array of arrays in the order of the first.
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

fn shifted(name: &'static str, args: &[BoundExpr], rotate: bool, left: bool) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic, Long, Dynamic], Dynamic, move |args| {
        let (array, by) = (args.get(0)?.text()?, args.get(1)?.longs()?);
        build::texts(args.rows, |row, out| {
            let values: Vec<&str> = json::elements(array.get(row).filter(|raw| is_array(raw))?).collect();
            let fill = args.args.get(2).and_then(|a| a.text().ok()?.get(row)).unwrap_or("null");
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
    optional("fill", "any", "What to put into the freed positions; null unless given."),
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

/// `array_iff(conditions, when_true, when_false)`: element by element; an array shorter than the conditions gives nulls, a
/// value that is no array stands for every element.
pub const ARRAY_IFF: Scalar = Scalar::new(
    also(
        info(
            "array_iff",
            "dynamic",
            "Chooses element by element between two arrays.",
            &[
                param("conditions", "dynamic", "An array of bools (numbers are true unless zero)."),
                param("when_true", "any", "Array or value taken where the condition holds."),
                param("when_false", "any", "Array or value taken where it does not."),
            ],
            "dynamic",
            &[example("print array_iff(dynamic([true, false]), dynamic([1, 2]), dynamic([3, 4]))", "[1,4]")],
        ),
        &["array_iif"],
    ),
    |args, _| {
        call("array_iff", args, &[Dynamic], Dynamic, |args| {
            let (conditions, yes, no) = (args.get(0)?.text()?, args.get(1)?.text()?, args.get(2)?.text()?);
            build::texts(args.rows, |row, out| {
                let raw = conditions.get(row).filter(|raw| is_array(raw))?;
                let list = |value: Option<&'_ str>| {
                    value
                        .filter(|raw| is_array(raw))
                        .map(|raw| json::elements(raw).map(str::to_owned).collect::<Vec<_>>())
                };
                let (yes, no) = (yes.get(row), no.get(row));
                let (yes_list, no_list) = (list(yes), list(no));
                let mut built = ArrayText::new();
                for (at, condition) in json::elements(raw).enumerate() {
                    let chosen = match Value::Json(condition).to_bool() {
                        Some(true) => pick(yes_list.as_deref(), yes, at),
                        Some(false) => pick(no_list.as_deref(), no, at),
                        None => None,
                    };
                    built.raw(chosen.unwrap_or("null"));
                }
                out.push_str(&built.finish());
                Some(())
            })
        })
    },
);

fn pick<'a>(list: Option<&'a [String]>, whole: Option<&'a str>, at: usize) -> Option<&'a str> {
    match list {
        Some(list) => list.get(at).map(String::as_str),
        None => whole,
    }
}

/// `range(start, stop [, step])`: both ends belong to it; at most 1,048,576 elements.
pub const RANGE: Scalar = Scalar::new(
    info(
        "range",
        "dynamic",
        "An array of equally spaced values, both ends included.",
        &[
            param("start", "long, real, datetime or timespan", "The first value."),
            param("stop", "the same", "No value goes beyond it."),
            optional("step", "long, real or timespan", "The distance; 1, or 1h for times."),
        ],
        "dynamic",
        &[example("print range(1, 8, 3)", "[1,4,7]")],
    ),
    |args, _| range(args),
);

const RANGE_LIMIT: usize = 1 << 20;

fn range(args: &[BoundExpr]) -> Result<BoundExpr, BindError> {
    use crate::types::KqlType::{DateTime, Decimal, Int, TimeSpan};
    let (Some(start), Some(stop)) = (args.first(), args.get(1)) else {
        return Err(BindError::new("`range` needs a start and a stop"));
    };
    let real = args.iter().any(|a| matches!(a.ty, Real | Decimal));
    let (ty, step_ty) = match start.ty {
        DateTime => (DateTime, TimeSpan),
        TimeSpan => (TimeSpan, TimeSpan),
        Int | Long | Real | Decimal | Dynamic if real => (Real, Real),
        Int | Long | Dynamic => (Long, Long),
        other => return Err(BindError::new(format!("`range` cannot count in `{other}`")).at(0)),
    };
    if stop.ty != ty && !stop.ty.is_numeric() && stop.ty != Dynamic {
        return Err(BindError::new(format!("expected `{ty}`, not `{}`", stop.ty)).at(1));
    }
    call("range", args, &[ty, ty, step_ty], Dynamic, move |args| {
        build::texts(args.rows, |row, out| {
            let mut built = ArrayText::new();
            let mut text = String::new();
            if ty == Real {
                let get = |at: usize| args.args.get(at).and_then(|a| a.reals().ok()?.get(row));
                let (start, stop) = (get(0)?, get(1)?);
                let step = if args.args.len() > 2 { get(2)? } else { 1.0 };
                let count = ((stop - start) / step).floor();
                if step == 0.0 || !count.is_finite() {
                    return None;
                }
                for at in 0..(count + 1.0).clamp(0.0, RANGE_LIMIT as f64) as usize {
                    built.raw(&json::real(start + step * at as f64));
                }
            } else {
                let get = |at: usize| args.args.get(at).and_then(|a| a.longs().ok()?.get(row));
                let (mut value, stop) = (get(0)?, get(1)?);
                let one = if ty == Long { 1 } else { crate::types::TICKS_PER_HOUR };
                let step = if args.args.len() > 2 { get(2)? } else { one };
                if step == 0 {
                    return None;
                }
                for _ in 0..RANGE_LIMIT {
                    if (step > 0 && value > stop) || (step < 0 && value < stop) {
                        break;
                    }
                    text.clear();
                    let shown = match ty {
                        DateTime => Value::DateTime(value),
                        TimeSpan => Value::TimeSpan(value),
                        _ => Value::Long(value),
                    };
                    push_json(&mut text, &shown);
                    built.raw(&text);
                    let Some(next) = value.checked_add(step) else { break };
                    value = next;
                }
            }
            out.push_str(&built.finish());
            Some(())
        })
    })
}

/// `repeat(value, count)`.
pub const REPEAT: Scalar = Scalar::new(
    info(
        "repeat",
        "dynamic",
        "An array of one value many times; null for a negative count.",
        &[param("value", "any", "The value."), param("count", "long", "How many times, at most 1,048,576.")],
        "dynamic",
        &[example("print repeat(1, 3)", "[1,1,1]")],
    ),
    |args, _| {
        let ty = args.first().map_or(Dynamic, |a| a.ty);
        call("repeat", args, &[ty, Long], Dynamic, move |args| {
            let count = args.get(1)?.longs()?;
            build::texts(args.rows, |row, out| {
                let times = usize::try_from(count.get(row)?).ok()?.min(RANGE_LIMIT);
                let mut text = String::new();
                match read(args.args.first()?, ty, row) {
                    Some(value) => push_json(&mut text, &value),
                    None => text.push_str("null"),
                }
                let mut built = ArrayText::new();
                (0..times).for_each(|_| built.raw(&text));
                out.push_str(&built.finish());
                Some(())
            })
        })
    },
);

/// `zip(a, b, …)`: the i-th elements side by side; shorter arrays are filled with nulls.
pub const ZIP: Scalar = Scalar::new(
    info(
        "zip",
        "dynamic",
        "An array of arrays of the elements at the same positions.",
        &[repeated("array", "dynamic", "The arrays, at least two.")],
        "dynamic",
        &[example("print zip(dynamic([1, 3]), dynamic([2, 4]))", "[[1,2],[3,4]]")],
    ),
    |args, _| {
        call("zip", args, &[Dynamic], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let mut lists: Vec<Vec<&str>> = Vec::with_capacity(args.args.len());
                for arg in &args.args {
                    let raw = arg.text().ok()?.get(row);
                    lists.push(match raw {
                        Some(raw) if is_array(raw) => json::elements(raw).collect(),
                        Some(raw) => vec![raw],
                        None => Vec::new(),
                    });
                }
                let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
                let mut all = ArrayText::new();
                for at in 0..longest {
                    let mut tuple = ArrayText::new();
                    lists.iter().for_each(|list| tuple.raw(list.get(at).copied().unwrap_or("null")));
                    all.raw(&tuple.finish());
                }
                out.push_str(&all.finish());
                Some(())
            })
        })
    },
);

/// `strcat_array(array, delimiter)`: the elements' text forms joined; null elements are empty.
pub const STRCAT_ARRAY: Scalar = Scalar::new(
    also(
        info(
            "strcat_array",
            "dynamic",
            "The elements as text, joined by a delimiter.",
            &[param("array", "dynamic", "The array."), param("delimiter", "string", "What goes between.")],
            "string",
            &[example("print strcat_array(dynamic([1, \"a\"]), \"-\")", "1-a")],
        ),
        &["array_strcat"],
    ),
    |args, _| {
        call("strcat_array", args, &[Dynamic, Text], Text, |args| {
            let (array, delimiter) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::strings(args.rows, |row, out| {
                let delimiter = delimiter.get(row).unwrap_or("");
                for (at, element) in json::elements(array.get(row).unwrap_or("")).enumerate() {
                    if at > 0 {
                        out.push_str(delimiter);
                    }
                    if !json::is_null(element) {
                        Value::Json(element).push_text(out);
                    }
                }
            })
        })
    },
);
