//! `consume`: reads all rows and gives none.

use datafusion::logical_expr::lit;
use postern_kql_syntax::Span;

use crate::bind::fault::{Bound, Placed};
use crate::bind::scope::Relation;

/// Applies `consume`: a table without columns and without rows.
pub fn consume(mut input: Relation, span: Span) -> Bound<Relation> {
    input.map(|plan| plan.filter(lit(false))).at(span)?;
    input.columns.clear();
    input.unordered();
    Ok(input)
}
