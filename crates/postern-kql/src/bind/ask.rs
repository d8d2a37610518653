//! Values that must be computed before binding can go on.

use arrow::array::RecordBatch;
use datafusion::logical_expr::LogicalPlan;
use datafusion::scalar::ScalarValue;
use postern_kql_syntax::Span;

use super::Binder;
use super::fault::{Bound, Fault, Placed, codes};
use super::scope::Relation;
use crate::functions::BoundExpr;
use crate::plan::rows;
use crate::types::Const;

/// The most values that a tabular right side of `in` may have where it is used as a list.
const MAX_LIST: usize = 200_000;

impl Binder<'_> {
    /// The rows of a plan: from the answers when it was run already, otherwise a fault that asks for it. Binding is
    /// repeatable, so the nth question is always the same one.
    pub fn ask(&self, plan: LogicalPlan) -> Bound<Vec<RecordBatch>> {
        if self.options.check {
            return Ok(vec![]);
        }
        let index = self.asked.get();
        self.asked.set(index + 1);
        match self.answers.get(index) {
            Some(answer) => Ok(answer.clone()),
            None => Err(Fault::Needs(Box::new(plan))),
        }
    }

    /// The first column of the first row: what `toscalar` yields.
    pub fn ask_scalar(&self, mut relation: Relation, span: Span) -> Bound<BoundExpr> {
        if relation.groups.is_some() {
            return Err(Fault::unsupported(span, "`toscalar` over the rows of a group"));
        }
        let Some(first) = relation.visible().next().cloned() else {
            return Err(Fault::new(codes::WRONG_KIND, span, "`toscalar` needs a table with a column"));
        };
        rows::limit(&mut relation, 1, &self.fresh).at(span)?;
        relation.columns = vec![first.clone()];
        let plan = rows::finish(relation, true).at(span)?.plan;
        let value = first_value(&self.ask(plan)?).and_then(|v| Const::from_scalar(&v, first.ty));
        Ok(BoundExpr::constant(value.unwrap_or_else(|| Const::null(first.ty))))
    }

    /// The different values of the first column of a table, nulls left out.
    pub fn ask_list(&self, mut relation: Relation, span: Span) -> Bound<Vec<Const>> {
        let Some(first) = relation.visible().next().cloned() else { return Ok(vec![]) };
        relation.unordered();
        relation.columns = vec![first.clone()];
        let relation = rows::finish(relation, true).at(span)?;
        let plan = datafusion::logical_expr::LogicalPlanBuilder::from(relation.plan)
            .distinct()
            .and_then(|p| p.limit(0, Some(MAX_LIST + 1)))
            .and_then(datafusion::logical_expr::LogicalPlanBuilder::build)
            .at(span)?;
        let mut values = Vec::new();
        for batch in self.ask(plan)? {
            let Some(array) = batch.columns().first() else { continue };
            for row in 0..array.len() {
                let value = ScalarValue::try_from_array(array, row).at(span)?;
                values.extend(Const::from_scalar(&value, first.ty).filter(|v| !v.is_null()));
            }
        }
        if values.len() > MAX_LIST {
            return Err(Fault::new(
                codes::EXECUTION,
                span,
                format!("the table on the right has more than {MAX_LIST} different values"),
            )
            .hint("use `join kind=leftsemi` or `join kind=leftanti`"));
        }
        Ok(values)
    }
}

fn first_value(batches: &[RecordBatch]) -> Option<ScalarValue> {
    let batch = batches.iter().find(|b| b.num_rows() > 0)?;
    ScalarValue::try_from_array(batch.columns().first()?, 0).ok()
}
