//! Element by element: `series_abs`, `series_add`, `series_equals`, …

use super::{SERIES, Series, read, write};
use crate::functions::conversion::Value;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::functions::support::json::{self, ArrayText};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::Dynamic;

fn unary(name: &'static str, args: &[BoundExpr], keeps_whole: bool, f: fn(f64) -> f64) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic], Dynamic, move |args| {
        let series = args.get(0)?.text()?;
        build::texts(args.rows, |row, out| {
            let series = read(series.get(row)?)?;
            let whole = keeps_whole && series.whole;
            out.push_str(&write(series.values.into_iter().map(|v| v.map(f)), whole));
            Some(())
        })
    })
}

macro_rules! unary_series {
    ($($constant:ident, $name:literal, $whole:literal, $f:expr, $summary:literal, $query:literal, $result:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "(series)`: ", $summary)]
            pub const $constant: Scalar = Scalar::new(
                info($name, "series", $summary, SERIES, "dynamic", &[example($query, $result)]),
                |args, _| unary($name, args, $whole, $f),
            );
        )*
    };
}

unary_series! {
    ABS, "series_abs", true, f64::abs, "The magnitude of each element.", "print series_abs(dynamic([-6, 0, 8]))", "[6,0,8]";
    ACOS, "series_acos", false, f64::acos, "The arccosine of each element.", "print series_acos(dynamic([1]))", "[0.0]";
    ASIN, "series_asin", false, f64::asin, "The arcsine of each element.", "print series_asin(dynamic([0]))", "[0.0]";
    ATAN, "series_atan", false, f64::atan, "The arctangent of each element.", "print series_atan(dynamic([0]))", "[0.0]";
    CEILING, "series_ceiling", false, f64::ceil, "The least whole number not below each element.", "print series_ceiling(dynamic([-1.5, 2.5]))", "[-1.0,3.0]";
    COS, "series_cos", false, f64::cos, "The cosine of each element.", "print series_cos(dynamic([0]))", "[1.0]";
    EXP, "series_exp", false, f64::exp, "e to the power of each element.", "print series_exp(dynamic([0]))", "[1.0]";
    FLOOR, "series_floor", false, f64::floor, "The greatest whole number not above each element.", "print series_floor(dynamic([-1.5, 2.5]))", "[-2.0,2.0]";
    LOG, "series_log", false, f64::ln, "The natural logarithm of each element.", "print series_log(dynamic([1]))", "[0.0]";
    SIGN, "series_sign", true, |v| if v > 0.0 { 1.0 } else if v < 0.0 { -1.0 } else { v }, "The sign of each element.", "print series_sign(dynamic([-6, 0, 8]))", "[-1,0,1]";
    SIN, "series_sin", false, f64::sin, "The sine of each element.", "print series_sin(dynamic([0]))", "[0.0]";
    TAN, "series_tan", false, f64::tan, "The tangent of each element.", "print series_tan(dynamic([0]))", "[0.0]";
}

const PAIR: &[Param] = &[
    param("series1", "dynamic", "A series, or a number for each element of the other."),
    param("series2", "dynamic", "A series, or a number for each element of the other."),
];

/// Two series; a single number stands for a series of as many as the other has. Two numbers are no series.
fn both(a: &str, b: &str) -> Option<(Series, Series)> {
    let repeated = |raw: &str, other: &Series| {
        let whole = json::kind(raw) == Some(json::Kind::Number) && !raw.contains(['.', 'e', 'E']);
        let number = match json::kind(raw) {
            Some(json::Kind::Number) => Value::Json(raw).to_real(),
            _ => None,
        };
        number.map(|number| Series { values: vec![Some(number); other.values.len()], whole })
    };
    match (read(a), read(b)) {
        (Some(a), Some(b)) => Some((a, b)),
        (Some(a), None) => repeated(b, &a).map(|b| (a, b)),
        (None, Some(b)) => repeated(a, &b).map(|a| (a, b)),
        (None, None) => None,
    }
}

