//! `estimate_data_size`: how many bytes values take.

use crate::functions::conversion::{Value, read};
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call_as_is, example, info, repeated};
use crate::types::KqlType::{self, Guid, Int, Long};

/// Bytes of a value: text and dynamic by their length, the others by the width of their type. A null takes as much as
/// any value of its type, save of text.
fn width(value: Option<Value<'_>>, ty: KqlType) -> i64 {
    match (ty, value) {
        (KqlType::Bool, _) => 1,
        (Int, _) => 4,
        (KqlType::Decimal | Guid, _) => 16,
        (KqlType::String | KqlType::Dynamic, value) => match value {
            Some(Value::Text(text) | Value::Json(text)) => text.len() as i64,
            _ => 0,
        },
        (Long | KqlType::Real | KqlType::DateTime | KqlType::TimeSpan, _) => 8,
    }
}

/// `estimate_data_size(column…)`, or `*` for all columns.
pub const ESTIMATE_DATA_SIZE: Scalar = Scalar::new(
    info(
        "estimate_data_size",
        "context",
        "How many bytes the values of a row take, as an estimate.",
        &[repeated("column", "any", "The columns, or `*` for all.")],
        "long",
        &[example("print estimate_data_size(\"abc\", 1)", "11")],
    ),
    |args, _| {
        let types: Vec<KqlType> = args.iter().map(|a| a.ty).collect();
        Ok(call_as_is("estimate_data_size", "", args, Long, move |args| {
            build::longs(args.rows, |row| {
                Some(args.args.iter().zip(&types).map(|(arg, ty)| width(read(arg, *ty, row), *ty)).sum())
            })
        }))
    },
);
