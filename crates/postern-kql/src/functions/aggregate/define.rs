//! The shape in which an aggregate is written down.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{AggregateUDF, Expr, lit};

use crate::functions::support::coerce::coerce;
use crate::functions::{Aggregate, BindContext, BindError, BoundAggregate, BoundExpr, FunctionInfo, Param};
use crate::types::KqlType;

/// The bind step of an aggregate.
pub type Bind = fn(&[BoundExpr], &BindContext) -> Result<Vec<BoundAggregate>, BindError>;

/// An aggregate as a constant.
pub struct Summary {
    info: FunctionInfo,
    bind: Bind,
}

impl Summary {
    /// An aggregate.
    pub const fn new(info: FunctionInfo, bind: Bind) -> Self {
        Self { info, bind }
    }
}

impl Aggregate for Summary {
    fn info(&self) -> FunctionInfo {
        self.info
    }

    fn bind(&self, args: &[BoundExpr], cx: &BindContext) -> Result<Vec<BoundAggregate>, BindError> {
        (self.bind)(args, cx)
    }
}

/// Information of an aggregate.
pub const fn info(
    name: &'static str,
    summary: &'static str,
    params: &'static [Param],
    returns: &'static str,
    examples: &'static [crate::functions::Example],
) -> FunctionInfo {
    crate::functions::support::define::info(name, "aggregate", summary, params, returns, examples)
}

/// A call of an aggregate of DataFusion.
pub fn aggregate(udaf: Arc<AggregateUDF>, args: Vec<Expr>, filter: Option<Expr>) -> Expr {
    Expr::AggregateFunction(AggregateFunction::new_udf(udaf, args, false, filter.map(Box::new), Vec::new(), None))
}

/// One output whose name is a prefix and the first argument's name.
pub fn output(expr: Expr, ty: KqlType, prefix: &str, args: &[BoundExpr]) -> Vec<BoundAggregate> {
    let name = format!("{prefix}_{}", args.first().and_then(|a| a.name.as_deref()).unwrap_or(""));
    vec![BoundAggregate { expr, ty, name }]
}

/// The argument that must be there.
pub fn first(args: &[BoundExpr]) -> Result<&BoundExpr, BindError> {
    args.first().ok_or_else(|| BindError::new("an expression is needed"))
}

/// The predicate of an `…if` aggregate, when the function has one.
pub fn predicate(args: &[BoundExpr], at: Option<usize>) -> Result<Option<Expr>, BindError> {
    let Some(at) = at else { return Ok(None) };
    let arg = args.get(at).ok_or_else(|| BindError::new("a predicate is needed"))?;
    coerce(arg, KqlType::Bool).map(|b| Some(b.expr)).map_err(|e| e.at(at))
}

/// The value, or another where it is null.
pub fn or_else(expr: Expr, other: ScalarValue) -> Expr {
    datafusion::functions::core::expr_fn::coalesce(vec![expr, lit(other)])
}
