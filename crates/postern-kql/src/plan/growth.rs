//! How large expressions become: where an operand is written more than once, and when the optimiser puts columns in for
//! their names.
//!
//! A comparison of two values that may be null, `between` and `in` with computed items name an operand twice. Nested in
//! each other they double with each level; [`repeats`] refuses that when the expression is bound.
//!
//! A filter moves down through the columns that it reads: each name in it is replaced by what computes the column. A
//! column that is read twice by each of a chain of columns doubles with each, so forty short steps would fill any memory.
//! Such a query is refused before the optimiser sees it.

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::functions::BindError;

/// The most nodes that one expression may grow to.
pub const MOST: usize = 500_000;

/// The most nodes of an operand that is written more than once.
const MOST_REPEATED: usize = 20_000;

/// Refuses an operand that is too large to be written more than once.
pub fn repeats(operand: &Expr) -> Result<(), BindError> {
    let mut nodes = 0_usize;
    let visited = operand.apply(|_| {
        nodes += 1;
        Ok(if nodes > MOST_REPEATED { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    if visited.is_ok() && nodes <= MOST_REPEATED {
        return Ok(());
    }
    Err(BindError::new(format!("the operand is too large here: it has more than {MOST_REPEATED} parts"))
        .hint("compute it in an `extend` first, and compare the column"))
}

/// Whether an expression of the plan would grow beyond [`MOST`].
pub fn explodes(plan: &LogicalPlan) -> bool {
    sizes(plan).is_none()
}

/// The size of each column of a plan when everything is put in; `None` when one is too large.
#[recursive::recursive]
fn sizes(plan: &LogicalPlan) -> Option<Vec<usize>> {
    let width = plan.schema().fields().len();
    let mut below = Vec::with_capacity(2);
    for input in plan.inputs() {
        below.push(sizes(input)?);
    }
    let fields = match (plan, below.as_slice()) {
        (LogicalPlan::Projection(projection), [input]) => {
            let schema = projection.input.schema();
            projection.expr.iter().map(|expr| size(expr, schema, input)).collect::<Option<Vec<_>>>()?
        }
        (LogicalPlan::Filter(filter), [input]) => {
            size(&filter.predicate, filter.input.schema(), input)?;
            input.clone()
        }
        (LogicalPlan::Union(_), parts) => {
            (0..width).map(|at| parts.iter().filter_map(|part| part.get(at)).copied().max().unwrap_or(1)).collect()
        }
        (LogicalPlan::Join(_), [left, right]) => left.iter().chain(right).copied().collect(),
        (
            LogicalPlan::Sort(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Distinct(_)
            | LogicalPlan::Window(_),
            [input],
        ) => input.clone(),
        _ => Vec::new(),
    };
    // Columns that are made here, such as those of windows and aggregates, are nothing but themselves.
    let mut fields = fields;
    fields.resize(width, 1);
    Some(fields)
}

fn size(expr: &Expr, schema: &DFSchema, input: &[usize]) -> Option<usize> {
    let mut all = 0_usize;
    let visited = expr.apply(|node| {
        all = all.saturating_add(match node {
            Expr::Column(column) => {
                schema.maybe_index_of_column(column).and_then(|at| input.get(at)).copied().unwrap_or(1)
            }
            Expr::Alias(_) => 0,
            _ => 1,
        });
        Ok(if all > MOST { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    (visited.is_ok() && all <= MOST).then_some(all)
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{LogicalPlanBuilder, col, lit};

    use super::*;

    #[test]
    fn a_large_operand_is_not_written_twice() {
        let sum = |parts: usize| (1..parts).fold(col("x"), |sum, _| sum + lit(1_i64));
        assert!(repeats(&sum(1_000)).is_ok());
        let error = repeats(&sum(MOST_REPEATED)).unwrap_err();
        assert!(error.message.contains("too large") && error.hint.is_some());
    }

    fn chain(steps: usize) -> LogicalPlan {
        let start = LogicalPlanBuilder::empty(true).project(vec![lit(1_i64).alias("x")]);
        (0..steps)
            .try_fold(start.unwrap(), |plan, _| plan.project(vec![(col("x") * col("x")).alias("x")]))
            .and_then(LogicalPlanBuilder::build)
            .unwrap()
    }

    #[test]
    fn a_chain_that_doubles_is_seen_before_it_is_large() {
        // 1, 3, 7, …: after n steps 2^(n + 1) - 1 nodes.
        assert_eq!(sizes(&chain(0)), Some(vec![1]));
        assert_eq!(sizes(&chain(3)), Some(vec![15]));
        assert!(!explodes(&chain(15)));
        assert!(explodes(&chain(40)));
    }
}
