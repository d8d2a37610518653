//! `parse` and `parse-where`: a text taken apart along a pattern of texts, `*` and columns.
//!
//! The pattern becomes one regular expression. `simple` (the default): texts are literal, and when a typed column does
//! not convert, no column of the row is set. `relaxed`: only that column stays empty. `regex`: texts are expressions.

use datafusion::logical_expr::{Expr as PlanExpr, lit, when};
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Parse, ParseItem, ParseKind};
use regex::{Regex, RegexBuilder};

use super::extend::add;
use crate::bind::Binder;
use crate::bind::coerce::convert;
use crate::bind::env::Env;
use crate::bind::expr::{Scope, balanced};
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::fold::fold;
use crate::bind::literal::kql_type;
use crate::bind::scope::{Relation, plan_column};
use crate::functions::BoundExpr;
use crate::plan::capture::{captures, field, group};
use crate::plan::union::unused;
use crate::types::KqlType;

/// The most memory that a pattern's automaton may take.
const SIZE_LIMIT: usize = 4 << 20;

/// Applies `parse` or `parse-where`.
pub fn parse(binder: &Binder, mut input: Relation, operator: &Parse, env: &Env, span: Span) -> Bound<Relation> {
    let kind = operator.kind.unwrap_or(ParseKind::Simple);
    let value = binder.expr(&operator.expr, &mut Scope::row(&mut input), env)?;
    // What is no text is read as its text.
    let text = match convert(&value, KqlType::String, &binder.cx()) {
        Some(text) => fold(text),
        None => binder.as_text(&value, operator.expr.span, "parse")?,
    };
    let regex = pattern(operator, kind, span)?;
    let columns: Vec<(&str, KqlType)> = operator
        .pattern
        .iter()
        .filter_map(|item| match item {
            ParseItem::Column { name, ty } => {
                Some((name.text.as_str(), ty.map_or(KqlType::String, |t| kql_type(t.ty))))
            }
            _ => None,
        })
        .collect();
    let name = binder.fresh.name("parsed");
    input.compute(vec![(captures(text.expr, &regex, columns.len()), name.clone())]).at(span)?;
    let parsed = PlanExpr::Column(plan_column(name));
    let mut values = Vec::with_capacity(columns.len());
    let mut fits = vec![field(parsed.clone(), "matched")];
    for (index, (name, ty)) in columns.iter().enumerate() {
        let piece = field(parsed.clone(), &index.to_string());
        let piece = datafusion::functions::core::expr_fn::coalesce(vec![piece, KqlType::String.missing_expr()]);
        let piece = BoundExpr::new(piece, KqlType::String);
        let value = convert(&piece, *ty, &binder.cx())
            .ok_or_else(|| Fault::unsupported(span, &format!("`parse` into `{ty}`")))?;
        if *ty != KqlType::String {
            fits.push(value.expr.clone().is_not_null());
        }
        values.push(((*name).to_owned(), value));
    }
    let all = balanced(fits, datafusion::logical_expr::Operator::And);
    if operator.filter {
        // What the filter reads must be in the plan before the columns are named.
        input.map(|plan| plan.filter(all)).at(span)?;
    } else if kind == ParseKind::Simple {
        for (_, value) in &mut values {
            let missing = lit(value.ty.missing());
            value.expr = when(all.clone(), value.expr.clone()).otherwise(missing).at(span)?;
        }
    }
    // A column of another type keeps its name, and the new one gets a number.
    let mut taken: Vec<String> = input.columns.iter().map(|c| c.name.clone()).collect();
    for (name, value) in &mut values {
        if input.find(name).is_some_and(|c| c.ty != value.ty) {
            *name = unused(name, &taken);
            taken.push(name.clone());
        }
    }
    add(binder, &mut input, values, span)?;
    Ok(input)
}

fn pattern(operator: &Parse, kind: ParseKind, span: Span) -> Bound<Regex> {
    let mut text = String::new();
    let flags = operator.flags.as_deref().unwrap_or_default();
    let ungreedy = flags.contains('U');
    text.push('^');
    let items = &operator.pattern;
    if let (ParseKind::Regex, Some(ParseItem::Text(..))) = (kind, items.first()) {
        // A leading expression may match anywhere.
        text.push_str(".*?");
    }
    let mut columns = 0;
    for (index, item) in items.iter().enumerate() {
        let next = items.get(index + 1);
        match item {
            ParseItem::Star(_) => text.push_str(if next.is_none() { ".*" } else { ".*?" }),
            ParseItem::Text(literal, _) if kind == ParseKind::Regex => {
                text.push_str("(?:");
                text.push_str(literal);
                text.push(')');
            }
            ParseItem::Text(literal, _) => text.push_str(&regex::escape(literal)),
            ParseItem::Column { ty, .. } => {
                let ty = ty.map_or(KqlType::String, |t| kql_type(t.ty));
                // Before a text, a relaxed column takes whatever stands there; before `*` only its type ends it.
                let open = kind == ParseKind::Relaxed && matches!(next, Some(ParseItem::Text(..)));
                let (blanks, inside) = match ty {
                    _ if open => ("", ".*?"),
                    KqlType::Int | KqlType::Long => (r"\s*", r"[-+]?\d+"),
                    KqlType::Real | KqlType::Decimal => (r"\s*", r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"),
                    _ if next.is_none() => ("", ".*"),
                    _ if kind == ParseKind::Regex && !ungreedy => ("", ".*"),
                    _ => ("", ".*?"),
                };
                // The texts may have groups of their own, so those of the columns have names.
                text.push_str(&format!("{blanks}(?P<{}>{inside})", group(columns)));
                columns += 1;
            }
        }
    }
    if matches!(items.last(), Some(ParseItem::Column { .. } | ParseItem::Star(_))) || kind != ParseKind::Regex {
        text.push_str(if matches!(items.last(), Some(ParseItem::Text(..))) { "" } else { "$" });
    }
    RegexBuilder::new(&text)
        .dot_matches_new_line(kind != ParseKind::Regex || flags.contains('s'))
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| Fault::new(codes::ARGUMENT, span, format!("the pattern is no regular expression: {error}")))
}
