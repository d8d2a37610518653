//! `search`: rows of any table in which some column holds a text, or a condition holds. `find` reads its condition alike.

use std::cell::RefCell;

use datafusion::logical_expr::{Expr as PlanExpr, Operator, lit};
use postern_kql_syntax::Diagnostic;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{BinaryOp, Expr, ExprKind, Literal, LogicalOp, Name, Pipeline, Search, Source};

use super::extend::materialise;
use super::union::{label, matching};
use crate::bind::Binder;
use crate::bind::coerce::convert;
use crate::bind::compare::as_filter;
use crate::bind::env::Env;
use crate::bind::expr::{Scope, balanced};
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::Relation;
use crate::bind::table::is_elsewhere;
use crate::functions::BoundExpr;
use crate::plan::union;
use crate::types::{Const, KqlType};

/// The column that tells where a row is from.
const SOURCE: &str = "$table";

/// Applies `search`, at the head of a pipeline or after a bar.
pub fn search(binder: &Binder, input: Option<Relation>, operator: &Search, env: &Env, span: Span) -> Bound<Relation> {
    let cased = matches!(&operator.kind, Some(Name { text, .. }) if text == "case_sensitive");
    let terms = Terms { cased, ..Terms::default() };
    if let Some(relation) = input {
        let label = binder.label.take().unwrap_or_else(|| "search_arg0".to_owned());
        let kept = filtered(binder, vec![(label.clone(), relation)], &operator.predicate, &terms, env, span)?;
        let Some((_, mut relation)) = kept.into_iter().next() else {
            return Err(Fault::new(codes::INTERNAL, span, "no rows"));
        };
        if relation.columns.iter().any(|column| column.name == SOURCE) {
            // An earlier search has told it.
            return Ok(relation);
        }
        let label = vec![(SOURCE.to_owned(), BoundExpr::constant(Const::String(label)))];
        let source = materialise(binder, &mut relation, label, span)?;
        relation.columns.splice(0..0, source);
        return Ok(relation);
    }
    let tables = tables(binder, &operator.tables, env, span)?;
    let kept = filtered(binder, tables, &operator.predicate, &terms, env, span)?;
    union::union(kept, false, Some(SOURCE), &binder.fresh).at(span)
}

/// The tables that a search names, with their labels; without names all tables and views.
pub fn tables(binder: &Binder, parts: &[Pipeline], env: &Env, span: Span) -> Bound<Vec<(String, Relation)>> {
    if parts.is_empty() {
        return matching(binder, "*", env, span);
    }
    let mut tables = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let expr = match &part.source {
            Source::Expr(expr) if part.operators.is_empty() => Some(&expr.kind),
            _ => None,
        };
        match expr {
            Some(ExprKind::Wildcard(pattern)) => tables.extend(matching(binder, pattern, env, part.span)?),
            Some(ExprKind::Star) => tables.extend(matching(binder, "*", env, part.span)?),
            Some(ExprKind::MemberWildcard { base, pattern }) if is_elsewhere(base) => {
                tables.extend(matching(binder, pattern, env, part.span)?);
            }
            _ => {
                let name = label(part).unwrap_or_else(|| format!("search_arg{index}"));
                tables.push((name, binder.table(part, env, None)?));
            }
        }
    }
    Ok(tables)
}

/// The tables with their rows filtered. A part of the condition that names a column which a table lacks is false there;
/// a name that no table has is an error.
pub fn filtered(
    binder: &Binder,
    tables: Vec<(String, Relation)>,
    predicate: &Expr,
    terms: &Terms,
    env: &Env,
    span: Span,
) -> Bound<Vec<(String, Relation)>> {
    if tables.is_empty() {
        return Err(Fault::new(codes::UNKNOWN_TABLE, span, "there is no table to search"));
    }
    let mut kept = Vec::with_capacity(tables.len());
    for (name, mut relation) in tables {
        let condition = terms.condition(binder, predicate, &mut relation, env)?;
        relation.map(|plan| plan.filter(as_filter(condition))).at(span)?;
        kept.push((name, relation));
    }
    let known = terms.known.take();
    match terms.unknown.take().into_iter().find(|fault| !known.contains(&fault.span)) {
        Some(fault) => Err(Fault::Query(Box::new(fault))),
        None => Ok(kept),
    }
}

/// The operator that minds case, for one that does not.
fn with_case(op: BinaryOp) -> Option<BinaryOp> {
    Some(match op {
        BinaryOp::EqualNoCase => BinaryOp::Equal,
        BinaryOp::NotEqualNoCase => BinaryOp::NotEqual,
        BinaryOp::Has => BinaryOp::HasCs,
        BinaryOp::NotHas => BinaryOp::NotHasCs,
        BinaryOp::HasPrefix => BinaryOp::HasPrefixCs,
        BinaryOp::NotHasPrefix => BinaryOp::NotHasPrefixCs,
        BinaryOp::HasSuffix => BinaryOp::HasSuffixCs,
        BinaryOp::NotHasSuffix => BinaryOp::NotHasSuffixCs,
        BinaryOp::Contains => BinaryOp::ContainsCs,
        BinaryOp::NotContains => BinaryOp::NotContainsCs,
        BinaryOp::StartsWith => BinaryOp::StartsWithCs,
        BinaryOp::NotStartsWith => BinaryOp::NotStartsWithCs,
        BinaryOp::EndsWith => BinaryOp::EndsWithCs,
        BinaryOp::NotEndsWith => BinaryOp::NotEndsWithCs,
        _ => return None,
    })
}

/// How terms are read, and which parts of the condition some table could read.
#[derive(Default)]
pub struct Terms {
    cased: bool,
    known: RefCell<Vec<Span>>,
    unknown: RefCell<Vec<Diagnostic>>,
}

