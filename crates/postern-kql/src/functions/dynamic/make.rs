//! Arrays made from other values, and text made from arrays: `range`, `repeat`, `zip`, `array_iff`, `strcat_array`.

use super::super::support::build;
use super::super::support::define::{Scalar, also, call, example, info, optional, param, repeated};
use super::super::support::json::{self, ArrayText};
use super::array::is_array;
use crate::functions::conversion::{Value, push_json, read};
use crate::functions::{BindError, BoundExpr};
use crate::plan::guard;
use crate::types::KqlType::{Dynamic, Long, Real, String as Text};

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
        &[param("value", "any", "The value."), param("count", "long", "How many times.")],
        "dynamic",
        &[example("print repeat(1, 3)", "[1,1,1]")],
    ),
    |args, _| {
        let ty = args.first().map_or(Dynamic, |a| a.ty);
        call("repeat", args, &[ty, Long], Dynamic, move |args| {
            let count = args.get(1)?.longs()?;
            build::texts(args.rows, |row, out| {
                let times = usize::try_from(count.get(row)?).ok()?;
                let mut text = String::new();
                match read(args.args.first()?, ty, row) {
                    Some(value) => push_json(&mut text, &value),
                    None => text.push_str("null"),
                }
                // All of it is asked for before any of it is made.
                if guard::grow(times.saturating_mul(text.len() + 1)) {
                    return None;
                }
                let mut built = ArrayText::new();
                for _ in 0..times {
                    if guard::tick(1) {
                        return None;
                    }
                    built.raw(&text);
                }
                out.push_str(&built.finish());
                Some(())
            })
        })
    },
)
.prefixes_name("repeat");

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
                    if guard::grow(delimiter.len()) {
                        return;
                    }
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
