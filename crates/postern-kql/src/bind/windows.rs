//! `row_number()`, `prev()`, `next()`, `row_cumsum()`, `row_rank_*()`, `row_window_session()`: functions over rows in
//! order.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::min_max::max_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::functions_window::lead_lag::{lag_udwf, lead_udwf};
use datafusion::logical_expr::{Expr as PlanExpr, Operator, WindowFunctionDefinition, binary_expr, lit, when};
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::Call;

use super::Binder;
use super::coerce::{cast, coerce};
use super::env::Env;
use super::expr::Scope;
use super::fault::{Bound, Fault, Placed, codes};
use crate::functions::BoundExpr;
use crate::plan::session::session_udwf;
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
                let restart = arg(1).cloned();
                self.rank_of(name, &value, restart.as_ref(), scope, span)
            }
            "row_window_session" => self.session_of(&args, scope, span),
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

    /// The rank grows where the value differs from that of the row before: by one (dense), or to the row's number (min).
    fn rank_of(
        &self,
        name: &str,
        value: &BoundExpr,
        restart: Option<&BoundExpr>,
        scope: &mut Scope,
        span: Span,
    ) -> Bound<BoundExpr> {
        if value.ty == KqlType::Dynamic {
            return Err(Fault::wrong_type(span, &format!("`{name}`"), "values that can be compared", value.ty));
        }
        let mut partition = group_keys(scope.relation);
        partition.extend(self.run_of(scope, restart, span)?);
        let order = scope.relation.sort_exprs();
        let before = over(
            WindowFunctionDefinition::WindowUDF(lag_udwf()),
            vec![value.expr.clone(), lit(1i64), lit(value.ty.missing())],
            partition.clone(),
            order.clone(),
            rows_so_far(),
        );
        let before = add_window(scope.relation, before, "before", &self.fresh).at(span)?;
        let number = row_number(partition.clone(), order.clone());
        let number = cast(add_window(scope.relation, number, "number", &self.fresh).at(span)?, KqlType::Long);
        let differs = binary_expr(value.expr.clone(), Operator::IsDistinctFrom, before);
        let changed = number.clone().eq(lit(1i64)).or(differs);
        let (function, step) = if name == "row_rank_dense" { (sum_udaf(), lit(1i64)) } else { (max_udaf(), number) };
        let step = when(changed, step).otherwise(lit(0i64)).at(span)?;
        let rank = over(WindowFunctionDefinition::AggregateUDF(function), vec![step], partition, order, rows_so_far());
        let column = add_window(scope.relation, rank, name, &self.fresh).at(span)?;
        Ok(BoundExpr::new(column, KqlType::Long))
    }

    /// The value at the beginning of the session that a row is in.
    fn session_of(&self, args: &[BoundExpr], scope: &mut Scope, span: Span) -> Bound<BoundExpr> {
        let name = "row_window_session";
        let (value, first, last, restart) = match args {
            [value, first, last] => (value, first, last, None),
            [value, first, last, restart] => (value, first, last, Some(restart)),
            _ => return Err(count(name, "3 or 4 arguments", args.len(), span)),
        };
        if value.ty != KqlType::DateTime {
            return Err(Fault::wrong_type(span, &format!("`{name}`"), "`datetime` values", value.ty));
        }
        let distance = |arg: &BoundExpr| match &arg.constant {
            Some(Const::TimeSpan(ticks)) => Ok(*ticks),
            Some(_) => Err(Fault::wrong_type(span, &format!("a distance of `{name}`"), "`timespan`", arg.ty)),
            None => Err(Fault::new(codes::NOT_CONSTANT, span, format!("a distance of `{name}` must be constant"))),
        };
        let (first, last) = (distance(first)?, distance(last)?);
        let restart = match restart {
            Some(restart) if restart.ty != KqlType::Bool => {
                return Err(Fault::wrong_type(span, "a restart condition", "`bool`", restart.ty));
            }
            Some(restart) => restart.expr.clone(),
            None => lit(false),
        };
        let window = over(
            WindowFunctionDefinition::WindowUDF(Arc::new(session_udwf(first, last))),
            vec![value.expr.clone(), restart],
            group_keys(scope.relation),
            scope.relation.sort_exprs(),
            rows_so_far(),
        );
        let column = add_window(scope.relation, window, name, &self.fresh).at(span)?;
        Ok(BoundExpr::new(column, KqlType::DateTime))
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
