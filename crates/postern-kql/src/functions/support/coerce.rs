//! Implicit conversion of arguments: numbers widen, `dynamic` becomes what is asked for, text forms of `guid`.

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
    if allowed { Ok(convert(arg, ty)) } else { Err(BindError::new(format!("expected `{ty}`, not `{}`", arg.ty))) }
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
