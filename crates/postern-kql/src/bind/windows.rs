//! `row_number()`, `prev()`, `next()`, `row_cumsum()`, `row_rank_*()`: functions over rows in order.

use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::functions_window::lead_lag::{lag_udwf, lead_udwf};
use datafusion::functions_window::rank::{dense_rank_udwf, rank_udwf};
use datafusion::logical_expr::{Expr as PlanExpr, WindowFunctionDefinition, lit, when};
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::Call;

use super::Binder;
use super::coerce::{cast, coerce};
use super::env::Env;
use super::expr::Scope;
use super::fault::{Bound, Fault, Placed, codes};
use crate::functions::BoundExpr;
use crate::plan::window::{add_window, group_keys, over, row_number, rows_so_far};
use crate::types::{Const, KqlType};

/// Their names.
pub const WINDOW_FUNCTIONS: &[&str] =
    &["next", "prev", "row_cumsum", "row_number", "row_rank_dense", "row_rank_min", "row_window_session"];

impl Binder<'_> {
    /// Binds the call of a window function: the value becomes a column of the plan at once.
    pub fn window_call(&self, call: &Call, scope: &mut Scope, env: &Env) -> Bound<BoundExpr> {
        let name = call.name.text.as_str();
        let span = call.span;
        if !scope.windows {
            return Err(Fault::new(codes::MISPLACED, span, format!("`{name}` cannot stand here"))
                .hint("compute it with `extend` first"));
        }
        if !scope.relation.serialized {
            return Err(Fault::new(codes::MISPLACED, span, format!("`{name}` needs rows in a fixed order"))
                .hint("put `sort by …` or `serialize` before it"));
        }
        let mut args = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            args.push(self.expr(&arg.value, scope, env)?);
        }
        let arg = |index: usize| args.get(index);
        match name {
            "row_number" => {
                let start = Self::constant_long(arg(0), 1, span)?;
                let restart = arg(1).cloned();
                let mut partition = group_keys(scope.relation);
                partition.extend(self.run_of(scope, restart.as_ref(), span)?);
                let order = scope.relation.sort_exprs();
                let number =
                    add_window(scope.relation, row_number(partition, order), "row_number", &self.fresh).at(span)?;
                let number = cast(number, KqlType::Long) + lit(start - 1);
                Ok(BoundExpr::new(number, KqlType::Long))
            }
            "prev" | "next" => {
                let Some(value) = arg(0).cloned() else {
                    return Err(count(name, "1 to 3 arguments", args.len(), span));
                };
                let offset = Self::constant_long(arg(1), 1, span)?;
                let default = match arg(2) {
                    None => value.ty.missing(),
                    Some(default) => match coerce(default, value.ty, &self.cx()).and_then(|d| d.constant) {
                        Some(default) => default.scalar(),
                        None => {
                            return Err(Fault::new(
                                codes::ARGUMENT,
                                span,
                                format!("the default of `{name}` must be a constant of type `{}`", value.ty),
                            ));
                        }
                    },
                };
                let function = if name == "prev" { lag_udwf() } else { lead_udwf() };
                let window = over(
                    WindowFunctionDefinition::WindowUDF(function),
                    vec![value.expr.clone(), lit(offset), lit(default)],
                    group_keys(scope.relation),
                    scope.relation.sort_exprs(),
                    rows_so_far(),
                );
                let column = add_window(scope.relation, window, name, &self.fresh).at(span)?;
                Ok(BoundExpr::new(column, value.ty))
            }
            "row_cumsum" => {
                let Some(value) = arg(0).cloned() else {
                    return Err(count(name, "1 or 2 arguments", args.len(), span));
                };
                let ty = if value.ty == KqlType::Int { KqlType::Long } else { value.ty };
                if !matches!(ty, KqlType::Long | KqlType::Real | KqlType::TimeSpan) {
                    return Err(Fault::wrong_type(span, "`row_cumsum`", "numbers", value.ty));
                }
                let value = coerce(&value, ty, &self.cx()).unwrap_or(value);
                let zero = if ty == KqlType::Real { lit(0f64) } else { lit(0i64) };
                let term = datafusion::functions::core::expr_fn::coalesce(vec![value.expr, zero]);
                let mut partition = group_keys(scope.relation);
                partition.extend(self.run_of(scope, arg(1), span)?);
                let order = scope.relation.sort_exprs();
                let window = over(
                    WindowFunctionDefinition::AggregateUDF(sum_udaf()),
                    vec![term],
                    partition,
                    order,
                    rows_so_far(),
                );
                let column = add_window(scope.relation, window, "row_cumsum", &self.fresh).at(span)?;
                Ok(BoundExpr::new(column, ty))
            }
            "row_rank_dense" | "row_rank_min" => {
                let Some(value) = arg(0).cloned() else {
                    return Err(count(name, "1 or 2 arguments", args.len(), span));
                };
                // The rank counts changes of the value along the rows' own order.
                let mut partition = group_keys(scope.relation);
                partition.extend(self.run_of(scope, arg(1), span)?);
                let order = scope.relation.sort_exprs();
                let keyed = order
                    .iter()
                    .position(|key| key.expr == value.expr)
                    .map(|at| order.iter().take(at + 1).cloned().collect::<Vec<_>>());
                let Some(keys) = keyed else {
                    return Err(Fault::unsupported(
                        span,
                        &format!("`{name}` of a value that the rows are not sorted by"),
                    ));
                };
                let function = if name == "row_rank_dense" { dense_rank_udwf() } else { rank_udwf() };
                let window =
                    over(WindowFunctionDefinition::WindowUDF(function), vec![], partition, keys, rows_so_far());
                let column = add_window(scope.relation, window, name, &self.fresh).at(span)?;
                Ok(BoundExpr::new(cast(column, KqlType::Long), KqlType::Long))
            }
            _ => Err(Fault::unsupported(span, &format!("`{name}`"))),
        }
    }

    fn constant_long(arg: Option<&BoundExpr>, default: i64, span: Span) -> Bound<i64> {
        match arg {
            None => Ok(default),
            Some(arg) => arg
                .const_long()
                .ok_or_else(|| Fault::new(codes::NOT_CONSTANT, span, "a constant whole number must stand here")),
        }
    }

    /// The number of the run that a row is in, where a true `restart` begins a new one.
    fn run_of(&self, scope: &mut Scope, restart: Option<&BoundExpr>, span: Span) -> Bound<Option<PlanExpr>> {
        let Some(restart) = restart else { return Ok(None) };
        if restart.ty != KqlType::Bool {
            return Err(Fault::wrong_type(span, "a restart condition", "`bool`", restart.ty));
        }
        if restart.constant == Some(Const::Bool(false)) {
            return Ok(None);
        }
        let flag = when(restart.expr.clone(), lit(1i64)).otherwise(lit(ScalarValue::Int64(Some(0)))).at(span)?;
        let partition = group_keys(scope.relation);
        let order = scope.relation.sort_exprs();
        let window =
            over(WindowFunctionDefinition::AggregateUDF(sum_udaf()), vec![flag], partition, order, rows_so_far());
        add_window(scope.relation, window, "run", &self.fresh).at(span).map(Some)
    }
}

fn count(name: &str, wanted: &str, found: usize, span: Span) -> Fault {
    Fault::new(codes::ARGUMENT_COUNT, span, format!("`{name}` takes {wanted}, not {found}"))
}
