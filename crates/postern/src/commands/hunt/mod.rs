//! `postern hunt`: one question in KQL, a batch of them, or a prompt for them.

mod batch;
pub(super) mod duration;
pub(super) mod guarded;
mod params;
mod schema;
mod shell;
mod size;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Args;
use postern_investigate::{HuntError, HuntOptions, HuntResult, Results};
use postern_kql::PlanOptions;
use postern_kql::catalog::Catalog;
use postern_lake::Lake;
use postern_model::time::{MAX_TICKS, Ticks};

use super::{Globals, time};
use crate::failure::{Code, Failure, chain};
use crate::output::chart::When;
use crate::output::{self, Format, Rows, Style, Table};
use crate::screen::Screen;
use crate::text::visible;
use guarded::Ended;
use params::Param;

/// Arguments of `postern hunt`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Hunt {
    /// The query; without one, a prompt on a terminal
    #[arg(value_name = "QUERY", conflicts_with_all = ["file", "batch"])]
    query: Option<String>,
    /// Read the query from a file; `-` for standard input
    #[arg(short, long, value_name = "FILE", conflicts_with = "batch")]
    file: Option<PathBuf>,
    /// Give a parameter of the query a value; repeat a name for a list
    #[arg(long = "param", value_name = "NAME[:TYPE]=VALUE", value_parser = params::parse)]
    params: Vec<Param>,
    /// Only rows of the time before now
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_ticks, conflicts_with_all = ["from", "to"], allow_hyphen_values = true)]
    timespan: Option<i64>,
    /// Only rows at or after this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Ticks>,
    /// Only rows at or before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Ticks>,
    /// The time that `now()` and `ago()` count from; the clock's by default
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Ticks>,
    /// At most so many rows
    #[arg(long, value_name = "N", default_value_t = 500_000)]
    limit: usize,
    /// How rows are written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Show whole cells, however wide the terminal is
    #[arg(long)]
    wide: bool,
    /// When `render` draws a chart instead of a table of rows
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    chart: When,
    /// Stop a query after this time
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_timeout, default_value = "30s")]
    timeout: Duration,
    /// Stop a query that needs more memory
    #[arg(long, value_name = "SIZE", value_parser = size::parse, default_value = "1GiB")]
    memory: usize,
    /// At most so much text and numbers in the result
    #[arg(long, value_name = "SIZE", value_parser = size::parse, default_value = "256MiB")]
    result_size: usize,
    /// A folder whose files `externaldata` may read; may be given more than once
    #[arg(long, value_name = "DIR")]
    external: Vec<PathBuf>,
    /// Run every query of a file of JSON lines with `id` and `query`; one JSON line for each, in order
    #[arg(long, value_name = "FILE", help_heading = "Batch")]
    batch: Option<PathBuf>,
    /// Empty tables of this shape instead of a store: JSON of table, column and type
    #[arg(long, value_name = "FILE", help_heading = "Checking")]
    schema: Option<PathBuf>,
    /// Check names and types only: columns without rows
    #[arg(long, help_heading = "Checking")]
    check: bool,
}

/// Ends `postern hunt --help`.
const EXAMPLES: &str = "\
Examples:
  postern hunt --data STORE 'EmailEvents | summarize count() by SenderFromDomain | top 10 by count_'
  postern hunt --data STORE -f query.kql --param SRL=user@example.com --param days:long=7
  postern hunt --data STORE --timespan 30d 'EmailEvents | summarize count() by bin(Timestamp, 1d) | render timechart'
  postern hunt --data STORE --format csv 'EmailUrlInfo | distinct Url' > urls.csv
  postern hunt --schema tables.json --check -f query.kql
  postern hunt --data STORE

Without a query, on a terminal, a prompt starts: with history, completion by Tab, and `.help`. A query ends there
with `;` or an empty line. Ctrl-C stops a query: at the prompt it returns there, otherwise the exit code is 130.

A query may give several results (`fork`, `facet`, several statements): each is shown under its name. JSON then is
an object: columns and rows of the first, and all of them under `tables`; CSV, NDJSON and Parquet refuse it.

Values in JSON: long as integer, real as number or \"NaN\"/\"Infinity\"/\"-Infinity\", datetime as ISO 8601 with
seven fraction digits and Z, timespan as [-][d.]hh:mm:ss[.fffffff], dynamic as nested JSON, decimal and guid as
text, missing as null. CSV disarms cells that a spreadsheet would run.";

/// Longest query text that is read.
const LONGEST_QUERY: u64 = 64 << 20;

impl Hunt {
    /// Whether it shows a prompt: there is no query, and somebody sits in front of the terminal.
    pub(crate) fn prompts(&self) -> bool {
        self.query.is_none() && self.file.is_none() && self.batch.is_none() && shell::on_terminal()
    }

    /// How queries are bound while they are typed.
    fn plan_options(&self) -> PlanOptions {
        let options = self.options();
        PlanOptions { now: options.now, params: options.params, check: true, ..PlanOptions::default() }
    }

    fn now(&self) -> Ticks {
        self.now.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Ticks::from_unix_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
        })
    }

    fn options(&self) -> HuntOptions {
        let now = self.now();
        let time_range = match (self.timespan, self.from, self.to) {
            (Some(length), ..) => Some((now.0.saturating_sub(length).max(0), now.0)),
            (None, None, None) => None,
            (None, from, to) => Some((from.map_or(0, |t| t.0), to.map_or(MAX_TICKS, |t| t.0))),
        };
        let params = self.params.iter().map(|param| (param.name.clone(), param.value.clone())).collect();
        HuntOptions {
            params,
            timeout: self.timeout,
            max_rows: self.limit,
            memory_bytes: self.memory,
            result_bytes: self.result_size,
            check: self.check,
            time_range,
            external: self.external.clone(),
            ..HuntOptions::at(now)
        }
    }
}

