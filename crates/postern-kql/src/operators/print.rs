//! `print`: one row of values; unnamed ones are `print_0`, `print_1`, … by position.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{NamedExpr, Target};

use super::extend::materialise;
use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault};
use crate::bind::scope::Relation;
use crate::plan::union::unused;

/// Binds `print`.
pub fn print(binder: &Binder, items: &[NamedExpr], env: &Env, span: Span) -> Bound<Relation> {
    let mut row = binder.nowhere();
    let mut values = Vec::with_capacity(items.len());
    let mut taken = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let value = binder.expr(&item.expr, &mut Scope::row(&mut row), env)?;
        let name = match &item.target {
            Target::Name(name) => name.text.clone(),
            Target::Auto => format!("print_{index}"),
            Target::Tuple(_) => return Err(Fault::unsupported(item.span, "several names for one value")),
        };
        let name = unused(&name, &taken);
        taken.push(name.clone());
        values.push((name, value));
    }
    row.columns = materialise(binder, &mut row, values, span)?;
    row.serialized = true;
    Ok(row)
}
