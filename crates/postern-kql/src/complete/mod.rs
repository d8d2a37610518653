//! What can be typed at a place of a query: the names and words that fit there, and the call that is being written.
//!
//! For every front end that edits queries. Works on texts that are not finished: the pipeline before the place is bound
//! as far as it can be, and its columns are offered. Nothing is run.
//!
//! ```
//! use postern_kql::PlanOptions;
//! use postern_kql::catalog::Tables;
//! use postern_kql::complete::complete;
//!
//! let text = "print Sender = 'ann', Size = 5 | where Se";
//! let found = complete(text, text.len(), &Tables::new(), &PlanOptions::default());
//! assert_eq!(found.offers[0].text, "Sender");
//! assert_eq!(found.replace.start, text.len() - 2);
//! ```

mod place;
mod words;

use postern_kql_syntax::ast::{LetValue, StatementKind};
use postern_kql_syntax::{Span, parse};

use crate::PlanOptions;
use crate::bind::recover::sketch;
use crate::catalog::{Catalog, Column};
use crate::functions::{AGGREGATES, FUNCTIONS, FunctionInfo, Param, find, find_aggregate};
use crate::reference::{FORMS, OPERATORS, PLUGINS};
use place::{Frame, Holds, Place, locate};

/// The longest text before the place that is looked at.
const LONGEST: usize = 100_000;

/// What an offer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfferKind {
    /// A column of the rows at the place.
    Column,
    /// A name made by `let`.
    Variable,
    /// A table.
    Table,
    /// An operator or the word that starts a statement.
    Operator,
    /// A word of the grammar.
    Keyword,
    /// A value of an option, such as a kind of join.
    Value,
    /// A plugin.
    Plugin,
    /// An aggregate function.
    Aggregate,
    /// A scalar function.
    Function,
}

/// Something that can be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What to put in the place of the word.
    pub text: String,
    /// What it is.
    pub kind: OfferKind,
    /// A type, a signature or a sentence.
    pub detail: String,
}

/// The offers at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The word that an offer replaces; empty when none is begun.
    pub replace: Span,
    /// What fits, best first.
    pub offers: Vec<Offer>,
}

/// The call around a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The function.
    pub name: &'static str,
    /// Its parameters as `name: type`; one that may be left out in brackets.
    pub params: Vec<String>,
    /// The parameter at the place, counted from 0.
    pub active: usize,
}

/// What can be typed at `offset`.
pub fn complete(text: &str, offset: usize, catalog: &dyn Catalog, options: &PlanOptions) -> Completion {
    let place = locate(text, offset);
    let replace = place.word;
    if place.inert || text.len() > LONGEST {
        return Completion { replace, offers: Vec::new() };
    }
    let mut offers = Offers { place: &place, catalog, options, found: Vec::new() };
    offers.gather();
    let wanted = replace.text(place.text).to_lowercase();
    let mut found = offers.found;
    let begins = |offer: &Offer| offer.text.trim_start_matches("['").to_lowercase().starts_with(&wanted);
    if found.iter().any(begins) {
        found.retain(begins);
    } else {
        // Nothing begins like that: a name that holds it somewhere may be meant.
        found.retain(|offer| wanted.len() > 2 && offer.text.to_lowercase().contains(&wanted));
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|offer| seen.insert(offer.text.clone()));
    Completion { replace, offers: found }
}

/// The call that is being written at `offset`.
pub fn signature(text: &str, offset: usize) -> Option<Signature> {
    let place = locate(text, offset);
    if place.inert || text.len() > LONGEST {
        return None;
    }
    let frame = place.frame().filter(|f| f.holds == Holds::Values && f.bar.is_none())?;
    let info = find(&frame.opener).map(|f| f.info()).or_else(|| find_aggregate(&frame.opener).map(|f| f.info()))?;
    let last = info.params.len().saturating_sub(1);
    let active = if info.params.iter().any(|p| p.repeated) { frame.commas.min(last) } else { frame.commas };
    Some(Signature { name: info.name, params: info.params.iter().map(parameter).collect(), active })
}

fn parameter(param: &Param) -> String {
    let dots = if param.repeated { ", …" } else { "" };
    if param.optional {
        format!("[{}: {}{dots}]", param.name, param.ty)
    } else {
        format!("{}: {}{dots}", param.name, param.ty)
    }
}

/// How a function is called, in one line.
pub fn call_shape(info: &FunctionInfo) -> String {
    let params: Vec<String> = info.params.iter().map(parameter).collect();
    format!("{}({}) → {}", info.name, params.join(", "), info.returns)
}

