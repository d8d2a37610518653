//! `parse-kv`: named values out of `key=value` text.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::logical_expr::{Expr as PlanExpr, ScalarUDF, Volatility};
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{ExprKind, ParseKv};

use regex::RegexBuilder;

use super::extend::add;
use crate::bind::Binder;
use crate::bind::coerce::convert;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::literal::kql_type;
use crate::bind::scope::{Relation, plan_column};
use crate::functions::{BoundExpr, raw_kernel_udf};
use crate::plan::capture::field;
use crate::types::KqlType;

/// The most memory that an expression's automaton may take.
const SIZE_LIMIT: usize = 4 << 20;

/// What parts pairs, and keys from values.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Delimiters {
    /// Empty when not given: then any character that is no letter, digit or underscore parts.
    pair: String,
    kv: String,
    /// Key in the first group, value in the second; instead of all delimiters.
    regex: Option<String>,
    quotes: Vec<(char, char)>,
    escape: Vec<char>,
    greedy: bool,
}

/// Applies `parse-kv`.
pub fn parse_kv(binder: &Binder, mut input: Relation, operator: &ParseKv, env: &Env, span: Span) -> Bound<Relation> {
    let value = binder.expr(&operator.expr, &mut Scope::row(&mut input), env)?;
    let text = binder.as_text(&value, operator.expr.span, "parse-kv")?;
    let delimiters = delimiters(binder, operator, env)?;
    let keys: Vec<String> = operator.columns.iter().map(|c| c.name.text.clone()).collect();
    let name = binder.fresh.name("pairs");
    input.compute(vec![(udf(delimiters, keys).call(vec![text.expr]), name.clone())]).at(span)?;
    let pairs = PlanExpr::Column(plan_column(name));
    let mut values = Vec::with_capacity(operator.columns.len());
    for (index, column) in operator.columns.iter().enumerate() {
        let piece = field(pairs.clone(), &index.to_string());
        let piece = datafusion::functions::core::expr_fn::coalesce(vec![piece, KqlType::String.missing_expr()]);
        let ty = kql_type(column.ty.ty);
        let value = convert(&BoundExpr::new(piece, KqlType::String), ty, &binder.cx())
            .ok_or_else(|| Fault::unsupported(column.span, &format!("`parse-kv` into `{ty}`")))?;
        values.push((column.name.text.clone(), value));
    }
    add(binder, &mut input, values, span)?;
    Ok(input)
}

fn delimiters(binder: &Binder, operator: &ParseKv, env: &Env) -> Bound<Delimiters> {
    let mut found = Delimiters {
        pair: String::new(),
        kv: String::new(),
        regex: None,
        quotes: vec![],
        escape: vec![],
        greedy: false,
    };
    for property in &operator.properties {
        let values = match &property.value.kind {
            ExprKind::Tuple(items) => items.iter().collect(),
            _ => vec![&property.value],
        };
        let mut texts = Vec::new();
        for value in values {
            let bound = binder.constant_expr(value, env)?;
            match bound.constant {
                Some(crate::types::Const::String(text)) => texts.push(text),
                Some(crate::types::Const::Bool(flag)) => texts.push(flag.to_string()),
                _ => return Err(Fault::new(codes::NOT_CONSTANT, value.span, "a constant must stand here")),
            }
        }
        let first = texts.first().cloned().unwrap_or_default();
        match property.name.as_str() {
            "pair_delimiter" => found.pair = first,
            "kv_delimiter" => found.kv = first,
            "quote" => {
                let mut marks = texts.iter().flat_map(|t| t.chars());
                if let Some(open) = marks.next() {
                    found.quotes.push((open, marks.next().unwrap_or(open)));
                }
            }
            "escape" => found.escape.extend(texts.iter().filter_map(|t| t.chars().next())),
            "regex" => {
                check_regex(&first, property.span)?;
                found.regex = Some(first);
            }
            "greedy" => found.greedy = first == "true",
            other => return Err(Fault::unsupported(property.span, &format!("the option `{other}` of `parse-kv`"))),
        }
    }
    Ok(found)
}

fn check_regex(text: &str, span: Span) -> Bound<()> {
    match RegexBuilder::new(text).size_limit(SIZE_LIMIT).build() {
        Ok(regex) if regex.captures_len() == 3 => Ok(()),
        Ok(_) => Err(Fault::new(codes::OPTION, span, "the expression must have two groups, for the key and the value")),
        Err(error) => Err(Fault::new(codes::OPTION, span, format!("this is no regular expression: {error}"))),
    }
}

