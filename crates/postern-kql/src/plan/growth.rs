//! How large expressions become: where an operand is written more than once, and when the optimiser puts columns in for
//! their names.
//!
//! A comparison of two values that may be null, `between`, `coalesce` and `in` with computed items name an operand twice. Nested in
//! each other they double with each level; [`repeats`] refuses that when the expression is bound.
//!
//! A filter moves down through the columns that it reads: each name in it is replaced by what computes the column. A
//! column that is read twice by each of a chain of columns doubles with each, so forty short steps would fill any memory.
//! Such a query is refused before the optimiser sees it.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ScalarValue};
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
    let mut left = MOST;
    weigh(expr, schema, input, &mut left).filter(|all| *all <= MOST)
}

/// The nodes of an expression with everything put in; `None` when more than `left` were seen.
#[recursive::recursive]
fn weigh(expr: &Expr, schema: &DFSchema, input: &[usize], left: &mut usize) -> Option<usize> {
    *left = left.checked_sub(1)?;
    match expr {
        Expr::Column(column) => {
            Some(schema.maybe_index_of_column(column).and_then(|at| input.get(at)).copied().unwrap_or(1))
        }
        Expr::Alias(alias) => weigh(&alias.expr, schema, input, left),
        Expr::Case(case) => {
            // A choice between truth values becomes `and` and `or` of the conditions, each of them twice.
            let whens = case.when_then_expr.iter();
            let times = if whens.clone().any(|(_, then)| is_truth(then)) { 2 } else { 1 };
            let mut all = 1_usize;
            for (when, then) in whens {
                all = all.saturating_add(weigh(when, schema, input, left)?.saturating_mul(times));
                all = all.saturating_add(weigh(then, schema, input, left)?);
            }
            for other in case.expr.iter().chain(&case.else_expr) {
                all = all.saturating_add(weigh(other, schema, input, left)?);
            }
            Some(all)
        }
        _ => {
            let mut all = Some(1_usize);
            let visited = expr.apply_children(|child| {
                all = weigh(child, schema, input, left).zip(all).map(|(one, all)| all.saturating_add(one));
                Ok(if all.is_some() { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
            });
            visited.ok().and(all)
        }
    }
}

/// Whether the expression may yield a truth value; only of a literal it is known that it does not.
fn is_truth(expr: &Expr) -> bool {
    !matches!(expr, Expr::Literal(value, _) if !matches!(value, ScalarValue::Boolean(_)))
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{LogicalPlanBuilder, col, lit};

    use super::*;

    #[test]
    fn a_large_operand_is_not_written_twice() {
        let large = |parts: usize| col("x").in_list(vec![lit(1_i64); parts], false);
        assert!(repeats(&large(1_000)).is_ok());
        let error = repeats(&large(MOST_REPEATED)).unwrap_err();
        assert!(error.message.contains("too large") && error.hint.is_some());
    }

    #[test]
    fn nested_choices_between_truth_values_count_their_conditions_twice() {
        let nested = |levels: usize| {
            (0..levels).fold(col("x"), |inner, _| {
                Expr::Case(datafusion::logical_expr::Case::new(
                    None,
                    vec![(Box::new(inner), Box::new(col("x")))],
                    Some(Box::new(col("x"))),
                ))
            })
        };
        let schema = DFSchema::empty();
        // 1, then 1 + 2 * inner + 2: 5, 13.
        assert_eq!(size(&nested(2), &schema, &[]), Some(13));
        assert_eq!(size(&nested(24), &schema, &[]), None);
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
