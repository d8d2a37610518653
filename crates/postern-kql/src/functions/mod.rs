//! The functions of KQL: what a function is, and the visible lists of all of them.
//!
//! A scalar function is one [`Function`], an aggregate one [`Aggregate`], a binary text operator one [`Function`] in
//! [`OPERATORS`]. Each describes itself ([`FunctionInfo`]) and binds typed arguments to a DataFusion expression in
//! engine types (see [`crate::types`]). The binder checks the number of arguments against [`FunctionInfo::params`],
//! calls `bind`, and folds the result when every argument is constant and the function is
//! [`Function::deterministic`].

// The builders read best as one line for each value; reals are compared exactly because KQL does; digests are written
// in the letters of their definitions; bind helpers share one shape whether or not they can fail.
#![allow(
    clippy::float_cmp,
    clippy::format_push_string,
    clippy::many_single_char_names,
    clippy::needless_for_each,
    clippy::unnecessary_wraps
)]

pub mod aggregate;
pub mod conditional;
pub mod context;
pub mod conversion;
pub mod datetime;
pub mod dynamic;
pub mod geo;
pub mod kernel;
pub mod math;
pub mod network;
pub mod registry;
pub mod series;
pub mod sketch;
pub mod string;
pub mod support;

pub use kernel::{Arg, KernelArgs, kernel_udf, raw_kernel_udf};
pub use registry::{AGGREGATES, FUNCTIONS, OPERATORS};

use datafusion::logical_expr::Expr;

use crate::catalog::AddressPlaces;
use crate::types::{Const, KqlType};

/// An expression whose KQL type is known.
#[derive(Debug, Clone)]
pub struct BoundExpr {
    /// The expression, yielding [`KqlType::arrow`] of `ty`.
    pub expr: Expr,
    /// Its KQL type.
    pub ty: KqlType,
    /// Its value, when it is the same for every row; then `expr` is the literal of it.
    pub constant: Option<Const>,
    /// The column name that Kusto gives it when the query does not name it: a column's own name, `a_b` for a path.
    pub name: Option<String>,
}

impl BoundExpr {
    /// An expression that is not constant and has no name of its own.
    pub fn new(expr: Expr, ty: KqlType) -> Self {
        Self { expr, ty, constant: None, name: None }
    }

    /// A constant.
    pub fn constant(value: Const) -> Self {
        Self { expr: value.expr(), ty: value.ty(), constant: Some(value), name: None }
    }

    /// The text, when this is a constant string.
    pub fn const_str(&self) -> Option<&str> {
        self.constant.as_ref().and_then(Const::as_str)
    }

    /// The value, when this is a constant whole number.
    pub fn const_long(&self) -> Option<i64> {
        self.constant.as_ref().and_then(Const::as_long)
    }
}

/// A step of a path into a dynamic value: `a.b`, `a["b"]`, `a[0]`, `a[expression]`.
#[derive(Debug, Clone)]
pub enum PathStep {
    /// A member by name.
    Member(String),
    /// An element by position; negative counts from the end.
    Index(i64),
    /// A member (string) or an element (whole number) that differs by row.
    Computed(BoundExpr),
}

/// Why arguments do not fit a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindError {
    /// The sentence, small first letter, no final stop, names in backticks.
    pub message: String,
    /// What to do instead.
    pub hint: Option<String>,
    /// Which argument is at fault; `None` for the call as a whole.
    pub argument: Option<usize>,
}

impl BindError {
    /// An error about the whole call.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, argument: None }
    }

    /// The same error about one argument (counted from 0).
    #[must_use]
    pub fn at(mut self, argument: usize) -> Self {
        self.argument = Some(argument);
        self
    }

    /// The same error with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What binding a function may know of its surroundings.
#[derive(Debug, Clone)]
pub struct BindContext {
    /// The instant that `now()` means, in ticks.
    pub now: i64,
    /// Says where addresses are.
    pub places: Option<AddressPlaces>,
}

/// A parameter of a function.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// The type or types it takes, as the reference page shows them.
    pub ty: &'static str,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may be given any number of times (last parameter; at least once unless `optional`).
    pub repeated: bool,
    /// One sentence.
    pub summary: &'static str,
}

