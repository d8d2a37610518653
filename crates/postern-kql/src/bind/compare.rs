//! `==`, `<`, `between`, `in`: which types may meet, and what null does.
//!
//! One null operand makes `==` false and `!=` true, two make both null; order comparisons with null are null. A string
//! is never null. A dynamic value that meets a whole number keeps its fraction: `5.5` is not equal to 5, and greater. The
//! forms chosen here (`IS NOT DISTINCT FROM`, `IS TRUE`) keep that outside `where`; [`as_filter`] turns them into plain
//! comparisons where a null drops the row anyway, which is what providers can prune by.

use std::cmp::Ordering;

use datafusion::logical_expr::{BinaryExpr, Expr, Operator, binary_expr};

use super::coerce::{coerce, convert};
use super::fold::fold;
use crate::functions::conversion::read;
use crate::functions::support::build;
use crate::functions::{Arg, BindContext, BindError, BoundExpr, kernel_udf};
use crate::plan::growth::repeats;
use crate::types::{Const, KqlType};

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`, `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// How the query spells it.
    pub const fn text(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

/// Gives both operands the type in which they are compared.
pub fn comparable(
    left: &BoundExpr,
    right: &BoundExpr,
    operator: &str,
    cx: &BindContext,
) -> Result<(BoundExpr, BoundExpr), BindError> {
    let fail = || Err(incomparable(left.ty, right.ty, operator));
    let ty = match (left.ty, right.ty) {
        // A dynamic constant is compared as what it holds.
        (KqlType::Dynamic, KqlType::Dynamic) => {
            let holds = |side: &BoundExpr| side.constant.as_ref().and_then(held_type);
            match holds(left).or_else(|| holds(right)) {
                Some(ty) => ty,
                None => return fail(),
            }
        }
        (KqlType::Dynamic, other) | (other, KqlType::Dynamic) if other.is_integer() => {
            let side = |value: &BoundExpr| match value.ty {
                KqlType::Dynamic => Some(whole(value)),
                _ => coerce(value, KqlType::Long, cx),
            };
            return side(left).zip(side(right)).map_or_else(fail, Ok);
        }
        (KqlType::Dynamic, other) | (other, KqlType::Dynamic) => other,
        (a, b) if a == b => a,
        (a, b) if a.is_numeric() && b.is_numeric() => a.wider(b).unwrap_or(a),
        (KqlType::Bool, b) if b.is_integer() => return Ok((convert_or(left, b, cx), right.clone())),
        (a, KqlType::Bool) if a.is_integer() => return Ok((left.clone(), convert_or(right, a, cx))),
        (KqlType::Guid, KqlType::String) | (KqlType::String, KqlType::Guid) => KqlType::Guid,
        (KqlType::String, other) | (other, KqlType::String)
            if other.is_integer() || matches!(other, KqlType::Bool | KqlType::Real) =>
        {
            return text_and_value(left, right, operator, cx).map_or_else(fail, Ok);
        }
        _ => return fail(),
    };
    let side = |value: &BoundExpr| match coerce(value, ty, cx) {
        Some(value) => Some(value),
        None if ty == KqlType::Guid => convert(value, ty, cx),
        None => None,
    };
    match (side(left), side(right)) {
        (Some(left), Some(right)) => Ok((left, right)),
        _ => fail(),
    }
}

/// What a dynamic value says of a whole number: null where it has a fraction or is no number.
fn whole(value: &BoundExpr) -> BoundExpr {
    let udf = kernel_udf("dynamic_whole", "", &[KqlType::Dynamic], KqlType::Long, |args| {
        let value = args.get(0)?;
        build::longs(args.rows, |row| match number(value, row)? {
            Number::Whole(number) => Some(number),
            Number::Real(_) => None,
        })
    });
    fold(BoundExpr::new(udf.call(vec![value.expr.clone()]), KqlType::Long))
}

/// A number that a dynamic value holds.
enum Number {
    Whole(i64),
    Real(f64),
}

fn number(arg: &Arg, row: usize) -> Option<Number> {
    let value = read(arg, KqlType::Dynamic, row)?;
    match value.to_real()? {
        real if real.fract() == 0.0 => Some(value.to_long().map_or(Number::Real(real), Number::Whole)),
        real => Some(Number::Real(real)),
    }
}

/// `<` and its kin between a dynamic value and a whole number, without loss on either side.
fn ordered(comparison: Comparison, left: &BoundExpr, right: &BoundExpr, cx: &BindContext) -> Option<BoundExpr> {
    let swapped = match (left.ty, right.ty) {
        (KqlType::Dynamic, other) if other.is_integer() => false,
        (other, KqlType::Dynamic) if other.is_integer() => true,
        _ => return None,
    };
    let holds: fn(Ordering) -> bool = match comparison {
        Comparison::Less => Ordering::is_lt,
        Comparison::LessOrEqual => Ordering::is_le,
        Comparison::Greater => Ordering::is_gt,
        Comparison::GreaterOrEqual => Ordering::is_ge,
        Comparison::Equal | Comparison::NotEqual => return None,
    };
    let (dynamic, long) = if swapped { (right, left) } else { (left, right) };
    let long = coerce(long, KqlType::Long, cx)?;
    let config = format!("{}{swapped}", comparison.text());
    let types = [KqlType::Dynamic, KqlType::Long];
    let udf = kernel_udf("dynamic_order", config, &types, KqlType::Bool, move |args| {
        let (dynamic, long) = (args.get(0)?, args.get(1)?.longs()?);
        build::bools(args.rows, |row| {
            let long = long.get(row)?;
            let order = match number(dynamic, row)? {
                Number::Whole(number) => number.cmp(&long),
                Number::Real(real) => real.partial_cmp(&(long as f64))?,
            };
            Some(holds(if swapped { order.reverse() } else { order }))
        })
    });
    Some(BoundExpr::new(udf.call(vec![dynamic.expr.clone(), long.expr]), KqlType::Bool))
}

/// Text meets a number or a truth value, which KQL allows for equality only: `ResultType == 0`, `EventId in ("1", "2")`.
/// A constant text that reads back as the same text is taken as the value; otherwise the value's text is compared.
fn text_and_value(
    left: &BoundExpr,
    right: &BoundExpr,
    operator: &str,
    cx: &BindContext,
) -> Option<(BoundExpr, BoundExpr)> {
    if !matches!(operator, "==" | "!=" | "in" | "!in") {
        return None;
    }
    let (text, value) = if left.ty == KqlType::String { (left, right) } else { (right, left) };
    let read = text.constant.as_ref().and_then(|_| fold(convert(text, value.ty, cx)?).constant);
    let (text, value) = match read {
        Some(read) if value.ty == KqlType::Bool && !read.is_null() => (BoundExpr::constant(read), value.clone()),
        Some(read) if value.ty != KqlType::Bool => {
            let back = fold(convert(&BoundExpr::constant(read.clone()), KqlType::String, cx)?).constant;
            if back == text.constant {
                (BoundExpr::constant(read), value.clone())
            } else {
                (text.clone(), fold(convert(value, KqlType::String, cx)?))
            }
        }
        _ if value.ty == KqlType::Bool => (convert(text, KqlType::Bool, cx)?, value.clone()),
        _ => (text.clone(), fold(convert(value, KqlType::String, cx)?)),
    };
    Some(if left.ty == KqlType::String { (text, value) } else { (value, text) })
}

fn convert_or(value: &BoundExpr, to: KqlType, cx: &BindContext) -> BoundExpr {
    convert(value, to, cx).unwrap_or_else(|| value.clone())
}

fn held_type(value: &Const) -> Option<KqlType> {
    Some(match value.as_json()? {
        serde_json::Value::Bool(_) => KqlType::Bool,
        serde_json::Value::Number(n) if n.is_i64() => KqlType::Long,
        serde_json::Value::Number(_) => KqlType::Real,
        serde_json::Value::String(_) => KqlType::String,
        _ => return None,
    })
}

fn incomparable(left: KqlType, right: KqlType, operator: &str) -> BindError {
    let error = BindError::new(format!("cannot compare `{left}` and `{right}` with `{operator}`"));
    let pair = (left.min(right), left.max(right));
    match pair {
        (a, KqlType::TimeSpan) if a.is_numeric() => {
            error.hint("write the duration with its unit, such as `60s` or `1h`, or divide: `span / 1s`")
        }
        (KqlType::DateTime, KqlType::String) => {
            error.hint("write the instant as `datetime(2024-05-01)`, or convert the text with `todatetime()`")
        }
        (KqlType::TimeSpan, KqlType::String) => {
            error.hint("write the duration as `1h`, or convert with `totimespan()`")
        }
        (KqlType::Dynamic, KqlType::Dynamic) => error.hint("convert one side, e.g. with `tostring()` or `tolong()`"),
        (KqlType::Bool, KqlType::String) => error.hint("compare with `true` or `false`, or convert with `tobool()`"),
        (a, KqlType::String) if a.is_numeric() => error.hint("convert one side, e.g. with `tolong()` or `tostring()`"),
        _ => error.hint("convert one side explicitly"),
    }
}

fn never_null(value: &BoundExpr) -> bool {
    value.ty == KqlType::String || value.constant.as_ref().is_some_and(|c| !c.is_null())
}

/// The comparison of two expressions.
pub fn compare(
    comparison: Comparison,
    left: &BoundExpr,
    right: &BoundExpr,
    cx: &BindContext,
) -> Result<BoundExpr, BindError> {
    if let Some(found) = ordered(comparison, left, right, cx) {
        return Ok(found);
    }
    let (left, right) = comparable(left, right, comparison.text(), cx)?;
    let twice =
        matches!(comparison, Comparison::Equal | Comparison::NotEqual) && !never_null(&left) && !never_null(&right);
    if twice {
        repeats(&left.expr)?;
        repeats(&right.expr)?;
    }
    let plain = |op| binary_expr(left.expr.clone(), op, right.expr.clone());
    let expr = match comparison {
        Comparison::Equal => match (never_null(&left), never_null(&right)) {
            (true, true) => plain(Operator::Eq),
            (true, false) | (false, true) => plain(Operator::IsNotDistinctFrom),
            (false, false) => plain(Operator::IsNotDistinctFrom).and(plain(Operator::Eq)),
        },
        Comparison::NotEqual => match (never_null(&left), never_null(&right)) {
            (true, true) => plain(Operator::NotEq),
            (true, false) | (false, true) => plain(Operator::IsDistinctFrom),
            (false, false) => plain(Operator::IsDistinctFrom).or(plain(Operator::NotEq)),
        },
        Comparison::Less => plain(Operator::Lt),
        Comparison::LessOrEqual => plain(Operator::LtEq),
        Comparison::Greater => plain(Operator::Gt),
        Comparison::GreaterOrEqual => plain(Operator::GtEq),
    };
    Ok(BoundExpr::new(expr, KqlType::Bool))
}

/// `value in (items)`, with `negated` for `!in`; the items are already of comparable types.
pub fn is_in(value: &BoundExpr, items: &[BoundExpr], negated: bool, cx: &BindContext) -> Result<BoundExpr, BindError> {
    let operator = if negated { "!in" } else { "in" };
    let mut value = value.clone();
    if value.ty == KqlType::Dynamic {
        // A dynamic value is compared in the type of the items; text when there are none.
        let ty = items.iter().map(|i| i.ty).find(|t| *t != KqlType::Dynamic).unwrap_or(KqlType::String);
        let ty = if ty.is_integer() && items.iter().any(|i| i.ty == KqlType::Real) { KqlType::Real } else { ty };
        value = if ty.is_integer() {
            whole(&value)
        } else {
            convert(&value, ty, cx).ok_or_else(|| incomparable(value.ty, ty, operator))?
        };
    }
    if items.iter().any(|item| item.constant.is_none()) {
        repeats(&value.expr)?;
    }
    let mut list = Vec::with_capacity(items.len());
    let mut others = Vec::new();
    for item in items {
        if let Some(Const::Null(_)) = item.constant {
            continue;
        }
        let (left, right) = comparable(&value, item, operator, cx)?;
        if left.ty != value.ty || left.expr != value.expr {
            // Compared in another type (a real in a list of longs): on its own.
            others.push(binary_expr(left.expr, Operator::IsNotDistinctFrom, right.expr));
        } else if right.constant.is_some() {
            list.push(right.expr);
        } else {
            others.push(binary_expr(left.expr, Operator::IsNotDistinctFrom, right.expr));
        }
    }
    let mut found = (!list.is_empty()).then(|| {
        let found = value.expr.clone().in_list(list, false);
        if never_null(&value) { found } else { found.is_true() }
    });
    for other in others {
        found = Some(match found {
            Some(found) => found.or(other),
            None => other,
        });
    }
    let expr = match found {
        None => return Ok(BoundExpr::constant(Const::Bool(negated))),
        Some(found) if negated => negate(found),
        Some(found) => found,
    };
    Ok(BoundExpr::new(expr, KqlType::Bool))
}

/// The opposite of a condition, in the form that prunes best.
pub fn negate(expr: Expr) -> Expr {
    match expr {
        Expr::InList(mut list) => {
            list.negated = !list.negated;
            Expr::InList(list)
        }
        Expr::IsTrue(inner) => Expr::IsNotTrue(inner),
        Expr::Not(inner) => *inner,
        other => Expr::Not(Box::new(other)),
    }
}

/// A condition as a filter: rows are dropped for false and for null alike, so the null-safe forms become plain ones.
pub fn as_filter(expr: Expr) -> Expr {
    match expr {
        Expr::IsTrue(inner) => as_filter(*inner),
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let (left, right) = (as_filter(*left), as_filter(*right));
            if op == Operator::And && left == right { left } else { binary_expr(left, op, right) }
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::IsNotDistinctFrom, right })
            if is_value(&left) || is_value(&right) =>
        {
            binary_expr(*left, Operator::Eq, *right)
        }
        other => other,
    }
}

