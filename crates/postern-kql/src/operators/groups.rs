//! Tables from outside inside `mv-apply` and `partition`: each group sees all of their rows.
//!
//! The rows at the head of a subquery are kept among the names under [`GROUPS`], so that an operator that brings in
//! another table (`join`, `lookup`, `union`) can give it to every group, also to one that has no rows left.

use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlanBuilder};
use postern_kql_syntax::Span;

use crate::bind::Binder;
use crate::bind::env::{Env, Named};
use crate::bind::fault::{Bound, Fault, Placed};
use crate::bind::scope::{Groups, Relation, plan_column};

/// The name, which no query can write, of the rows at the head of the subquery.
pub const GROUPS: &str = "#groups";

/// The names of a subquery over the rows of groups.
pub fn inside(env: &Env, head: &Relation) -> Env {
    env.with(GROUPS, Named::Table(Box::new(head.clone())))
}

/// Two tables that are to meet: when one of them is in groups, the other one is put into the same groups.
pub fn level(binder: &Binder, left: Relation, right: Relation, env: &Env, span: Span) -> Bound<(Relation, Relation)> {
    match (&left.groups, &right.groups) {
        (None, None) => Ok((left, right)),
        (Some(a), Some(b)) if a.keys.len() == b.keys.len() && a.carried.len() == b.carried.len() => Ok((left, right)),
        (Some(_), Some(_)) => Err(Fault::unsupported(span, "joining rows of different subqueries")),
        (Some(_), None) => Ok((left, lift(binder, right, env, span)?)),
        (None, Some(_)) => Ok((lift(binder, left, env, span)?, right)),
    }
}

/// Gives every group all rows of a table.
pub fn lift(binder: &Binder, relation: Relation, env: &Env, span: Span) -> Bound<Relation> {
    let Some(Named::Table(head)) = env.find(GROUPS) else {
        return Err(Fault::unsupported(span, "another table at this place in a subquery"));
    };
    let head = binder.reread(head, span)?;
    let Some(groups) = head.groups.clone() else {
        return Err(Fault::unsupported(span, "another table at this place in a subquery"));
    };
    let keys: Vec<PlanExpr> = groups.keys.iter().cloned().map(PlanExpr::Column).collect();
    let mut firsts = Vec::with_capacity(groups.carried.len());
    let mut carried = Vec::with_capacity(groups.carried.len());
    for column in groups.carried {
        if groups.keys.contains(&column) {
            carried.push(column);
            continue;
        }
        let name = binder.fresh.name(&column.name);
        firsts.push(first_value_udaf().call(vec![PlanExpr::Column(column)]).alias(name.clone()));
        carried.push(plan_column(name));
    }
    let each =
        LogicalPlanBuilder::from(head.plan).aggregate(keys, firsts).and_then(LogicalPlanBuilder::build).at(span)?;
    let mut lifted = relation;
    lifted.map(|plan| plan.cross_join(each)).at(span)?;
    lifted.unordered();
    lifted.unique = None;
    lifted.groups = Some(Groups { keys: groups.keys, carried });
    Ok(lifted)
}