/// A shorter series counts as filled up with nulls.
fn pairs(
    name: &'static str,
    args: &[BoundExpr],
    keeps_whole: bool,
    f: fn(f64, f64) -> f64,
) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic], Dynamic, move |args| {
        let (a, b) = (args.get(0)?.text()?, args.get(1)?.text()?);
        build::texts(args.rows, |row, out| {
            let (a, b) = both(a.get(row)?, b.get(row)?)?;
            let length = a.values.len().max(b.values.len());
            let at = |values: &[Option<f64>], at: usize| values.get(at).copied().flatten();
            let values = (0..length).map(|i| Some(f(at(&a.values, i)?, at(&b.values, i)?)));
            out.push_str(&write(values, keeps_whole && a.whole && b.whole));
            Some(())
        })
    })
}

fn tests(name: &'static str, args: &[BoundExpr], f: fn(f64, f64) -> bool) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic], Dynamic, move |args| {
        let (a, b) = (args.get(0)?.text()?, args.get(1)?.text()?);
        build::texts(args.rows, |row, out| {
            let (a, b) = both(a.get(row)?, b.get(row)?)?;
            let mut answers = ArrayText::new();
            for at in 0..a.values.len().max(b.values.len()) {
                let pair = a.values.get(at).copied().flatten().zip(b.values.get(at).copied().flatten());
                answers.raw(match pair {
                    Some((a, b)) if f(a, b) => "true",
                    Some(_) => "false",
                    None => "null",
                });
            }
            out.push_str(&answers.finish());
            Some(())
        })
    })
}

macro_rules! binary_series {
    ($($constant:ident, $name:literal, $bind:expr, $summary:literal, $query:literal, $result:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "(series1, series2)`: ", $summary, " Null where either element is null.")]
            pub const $constant: Scalar = Scalar::new(
                info($name, "series", $summary, PAIR, "dynamic", &[example($query, $result)]),
                |args, _| $bind($name, args),
            );
        )*
    };
}

binary_series! {
    ADD, "series_add", |n, a| pairs(n, a, true, |a, b| a + b), "The sums of the elements.", "print series_add(dynamic([1, 2]), dynamic([3, 4]))", "[4,6]";
    SUBTRACT, "series_subtract", |n, a| pairs(n, a, true, |a, b| a - b), "The differences of the elements.", "print series_subtract(dynamic([1, 2]), dynamic([3, 1]))", "[-2,1]";
    MULTIPLY, "series_multiply", |n, a| pairs(n, a, true, |a, b| a * b), "The products of the elements.", "print series_multiply(dynamic([1, 2]), dynamic([3, 4]))", "[3,8]";
    DIVIDE, "series_divide", |n, a| pairs(n, a, false, |a, b| a / b), "The quotients of the elements.", "print series_divide(dynamic([1, 2]), dynamic([4, 2]))", "[0.25,1.0]";
    POW, "series_pow", |n, a| pairs(n, a, false, f64::powf), "The elements to the power of the other elements.", "print series_pow(dynamic([2, 3]), dynamic([3, 2]))", "[8.0,9.0]";
    EQUALS, "series_equals", |n, a| tests(n, a, |a, b| a == b), "Whether the elements are equal.", "print series_equals(dynamic([1, 2]), dynamic([4, 2]))", "[false,true]";
    NOT_EQUALS, "series_not_equals", |n, a| tests(n, a, |a, b| a != b), "Whether the elements differ.", "print series_not_equals(dynamic([1, 2]), dynamic([4, 2]))", "[true,false]";
    GREATER, "series_greater", |n, a| tests(n, a, |a, b| a > b), "Whether the elements are greater.", "print series_greater(dynamic([1, 5]), dynamic([4, 2]))", "[false,true]";
    GREATER_EQUALS, "series_greater_equals", |n, a| tests(n, a, |a, b| a >= b), "Whether the elements are greater or equal.", "print series_greater_equals(dynamic([1, 2]), dynamic([4, 2]))", "[false,true]";
    LESS, "series_less", |n, a| tests(n, a, |a, b| a < b), "Whether the elements are less.", "print series_less(dynamic([1, 2]), dynamic([4, 2]))", "[true,false]";
    LESS_EQUALS, "series_less_equals", |n, a| tests(n, a, |a, b| a <= b), "Whether the elements are less or equal.", "print series_less_equals(dynamic([1, 5]), dynamic([4, 2]))", "[true,false]";
}