impl Terms {
    /// A part of the condition; false where its columns are missing, which is noted.
    fn part(&self, bound: Bound<PlanExpr>, span: Span) -> Bound<PlanExpr> {
        match bound {
            Ok(expr) => {
                self.known.borrow_mut().push(span);
                Ok(expr)
            }
            Err(Fault::Query(mut fault)) if fault.code == codes::UNKNOWN_NAME => {
                fault.span = span;
                self.unknown.borrow_mut().push(*fault);
                Ok(lit(false))
            }
            Err(fault) => Err(fault),
        }
    }

    fn condition(&self, binder: &Binder, expr: &Expr, relation: &mut Relation, env: &Env) -> Bound<PlanExpr> {
        binder.spend(expr.span)?;
        if self.cased
            && let ExprKind::Binary { op, op_span, left, right } = &expr.kind
            && let Some(op) = with_case(*op)
        {
            let kind = ExprKind::Binary { op, op_span: *op_span, left: left.clone(), right: right.clone() };
            return self.condition(binder, &Expr { kind, span: expr.span }, relation, env);
        }
        match &expr.kind {
            ExprKind::Literal(Literal::String(_)) => {
                let Const::String(text) = binder.constant_expr(expr, env)?.constant.unwrap_or(Const::Bool(false))
                else {
                    return Err(Fault::new(codes::ARGUMENT, expr.span, "a term must be text"));
                };
                self.any_column(binder, &text, relation, expr.span)
            }
            ExprKind::Star => Ok(lit(true)),
            ExprKind::Logical { op, operands } => {
                let bound = operands
                    .iter()
                    .map(|operand| self.condition(binder, operand, relation, env))
                    .collect::<Bound<Vec<_>>>()?;
                Ok(balanced(bound, if *op == LogicalOp::And { Operator::And } else { Operator::Or }))
            }
            ExprKind::Call(call) if call.name.text == "not" && call.args.len() == 1 => match call.args.first() {
                Some(arg) => Ok(crate::bind::compare::negate(self.condition(binder, &arg.value, relation, env)?)),
                None => Ok(lit(false)),
            },
            ExprKind::Binary { op: BinaryOp::Search, left, right, .. } => {
                let term = binder.constant_expr(right, env)?;
                let Some(term) = term.const_str().map(str::to_owned) else {
                    return Err(Fault::new(codes::ARGUMENT, right.span, "a term must be text"));
                };
                let found = binder
                    .expr(left, &mut Scope::row(relation), env)
                    .and_then(|value| self.term(binder, &value, &term, expr.span));
                self.part(found, expr.span)
            }
            ExprKind::Binary { op, op_span, left, right } if matches!(left.kind, ExprKind::Star) => {
                let term = binder.expr(right, &mut Scope::row(relation), env)?;
                let mut any = Vec::new();
                for column in relation.visible().cloned().collect::<Vec<_>>() {
                    let text = as_text(binder, &column.bound(), expr.span)?;
                    any.push(binder.text_operator(*op, *op_span, (&text, left.span), (&term, right.span))?.expr);
                }
                Ok(if any.is_empty() { lit(false) } else { balanced(any, Operator::Or) })
            }
            _ => {
                let found = binder.condition(expr, &mut Scope::row(relation), env).map(|value| value.expr);
                self.part(found, expr.span)
            }
        }
    }

    fn any_column(&self, binder: &Binder, term: &str, relation: &Relation, span: Span) -> Bound<PlanExpr> {
        let mut any = Vec::new();
        for column in relation.visible() {
            any.push(self.term(binder, &column.bound(), term, span)?);
        }
        Ok(if any.is_empty() { lit(false) } else { balanced(any, Operator::Or) })
    }

    /// Whether a value has a term; stars at the ends of the term open it there, one in the middle stands for any text.
    fn term(&self, binder: &Binder, value: &BoundExpr, term: &str, span: Span) -> Bound<PlanExpr> {
        let (open_start, rest) = term.strip_prefix('*').map_or((false, term), |rest| (true, rest));
        let (open_end, word) = rest.strip_suffix('*').map_or((false, rest), |rest| (true, rest));
        if word.is_empty() {
            return Ok(lit(true));
        }
        if word.contains('*') {
            let edge = |open: bool| if open { "" } else { r"\b" };
            let parts: Vec<String> = word.split('*').map(regex::escape).collect();
            let case = if self.cased { "" } else { "(?i)" };
            let pattern = format!("{case}{}{}{}", edge(open_start), parts.join(".*"), edge(open_end));
            let text = as_text(binder, value, span)?;
            let pattern = BoundExpr::constant(Const::String(pattern));
            return Ok(binder.text_operator(BinaryOp::MatchesRegex, span, (&text, span), (&pattern, span))?.expr);
        }
        let op = match (open_start, open_end, self.cased) {
            (false, false, false) => BinaryOp::Has,
            (false, false, true) => BinaryOp::HasCs,
            (false, true, false) => BinaryOp::HasPrefix,
            (false, true, true) => BinaryOp::HasPrefixCs,
            (true, false, false) => BinaryOp::HasSuffix,
            (true, false, true) => BinaryOp::HasSuffixCs,
            (true, true, false) => BinaryOp::Contains,
            (true, true, true) => BinaryOp::ContainsCs,
        };
        let text = as_text(binder, value, span)?;
        let word = BoundExpr::constant(Const::String(word.to_owned()));
        Ok(binder.text_operator(op, span, (&text, span), (&word, span))?.expr)
    }
}

fn as_text(binder: &Binder, value: &BoundExpr, span: Span) -> Bound<BoundExpr> {
    convert(value, KqlType::String, &binder.cx())
        .ok_or_else(|| Fault::wrong_type(span, "searching", "a value with a text form", value.ty))
}
