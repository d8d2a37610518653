//! `+ - * / %` and unary minus over numbers, instants and durations.
//!
//! Whole numbers give a `long`, two `int` too, and wrap like the reference engine's; division by zero is null; the
//! remainder is never negative. An instant or a duration that leaves its range is null, never a wrong value.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array};
use datafusion::logical_expr::{Operator, ScalarUDF, binary_expr};

use super::coerce::{cast, coerce};
use crate::functions::support::{build, number};
use crate::functions::{Arg, BindContext, BindError, BoundExpr, KernelArgs, kernel_udf};
use crate::types::{Const, KqlType, MAX_DATETIME};

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl Arithmetic {
    /// How the query spells it.
    pub const fn text(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Remainder => "%",
        }
    }
}

/// The operator applied to two expressions.
pub fn arithmetic(
    operator: Arithmetic,
    left: &BoundExpr,
    right: &BoundExpr,
    cx: &BindContext,
) -> Result<BoundExpr, BindError> {
    use KqlType::{DateTime, Decimal, Dynamic, Long, Real, TimeSpan};
    let fail = || Err(mismatch(operator, left.ty, right.ty));
    let (left, right) = &match (left.ty, right.ty) {
        (Dynamic, Dynamic) => (to(left, Real, cx), to(right, Real, cx)),
        (Dynamic, other) => (to(left, opposite(operator, other), cx), Some(right.clone())),
        (other, Dynamic) => (Some(left.clone()), to(right, opposite(operator, other), cx)),
        _ => (Some(left.clone()), Some(right.clone())),
    };
    let (Some(left), Some(right)) = (left, right) else { return fail() };
    let call =
        |udf: ScalarUDF, ty: KqlType| Ok(BoundExpr::new(udf.call(vec![left.expr.clone(), right.expr.clone()]), ty));
    match (operator, left.ty, right.ty) {
        (_, a, b) if a.is_numeric() && b.is_numeric() => numbers(operator, left, right, cx),
        (Arithmetic::Add, DateTime, TimeSpan) | (Arithmetic::Add, TimeSpan, DateTime) => call(
            ticks("datetime_add_ticks", DateTime, [left.ty, right.ty], |a, b| instant(a.checked_add(b)?)),
            DateTime,
        ),
        (Arithmetic::Subtract, DateTime, TimeSpan) => call(
            ticks("datetime_sub_ticks", DateTime, [left.ty, right.ty], |a, b| instant(a.checked_sub(b)?)),
            DateTime,
        ),
        (Arithmetic::Subtract, DateTime, DateTime) | (Arithmetic::Subtract, TimeSpan, TimeSpan) => {
            call(ticks("ticks_sub", TimeSpan, [left.ty, right.ty], i64::checked_sub), TimeSpan)
        }
        (Arithmetic::Add, TimeSpan, TimeSpan) => {
            call(ticks("ticks_add", TimeSpan, [left.ty, right.ty], i64::checked_add), TimeSpan)
        }
        (Arithmetic::Divide, TimeSpan | DateTime, TimeSpan) => {
            let (a, b) = (cast(left.expr.clone(), Real), cast(right.expr.clone(), Real));
            Ok(BoundExpr::new(binary_expr(a, Operator::Divide, b), Real))
        }
        (Arithmetic::Remainder, TimeSpan | DateTime, TimeSpan) => {
            call(ticks("ticks_rem", TimeSpan, [left.ty, right.ty], i64::checked_rem_euclid), TimeSpan)
        }
        (Arithmetic::Multiply, TimeSpan, n) | (Arithmetic::Multiply, n, TimeSpan) if n.is_integer() => {
            let (Some(a), Some(b)) = (whole(left, cx), whole(right, cx)) else { return fail() };
            let udf = ticks("ticks_mul", TimeSpan, [a.ty, b.ty], i64::checked_mul);
            Ok(BoundExpr::new(udf.call(vec![a.expr, b.expr]), TimeSpan))
        }
        (Arithmetic::Divide, TimeSpan, n) if n.is_integer() => {
            let Some(b) = whole(right, cx) else { return fail() };
            let udf = ticks("ticks_div", TimeSpan, [TimeSpan, Long], i64::checked_div);
            Ok(BoundExpr::new(udf.call(vec![left.expr.clone(), b.expr]), TimeSpan))
        }
        (Arithmetic::Multiply, TimeSpan, n) | (Arithmetic::Multiply, n, TimeSpan) if matches!(n, Real | Decimal) => {
            let (span, factor) = if left.ty == TimeSpan { (left, right) } else { (right, left) };
            scale(span, factor, true).map_or_else(fail, Ok)
        }
        (Arithmetic::Divide, TimeSpan, Real | Decimal) => scale(left, right, false).map_or_else(fail, Ok),
        _ => fail(),
    }
}

