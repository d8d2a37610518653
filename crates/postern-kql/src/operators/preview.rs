//! `evaluate preview(n)`: the first rows, and the number of all of them.

use postern_kql_syntax::ast::Evaluate;

use super::{count, plugins, take};
use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::fault::{Bound, Fault, codes};
use crate::bind::scope::Relation;
use crate::bind::several::Answer;

/// Applies the plugin; columns that the query states beforehand are those of the rows.
pub fn preview(binder: &Binder, input: Relation, operator: &Evaluate, env: &Env) -> Bound<Vec<Answer>> {
    let call = &operator.call;
    let [size] = call.args.as_slice() else {
        let message = format!("`preview` takes 1 argument, not {}", call.args.len());
        return Err(Fault::new(codes::ARGUMENT_COUNT, call.span, message));
    };
    let input = binder.share_for(2, input, call.span)?;
    binder.spend_plan(&input.plan, call.span)?;
    let rows = take::take(binder, input.clone(), &size.value, env, call.span)?;
    let rows = match &operator.schema {
        Some(schema) => plugins::promised(binder, rows, schema)?,
        None => rows,
    };
    let number = count::count(binder, input, call.span)?;
    Ok(vec![Answer::rows(binder, None, rows), Answer::rows(binder, None, number)])
}
