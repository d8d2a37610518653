//! `postern tables`: the tables that queries can use, from the same files as the store's schema.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use postern_investigate::coverage::coverage_of;
use postern_lake::Lake;
use postern_model::report::{Coverage, CoverageGrade};
use postern_model::schema::{Schemas, TableSchema};
use serde_json::{Value, json};

use super::Globals;
use crate::failure::{Code, Failure};
use crate::output::{self, Grid};
use crate::report::words;
use crate::text;

/// Arguments of `postern tables`.
#[derive(Debug, Args)]
pub(crate) struct Tables {
    /// One table: show its columns
    name: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// What a store holds of each table.
type Contents = BTreeMap<String, Coverage>;

/// Runs `postern tables` over a store.
pub(crate) async fn run(command: &Tables, globals: &Globals) -> Result<(), Failure> {
    let Some(folder) = &globals.data else { return describe(command) };
    let lake = Lake::open_existing(folder).await?;
    let held = coverage_of(&lake).await?.tables.into_iter().map(|row| (row.table.clone(), row)).collect();
    let schemas = lake.schemas().clone();
    show(command, &schemas, Some(&held))
}

/// Runs `postern tables` without a store.
pub(crate) fn describe(command: &Tables) -> Result<(), Failure> {
    let schemas = Schemas::builtin().map_err(|error| Failure::bug(error.to_string()))?;
    show(command, schemas, None)
}

fn show(command: &Tables, schemas: &Schemas, held: Option<&Contents>) -> Result<(), Failure> {
    match &command.name {
        None if command.json => {
            let all: Vec<Value> = schemas.iter().map(|table| as_json(table, held)).collect();
            output::print_json(&Value::Array(all))
        }
        None => output::print(&list(schemas, held)),
        Some(name) => {
            let table = schemas.get(name).ok_or_else(|| unknown(name, schemas))?;
            if command.json { output::print_json(&as_json(table, held)) } else { output::print(&columns(table, held)) }
        }
    }
}

fn list(schemas: &Schemas, held: Option<&Contents>) -> String {
    let mut grid = Grid::new(["Table", "Columns"]);
    if held.is_some() {
        grid.column("Rows", true).column("Coverage", false).column("Time", false);
    }
    grid.column("One row is", false);
    for table in schemas.iter() {
        let mut row = vec![table.name.clone(), table.columns.len().to_string()];
        if let Some(held) = held {
            let (rows, range) = facts(held.get(&table.name));
            row.extend([rows.to_string(), grade(held.get(&table.name)).to_owned(), range]);
        }
        row.push(table.summary.trim_end_matches('.').to_owned());
        grid.row(row);
    }
    let mut out = grid.render_lines();
    let lacking = held.into_iter().flatten().filter(|(_, row)| row.grade == CoverageGrade::Partial);
    for (number, (name, row)) in lacking.enumerate() {
        if number == 0 {
            out.push_str("\nPartial:\n");
        }
        for why in &row.why {
            let _ = writeln!(out, "  {name}: {}", text::visible(why));
        }
    }
    out
}

fn columns(table: &TableSchema, held: Option<&Contents>) -> String {
    let mut grid = Grid::new(["Column", "Type", "Known from", "Note"]);
    for column in &table.columns {
        grid.row(vec![
            column.name.clone(),
            column.kind.name().to_owned(),
            column.presence.clone(),
            column.note.clone(),
        ]);
    }
    let mut out = format!("{}: {}\n", table.name, table.summary);
    if let Some(held) = held {
        let (rows, range) = facts(held.get(&table.name));
        let found = held.get(&table.name);
        let _ = writeln!(out, "{} in the store, {range}, {}", text::count(rows, "row", "rows"), grade(found));
        for why in found.into_iter().flat_map(|row| &row.why) {
            let _ = writeln!(out, "  {}", text::visible(why));
        }
    }
    out.push('\n');
    out + &grid.render_lines()
}

fn facts(held: Option<&Coverage>) -> (u64, String) {
    (held.map_or(0, |h| h.rows), words::range(held.and_then(|h| h.from), held.and_then(|h| h.to)))
}

/// The grade in one word; a table that nothing was expected in has none.
fn grade(held: Option<&Coverage>) -> &'static str {
    match held.map(|row| row.grade) {
        Some(CoverageGrade::Complete) => "complete",
        Some(CoverageGrade::Partial) => "partial",
        Some(CoverageGrade::Absent) => "absent",
        None => "",
    }
}

fn as_json(table: &TableSchema, held: Option<&Contents>) -> Value {
    let mut value = json!({
        "name": table.name,
        "summary": table.summary,
        "family": table.family,
        "time_column": table.time_column,
        "columns": table.columns,
    });
    if let (Some(held), Some(members)) = (held, value.as_object_mut()) {
        let found = held.get(&table.name);
        members.insert("rows".to_owned(), json!(found.map_or(0, |h| h.rows)));
        members.insert("from".to_owned(), json!(found.and_then(|h| h.from)));
        members.insert("to".to_owned(), json!(found.and_then(|h| h.to)));
        members.insert("grade".to_owned(), json!(found.map_or(CoverageGrade::Absent, |h| h.grade)));
        members.insert("gaps".to_owned(), json!(found.map_or(&[][..], |h| &h.gaps)));
        members.insert("why".to_owned(), json!(found.map_or(&[][..], |h| &h.why)));
    }
    value
}

fn unknown(name: &str, schemas: &Schemas) -> Failure {
    let failure = Failure::usage(Code::UnknownName, format!("there is no table `{name}`"));
    let wanted = name.to_lowercase();
    let close: Vec<&str> = schemas
        .iter()
        .map(|table| table.name.as_str())
        .filter(|known| {
            let known = known.to_lowercase();
            known == wanted || known.contains(&wanted) || wanted.contains(&known)
        })
        .take(3)
        .collect();
    if close.is_empty() {
        failure.hint("`postern tables` lists them all")
    } else {
        failure.hint(format!("did you mean {}?", close.join(" or ")))
    }
}
