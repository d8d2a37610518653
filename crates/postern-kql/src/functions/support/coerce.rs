//! Implicit conversion of arguments: numbers widen, `dynamic` becomes what is asked for, text forms of `guid`.

use postern_kql_syntax::literal;

use super::number::parse_real;
use crate::functions::conversion::convert;
use crate::functions::{BindError, BoundExpr};
use crate::types::KqlType;

/// The argument as `ty`, when KQL converts it without being asked.
pub fn coerce(arg: &BoundExpr, ty: KqlType) -> Result<BoundExpr, BindError> {
    if arg.ty == ty {
        return Ok(arg.clone());
    }
    let widens = arg.ty.is_numeric() && ty.is_numeric() && arg.ty.wider(ty) == Some(ty);
    let narrows = arg.ty.is_integer() && ty.is_integer();
    let null = arg.constant.as_ref().is_some_and(crate::types::Const::is_null);
    let allowed = widens
        || narrows
        || null
        || arg.ty == KqlType::Dynamic
        || ty == KqlType::Dynamic
        || (arg.ty == KqlType::Guid && ty == KqlType::String)
        || (arg.ty == KqlType::String && ty == KqlType::Guid)
        || (arg.ty == KqlType::Bool && ty.is_integer());
    if allowed { Ok(convert(arg, ty)) } else { Err(unfit(arg, ty)) }
}

/// Why an argument is not taken as a type, and what to write.
pub fn unfit(arg: &BoundExpr, ty: KqlType) -> BindError {
    BindError::new(format!("expected `{ty}`, not `{}`", arg.ty)).hint(instead(arg, ty))
}

fn instead(arg: &BoundExpr, ty: KqlType) -> String {
    let text = arg.const_str().map(str::trim);
    match ty {
        KqlType::TimeSpan => match (text, arg.const_long()) {
            (Some(text), _) if literal::parse_timespan(text).is_some() => {
                if text.ends_with(|c: char| c.is_ascii_alphabetic()) {
                    format!("write the duration without quotes: `{text}`")
                } else {
                    format!("write the duration as `timespan({text})`")
                }
            }
            (_, Some(number)) => format!("write the duration with its unit, such as `{number}d` or `{number}h`"),
            _ => "a duration looks like `1h` or `30d`; text is converted with `totimespan()`".to_owned(),
        },
        KqlType::DateTime => match text {
            Some(text) if literal::parse_datetime(text).is_some() => {
                format!("write the instant as `datetime({text})`, or convert the text with `todatetime()`")
            }
            _ => "convert it with `todatetime()`".to_owned(),
        },
        ty if ty.is_numeric() => match text {
            Some(text) if parse_real(text).is_some() => format!("write the number without quotes: `{text}`"),
            _ if arg.ty == KqlType::TimeSpan => "divide it by a duration for a number: `span / 1h`".to_owned(),
            _ => format!("convert it with `to{ty}()`"),
        },
        ty => format!("convert it with `to{ty}()`"),
    }
}

/// The type that can hold every argument (numbers widen, the null literal fits anywhere); `None` when they clash.
pub fn common(args: &[BoundExpr]) -> Option<KqlType> {
    let is_null = |a: &BoundExpr| a.constant.as_ref().is_some_and(crate::types::Const::is_null);
    let mut found: Option<KqlType> = None;
    for arg in args.iter().filter(|a| !is_null(a)) {
        found = Some(match found {
            None => arg.ty,
            Some(ty) if ty == arg.ty => ty,
            Some(ty) => match ty.wider(arg.ty) {
                Some(wide) => wide,
                // A dynamic value takes the type it stands beside.
                None if ty == KqlType::Dynamic => arg.ty,
                None if arg.ty == KqlType::Dynamic => ty,
                None => return None,
            },
        });
    }
    found.or_else(|| args.first().map(|a| a.ty))
}
