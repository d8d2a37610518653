//! `materialize` under a memory limit: what does not fit runs anew where that gives the same rows, and fails otherwise.

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
    assert!(error.contains("do not fit into the memory"), "{error}");
}
