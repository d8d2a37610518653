//! What a row or a query knows of its surroundings.

pub mod absent;
pub mod size;

use crate::functions::support::define::{Scalar, example, info, param};
use crate::functions::{BindError, BoundExpr};
use crate::types::{Const, KqlType};

/// `ingestion_time()`: null: an export does not say when its service took a record in.
pub const INGESTION_TIME: Scalar = Scalar::new(
    info(
        "ingestion_time",
        "context",
        "When the service took the record in; always null, because exports do not carry it.",
        &[],
        "datetime",
        &[example("print isnull(ingestion_time())", "true")],
    ),
    |_, _| Ok(BoundExpr::constant(Const::Null(KqlType::DateTime))),
)
.called("$IngestionTime");

/// `assert(condition, message)`: an error while binding unless the constant condition holds.
pub const ASSERT: Scalar = Scalar::new(
    info(
        "assert",
        "context",
        "True, or an error with a message when a constant condition does not hold.",
        &[
            param("condition", "bool", "The condition, constant."),
            param("message", "string", "What to say when it fails."),
        ],
        "bool",
        &[example("print assert(1 < 2, \"never seen\")", "true")],
    ),
    |args, _| {
        let message = args.get(1).and_then(BoundExpr::const_str).unwrap_or("the condition does not hold");
        match args.first().and_then(|a| a.constant.as_ref()?.as_bool()) {
            Some(true) => Ok(BoundExpr::constant(Const::Bool(true))),
            Some(false) => Err(BindError::new(format!("the assertion failed: {message}"))),
            None => Err(BindError::new("the condition must be a constant").at(0)),
        }
    },
);