/// What a dynamic operand is taken for beside an operand of type `other`.
fn opposite(operator: Arithmetic, other: KqlType) -> KqlType {
    match (operator, other) {
        (Arithmetic::Add, KqlType::DateTime) => KqlType::TimeSpan,
        (Arithmetic::Multiply, KqlType::TimeSpan) | (_, KqlType::Int | KqlType::Long) => KqlType::Real,
        (_, other) => other,
    }
}

fn to(value: &BoundExpr, ty: KqlType, cx: &BindContext) -> Option<BoundExpr> {
    coerce(value, ty, cx)
}

fn whole(value: &BoundExpr, cx: &BindContext) -> Option<BoundExpr> {
    if value.ty == KqlType::TimeSpan { Some(value.clone()) } else { coerce(value, KqlType::Long, cx) }
}

fn instant(ticks: i64) -> Option<i64> {
    (0..=MAX_DATETIME).contains(&ticks).then_some(ticks)
}

fn numbers(
    operator: Arithmetic,
    left: &BoundExpr,
    right: &BoundExpr,
    cx: &BindContext,
) -> Result<BoundExpr, BindError> {
    let ty = match left.ty.wider(right.ty) {
        Some(KqlType::Int) => KqlType::Long,
        Some(ty) => ty,
        None => return Err(mismatch(operator, left.ty, right.ty)),
    };
    let (Some(a), Some(b)) = (coerce(left, ty, cx), coerce(right, ty, cx)) else {
        return Err(mismatch(operator, left.ty, right.ty));
    };
    let (a, b) = (a.expr, b.expr);
    let expr = match (operator, ty) {
        (operator, KqlType::Decimal) => decimals(operator).call(vec![a, b]),
        (Arithmetic::Add, _) => binary_expr(a, Operator::Plus, b),
        (Arithmetic::Subtract, _) => binary_expr(a, Operator::Minus, b),
        (Arithmetic::Multiply, _) => binary_expr(a, Operator::Multiply, b),
        (Arithmetic::Divide, KqlType::Real) => binary_expr(a, Operator::Divide, b),
        (Arithmetic::Remainder, KqlType::Real) => real_remainder().call(vec![a, b]),
        (Arithmetic::Divide, _) => ticks("divide", ty, [ty, ty], divide).call(vec![a, b]),
        (Arithmetic::Remainder, _) => ticks("remainder", ty, [ty, ty], remainder).call(vec![a, b]),
    };
    Ok(BoundExpr::new(expr, ty))
}

/// Decimals are exact; a result that does not fit, and a division by zero, is null.
fn decimals(operator: Arithmetic) -> ScalarUDF {
    let (name, f): (&str, fn(i128, i128) -> Option<i128>) = match operator {
        Arithmetic::Add => ("add", number::add_decimals),
        Arithmetic::Subtract => ("subtract", |a, b| number::add_decimals(a, b.checked_neg()?)),
        Arithmetic::Multiply => ("multiply", number::multiply_decimals),
        Arithmetic::Divide => ("divide", number::divide_decimals),
        Arithmetic::Remainder => ("remainder", |a, b| (b != 0).then(|| a.wrapping_rem_euclid(b))),
    };
    let ty = KqlType::Decimal;
    kernel_udf(name, "", &[ty, ty], ty, move |args| {
        let (a, b) = (args.get(0)?.decimals()?, args.get(1)?.decimals()?);
        build::decimals(args.rows, |row| f(a.get(row)?, b.get(row)?))
    })
}

fn divide(a: i64, b: i64) -> Option<i64> {
    (b != 0).then(|| a.wrapping_div(b))
}

fn remainder(a: i64, b: i64) -> Option<i64> {
    (b != 0).then(|| a.wrapping_rem_euclid(b))
}

