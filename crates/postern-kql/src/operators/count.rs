//! `count`: the number of rows, as one row.

use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::lit;
use postern_kql_syntax::Span;

use crate::bind::Binder;
use crate::bind::fault::{Bound, Placed};
use crate::bind::scope::Relation;
use crate::plan::aggregate::{Output, aggregate};
use crate::types::KqlType;

/// Applies `count`.
pub fn count(binder: &Binder, input: Relation, span: Span) -> Bound<Relation> {
    let rows = Output::new("Count", KqlType::Long, count_udaf().call(vec![lit(1i64)]));
    aggregate(input, &[], &[rows], &binder.fresh).at(span)
}
