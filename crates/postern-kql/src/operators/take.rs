//! `take` and `limit`: so many rows; which ones is only certain after a `sort`.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::Expr;

use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::fault::{Bound, Placed};
use crate::bind::scope::Relation;
use crate::plan::rows;

/// Applies `take`.
pub fn take(binder: &Binder, mut input: Relation, size: &Expr, env: &Env, span: Span) -> Bound<Relation> {
    let size = binder.count(size, env, "the number of rows")?;
    rows::limit(&mut input, size, &binder.fresh).at(span)?;
    Ok(input)
}