/// Runs `postern hunt`.
pub(crate) async fn run(command: Hunt, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    if let (Some(from), Some(to)) = (command.from, command.to)
        && from > to
    {
        return Err(Failure::usage(Code::Arguments, "--from lies after --to: no time is between them"));
    }
    if let Some(file) = &command.batch {
        return batch::run(&command, file, globals, screen).await;
    }
    if command.prompts() {
        return shell::run(&command, globals, screen).await;
    }
    let (origin, text) = query_text(&command)?;
    let (lake, catalog) = tables(&command, globals, screen).await?;
    let options = HuntOptions { results: results(command.format), ..command.options() };
    let result = guarded::hunt(&catalog, &text, &options).await.map_err(|error| match error {
        Ended::Hunt(HuntError::Several { names }) => {
            several(&names, command.format).hint("take `--format json`, or ask for each result in a query of its own")
        }
        error => failure(&origin, &text, error),
    })?;
    if globals.data.is_none() && lake.is_some_and(|lake| names_a_table(&lake, &text)) {
        screen.note("note: without --data DIR every table is empty");
    }
    if !result.warnings.is_empty() && !screen.quiet {
        Failure::query(&origin, &text, result.warnings.clone()).show(screen);
    }
    let style = Style { format: command.format, wide: command.wide, chart: command.chart };
    output::write_all(&shown(&result), style, screen)?;
    if let Some(words) = cut(&result, &command) {
        screen.note(&format!("note: {words}"));
    }
    Ok(())
}

/// The results of a query as they are written.
fn shown(result: &HuntResult) -> Vec<Table<'_>> {
    let first = Table {
        name: &result.name,
        rows: Rows { columns: &result.columns, batches: &result.batches },
        render: result.render.as_ref(),
        truncated: result.truncated,
    };
    let further = result.further.iter().map(|table| Table {
        name: &table.name,
        rows: Rows { columns: &table.columns, batches: &table.batches },
        render: table.render.as_ref(),
        truncated: table.truncated,
    });
    std::iter::once(first).chain(further).collect()
}

/// Which results of a query can be written in a format.
fn results(format: Format) -> Results {
    if format.holds_several() { Results::All } else { Results::One }
}

/// A query with several results for a format that holds one.
fn several(names: &[String], format: Format) -> Failure {
    let all = names.iter().map(|name| format!("`{}`", visible(name))).collect::<Vec<_>>().join(", ");
    let format = clap::ValueEnum::to_possible_value(&format);
    let format = format.as_ref().map_or("this format", |value| value.get_name());
    let message = format!("the query gives {} results ({all}), and {format} holds one table", names.len());
    Failure::usage(Code::Arguments, message)
}

/// That a result was cut, and by which setting.
fn cut(result: &HuntResult, command: &Hunt) -> Option<String> {
    let rows = result.all_rows();
    let setting = if rows < command.limit { "--result-size sets how much" } else { "--limit sets how many" };
    result.any_truncated().then(|| format!("cut after {rows} rows; {setting}"))
}

/// What queries may read: the tables of `--schema`, or those of the store of `--data`, which must be there, or those of
/// an empty one. The store comes along: it lives as long as the queries.
async fn tables(
    command: &Hunt,
    globals: &Globals,
    screen: &Screen,
) -> Result<(Option<Lake>, Arc<dyn Catalog>), Failure> {
    if let Some(schema) = &command.schema {
        return Ok((None, Arc::new(schema::read(schema)?)));
    }
    let lake = match &globals.data {
        Some(folder) => Lake::open_existing(folder).await?,
        None => crate::scratch::lake().await?,
    };
    let catalog = postern_investigate::catalog(&lake).await?;
    Ok((Some(lake), Arc::new(catalog.with_places(crate::places::for_queries(globals, screen)?))))
}

/// True when the query mentions a known table.
fn names_a_table(lake: &Lake, text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| lake.schemas().get(word).is_some())
}

/// The query and the name of where it came from.
fn query_text(command: &Hunt) -> Result<(String, String), Failure> {
    match (&command.query, &command.file) {
        (Some(query), _) => Ok(("query".to_owned(), query.clone())),
        (None, Some(path)) if path == Path::new("-") => {
            let mut text = String::new();
            std::io::stdin()
                .lock()
                .take(LONGEST_QUERY)
                .read_to_string(&mut text)
                .map_err(|error| Failure::input(Path::new("standard input"), &error))?;
            Ok(("standard input".to_owned(), text))
        }
        (None, Some(path)) => {
            let bytes = std::fs::read(path).map_err(|error| Failure::input(path, &error))?;
            let text = String::from_utf8(bytes)
                .map_err(|error| Failure::run(Code::Input, format!("`{}` is not UTF-8: {error}", path.display())))?;
            Ok((path.display().to_string(), text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned)))
        }
        (None, None) => Err(Failure::usage(Code::Arguments, "no query is given")
            .hint("give it as an argument, or with -f FILE; the prompt needs a terminal for input and output")),
    }
}

/// What went wrong with a query as a failure of the program.
fn failure(origin: &str, text: &str, ended: Ended) -> Failure {
    match ended {
        Ended::Hunt(HuntError::Query { diagnostics, .. }) => Failure::query(origin, text, diagnostics),
        Ended::Hunt(HuntError::Lake(error)) => Failure::from(error),
        Ended::Hunt(error) => Failure::run(Code::Execution, chain(&error)),
        Ended::Caught(Code::Bug, sentence) => Failure::bug(sentence),
        Ended::Caught(code, sentence) => Failure::run(code, sentence),
    }
}
