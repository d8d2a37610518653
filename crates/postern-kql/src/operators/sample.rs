//! `sample` and `sample-distinct`: rows, or values of a column, drawn by chance, each with the same likelihood.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::Expr;

use super::extend::materialise;
use super::summarize;
use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::fault::{Bound, Placed};
use crate::bind::scope::{OrderKey, Relation};
use crate::plan::rows;

/// Applies `sample`.
pub fn sample(binder: &Binder, mut input: Relation, size: &Expr, env: &Env, span: Span) -> Bound<Relation> {
    let size = binder.count(size, env, "the number of rows")?;
    // The rows with the least random numbers are as good a draw as any.
    let chance = binder.builtin("rand", &[], span)?;
    let drawn = materialise(binder, &mut input, vec![("chance".to_owned(), chance)], span)?;
    input.unordered();
    input.order =
        drawn.into_iter().map(|c| OrderKey { column: c.column, ascending: true, nulls_first: false }).collect();
    rows::limit(&mut input, size, &binder.fresh).at(span)?;
    input.unordered();
    Ok(input)
}

/// Applies `sample-distinct`.
pub fn distinct(binder: &Binder, input: Relation, count: &Expr, of: &Expr, env: &Env, span: Span) -> Bound<Relation> {
    let values = summarize::distinct(binder, input, std::slice::from_ref(of), env, span)?;
    sample(binder, values, count, env, span)
}
