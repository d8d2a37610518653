//! Runs cases in JSON lines (`id`, `query`) and prints one JSON line for each: columns and rows (of several results
//! all, under `tables`), or the error.
//!
//! `cases CASES.jsonl [--schema SCHEMA.json] [--check]`; a schema is table → column → type and makes empty tables.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{Field, Schema};
use datafusion::datasource::MemTable;
use postern_kql::catalog::{TableDef, TableSource, Tables};
use postern_kql::{Column, KqlType, PlanOptions, output};
use serde_json::{Value, json};

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let cases = std::fs::read_to_string(&args[1]).unwrap();
    let check = args.iter().any(|a| a == "--check");
    let mut tables = Tables::new();
    if let Some(at) = args.iter().position(|a| a == "--schema") {
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(&args[at + 1]).unwrap()).unwrap();
        for (name, columns) in schema.as_object().unwrap() {
            let columns: Vec<Column> = columns
                .as_object()
                .unwrap()
                .iter()
                .map(|(n, t)| Column::new(n, KqlType::parse(t.as_str().unwrap()).unwrap()))
                .collect();
            let fields: Vec<Field> =
                columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), c.ty != KqlType::String)).collect();
            let provider = Arc::new(MemTable::try_new(Arc::new(Schema::new(fields)), vec![vec![]]).unwrap());
            tables.add(TableDef { name: name.clone(), columns, source: TableSource::Provider(provider) });
        }
    }
    let session = postern_kql::session();
    let options = PlanOptions { now: 638_500_000_000_000_000, check, ..PlanOptions::default() };
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let query = case["query"].as_str().unwrap();
        let work = async {
            let planned = match postern_kql::plan(query, &tables, &options, &session).await {
                Ok(planned) => planned,
                Err(d) => {
                    let d = &d[0];
                    let (line, column) = postern_kql_syntax::line_column(query, d.span.start);
                    return json!({"id": case["id"], "error": {"code": d.code, "message": d.message, "line": line, "column": column}});
                }
            };
            let names = |columns: &[Column]| -> Value {
                columns.iter().map(|c| json!({"name": c.name, "type": c.ty.name()})).collect()
            };
            let columns: Vec<&Vec<Column>> =
                std::iter::once(&planned.columns).chain(planned.further.iter().map(|t| &t.columns)).collect();
            if check {
                return json!({"id": case["id"], "columns": names(columns[0])});
            }
            match postern_kql::collect_all(&session, planned.plans()).await {
                Ok(results) => {
                    let tables: Vec<Value> = planned
                        .names()
                        .zip(&columns)
                        .zip(&results)
                        .map(|((name, c), rows)| json!({"name": name, "columns": names(c), "rows": output::rows(rows, c)}))
                        .collect();
                    let mut answer =
                        json!({"id": case["id"], "columns": tables[0]["columns"], "rows": tables[0]["rows"]});
                    if tables.len() > 1 {
                        answer["tables"] = tables.into();
                    }
                    answer
                }
                Err(error) => {
                    json!({"id": case["id"], "error": {"code": "run", "message": error.strip_backtrace()}})
                }
            }
        };
        let answer = tokio::time::timeout(Duration::from_secs(20), work)
            .await
            .unwrap_or_else(|_| json!({"id": case["id"], "error": {"code": "time", "message": "timeout"}}));
        println!("{answer}");
    }
}
