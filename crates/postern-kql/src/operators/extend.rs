//! `extend` and `serialize`: adds computed columns; one that exists already is replaced.

use datafusion::logical_expr::Expr as PlanExpr;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::NamedExpr;

use super::named;
use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Placed};
use crate::bind::scope::{Relation, ScopeColumn, plan_column};
use crate::functions::BoundExpr;

/// Applies `extend`.
pub fn extend(binder: &Binder, mut input: Relation, items: &[NamedExpr], env: &Env, span: Span) -> Bound<Relation> {
    let bound = named(binder, items, &mut Scope::windows(&mut input), env)?;
    add(binder, &mut input, bound, span)?;
    Ok(input)
}

/// Applies `serialize`: from here on the rows keep their order, and window functions may be used.
pub fn serialize(binder: &Binder, mut input: Relation, items: &[NamedExpr], env: &Env, span: Span) -> Bound<Relation> {
    input.serialized = true;
    extend(binder, input, items, env, span)
}

/// Adds bound values as columns under their names.
pub fn add(binder: &Binder, relation: &mut Relation, values: Vec<(String, BoundExpr)>, span: Span) -> Bound<()> {
    let columns = materialise(binder, relation, values, span)?;
    for column in columns {
        relation.set(column);
    }
    Ok(())
}

/// Computes values as plan columns and gives the named columns; the relation's own names stay as they are.
pub fn materialise(
    binder: &Binder,
    relation: &mut Relation,
    values: Vec<(String, BoundExpr)>,
    span: Span,
) -> Bound<Vec<ScopeColumn>> {
    let mut computed: Vec<(PlanExpr, String)> = Vec::new();
    let mut columns = Vec::with_capacity(values.len());
    for (name, value) in values {
        let column = if let PlanExpr::Column(column) = value.expr {
            column
        } else {
            let plan_name = binder.fresh.name(&name);
            computed.push((value.expr, plan_name.clone()));
            plan_column(plan_name)
        };
        columns.push(ScopeColumn { name, ty: value.ty, hidden: false, column });
    }
    // Window columns that were used without being computed on must outlive the projection too.
    let kept = std::mem::take(&mut relation.columns);
    let computed_names: Vec<&String> = computed.iter().map(|(_, name)| name).collect();
    let plain = columns.iter().filter(|c| !(c.column.relation.is_none() && computed_names.contains(&&c.column.name)));
    relation.columns = kept.iter().chain(plain).cloned().collect();
    let done = relation.compute(computed).at(span);
    relation.columns = kept;
    done?;
    Ok(columns)
}
