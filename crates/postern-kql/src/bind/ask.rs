//! Values that must be computed before binding can go on.

use arrow::array::RecordBatch;
use datafusion::common::{JoinType, NullEquality};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::scalar::ScalarValue;
use postern_kql_syntax::Span;

use super::Binder;
use super::expr::Scope;
use super::fault::{Bound, Fault, Placed, codes};
use super::scope::{Relation, plan_column};
use crate::functions::BoundExpr;
use crate::plan::rows;
use crate::types::{Const, KqlType};

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
        let Some(first) = relation.visible().next().cloned() else {
            return Err(Fault::new(codes::WRONG_KIND, span, "`toscalar` needs a table with a column"));
        };
        rows::limit(&mut relation, 1, &self.fresh).at(span)?;
        relation.columns = vec![first.clone()];
        let plan = rows::finish(relation, true).at(span)?.plan;
        let value = first_value(&self.ask(plan)?).and_then(|v| Const::from_scalar(&v, first.ty));
        Ok(BoundExpr::constant(value.unwrap_or_else(|| Const::null(first.ty))))
    }

    /// The same for rows in groups: the value of each group, found beside the rows that the expression is about.
    pub fn group_scalar(&self, mut relation: Relation, scope: &mut Scope, span: Span) -> Bound<BoundExpr> {
        let groups = relation.groups.clone().unwrap_or_default();
        let rows = scope.relation.groups.clone().unwrap_or_default();
        if scope.keys.is_some() || groups.keys.len() != rows.keys.len() {
            return Err(Fault::unsupported(span, "`toscalar` over the rows of a group at this place")
                .hint("compute it with `extend` before"));
        }
        let Some(first) = relation.visible().next().cloned() else {
            return Err(Fault::new(codes::WRONG_KIND, span, "`toscalar` needs a table with a column"));
        };
        rows::limit(&mut relation, 1, &self.fresh).at(span)?;
        let name = self.fresh.name("scalar");
        let mut exprs = vec![first.expr().alias(name.clone())];
        let mut keys = Vec::with_capacity(groups.keys.len());
        for key in groups.keys {
            let name = self.fresh.name("group");
            exprs.push(Expr::Column(key).alias(name.clone()));
            keys.push(plan_column(name));
        }
        let one =
            LogicalPlanBuilder::from(relation.plan).project(exprs).and_then(LogicalPlanBuilder::build).at(span)?;
        let join = |plan: LogicalPlanBuilder| {
            plan.join_detailed(one, JoinType::Left, (rows.keys, keys), None, NullEquality::NullEqualsNull)
        };
        scope.relation.map(join).at(span)?;
        let mut value = Expr::Column(plan_column(name));
        if first.ty == KqlType::String {
            value = datafusion::functions::core::expr_fn::coalesce(vec![value, KqlType::String.missing_expr()]);
        }
        Ok(BoundExpr::new(value, first.ty))
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
