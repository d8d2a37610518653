//! Joins: kinds, key comparison, output names, and what stands in for the missing side.

use datafusion::common::{Column as PlanColumn, JoinType, NullEquality, Result};
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use postern_kql_syntax::ast::JoinKind;

use super::fresh::Fresh;
use super::union::unused;
use crate::bind::scope::{Relation, ScopeColumn, plan_column};
use crate::functions::BoundExpr;
use crate::types::{Const, KqlType};

/// One pair of key expressions of equal type, left and right.
pub type KeyPair = (BoundExpr, BoundExpr);

/// Joins two relations. `drop_right` names the columns of the right side that do not appear in the result (`lookup`
/// leaves its keys out).
pub fn join(
    kind: JoinKind,
    mut left: Relation,
    mut right: Relation,
    keys: &[KeyPair],
    drop_right: &[PlanColumn],
    fresh: &Fresh,
) -> Result<Relation> {
    let mut left_keys = key_columns(&mut left, keys.iter().map(|k| &k.0), fresh)?;
    let right_keys = key_columns(&mut right, keys.iter().map(|k| &k.1), fresh)?;
    if kind == JoinKind::InnerUnique {
        left_keys = one_row_a_key(&mut left, left_keys, fresh)?;
    }
    let join_type = match kind {
        JoinKind::InnerUnique | JoinKind::Inner => JoinType::Inner,
        JoinKind::LeftOuter => JoinType::Left,
        JoinKind::RightOuter => JoinType::Right,
        JoinKind::FullOuter => JoinType::Full,
        JoinKind::LeftAnti => JoinType::LeftAnti,
        JoinKind::RightAnti => JoinType::RightAnti,
        JoinKind::LeftSemi => JoinType::LeftSemi,
        JoinKind::RightSemi => JoinType::RightSemi,
    };
    let plan = LogicalPlanBuilder::from(left.plan.clone())
        .join_detailed(right.plan.clone(), join_type, (left_keys, right_keys), None, NullEquality::NullEqualsNothing)?
        .build()?;
    match kind {
        JoinKind::LeftAnti | JoinKind::LeftSemi => {
            let mut result = Relation { plan, ..left };
            result.unordered();
            return Ok(result);
        }
        JoinKind::RightAnti | JoinKind::RightSemi => {
            let mut result = Relation { plan, ..right };
            result.unordered();
            return Ok(result);
        }
        _ => {}
    }
    let left_missing = matches!(kind, JoinKind::RightOuter | JoinKind::FullOuter);
    let right_missing = matches!(kind, JoinKind::LeftOuter | JoinKind::FullOuter);
    let groups = left.groups.take();
    let mut result = Relation { groups, ..Relation::new(plan, vec![]) };
    let mut taken: Vec<String> = Vec::new();
    let mut filled: Vec<(Expr, String)> = Vec::new();
    let sides = left
        .columns
        .iter()
        .map(|c| (c, left_missing))
        .chain(right.visible().filter(|c| !drop_right.contains(&c.column)).map(|c| (c, right_missing)));
    for (column, missing) in sides {
        let name = unused(&column.name, &taken);
        taken.push(name.clone());
        let mut column = ScopeColumn { name, ..column.clone() };
        if missing && column.ty == KqlType::String {
            let name = fresh.name(&column.name);
            let empty = Const::null(KqlType::String).expr();
            filled.push((datafusion::functions::core::expr_fn::coalesce(vec![column.expr(), empty]), name.clone()));
            column.column = plan_column(name);
        }
        result.columns.push(column);
    }
    fill(&mut result, filled)?;
    Ok(result)
}

/// Adds the filled columns beside the ones of the join that are still needed.
fn fill(result: &mut Relation, filled: Vec<(Expr, String)>) -> Result<()> {
    if filled.is_empty() {
        return Ok(());
    }
    let new: Vec<&String> = filled.iter().map(|(_, name)| name).collect();
    let mut exprs: Vec<Expr> = result
        .live()
        .into_iter()
        .filter(|c| !(c.relation.is_none() && new.contains(&&c.name)))
        .map(Expr::Column)
        .collect();
    exprs.extend(filled.into_iter().map(|(expr, name)| expr.alias(name)));
    result.map(|plan| plan.project(exprs))
}

/// The keys as plan columns, computed where they are not columns already.
fn key_columns<'a>(
    relation: &mut Relation,
    keys: impl Iterator<Item = &'a BoundExpr>,
    fresh: &Fresh,
) -> Result<Vec<PlanColumn>> {
    let mut columns = Vec::new();
    let mut computed = Vec::new();
    for key in keys {
        if let Expr::Column(column) = &key.expr {
            columns.push(column.clone());
        } else {
            let name = fresh.name("key");
            columns.push(plan_column(name.clone()));
            computed.push((key.expr.clone(), name));
        }
    }
    relation.compute(computed)?;
    Ok(columns)
}

/// Keeps one row of each key; returns the key columns of the new plan.
fn one_row_a_key(relation: &mut Relation, keys: Vec<PlanColumn>, fresh: &Fresh) -> Result<Vec<PlanColumn>> {
    if let Some(unique) = &relation.unique
        && unique.iter().all(|c| keys.contains(c))
    {
        return Ok(keys);
    }
    let mut renamed: Vec<(PlanColumn, PlanColumn)> = Vec::new();
    let mut firsts = Vec::new();
    for column in relation.live().into_iter().filter(|c| !keys.contains(c)) {
        let name = fresh.name(&column.name);
        firsts.push(first_value_udaf().call(vec![Expr::Column(column.clone())]).alias(name.clone()));
        renamed.push((column, plan_column(name)));
    }
    let mut by: Vec<Expr> = Vec::new();
    for key in &keys {
        let expr = Expr::Column(key.clone());
        if !by.contains(&expr) {
            by.push(expr);
        }
    }
    relation.map(|plan| plan.aggregate(by, firsts))?;
    let rename = |column: &mut PlanColumn| {
        if let Some((_, new)) = renamed.iter().find(|(old, _)| old == column) {
            *column = new.clone();
        }
    };
    relation.columns.iter_mut().for_each(|c| rename(&mut c.column));
    if let Some(groups) = &mut relation.groups {
        groups.keys.iter_mut().chain(&mut groups.carried).for_each(rename);
    }
    relation.unordered();
    Ok(keys)
}
