//! `partition`: a subquery over the rows of each key value on its own; its results together.
//!
//! The strategies (`native`, `shuffle`, `legacy`) say how a service spreads the work and never change the result. In
//! parentheses the subquery works on the rows of one key after the other, which is one plan with groups. In braces it
//! is a whole query that sees the key as a constant: the keys are found first, and the query is bound for each.

use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlanBuilder, lit};
use datafusion::scalar::ScalarValue;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, ExprKind, Literal, Partition, Property, Source};

use super::groups;
use crate::bind::Binder;
use crate::bind::env::{Env, Named};
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::{Groups, Relation, ScopeColumn, plan_column};
use crate::functions::BoundExpr;
use crate::plan::rows;
use crate::plan::union::union;
use crate::types::Const;

/// The most keys for which a query in braces is bound.
const MAX_KEYS: usize = 256;

/// Applies `partition`.
pub fn partition(binder: &Binder, mut input: Relation, operator: &Partition, env: &Env, span: Span) -> Bound<Relation> {
    operator.hints.iter().try_for_each(check_hint)?;
    if operator.braces {
        return whole(binder, input, operator, env, span);
    }
    if !matches!(operator.body.source, Source::Input(_)) {
        return Err(Fault::unsupported(operator.body.span, "a table at the head of this subquery of `partition`")
            .hint("write a query with a table of its own in braces: `partition by key { … }`"));
    }
    let key = binder.expr(&operator.by, &mut Scope::row(&mut input), env)?;
    let key = match key.expr {
        PlanExpr::Column(column) => column,
        expr => {
            let name = binder.fresh.name("partition");
            input.compute(vec![(expr, name.clone())]).at(span)?;
            plan_column(name)
        }
    };
    let outer = input.groups.take().unwrap_or_default();
    let depth = outer.keys.len();
    let mut keys = outer.keys;
    keys.push(key);
    let grouped = !outer.carried.is_empty() || depth > 0;
    input.groups = Some(Groups { keys, carried: outer.carried });
    let mut result = binder.table(&operator.body, &groups::inside(env, &input), Some(&input))?;
    let Some(groups) = result.groups.take() else {
        return Err(Fault::unsupported(operator.body.span, "this subquery of `partition`"));
    };
    if grouped {
        let keys = groups.keys.into_iter().take(depth).collect();
        result.groups = Some(Groups { keys, carried: groups.carried });
    }
    if groups_broken(&result) {
        return Err(Fault::new(codes::INTERNAL, span, "a group has lost its key"));
    }
    result.sorted = false;
    result.order.clear();
    Ok(result)
}

fn groups_broken(relation: &Relation) -> bool {
    relation.groups.as_ref().is_some_and(|g| g.keys.iter().any(|k| !relation.plan.schema().has_column(k)))
}

fn check_hint(hint: &Property) -> Bound<()> {
    if hint.name != "hint.strategy" {
        return Ok(());
    }
    let word = match &hint.value.kind {
        ExprKind::Name(name) => name.text.as_str(),
        ExprKind::Literal(Literal::String(text)) => text.value.as_str(),
        _ => "",
    };
    if matches!(word, "native" | "shuffle" | "legacy") {
        return Ok(());
    }
    Err(Fault::new(
        codes::OPTION,
        hint.value.span,
        "the strategies of `partition` are `native`, `shuffle` and `legacy`",
    ))
}

/// A whole query for each key, which it names as a constant.
fn whole(binder: &Binder, mut input: Relation, operator: &Partition, env: &Env, span: Span) -> Bound<Relation> {
    if input.groups.is_some() {
        return Err(Fault::unsupported(span, "`partition` with a query in braces inside another subquery"));
    }
    let Some(name) = key_name(&operator.by) else {
        return Err(Fault::new(
            codes::ARGUMENT,
            operator.by.span,
            "`partition` with a query in braces goes by a column",
        ));
    };
    let key = binder.expr(&operator.by, &mut Scope::row(&mut input), env)?;
    let ty = key.ty;
    let mut parts = Vec::new();
    for value in keys(binder, input, &key, span)? {
        let named = Named::Scalar(BoundExpr::constant(value));
        parts.push((name.to_owned(), binder.table(&operator.body, &env.with(name, named), None)?));
    }
    if parts.is_empty() {
        // No keys, no rows; the columns are those that any key would give.
        let named = Named::Scalar(BoundExpr::constant(Const::null(ty)));
        let mut none = binder.table(&operator.body, &env.with(name, named), None)?;
        none.map(|plan| plan.filter(lit(false))).at(span)?;
        return Ok(none);
    }
    union(parts, false, None, &binder.fresh).at(span)
}

fn key_name(by: &Expr) -> Option<&str> {
    match &by.kind {
        ExprKind::Name(name) => Some(&name.text),
        _ => None,
    }
}

/// The different values of the key, a null among them.
fn keys(binder: &Binder, mut input: Relation, key: &BoundExpr, span: Span) -> Bound<Vec<Const>> {
    let name = binder.fresh.name("partition");
    input.compute(vec![(key.expr.clone(), name.clone())]).at(span)?;
    input.columns = vec![ScopeColumn { name: "key".to_owned(), ty: key.ty, hidden: false, column: plan_column(name) }];
    input.unordered();
    let plan = LogicalPlanBuilder::from(rows::finish(input, true).at(span)?.plan)
        .distinct()
        .and_then(|p| p.limit(0, Some(MAX_KEYS + 1)))
        .and_then(LogicalPlanBuilder::build)
        .at(span)?;
    let mut values = Vec::new();
    for batch in binder.ask(plan)? {
        let Some(array) = batch.columns().first() else { continue };
        for row in 0..array.len() {
            let value = ScalarValue::try_from_array(array, row).at(span)?;
            values.extend(Const::from_scalar(&value, key.ty));
        }
    }
    if values.len() > MAX_KEYS {
        return Err(Fault::new(
            codes::EXECUTION,
            span,
            format!("`partition` with a query in braces takes at most {MAX_KEYS} keys"),
        )
        .hint("write the subquery in parentheses, or use a `join`"));
    }
    Ok(values)
}
