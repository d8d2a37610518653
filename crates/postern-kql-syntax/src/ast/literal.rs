//! Constants.

use super::ScalarType;

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `true`, `bool(true)`.
    Bool(bool),
    /// `int(5)`.
    Int(i32),
    /// `5`, `long(5)`, `0x1f`.
    Long(i64),
    /// `1.5`, `real(nan)`.
    Real(f64),
    /// `decimal(1.5)`: sign, digits, at most one point, no exponent.
    Decimal(String),
    /// Ticks of 100 ns since 0001-01-01T00:00Z.
    DateTime(i64),
    /// Ticks of 100 ns.
    TimeSpan(i64),
    /// 32 hexadecimal digits in groups, lower case.
    Guid(String),
    /// A text; neighbouring texts are joined.
    String(StringLiteral),
    /// `dynamic(…)`; `dynamic(null)` is [`Literal::Null`].
    Dynamic(DynamicValue),
    /// `int(null)` and the like.
    Null(ScalarType),
}

/// A text constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringLiteral {
    /// The text, escapes resolved.
    pub value: String,
    /// Written with `h`: to be kept out of logs.
    pub obfuscated: bool,
}

/// What `dynamic(…)` holds.
#[derive(Debug, Clone, PartialEq)]
pub enum DynamicValue {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// Any other number.
    Real(f64),
    /// A text.
    String(String),
    /// `[…]`.
    Array(Vec<DynamicValue>),
    /// `{…}`, keys in the order written; a repeated key is kept, the last counts.
    Object(Vec<(String, DynamicValue)>),
    /// A nested `datetime(…)`, `timespan(…)`, `guid(…)`, `decimal(…)` or typed null.
    Typed(Box<Literal>),
}
