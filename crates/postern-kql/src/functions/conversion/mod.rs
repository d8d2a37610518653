//! Conversions between types, asked for (`tolong()`) or implied.
//!
//! A value that cannot be converted becomes null (`""` for a string), never an error.

mod functions;
mod value;

pub use functions::*;

use arrow::array::{Array, ArrayRef};
use datafusion::common::Result;
use datafusion::logical_expr::Expr;

use super::BoundExpr;
use super::kernel::{Arg, KernelArgs, kernel_udf};
use super::support::slice::Slices;
use super::support::{build, json};
use crate::types::{Const, KqlType};
pub use value::{Value, push_json, read};

/// The argument as another type; what cannot be converted becomes that type's missing value.
pub fn convert(arg: &BoundExpr, to: KqlType) -> BoundExpr {
    if arg.ty == to {
        return arg.clone();
    }
    let from = arg.ty;
    let constant = arg.constant.as_ref().and_then(|value| convert_const(value, to));
    if let Some(constant) = constant {
        return BoundExpr { name: arg.name.clone(), ..BoundExpr::constant(constant) };
    }
    BoundExpr { expr: convert_expr(&arg.expr, from, to), ty: to, constant: None, name: arg.name.clone() }
}

fn convert_expr(expr: &Expr, from: KqlType, to: KqlType) -> Expr {
    if from == KqlType::Guid && to == KqlType::String {
        // A null GUID is the empty string.
        return text_kernel(expr, from, to, |args| {
            let text = args.get(0)?.text()?;
            build::strings(args.rows, |row, out| out.push_str(text.get(row).unwrap_or("")))
        });
    }
    text_kernel(expr, from, to, move |args| cast(args.get(0)?, args.rows, from, to))
}

