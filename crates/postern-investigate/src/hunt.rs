//! Runs one KQL query over the store: the only join of the two, and the only place for limits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use datafusion::prelude::SessionConfig;
use futures::StreamExt;
use postern_kql::catalog::{Catalog, Column};
use postern_kql::types::Const;
use postern_kql::{Diagnostic, Guard, PlanOptions, Planned, PlannedTable, Render, output};
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
    /// Most memory the operators of the query may hold; and, besides, as much for computed texts on their way.
    pub memory_bytes: usize,
    /// Most bytes given back; more rows are cut off as with [`HuntOptions::max_rows`].
    pub result_bytes: usize,
    /// Whether the columns that say where a row came from stay in the result.
    pub keep_hidden: bool,
    /// Only names and types are checked; there are no rows.
    pub check: bool,
    /// How many partitions a plan has, each with a thread of its own; all cores by default. With one, rows come in the
    /// same order on every run, and planning is shorter.
    pub partitions: Option<usize>,
    /// Rows of tables with a time column outside this range (ticks, both ends included) are not read.
    pub time_range: Option<(i64, i64)>,
    /// The folders whose files `externaldata` may read.
    pub external: Vec<std::path::PathBuf>,
    /// Which results of a query that gives several are wanted. The limits hold for all of them together.
    pub results: Results,
}

/// Which results of a query that gives several are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Results {
    /// All, in order.
    #[default]
    All,
    /// The first; the others are not computed.
    First,
    /// There may be one only: a query with several is refused before it runs.
    One,
}

impl Default for HuntOptions {
    /// The usual limits: 30 seconds, a million rows, 1 GiB, and a result of 256 MiB (four times what the vendor's service
    /// gives back).
    fn default() -> Self {
        Self {
            now: 0,
            params: Vec::new(),
            timeout: Duration::from_secs(30),
            max_rows: 1_000_000,
            memory_bytes: 1 << 30,
            result_bytes: 256 << 20,
            keep_hidden: false,
            check: false,
            partitions: None,
            time_range: None,
            external: Vec::new(),
            results: Results::All,
        }
    }
}

impl HuntOptions {
    /// The usual limits at this time.
    pub fn at(now: Ticks) -> Self {
        Self { now: now.0, ..Self::default() }
    }

    /// The limits of an investigation's own queries: one partition each, so that the same evidence gives the same
    /// report byte for byte; the cores are used by asking side by side. Only the first result of a query counts.
    pub fn own(now: Ticks) -> Self {
        Self { partitions: Some(1), keep_hidden: true, results: Results::First, ..Self::at(now) }
    }

    /// The same with bound values.
    #[must_use]
    pub fn with_params(mut self, params: Vec<(String, Const)>) -> Self {
        self.params = params;
        self
    }
}

/// What a query gave: its first result, mostly the only one, and those that come after it.
#[derive(Debug, Clone)]
pub struct HuntResult {
    /// The name of the result.
    pub name: String,
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
    /// The further results of a query that gives several, in order.
    pub further: Vec<HuntTable>,
    /// What the reader of the result should know about the query.
    pub warnings: Vec<Diagnostic>,
    /// How long it took.
    pub elapsed: Duration,
}

/// One of several results of a query; its parts are those of [`HuntResult`].
#[derive(Debug, Clone)]
pub struct HuntTable {
    /// The name of the result.
    pub name: String,
    /// The columns in order.
    pub columns: Vec<Column>,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// True when rows were cut off at the limit.
    pub truncated: bool,
    /// True when the query orders its rows.
    pub sorted: bool,
    /// The chart the query asks for, if any.
    pub render: Option<Render>,
}

impl HuntTable {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

impl HuntResult {
    /// Number of rows of all results together.
    pub fn all_rows(&self) -> usize {
        self.rows() + self.further.iter().map(HuntTable::rows).sum::<usize>()
    }

