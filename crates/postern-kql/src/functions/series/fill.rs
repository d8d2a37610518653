//! Filling nulls: `series_fill_const`, `series_fill_forward`, `series_fill_backward`, `series_fill_linear`.

use super::{Series, read, write};
use crate::functions::conversion::{self, Value, push_json};
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::functions::support::json::{self, ArrayText};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{Bool, Dynamic};

const FILL: &[Param] = &[
    param("series", "dynamic", "The series."),
    optional("missing_value_placeholder", "any", "What counts as missing; null unless given."),
];

/// What counts as missing, besides nothing: a value of the placeholder's type.
fn is_missing(element: &str, placeholder: Option<&Value<'_>>) -> bool {
    match placeholder {
        None => json::is_null(element),
        Some(value) => {
            let mut text = String::new();
            push_json(&mut text, value);
            super::super::dynamic::set::canonical(element) == super::super::dynamic::set::canonical(&text)
        }
    }
}

fn elements(name: &'static str, args: &[BoundExpr], forward: bool) -> Result<BoundExpr, BindError> {
    let ty = args.get(1).map_or(Dynamic, |a| a.ty);
    call(name, args, &[Dynamic, ty], Dynamic, move |args| {
        let series = args.get(0)?.text()?;
        build::texts(args.rows, |row, out| {
            let placeholder = args.args.get(1).and_then(|a| conversion::read(a, ty, row));
            let mut list: Vec<&str> = json::elements(series.get(row)?).collect();
            if !forward {
                list.reverse();
            }
            let mut last: Option<&str> = None;
            for element in &mut list {
                if !is_missing(element, placeholder.as_ref()) {
                    last = Some(*element);
                } else if let Some(last) = last {
                    *element = last;
                }
            }
            if !forward {
                list.reverse();
            }
            let mut filled = ArrayText::new();
            list.iter().for_each(|e| filled.raw(e));
            out.push_str(&filled.finish());
            Some(())
        })
    })
}

/// `series_fill_forward(series [, placeholder])`: leading missing values stay.
pub const FILL_FORWARD: Scalar = Scalar::new(
    info(
        "series_fill_forward",
        "series",
        "Missing values take the last value before them.",
        FILL,
        "dynamic",
        &[example("print series_fill_forward(dynamic([null, 1, null]))", "[null,1,1]")],
    ),
    |args, _| elements("series_fill_forward", args, true),
)
.keeps_name();

/// `series_fill_backward(series [, placeholder])`: trailing missing values stay.
pub const FILL_BACKWARD: Scalar = Scalar::new(
    info(
        "series_fill_backward",
        "series",
        "Missing values take the next value after them.",
        FILL,
        "dynamic",
        &[example("print series_fill_backward(dynamic([null, 1, null]))", "[1,1,null]")],
    ),
    |args, _| elements("series_fill_backward", args, false),
)
.keeps_name();

/// `series_fill_const(series, value [, placeholder])`.
pub const FILL_CONST: Scalar = Scalar::new(
    info(
        "series_fill_const",
        "series",
        "Missing values become a constant.",
        &[
            param("series", "dynamic", "The series."),
            param("constant_value", "any", "What to put there."),
            optional("missing_value_placeholder", "any", "What counts as missing; null unless given."),
        ],
        "dynamic",
        &[example("print series_fill_const(dynamic([1, null]), 0)", "[1,0]")],
    ),
    |args, _| {
        let (value_ty, ty) = (args.get(1).map_or(Dynamic, |a| a.ty), args.get(2).map_or(Dynamic, |a| a.ty));
        call("series_fill_const", args, &[Dynamic, value_ty, ty], Dynamic, move |args| {
            let series = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let placeholder = args.args.get(2).and_then(|a| conversion::read(a, ty, row));
                let mut fill = String::new();
                match conversion::read(args.args.get(1)?, value_ty, row) {
                    Some(value) => push_json(&mut fill, &value),
                    None => fill.push_str("null"),
                }
                let mut filled = ArrayText::new();
                for element in json::elements(series.get(row)?) {
                    filled.raw(if is_missing(element, placeholder.as_ref()) { &fill } else { element });
                }
                out.push_str(&filled.finish());
                Some(())
            })
        })
    },
)
.keeps_name();

/// Straight lines between the known values; the edges take the nearest value when asked. Whole series stay whole.
fn linear(series: &Series, edges: bool, constant: Option<f64>) -> Vec<Option<f64>> {
    let known: Vec<(usize, f64)> = series.values.iter().enumerate().filter_map(|(at, v)| Some((at, (*v)?))).collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return series.values.iter().map(|_| constant).collect();
    };
    let mut out = series.values.clone();
    for pair in known.windows(2) {
        let [(from, a), (to, b)] = pair else { continue };
        for at in from + 1..*to {
            let value = a + (b - a) * (at - from) as f64 / (to - from) as f64;
            if let Some(slot) = out.get_mut(at) {
                *slot = Some(if series.whole { value.trunc() } else { value });
            }
        }
    }
    if edges {
        out.iter_mut().take(first.0).for_each(|v| *v = Some(first.1));
        out.iter_mut().skip(last.0 + 1).for_each(|v| *v = Some(last.1));
    }
    out
}

/// `series_fill_linear(series [, placeholder [, fill_edges [, constant]]])`: a series without any value becomes the
/// constant.
pub const FILL_LINEAR: Scalar = Scalar::new(
    info(
        "series_fill_linear",
        "series",
        "Missing values are put on straight lines between their neighbours.",
        &[
            param("series", "dynamic", "The series."),
            optional("missing_value_placeholder", "any", "What counts as missing; null always does."),
            optional("fill_edges", "bool", "Whether the ends take the nearest value; true unless given."),
            optional("constant_value", "any", "What a series without values becomes; 0 unless given."),
        ],
        "dynamic",
        &[example("print series_fill_linear(dynamic([null, 1.0, null, 2.0]))", "[1.0,1.0,1.5,2.0]")],
    ),
    |args, _| {
        let ty = args.get(1).map_or(Dynamic, |a| a.ty);
        let constant_ty = args.get(3).map_or(Dynamic, |a| a.ty);
        call("series_fill_linear", args, &[Dynamic, ty, Bool, constant_ty], Dynamic, move |args| {
            let series = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let mut series = read(series.get(row)?)?;
                let placeholder = args.args.get(1).and_then(|a| conversion::read(a, ty, row)?.to_real());
                for value in &mut series.values {
                    if placeholder.is_some() && *value == placeholder {
                        *value = None;
                    }
                }
                let edges = args.args.get(2).is_none_or(|a| a.bools().is_ok_and(|b| b.get(row) != Some(false)));
                // A null that is given keeps the nulls.
                let constant = match args.args.get(3) {
                    Some(constant) => conversion::read(constant, constant_ty, row).and_then(|c| c.to_real()),
                    None => Some(0.0),
                };
                let whole = series.whole && series.values.iter().any(Option::is_some);
                out.push_str(&write(linear(&series, edges, constant), whole));
                Some(())
            })
        })
    },
)
.keeps_name();