fn text_kernel(
    expr: &Expr,
    from: KqlType,
    to: KqlType,
    kernel: impl Fn(&KernelArgs) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Expr {
    kernel_udf(format!("to{to}"), from.name(), &[from], to, kernel).call(vec![expr.clone()])
}

/// A constant as another type.
pub fn convert_const(value: &Const, to: KqlType) -> Option<Const> {
    if value.is_null() {
        return Some(Const::null(to));
    }
    let array = value.scalar().to_array_of_size(1).ok()?;
    let out = cast(&Arg { array, scalar: false }, 1, value.ty(), to).ok()?;
    let scalar = datafusion::common::ScalarValue::try_from_array(&out, 0).ok()?;
    Const::from_scalar(&scalar, to)
}

/// Converts an array.
pub fn cast(arg: &Arg, rows: usize, from: KqlType, to: KqlType) -> Result<ArrayRef> {
    if from == to && !arg.scalar {
        return Ok(arg.array.clone());
    }
    match (from, to) {
        (KqlType::Dynamic, KqlType::String) => return dynamic_to_string(arg, rows),
        (KqlType::String, KqlType::Dynamic) => return string_to_dynamic(arg, rows),
        _ => {}
    }
    let value = |row: usize| read(arg, from, row);
    match to {
        KqlType::Bool => build::bools(rows, |row| value(row)?.to_bool()),
        KqlType::Int => build::ints(rows, |row| value(row)?.to_long().and_then(|v| i32::try_from(v).ok())),
        KqlType::Long => build::longs(rows, |row| value(row)?.to_long()),
        KqlType::Real => build::reals(rows, |row| value(row)?.to_real()),
        KqlType::Decimal => build::decimals(rows, |row| value(row)?.to_decimal()),
        KqlType::DateTime => build::longs(rows, |row| value(row)?.to_datetime()),
        KqlType::TimeSpan => build::longs(rows, |row| value(row)?.to_timespan()),
        KqlType::String => build::strings(rows, |row, out| {
            if let Some(value) = value(row) {
                value.push_text(out);
            }
        }),
        KqlType::Guid => build::texts(rows, |row, out| {
            out.push_str(&value(row)?.to_guid()?);
            Some(())
        }),
        KqlType::Dynamic => build::texts(rows, |row, out| {
            push_json(out, &value(row)?);
            Some(())
        }),
    }
}

/// `tostring(dynamic)`: text without its quotes, everything else as compact JSON, null as `""`.
fn dynamic_to_string(arg: &Arg, rows: usize) -> Result<ArrayRef> {
    let Some(mut out) = Slices::over(arg, rows) else {
        return build::strings(rows, |_, _| ());
    };
    for row in 0..rows {
        let Some(raw) = out.get(row).map(json::trim).filter(|raw| *raw != "null") else {
            out.part(row, "");
            continue;
        };
        let text = if raw.starts_with('"') { json::string_value(raw) } else { json::compact(raw) };
        match text {
            std::borrow::Cow::Borrowed(part) => out.part(row, part),
            std::borrow::Cow::Owned(text) => out.own(&text),
        }
    }
    out.finish()
}

/// `parse_json(string)`: JSON text as the value it stands for, any other text as a string value; empty is null.
fn string_to_dynamic(arg: &Arg, rows: usize) -> Result<ArrayRef> {
    let Some(mut out) = Slices::over(arg, rows) else {
        return build::texts(rows, |_, _| None);
    };
    let mut quoted = String::new();
    for row in 0..rows {
        let Some(text) = out.get(row) else {
            out.null();
            continue;
        };
        let raw = json::trim(text);
        if raw.is_empty() || raw == "null" {
            out.null();
        } else if json::validate(raw) {
            out.part(row, raw);
        } else {
            quoted.clear();
            json::push_string(&mut quoted, text);
            out.own(&quoted);
        }
    }
    out.finish()
}

/// True when a text array has no null and nothing to convert; kept here so that callers need not know Arrow.
pub fn has_nulls(array: &ArrayRef) -> bool {
    array.null_count() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: Const, to: KqlType) -> Const {
        convert_const(&value, to).unwrap()
    }

    fn text(value: &str) -> Const {
        Const::String(value.into())
    }

    fn json(value: &str) -> Const {
        Const::Dynamic(value.into())
    }

    #[test]
    fn to_text() {
        for (value, expected) in [
            (Const::Bool(true), "True"),
            (Const::Int(-5), "-5"),
            (Const::Real(1.0), "1.0"),
            (Const::DateTime(crate::types::UNIX_EPOCH_TICKS), "1970-01-01T00:00:00.0000000Z"),
            (Const::TimeSpan(864_000_000_000), "1.00:00:00"),
            (Const::Null(KqlType::Long), ""),
            (Const::Guid("a".into()), "a"),
            (json("\"a\\nb\""), "a\nb"),
            (json("{\"a\": [1, \"x\"]}"), "{\"a\":[1,\"x\"]}"),
            (json("true"), "true"),
            (json("null"), ""),
        ] {
            assert_eq!(one(value, KqlType::String), text(expected));
        }
    }

    #[test]
    fn to_dynamic() {
        assert_eq!(one(text(" {\"a\":1} "), KqlType::Dynamic), json("{\"a\":1}"));
        assert_eq!(one(text("plain \"text\""), KqlType::Dynamic), json("\"plain \\\"text\\\"\""));
        assert_eq!(one(text(""), KqlType::Dynamic), Const::Null(KqlType::Dynamic));
        assert_eq!(one(text("null"), KqlType::Dynamic), Const::Null(KqlType::Dynamic));
        assert_eq!(one(Const::Long(5), KqlType::Dynamic), json("5"));
        assert_eq!(one(Const::Bool(true), KqlType::Dynamic), json("true"));
        assert_eq!(one(Const::TimeSpan(0), KqlType::Dynamic), json("\"00:00:00\""));
    }

    #[test]
    fn to_numbers_and_times() {
        assert_eq!(one(text("123"), KqlType::Long), Const::Long(123));
        assert_eq!(one(text("x"), KqlType::Long), Const::Null(KqlType::Long));
        assert_eq!(one(Const::Long(1 << 40), KqlType::Int), Const::Null(KqlType::Int));
        assert_eq!(one(Const::Real(2.9), KqlType::Long), Const::Long(2));
        assert_eq!(one(json("2.9"), KqlType::Long), Const::Long(2));
        assert_eq!(one(json("\"7\""), KqlType::Long), Const::Long(7));
        assert_eq!(one(json("[1]"), KqlType::Long), Const::Null(KqlType::Long));
        assert_eq!(one(json("\"2020-01-01\""), KqlType::DateTime), one(text("2020-01-01"), KqlType::DateTime));
        assert_eq!(one(text("13-01-2022"), KqlType::DateTime), Const::Null(KqlType::DateTime));
        assert_eq!(one(text("1d"), KqlType::TimeSpan), Const::TimeSpan(864_000_000_000));
        assert_eq!(one(json("\"true\""), KqlType::Bool), Const::Bool(true));
        assert_eq!(one(Const::Long(3), KqlType::Bool), Const::Bool(true));
    }
}