fn udf(delimiters: Delimiters, keys: Vec<String>) -> ScalarUDF {
    let fields: Fields = (0..keys.len()).map(|i| Field::new(i.to_string(), DataType::Utf8View, true)).collect();
    let config = format!("{delimiters:?}{keys:?}");
    let returns = DataType::Struct(fields.clone());
    let regex = delimiters.regex.as_ref().and_then(|r| RegexBuilder::new(r).size_limit(SIZE_LIMIT).build().ok());
    raw_kernel_udf("key_values", config, vec![KqlType::String.arrow()], returns, Volatility::Immutable, move |args| {
        let texts = args.get(0)?.text()?;
        let mut columns: Vec<StringViewBuilder> = keys.iter().map(|_| StringViewBuilder::new()).collect();
        for row in 0..args.rows {
            let text = texts.get(row).unwrap_or_default();
            let pairs = match &regex {
                Some(regex) => regex
                    .captures_iter(text)
                    .map(|c| {
                        let group = |i| c.get(i).map_or("", |m| m.as_str().trim()).to_owned();
                        (group(1), group(2))
                    })
                    .collect(),
                None => pairs(text, &delimiters, &keys),
            };
            for (key, column) in keys.iter().zip(&mut columns) {
                column.append_option(pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str()));
            }
        }
        let arrays = columns.into_iter().map(|mut column| Arc::new(column.finish()) as ArrayRef).collect();
        Ok(Arc::new(StructArray::try_new(fields.clone(), arrays, None)?) as ArrayRef)
    })
}

/// The pairs of a text. A key is what stands, trimmed and perhaps quoted, before its delimiter.
fn pairs(text: &str, by: &Delimiters, keys: &[String]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some((key, after)) = key(rest, by) else { break };
        let (value, next) = value(after, by, keys);
        if !key.is_empty() {
            pairs.push((key, value));
        }
        rest = next;
    }
    pairs
}

fn parts(c: char) -> bool {
    !(c.is_alphanumeric() || c == '_')
}

/// The next key and what comes after its delimiter.
fn key<'a>(text: &'a str, by: &Delimiters) -> Option<(String, &'a str)> {
    if by.kv.is_empty() {
        // The last word before a mark such as `:` or `=`.
        let at = text.find(|c: char| parts(c) && !c.is_whitespace())?;
        let mark = text.get(at..)?.chars().next()?;
        let before = text.get(..at)?;
        let key = before.rsplit(char::is_whitespace).find(|w| !w.is_empty()).unwrap_or_default();
        return Some((key.to_owned(), text.get(at + mark.len_utf8()..)?.trim_start()));
    }
    let (before, after) = text.split_once(by.kv.as_str())?;
    let last = if by.pair.is_empty() { before } else { before.rsplit(by.pair.as_str()).next().unwrap_or(before) };
    let whole = before.trim();
    // A quoted key may hold the pair delimiter.
    for (open, close) in &by.quotes {
        if let Some(inner) = whole.strip_suffix(*close)
            && let Some(at) = inner.rfind(*open)
        {
            return Some((inner.get(at + open.len_utf8()..).unwrap_or_default().to_owned(), after));
        }
    }
    Some((last.trim().to_owned(), after))
}

/// A value and what comes after it. Blanks around a value are no part of it unless they stand in quotes.
fn value<'a>(text: &'a str, by: &Delimiters, keys: &[String]) -> (String, &'a str) {
    let blank = by.pair.starts_with(char::is_whitespace);
    let text = if blank { text } else { text.trim_start() };
    let mut chars = text.char_indices();
    let quote = chars.clone().next().and_then(|(_, c)| by.quotes.iter().find(|(open, _)| *open == c));
    if let Some((_, close)) = quote {
        chars.next();
        let mut value = String::new();
        while let Some((at, c)) = chars.next() {
            if by.escape.contains(&c) {
                value.extend(chars.next().map(|(_, c)| c));
            } else if c == *close {
                let next = text.get(at + c.len_utf8()..).unwrap_or_default();
                let next = if blank { next } else { next.trim_start() };
                return (value, next.strip_prefix(by.pair.as_str()).unwrap_or(next));
            } else {
                value.push(c);
            }
        }
        return (value, "");
    }
    if by.pair.is_empty() {
        let end = text.find(parts).unwrap_or(text.len());
        let (value, next) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.to_owned(), next.strip_prefix(parts).unwrap_or(next));
    }
    if by.greedy {
        // The value goes on until a pair delimiter that a wanted key follows.
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|t| t.find(by.pair.as_str())).map(|at| at + from) {
            let next = text.get(at + by.pair.len()..).unwrap_or_default();
            if keys.iter().any(|k| next.trim_start().strip_prefix(k.as_str()).is_some_and(|t| t.starts_with(&by.kv))) {
                return (text.get(..at).unwrap_or_default().trim().to_owned(), next);
            }
            from = at + by.pair.len();
        }
        return (text.trim().to_owned(), "");
    }
    match text.split_once(by.pair.as_str()) {
        Some((value, next)) => (value.trim().to_owned(), next),
        None => (text.trim().to_owned(), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_protect_delimiters() {
        let by = Delimiters {
            pair: ",".to_owned(),
            kv: "=".to_owned(),
            regex: None,
            quotes: vec![('"', '"')],
            escape: vec!['\\'],
            greedy: false,
        };
        let found = pairs(r#"a=1,b="x,\"y",c=3"#, &by, &[]);
        let expected = [("a", "1"), ("b", "x,\"y"), ("c", "3")];
        assert_eq!(found, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }
}
