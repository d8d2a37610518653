//! Constants of the text, and parameters put in their place.

use postern_kql_syntax::ast::{DynamicValue, Literal, ScalarType};
use serde_json::Value;

use super::Binder;
use crate::functions::support::time_text::{parse_datetime, parse_timespan};
use crate::functions::support::{calendar, number};
use crate::types::{Const, DECIMAL_SCALE, KqlType};

/// The engine's type of a type in the text.
pub fn kql_type(ty: ScalarType) -> KqlType {
    match ty {
        ScalarType::Bool => KqlType::Bool,
        ScalarType::Int => KqlType::Int,
        ScalarType::Long => KqlType::Long,
        ScalarType::Real => KqlType::Real,
        ScalarType::Decimal => KqlType::Decimal,
        ScalarType::DateTime => KqlType::DateTime,
        ScalarType::TimeSpan => KqlType::TimeSpan,
        ScalarType::String => KqlType::String,
        ScalarType::Guid => KqlType::Guid,
        ScalarType::Dynamic => KqlType::Dynamic,
    }
}

impl Binder<'_> {
    /// The value of a literal. A text that is exactly `{NAME}` is the value of the parameter NAME when there is one.
    pub fn literal(&self, literal: &Literal) -> Const {
        if let Literal::String(text) = literal
            && let Some(name) = text.value.strip_prefix('{').and_then(|t| t.strip_suffix('}'))
            && let Some(value) = self.options.param(name)
        {
            return value;
        }
        constant(literal)
    }
}

/// The value of a literal.
pub fn constant(literal: &Literal) -> Const {
    match literal {
        Literal::Bool(v) => Const::Bool(*v),
        Literal::Int(v) => Const::Int(*v),
        Literal::Long(v) => Const::Long(*v),
        Literal::Real(v) => Const::Real(*v),
        Literal::Decimal(text) => decimal(text).map_or(Const::Null(KqlType::Decimal), Const::Decimal),
        Literal::DateTime(v) => Const::DateTime(*v),
        Literal::TimeSpan(v) => Const::TimeSpan(*v),
        Literal::Guid(v) => Const::Guid(v.clone()),
        Literal::String(text) => Const::String(text.value.clone()),
        Literal::Dynamic(value) => Const::dynamic(&json(value)),
        Literal::Null(ty) => Const::null(kql_type(*ty)),
    }
}

/// The value of a type that a text means, as `tolong()` and its sisters read it; `None` when it means none.
pub fn from_text(ty: KqlType, text: &str) -> Option<Const> {
    Some(match ty {
        KqlType::Bool => Const::Bool(number::parse_bool(text)?),
        KqlType::Int => Const::Int(number::parse_long(text)?.try_into().ok()?),
        KqlType::Long => Const::Long(number::parse_long(text)?),
        KqlType::Real => Const::Real(number::parse_real(text)?),
        KqlType::Decimal => Const::Decimal(number::parse_decimal(text)?),
        KqlType::DateTime => Const::DateTime(parse_datetime(text)?),
        KqlType::TimeSpan => Const::TimeSpan(parse_timespan(text)?),
        KqlType::Guid => Const::Guid(number::parse_guid(text)?),
        KqlType::String => Const::String(text.to_owned()),
        KqlType::Dynamic => Const::dynamic(&serde_json::from_str(text).ok()?),
    })
}

/// Decimal text scaled to the engine's form; digits beyond it are cut, a value too large is `None`.
pub fn decimal(text: &str) -> Option<i128> {
    let scale = usize::from(DECIMAL_SCALE.unsigned_abs());
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(scale).collect();
    let value: i128 = format!("{whole}{fraction}").parse().ok()?;
    (value < 10i128.pow(38)).then_some(if negative { -value } else { value })
}

/// A dynamic literal as JSON; a repeated key counts once, with its last value.
pub fn json(value: &DynamicValue) -> Value {
    match value {
        DynamicValue::Null => Value::Null,
        DynamicValue::Bool(v) => Value::Bool(*v),
        DynamicValue::Long(v) => Value::from(*v),
        DynamicValue::Real(v) => serde_json::Number::from_f64(*v).map_or(Value::Null, Value::Number),
        DynamicValue::String(text) => Value::String(text.clone()),
        DynamicValue::Array(items) => Value::Array(items.iter().map(json).collect()),
        DynamicValue::Object(members) => {
            Value::Object(members.iter().map(|(key, value)| (key.clone(), json(value))).collect())
        }
        DynamicValue::Typed(literal) => scalar_json(&constant(literal)),
    }
}

/// A constant as the JSON that it becomes inside a dynamic value.
pub fn scalar_json(value: &Const) -> Value {
    match value {
        Const::Null(_) => Value::Null,
        Const::Bool(v) => Value::Bool(*v),
        Const::Int(v) => Value::from(*v),
        Const::Long(v) => Value::from(*v),
        Const::Real(v) => serde_json::Number::from_f64(*v).map_or(Value::Null, Value::Number),
        Const::Decimal(v) => Value::String(crate::output::decimal_text(*v)),
        Const::DateTime(v) => Value::String(calendar::datetime_text(*v)),
        Const::TimeSpan(v) => Value::String(calendar::timespan_text(*v)),
        Const::String(v) | Const::Guid(v) => Value::String(v.clone()),
        Const::Dynamic(_) => value.as_json().unwrap_or(Value::Null),
    }
}
