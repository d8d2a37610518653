//! `summarize` and `distinct`.
//!
//! Keys come first, then the aggregates in order. An unnamed column takes the name of its expression (`count_`,
//! `sum_x`, the key's own), otherwise `Column1`; a name that is taken gets a number.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, ExprKind, NamedExpr, Summarize, Target};

use super::named;
use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::Relation;
use crate::functions::find_aggregate;
use crate::plan::aggregate::{Output, aggregate};
use crate::plan::union::unused;
use crate::types::KqlType;

/// Applies `summarize`.
pub fn summarize(binder: &Binder, mut input: Relation, operator: &Summarize, env: &Env, span: Span) -> Bound<Relation> {
    if let Some(bin) = &operator.bin {
        return Err(
            Fault::unsupported(bin.span, "the old form `bin = …` after the keys").hint("write `bin(key, size)`")
        );
    }
    let mut keys = keys(binder, &mut input, &operator.by, env)?;
    let mut taken: Vec<String> = Vec::new();
    for key in &mut keys {
        key.name = unused(&key.name, &taken);
        taken.push(key.name.clone());
    }
    let outputs = aggregates(binder, &mut input, &operator.aggregates, &mut taken, env)?;
    if binder.noted() > 0 && outputs.is_empty() {
        // What was wrong with them has been told.
        return Err(Fault::reported(span));
    }
    if keys.is_empty() && outputs.is_empty() {
        return Err(Fault::new(codes::WRONG_KIND, span, "`summarize` needs an aggregate or a key"));
    }
    aggregate(input, &keys, &outputs, &binder.fresh).at(span)
}

/// Binds group keys; a dynamic key must be converted by the query.
pub fn keys(binder: &Binder, input: &mut Relation, by: &[NamedExpr], env: &Env) -> Bound<Vec<Output>> {
    let bound = named(binder, by, &mut Scope::row(input), env)?;
    let mut keys = Vec::with_capacity(bound.len());
    for ((name, value), item) in bound.into_iter().zip(by) {
        if value.ty == KqlType::Dynamic {
            return Err(Fault::new(
                codes::WRONG_TYPE,
                item.span,
                format!("the key `{name}` is `dynamic`, which cannot be grouped by"),
            )
            .hint(format!("convert it: `by {name} = tostring(…)`")));
        }
        keys.push(Output::new(name, value.ty, value.expr));
    }
    Ok(keys)
}

/// Binds aggregate items; `taken` are the names used so far.
pub fn aggregates(
    binder: &Binder,
    input: &mut Relation,
    items: &[NamedExpr],
    taken: &mut Vec<String>,
    env: &Env,
) -> Bound<Vec<Output>> {
    let key_names = taken.clone();
    let mut outputs = Vec::new();
    let mut unnamed = 0;
    let mut unknown = false;
    for item in items {
        let mut scope = Scope::groups(input, &key_names);
        let call = match &item.expr.kind {
            ExprKind::Call(call)
                if env.find(&call.name.text).is_none() && find_aggregate(&call.name.text).is_some() =>
            {
                Some(call)
            }
            _ => None,
        };
        let mut found: Vec<Output> = if let Some(call) = call {
            let outputs = binder.aggregate_call(call, &mut scope, env);
            let failed = outputs.is_err();
            let outputs = binder.or_go_on(outputs, scope.relation.open, Vec::new)?;
            if failed {
                unknown = true;
                continue;
            }
            outputs.into_iter().map(|a| Output::new(a.name, a.ty, a.expr)).collect()
        } else {
            let value = binder.expr(&item.expr, &mut scope, env)?;
            let name = value.name.unwrap_or_else(|| {
                unnamed += 1;
                format!("Column{unnamed}")
            });
            vec![Output::new(name, value.ty, value.expr)]
        };
        let names = match &item.target {
            Target::Auto => vec![],
            Target::Name(name) => vec![name.clone()],
            Target::Tuple(names) => names.clone(),
        };
        if names.len() > found.len() {
            return Err(Fault::new(
                codes::ARGUMENT_COUNT,
                item.span,
                format!("{} names stand for {} columns", names.len(), found.len()),
            ));
        }
        for (output, name) in found.iter_mut().zip(names) {
            output.name = name.text;
        }
        for mut output in found {
            output.name = unused(&output.name, taken);
            taken.push(output.name.clone());
            outputs.push(output);
        }
    }
    input.open |= unknown;
    Ok(outputs)
}

/// Applies `distinct`.
pub fn distinct(binder: &Binder, mut input: Relation, columns: &[Expr], env: &Env, span: Span) -> Bound<Relation> {
    let mut keys: Vec<Output> = Vec::new();
    let mut unnamed = 0;
    for column in columns {
        if matches!(column.kind, ExprKind::Star) {
            keys.extend(input.visible().map(|c| Output::new(c.name.clone(), c.ty, c.expr())));
            continue;
        }
        let value = binder.expr(column, &mut Scope::row(&mut input), env)?;
        let name = value.name.clone().unwrap_or_else(|| {
            unnamed += 1;
            format!("Column{unnamed}")
        });
        keys.push(Output::new(name, value.ty, value.expr));
    }
    let mut taken = Vec::new();
    for key in &mut keys {
        key.name = unused(&key.name, &taken);
        taken.push(key.name.clone());
    }
    aggregate(input, &keys, &[], &binder.fresh).at(span)
}
