//! KQL's scalar types, their Arrow form inside the engine, and constants.
//!
//! Inside the engine a `datetime` and a `timespan` are `Int64` ticks of 100 ns (a datetime counts from 0001-01-01), so
//! that every instant of the years 1 to 9999 is exact and arithmetic is integer arithmetic. A `string` is never null,
//! `guid` is its text and `dynamic` is validated JSON text where JSON's null is Arrow's null.

use std::fmt;

use arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, lit};
use datafusion::scalar::ScalarValue;

/// Ticks (100 ns) from 0001-01-01T00:00:00Z to 1970-01-01T00:00:00Z.
pub const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
/// Ticks in one microsecond.
pub const TICKS_PER_MICROSECOND: i64 = 10;
/// Ticks in one millisecond.
pub const TICKS_PER_MILLISECOND: i64 = 10_000;
/// Ticks in one second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks in one minute.
pub const TICKS_PER_MINUTE: i64 = 600_000_000;
/// Ticks in one hour.
pub const TICKS_PER_HOUR: i64 = 36_000_000_000;
/// Ticks in one day.
pub const TICKS_PER_DAY: i64 = 864_000_000_000;
/// The last instant of a `datetime`: 9999-12-31T23:59:59.9999999Z.
pub const MAX_DATETIME: i64 = 3_155_378_975_999_999_999;

/// Digits of a `decimal` in its Arrow form.
pub const DECIMAL_PRECISION: u8 = 38;
/// Digits after the point of a `decimal` in its Arrow form.
pub const DECIMAL_SCALE: i8 = 17;

/// A scalar type of KQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KqlType {
    /// `bool`.
    Bool,
    /// `int`, 32 bits.
    Int,
    /// `long`, 64 bits.
    Long,
    /// `real`, a double.
    Real,
    /// `decimal`.
    Decimal,
    /// `datetime`, UTC ticks.
    DateTime,
    /// `timespan`, ticks.
    TimeSpan,
    /// `string`, never null.
    String,
    /// `guid`.
    Guid,
    /// `dynamic`, JSON text.
    Dynamic,
}

impl KqlType {
    /// Every type.
    pub const ALL: [KqlType; 10] = [
        KqlType::Bool,
        KqlType::Int,
        KqlType::Long,
        KqlType::Real,
        KqlType::Decimal,
        KqlType::DateTime,
        KqlType::TimeSpan,
        KqlType::String,
        KqlType::Guid,
        KqlType::Dynamic,
    ];

    /// The name that `getschema` and error messages use.
    pub const fn name(self) -> &'static str {
        match self {
            KqlType::Bool => "bool",
            KqlType::Int => "int",
            KqlType::Long => "long",
            KqlType::Real => "real",
            KqlType::Decimal => "decimal",
            KqlType::DateTime => "datetime",
            KqlType::TimeSpan => "timespan",
            KqlType::String => "string",
            KqlType::Guid => "guid",
            KqlType::Dynamic => "dynamic",
        }
    }

    /// The type of a name as queries and schemas write it, with the documented synonyms.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "bool" | "boolean" => KqlType::Bool,
            "int" | "int32" => KqlType::Int,
            "long" | "int64" => KqlType::Long,
            "real" | "double" => KqlType::Real,
            "decimal" => KqlType::Decimal,
            "datetime" | "date" => KqlType::DateTime,
            "timespan" | "time" => KqlType::TimeSpan,
            "string" => KqlType::String,
            "guid" | "uuid" | "uniqueid" => KqlType::Guid,
            "dynamic" => KqlType::Dynamic,
            _ => return None,
        })
    }

    /// The .NET name that `getschema` shows as `DataType`.
    pub const fn clr_name(self) -> &'static str {
        match self {
            KqlType::Bool => "System.SByte",
            KqlType::Int => "System.Int32",
            KqlType::Long => "System.Int64",
            KqlType::Real => "System.Double",
            KqlType::Decimal => "System.Data.SqlTypes.SqlDecimal",
            KqlType::DateTime => "System.DateTime",
            KqlType::TimeSpan => "System.TimeSpan",
            KqlType::String => "System.String",
            KqlType::Guid => "System.Guid",
            KqlType::Dynamic => "System.Object",
        }
    }

    /// The Arrow type of a column of this type inside the engine.
    pub const fn arrow(self) -> DataType {
        match self {
            KqlType::Bool => DataType::Boolean,
            KqlType::Int => DataType::Int32,
            KqlType::Long | KqlType::DateTime | KqlType::TimeSpan => DataType::Int64,
            KqlType::Real => DataType::Float64,
            KqlType::Decimal => DataType::Decimal128(DECIMAL_PRECISION, DECIMAL_SCALE),
            KqlType::String | KqlType::Guid | KqlType::Dynamic => DataType::Utf8View,
        }
    }

    /// Whether values are numbers: `int`, `long`, `real`, `decimal`.
    pub const fn is_numeric(self) -> bool {
        matches!(self, KqlType::Int | KqlType::Long | KqlType::Real | KqlType::Decimal)
    }

    /// Whether values are whole numbers: `int`, `long`.
    pub const fn is_integer(self) -> bool {
        matches!(self, KqlType::Int | KqlType::Long)
    }

    /// The number type that holds values of both; `None` when either is not a number.
    pub fn wider(self, other: Self) -> Option<Self> {
        if !self.is_numeric() || !other.is_numeric() {
            return None;
        }
        Some(match (self, other) {
            (KqlType::Decimal, _) | (_, KqlType::Decimal) => KqlType::Decimal,
            (KqlType::Real, _) | (_, KqlType::Real) => KqlType::Real,
            (KqlType::Long, _) | (_, KqlType::Long) => KqlType::Long,
            _ => KqlType::Int,
        })
    }

    /// The engine's scalar for a missing value of this type: null, or `""` for a string.
    pub fn missing(self) -> ScalarValue {
        Const::null(self).scalar()
    }

    /// [`KqlType::missing`] as a literal of a plan.
    pub fn missing_expr(self) -> Expr {
        lit(self.missing())
    }
}

