//! One row for each group: `summarize`, `distinct`, `count`, and what is built on them.

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::functions_aggregate::count::count_all;
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::Expr;

use super::fresh::Fresh;
use crate::bind::scope::{Relation, ScopeColumn, plan_column};
use crate::types::KqlType;

/// A column of the result: an expression, its type and its name.
#[derive(Debug, Clone)]
pub struct Output {
    /// The name.
    pub name: String,
    /// The type.
    pub ty: KqlType,
    /// Whether it is provenance.
    pub hidden: bool,
    /// For a key, an expression of the input; for an aggregate, any expression over `Expr::AggregateFunction` nodes.
    pub expr: Expr,
}

impl Output {
    /// A visible column.
    pub fn new(name: impl Into<String>, ty: KqlType, expr: Expr) -> Self {
        Self { name: name.into(), ty, hidden: false, expr }
    }
}

/// Groups by `keys` and computes `aggregates`; inside groups, one result for each of those.
pub fn aggregate(mut relation: Relation, keys: &[Output], aggregates: &[Output], fresh: &Fresh) -> Result<Relation> {
    // Keys become columns first, so that the aggregate sees plain columns and equal keys are computed once.
    let mut computed = Vec::new();
    let mut columns = Vec::new();
    for key in keys {
        let column = if let Expr::Column(column) = &key.expr {
            column.clone()
        } else {
            let name = fresh.name(&key.name);
            computed.push((key.expr.clone(), name.clone()));
            plan_column(name)
        };
        columns.push(ScopeColumn { name: key.name.clone(), ty: key.ty, hidden: key.hidden, column });
    }
    relation.compute(computed)?;
    let mut by: Vec<Expr> = Vec::new();
    for column in columns.iter().map(|c| &c.column).chain(relation.groups.iter().flat_map(|g| &g.keys)) {
        let expr = Expr::Column(column.clone());
        if !by.contains(&expr) {
            by.push(expr);
        }
    }
    let mut calls: Vec<(Expr, String)> = Vec::new();
    let mut groups = relation.groups.clone();
    for carried in groups.iter_mut().flat_map(|g| &mut g.carried) {
        if by.contains(&Expr::Column(carried.clone())) {
            continue;
        }
        let name = fresh.name(&carried.name);
        calls.push((first_value_udaf().call(vec![Expr::Column(carried.clone())]), name.clone()));
        *carried = plan_column(name);
    }
    let mut outputs: Vec<(Expr, ScopeColumn)> = Vec::new();
    for output in aggregates {
        let expr = take_out_calls(output.expr.clone(), &mut calls, fresh)?;
        let column = match &expr {
            Expr::Column(column) => column.clone(),
            _ => plan_column(fresh.name(&output.name)),
        };
        let column = ScopeColumn { name: output.name.clone(), ty: output.ty, hidden: output.hidden, column };
        outputs.push((expr, column));
    }
    if by.is_empty() && calls.is_empty() {
        // Constants alone are one row all the same.
        calls.push((count_all(), fresh.name("rows")));
    }
    let group_columns: Vec<_> =
        by.iter().filter_map(|e| if let Expr::Column(c) = e { Some(c.clone()) } else { None }).collect();
    relation.map(|plan| plan.aggregate(by, calls.into_iter().map(|(call, name)| call.alias(name))))?;
    let mut result = Relation::new(relation.plan, columns);
    result.groups = groups;
    result.unique = Some(group_columns);
    // Plain columns first: computed outputs read columns of the aggregate that need no name.
    let computed: Vec<(Expr, String)> = outputs
        .iter()
        .filter(|(expr, _)| !matches!(expr, Expr::Column(_)))
        .map(|(expr, column)| (expr.clone(), column.column.name.clone()))
        .collect();
    let plain = outputs.iter().filter(|(expr, _)| matches!(expr, Expr::Column(_)));
    let keys = result.columns.len();
    result.columns.extend(plain.map(|(_, column)| column.clone()));
    result.compute(computed)?;
    result.columns.truncate(keys);
    result.columns.extend(outputs.into_iter().map(|(_, column)| column));
    Ok(result)
}

/// Replaces each aggregate call by a column; equal calls by the same one.
fn take_out_calls(expr: Expr, calls: &mut Vec<(Expr, String)>, fresh: &Fresh) -> Result<Expr> {
    let taken = expr.transform_down(|node| {
        if !matches!(node, Expr::AggregateFunction(_)) {
            return Ok(Transformed::no(node));
        }
        let name = if let Some((_, name)) = calls.iter().find(|(call, _)| *call == node) {
            name.clone()
        } else {
            let name = fresh.name("agg");
            calls.push((node, name.clone()));
            name
        };
        Ok(Transformed::new(Expr::Column(plan_column(name)), true, TreeNodeRecursion::Jump))
    })?;
    Ok(taken.data)
}
