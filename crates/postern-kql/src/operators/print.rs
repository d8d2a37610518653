//! `print`: one row of values; unnamed ones are `print_0`, `print_1`, … by position.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::NamedExpr;

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
    let bound = named_with(binder, items, &mut Scope::row(&mut row), env, |_, index| format!("print_{index}"))?;
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
