//! The reference page is what the engine says of itself; `POSTERN_BLESS=1` writes it anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::path::Path;

use postern_kql::catalog::{Column, TableDef, TableSource, Tables};
use postern_kql::reference::{Entry, FORMS, OPERATORS, PLUGINS, STATEMENTS, page};
use postern_kql::types::KqlType;
use postern_kql::{PlanOptions, collect_all, plan, session};

#[test]
fn the_page_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/kql.md");
    let page = page();
    if std::env::var_os("POSTERN_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let line = page.lines().zip(written.lines()).position(|(a, b)| a != b).map_or(0, |at| at + 1);
    assert!(
        written == page,
        "docs/reference/kql.md is stale from line {line} on; run POSTERN_BLESS=1 cargo test -p postern-kql --test reference"
    );
}

fn all() -> impl Iterator<Item = &'static Entry> {
    STATEMENTS.iter().chain(OPERATORS).chain(FORMS).chain(PLUGINS)
}

#[test]
fn every_operator_has_an_entry() {
    let named: Vec<&str> = OPERATORS.iter().flat_map(|e| e.aliases.iter().chain([&e.name])).copied().collect();
    for name in postern_kql_syntax::words::OPERATORS {
        assert!(named.contains(name), "`{name}` has no entry in reference/operators.rs");
    }
    for name in postern_kql::operators::plugins::NAMES {
        assert!(PLUGINS.iter().any(|e| e.name == *name), "`{name}` has no entry in reference/plugins.rs");
    }
    for list in [STATEMENTS, OPERATORS, FORMS, PLUGINS] {
        for pair in list.windows(2) {
            let order = pair[0].name.to_lowercase().replace(['_', '-'], " ");
            assert!(order <= pair[1].name.to_lowercase().replace(['_', '-'], " "), "{} stands too early", pair[0].name);
        }
    }
    for entry in all() {
        assert!(entry.summary.ends_with('.'), "{}: the summary is no sentence", entry.name);
        let word = entry.name.split(' ').next().unwrap();
        assert!(entry.example.to_lowercase().contains(&word.to_lowercase()) || word == "find", "{}", entry.name);
    }
}

/// An example is refused as not supported, or runs.
#[tokio::test]
async fn the_examples_run() {
    let mut tables = Tables::new();
    tables.add(TableDef {
        name: "EmailEvents".to_owned(),
        columns: vec![Column::new("Timestamp", KqlType::DateTime), Column::new("Subject", KqlType::String)],
        source: TableSource::Views(Vec::new()),
    });
    let mut failures = String::new();
    let mut ran = 0;
    // The file that the example of `externaldata` names.
    let folder = std::env::temp_dir().join(format!("postern-reference-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("list.csv"), "ann\nbob\n").unwrap();
    let options = PlanOptions { external: vec![folder.clone()], ..PlanOptions::default() };
    for entry in all() {
        let session = session();
        match plan(entry.example, &tables, &options, &session).await {
            Ok(planned) => match collect_all(&session, planned.plans()).await {
                Ok(_) => ran += 1,
                Err(error) => writeln!(failures, "{}: {}", entry.example, error.strip_backtrace()).unwrap(),
            },
            Err(found) if found.iter().any(|d| d.code == "KQL0107") => {}
            Err(found) => writeln!(failures, "{}: {found:?}", entry.example).unwrap(),
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(ran > 50, "only {ran} examples ran");
    assert!(failures.is_empty(), "\n{failures}");
}
