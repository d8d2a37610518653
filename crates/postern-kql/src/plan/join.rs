//! Joins: kinds, key comparison, output names, and what stands in for the missing side.

use datafusion::common::{Column as PlanColumn, JoinType, NullEquality, Result, plan_err};
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, Operator, binary_expr};
use postern_kql_syntax::ast::JoinKind;

use super::fresh::Fresh;
use super::union::unused;
use crate::bind::scope::{Groups, Relation, ScopeColumn, plan_column};
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
    let within = same_group(&left, &right);
    let found = (left.groups.clone(), right.groups.clone());
    if within.is_none() && (found.0.is_some() || found.1.is_some()) {
        return plan_err!("the sides of a join are in different groups");
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
        .join_detailed(right.plan.clone(), join_type, (left_keys, right_keys), within, NullEquality::NullEqualsNothing)?
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
    left.groups = None;
    let mut result = Relation::new(plan, vec![]);
    if let (Some(mine), Some(theirs)) = found {
        result.groups = Some(if left_missing { either(&mut result, &mine, &theirs, fresh)? } else { mine });
    }
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

/// The condition that both sides are in the same group; keys may be null.
fn same_group(left: &Relation, right: &Relation) -> Option<Expr> {
    let (mine, theirs) = (left.groups.as_ref()?, right.groups.as_ref()?);
    let same = |(a, b): (&PlanColumn, &PlanColumn)| {
        binary_expr(Expr::Column(a.clone()), Operator::IsNotDistinctFrom, Expr::Column(b.clone()))
    };
    mine.keys.iter().zip(&theirs.keys).map(same).reduce(Expr::and)
}

/// The groups of a join that keeps rows of the right side alone: what is missing on the left is taken from the right.
fn either(result: &mut Relation, left: &Groups, right: &Groups, fresh: &Fresh) -> Result<Groups> {
    let mut exprs: Vec<Expr> = result.plan.schema().columns().into_iter().map(Expr::Column).collect();
    let mut taken = |left: &[PlanColumn], right: &[PlanColumn]| {
        let mut columns = Vec::with_capacity(left.len());
        for (left, right) in left.iter().zip(right) {
            let name = fresh.name(&left.name);
            let both = vec![Expr::Column(left.clone()), Expr::Column(right.clone())];
            exprs.push(datafusion::functions::core::expr_fn::coalesce(both).alias(name.clone()));
            columns.push(plan_column(name));
        }
        columns
    };
    let groups = Groups { keys: taken(&left.keys, &right.keys), carried: taken(&left.carried, &right.carried) };
    result.map(|plan| plan.project(exprs))?;
    Ok(groups)
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
    let own: Vec<PlanColumn> = relation.groups.iter().flat_map(|g| &g.keys).cloned().collect();
    for column in relation.live().into_iter().filter(|c| !keys.contains(c) && !own.contains(c)) {
        let name = fresh.name(&column.name);
        firsts.push(first_value_udaf().call(vec![Expr::Column(column.clone())]).alias(name.clone()));
        renamed.push((column, plan_column(name)));
    }
    let mut by: Vec<Expr> = Vec::new();
    let groups = relation.groups.iter().flat_map(|g| &g.keys);
    for key in keys.iter().chain(groups) {
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
