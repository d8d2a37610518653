//! Runs every `tests/golden/**/*.kql`: queries with small tables, and the rows or the message that each must give.
//!
//! A file is valid KQL; what is not a query stands in comments:
//!
//! ```text
//! // table Mail: Sender:string, Size:long
//! //   ann@a.example | 10
//! // param NAME = value          (a string parameter; several of one name make a list)
//! // now 2024-05-01T00:00:00Z
//! Mail | summarize n = count() by Sender
//! // ---- Sender:string | n:long
//! // ann@a.example | 1
//! ```
//!
//! A null is written `null`, empty text `""`. Rows are compared in order when the query sorts, otherwise as a set. An
//! expected failure is `// ---- error KQL0102 at 1:8: message`, with `// hint: …` below it and a line for each further
//! mistake.
//!
//! The block of rows ends at the first line that is no comment; then the file's next query may follow, which sees the
//! same tables, parameters and time. A query of one row may instead have each value beside its column; such a query
//! ends at an empty line:
//!
//! ```text
//! print
//!     example = strlen("abc"), // = long 3
//!     empty = strlen("") // = long 0
//! ```
//!
//! Of a query with several results each stands below a line with its name, the first behind the dashes:
//!
//! ```text
//! Mail | fork (count) Large = (where Size > 5)
//! // ---- result PrimaryResult
//! // Count:long
//! // 1
//! // result Large
//! // Sender:string | Size:long
//! // ann@a.example | 10
//! ```
//!
//! `// file list.csv`, with the lines of the file below it like the rows of a table, is a file that `externaldata` may
//! read.
//!
//! `// gap: why` above a query marks a wrong answer that is known; it fails once it gives the right one.
//! `POSTERN_BLESS=1` rewrites what is expected; look at what it wrote.

#![allow(clippy::from_iter_instead_of_collect, clippy::needless_for_each)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "golden/complete.rs"]
mod complete;

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringViewArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::datasource::MemTable;
use postern_kql::catalog::{Column, TableDef, TableSource, Tables};
use postern_kql::types::{Const, KqlType};
use postern_kql::{PlanOptions, output};
use serde_json::Value;

