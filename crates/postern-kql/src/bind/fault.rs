//! Why a query cannot be planned, and the codes of the binder's messages.

use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use postern_kql_syntax::{Diagnostic, Severity, Span};

use crate::functions::BindError;
use crate::types::KqlType;

/// The binder's codes; never reused. The syntax crate has KQL0001 to KQL0099.
pub mod codes {
    /// A table, or a name in its place, is not known.
    pub const UNKNOWN_TABLE: &str = "KQL0101";
    /// A column or a let name is not known.
    pub const UNKNOWN_NAME: &str = "KQL0102";
    /// A function is not known.
    pub const UNKNOWN_FUNCTION: &str = "KQL0103";
    /// A call has too few or too many arguments.
    pub const ARGUMENT_COUNT: &str = "KQL0104";
    /// An argument has a type or value that the function does not take.
    pub const ARGUMENT: &str = "KQL0105";
    /// An operator does not fit the types of its operands.
    pub const OPERAND: &str = "KQL0106";
    /// A construct of KQL that the engine does not have.
    pub const NOT_SUPPORTED: &str = "KQL0107";
    /// A value must be the same for all rows and is not.
    pub const NOT_CONSTANT: &str = "KQL0108";
    /// A column name occurs twice.
    pub const DUPLICATE: &str = "KQL0109";
    /// A table stands where a value belongs, or the other way round.
    pub const WRONG_KIND: &str = "KQL0110";
    /// An expression has a type that its place does not take.
    pub const WRONG_TYPE: &str = "KQL0111";
    /// Functions or views call each other without end, or too deep.
    pub const TOO_DEEP: &str = "KQL0112";
    /// An aggregate, a window function, or an operator with several results stands where none may.
    pub const MISPLACED: &str = "KQL0113";
    /// An option of an operator is not known or has a value that it does not take.
    pub const OPTION: &str = "KQL0114";
    /// A table of the catalogue cannot be read as it is declared.
    pub const TABLE_DEFINITION: &str = "KQL0115";
    /// A part of the query that had to run before the rest failed.
    pub const EXECUTION: &str = "KQL0116";
    /// A function is called on a value as if it were its method.
    pub const METHOD: &str = "KQL0117";
    /// A mistake that the parser has told already.
    pub const REPORTED: &str = "KQL0198";
    /// The engine could not make a plan of a query that it accepted: a defect of the engine.
    pub const INTERNAL: &str = "KQL0199";
}

/// Why binding stopped.
#[derive(Debug)]
pub enum Fault {
    /// The query is wrong, or not supported.
    Query(Box<Diagnostic>),
    /// A value of the query must be computed before binding can go on; bind again with the answer.
    Needs(Box<LogicalPlan>),
}

/// What binding yields.
pub type Bound<T> = Result<T, Fault>;

impl Fault {
    /// A message with a code and a place.
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Fault::Query(Box::new(Diagnostic {
            code,
            message: message.into(),
            span,
            hint: None,
            severity: Severity::Error,
        }))
    }

    /// The same message with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Fault::Query(mut diagnostic) => {
                diagnostic.hint = Some(hint.into());
                Fault::Query(diagnostic)
            }
            other @ Fault::Needs(_) => other,
        }
    }

    /// The same message with a hint when there is one.
    #[must_use]
    pub fn maybe_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// A place where the parser could read nothing, and said so.
    pub fn reported(span: Span) -> Self {
        Self::new(codes::REPORTED, span, "nothing could be read here")
    }

    /// A construct that the engine does not have.
    pub fn unsupported(span: Span, what: &str) -> Self {
        Self::new(codes::NOT_SUPPORTED, span, format!("{what} is not supported"))
    }

    /// An error of an operator's or function's binding, at a place.
    pub fn bind(code: &'static str, error: BindError, span: Span) -> Self {
        Self::new(code, span, error.message).maybe_hint(error.hint)
    }

    /// A type that its place does not take.
    pub fn wrong_type(span: Span, place: &str, wanted: &str, found: KqlType) -> Self {
        Self::new(codes::WRONG_TYPE, span, format!("{place} takes {wanted}, not `{found}`"))
    }

    /// An error of DataFusion while the plan was made.
    pub fn plan(span: Span, error: &DataFusionError) -> Self {
        Self::new(codes::INTERNAL, span, format!("the plan could not be made: {}", error.strip_backtrace()))
    }
}

/// Gives DataFusion's errors a place.
pub trait Placed<T> {
    /// The value, or the error at `span`.
    fn at(self, span: Span) -> Bound<T>;
}

impl<T> Placed<T> for Result<T, DataFusionError> {
    fn at(self, span: Span) -> Bound<T> {
        self.map_err(|error| Fault::plan(span, &error))
    }
}
