//! Text: operators, pieces, replacing, patterns, encodings, hashes.

pub mod compress;
pub mod digest;
pub mod encode;
pub mod hash;
pub mod join;
pub mod operators;
pub mod pattern;
pub mod piece;
pub mod punycode;
pub mod replace;
pub mod unicode;

use crate::functions::conversion::convert;
use crate::functions::{BindError, BoundExpr};
use crate::types::KqlType;

/// The arguments with those at `texts` as text, whatever their type.
pub(crate) fn as_text(args: &[BoundExpr], texts: &[usize]) -> Vec<BoundExpr> {
    args.iter()
        .enumerate()
        .map(|(at, arg)| if texts.contains(&at) { convert(arg, KqlType::String) } else { arg.clone() })
        .collect()
}

/// The constant text of an argument that must be constant.
pub(crate) fn constant_text<'a>(args: &'a [BoundExpr], at: usize, what: &str) -> Result<&'a str, BindError> {
    let arg = args.get(at).ok_or_else(|| BindError::new(format!("the {what} is missing")))?;
    arg.const_str().ok_or_else(|| {
        let error = BindError::new(format!("the {what} must be a constant string")).at(at);
        match args.iter().find_map(BoundExpr::const_str) {
            Some(text) => error.hint(format!("it stands first: `(\"{text}\", …)`")),
            None => error,
        }
    })
}
