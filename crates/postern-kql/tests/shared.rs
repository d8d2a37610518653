//! Rows that are read several times, by `materialize` or by several results: they are computed once; under a memory limit
//! what does not fit runs anew where that gives the same rows, and fails otherwise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::SessionConfig;
use postern_kql::PlanOptions;
use postern_kql::catalog::Tables;

/// The number that a query ends in, or its error.
async fn number(query: &str, memory: usize) -> Result<i64, String> {
    let runtime = RuntimeEnvBuilder::new().with_memory_limit(memory, 1.0).build().unwrap();
    let session = postern_kql::session_with(SessionConfig::new(), Arc::new(runtime));
    let planned = postern_kql::plan(query, &Tables::new(), &PlanOptions::default(), &session)
        .await
        .map_err(|diagnostics| diagnostics.first().map(|d| d.message.clone()).unwrap_or_default())?;
    let batches = postern_kql::collect(&session, planned.plan).await.map_err(|error| error.to_string())?;
    Ok(batches.iter().find(|b| b.num_rows() > 0).unwrap().column(0).as_primitive::<Int64Type>().value(0))
}

const BY_CHANCE: &str =
    "let m = materialize(range x from 1 to 400000 step 1 | extend r = rand()); union m, m | where r < 2 | count";
const BY_RULE: &str = "let m = materialize(range x from 1 to 400000 step 1
    | join kind=leftouter (range y from 1 to 3 step 1) on $left.x == $right.y);
    union m, m | where x > 0 | count";

#[tokio::test]
async fn what_fits_is_kept() {
    assert_eq!(number(BY_CHANCE, 256 << 20).await, Ok(800_000));
    assert_eq!(number(BY_RULE, 256 << 20).await, Ok(800_000));
}

#[tokio::test]
async fn what_does_not_fit_runs_anew_or_fails() {
    assert_eq!(number(BY_RULE, 2 << 20).await, Ok(800_000));
    let error = number(BY_CHANCE, 2 << 20).await.unwrap_err();
    assert!(error.contains("do not fit into its memory"), "{error}");
}

/// The first number of each result of a query.
async fn numbers(query: &str) -> Vec<i64> {
    let session = postern_kql::session();
    let planned = postern_kql::plan(query, &Tables::new(), &PlanOptions::default(), &session).await.unwrap();
    let results = postern_kql::collect_all(&session, planned.plans()).await.unwrap();
    let first = |batches: &Vec<arrow::array::RecordBatch>| {
        batches.iter().find(|b| b.num_rows() > 0).unwrap().column(0).as_primitive::<Int64Type>().value(0)
    };
    results.iter().map(first).collect()
}

#[tokio::test]
async fn several_results_see_the_same_rows() {
    let chance = "range x from 1 to 1000 step 1 | extend r = tolong(rand() * 1000000000) | where r >= 0";
    for query in [
        format!("{chance} | fork (summarize sum(r)) (where x > 0 | summarize sum(r)) (project r | summarize sum(r))"),
        format!("let m = materialize({chance}); m | summarize sum(r); m | summarize Other = sum(r) | project Other"),
        format!("{chance} | summarize r = sum(r) | facet by r with (project r)"),
        format!("{chance} | sample 5 | summarize r = sum(r) | fork (project r) (project s = r)"),
    ] {
        let found = numbers(&query).await;
        assert!(found.len() > 1 && found.iter().all(|n| *n == found[0]), "{query}: {found:?}");
    }
    let found = numbers(&format!("{chance} | summarize r = sum(r) | evaluate preview(1)")).await;
    assert_eq!(found[1], 1);
}