    /// True when rows of any result were cut off at the limit.
    pub fn any_truncated(&self) -> bool {
        self.truncated || self.further.iter().any(|table| table.truncated)
    }

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
    /// The query gives several results where there may be one only.
    #[error("the query gives {} results ({}), and only one has room here", .names.len(), .names.join(", "))]
    Several {
        /// The names of the results.
        names: Vec<String>,
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
    /// The query panicked, or ended without an answer.
    #[error("a bug in Postern: {0}")]
    Bug(String),
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
    hunt_under(catalog, text, options, &guard(options)).await
}

/// The guard of a query: it stops the query's computations when its time is over or nobody waits for it. Computed texts
/// on their way have a memory pool of their own: operators that gather them count them too.
pub(crate) fn guard(options: &HuntOptions) -> Guard {
    let texts = Arc::new(GreedyMemoryPool::new(options.memory_bytes));
    Guard::new(texts, Instant::now().checked_add(options.timeout))
}

/// Runs a query under a guard of the caller's.
pub(crate) async fn hunt_under(
    catalog: &dyn Catalog,
    text: &str,
    options: &HuntOptions,
    guard: &Guard,
) -> Result<HuntResult, HuntError> {
    let started = Instant::now();
    let over = || HuntError::Timeout { limit: options.timeout };
    match tokio::time::timeout(options.timeout, run(catalog, text, options, guard, started)).await {
        // What was stopped by the clock in the middle of a computation says so in words of its own.
        Ok(Err(_)) if guard.is_late() => Err(over()),
        Ok(result) => result,
        Err(_) => Err(over()),
    }
}

async fn run(
    catalog: &dyn Catalog,
    text: &str,
    options: &HuntOptions,
    guard: &Guard,
    started: Instant,
) -> Result<HuntResult, HuntError> {
    let engine = |e: DataFusionError| match e.find_root() {
        DataFusionError::ResourcesExhausted(_) => HuntError::Memory { limit: options.memory_bytes },
        _ => HuntError::Engine(e.strip_backtrace()),
    };
    let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(options.memory_bytes));
    // Dropping this future stops its computations, wherever they are.
    let _stop = guard.stop_at_end();
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(pool)
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .build_arc()
        .map_err(engine)?;
    let mut config = SessionConfig::new().with_option_extension(guard.clone());
    if let Some(partitions) = options.partitions {
        config = config.with_target_partitions(partitions.max(1));
    }
    let session = postern_kql::session_with(config, runtime);
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
    let Planned { name, plan, columns, render, sorted, mut further, warnings } = planned;
    match options.results {
        Results::First => further.clear(),
        Results::One if !further.is_empty() => {
            let names = std::iter::once(name).chain(further.into_iter().map(|table| table.name)).collect();
            return Err(HuntError::Several { names });
        }
        Results::All | Results::One => {}
    }
    further.insert(0, PlannedTable { name, plan, columns, render, sorted });
    // All are planned before the first runs, so that they share what they have in common.
    let plans = if options.check {
        Vec::new()
    } else {
        postern_kql::ready(&session, further.iter().map(|table| &table.plan)).await.map_err(engine)?
    };
    let mut plans = plans.into_iter();
    let mut room = Room { rows: options.max_rows, bytes: options.result_bytes };
    let mut tables = Vec::with_capacity(further.len());
    for PlannedTable { name, columns, render, sorted, .. } in further {
        let mut table = HuntTable { name, columns, batches: Vec::new(), truncated: false, sorted, render };
        if let Some(plan) = plans.next() {
            let stream = execute_stream(plan, session.task_ctx()).map_err(engine)?;
            gather(&mut table, stream, &mut room).await.map_err(engine)?;
        }
        tables.push(table);
    }
    let mut tables = tables.into_iter();
    let Some(HuntTable { name, columns, batches, truncated, sorted, render }) = tables.next() else {
        return Err(HuntError::Bug("the query was planned without a result".to_owned()));
    };
    let further = tables.collect();
    Ok(HuntResult { name, columns, batches, truncated, sorted, render, further, warnings, elapsed: started.elapsed() })
}

/// Takes the rows of a result for which there is room.
async fn gather(
    table: &mut HuntTable,
    mut stream: SendableRecordBatchStream,
    room: &mut Room,
) -> Result<(), DataFusionError> {
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let fitting = room.take(&batch);
        table.truncated = fitting < batch.num_rows();
        if fitting > 0 {
            table.batches.push(compact(&batch.slice(0, fitting))?);
        }
        if table.truncated {
            break;
        }
    }
    Ok(())
}

/// What the results of a query may still take together.
struct Room {
    rows: usize,
    bytes: usize,
}

impl Room {
    /// Takes the room of a batch's first rows: as many as fit.
    fn take(&mut self, batch: &RecordBatch) -> usize {
        let rows = batch.num_rows().min(self.rows);
        let mut fitting = 0;
        while fitting < rows {
            let Some(left) = self.bytes.checked_sub(row_bytes(batch, fitting)) else { break };
            self.bytes = left;
            fitting += 1;
        }
        self.rows -= fitting;
        fitting
    }
}

/// The size of a row: eight bytes for each value, and its text.
fn row_bytes(batch: &RecordBatch, row: usize) -> usize {
    let text = |array: &ArrayRef| {
        let view = array.as_string_view_opt().and_then(|texts| texts.views().get(row));
        view.map_or(0, |view| *view as u32 as usize)
    };
    batch.columns().iter().map(|array| 8 + text(array)).sum()
}

