//! `join` and `lookup`.
//!
//! Both sides' columns appear, keys too; a right column whose name is taken gets a number (`k1`). `lookup` leaves its
//! right keys out. A text that an outer join finds no partner for is `""`.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{BinaryOp, Expr, ExprKind, Join, JoinKind, LogicalOp, Lookup, Side};

use super::groups::level;
use crate::bind::Binder;
use crate::bind::advice::offer;
use crate::bind::compare::comparable;
use crate::bind::env::Env;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::Relation;
use crate::functions::BoundExpr;
use crate::plan::join::{self as plan, KeyPair};
use crate::types::KqlType;

/// Applies `join`.
pub fn join(binder: &Binder, left: Relation, join: &Join, env: &Env, span: Span) -> Bound<Relation> {
    let right = binder.table(&join.right, env, None)?;
    let kind = join.kind.unwrap_or(JoinKind::InnerUnique);
    let (left, right) = level(binder, left, right, env, span)?;
    let keys = keys(binder, &left, &right, &join.on, span)?;
    plan::join(kind, left, right, &keys, &[], &binder.fresh).at(span)
}

/// Applies `lookup`.
pub fn lookup(binder: &Binder, left: Relation, lookup: &Lookup, env: &Env, span: Span) -> Bound<Relation> {
    let right = binder.table(&lookup.right, env, None)?;
    let kind = match lookup.kind {
        None | Some(JoinKind::LeftOuter) => JoinKind::LeftOuter,
        Some(JoinKind::Inner) => JoinKind::Inner,
        Some(other) => {
            return Err(Fault::new(
                codes::OPTION,
                span,
                format!("`lookup` has the kinds `leftouter` and `inner`, not `{}`", other.name()),
            ));
        }
    };
    let (left, right) = level(binder, left, right, env, span)?;
    let keys = keys(binder, &left, &right, &lookup.on, span)?;
    let mut dropped = Vec::new();
    collect_right(&right, &lookup.on, &mut dropped);
    plan::join(kind, left, right, &keys, &dropped, &binder.fresh).at(span)
}

/// The columns of the right side that the conditions name.
fn collect_right(right: &Relation, on: &[Expr], dropped: &mut Vec<datafusion::common::Column>) {
    for condition in on {
        match &condition.kind {
            ExprKind::Name(name) => dropped.extend(right.find(&name.text).map(|c| c.column.clone())),
            ExprKind::Binary { left, right: other, .. } => {
                for side in [left, other] {
                    if let Some((Side::Right, name)) = side_column(side) {
                        dropped.extend(right.find(name).map(|c| c.column.clone()));
                    }
                }
            }
            ExprKind::Logical { operands, .. } => collect_right(right, operands, dropped),
            _ => {}
        }
    }
}

fn side_column(expr: &Expr) -> Option<(Side, &str)> {
    let (base, name) = match &expr.kind {
        ExprKind::Member { base, name } => (base, name.text.as_str()),
        ExprKind::Index { base, index } => match &index.kind {
            ExprKind::Literal(postern_kql_syntax::ast::Literal::String(text)) => (base, text.value.as_str()),
            _ => return None,
        },
        _ => return None,
    };
    match base.kind {
        ExprKind::Side(side) => Some((side, name)),
        _ => None,
    }
}

fn keys(binder: &Binder, left: &Relation, right: &Relation, on: &[Expr], span: Span) -> Bound<Vec<KeyPair>> {
    if on.is_empty() {
        return Err(Fault::new(codes::ARGUMENT_COUNT, span, "a join needs `on` with at least one condition"));
    }
    let mut pairs = Vec::new();
    for condition in on {
        match &condition.kind {
            ExprKind::Name(name) => {
                let a = column(left, &name.text, name.span, "left")?;
                let b = column(right, &name.text, name.span, "right")?;
                pairs.push(pair(binder, a, b, condition.span)?);
            }
            ExprKind::Binary { op: BinaryOp::Equal, left: first, right: second, .. } => {
                let one = |expr: &Expr| match side_column(expr) {
                    Some((Side::Left, name)) => column(left, name, expr.span, "left").map(|c| (Side::Left, c)),
                    Some((Side::Right, name)) => column(right, name, expr.span, "right").map(|c| (Side::Right, c)),
                    None => Err(Fault::new(
                        codes::WRONG_KIND,
                        expr.span,
                        "a condition of a join compares a column of each side",
                    )
                    .hint("write `$left.a == $right.b`; compute the column with `extend` before the join")),
                };
                match (one(first)?, one(second)?) {
                    ((Side::Left, a), (Side::Right, b)) | ((Side::Right, b), (Side::Left, a)) => {
                        pairs.push(pair(binder, a, b, condition.span)?);
                    }
                    _ => {
                        return Err(Fault::new(
                            codes::WRONG_KIND,
                            condition.span,
                            "a condition of a join compares the left side with the right, not one side with itself",
                        ));
                    }
                }
            }
            ExprKind::Logical { op: LogicalOp::And, operands } => {
                pairs.extend(keys(binder, left, right, operands, span)?);
            }
            _ => {
                return Err(Fault::new(
                    codes::WRONG_KIND,
                    condition.span,
                    "a join compares columns for equality: `on a` or `on $left.a == $right.b`",
                ));
            }
        }
    }
    Ok(pairs)
}

fn column(relation: &Relation, name: &str, span: Span, side: &str) -> Bound<BoundExpr> {
    relation.find(name).map(crate::bind::scope::ScopeColumn::bound).ok_or_else(|| {
        let hint = offer(name, relation.columns.iter().map(|c| c.name.as_str()));
        Fault::new(codes::UNKNOWN_NAME, span, format!("the {side} side of the join has no column `{name}`"))
            .maybe_hint(hint)
    })
}

fn pair(binder: &Binder, left: BoundExpr, right: BoundExpr, span: Span) -> Bound<KeyPair> {
    if left.ty == KqlType::Dynamic || right.ty == KqlType::Dynamic {
        return Err(Fault::new(codes::WRONG_TYPE, span, "a `dynamic` column cannot be a key of a join")
            .hint("convert it with `tostring()` in an `extend` before the join"));
    }
    comparable(&left, &right, "==", &binder.cx()).map_err(|e| Fault::bind(codes::OPERAND, e, span))
}
