//! Every format has fixtures: an input as an export has it, the rows it must give, and the account of it.
//!
//! `fixtures/m365/<format>/<case>/` holds `input.*`, `rows.jsonl` (one row a line: table, key, rank, position, and the
//! cells that are not null) and `account.json`. With `POSTERN_BLESS=1` the expected files are written anew, to be
//! reviewed as a change.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use postern_ingest::{DryRun, IngestOptions, dry_run};
use postern_model::row::{Row, RowKey, Value};
use postern_model::schema::Schemas;
use postern_providers::formats;
use serde_json::{Map, Value as Json, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/m365")
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn run(case: &Path) -> DryRun {
    let input = fs::read_dir(case).unwrap().map(|e| e.unwrap().path()).find(|p| name(p).starts_with("input."));
    let input = input.unwrap_or_else(|| panic!("{} has no input", case.display()));
    dry_run(&input, formats(), Schemas::builtin().unwrap(), &IngestOptions::default()).unwrap()
}

fn row_json(row: &Row) -> String {
    let mut cells = Map::new();
    for (column, value) in row.table.columns.iter().zip(&row.values) {
        let cell = match value {
            Value::Null => continue,
            Value::Bool(value) => json!(value),
            Value::Long(value) => json!(value),
            Value::Real(value) => json!(value),
            Value::DateTime(ticks) => json!(ticks.to_string()),
            Value::TimeSpan(ticks) => json!({ "ticks": ticks }),
            Value::String(_) | Value::Shared(_) => match value.text() {
                Some(text) if !text.is_empty() => json!(text),
                _ => continue,
            },
            Value::Dynamic(text) => {
                let value: Json = serde_json::from_str(text).unwrap_or_else(|e| panic!("{}: {e}: {text}", column.name));
                json!({ "json": value })
            }
        };
        cells.insert(column.name.clone(), cell);
    }
    let key = match &row.key {
        RowKey::Record(key) => json!(key),
        RowKey::Content(_) => json!({ "content": true }),
    };
    json!({ "table": row.table.name, "key": key, "rank": format!("{:?}", row.rank), "position": row.position, "cells": cells })
        .to_string()
}

fn account_json(run: &DryRun) -> String {
    let account = &run.account;
    let rejected: Vec<Json> =
        account.rejected.iter().map(|r| json!({ "position": r.position, "reason": r.reason })).collect();
    let account = json!({
        "format": account.format,
        "encoding": account.encoding,
        "records": account.records,
        "rows": account.rows,
        "rejected": rejected,
        "notes": account.notes,
    });
    serde_json::to_string_pretty(&account).unwrap() + "\n"
}

#[test]
fn every_fixture_gives_its_rows() {
    let bless = std::env::var_os("POSTERN_BLESS").is_some();
    let mut wrong = Vec::new();
    for case in folders(&root()).iter().flat_map(|format| folders(format)) {
        let run = run(&case);
        assert!(run.account.adds_up());
        let rows: String = run.rows.iter().map(|row| row_json(row) + "\n").collect();
        for (file, found) in [("rows.jsonl", rows), ("account.json", account_json(&run))] {
            let path = case.join(file);
            if bless {
                fs::write(&path, &found).unwrap();
            } else if fs::read_to_string(&path).unwrap_or_default() != found {
                wrong.push(format!("{} should be\n{found}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_format_has_a_file_a_place_in_the_list_and_fixtures() {
    let names: Vec<&str> = formats().iter().map(|format| format.info().name).collect();
    assert!(names.is_sorted(), "the list is sorted by name: {names:?}");
    let listed: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/m365/formats");
    let files: BTreeSet<String> = fs::read_dir(sources)
        .unwrap()
        .map(|entry| name(&entry.unwrap().path()).trim_end_matches(".rs").to_owned())
        .filter(|name| name != "mod")
        .collect();
    assert_eq!(files, listed, "every file of formats/ is one format of the list");
    let fixtures: BTreeSet<String> = folders(&root()).iter().map(|path| name(path)).collect();
    assert_eq!(fixtures, listed, "every format has a folder of fixtures");
    for format in folders(&root()) {
        assert!(!folders(&format).is_empty(), "{} has no case", format.display());
        for case in folders(&format) {
            assert_eq!(run(&case).account.format, name(&format), "{}", case.display());
        }
    }
}

#[test]
fn every_format_fills_tables_that_exist() {
    let schemas = Schemas::builtin().unwrap();
    for format in formats() {
        let info = format.info();
        assert!(!info.tables.is_empty() && !info.summary.is_empty());
        for table in info.tables {
            assert!(schemas.get(table).is_some(), "{}: {table}", info.name);
        }
    }
}
