//! What is tried with an input, and what counts as a finding besides a panic, a hang and too much memory.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringViewArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use postern_kql::catalog::{Catalog, TableDef, TableSource, Tables};
use postern_kql::{Column, Guard, KqlType, PlanOptions, output};
use postern_kql_syntax::{MAX_DIAGNOSTICS, parse, print};
use postern_model::schema::Schemas;

/// Most memory that the operators of one query get.
const MEMORY: usize = 64 << 20;
/// Longest run of one query that is well behaved.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Rows read of a result.
const ROWS: usize = 2_000;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Parse, print, parse again.
    Syntax,
    /// Parse, bind, plan over empty tables.
    Plan,
    /// The same over tables with a few rows, and run.
    Run,
    /// Read bytes as an export.
    Formats,
}

impl Kind {
    /// The target of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "syntax" => Self::Syntax,
            "plan" => Self::Plan,
            "run" => Self::Run,
            "formats" => Self::Formats,
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Plan => "plan",
            Self::Run => "run",
            Self::Formats => "formats",
        }
    }
}

/// All tables by name, and only some of them for `search *` and `union *`, which otherwise plan for seconds.
struct Few(Tables);

impl Catalog for Few {
    fn table(&self, name: &str) -> Option<Arc<TableDef>> {
        self.0.table(name)
    }

    fn table_names(&self) -> Vec<String> {
        self.0.table_names().into_iter().filter(|name| name.len() == 1 || name.starts_with("Email")).collect()
    }
}

/// A target made ready.
pub struct Target {
    kind: Kind,
    runtime: tokio::runtime::Runtime,
    tables: Few,
    file: std::path::PathBuf,
}

impl Target {
    /// Makes tables and runtime.
    pub fn new(kind: Kind, work: &std::path::Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { kind, runtime, tables: Few(tables(if kind == Kind::Run { 4 } else { 0 })), file: work.join("export") }
    }

    /// Tries an input: what is wrong with the answer, as a short key and in words.
    pub fn try_input(&mut self, input: &[u8]) -> Option<(String, String)> {
        match self.kind {
            Kind::Formats => formats(&self.file, input),
            kind => {
                let text = String::from_utf8_lossy(input);
                match kind {
                    Kind::Syntax => syntax(&text),
                    Kind::Plan => self.runtime.block_on(plan(&text, &self.tables)),
                    _ => self.runtime.block_on(run(&text, &self.tables)),
                }
            }
        }
    }
}

fn finding(class: &str, message: impl Into<String>) -> Option<(String, String)> {
    let message = message.into();
    // What differs between two findings of one cause: names and numbers.
    let key: String = message.chars().filter(|c| !c.is_ascii_digit()).take(60).collect();
    Some((format!("{class}: {key}"), message))
}

fn syntax(text: &str) -> Option<(String, String)> {
    let parsed = parse(text);
    if parsed.diagnostics.len() > MAX_DIAGNOSTICS + 1 {
        return finding("diagnostics", "too many");
    }
    if let Some(d) = parsed.diagnostics.iter().find(|d| text.get(d.span.start..d.span.end).is_none()) {
        return finding("span", format!("{} {:?}", d.code, d.span));
    }
    let once = print(&parsed.query);
    if parsed.has_errors() {
        return None;
    }
    let again = parse(&once);
    if again.has_errors() {
        // A printed text may nest deeper than what was written.
        if again.diagnostics.iter().any(|d| d.code == "KQL0002" || d.code == "KQL0001") {
            return None;
        }
        return finding("print", format!("{:?}\n{once}", again.diagnostics));
    }
    let twice = print(&again.query);
    if twice != once {
        return finding("reprint", format!("{once}\n--- and then\n{twice}"));
    }
    let (first, second) = (shape(&parsed.query), shape(&again.query));
    (first != second).then(|| (format!("tree: {}", difference(&first, &second)), once))
}

/// A tree without its places.
fn shape(tree: &impl std::fmt::Debug) -> String {
    let text = format!("{tree:?}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("Span { start: ") {
        out.push_str(before);
        rest = after.split_once('}').map_or("", |(_, tail)| tail);
    }
    out.push_str(rest);
    out.replace("quoted: true", "quoted: _").replace("quoted: false", "quoted: _")
}

fn difference(first: &str, second: &str) -> String {
    let at = first.bytes().zip(second.bytes()).take_while(|(a, b)| a == b).count();
    let from = at.saturating_sub(60);
    first.get(from..(at + 20).min(first.len())).unwrap_or_default().to_owned()
}

fn session() -> SessionContext {
    let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(MEMORY));
    let guard = Guard::new(Arc::clone(&pool), Some(std::time::Instant::now() + TIMEOUT));
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(pool)
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .build_arc()
        .expect("a session");
    postern_kql::session_with(SessionConfig::new().with_target_partitions(2).with_option_extension(guard), runtime)
}