struct Offers<'a> {
    place: &'a Place<'a>,
    catalog: &'a dyn Catalog,
    options: &'a PlanOptions,
    found: Vec<Offer>,
}

impl Offers<'_> {
    fn add(&mut self, kind: OfferKind, text: impl Into<String>, detail: impl Into<String>) {
        self.found.push(Offer { text: text.into(), kind, detail: detail.into() });
    }

    fn words(&mut self, kind: OfferKind, words: &[&str]) {
        for word in words {
            self.add(kind, *word, "");
        }
    }

    fn gather(&mut self) {
        let place = self.place;
        let Some(frame) = place.frame() else { return };
        let previous = place.previous();
        if previous == "." {
            self.member(frame);
        } else if previous == ":" {
            if matches!(frame.opener.as_str(), "datatable" | "externaldata" | "typeof") || frame.holds == Holds::Values
            {
                self.words(OfferKind::Value, words::TYPES);
            }
        } else if previous == "|" || (place.at_start() && frame.holds == Holds::Steps) {
            self.operators();
        } else if place.at_start() && frame.holds == Holds::Statements {
            self.statement();
        } else if place.at_start() && frame.holds == Holds::Rows {
            self.rows();
        } else if frame.opener == "typeof" && place.at_start() {
            self.words(OfferKind::Value, words::TYPES);
        } else {
            self.inside(frame);
        }
    }

    /// Behind an operator's name.
    fn inside(&mut self, frame: &Frame) {
        let place = self.place;
        let (previous, before) = (place.previous(), place.earlier(1));
        let step = place.step().map(|(_, f)| f);
        let operator = step.and_then(Frame::operator).unwrap_or_default();
        if previous == "=" && place.frames.len() == place.step().map_or(0, |(at, _)| at + 1) {
            let values = words::option_values(operator, before);
            if !values.is_empty() {
                return self.words(OfferKind::Value, values);
            }
        }
        let behind_operator = step
            .and_then(|f| f.operator.as_ref())
            .is_some_and(|(_, end)| place.before.last().is_some_and(|piece| piece.span.end == *end));
        let nested = frame.holds == Holds::Values && frame.bar.is_none() && step.is_some_and(|s| s.body != frame.body);
        match operator {
            "let" | "set" | "declare" | "alias" | "as" | "count" | "getschema" | "restrict" => return,
            "render" if behind_operator => return self.words(OfferKind::Value, words::CHARTS),
            "render" if frame.opener == "with" => return self.words(OfferKind::Keyword, words::RENDER_PROPERTIES),
            "render" => return self.words(OfferKind::Keyword, &["with ("]),
            "evaluate" if behind_operator => return self.plugins(),
            "take" | "limit" | "sample" if !nested => return self.variables(false),
            "union" if !nested => {
                if behind_operator || previous == "," {
                    self.rows();
                }
                return self.words(OfferKind::Keyword, &["kind=", "withsource=", "isfuzzy=true"]);
            }
            "join" | "lookup" if !nested => return self.join(step, behind_operator),
            "sort" | "order" | "facet" | "reduce" | "partition" if behind_operator => {
                return self.words(OfferKind::Keyword, &["by"]);
            }
            _ => {}
        }
        // At the beginning of a subquery an operator's name may look like any name.
        if place.behind_value() && !behind_operator {
            if !nested {
                self.words(OfferKind::Keyword, words::next_words(operator));
            }
            if !words::lists_columns(operator) {
                self.words(OfferKind::Keyword, postern_kql_syntax::words::INFIX);
            }
            return;
        }
        self.columns();
        if words::lists_columns(operator) {
            return;
        }
        self.variables(false);
        let grouped = step.is_some_and(|s| s.keywords.iter().any(|word| word == "by"));
        if words::aggregates(operator) && !grouped {
            for info in AGGREGATES.iter().map(|a| a.info()) {
                self.add(OfferKind::Aggregate, format!("{}(", info.name), call_shape(&info));
            }
        }
        if matches!(frame.opener.as_str(), "in" | "has_any" | "has_all") && place.at_start() {
            self.variables(true);
            self.tables();
        }
        self.functions();
    }

    fn member(&mut self, frame: &Frame) {
        let step = self.place.step().map_or(frame, |(_, f)| f);
        let columns = match self.place.earlier(1) {
            "$left" => self.input_columns(),
            "$right" => self.right_columns(step),
            _ => return,
        };
        self.add_columns(columns);
    }

    fn operators(&mut self) {
        for info in OPERATORS {
            for name in std::iter::once(&info.name).chain(info.aliases) {
                self.add(OfferKind::Operator, *name, info.summary);
            }
        }
    }

    fn statement(&mut self) {
        self.rows();
        self.variables(false);
        if self.place.previous() == "=" {
            return self.functions();
        }
        self.words(OfferKind::Keyword, &["let", "set", "declare query_parameters("]);
    }

    /// Something with rows.
    fn rows(&mut self) {
        self.variables(true);
        self.tables();
        self.words(OfferKind::Operator, words::SOURCES);
    }

    fn tables(&mut self) {
        for name in self.catalog.table_names() {
            self.add(OfferKind::Table, quoted(&name), "table");
        }
    }

    fn plugins(&mut self) {
        for info in PLUGINS {
            self.add(OfferKind::Plugin, format!("{}(", info.name), info.syntax);
        }
    }

    fn functions(&mut self) {
        for info in FUNCTIONS.iter().map(|f| f.info()) {
            self.add(OfferKind::Function, format!("{}(", info.name), call_shape(&info));
        }
        for form in FORMS {
            self.add(OfferKind::Function, format!("{}(", form.name), form.syntax);
        }
    }

    fn join(&mut self, step: Option<&Frame>, behind_operator: bool) {
        let place = self.place;
        let on = step.is_some_and(|s| s.keywords.iter().any(|word| word == "on"));
        if !on {
            if step.is_some_and(|s| s.group.is_some()) || (place.behind_value() && place.earlier(1) != "=") {
                return self.words(OfferKind::Keyword, &["on"]);
            }
            if behind_operator {
                self.words(OfferKind::Keyword, &["kind="]);
            }
            return self.rows();
        }
        if place.behind_value() {
            return self.words(OfferKind::Keyword, &["=="]);
        }
        let left = self.input_columns();
        let right = step.map(|s| self.right_columns(s)).unwrap_or_default();
        let shared: Vec<Column> = left.iter().filter(|l| right.iter().any(|r| r.name == l.name)).cloned().collect();
        self.add_columns(if shared.is_empty() { left } else { shared });
        self.words(OfferKind::Keyword, &["$left", "$right"]);
    }

    fn input_columns(&self) -> Vec<Column> {
        self.place.input().map(|text| sketch(&text, self.catalog, self.options)).unwrap_or_default()
    }

    fn right_columns(&self, step: &Frame) -> Vec<Column> {
        let Some((_, end)) = &step.operator else { return Vec::new() };
        let text = match step.group {
            Some(group) => self.place.group_input(group),
            // A table by its name: the last word before `on`.
            None => {
                let pieces = self.place.before.iter().filter(|p| p.span.start >= *end);
                let words: Vec<&str> = pieces.map(|p| p.span.text(self.place.text)).collect();
                let Some(at) = words.iter().position(|word| *word == "on") else { return Vec::new() };
                let Some(name) = at.checked_sub(1).and_then(|at| words.get(at)) else { return Vec::new() };
                format!("{}{name}", self.place.earlier_statements())
            }
        };
        sketch(&text, self.catalog, self.options)
    }

    fn columns(&mut self) {
        let columns = self.input_columns();
        self.add_columns(columns);
    }

    fn add_columns(&mut self, columns: Vec<Column>) {
        for column in columns.into_iter().filter(|c| !c.hidden) {
            self.add(OfferKind::Column, quoted(&column.name), column.ty.name());
        }
    }

    /// The names made by `let`: with `tabular` those that may have rows, otherwise those that may be values.
    fn variables(&mut self, tabular: bool) {
        let parsed = parse(&self.place.earlier_statements());
        for statement in parsed.query.statements {
            let StatementKind::Let { name, value } = statement.kind else { continue };
            match value {
                LetValue::Function(function) => {
                    let call = if function.params.is_empty() { "()" } else { "(" };
                    self.add(OfferKind::Variable, format!("{}{call}", quoted(&name.text)), "function");
                }
                LetValue::Tabular(_) if !tabular => {}
                LetValue::Tabular(_) => self.add(OfferKind::Variable, quoted(&name.text), "table"),
                LetValue::Expr(_) => self.add(OfferKind::Variable, quoted(&name.text), "let"),
            }
        }
    }
}

/// A name as it must be written.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c == '_' || c.is_alphanumeric()) && name.chars().any(|c| !c.is_ascii_digit());
    if plain { name.to_owned() } else { format!("[{}]", postern_kql_syntax::literal::quote(name)) }
}

#[cfg(test)]
mod tests;