fn is_value(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(value, _) if !value.is_null())
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    const CX: BindContext = BindContext { now: 0, places: None };

    fn column(name: &str, ty: KqlType) -> BoundExpr {
        BoundExpr::new(col(name), ty)
    }

    #[test]
    fn a_filter_on_a_column_and_a_value_is_a_plain_comparison() {
        let bound = compare(Comparison::Equal, &column("a", KqlType::Long), &BoundExpr::constant(Const::Long(5)), &CX);
        let expr = bound.unwrap().expr;
        assert_ne!(expr, col("a").eq(lit(5i64)), "outside a filter, null must give false");
        assert_eq!(as_filter(expr), col("a").eq(lit(5i64)));
    }

    #[test]
    fn a_date_against_text_says_what_to_write() {
        let text = BoundExpr::constant(Const::String("2024-05-01".into()));
        let error = compare(Comparison::Greater, &column("t", KqlType::DateTime), &text, &CX).unwrap_err();
        assert_eq!(error.message, "cannot compare `datetime` and `string` with `>`");
        assert!(error.hint.unwrap().contains("datetime(2024-05-01)"));
    }

    #[test]
    fn not_in_keeps_null() {
        let five = BoundExpr::constant(Const::Long(5));
        let expr = is_in(&column("a", KqlType::Long), &[five], true, &CX).unwrap().expr;
        assert_eq!(expr, Expr::IsNotTrue(Box::new(col("a").in_list(vec![lit(5i64)], false))));
    }
}
