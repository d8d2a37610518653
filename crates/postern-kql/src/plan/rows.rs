//! Which rows, and in which order: limits, sorting when it is due, and row identity.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arrow::array::{ArrayRef, Int64Array};
use datafusion::common::Result;
use datafusion::logical_expr::{Cast, Expr, LogicalPlanBuilder, Volatility, lit};

use super::fresh::Fresh;
use super::window::{add_window, group_keys, row_number};
use crate::bind::scope::{Relation, plan_column};
use crate::functions::raw_kernel_udf;
use crate::types::KqlType;

/// Keeps the first `count` rows in the relation's order; of each group, inside groups.
pub fn limit(relation: &mut Relation, count: usize, fresh: &Fresh) -> Result<()> {
    let keys = group_keys(relation);
    let order = relation.sort_exprs();
    if !keys.is_empty() {
        let number = add_window(relation, row_number(keys, order), "row", fresh)?;
        return relation.map(|plan| plan.filter(number.lt_eq(lit(count as u64))));
    }
    relation.map(|plan| {
        let plan = if order.is_empty() { plan } else { plan.sort(order)? };
        plan.limit(0, Some(count))
    })
}

/// Adds a column that differs for every row and returns it.
pub fn row_id(relation: &mut Relation, fresh: &Fresh) -> Result<Expr> {
    let name = fresh.name("row_id");
    let counter = AtomicI64::new(0);
    let udf =
        raw_kernel_udf("row_id", name.clone(), vec![], KqlType::Long.arrow(), Volatility::Volatile, move |args| {
            let first = counter.fetch_add(args.rows as i64, Ordering::Relaxed);
            Ok(Arc::new((first..first + args.rows as i64).collect::<Int64Array>()) as ArrayRef)
        });
    relation.compute(vec![(udf.call(vec![]), name.clone())])?;
    Ok(Expr::Column(plan_column(name)))
}

/// The same, with equal values however often the plan is run: rows are numbered in the order of all their columns.
pub fn stable_row_id(relation: &mut Relation, fresh: &Fresh) -> Result<Expr> {
    let order = relation.live().into_iter().map(|c| Expr::Column(c).sort(true, true)).collect();
    let number = add_window(relation, row_number(vec![], order), "row", fresh)?;
    let name = fresh.name("row_id");
    let id = Expr::Cast(Cast::new(Box::new(number), KqlType::Long.arrow()));
    relation.compute(vec![(id, name.clone())])?;
    Ok(Expr::Column(plan_column(name)))
}

/// The plan whose output is exactly the named columns under their own names, sorted when the query sorted.
pub fn finish(relation: Relation, keep_hidden: bool) -> Result<Relation> {
    let mut relation = relation;
    let mut builder = LogicalPlanBuilder::from(relation.plan.clone());
    if !relation.order.is_empty() {
        builder = builder.sort(relation.sort_exprs())?;
    }
    relation.columns.retain(|c| keep_hidden || !c.hidden);
    let exprs: Vec<Expr> = relation.columns.iter().map(|c| c.expr().alias(c.name.clone())).collect();
    relation.plan = builder.project(exprs)?.build()?;
    Ok(relation)
}
