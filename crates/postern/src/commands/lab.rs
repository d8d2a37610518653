//! `postern lab`: simulated evidence.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use postern_lab::load::{self, Cell, Record, Table};
use postern_lake::{FileId, Lake, LakeError, Pushed, Writer};
use postern_model::row::{Rank, Row, RowKey, Value};
use postern_model::schema::TableSchema;
use postern_model::time::Ticks;
use tokio::runtime::Handle;

use crate::failure::{Code, Failure};
use crate::screen::Screen;
use crate::text::count;

/// Arguments of `postern lab`.
#[derive(Debug, Args)]
pub(crate) struct Lab {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write the example tenant: two months of a small organisation, with the truth beside it
    Example {
        /// Folder to write into
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Fill a new store with rows to measure queries on: mail, the links in it, audit records
    Bench {
        /// Rows of EmailEvents
        #[arg(long, value_name = "N", default_value_t = 10_000_000)]
        mail: u64,
        /// Rows of AuditRecords
        #[arg(long, value_name = "N", default_value_t = 5_000_000)]
        audit: u64,
        /// The store to make
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write audit exports to measure ingest on: the same records as audit.jsonl and as purview.csv
    Exports {
        /// Rows of each file
        #[arg(long, value_name = "N", default_value_t = 1_000_000)]
        audit: u64,
        /// Folder to write into
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

/// Runs `postern lab`.
pub(crate) async fn run(command: &Lab, screen: &Screen) -> Result<(), Failure> {
    match &command.action {
        Action::Example { out } => example(out, screen),
        Action::Bench { mail, audit, out } => bench(*mail, *audit, out).await,
        Action::Exports { audit, out } => exports(*audit, out),
    }
}

fn example(out: &Path, screen: &Screen) -> Result<(), Failure> {
    let summary = postern_lab::example(out).map_err(|error| Failure::run(Code::Output, error.to_string()))?;
    let mut text =
        format!("{} in {}\n", count(summary.files.len() as u64, "file", "files"), summary.evidence.display());
    for (path, bytes) in &summary.files {
        let _ = writeln!(text, "  {} ({} bytes)", path.display(), crate::text::thousands(*bytes));
    }
    let _ = writeln!(text, "expected verdicts in {}", summary.truth.display());
    io::stdout().lock().write_all(text.as_bytes()).map_err(|error| Failure::output("to standard output", &error))?;
    screen.note(&format!("investigate it with: postern investigate {}", summary.evidence.display()));
    Ok(())
}

fn exports(audit: u64, out: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::output(&format!("into `{}`", out.display()), &error);
    std::fs::create_dir_all(out).map_err(failed)?;
    let file =
        |name: &str| std::fs::File::create_new(out.join(name)).map(|file| BufWriter::with_capacity(1 << 20, file));
    let (mut json, mut csv) = (file("audit.jsonl").map_err(failed)?, file("purview.csv").map_err(failed)?);
    let done = load::audit_exports(audit, &mut json, &mut csv).map_err(failed)?;
    json.flush().and_then(|()| csv.flush()).map_err(failed)?;
    let thousands = crate::text::thousands;
    let text = format!(
        "audit.jsonl: {rows} rows, {} bytes\npurview.csv: {rows} rows, {} bytes\n{} distinct records\n",
        thousands(done.json_bytes),
        thousands(done.csv_bytes),
        thousands(done.records),
        rows = thousands(done.rows),
    );
    io::stdout().lock().write_all(text.as_bytes()).map_err(|error| Failure::output("to standard output", &error))
}

/// Rows between two commits: few enough to hold their keys, enough for whole data files.
const COMMIT_ROWS: u64 = 4 << 20;

async fn bench(mail: u64, audit: u64, out: &Path) -> Result<(), Failure> {
    if std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        let sentence = format!("`{}` is not empty; rows to measure on go into a store of their own", out.display());
        return Err(Failure::run(Code::Output, sentence));
    }
    let lake = Lake::open(out).await?;
    let writer = lake.writer().await?;
    // Rows are made on a thread that may block: the writer waits for the disk.
    let handle = Handle::current();
    let filled = tokio::task::spawn_blocking(move || fill(&handle, writer, &lake, mail, audit).map(|()| lake));
    let lake = filled.await.map_err(|error| Failure::bug(error.to_string()))??;
    let mut text = String::new();
    for table in lake.summaries().await? {
        let rows = crate::text::thousands(table.rows);
        let _ = writeln!(text, "{}: {rows} rows, {} bytes", table.table, crate::text::thousands(table.bytes));
    }
    io::stdout().lock().write_all(text.as_bytes()).map_err(|error| Failure::output("to standard output", &error))
}

/// A table's rows on their way into the store.
struct Filling {
    schema: Arc<TableSchema>,
    /// Where each value of a record goes.
    places: Vec<usize>,
    file: FileId,
    rows: u64,
}

fn fill(handle: &Handle, mut writer: Writer, lake: &Lake, mail: u64, audit: u64) -> Result<(), LakeError> {
    let mut tables = Vec::new();
    for table in Table::ALL {
        let name = table.name();
        let unknown = || LakeError::UnknownTable { table: name.to_owned() };
        let schema = lake.schemas().get(name).cloned().ok_or_else(unknown)?;
        let places: Option<Vec<usize>> = table.columns().iter().map(|column| schema.index_of(column)).collect();
        let places = places.ok_or_else(unknown)?;
        let source = format!("postern lab bench --mail {mail} --audit {audit}: {name}");
        let file = handle.block_on(writer.begin_file(&source, &source, "generated"))?;
        tables.push((table, Filling { schema, places, file, rows: 0 }));
    }
    let mut pending = 0;
    load::rows(mail, audit, |record| {
        let Some((_, filling)) = tables.iter_mut().find(|(table, _)| *table == record.table) else { return Ok(()) };
        filling.rows += 1;
        let (name, file) = (record.table.name(), filling.file);
        if let Pushed::Rejected(reason) = writer.push(file, row(record, filling))? {
            return Err(LakeError::RowShape { table: name.to_owned(), reason });
        }
        pending += 1;
        if pending == COMMIT_ROWS {
            pending = 0;
            handle.block_on(writer.commit())?;
        }
        Ok(())
    })?;
    for (_, filling) in &tables {
        writer.end_file(filling.file);
    }
    handle.block_on(writer.commit())
}

fn row(record: Record, filling: &Filling) -> Row {
    let schema = Arc::clone(&filling.schema);
    let mut row = Row::new(schema, RowKey::Record(record.key), Rank::Native, filling.rows);
    for (place, cell) in filling.places.iter().zip(record.cells) {
        if let Some(slot) = row.values.get_mut(*place) {
            *slot = match cell {
                Cell::Text(text) => Value::String(text),
                Cell::Json(text) => Value::Dynamic(text),
                Cell::Long(value) => Value::Long(value),
                Cell::Time(at) => Ticks::from_unix_millis(at).map_or(Value::Null, Value::DateTime),
            };
        }
    }
    row
}