impl fmt::Display for KqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A constant of a query: a literal, a parameter, or an expression of such.
#[derive(Debug, Clone, PartialEq)]
pub enum Const {
    /// No value of the given type (never [`KqlType::String`]).
    Null(KqlType),
    /// A truth value.
    Bool(bool),
    /// A 32-bit whole number.
    Int(i32),
    /// A 64-bit whole number.
    Long(i64),
    /// A double.
    Real(f64),
    /// A decimal, scaled by ten to the power of [`DECIMAL_SCALE`].
    Decimal(i128),
    /// An instant in ticks since 0001-01-01.
    DateTime(i64),
    /// A duration in ticks.
    TimeSpan(i64),
    /// Text.
    String(String),
    /// A GUID as lower-case text with hyphens.
    Guid(String),
    /// Valid JSON text; JSON's `null` is [`Const::Null`].
    Dynamic(String),
}

impl Const {
    /// The missing value of a type: `""` for a string, otherwise null.
    pub fn null(ty: KqlType) -> Self {
        if ty == KqlType::String { Const::String(String::new()) } else { Const::Null(ty) }
    }

    /// Dynamic from a JSON value.
    pub fn dynamic(value: &serde_json::Value) -> Self {
        if value.is_null() { Const::Null(KqlType::Dynamic) } else { Const::Dynamic(value.to_string()) }
    }

    /// The type of the value.
    pub const fn ty(&self) -> KqlType {
        match self {
            Const::Null(ty) => *ty,
            Const::Bool(_) => KqlType::Bool,
            Const::Int(_) => KqlType::Int,
            Const::Long(_) => KqlType::Long,
            Const::Real(_) => KqlType::Real,
            Const::Decimal(_) => KqlType::Decimal,
            Const::DateTime(_) => KqlType::DateTime,
            Const::TimeSpan(_) => KqlType::TimeSpan,
            Const::String(_) => KqlType::String,
            Const::Guid(_) => KqlType::Guid,
            Const::Dynamic(_) => KqlType::Dynamic,
        }
    }

    /// Whether there is no value.
    pub const fn is_null(&self) -> bool {
        matches!(self, Const::Null(_))
    }

