//! `in`, `in~`, `has_any`, `has_all` and their opposites: a list of values, an array, or the first column of a table.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, ExprKind, InList, InOp, Source, StatementKind};

use super::compare::{is_in, negate};
use super::env::{Env, Named, UserFunction};
use super::expr::Scope;
use super::fault::{Bound, Fault, codes};
use super::fold::fold;
use super::literal::scalar_json;
use super::scope::Relation;
use super::table::is_elsewhere;
use super::{Binder, Meaning};
use crate::functions::{BoundExpr, find_operator};
use crate::plan::growth::repeats;
use crate::types::{Const, KqlType};

/// The right side.
pub enum Items {
    /// Values.
    Values(Vec<BoundExpr>),
    /// A table whose first column counts.
    Table(Box<Relation>),
}

impl Binder<'_> {
    /// Binds `left op (list)`.
    pub fn in_list(
        &self,
        op: InOp,
        left: &Expr,
        list: &InList,
        scope: &mut Scope,
        env: &Env,
        span: Span,
    ) -> Bound<BoundExpr> {
        if matches!(left.kind, ExprKind::Star) {
            return Err(Fault::unsupported(left.span, "`*` on the left of `in`"));
        }
        let value = self.expr(left, scope, env)?;
        let items = match self.items(list, scope, env)? {
            Items::Values(items) => items,
            Items::Table(relation) => self.ask_list(*relation, span)?.into_iter().map(BoundExpr::constant).collect(),
        };
        let cx = self.cx();
        match op {
            InOp::In | InOp::NotIn | InOp::InNoCase | InOp::NotInNoCase => {
                let no_case = matches!(op, InOp::InNoCase | InOp::NotInNoCase);
                let negated = matches!(op, InOp::NotIn | InOp::NotInNoCase);
                if no_case && let Some(found) = self.in_any_case(&value, &items, negated, left.span, span)? {
                    return Ok(found);
                }
                let arrays = items.iter().any(|i| i.ty == KqlType::Dynamic && i.constant.is_none());
                let (mut value, mut items) = (value, items);
                if no_case {
                    value = self.lower(&value, left.span, op)?;
                    for item in items.iter_mut().filter(|i| i.ty != KqlType::Dynamic) {
                        *item = self.lower(item, span, op)?;
                    }
                }
                if arrays {
                    return self.in_arrays(&value, items, no_case, negated, span);
                }
                let items = spread(items);
                let items = if no_case {
                    items.iter().map(|i| self.lower(i, span, op)).collect::<Bound<Vec<_>>>()?
                } else {
                    items
                };
                is_in(&value, &items, negated, &cx).map(fold).map_err(|e| Fault::bind(codes::OPERAND, e, span))
            }
            InOp::HasAny | InOp::HasAll => {
                let function = find_operator(op.symbol())
                    .ok_or_else(|| Fault::unsupported(span, &format!("`{}`", op.symbol())))?;
                let text = self.as_text(&value, left.span, op.symbol())?;
                let array = self.one_array(items, span)?;
                let bound = function.bind(&[text, array], &cx).map_err(|e| Fault::bind(codes::OPERAND, e, span))?;
                Ok(fold(bound))
            }
        }
    }

    /// The right side as values or as a table.
    pub fn items(&self, list: &InList, scope: &mut Scope, env: &Env) -> Bound<Items> {
        let values = match list {
            InList::Tabular(pipeline) => {
                return Ok(match self.pipeline(pipeline, env, None)? {
                    Meaning::Table(relation) => Items::Table(relation),
                    Meaning::Scalar(value) => Items::Values(vec![value]),
                });
            }
            InList::Values(values) => values,
        };
        if let [single] = values.as_slice()
            && self.may_be_table(single, scope.relation, env)
        {
            return Ok(match self.meaning_in(single, scope, env)? {
                Meaning::Table(relation) => Items::Table(relation),
                Meaning::Scalar(value) => Items::Values(vec![value]),
            });
        }
        let mut items = Vec::with_capacity(values.len());
        for value in values {
            match self.several(value) {
                Some(several) => items.extend(several.into_iter().map(BoundExpr::constant)),
                None => items.push(self.expr(value, scope, env)?),
            }
        }
        Ok(Items::Values(items))
    }

    /// Whether the right side is a table rather than values.
    pub fn list_is_table(&self, list: &InList, relation: &Relation, env: &Env) -> bool {
        match list {
            InList::Tabular(pipeline) => {
                !pipeline.operators.is_empty()
                    || match &pipeline.source {
                        Source::Expr(expr) => self.may_be_table(expr, relation, env),
                        _ => true,
                    }
            }
            InList::Values(values) => match values.as_slice() {
                [single] => self.may_be_table(single, relation, env),
                _ => false,
            },
        }
    }

    fn may_be_table(&self, expr: &Expr, relation: &Relation, env: &Env) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => {
                relation.find(&name.text).is_none()
                    && match env.find(&name.text) {
                        Some(Named::Scalar(_) | Named::Pattern(_) | Named::Restricted(_)) => false,
                        Some(Named::Table(_)) => true,
                        Some(Named::Function(function)) => yields_rows(function),
                        None => self.catalog.table(&name.text).is_some() && env.allows(&name.text),
                    }
            }
            ExprKind::Call(call) => match env.find(&call.name.text) {
                Some(Named::Function(function)) => yields_rows(function),
                _ => matches!(call.name.text.as_str(), "materialize" | "table"),
            },
            ExprKind::Tabular(_) => true,
            ExprKind::Member { base, .. } => is_elsewhere(base),
            _ => false,
        }
    }

    fn lower(&self, value: &BoundExpr, span: Span, op: InOp) -> Bound<BoundExpr> {
        let text = self.as_text(value, span, op.symbol())?;
        self.builtin("tolower", &[text], span)
    }

    /// `value in~ (texts)` where all texts are constant: one look into a set for each row. `None` for other lists.
    fn in_any_case(
        &self,
        value: &BoundExpr,
        items: &[BoundExpr],
        negated: bool,
        left: Span,
        span: Span,
    ) -> Bound<Option<BoundExpr>> {
        let items = spread(items.to_vec());
        if items.is_empty() || !items.iter().all(|item| item.const_str().is_some()) {
            return Ok(None);
        }
        let Some(function) = find_operator(InOp::InNoCase.symbol()) else { return Ok(None) };
        let text = self.as_text(value, left, InOp::InNoCase.symbol())?;
        let list = self.one_array(items, span)?;
        let found = function.bind(&[text, list], &self.cx()).map_err(|e| Fault::bind(codes::OPERAND, e, span))?;
        let expr = if negated { negate(found.expr) } else { found.expr };
        Ok(Some(fold(BoundExpr::new(expr, KqlType::Bool))))
    }

    /// `value in (array)` where the array differs by row.
    fn in_arrays(
        &self,
        value: &BoundExpr,
        items: Vec<BoundExpr>,
        no_case: bool,
        negated: bool,
        span: Span,
    ) -> Bound<BoundExpr> {
        repeats(&value.expr).map_err(|e| Fault::bind(codes::OPERAND, e, span))?;
        let mut found = Vec::new();
        let mut plain = Vec::new();
        for item in items {
            if item.ty != KqlType::Dynamic {
                plain.push(item);
                continue;
            }
            let item = if no_case {
                let text = self.builtin("tostring", &[item], span)?;
                let lower = self.builtin("tolower", &[text], span)?;
                self.builtin("todynamic", &[lower], span)?
            } else {
                item
            };
            let has = self.builtin("set_has_element", &[item, value.clone()], span)?;
            found.push(has.expr.is_true());
        }
        if !plain.is_empty() {
            let plain = is_in(value, &plain, false, &self.cx()).map_err(|e| Fault::bind(codes::OPERAND, e, span))?;
            found.push(plain.expr);
        }
        let any = super::expr::balanced(found, datafusion::logical_expr::Operator::Or);
        Ok(BoundExpr::new(if negated { negate(any) } else { any }, KqlType::Bool))
    }

    /// The items as one dynamic array.
    fn one_array(&self, items: Vec<BoundExpr>, span: Span) -> Bound<BoundExpr> {
        if let [single] = items.as_slice()
            && single.ty == KqlType::Dynamic
        {
            return Ok(single.clone());
        }
        let items = spread(items);
        if items.iter().all(|i| i.constant.is_some()) {
            let values = items.iter().filter_map(|i| i.constant.as_ref()).map(scalar_json).collect();
            return Ok(BoundExpr::constant(Const::dynamic(&serde_json::Value::Array(values))));
        }
        self.builtin("pack_array", &items, span)
    }
}

