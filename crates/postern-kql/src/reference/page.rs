//! The reference page, in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::differences::DIFFERENCES;
use super::{Entry, FORMS, OPERATORS, PLUGINS, STATEMENTS};
use crate::PlanOptions;
use crate::bind::fault::codes;
use crate::catalog::{Catalog, Column, TableDef, TableSource, Tables};
use crate::complete::call_shape;
use crate::functions::{self, AGGREGATES, FUNCTIONS, FunctionInfo};
use crate::types::KqlType;

/// The whole page.
pub fn page() -> String {
    let mut out = String::from(HEAD);
    let catalog = tables();
    let missing = missing(&catalog);
    out.push_str("## What is not supported\n\n");
    out.push_str(
        "These parts of the language are recognised and refused with `KQL0107`, which names them and their place.\n\n",
    );
    for (kind, names) in &missing {
        let _ = writeln!(out, "- {kind}: {}", names.iter().map(|n| code(n)).collect::<Vec<_>>().join(", "));
    }
    out.push_str("\n## Differences from the vendor's engine\n\n| about | there | here |\n| --- | --- | --- |\n");
    for difference in DIFFERENCES {
        let _ = writeln!(out, "| {} | {} | {} |", difference.about, cell(difference.there), cell(difference.here));
    }
    out.push_str("\n## Statements and sources\n\n");
    entries(&mut out, STATEMENTS, &catalog);
    out.push_str("\n## Operators\n\n");
    entries(&mut out, OPERATORS, &catalog);
    out.push_str("\n## Operators between values\n\n");
    out.push_str(SYMBOLS);
    out.push_str("\n### On text\n\nEach has an opposite with `!` in front (`!has`, `!in`, `!contains`), except `has_any`, `has_all`, `matches regex`, and `=~`, whose opposite is `!~`.\n\n");
    let text: Vec<FunctionInfo> = functions::OPERATORS.iter().map(|f| f.info()).collect();
    for info in &text {
        function(&mut out, info, false);
    }
    out.push_str("\n## Aggregates\n\nStand in `summarize`, `make-series`, `top-nested` and `evaluate pivot`.\n\n");
    for aggregate in AGGREGATES {
        function(&mut out, &aggregate.info(), true);
    }
    out.push_str("\n## Scalar functions\n");
    let mut groups: BTreeMap<&str, Vec<FunctionInfo>> = BTreeMap::new();
    for info in FUNCTIONS.iter().map(|f| f.info()) {
        groups.entry(info.category).or_default().push(info);
    }
    for (category, list) in &groups {
        let _ = write!(out, "\n### {}\n\n", capital(category));
        for info in list {
            function(&mut out, info, true);
        }
    }
    out.push_str("\n### Rows in order, and calls over tables\n\n");
    entries(&mut out, FORMS, &catalog);
    out.push_str("\n## Plugins\n\n");
    entries(&mut out, PLUGINS, &catalog);
    out
}

const HEAD: &str = "# KQL reference\n\n\
    <!-- Made by the engine: POSTERN_BLESS=1 cargo test -p postern-kql --test reference -->\n\n\
    What the engine understands, as it says so itself: the page is generated, and a test fails when it is stale. \
    Every example runs as a test. Types are `bool`, `int`, `long`, `real`, `decimal`, `datetime`, `timespan`, `string` \
    (never null), `guid` and `dynamic`. Names and words of the language are case-sensitive.\n\n";

const SYMBOLS: &str = "| operator | means |\n| --- | --- |\n\
    | `+` `-` `*` `/` `%` | arithmetic; whole numbers divide to a whole number; `datetime - datetime` is a `timespan` |\n\
    | `==` `!=` `<>` | equal, not equal; text is compared with its case |\n\
    | `<` `<=` `>` `>=` | order, of numbers, times and text |\n\
    | `=~` `!~` | equal and not equal text in any case |\n\
    | `in` `!in` `in~` `!in~` | one of a list, an array, or the first column of a table |\n\
    | `between (a .. b)` `!between` | from a to b, both included; `b` may be a length of time |\n\
    | `and` `or` `not(…)` | logic; null counts as neither |\n\
    | `a.b` `a[\"b\"]` `a[0]` `a[-1]` | members and elements of a `dynamic` value; null when it is not there |\n";

fn entries(out: &mut String, entries: &[Entry], catalog: &dyn Catalog) {
    for entry in entries {
        let _ = writeln!(out, "**{}**{}\n", entry.name, aliases(entry.aliases));
        let _ = writeln!(out, "`{}`\n", entry.syntax);
        if is_missing(entry, catalog) {
            let _ = writeln!(out, "Not supported. {}\n", entry.summary);
        } else {
            let _ = writeln!(out, "{}\n\n```kql\n{}\n```\n", entry.summary, entry.example);
        }
    }
}

fn function(out: &mut String, info: &FunctionInfo, call: bool) {
    let _ = writeln!(out, "**{}**{}\n", info.name, aliases(info.aliases));
    if call {
        let _ = writeln!(out, "`{}`\n", call_shape(info));
    }
    let _ = writeln!(out, "{}\n", info.summary);
    for param in info.params {
        let optional = if param.optional { ", may be left out" } else { "" };
        let repeated = if param.repeated { ", any number of times" } else { "" };
        let _ = writeln!(out, "- {} ({}{optional}{repeated}): {}", code(param.name), param.ty, param.summary);
    }
    if !info.params.is_empty() {
        out.push('\n');
    }
    if !info.examples.is_empty() {
        out.push_str("```kql\n");
        for example in info.examples {
            let _ = writeln!(out, "{} // {}", example.query, example.result.replace('\n', " "));
        }
        out.push_str("```\n\n");
    }
}

fn aliases(names: &[&str]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!(" (also {})", names.iter().map(|n| code(n)).collect::<Vec<_>>().join(", "))
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

/// What the entries say that the engine refuses, by kind.
fn missing(catalog: &dyn Catalog) -> Vec<(&'static str, Vec<&'static str>)> {
    let of = |list: &[Entry]| list.iter().filter(|e| is_missing(e, catalog)).map(|e| e.name).collect::<Vec<_>>();
    [
        ("statements and sources", of(STATEMENTS)),
        ("operators", of(OPERATORS)),
        ("calls", of(FORMS)),
        ("plugins", of(PLUGINS)),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .collect()
}

/// Whether the engine refuses the example as not supported.
fn is_missing(entry: &Entry, catalog: &dyn Catalog) -> bool {
    let options = PlanOptions::default();
    let parsed = postern_kql_syntax::parse(entry.example);
    matches!(crate::bind_once(&parsed, catalog, &options, &[]),
        Err(crate::bind::fault::Fault::Query(diagnostic)) if diagnostic.code == codes::NOT_SUPPORTED)
}

/// The tables that examples name.
pub(crate) fn tables() -> Tables {
    let mut tables = Tables::new();
    tables.add(TableDef {
        name: "EmailEvents".to_owned(),
        columns: vec![Column::new("Timestamp", KqlType::DateTime), Column::new("Subject", KqlType::String)],
        source: TableSource::Views(Vec::new()),
    });
    tables
}