fn options(text: &str) -> PlanOptions {
    // Every eighth query is only checked.
    let check = text.len() % 8 == 7;
    PlanOptions { now: 638_500_000_000_000_000, check, ..PlanOptions::default() }
}

/// True for an error that says that the query was too much, or that a value does not fit: no defect.
fn legitimate(error: &DataFusionError) -> bool {
    let text = error.to_string();
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
        || ["Resources exhausted", "verflow", "ivide by zero", "assert", "too large", "stopped"]
            .iter()
            .any(|known| text.contains(known))
}

async fn plan(text: &str, tables: &Few) -> Option<(String, String)> {
    let session = session();
    let work = async {
        let planned = match postern_kql::plan(text, tables, &options(text), &session).await {
            Ok(planned) => planned,
            Err(diagnostics) => return refused(text, &diagnostics),
        };
        match postern_kql::ready(&session, planned.plans()).await {
            Ok(_) => None,
            Err(error) if legitimate(&error) => None,
            Err(error) => finding("optimise", error.strip_backtrace()),
        }
    };
    tokio::time::timeout(TIMEOUT, work).await.unwrap_or(None)
}

/// What is wrong with a refusal.
fn refused(text: &str, diagnostics: &[postern_kql::Diagnostic]) -> Option<(String, String)> {
    if diagnostics.is_empty() {
        return finding("refused", "without a reason");
    }
    for d in diagnostics {
        if text.get(d.span.start..d.span.end).is_none() {
            return finding("span", format!("{} {:?}", d.code, d.span));
        }
        let defect = d.code == "KQL0199" || (d.code == "KQL0116" && suspicious(&d.message));
        if defect && !d.message.contains("Resources exhausted") {
            return finding(d.code, d.message.clone());
        }
    }
    None
}

/// An error of a run that tells of a wrong plan rather than of a wrong value.
fn suspicious(message: &str) -> bool {
    [
        "Internal error",
        "nternal",
        "was bound",
        "were due",
        "schema",
        "Schema",
        "ast error",
        "not match",
        "type mismatch",
        "Invalid argument",
        "No field named",
        "downcast",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

async fn run(text: &str, tables: &Few) -> Option<(String, String)> {
    let session = session();
    let work = async {
        let planned = match postern_kql::plan(text, tables, &options(text), &session).await {
            Ok(planned) => planned,
            Err(diagnostics) => return refused(text, &diagnostics),
        };
        let failed = |error: DataFusionError| {
            let text = error.strip_backtrace();
            (!legitimate(&error) && suspicious(&text)).then(|| finding("run", text)).flatten()
        };
        let plans = match postern_kql::ready(&session, planned.plans()).await {
            Ok(plans) => plans,
            Err(error) => return failed(error),
        };
        let columns = std::iter::once(&planned.columns).chain(planned.further.iter().map(|table| &table.columns));
        for (columns, plan) in columns.zip(plans) {
            let mut stream = match execute_stream(plan, session.task_ctx()) {
                Ok(stream) => stream,
                Err(error) => return failed(error),
            };
            let mut left = ROWS;
            while let Some(batch) = stream.next().await {
                let batch = match batch {
                    Ok(batch) => batch,
                    Err(error) => return failed(error),
                };
                for (column, array) in columns.iter().zip(batch.columns()) {
                    if array.data_type() != &column.ty.arrow() {
                        return finding(
                            "type",
                            format!("{} is {} and was to be {}", column.name, array.data_type(), column.ty),
                        );
                    }
                }
                if batch.num_columns() != columns.len() {
                    return finding("columns", format!("{} of {}", batch.num_columns(), columns.len()));
                }
                output::rows(&[batch.slice(0, batch.num_rows().min(left))], columns);
                left = left.saturating_sub(batch.num_rows());
                if left == 0 {
                    break;
                }
            }
        }
        None
    };
    tokio::time::timeout(TIMEOUT, work).await.unwrap_or(None)
}

fn formats(file: &std::path::Path, bytes: &[u8]) -> Option<(String, String)> {
    use postern_ingest::{IngestOptions, dry_run};
    std::fs::write(file, bytes).expect("the work folder can be written");
    let schemas = Schemas::builtin().expect("built-in tables");
    let run = match dry_run(file, postern_providers::formats(), schemas, &IngestOptions::default()) {
        Ok(run) => run,
        Err(error) => return finding("read", error.to_string()),
    };
    if !run.account.adds_up() {
        return finding("account", format!("{:?}", run.account));
    }
    let mut positions: Vec<u64> = run.rows.iter().map(|r| r.position).collect();
    positions.extend(run.account.rejected.iter().map(|r| r.position));
    positions.sort_unstable();
    let rejects_listed = run.account.rejected.len() as u64 == run.account.rejected_count;
    if rejects_listed && !positions.iter().copied().eq(1..=run.account.records) {
        return finding("records", format!("{} records at {positions:?}", run.account.records));
    }
    None
}

/// The built-in tables, and two for the examples, with so many rows of edge values.
fn tables(rows: usize) -> Tables {
    let mut tables = Tables::new();
    for schema in Schemas::builtin().expect("built-in tables").iter() {
        let columns =
            schema.columns.iter().filter_map(|c| Some(Column::new(c.name.clone(), KqlType::parse(c.kind.name())?)));
        add(&mut tables, &schema.name, columns.collect(), rows);
    }
    let all = ["bool", "int", "long", "real", "decimal", "datetime", "timespan", "string", "guid", "dynamic"];
    let columns: Vec<Column> = all
        .iter()
        .zip(["b", "i", "n", "r", "c", "t", "d", "s", "g", "x"])
        .filter_map(|(ty, name)| Some(Column::new(name, KqlType::parse(ty)?)))
        .collect();
    add(&mut tables, "T", columns.clone(), rows);
    add(&mut tables, "U", columns, rows);
    // The tables of recorded queries, when they are there.
    let recorded = std::env::var_os("POSTERN_SHARED").map(std::path::PathBuf::from);
    let recorded =
        recorded.unwrap_or_else(|| crate::corpus::root().join("../shared")).join("conformance/hunting_schema.json");
    let recorded = std::fs::read_to_string(recorded).ok().and_then(|text| serde_json::from_str(&text).ok());
    if let Some(serde_json::Value::Object(all)) = recorded {
        for (name, columns) in all {
            let columns = columns
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(column, ty)| Some(Column::new(column.clone(), KqlType::parse(ty.as_str()?)?)));
            if tables.table(&name).is_none() {
                add(&mut tables, &name, columns.collect(), rows);
            }
        }
    }
    tables
}

fn add(tables: &mut Tables, name: &str, columns: Vec<Column>, rows: usize) {
    let fields: Vec<Field> =
        columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), c.ty != KqlType::String)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.iter().enumerate().map(|(at, c)| array(c.ty, at, rows)).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).expect("columns of one length");
    let provider = Arc::new(MemTable::try_new(schema, vec![vec![batch]]).expect("a table"));
    tables.add(TableDef { name: name.to_owned(), columns, source: TableSource::Provider(provider) });
}

