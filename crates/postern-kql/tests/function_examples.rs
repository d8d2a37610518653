//! Every function, aggregate and text operator runs the examples of its reference page and gives what they say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;

use postern_kql::catalog::Tables;
use postern_kql::functions::{AGGREGATES, Example, FUNCTIONS, OPERATORS};
use postern_kql::types::KqlType;
use postern_kql::{PlanOptions, output};
use serde_json::Value;

/// 2024-05-01T12:00:00Z, what `now()` means here.
const NOW: i64 = 638_501_616_000_000_000;

/// A value as the golden files print it.
fn cell(value: &Value, ty: KqlType) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) if ty != KqlType::Dynamic && text.is_empty() => "\"\"".to_owned(),
        Value::String(text) if ty != KqlType::Dynamic => text.clone(),
        other => other.to_string(),
    }
}

async fn run(example: &Example) -> String {
    let session = postern_kql::session();
    let options = PlanOptions { now: NOW, ..PlanOptions::default() };
    let planned = match postern_kql::plan(example.query, &Tables::new(), &options, &session).await {
        Ok(planned) => planned,
        Err(diagnostics) => return format!("error: {}", diagnostics.first().map_or("", |d| &d.message)),
    };
    let batches = match postern_kql::collect(&session, planned.plan).await {
        Ok(batches) => batches,
        Err(error) => return format!("error: {}", error.strip_backtrace()),
    };
    let rows = output::rows(&batches, &planned.columns);
    match (rows.as_slice(), planned.columns.as_slice()) {
        ([row], [column]) => row.iter().map(|v| cell(v, column.ty)).collect(),
        _ => format!("{} rows of {} columns", rows.len(), planned.columns.len()),
    }
}

#[tokio::test]
async fn the_examples_hold() {
    let all = FUNCTIONS.iter().chain(OPERATORS).map(|f| f.info()).chain(AGGREGATES.iter().map(|a| a.info()));
    let mut failures = String::new();
    let mut count = 0;
    for info in all {
        for example in info.examples {
            count += 1;
            let actual = run(example).await;
            if actual != example.result {
                writeln!(failures, "{}\n  expected {}\n  got      {actual}", example.query, example.result).unwrap();
            }
        }
    }
    assert!(count > 200, "only {count} examples");
    assert!(failures.is_empty(), "\n{failures}");
}

#[tokio::test]
async fn a_call_that_quietly_keeps_no_row_is_told() {
    let session = postern_kql::session();
    let query = "datatable(Sent: datetime)[datetime(2024-05-01)] | where ingestion_time() > ago(1d)";
    let planned = postern_kql::plan(query, &Tables::new(), &PlanOptions::default(), &session).await.unwrap();
    let told: Vec<_> = planned.warnings.iter().map(|w| (w.code, w.hint.as_deref())).collect();
    assert_eq!(told, [("KQL0106", Some("compare `Sent` instead"))]);
}
