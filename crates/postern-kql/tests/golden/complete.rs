//! Every function, aggregate, text operator and tabular operator has its golden file, and every such file a subject.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use postern_kql::functions::{AGGREGATES, FUNCTIONS, FunctionInfo, OPERATORS};
use postern_kql::reference::PLUGINS;
use postern_kql_syntax::words;

/// Functions that the binder knows by itself, because they look at other rows, tables or columns.
const SPECIAL: &[&str] = &[
    "column_ifexists",
    "column_names_of",
    "materialize",
    "next",
    "prev",
    "row_cumsum",
    "row_number",
    "row_rank_dense",
    "row_rank_min",
    "row_window_session",
    "toscalar",
];

/// Known by name and not supported yet: their files come with them.
const NOT_YET: &[&str] = &["reduce"];

/// Other names of operators.
const SYNONYMS: &[&str] = &["filter", "limit", "mvapply", "mvexpand", "order"];

/// Sources of rows, which stand where a table's name may stand.
const SOURCES: &[&str] = &["datatable", "externaldata", "find", "print", "range"];

/// The tabular operators that the parser takes apart, and the sources.
fn tabular() -> Vec<&'static str> {
    let operators = words::OPERATORS.iter().chain(SOURCES).copied();
    operators.filter(|name| !SYNONYMS.contains(name)).collect()
}

/// The groups of functions for which an empty text, array or bag is a case of its own.
const WITH_EMPTY: &[&str] = &["conversion", "dynamic", "network", "series", "string"];

/// A name as a file may be called.
fn slug(name: &str) -> String {
    name.replace("=~", "equals_tilde").replace('~', "_tilde").replace("==", "equals").replace([' ', '-'], "_")
}

/// The names of the files of a folder.
fn stems(folder: &str) -> BTreeSet<String> {
    let mut files = Vec::new();
    super::gather(&super::root().join(folder), &mut files);
    files.iter().filter_map(|f| Some(f.file_stem()?.to_str()?.to_owned())).collect()
}

/// Complains about files without a subject, subjects without a file, and files that leave an aspect out.
fn check(folders: &[&str], infos: &[FunctionInfo], more: &[&str], always: &[&str], faults: &mut String) {
    let found: Vec<(String, String)> =
        folders.iter().flat_map(|f| stems(f).into_iter().map(move |s| (s.clone(), format!("{f}/{s}.kql")))).collect();
    let files: BTreeSet<String> = found.iter().map(|(stem, _)| stem.clone()).collect();
    let folder = folders.join(" or ");
    let names: BTreeSet<String> = infos.iter().map(|i| i.name).chain(more.iter().copied()).map(slug).collect();
    for stray in files.difference(&names) {
        writeln!(faults, "{folder}/{stray}.kql: there is no `{stray}`").unwrap();
    }
    for missing in names.difference(&files).filter(|n| !NOT_YET.contains(&n.as_str())) {
        writeln!(faults, "{folder}/{missing}.kql is missing").unwrap();
    }
    for info in infos.iter().filter(|i| files.contains(&slug(i.name))) {
        let file = found.iter().find(|(stem, _)| *stem == slug(info.name)).map(|(_, file)| file.clone()).unwrap();
        let text = std::fs::read_to_string(super::root().join(&file)).unwrap();
        let cases = super::parse(&text);
        let used = |c: &super::Case| {
            c.query
                .lines()
                .filter(|l| !l.starts_with("//"))
                .any(|l| std::iter::once(&info.name).chain(info.aliases).any(|name| l.contains(name)))
        };
        if !cases.iter().any(|c| !c.gap && used(c)) {
            writeln!(faults, "{file}: no worked example of `{}`", info.name).unwrap();
        }
        // Text is never null; text, arrays and bags may be empty.
        let nullable = info.params.iter().any(|p| p.ty != "string");
        let fillable = info.params.iter().any(|p| p.ty.contains("string") || p.ty.contains("dynamic"));
        let mut aspects = always.to_vec();
        aspects.extend(nullable.then_some("null"));
        aspects.extend((fillable && WITH_EMPTY.contains(&info.category)).then_some("empty"));
        for aspect in aspects {
            if !text.contains(aspect) && !(aspect == "empty" && (text.contains("\"\"") || text.contains("[]"))) {
                writeln!(faults, "{file}: nothing about `{aspect}`").unwrap();
            }
        }
    }
}

#[test]
fn every_function_and_aggregate_and_text_operator_has_its_file() {
    let mut faults = String::new();
    let aggregates = AGGREGATES.iter().map(|f| f.info());
    let functions: Vec<FunctionInfo> = FUNCTIONS.iter().map(|f| f.info()).chain(aggregates).collect();
    let operators: Vec<FunctionInfo> = OPERATORS.iter().map(|f| f.info()).collect();
    check(&["functions", "aggregates"], &functions, SPECIAL, &[], &mut faults);
    check(&["text_operators"], &operators, &[], &["case", "null", "empty"], &mut faults);
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn every_tabular_operator_has_its_file() {
    let mut faults = String::new();
    let files = stems("operators");
    // A second file of an operator says what it is about after the name: `sort_nulls`; a longer name is another operator.
    let known: Vec<String> = tabular().into_iter().chain(PLUGINS.iter().map(|p| p.name)).map(slug).collect();
    let subject = |file: &str| {
        let mut of: Vec<&String> = known.iter().filter(|k| file == *k || file.starts_with(&format!("{k}_"))).collect();
        of.sort_by_key(|k| k.len());
        of.pop().cloned()
    };
    let covered: BTreeSet<String> = files.iter().filter_map(|f| subject(f)).collect();
    for name in tabular() {
        if !covered.contains(&slug(name)) && !NOT_YET.contains(&name) {
            writeln!(faults, "operators/{}.kql is missing", slug(name)).unwrap();
        }
    }
    for name in NOT_YET {
        if covered.contains(&slug(name)) || stems("functions").contains(*name) {
            writeln!(faults, "`{name}` has its file: take it off `NOT_YET`").unwrap();
        }
    }
    for stray in files.iter().filter(|f| subject(f).is_none()) {
        writeln!(faults, "operators/{stray}.kql: there is no such operator").unwrap();
    }
    assert!(faults.is_empty(), "\n{faults}");
}
