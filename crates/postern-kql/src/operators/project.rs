//! `project` and its family: which columns, under which names, in which order.
//!
//! Hidden columns go along unless they are named: then they become ordinary columns.

use std::cmp::Ordering;

use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, NamePattern, NamedExpr, Rename, ReorderColumn, ReorderOrder};

use super::extend::materialise;
use super::{named, wildcard};
use crate::bind::Binder;
use crate::bind::advice::offer;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, codes};
use crate::bind::scope::Relation;
use crate::plan::union::unused;
use crate::types::{Const, KqlType};

/// Applies `project`.
pub fn project(binder: &Binder, mut input: Relation, items: &[NamedExpr], env: &Env, span: Span) -> Bound<Relation> {
    let bound = named(binder, items, &mut Scope::windows(&mut input), env)?;
    let mut taken = Vec::with_capacity(bound.len());
    let bound = bound
        .into_iter()
        .map(|(name, value)| {
            let name = unused(&name, &taken);
            taken.push(name.clone());
            (name, value)
        })
        .collect();
    let mut columns = materialise(binder, &mut input, bound, span)?;
    let hidden: Vec<_> =
        input.columns.iter().filter(|c| c.hidden && !columns.iter().any(|p| p.name == c.name)).cloned().collect();
    columns.extend(hidden);
    input.columns = columns;
    Ok(input)
}

fn matches(pattern: &NamePattern, name: &str) -> bool {
    if pattern.wildcard { wildcard(&pattern.text, name) } else { pattern.text == name }
}

/// Applies `project-away`.
pub fn away(mut input: Relation, patterns: &[NamePattern]) -> Relation {
    input.columns.retain(|c| c.hidden || !patterns.iter().any(|p| matches(p, &c.name)));
    input
}

/// Applies `project-keep`; the columns keep their order.
pub fn keep(mut input: Relation, patterns: &[NamePattern]) -> Relation {
    input.columns.retain(|c| c.hidden || patterns.iter().any(|p| matches(p, &c.name)));
    input
}

/// Applies `project-rename`.
pub fn rename(mut input: Relation, renames: &[Rename]) -> Bound<Relation> {
    let before = input.columns.clone();
    for rename in renames {
        let Some(at) = before.iter().position(|c| c.name == rename.old.text) else {
            let hint = offer(&rename.old.text, before.iter().map(|c| c.name.as_str()));
            return Err(Fault::new(
                codes::UNKNOWN_NAME,
                rename.old.span,
                format!("no column is named `{}`", rename.old.text),
            )
            .maybe_hint(hint));
        };
        if let Some(column) = input.columns.get_mut(at) {
            column.name.clone_from(&rename.new.text);
            column.hidden = false;
        }
    }
    for rename in renames {
        if input.columns.iter().filter(|c| c.name == rename.new.text).count() > 1 {
            return Err(Fault::new(
                codes::DUPLICATE,
                rename.new.span,
                format!("there is a column `{}` already", rename.new.text),
            ));
        }
    }
    Ok(input)
}

/// Applies `project-reorder`: the named columns first, the rest behind them in their order.
pub fn reorder(mut input: Relation, columns: &[ReorderColumn]) -> Relation {
    let mut rest = std::mem::take(&mut input.columns);
    for item in columns {
        let (mut found, others): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|c| !c.hidden && matches(&item.pattern, &c.name));
        rest = others;
        match item.order {
            None => {}
            Some(ReorderOrder::Asc) => found.sort_by(|a, b| a.name.cmp(&b.name)),
            Some(ReorderOrder::Desc) => found.sort_by(|a, b| b.name.cmp(&a.name)),
            Some(ReorderOrder::GrannyAsc) => found.sort_by(|a, b| natural(&a.name, &b.name)),
            Some(ReorderOrder::GrannyDesc) => found.sort_by(|a, b| natural(&b.name, &a.name)),
        }
        input.columns.extend(found);
    }
    input.columns.extend(rest);
    input
}

/// Applies `project-by-names`: the columns of constant names and patterns in that order, each once; a name that no
/// column has is passed over.
pub fn by_names(binder: &Binder, mut input: Relation, names: &[Expr], env: &Env) -> Bound<Relation> {
    let mut patterns: Vec<String> = Vec::new();
    for expr in names {
        let value = binder.constant_expr(expr, env)?;
        let Some(constant) = &value.constant else {
            return Err(Fault::new(codes::NOT_CONSTANT, expr.span, "the names of columns must be constant"));
        };
        let found = match constant {
            Const::String(name) => Some(vec![name.clone()]),
            Const::Null(KqlType::Dynamic) => Some(vec![]),
            _ => match constant.as_json() {
                Some(serde_json::Value::String(name)) => Some(vec![name]),
                Some(serde_json::Value::Array(names)) => {
                    names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
                }
                _ => None,
            },
        };
        patterns.extend(found.ok_or_else(|| {
            Fault::wrong_type(expr.span, "`project-by-names`", "texts and arrays of texts", value.ty)
        })?);
    }
    let mut rest = std::mem::take(&mut input.columns);
    for pattern in &patterns {
        let (found, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|c| !c.hidden && wildcard(pattern, &c.name));
        rest = others;
        input.columns.extend(found);
    }
    input.columns.extend(rest.into_iter().filter(|c| c.hidden));
    Ok(input)
}

/// Compares names with their runs of digits taken as numbers.
fn natural(a: &str, b: &str) -> Ordering {
    pieces(a).cmp(&pieces(b))
}

fn pieces(text: &str) -> Vec<(u8, u128, String)> {
    let mut pieces: Vec<(u8, u128, String)> = Vec::new();
    for c in text.chars() {
        let digit = c.to_digit(10).filter(|_| c.is_ascii_digit());
        match (digit, pieces.last_mut()) {
            (Some(d), Some((0, number, _))) => *number = number.saturating_mul(10).saturating_add(u128::from(d)),
            (Some(d), _) => pieces.push((0, u128::from(d), String::new())),
            (None, Some((1, _, run))) => run.push(c),
            (None, _) => pieces.push((1, 0, c.to_string())),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_count_as_numbers() {
        assert_eq!(natural("a20", "a100"), Ordering::Less);
        assert_eq!(natural("a20", "b1"), Ordering::Less);
    }
}
