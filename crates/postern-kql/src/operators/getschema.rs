//! `getschema`: one row for each column.

use postern_kql_syntax::Span;

use super::datatable::rows_of;
use crate::bind::Binder;
use crate::bind::fault::Bound;
use crate::bind::scope::Relation;
use crate::types::{Const, KqlType};

/// Applies `getschema`.
pub fn getschema(binder: &Binder, input: &Relation, span: Span) -> Bound<Relation> {
    let columns = [
        ("ColumnName", KqlType::String),
        ("ColumnOrdinal", KqlType::Int),
        ("DataType", KqlType::String),
        ("ColumnType", KqlType::String),
    ];
    let rows = input
        .visible()
        .enumerate()
        .map(|(ordinal, column)| {
            vec![
                Const::String(column.name.clone()),
                Const::Int(i32::try_from(ordinal).unwrap_or(i32::MAX)),
                Const::String(column.ty.clr_name().to_owned()),
                Const::String(column.ty.name().to_owned()),
            ]
        })
        .collect();
    rows_of(binder, &columns.map(|(name, ty)| (name.to_owned(), ty)), rows, span)
}