/// The same batch without the bytes that it holds on to and does not show: its texts may share the buffers of many more.
fn compact(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().map(|array| match array.as_string_view_opt() {
        Some(texts) => {
            let held: usize = texts.data_buffers().iter().map(Buffer::len).sum();
            let shown: usize = texts.views().iter().map(|view| *view as u32 as usize).sum();
            if held > (1 << 20) && held / 2 > shown { Arc::new(texts.gc()) as ArrayRef } else { Arc::clone(array) }
        }
        None => Arc::clone(array),
    });
    // A result may have rows and no columns.
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(batch.schema(), columns.collect(), &options)
}

#[cfg(test)]
mod tests {
    use postern_kql::catalog::Tables;

    use super::*;

    async fn ran(query: &str, options: &HuntOptions) -> Result<HuntResult, HuntError> {
        hunt_in(&Tables::new(), query, options).await
    }

    fn sizes(result: &HuntResult) -> Vec<(&str, usize, bool)> {
        let first = (result.name.as_str(), result.rows(), result.truncated);
        std::iter::once(first)
            .chain(result.further.iter().map(|table| (table.name.as_str(), table.rows(), table.truncated)))
            .collect()
    }

    const THREE: &str = "range x from 1 to 5 step 1 | as A; range y from 1 to 5 step 1 | as B; print z = 1 | as C";

    #[tokio::test]
    async fn limits_hold_for_all_results_together() {
        let options = HuntOptions { max_rows: 7, ..HuntOptions::default() };
        let result = ran(THREE, &options).await.unwrap();
        assert_eq!(sizes(&result), [("A", 5, false), ("B", 2, true), ("C", 0, true)]);
        assert_eq!((result.all_rows(), result.any_truncated()), (7, true));
        // Eight bytes for each number.
        let options = HuntOptions { result_bytes: 48, ..HuntOptions::default() };
        assert_eq!(sizes(&ran(THREE, &options).await.unwrap()), [("A", 5, false), ("B", 1, true), ("C", 0, true)]);
        let options = HuntOptions { max_rows: 11, result_bytes: 88, ..HuntOptions::default() };
        let result = ran(THREE, &options).await.unwrap();
        assert_eq!(sizes(&result), [("A", 5, false), ("B", 5, false), ("C", 1, false)]);
        assert!(!result.any_truncated());

        let slow = "print 1; range x from 1 to 100000 step 1 | extend k = 1 \
            | join kind=inner (range y from 1 to 100000 step 1 | extend k = 1) on k | summarize sum(x * y)";
        let options = HuntOptions { timeout: Duration::from_millis(500), ..HuntOptions::default() };
        assert!(matches!(ran(slow, &options).await, Err(HuntError::Timeout { .. })));
        let large = "print 1; range x from 1 to 3000000 step 1 | extend t = tostring(x) | summarize count() by t";
        let options = HuntOptions { memory_bytes: 8 << 20, ..HuntOptions::default() };
        assert!(matches!(ran(large, &options).await, Err(HuntError::Memory { .. })));
    }

    #[tokio::test]
    async fn the_first_result_may_be_all_that_is_wanted() {
        let options = HuntOptions { results: Results::First, ..HuntOptions::default() };
        assert_eq!(sizes(&ran(THREE, &options).await.unwrap()), [("A", 5, false)]);
        // The others are not computed: this one would take hours.
        let slow = "print 1; range x from 1 to 1000000000000 step 1 | summarize sum(x)";
        assert_eq!(sizes(&ran(slow, &options).await.unwrap()), [("PrimaryResult", 1, false)]);
        let options = HuntOptions { results: Results::One, ..HuntOptions::default() };
        let error = ran(THREE, &options).await.unwrap_err().to_string();
        assert_eq!(error, "the query gives 3 results (A, B, C), and only one has room here");
        assert_eq!(sizes(&ran("print 1", &options).await.unwrap()), [("PrimaryResult", 1, false)]);
    }

    #[tokio::test]
    async fn a_checked_query_has_the_columns_of_all_results() {
        let options = HuntOptions { check: true, ..HuntOptions::default() };
        let result = ran("print a = 1, b = 'x' | fork (count) Names = (project b)", &options).await.unwrap();
        assert_eq!(sizes(&result), [("PrimaryResult", 0, false), ("Names", 0, false)]);
        let columns: Vec<&str> =
            result.columns.iter().chain(&result.further[0].columns).map(|c| c.name.as_str()).collect();
        assert_eq!(columns, ["Count", "b"]);
    }
}