fn array(ty: KqlType, column: usize, rows: usize) -> ArrayRef {
    fn of<T: Copy>(rows: usize, column: usize, values: &[Option<T>]) -> Vec<Option<T>> {
        (0..rows).map(|row| values[(row + column) % values.len()]).collect()
    }
    let texts = |values: &[Option<&str>]| Arc::new(StringViewArray::from(of(rows, column, values))) as ArrayRef;
    match (ty, ty.arrow()) {
        (KqlType::Bool, _) => Arc::new(BooleanArray::from(of(rows, column, &[Some(true), None, Some(false)]))),
        (KqlType::Int, _) => {
            Arc::new(Int32Array::from(of(rows, column, &[Some(0), Some(i32::MIN), None, Some(7), Some(i32::MAX)])))
        }
        (KqlType::DateTime, _) => {
            let values = [
                Some(638_500_000_000_000_000),
                None,
                Some(0),
                Some(postern_kql::types::MAX_DATETIME),
                Some(638_499_000_000_000_001),
            ];
            Arc::new(Int64Array::from(of(rows, column, &values)))
        }
        (KqlType::Real, _) => {
            let values = [Some(0.5), Some(f64::NAN), None, Some(-1e300), Some(f64::INFINITY), Some(-0.0)];
            Arc::new(Float64Array::from(of(rows, column, &values)))
        }
        (KqlType::Decimal, DataType::Decimal128(precision, scale)) => {
            let values = [Some(1), None, Some(-150_000_000_000_000_000), Some(10_i128.pow(37))];
            let array = Decimal128Array::from(of(rows, column, &values));
            Arc::new(array.with_precision_and_scale(precision, scale).expect("digits that fit"))
        }
        (KqlType::String, _) => {
            let values =
                [Some("ann@contoso.example"), Some(""), Some("Invoice é😀 \"x\", 203.0.113.9"), Some("{\"a\":[1,2]}")];
            texts(&values)
        }
        (KqlType::Guid, _) => texts(&[Some("00000000-0000-4000-8000-000000000001"), None]),
        (KqlType::Dynamic, _) => {
            let values = [
                Some("[1,\"a\",null,{\"k\":2.5}]"),
                None,
                Some("{\"a\":{\"b\":[1]},\"c\":null}"),
                Some("\"text\""),
                Some("[]"),
                Some("17"),
            ];
            texts(&values)
        }
        _ => Arc::new(Int64Array::from(of(
            rows,
            column,
            &[Some(1), Some(i64::MIN), None, Some(i64::MAX), Some(864_000_000_000)],
        ))),
    }
}
