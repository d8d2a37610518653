//! `where`: keeps the rows for which the condition is true, not those for which it is null.

use datafusion::common::{JoinType, NullEquality};
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlanBuilder};
use postern_kql_syntax::ast::{Expr, ExprKind, InOp, LogicalOp};

use crate::bind::Binder;
use crate::bind::compare::{as_filter, comparable};
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::in_list::Items;
use crate::bind::scope::{Relation, plan_column};
use crate::functions::BoundExpr;
use crate::types::{Const, KqlType};

/// Applies `where`. Each operand of a top-level `and` is a filter of its own.
pub fn where_(binder: &Binder, input: Relation, predicate: &Expr, env: &Env) -> Bound<Relation> {
    let mut relation = input;
    let conjuncts: Vec<&Expr> = match &predicate.kind {
        ExprKind::Logical { op: LogicalOp::And, operands } => operands.iter().collect(),
        _ => vec![predicate],
    };
    for conjunct in conjuncts {
        let unsure = relation.open;
        let joined = semi_join(binder, &mut relation, conjunct, env);
        // A condition that is wrong is left out when binding goes on.
        if binder.or_go_on(joined, unsure, || true)? {
            continue;
        }
        let condition = binder.condition(conjunct, &mut Scope::windows(&mut relation), env);
        let condition = binder.or_go_on(condition, unsure, || BoundExpr::constant(Const::Bool(true)))?;
        relation.map(|plan| plan.filter(as_filter(condition.expr))).at(conjunct.span)?;
    }
    Ok(relation)
}

/// `column in (table)` as a semi join, `!in` as an anti join: neither needs the table's values beforehand.
fn semi_join(binder: &Binder, relation: &mut Relation, conjunct: &Expr, env: &Env) -> Bound<bool> {
    let ExprKind::In { op: op @ (InOp::In | InOp::NotIn), left, list, .. } = &conjunct.kind else {
        return Ok(false);
    };
    if !binder.list_is_table(list, relation, env) {
        return Ok(false);
    }
    let value = binder.expr(left, &mut Scope::row(relation), env)?;
    let Items::Table(other) = binder.items(list, &mut Scope::row(relation), env)? else { return Ok(false) };
    let Some(first) = other.visible().next() else {
        return Err(Fault::new(codes::WRONG_KIND, conjunct.span, "the table on the right has no columns"));
    };
    let first = BoundExpr { name: None, ..first.bound() };
    let value = if value.ty == KqlType::Dynamic { binder.as_text(&value, left.span, "in")? } else { value };
    let first = if first.ty == KqlType::Dynamic { binder.as_text(&first, conjunct.span, "in")? } else { first };
    let (value, first) =
        comparable(&value, &first, "in", &binder.cx()).map_err(|e| Fault::bind(codes::OPERAND, e, conjunct.span))?;
    let key = binder.fresh.name("in");
    let right = LogicalPlanBuilder::from(other.plan)
        .project(vec![first.expr.alias(key.clone())])
        .and_then(LogicalPlanBuilder::build)
        .at(conjunct.span)?;
    let left_key = match value.expr {
        PlanExpr::Column(column) => column,
        expr => {
            let name = binder.fresh.name("key");
            relation.compute(vec![(expr, name.clone())]).at(conjunct.span)?;
            plan_column(name)
        }
    };
    let join_type = if *op == InOp::In { JoinType::LeftSemi } else { JoinType::LeftAnti };
    relation
        .map(|plan| {
            let keys = (vec![left_key], vec![plan_column(key)]);
            plan.join_detailed(right, join_type, keys, None, NullEquality::NullEqualsNothing)
        })
        .at(conjunct.span)?;
    Ok(true)
}
