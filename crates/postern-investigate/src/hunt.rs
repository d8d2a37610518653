//! Runs one KQL query over the store: the only join of the two, and the only place for limits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::SessionConfig;
use futures::StreamExt;
use postern_kql::catalog::{Catalog, Column};
use postern_kql::types::Const;
use postern_kql::{Diagnostic, PlanOptions, Render, output};
use postern_lake::{Lake, LakeError};
use postern_model::time::Ticks;

/// Limits and settings of one query.
#[derive(Debug, Clone)]
pub struct HuntOptions {
    /// What `now()` and `ago()` count from, in ticks.
    pub now: i64,
    /// Values bound by name, as if by leading `let` statements.
    pub params: Vec<(String, Const)>,
    /// Longest run.
    pub timeout: Duration,
    /// Most rows given back; more are cut off and [`HuntResult::truncated`] says so.
    pub max_rows: usize,
    /// Most memory the operators of the query may hold.
    pub memory_bytes: usize,
    /// Whether the columns that say where a row came from stay in the result.
    pub keep_hidden: bool,
    /// Only names and types are checked; there are no rows.
    pub check: bool,
    /// Rows of tables with a time column outside this range (ticks, both ends included) are not read.
    pub time_range: Option<(i64, i64)>,
    /// The folders whose files `externaldata` may read.
    pub external: Vec<std::path::PathBuf>,
}

impl Default for HuntOptions {
    /// The usual limits: 30 seconds, a million rows, 1 GiB.
    fn default() -> Self {
        Self {
            now: 0,
            params: Vec::new(),
            timeout: Duration::from_secs(30),
            max_rows: 1_000_000,
            memory_bytes: 1 << 30,
            keep_hidden: false,
            check: false,
            time_range: None,
            external: Vec::new(),
        }
    }
}

impl HuntOptions {
    /// The usual limits at this time.
    pub fn at(now: Ticks) -> Self {
        Self { now: now.0, ..Self::default() }
    }

    /// The same with bound values.
    #[must_use]
    pub fn with_params(mut self, params: Vec<(String, Const)>) -> Self {
        self.params = params;
        self
    }
}

/// What a query gave.
#[derive(Debug, Clone)]
pub struct HuntResult {
    /// The columns in order.
    pub columns: Vec<Column>,
    /// The rows, in the engine's types; [`postern_kql::output`] turns them into JSON.
    pub batches: Vec<RecordBatch>,
    /// True when rows were cut off at the limit.
    pub truncated: bool,
    /// True when the query orders its rows; otherwise their order may differ from run to run.
    pub sorted: bool,
    /// The chart the query asks for, if any.
    pub render: Option<Render>,
    /// What the reader of the result should know about the query.
    pub warnings: Vec<Diagnostic>,
    /// How long it took.
    pub elapsed: Duration,
}

impl HuntResult {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// All rows as objects by column name.
    pub fn objects(&self) -> Vec<serde_json::Map<String, serde_json::Value>> {
        output::rows(&self.batches, &self.columns)
            .into_iter()
            .map(|row| self.columns.iter().map(|c| c.name.clone()).zip(row).collect())
            .collect()
    }
}

/// Why a query gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum HuntError {
    /// The query is wrong.
    #[error("{}", describe(text, diagnostics))]
    Query {
        /// The query.
        text: String,
        /// What is wrong with it, and where.
        diagnostics: Vec<Diagnostic>,
    },
    /// The query took too long.
    #[error("the query was stopped after {} s; narrow the time range or filter earlier", .limit.as_secs_f64())]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// The query needed too much memory.
    #[error("the query needs more than {} MiB of memory; narrow the time range or aggregate earlier", .limit >> 20)]
    Memory {
        /// The limit in bytes.
        limit: usize,
    },
    /// The engine failed.
    #[error("the query failed: {0}")]
    Engine(String),
    /// The store could not be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

fn describe(text: &str, diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics
        .iter()
        .map(|d| {
            let hint = d.hint.as_ref().map(|h| format!(" ({h})")).unwrap_or_default();
            let (line, column) = place(text, d.span.start);
            format!("{} at line {line}, column {column}: {}{hint}", d.code, d.message)
        })
        .collect();
    if lines.is_empty() { "the query is not valid".to_owned() } else { lines.join("\n") }
}

/// Line and column of a byte offset, both counted from 1.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// Runs a query over the store's tables and those derived from them.
pub async fn hunt(lake: &Lake, text: &str, options: &HuntOptions) -> Result<HuntResult, HuntError> {
    let catalog = crate::catalog::catalog(lake).await?;
    hunt_in(&catalog, text, options).await
}

/// Runs a query over any catalogue.
pub async fn hunt_in(catalog: &dyn Catalog, text: &str, options: &HuntOptions) -> Result<HuntResult, HuntError> {
    let started = Instant::now();
    match tokio::time::timeout(options.timeout, run(catalog, text, options, started)).await {
        Ok(result) => result,
        Err(_) => Err(HuntError::Timeout { limit: options.timeout }),
    }
}

async fn run(
    catalog: &dyn Catalog,
    text: &str,
    options: &HuntOptions,
    started: Instant,
) -> Result<HuntResult, HuntError> {
    let engine = |e: DataFusionError| match e.find_root() {
        DataFusionError::ResourcesExhausted(_) => HuntError::Memory { limit: options.memory_bytes },
        _ => HuntError::Engine(e.strip_backtrace()),
    };
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(options.memory_bytes)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .build_arc()
        .map_err(engine)?;
    let session = postern_kql::session_with(SessionConfig::new(), runtime);
    let plan_options = PlanOptions {
        now: options.now,
        params: options.params.clone(),
        keep_hidden: options.keep_hidden,
        time_range: options.time_range,
        check: options.check,
        external: options.external.clone(),
    };
    let planned = postern_kql::plan(text, catalog, &plan_options, &session)
        .await
        .map_err(|list| HuntError::Query { text: text.to_owned(), diagnostics: list })?;
    if options.check {
        return Ok(HuntResult {
            columns: planned.columns,
            batches: Vec::new(),
            truncated: false,
            sorted: planned.sorted,
            render: planned.render,
            warnings: planned.warnings,
            elapsed: started.elapsed(),
        });
    }
    let frame = session.execute_logical_plan(planned.plan).await.map_err(engine)?;
    let mut stream = frame.execute_stream().await.map_err(engine)?;
    let mut batches = Vec::new();
    let mut left = options.max_rows;
    let mut truncated = false;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(engine)?;
        if batch.num_rows() > left {
            truncated = true;
            if left > 0 {
                batches.push(batch.slice(0, left));
            }
            break;
        }
        left -= batch.num_rows();
        if batch.num_rows() > 0 {
            batches.push(batch);
        }
    }
    Ok(HuntResult {
        columns: planned.columns,
        batches,
        truncated,
        sorted: planned.sorted,
        render: planned.render,
        warnings: planned.warnings,
        elapsed: started.elapsed(),
    })
}