/// An example of the reference page; it runs as a test.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// A whole query of one row and one column, e.g. `print strlen("abc")`.
    pub query: &'static str,
    /// The value as the golden files print it.
    pub result: &'static str,
}

/// What a function says of itself.
#[derive(Debug, Clone, Copy)]
pub struct FunctionInfo {
    /// The name.
    pub name: &'static str,
    /// Other names with the same meaning, deprecated ones too.
    pub aliases: &'static [&'static str],
    /// One sentence.
    pub summary: &'static str,
    /// The group of the reference page: `string`, `datetime`, `dynamic`, …
    pub category: &'static str,
    /// The parameters in order.
    pub params: &'static [Param],
    /// The type of the result, as the reference page shows it.
    pub returns: &'static str,
    /// Examples.
    pub examples: &'static [Example],
}

impl FunctionInfo {
    /// The least number of arguments.
    pub fn min_args(&self) -> usize {
        self.params.iter().filter(|p| !p.optional).count()
    }

    /// The greatest number of arguments; `None` without a limit.
    pub fn max_args(&self) -> Option<usize> {
        (!self.params.iter().any(|p| p.repeated)).then_some(self.params.len())
    }
}

/// A scalar function, or a binary text operator.
pub trait Function: Send + Sync {
    /// What it is.
    fn info(&self) -> FunctionInfo;

    /// The expression for these arguments, whose number already fits [`FunctionInfo::params`].
    fn bind(&self, args: &[BoundExpr], cx: &BindContext) -> Result<BoundExpr, BindError>;

    /// Whether equal arguments give equal results, so that a call on constants is a constant.
    fn deterministic(&self) -> bool {
        true
    }

    /// The columns, by name and type, of a call that gives several; its value is then a dynamic array of their values.
    /// Empty for all others.
    fn columns(&self, _args: &[BoundExpr]) -> Vec<(String, KqlType)> {
        Vec::new()
    }

    /// The column name of an unnamed call: by default none (`Column1`); `bin` and its like keep their first argument's.
    fn result_name(&self, _args: &[BoundExpr]) -> Option<String> {
        None
    }
}

/// One output column of an aggregate.
#[derive(Debug, Clone)]
pub struct BoundAggregate {
    /// Any expression over `Expr::AggregateFunction` nodes: the binder takes the nodes out, computes each different one
    /// once, and evaluates the rest over them.
    pub expr: Expr,
    /// Its KQL type.
    pub ty: KqlType,
    /// The column name when the query gives none: `count_`, `sum_x`, `percentile_x_50`.
    pub name: String,
}

/// An aggregate function of `summarize`, `make-series`, `top-nested`.
pub trait Aggregate: Send + Sync {
    /// What it is.
    fn info(&self) -> FunctionInfo;

    /// The outputs for these arguments. A `*` argument (`arg_max(t, *)`, `take_any(*)`) arrives already expanded to the
    /// named columns that are not group keys. Most aggregates have one output; `arg_max`, `arg_min`, `take_any`,
    /// `percentiles` may have several.
    fn bind(&self, args: &[BoundExpr], cx: &BindContext) -> Result<Vec<BoundAggregate>, BindError>;
}

/// The scalar function of a name or an alias.
pub fn find(name: &str) -> Option<&'static dyn Function> {
    lookup(FUNCTIONS, name)
}

/// The text operator of a spelling: `has`, `contains_cs`, `=~`, `matches regex`; negations are the binder's.
pub fn find_operator(name: &str) -> Option<&'static dyn Function> {
    lookup(OPERATORS, name)
}

/// The aggregate of a name or an alias.
pub fn find_aggregate(name: &str) -> Option<&'static dyn Aggregate> {
    AGGREGATES.iter().copied().find(|f| {
        let info = f.info();
        info.name == name || info.aliases.contains(&name)
    })
}

fn lookup(list: &[&'static dyn Function], name: &str) -> Option<&'static dyn Function> {
    list.iter().copied().find(|f| {
        let info = f.info();
        info.name == name || info.aliases.contains(&name)
    })
}