#[derive(Clone)]
struct Case {
    tables: Tables,
    params: Vec<(String, Const)>,
    files: Vec<(String, String)>,
    now: i64,
    query: String,
    gap: bool,
    /// Values stand beside their columns.
    beside: bool,
    expected: Vec<String>,
    lines: Range<usize>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn golden_files_hold() {
    let root = root();
    let mut files = Vec::new();
    gather(&root, &mut files);
    files.sort();
    assert!(!files.is_empty(), "no golden files in {}", root.display());
    let bless = std::env::var_os("POSTERN_BLESS").is_some();
    let only = std::env::var("POSTERN_GOLDEN").unwrap_or_default();
    let mut failures = String::new();
    for file in files.iter().filter(|f| f.to_string_lossy().contains(&only)) {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(&root).unwrap().display();
        let mut better = Vec::new();
        for case in parse(&text) {
            let actual = run(&case).await;
            let same = actual == case.expected;
            let line = case.lines.start + 1;
            if case.gap && same {
                writeln!(failures, "\n{name}:{line}: the gap is closed, take its mark away").unwrap();
            } else if !case.gap && !same && !bless {
                writeln!(failures, "\n{name}:{line}\n  expected:").unwrap();
                case.expected.iter().for_each(|l| writeln!(failures, "    {l}").unwrap());
                writeln!(failures, "  got:").unwrap();
                actual.iter().for_each(|l| writeln!(failures, "    {l}").unwrap());
            } else if !case.gap && !same {
                better.push((case, actual));
            }
        }
        if !better.is_empty() {
            std::fs::write(file, blessed(&text, &better)).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|e| e == "kql") {
            files.push(path);
        }
    }
}

/// What stands before the value of a column, at the end of its line.
const BESIDE: &str = " // = ";

fn parse(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = Case {
        tables: Tables::new(),
        params: vec![],
        files: vec![],
        now: ticks("2024-05-15T12:00:00Z"),
        query: String::new(),
        gap: false,
        beside: false,
        expected: vec![],
        lines: 0..0,
    };
    let mut table: Option<(String, Vec<Column>, Vec<Vec<String>>)> = None;
    let (mut block, mut file) = (false, false);
    for (number, line) in text.lines().enumerate() {
        if block && let Some(line) = line.strip_prefix("//") {
            case.expected.push(line.trim().to_owned());
            continue;
        }
        if block || (case.beside && line.trim().is_empty()) {
            case.lines.end = number;
            // Lines of the file are lines of the query, so that places in messages are places in the file.
            let query = "\n".repeat(number);
            let next =
                Case { query, gap: false, beside: false, expected: vec![], lines: number..number, ..case.clone() };
            cases.push(std::mem::replace(&mut case, next));
            block = false;
        }
        if let (Some((_, columns, rows)), Some(row)) = (&mut table, line.strip_prefix("//   ")) {
            let cells: Vec<String> = row.split('|').map(|c| c.trim().to_owned()).collect();
            assert_eq!(cells.len(), columns.len(), "row `{row}`");
            rows.push(cells);
        } else if let (true, Some(row)) = (file, line.strip_prefix("//   ")) {
            let (_, text) = case.files.last_mut().unwrap();
            text.push_str(row);
            text.push('\n');
            case.query.push('\n');
            continue;
        } else if let Some(name) = line.strip_prefix("// file ") {
            add(&mut case.tables, table.take());
            case.files.push((name.trim().to_owned(), String::new()));
            file = true;
            case.query.push('\n');
            continue;
        } else if let Some(head) = line.strip_prefix("// table ") {
            add(&mut case.tables, table.take());
            table = Some(header(head));
        } else if let Some(param) = line.strip_prefix("// param ") {
            let (name, value) = param.split_once('=').expect("`// param NAME = value`");
            case.params.push((name.trim().to_owned(), Const::String(value.trim().to_owned())));
        } else if let Some(now) = line.strip_prefix("// now ") {
            case.now = ticks(now.trim());
        } else if line.starts_with("// gap:") {
            case.gap = true;
        } else if let Some(head) = line.strip_prefix("// ----") {
            add(&mut case.tables, table.take());
            case.expected.push(head.trim().to_owned());
            block = true;
            continue;
        } else {
            if let Some((column, value)) = line.rsplit_once(BESIDE) {
                let name = column.split(" = ").next().and_then(|n| n.split_whitespace().last()).unwrap_or_default();
                case.expected.push(format!("{name}: {}", value.trim()));
                case.beside = true;
            }
            case.query.push_str(line);
        }
        file = false;
        case.query.push('\n');
    }
    if block || case.beside {
        add(&mut case.tables, table.take());
        case.lines.end = text.lines().count();
        cases.push(case);
    } else {
        assert!(case.query.lines().all(|l| l.is_empty() || l.starts_with("//")), "a query without an expected result");
    }
    cases
}

fn header(head: &str) -> (String, Vec<Column>, Vec<Vec<String>>) {
    let (name, columns) = head.split_once(':').expect("`// table Name: column:type, …`");
    let columns = columns
        .split(',')
        .map(|c| {
            let (name, ty) = c.split_once(':').expect("column:type");
            let name = name.trim();
            let ty = KqlType::parse(ty.trim()).expect("a KQL type");
            Column { hidden: name.starts_with('_'), ..Column::new(name, ty) }
        })
        .collect();
    (name.trim().to_owned(), columns, vec![])
}

fn ticks(text: &str) -> i64 {
    let value = chrono::DateTime::parse_from_rfc3339(text).expect("an RFC 3339 instant");
    postern_kql::types::UNIX_EPOCH_TICKS
        + value.timestamp() * 10_000_000
        + i64::from(value.timestamp_subsec_nanos() / 100)
}

fn add(tables: &mut Tables, table: Option<(String, Vec<Column>, Vec<Vec<String>>)>) {
    let Some((name, columns, rows)) = table else { return };
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        let cells: Vec<Option<&str>> = rows
            .iter()
            .map(|row| Some(row[index].as_str()).filter(|c| *c != "null").map(|c| if c == "\"\"" { "" } else { c }))
            .collect();
        let array: ArrayRef = match column.ty {
            KqlType::Bool => Arc::new(BooleanArray::from_iter(cells.iter().map(|c| c.map(|c| c == "true")))),
            KqlType::Int => Arc::new(Int32Array::from_iter(cells.iter().map(|c| c.map(|c| c.parse().unwrap())))),
            KqlType::Long => Arc::new(Int64Array::from_iter(cells.iter().map(|c| c.map(|c| c.parse().unwrap())))),
            KqlType::Real => Arc::new(Float64Array::from_iter(cells.iter().map(|c| c.map(|c| c.parse().unwrap())))),
            KqlType::DateTime => {
                let nanos = cells.iter().map(|c| {
                    c.map(|c| chrono::DateTime::parse_from_rfc3339(c).unwrap().timestamp_nanos_opt().unwrap())
                });
                Arc::new(TimestampNanosecondArray::from_iter(nanos).with_timezone("UTC"))
            }
            KqlType::String => Arc::new(StringViewArray::from_iter_values(cells.iter().map(|c| c.unwrap_or_default()))),
            KqlType::Guid | KqlType::Dynamic => Arc::new(StringViewArray::from_iter(cells)),
            other => panic!("tables of golden files have no `{other}` columns"),
        };
        let ty = match column.ty {
            KqlType::DateTime => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            ty => ty.arrow(),
        };
        fields.push(Field::new(&column.name, ty, column.ty != KqlType::String));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
    let provider = Arc::new(MemTable::try_new(schema, vec![vec![batch]]).unwrap());
    tables.add(TableDef { name, columns, source: TableSource::Provider(provider) });
}

async fn run(case: &Case) -> Vec<String> {
    let folder = Folder::of(&case.files);
    let options = PlanOptions {
        now: case.now,
        params: case.params.clone(),
        external: folder.iter().map(|f| f.0.clone()).collect(),
        ..PlanOptions::default()
    };
    let session = postern_kql::session();
    let planned = match postern_kql::plan(&case.query, &case.tables, &options, &session).await {
        Ok(planned) => planned,
        Err(diagnostics) => {
            let mut lines = Vec::new();
            for found in diagnostics {
                let (line, column) = postern_kql_syntax::line_column(&case.query, found.span.start);
                lines.push(format!("error {} at {line}:{column}: {}", found.code, found.message));
                lines.extend(found.hint.iter().map(|h| format!("hint: {h}")));
            }
            return lines;
        }
    };
    let mut results = match postern_kql::collect_all(&session, planned.plans()).await {
        Ok(results) => results,
        Err(error) => return vec![format!("error while running: {}", error.strip_backtrace())],
    };
    let further = results.split_off(1);
    let rows = output::rows(&results.remove(0), &planned.columns);
    if let (true, [row]) = (case.beside, rows.as_slice()) {
        let values = row.iter().zip(&planned.columns);
        return values.map(|(value, c)| format!("{}: {} {}", c.name, c.ty, cell(value, c.ty))).collect();
    }
    if further.is_empty() {
        return table(&rows, &planned.columns, planned.sorted);
    }
    let mut lines = vec![format!("result {}", planned.name)];
    lines.extend(table(&rows, &planned.columns, planned.sorted));
    for (planned, batches) in planned.further.iter().zip(&further) {
        lines.push(format!("result {}", planned.name));
        lines.extend(table(&output::rows(batches, &planned.columns), &planned.columns, planned.sorted));
    }
    lines
}

fn table(rows: &[Vec<Value>], columns: &[Column], sorted: bool) -> Vec<String> {
    let head: Vec<String> = columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect();
    let mut rows: Vec<String> = rows
        .iter()
        .map(|row| row.iter().zip(columns).map(|(v, c)| cell(v, c.ty)).collect::<Vec<_>>().join(" | "))
        .collect();
    if !sorted {
        rows.sort();
    }
    let mut lines = vec![head.join(" | ")];
    lines.extend(rows);
    lines
}

/// The files of a case; gone when the case has run.
struct Folder(PathBuf);

impl Folder {
    fn of(files: &[(String, String)]) -> Option<Self> {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        if files.is_empty() {
            return None;
        }
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("postern-golden-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            std::fs::write(path.join(name), text).unwrap();
        }
        Some(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn cell(value: &Value, ty: KqlType) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) if ty != KqlType::Dynamic && text.is_empty() => "\"\"".to_owned(),
        Value::String(text) if ty != KqlType::Dynamic => text.replace('\n', "\\n"),
        other => other.to_string(),
    }
}

fn blessed(text: &str, better: &[(Case, Vec<String>)]) -> String {
    let mut out = String::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut done = 0;
    for (case, actual) in better {
        out.extend(lines[done..case.lines.start].iter().flat_map(|l| [l, "\n"]));
        let mut values = actual.iter();
        for line in &lines[case.lines.clone()] {
            if let Some((column, old)) = line.rsplit_once(BESIDE) {
                let new = values.next().and_then(|v| v.split_once(": ")).map_or(old, |(_, v)| v);
                writeln!(out, "{column}{BESIDE}{new}").unwrap();
            } else if line.starts_with("// ----") {
                for (index, line) in actual.iter().enumerate() {
                    writeln!(out, "{}{line}", if index == 0 { "// ---- " } else { "// " }).unwrap();
                }
                break;
            } else {
                writeln!(out, "{line}").unwrap();
            }
        }
        done = case.lines.end;
    }
    out.extend(lines[done..].iter().flat_map(|l| [l, "\n"]));
    out
}
