//! `sort` and `top`. Descending unless said; null is smaller than every value unless `nulls` says otherwise.

use datafusion::logical_expr::Expr as PlanExpr;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, NullsOrder, SortKey, SortOrder};

use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Placed};
use crate::bind::scope::{OrderKey, Relation, plan_column};
use crate::plan::rows;

/// Applies `sort`: notes the order; rows are sorted when someone needs it.
pub fn sort(binder: &Binder, mut input: Relation, keys: &[SortKey], env: &Env, span: Span) -> Bound<Relation> {
    order(binder, &mut input, keys, env, span)?;
    Ok(input)
}

/// Applies `top`.
pub fn top(binder: &Binder, mut input: Relation, count: &Expr, by: &SortKey, env: &Env, span: Span) -> Bound<Relation> {
    let count = binder.count(count, env, "the number of rows")?;
    order(binder, &mut input, std::slice::from_ref(by), env, span)?;
    rows::limit(&mut input, count, &binder.fresh).at(span)?;
    Ok(input)
}

/// Makes `keys` the order of the rows.
pub fn order(binder: &Binder, input: &mut Relation, keys: &[SortKey], env: &Env, span: Span) -> Bound<()> {
    let mut computed = Vec::new();
    let mut order = Vec::with_capacity(keys.len());
    for key in keys {
        let value = binder.expr(&key.value.expr, &mut Scope::row(input), env)?;
        let ascending = key.order == Some(SortOrder::Asc);
        let nulls_first = match key.nulls {
            Some(NullsOrder::First) => true,
            Some(NullsOrder::Last) => false,
            None => ascending,
        };
        let column = match value.expr {
            PlanExpr::Column(column) => column,
            // A constant orders nothing.
            PlanExpr::Literal(..) => continue,
            expr => {
                let name = binder.fresh.name("sort");
                computed.push((expr, name.clone()));
                plan_column(name)
            }
        };
        order.push(OrderKey { column, ascending, nulls_first });
    }
    input.order.clear();
    input.compute(computed).at(span)?;
    input.order = order;
    input.sorted = true;
    input.serialized = true;
    Ok(())
}
