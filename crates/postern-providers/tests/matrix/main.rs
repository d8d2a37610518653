//! One set of records in every shape, encoding, notation of dates, delimiter and container that exports come in: the
//! same rows come back from each.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod audit;
mod containers;
mod hunting;
mod messages;
mod sign_ins;
mod texts;

use std::fs;
use std::path::Path;

use postern_ingest::{DryRun, IngestOptions, Lake, dry_run, ingest};
use postern_model::row::{RowKey, Value};
use postern_model::schema::Schemas;
use postern_providers::formats;

/// One set of records in several shapes.
pub(crate) struct Set {
    pub(crate) table: &'static str,
    pub(crate) count: usize,
    /// Columns to compare; all but the raw record where there are none.
    pub(crate) columns: Option<&'static [&'static str]>,
    pub(crate) shapes: Vec<Shape>,
}

/// A file of some shape: what to call it in a message, the format it is, and its text.
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) format: &'static str,
    pub(crate) text: String,
}

impl Shape {
    pub(crate) fn new(name: &str, format: &'static str, text: String) -> Self {
        Self { name: name.to_owned(), format, text }
    }
}

/// The text in each encoding that PowerShell, portals and spreadsheets write.
fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let wide = |text: &str, little: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    let marked = format!("\u{feff}{text}");
    vec![
        ("utf-8", text.as_bytes().to_vec()),
        ("utf-8 with a mark", marked.as_bytes().to_vec()),
        ("utf-16le", wide(&marked, true)),
        ("utf-16be", wide(&marked, false)),
        ("utf-16le without a mark", wide(text, true)),
        ("utf-16be without a mark", wide(text, false)),
    ]
}

pub(crate) fn read(bytes: &[u8]) -> DryRun {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("input");
    fs::write(&path, bytes).unwrap();
    dry_run(&path, formats(), Schemas::builtin().unwrap(), &IngestOptions::default()).unwrap()
}

/// The rows, one text each, in order of their keys. `columns`: those that all shapes can say.
pub(crate) fn rows(run: &DryRun, columns: Option<&[&str]>) -> Vec<String> {
    let mut rows: Vec<String> = run
        .rows
        .iter()
        .map(|row| {
            let key = match &row.key {
                RowKey::Record(key) => key.trim(),
                RowKey::Content(_) => "by its content",
            };
            let mut out = format!("{} {key}", row.table.name);
            for (column, value) in row.table.columns.iter().zip(&row.values) {
                let name = column.name.as_str();
                let wanted = columns.map_or(name != "RawEventData", |columns| columns.contains(&name));
                if wanted && !matches!(value, Value::Null) && *value != Value::String(String::new()) {
                    out.push_str(&format!("\n  {name} = {value:?}"));
                }
            }
            out
        })
        .collect();
    rows.sort();
    // Several lines of one file may tell of one row.
    rows.dedup();
    rows
}

/// Reads the bytes, and compares.
pub(crate) fn gives(what: &str, format: &str, bytes: &[u8], columns: Option<&[&str]>, expected: &[String]) {
    let run = read(bytes);
    assert_eq!(run.account.format, format, "{what}: {:#?}", run.account);
    assert!(run.account.rejected.is_empty(), "{what}: {:#?}", run.account.rejected);
    let found = rows(&run, columns);
    assert_eq!(found.join("\n"), expected.join("\n"), "{what}");
}

#[test]
fn every_shape_in_every_encoding_gives_the_same_rows() {
    for set in [audit::whole(), audit::parts(), messages::set(), sign_ins::set(), sign_ins::changes()] {
        let expected = rows(&read(set.shapes[0].text.as_bytes()), set.columns);
        assert_eq!(expected.len(), set.count);
        let mut files = 0;
        for shape in &set.shapes {
            for (encoding, bytes) in encodings(&shape.text) {
                let what = format!("{} in {encoding}", shape.name);
                gives(&what, shape.format, &bytes, set.columns, &expected);
                gives(&format!("{what}, gzip"), shape.format, &containers::gzip(&bytes), set.columns, &expected);
                gives(&format!("{what}, zstd"), shape.format, &containers::zstd(&bytes), set.columns, &expected);
                files += 3;
            }
        }
        assert!(files >= 18 * set.shapes.len());
    }
}

/// The digest of a store into which one folder was read.
async fn digest(folder: &Path, table: &str, count: usize, what: &str) -> String {
    let lake = Lake::temporary().await.unwrap();
    let account = ingest(&[folder.to_owned()], formats(), &lake, &IngestOptions::default()).await.unwrap();
    assert_eq!(account.files.len(), 1, "{what}: {account:#?}");
    assert_eq!(account.files[0].rows.get(table), Some(&(count as u64)), "{what}: {account:#?}");
    assert!(account.files[0].adds_up() && account.files[0].rejected_count == 0, "{what}: {account:#?}");
    lake.store_digest(table).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_in_every_container_gives_the_same_store() {
    let set = audit::whole();
    // Containers know nothing of delimiters and dates: one of each kind is enough.
    let plain = |name: &str| !name.contains("';'") && !name.contains("'\\t'");
    let dates = |name: &str| !name.starts_with("Purview") || name.ends_with("en-AU");
    for shape in set.shapes.iter().filter(|shape| plain(&shape.name) && dates(&shape.name)) {
        let wide: Vec<u8> = shape.text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for content in [shape.text.clone().into_bytes(), wide] {
            let mut expected = None;
            for (container, bytes) in [
                ("folder", content.clone()),
                ("zip", containers::zip("case/export", &content)),
                ("tar", containers::tar("case/export", &content)),
                ("tar.gz", containers::gzip(&containers::tar("case/export", &content))),
                ("tar.zst", containers::zstd(&containers::tar("case/export", &content))),
                ("7z", containers::seven_zip(&[("case/export", &content)])),
            ] {
                let dir = tempfile::tempdir().unwrap();
                fs::create_dir_all(dir.path().join("deep/er")).unwrap();
                fs::write(dir.path().join("deep/er/input"), bytes).unwrap();
                let what = format!("{} in {container}", shape.name);
                let found = digest(dir.path(), set.table, set.count, &what).await;
                assert_eq!(expected.get_or_insert_with(|| found.clone()), &found, "{what}");
            }
        }
    }
}
