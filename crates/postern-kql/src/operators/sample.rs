//! `sample` and `sample-distinct`: some rows, some values. Which ones is not promised, so the first will do.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::Expr;

use super::{summarize, take};
use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::fault::Bound;
use crate::bind::scope::Relation;

/// Applies `sample`.
pub fn sample(binder: &Binder, input: Relation, size: &Expr, env: &Env, span: Span) -> Bound<Relation> {
    take::take(binder, input, size, env, span)
}

/// Applies `sample-distinct`.
pub fn distinct(binder: &Binder, input: Relation, count: &Expr, of: &Expr, env: &Env, span: Span) -> Bound<Relation> {
    let values = summarize::distinct(binder, input, std::slice::from_ref(of), env, span)?;
    take::take(binder, values, count, env, span)
}
