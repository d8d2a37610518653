//! One value of any type on its way to another.

use std::borrow::Cow;

use crate::functions::kernel::Arg;
use crate::functions::support::{calendar, json, number, time_text};
use crate::types::KqlType;

/// A value of a KQL type, borrowed from an array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// `bool`.
    Bool(bool),
    /// `int` and `long`.
    Long(i64),
    /// `real`.
    Real(f64),
    /// `decimal`, scaled.
    Decimal(i128),
    /// `datetime` in ticks.
    DateTime(i64),
    /// `timespan` in ticks.
    TimeSpan(i64),
    /// `string` and `guid`.
    Text(&'a str),
    /// `dynamic`, raw JSON that is not null.
    Json(&'a str),
}

/// Reads the value of a row; `None` for null, for the JSON null, and for an array of another type.
pub fn read(arg: &Arg, ty: KqlType, row: usize) -> Option<Value<'_>> {
    Some(match ty {
        KqlType::Bool => Value::Bool(arg.bools().ok()?.get(row)?),
        KqlType::Int => Value::Long(i64::from(arg.ints().ok()?.get(row)?)),
        KqlType::Long => Value::Long(arg.longs().ok()?.get(row)?),
        KqlType::Real => Value::Real(arg.reals().ok()?.get(row)?),
        KqlType::Decimal => Value::Decimal(arg.decimals().ok()?.get(row)?),
        KqlType::DateTime => Value::DateTime(arg.longs().ok()?.get(row)?),
        KqlType::TimeSpan => Value::TimeSpan(arg.longs().ok()?.get(row)?),
        KqlType::String | KqlType::Guid => Value::Text(arg.text().ok()?.get(row)?),
        KqlType::Dynamic => {
            let raw = arg.text().ok()?.get(row)?;
            if json::is_null(raw) {
                return None;
            }
            Value::Json(raw)
        }
    })
}

impl<'a> Value<'a> {
    fn unquoted(raw: &'a str) -> Option<Cow<'a, str>> {
        (json::kind(raw)? == json::Kind::String).then(|| json::string_value(raw))
    }

    /// As `bool`: numbers are true unless zero, text by its word.
    pub fn to_bool(self) -> Option<bool> {
        match self {
            Value::Bool(v) => Some(v),
            Value::Long(v) => Some(v != 0),
            Value::Real(v) => Some(v != 0.0),
            Value::Decimal(v) => Some(v != 0),
            Value::Text(text) => number::parse_bool(text),
            Value::Json(raw) => match json::kind(raw)? {
                json::Kind::Bool(v) => Some(v),
                json::Kind::Number => Some(number::parse_real(raw)? != 0.0),
                json::Kind::String => number::parse_bool(&json::string_value(raw)),
                _ => None,
            },
            Value::DateTime(_) | Value::TimeSpan(_) => None,
        }
    }

    /// As `long`: fractions are cut, times are their ticks.
    pub fn to_long(self) -> Option<i64> {
        match self {
            Value::Bool(v) => Some(i64::from(v)),
            Value::Long(v) | Value::DateTime(v) | Value::TimeSpan(v) => Some(v),
            Value::Real(v) => number::real_to_long(v),
            Value::Decimal(v) => number::decimal_to_long(v),
            Value::Text(text) => number::parse_long(text),
            Value::Json(raw) => match json::kind(raw)? {
                json::Kind::Bool(v) => Some(i64::from(v)),
                json::Kind::Number => {
                    number::parse_long(raw).or_else(|| number::real_to_long(number::parse_real(raw)?))
                }
                json::Kind::String => number::parse_long(&json::string_value(raw)),
                _ => None,
            },
        }
    }

    /// As `real`.
    pub fn to_real(self) -> Option<f64> {
        match self {
            Value::Bool(v) => Some(f64::from(u8::from(v))),
            Value::Long(v) | Value::DateTime(v) | Value::TimeSpan(v) => Some(v as f64),
            Value::Real(v) => Some(v),
            Value::Decimal(v) => Some(number::decimal_to_real(v)),
            Value::Text(text) => number::parse_real(text),
            Value::Json(raw) => match json::kind(raw)? {
                json::Kind::Bool(v) => Some(f64::from(u8::from(v))),
                json::Kind::Number => number::parse_real(raw),
                json::Kind::String => number::parse_real(&json::string_value(raw)),
                _ => None,
            },
        }
    }

    /// As `decimal`, scaled.
    pub fn to_decimal(self) -> Option<i128> {
        match self {
            Value::Long(v) => number::long_to_decimal(v),
            Value::Real(v) => number::real_to_decimal(v),
            Value::Decimal(v) => Some(v),
            Value::Text(text) => number::parse_decimal(text),
            Value::Json(raw) => match json::kind(raw)? {
                json::Kind::Number => number::parse_decimal(raw),
                json::Kind::String => number::parse_decimal(&json::string_value(raw)),
                _ => None,
            },
            Value::Bool(v) => number::long_to_decimal(i64::from(v)),
            Value::DateTime(_) | Value::TimeSpan(_) => None,
        }
    }

    /// As `datetime`: text by its form, whole numbers as ticks.
    pub fn to_datetime(self) -> Option<i64> {
        match self {
            Value::DateTime(v) => Some(v),
            Value::Long(v) => calendar::in_range(v),
            Value::Text(text) => time_text::parse_datetime(text),
            Value::Json(raw) => time_text::parse_datetime(&Self::unquoted(raw)?),
            _ => None,
        }
    }

    /// As `timespan`: text by its form, whole numbers as ticks.
    pub fn to_timespan(self) -> Option<i64> {
        match self {
            Value::TimeSpan(v) | Value::Long(v) => Some(v),
            Value::Text(text) => time_text::parse_timespan(text),
            Value::Json(raw) => time_text::parse_timespan(&Self::unquoted(raw)?),
            _ => None,
        }
    }

    /// As `guid` text.
    pub fn to_guid(self) -> Option<String> {
        match self {
            Value::Text(text) => number::parse_guid(text),
            Value::Json(raw) => number::parse_guid(&Self::unquoted(raw)?),
            _ => None,
        }
    }

    /// Appends the text that `tostring` gives.
    pub fn push_text(self, out: &mut String) {
        use std::fmt::Write;
        match self {
            Value::Bool(v) => out.push_str(if v { "True" } else { "False" }),
            Value::Long(v) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{v}");
            }
            Value::Real(v) => out.push_str(&number::real_text(v)),
            Value::Decimal(v) => out.push_str(&number::decimal_text(v)),
            Value::DateTime(v) => out.push_str(&calendar::datetime_text(v)),
            Value::TimeSpan(v) => out.push_str(&calendar::timespan_text(v)),
            Value::Text(v) => out.push_str(v),
            Value::Json(raw) => {
                if json::kind(raw) == Some(json::Kind::String) {
                    out.push_str(&json::string_value(raw));
                } else {
                    out.push_str(&json::compact(raw));
                }
            }
        }
    }
}

/// Appends the value as JSON: numbers and bools bare, times and text quoted, dynamic as it is.
pub fn push_json(out: &mut String, value: &Value<'_>) {
    match *value {
        Value::Bool(v) => out.push_str(if v { "true" } else { "false" }),
        Value::Real(v) => out.push_str(&json::real(v)),
        Value::Json(raw) => out.push_str(json::trim(raw)),
        Value::Text(text) => json::push_string(out, text),
        Value::DateTime(_) | Value::TimeSpan(_) | Value::Decimal(_) => {
            out.push('"');
            value.push_text(out);
            out.push('"');
        }
        Value::Long(_) => value.push_text(out),
    }
}
