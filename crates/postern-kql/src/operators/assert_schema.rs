//! `assert-schema`: the rows as they are, when their columns are those that the query states.
//!
//! Names, types and order must be the same; with `*` there may be more columns, anywhere. Provenance does not count.

use postern_kql_syntax::ast::RowSchema;

use crate::bind::fault::{Bound, Fault, codes};
use crate::bind::literal::kql_type;
use crate::bind::scope::Relation;

/// Applies `assert-schema`. Where the columns are known only when the query runs, nothing is held against them.
pub fn assert_schema(input: Relation, schema: &RowSchema) -> Bound<Relation> {
    if !input.open {
        check(&input, schema)?;
    }
    Ok(input)
}

fn check(input: &Relation, schema: &RowSchema) -> Bound<()> {
    let fault = |span, message: String| Err(Fault::new(codes::ARGUMENT, span, message));
    let mut columns = input.visible();
    for declared in &schema.columns {
        let (name, ty) = (declared.name.text.as_str(), kql_type(declared.ty.ty));
        let next = if schema.star { input.visible().find(|c| c.name == name) } else { columns.next() };
        match next {
            Some(column) if column.name == name && column.ty == ty => {}
            Some(column) if column.name == name => {
                return fault(declared.span, format!("column `{name}` is `{}`, not `{ty}`", column.ty));
            }
            Some(column) if input.visible().any(|c| c.name == name) => {
                return fault(declared.span, format!("in the place of column `{name}` there is `{}`", column.name));
            }
            _ => return fault(declared.span, format!("there is no column `{name}`")),
        }
    }
    match columns.next() {
        Some(extra) if !schema.star => fault(schema.span, format!("there is another column, `{}`", extra.name)),
        _ => Ok(()),
    }
}
