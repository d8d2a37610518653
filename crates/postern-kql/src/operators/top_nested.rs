//! `top-nested` and `top-hitters`: the values that weigh most, level within level.

use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::lit;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, SortOrder, TopNested};

use super::{named, summarize};
use crate::bind::Binder;
use crate::bind::coerce::coerce;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::{Groups, OrderKey, Relation, ScopeColumn};
use crate::plan::aggregate::{Output, aggregate};
use crate::plan::join;
use crate::plan::rows;
use crate::plan::union::unused;
use crate::types::KqlType;
use postern_kql_syntax::ast::JoinKind;

/// Applies `top-hitters`.
pub fn top_hitters(
    binder: &Binder,
    mut input: Relation,
    count: &Expr,
    of: &Expr,
    by: Option<&Expr>,
    env: &Env,
    span: Span,
) -> Bound<Relation> {
    let count = binder.count(count, env, "the number of values")?;
    let value = binder.expr(of, &mut Scope::row(&mut input), env)?;
    let name = value.name.clone().unwrap_or_else(|| "Column1".to_owned());
    let weight = match by {
        None => Output::new(format!("approximate_count_{name}"), KqlType::Long, count_udaf().call(vec![lit(1i64)])),
        Some(by) => {
            let weight = binder.expr(by, &mut Scope::row(&mut input), env)?;
            let ty = if weight.ty == KqlType::Int { KqlType::Long } else { weight.ty };
            if !ty.is_numeric() {
                return Err(Fault::wrong_type(by.span, "a weight", "a number", weight.ty));
            }
            let shown = weight.name.clone().unwrap_or_else(|| "Column2".to_owned());
            let weight = coerce(&weight, ty, &binder.cx()).unwrap_or(weight);
            Output::new(format!("approximate_sum_{shown}"), ty, sum_udaf().call(vec![weight.expr]))
        }
    };
    let key = Output::new(name, value.ty, value.expr);
    let mut result = aggregate(input, &[key], &[weight], &binder.fresh).at(span)?;
    if let Some(weight) = result.columns.last().map(|c| c.column.clone()) {
        result.order = vec![OrderKey { column: weight, ascending: false, nulls_first: false }];
        result.sorted = true;
    }
    rows::limit(&mut result, count, &binder.fresh).at(span)?;
    Ok(result)
}

/// Applies `top-nested`: each level keeps its best values within those that the level above kept.
pub fn top_nested(
    binder: &Binder,
    mut input: Relation,
    levels: &[TopNested],
    env: &Env,
    span: Span,
) -> Bound<Relation> {
    let mut result: Option<Relation> = None;
    let mut keys: Vec<Output> = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    let mut level_names: Vec<(String, String)> = Vec::new();
    for level in levels {
        if let Some(others) = &level.others {
            return Err(Fault::unsupported(others.span, "`with others` of `top-nested`"));
        }
        let mut bound = named(binder, std::slice::from_ref(&level.of), &mut Scope::row(&mut input), env)?;
        let Some((name, value)) = bound.pop() else { continue };
        let name = unused(&name, &taken);
        taken.push(name.clone());
        keys.push(Output::new(name.clone(), value.ty, value.expr));
        let mut names: Vec<String> = keys.iter().map(|k| k.name.clone()).collect();
        let mut outputs = summarize::aggregates(binder, &mut input, std::slice::from_ref(&level.by), &mut names, env)?;
        let Some(mut weight) = outputs.pop() else { continue };
        if matches!(level.by.target, postern_kql_syntax::ast::Target::Auto) {
            weight.name = format!("aggregated_{name}");
        }
        weight.name = unused(&weight.name, &taken);
        taken.push(weight.name.clone());
        level_names.push((name.clone(), weight.name.clone()));
        let weight_name = weight.name.clone();
        // Each level is computed over the rows themselves, so that its weight is not a weight of weights.
        let rows = binder.reread(&input, span)?;
        let renamed = |expr: datafusion::logical_expr::Expr| moved(expr, &input, &rows);
        let level_keys: Vec<Output> = keys
            .iter()
            .map(|k| Ok(Output { expr: renamed(k.expr.clone())?, ..k.clone() }))
            .collect::<Result<_, _>>()
            .at(span)?;
        let weight = Output { expr: renamed(weight.expr).at(span)?, ..weight };
        let mut here = aggregate(rows, &level_keys, &[weight], &binder.fresh).at(span)?;
        if let Some(above) = result {
            let shared: Vec<String> = keys.iter().take(keys.len() - 1).map(|k| k.name.clone()).collect();
            here = within(binder, above, here, &shared, span)?;
        }
        let Some(column) = here.find(&weight_name).map(|c| c.column.clone()) else {
            return Err(Fault::new(codes::INTERNAL, span, "the weight of a level is lost"));
        };
        here.order = vec![OrderKey { column, ascending: level.order == Some(SortOrder::Asc), nulls_first: false }];
        if let Some(count) = &level.count {
            let count = binder.count(count, env, "the number of values")?;
            let group =
                keys.iter().take(keys.len() - 1).filter_map(|k| here.find(&k.name).map(|c| c.column.clone())).collect();
            here.groups = Some(Groups { keys: group, carried: vec![] });
            rows::limit(&mut here, count, &binder.fresh).at(span)?;
            here.groups = None;
        }
        here.order.clear();
        result = Some(here);
    }
    let mut result = result.ok_or_else(|| Fault::new(codes::ARGUMENT_COUNT, span, "`top-nested` needs a level"))?;
    let mut columns: Vec<ScopeColumn> = Vec::new();
    for (value, weight) in &level_names {
        columns.extend(result.find(value).cloned());
        columns.extend(result.find(weight).cloned());
    }
    result.columns = columns;
    Ok(result)
}

/// The rows of a level whose upper keys the level above kept, with that level's columns.
fn within(binder: &Binder, above: Relation, here: Relation, shared: &[String], span: Span) -> Bound<Relation> {
    let mut pairs = Vec::new();
    let mut dropped = Vec::new();
    for name in shared {
        if let (Some(a), Some(b)) = (above.find(name), here.find(name)) {
            pairs.push((a.bound(), b.bound()));
            dropped.push(b.column.clone());
        }
    }
    if pairs.is_empty() {
        return Ok(here);
    }
    join::join(JoinKind::Inner, above, here, &pairs, &dropped, &binder.fresh).at(span)
}

/// An expression over one reading of the rows, over another reading of the same rows.
fn moved(
    expr: datafusion::logical_expr::Expr,
    from: &Relation,
    to: &Relation,
) -> datafusion::error::Result<datafusion::logical_expr::Expr> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    use datafusion::logical_expr::Expr;
    let (old, new) = (from.live(), to.live());
    expr.transform(|node| {
        Ok(match &node {
            Expr::Column(column) => match old.iter().position(|c| c == column).and_then(|at| new.get(at)) {
                Some(column) => Transformed::yes(Expr::Column(column.clone())),
                None => Transformed::no(node),
            },
            _ => Transformed::no(node),
        })
    })
    .map(|t| t.data)
}
