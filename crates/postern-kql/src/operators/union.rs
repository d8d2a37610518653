//! `union`: the rows of several tables, columns matched by name.

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{ExprKind, OperatorKind, Pipeline, Source, Union, UnionKind};

use super::wildcard;
use crate::bind::Binder;
use crate::bind::env::{Env, Named};
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::Relation;
use crate::plan::union as plan;

/// Applies `union`, at the head of a pipeline or after a bar.
pub fn union(binder: &Binder, input: Option<Relation>, operator: &Union, env: &Env, span: Span) -> Bound<Relation> {
    let mut inputs: Vec<(String, Relation)> = Vec::new();
    let own = binder.label.take().unwrap_or_else(|| "union_arg0".to_owned());
    inputs.extend(input.map(|relation| (own, relation)));
    let mut missing = None;
    for part in &operator.parts {
        if let Some(pattern) = pattern(part) {
            let mut found = matching(binder, pattern, env, part.span)?;
            if found.is_empty() {
                missing = Some(Fault::new(codes::UNKNOWN_TABLE, part.span, format!("no table matches `{pattern}`")));
            }
            inputs.append(&mut found);
            continue;
        }
        match binder.table(part, env, None) {
            Ok(relation) => {
                let label = label(part).unwrap_or_else(|| format!("union_arg{}", inputs.len()));
                inputs.push((label, relation));
            }
            Err(Fault::Query(fault)) if operator.fuzzy == Some(true) && fault.code == codes::UNKNOWN_TABLE => {
                binder.warn(&fault);
                missing = Some(Fault::Query(fault));
            }
            Err(fault) => return Err(fault),
        }
    }
    if inputs.is_empty() {
        return Err(missing.unwrap_or_else(|| Fault::new(codes::ARGUMENT_COUNT, span, "`union` needs a table")));
    }
    if operator.fuzzy != Some(true)
        && let Some(fault) = missing
    {
        return Err(fault);
    }
    if inputs.iter().any(|(_, relation)| relation.groups.is_some()) {
        for (_, relation) in &mut inputs {
            if relation.groups.is_none() {
                *relation = super::groups::lift(binder, relation.clone(), env, span)?;
            }
        }
    }
    let inner = operator.kind == Some(UnionKind::Inner);
    let source = operator.with_source.as_ref().map(|n| n.text.as_str());
    plan::union(inputs, inner, source, &binder.fresh).at(span)
}

fn pattern(part: &Pipeline) -> Option<&str> {
    match &part.source {
        Source::Expr(expr) if part.operators.is_empty() => match &expr.kind {
            ExprKind::Wildcard(pattern) | ExprKind::MemberWildcard { pattern, .. } => Some(pattern),
            ExprKind::Star => Some("*"),
            _ => None,
        },
        _ => None,
    }
}

/// The name of a table, or what `as` calls the rows.
pub fn label(part: &Pipeline) -> Option<String> {
    if let Some(OperatorKind::As { name, .. }) = part.operators.last().map(|o| &o.kind) {
        return Some(name.text.clone());
    }
    match &part.source {
        Source::Expr(expr) if part.operators.is_empty() => match &expr.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name.text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The tables and views whose names match a pattern, by name.
pub fn matching(binder: &Binder, pattern: &str, env: &Env, span: Span) -> Bound<Vec<(String, Relation)>> {
    let mut found = Vec::new();
    let mut names = binder.catalog.table_names();
    names.sort();
    for name in names.iter().filter(|n| wildcard(pattern, n) && env.allows(n)) {
        if let Some(table) = binder.catalog.table(name) {
            found.push((name.clone(), binder.read(&table, span)?));
        }
    }
    let mut seen = Vec::new();
    for (name, _) in env.iter().filter(|(n, _)| wildcard(pattern, n)) {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        if let Some(Named::Function(function)) = env.find(name)
            && function.function.view
            && function.function.params.is_empty()
            && let crate::bind::Meaning::Table(relation) =
                binder.statements(&function.function.body, &function.env, function.function.span)?
        {
            found.push((name.to_owned(), *relation));
        }
    }
    Ok(found)
}