/// Whether a function's result looks like rows: it has operators, or a source that only yields rows.
fn yields_rows(function: &UserFunction) -> bool {
    let Some(last) = function.function.body.last() else { return false };
    match &last.kind {
        StatementKind::Query(pipeline) => {
            !pipeline.operators.is_empty() || !matches!(pipeline.source, Source::Expr(_)) || function.function.view
        }
        _ => false,
    }
}

/// Constant arrays among the items become their elements.
fn spread(items: Vec<BoundExpr>) -> Vec<BoundExpr> {
    let mut spread = Vec::with_capacity(items.len());
    for item in items {
        match item.constant.as_ref().filter(|c| matches!(c, Const::Dynamic(_))).and_then(Const::as_json) {
            Some(serde_json::Value::Array(elements)) => {
                spread.extend(elements.iter().filter(|e| !e.is_null()).map(|e| BoundExpr::constant(element(e))));
            }
            _ => spread.push(item),
        }
    }
    spread
}

fn element(value: &serde_json::Value) -> Const {
    match value {
        serde_json::Value::String(text) => Const::String(text.clone()),
        serde_json::Value::Bool(v) => Const::Bool(*v),
        serde_json::Value::Number(n) => {
            n.as_i64().map(Const::Long).or_else(|| n.as_f64().map(Const::Real)).unwrap_or(Const::Null(KqlType::Dynamic))
        }
        other => Const::dynamic(other),
    }
}
