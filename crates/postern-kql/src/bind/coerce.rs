//! Conversions that KQL makes on its own: to a wider number, and from `dynamic` to the type it meets.

use datafusion::logical_expr::{Cast, Expr, TryCast};

use crate::functions::{BindContext, BoundExpr, find};
use crate::types::{Const, DECIMAL_SCALE, KqlType};

/// Gives an expression another type where KQL does so silently; `None` where the query must convert.
pub fn coerce(value: &BoundExpr, to: KqlType, cx: &BindContext) -> Option<BoundExpr> {
    if value.ty == to {
        return Some(value.clone());
    }
    if let Some(constant) = &value.constant
        && let Some(converted) = coerce_const(constant, to)
    {
        return Some(BoundExpr { name: value.name.clone(), ..BoundExpr::constant(converted) });
    }
    let converted = match (value.ty, to) {
        (KqlType::Int, KqlType::Long | KqlType::Real | KqlType::Decimal)
        | (KqlType::Long, KqlType::Real | KqlType::Decimal) => cast(value.expr.clone(), to),
        (KqlType::Real, KqlType::Decimal) => {
            Expr::TryCast(TryCast::new(Box::new(value.expr.clone()), KqlType::Decimal.arrow()))
        }
        (KqlType::Dynamic, _) => return convert(value, to, cx),
        (KqlType::Guid, KqlType::String) => return convert(value, KqlType::String, cx),
        _ => return None,
    };
    Some(BoundExpr { name: value.name.clone(), ..BoundExpr::new(converted, to) })
}

/// Converts with the `to…()` function of the type, as a query would.
pub fn convert(value: &BoundExpr, to: KqlType, cx: &BindContext) -> Option<BoundExpr> {
    if value.ty == to {
        return Some(value.clone());
    }
    let function = match to {
        KqlType::Bool => "tobool",
        KqlType::Int => "toint",
        KqlType::Long => "tolong",
        KqlType::Real => "toreal",
        KqlType::Decimal => "todecimal",
        KqlType::DateTime => "todatetime",
        KqlType::TimeSpan => "totimespan",
        KqlType::String => "tostring",
        KqlType::Guid => "toguid",
        KqlType::Dynamic => "todynamic",
    };
    let bound = find(function)?.bind(std::slice::from_ref(value), cx).ok()?;
    Some(BoundExpr { name: value.name.clone(), ..bound })
}

/// A plain Arrow cast that cannot fail for the types it is called with.
pub fn cast(expr: Expr, to: KqlType) -> Expr {
    Expr::Cast(Cast::new(Box::new(expr), to.arrow()))
}

/// A constant in another type where the conversion is silent.
pub fn coerce_const(value: &Const, to: KqlType) -> Option<Const> {
    let scale = || 10i128.checked_pow(u32::from(DECIMAL_SCALE.unsigned_abs()));
    Some(match (value, to) {
        (v, to) if v.ty() == to => v.clone(),
        // `dynamic(null)` and `int(null)` fit where any value of a type fits.
        (Const::Null(from), to) if *from == KqlType::Dynamic || (from.is_numeric() && to.is_numeric()) => {
            Const::null(to)
        }
        (Const::Int(v), KqlType::Long) => Const::Long(i64::from(*v)),
        // A whole number is written without its width: where an `int` is wanted, a literal that fits is one.
        (Const::Long(v), KqlType::Int) => Const::Int(i32::try_from(*v).ok()?),
        (Const::Int(v), KqlType::Real) => Const::Real(f64::from(*v)),
        (Const::Long(v), KqlType::Real) => Const::Real(*v as f64),
        (Const::Int(v), KqlType::Decimal) => Const::Decimal(i128::from(*v).checked_mul(scale()?)?),
        (Const::Long(v), KqlType::Decimal) => Const::Decimal(i128::from(*v).checked_mul(scale()?)?),
        (Const::Guid(v), KqlType::String) => Const::String(v.clone()),
        (Const::Dynamic(_), KqlType::String) => match value.as_json()? {
            serde_json::Value::String(text) => Const::String(text),
            other => Const::String(other.to_string()),
        },
        _ => return None,
    })
}

/// The type that values of both types fit, for the branches of `iff`, the cells of a list and the sides of a union.
pub fn common_type(a: KqlType, b: KqlType) -> Option<KqlType> {
    if a == b { Some(a) } else { a.wider(b) }
}