    /// The value as DataFusion's scalar, in the engine's Arrow type.
    pub fn scalar(&self) -> ScalarValue {
        match self {
            Const::Null(ty) => ScalarValue::try_from(&ty.arrow()).unwrap_or(ScalarValue::Null),
            Const::Bool(v) => ScalarValue::Boolean(Some(*v)),
            Const::Int(v) => ScalarValue::Int32(Some(*v)),
            Const::Long(v) | Const::DateTime(v) | Const::TimeSpan(v) => ScalarValue::Int64(Some(*v)),
            Const::Real(v) => ScalarValue::Float64(Some(*v)),
            Const::Decimal(v) => ScalarValue::Decimal128(Some(*v), DECIMAL_PRECISION, DECIMAL_SCALE),
            Const::String(v) | Const::Guid(v) | Const::Dynamic(v) => ScalarValue::Utf8View(Some(v.clone())),
        }
    }

    /// The value of an engine scalar read as a KQL type; `None` when the Arrow type is not that type's.
    pub fn from_scalar(scalar: &ScalarValue, ty: KqlType) -> Option<Self> {
        if scalar.is_null() {
            return Some(Const::null(ty));
        }
        Some(match (scalar, ty) {
            (ScalarValue::Boolean(Some(v)), KqlType::Bool) => Const::Bool(*v),
            (ScalarValue::Int32(Some(v)), KqlType::Int) => Const::Int(*v),
            (ScalarValue::Int64(Some(v)), KqlType::Long) => Const::Long(*v),
            (ScalarValue::Int64(Some(v)), KqlType::DateTime) => Const::DateTime(*v),
            (ScalarValue::Int64(Some(v)), KqlType::TimeSpan) => Const::TimeSpan(*v),
            (ScalarValue::Float64(Some(v)), KqlType::Real) => Const::Real(*v),
            (ScalarValue::Decimal128(Some(v), _, scale), KqlType::Decimal) if *scale == DECIMAL_SCALE => {
                Const::Decimal(*v)
            }
            (
                ScalarValue::Utf8View(Some(v)) | ScalarValue::Utf8(Some(v)) | ScalarValue::LargeUtf8(Some(v)),
                KqlType::String | KqlType::Guid | KqlType::Dynamic,
            ) => match ty {
                KqlType::String => Const::String(v.clone()),
                KqlType::Guid => Const::Guid(v.clone()),
                _ => Const::Dynamic(v.clone()),
            },
            _ => return None,
        })
    }

    /// The value as a literal of a plan.
    pub fn expr(&self) -> Expr {
        lit(self.scalar())
    }

    /// The text of a string constant.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Const::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of an `int` or `long` constant.
    pub fn as_long(&self) -> Option<i64> {
        match self {
            Const::Int(v) => Some(i64::from(*v)),
            Const::Long(v) => Some(*v),
            _ => None,
        }
    }

    /// The value of a number constant as a double.
    pub fn as_real(&self) -> Option<f64> {
        match self {
            Const::Int(v) => Some(f64::from(*v)),
            Const::Long(v) => Some(*v as f64),
            Const::Real(v) => Some(*v),
            Const::Decimal(v) => Some(*v as f64 / 10f64.powi(i32::from(DECIMAL_SCALE))),
            _ => None,
        }
    }

    /// The ticks of a `datetime` or `timespan` constant.
    pub fn as_ticks(&self) -> Option<i64> {
        match self {
            Const::DateTime(v) | Const::TimeSpan(v) => Some(*v),
            _ => None,
        }
    }

    /// The value of a `bool` constant.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Const::Bool(v) => Some(*v),
            _ => None,
        }
    }

    /// The parsed JSON of a `dynamic` constant; JSON null for a null of any type.
    pub fn as_json(&self) -> Option<serde_json::Value> {
        match self {
            Const::Dynamic(text) => serde_json::from_str(text).ok(),
            Const::Null(_) => Some(serde_json::Value::Null),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for ty in KqlType::ALL {
            assert_eq!(KqlType::parse(ty.name()), Some(ty));
        }
    }

    #[test]
    fn missing_text_is_empty_and_everything_else_is_null() {
        for ty in KqlType::ALL {
            assert_eq!(ty.missing().is_null(), ty != KqlType::String, "{ty}");
            assert_eq!(ty.missing().data_type(), ty.arrow(), "{ty}");
        }
    }

    #[test]
    fn the_wider_number_holds_both() {
        assert_eq!(KqlType::Int.wider(KqlType::Long), Some(KqlType::Long));
        assert_eq!(KqlType::Real.wider(KqlType::Long), Some(KqlType::Real));
        assert_eq!(KqlType::Real.wider(KqlType::Decimal), Some(KqlType::Decimal));
        assert_eq!(KqlType::Real.wider(KqlType::String), None);
    }
}