fn pairs(args: &KernelArgs, f: impl Fn(i64, i64) -> Option<i64>) -> datafusion::error::Result<Int64Array> {
    let (a, b) = (args.get(0)?.longs()?, args.get(1)?.longs()?);
    Ok((0..args.rows).map(|row| f(a.get(row)?, b.get(row)?)).collect())
}

fn ticks(
    name: &str,
    returns: KqlType,
    args: [KqlType; 2],
    f: impl Fn(i64, i64) -> Option<i64> + Send + Sync + 'static,
) -> ScalarUDF {
    kernel_udf(name, "", &args, returns, move |args| Ok(Arc::new(pairs(args, &f)?) as ArrayRef))
}

fn real_remainder() -> ScalarUDF {
    kernel_udf("remainder", "", &[KqlType::Real, KqlType::Real], KqlType::Real, |args| {
        let (a, b) = (args.get(0)?.reals()?, args.get(1)?.reals()?);
        let values: Float64Array = (0..args.rows).map(|row| Some(a.get(row)?.rem_euclid(b.get(row)?))).collect();
        Ok(Arc::new(values) as ArrayRef)
    })
}

/// A duration times (or divided by) a real, rounded to a tick.
fn scale(span: &BoundExpr, factor: &BoundExpr, multiply: bool) -> Option<BoundExpr> {
    let factor = match factor.ty {
        KqlType::Real => factor.expr.clone(),
        KqlType::Decimal => cast(factor.expr.clone(), KqlType::Real),
        _ => return None,
    };
    let name = if multiply { "ticks_scale" } else { "ticks_shrink" };
    let udf = kernel_udf(name, "", &[KqlType::TimeSpan, KqlType::Real], KqlType::TimeSpan, move |args| {
        let (span, factor): (&Arg, &Arg) = (args.get(0)?, args.get(1)?);
        let (span, factor) = (span.longs()?, factor.reals()?);
        let values: Int64Array = (0..args.rows)
            .map(|row| {
                let (span, factor) = (span.get(row)? as f64, factor.get(row)?);
                let ticks = (if multiply { span * factor } else { span / factor }).round();
                (ticks.is_finite() && ticks.abs() < 9.2e18).then_some(ticks as i64)
            })
            .collect();
        Ok(Arc::new(values) as ArrayRef)
    });
    Some(BoundExpr::new(udf.call(vec![span.expr.clone(), factor]), KqlType::TimeSpan))
}

/// `-value`.
pub fn minus(value: &BoundExpr, cx: &BindContext) -> Result<BoundExpr, BindError> {
    let value = if value.ty == KqlType::Dynamic {
        coerce(value, KqlType::Real, cx).ok_or_else(|| BindError::new("cannot negate a `dynamic` value"))?
    } else {
        value.clone()
    };
    if let Some(Const::Int(number)) = value.constant {
        return Ok(BoundExpr::constant(Const::Int(number.wrapping_neg())));
    }
    let zero = match value.ty {
        KqlType::Int | KqlType::Long => Const::Long(0),
        KqlType::Real => {
            return Ok(BoundExpr::new(datafusion::logical_expr::Expr::Negative(Box::new(value.expr)), KqlType::Real));
        }
        KqlType::Decimal => Const::Decimal(0),
        KqlType::TimeSpan => Const::TimeSpan(0),
        other => return Err(BindError::new(format!("cannot negate a value of type `{other}`"))),
    };
    arithmetic(Arithmetic::Subtract, &BoundExpr::constant(zero), &value, cx)
}

fn mismatch(operator: Arithmetic, left: KqlType, right: KqlType) -> BindError {
    let error = BindError::new(format!("cannot apply `{}` to `{left}` and `{right}`", operator.text()));
    match (operator, left, right) {
        (Arithmetic::Add, KqlType::String, n) | (Arithmetic::Add, n, KqlType::String) => {
            error.hint(if n.is_numeric() {
                "join text with `strcat()`, or add numbers with `tolong()` around the text"
            } else {
                "join text with `strcat()`"
            })
        }
        (_, KqlType::DateTime, n) | (_, n, KqlType::DateTime) if n.is_numeric() => {
            error.hint("add or subtract a duration such as `1h` or `30d`")
        }
        (_, KqlType::DateTime, KqlType::DateTime) => error.hint("instants can only be subtracted"),
        _ => error.hint("convert one side, e.g. with `tolong()`, `toreal()` or `totimespan()`"),
    }
}
