//! `mv-apply`: a subquery over the elements of each row on its own.
//!
//! The rows are expanded once, with a row id as group key and the row's own columns carried along; the operators of the
//! subquery work group by group (see [`crate::bind::scope::Groups`]), so no join back is needed. A row for which the
//! subquery yields nothing disappears.

use std::collections::HashSet;

use datafusion::common::Column as PlanColumn;
use datafusion::logical_expr::Expr as PlanExpr;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{BagExpansion, MvApply, Operator, OperatorKind};

use super::mv_expand::{Items, elements};
use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::{Groups, Relation, ScopeColumn};
use crate::plan::rows::{row_id, stable_row_id};
use crate::plan::union::unused;

/// Whether an operator may read the rows of the subquery once more.
fn reads_again(operator: &Operator) -> bool {
    matches!(
        operator.kind,
        OperatorKind::As { .. }
            | OperatorKind::Join(_)
            | OperatorKind::Lookup(_)
            | OperatorKind::MvApply(_)
            | OperatorKind::Partition(_)
            | OperatorKind::TopNested(_)
            | OperatorKind::Union(_)
    )
}

/// Applies `mv-apply`.
pub fn mv_apply(binder: &Binder, mut input: Relation, operator: &MvApply, env: &Env, span: Span) -> Bound<Relation> {
    let limit = match &operator.limit {
        Some(limit) => Some(binder.count(limit, env, "the limit")?),
        None => None,
    };
    // Rows that are read more than once must be told apart the same way each time.
    let number = if operator.subquery.operators.iter().any(reads_again) { stable_row_id } else { row_id };
    let PlanExpr::Column(id) = number(&mut input, &binder.fresh).at(span)? else {
        return Err(Fault::new(codes::INTERNAL, span, "a row has no identity"));
    };
    let outer = input.clone();
    // The id must live through the expansion.
    input.groups.get_or_insert_default().carried.push(id.clone());
    let index = operator.item_index.as_ref().map(|n| n.text.as_str());
    let items = Items { columns: &operator.columns, index, bags: BagExpansion::Bag, limit };
    let expanded = elements(binder, &mut input, &items, env, span)?;
    let mut carried: Vec<PlanColumn> = outer.live();
    let mut seen: HashSet<PlanColumn> = carried.iter().cloned().collect();
    carried.extend(input.order.iter().map(|k| k.column.clone()).filter(|c| seen.insert(c.clone())));
    carried.retain(|c| *c != id);
    let outer_order = input.order.clone();
    let mut inner = input;
    inner.groups = Some(Groups { keys: vec![id], carried: carried.clone() });
    inner.serialized = true;
    for column in &expanded {
        match inner.columns.iter_mut().find(|c| c.name == column.name) {
            Some(old) => *old = column.clone(),
            None => inner.columns.push(column.clone()),
        }
    }
    let result = binder.table(&operator.subquery, &super::groups::inside(env, &inner), Some(&inner))?;
    let Some(groups) = result.groups.clone() else {
        return Err(Fault::unsupported(operator.subquery.span, "this subquery of `mv-apply`"));
    };
    // Where each of the outer columns is now.
    let now =
        |column: &PlanColumn| carried.iter().position(|c| c == column).and_then(|at| groups.carried.get(at)).cloned();
    let mut columns: Vec<ScopeColumn> = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    let replaced: HashSet<&str> = expanded.iter().map(|c| c.name.as_str()).collect();
    for column in &outer.columns {
        if replaced.contains(column.name.as_str()) {
            continue;
        }
        if let Some(at) = now(&column.column) {
            taken.push(column.name.clone());
            columns.push(ScopeColumn { column: at, ..column.clone() });
        }
    }
    let own: HashSet<(String, PlanColumn)> = columns.iter().map(|c| (c.name.clone(), c.column.clone())).collect();
    for column in result.columns.iter().filter(|c| !c.hidden) {
        if own.contains(&(column.name.clone(), column.column.clone())) {
            continue;
        }
        let name = unused(&column.name, &taken);
        taken.push(name.clone());
        columns.push(ScopeColumn { name, ..column.clone() });
    }
    let order = outer_order
        .iter()
        .filter(|k| outer.order.iter().any(|o| o.column == k.column))
        .filter_map(|k| now(&k.column).map(|column| crate::bind::scope::OrderKey { column, ..k.clone() }))
        .collect();
    let outer_groups = outer.groups.as_ref().map(|g| Groups {
        keys: g.keys.iter().filter_map(now).collect(),
        carried: g.carried.iter().filter_map(now).collect(),
    });
    Ok(Relation {
        plan: result.plan,
        columns,
        order,
        sorted: outer.sorted,
        serialized: outer.serialized,
        unique: None,
        groups: outer_groups,
        open: outer.open,
        graph: None,
    })
}
