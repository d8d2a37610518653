//! Row numbers within groups, the ground of `top`, `take` inside groups, `row_number()` and their like.

use datafusion::common::Result;
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    Expr, LogicalPlan, SortExpr, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
};
use datafusion::scalar::ScalarValue;

use super::fresh::Fresh;
use crate::bind::scope::{Relation, plan_column};

/// A window function over partitions in an order.
pub fn over(
    function: WindowFunctionDefinition,
    args: Vec<Expr>,
    partition: Vec<Expr>,
    order: Vec<SortExpr>,
    frame: WindowFrame,
) -> Expr {
    let mut window = WindowFunction::new(function, args);
    window.params.partition_by = partition;
    window.params.order_by = order;
    window.params.window_frame = frame;
    Expr::from(window)
}

/// All rows from the first of the partition to the current one.
pub fn rows_so_far() -> WindowFrame {
    WindowFrame::new_bounds(
        WindowFrameUnits::Rows,
        WindowFrameBound::Preceding(ScalarValue::UInt64(None)),
        WindowFrameBound::CurrentRow,
    )
}

/// The number of the row within its partition, counting from 1, as an unsigned 64-bit integer.
pub fn row_number(partition: Vec<Expr>, order: Vec<SortExpr>) -> Expr {
    over(WindowFunctionDefinition::WindowUDF(row_number_udwf()), vec![], partition, order, rows_so_far())
}

/// The columns that a relation's groups are told apart by; none outside groups.
pub fn group_keys(relation: &Relation) -> Vec<Expr> {
    relation.groups.iter().flat_map(|g| &g.keys).cloned().map(Expr::Column).collect()
}

/// Adds a window expression as a plan column and returns it. One that was just computed is not computed again: the
/// optimizer cannot share equal window expressions of neighbouring nodes.
pub fn add_window(relation: &mut Relation, window: Expr, hint: &str, fresh: &Fresh) -> Result<Expr> {
    let mut at = &relation.plan;
    while let LogicalPlan::Window(node) = at {
        for expr in &node.window_expr {
            if let Expr::Alias(alias) = expr
                && *alias.expr == window
            {
                return Ok(Expr::Column(plan_column(alias.name.clone())));
            }
        }
        at = &node.input;
    }
    let window = over_columns(relation, window, fresh)?;
    let name = fresh.name(hint);
    relation.map(|plan| plan.window(vec![window.alias(name.clone())]))?;
    Ok(Expr::Column(plan_column(name)))
}

/// The same window with its computed arguments and keys as columns of the plan: the optimizer would take what two windows
/// have in common out below both, though it may be made of a third one's value.
fn over_columns(relation: &mut Relation, window: Expr, fresh: &Fresh) -> Result<Expr> {
    let Expr::WindowFunction(mut function) = window else { return Ok(window) };
    let mut computed = Vec::new();
    let params = &mut function.params;
    let keys = params.order_by.iter_mut().map(|key| &mut key.expr);
    for part in params.args.iter_mut().chain(&mut params.partition_by).chain(keys) {
        if !matches!(part, Expr::Column(_) | Expr::Literal(..)) {
            let name = fresh.name("part");
            let expr = std::mem::replace(part, Expr::Column(plan_column(name.clone())));
            computed.push(expr.alias(name));
        }
    }
    if !computed.is_empty() {
        // Windows that are not named yet stay too.
        let mut exprs: Vec<Expr> = relation.plan.schema().columns().into_iter().map(Expr::Column).collect();
        exprs.extend(computed);
        relation.map(|plan| plan.project(exprs))?;
    }
    Ok(Expr::WindowFunction(function))
}
