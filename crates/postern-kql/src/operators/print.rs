//! `print`: one row of values; unnamed ones are `print_0`, `print_1`, … by position.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{NamedExpr, Target};

use super::extend::materialise;
use super::named_with;
use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::Bound;
use crate::bind::scope::Relation;
use crate::plan::union::unused;

/// Binds `print`.
pub fn print(binder: &Binder, items: &[NamedExpr], env: &Env, span: Span) -> Bound<Relation> {
    let mut row = binder.nowhere();
    let mut bound = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let one = std::slice::from_ref(item);
        let mut found = named_with(binder, one, &mut Scope::row(&mut row), env, |_, _| format!("print_{index}"))?;
        // Of a call that gives several columns, those are shown that have a name; all, when none has.
        match &item.target {
            Target::Auto => {}
            Target::Name(_) => found.truncate(1),
            Target::Tuple(names) => found.truncate(names.len()),
        }
        bound.append(&mut found);
    }
    let mut taken = Vec::new();
    let mut values = Vec::with_capacity(bound.len());
    for (name, value) in bound {
        let name = unused(&name, &taken);
        taken.push(name.clone());
        values.push((name, value));
    }
    row.columns = materialise(binder, &mut row, values, span)?;
    row.serialized = true;
    Ok(row)
}
