//! Reading: a snapshot of the committed state and the tables in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use postern_model::schema::Schemas;
use postern_model::time::Ticks;

use crate::error::LakeError;
use crate::lake::Inner;
use crate::manifest::DataFile;
use crate::provider::StoredTable;

/// One input file as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// The id, as in the hidden column `_File`.
    pub id: i32,
    /// The path under which this content was first read.
    pub path: String,
    /// Digest of the content, as given to [`crate::Writer::begin_file`].
    pub digest: String,
    /// The format's name.
    pub format: String,
    /// Rows that this file brought first. A better row may have replaced one since.
    pub rows: u64,
    /// Rows of this file that replaced one of worse rank.
    pub better_rows: u64,
    /// Rejected records.
    pub rejected: u64,
    /// The highest record number that was committed.
    pub last_position: u64,
    /// True when the file was read to its end ([`crate::Writer::end_file`]) and all of it is committed.
    pub complete: bool,
    /// Cells whose value the store cannot hold and keeps as null, by `Table.Column`: a date before 1677-09-21 or after
    /// 2262-04-11, a number too large for an `int`.
    pub lost_cells: BTreeMap<String, u64>,
}

/// A record that could not become a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectRecord {
    /// The record's number in the file, counted from 1; 0 for the file as a whole.
    pub position: u64,
    /// Why.
    pub reason: String,
    /// The record's text, cut at 64 KiB; `None` where there is none or too much was rejected to keep it.
    pub raw: Option<String>,
}

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSummary {
    /// The table.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// Earliest and latest value of the time column.
    pub span: Option<(Ticks, Ticks)>,
    /// Bytes of its Parquet files.
    pub bytes: u64,
    /// How many these are.
    pub files: u64,
}

/// One committed state of the store, for all tables at once. Later commits do not change it. Cheap to clone.
#[derive(Clone)]
pub struct Snapshot {
    inner: Arc<Inner>,
    tables: Arc<BTreeMap<String, Vec<Arc<DataFile>>>>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("tables", &self.tables.keys()).finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(crate) async fn load(inner: &Arc<Inner>) -> Result<Self, LakeError> {
        let mut tables: BTreeMap<String, Vec<Arc<DataFile>>> = BTreeMap::new();
        for file in inner.manifest.data_files().await? {
            tables.entry(file.table.clone()).or_default().push(Arc::new(file));
        }
        Ok(Self { inner: Arc::clone(inner), tables: Arc::new(tables) })
    }

    /// The tables.
    pub fn schemas(&self) -> &Arc<Schemas> {
        &self.inner.schemas
    }

    fn files(&self, table: &str) -> &[Arc<DataFile>] {
        self.tables.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    /// The stored rows of a table for the query engine, with the hidden columns `_File` and `_Position` last. A table
    /// without rows is an empty table of the right columns.
    pub fn provider(&self, table: &str) -> Result<Arc<dyn TableProvider>, LakeError> {
        let schema = self.inner.schemas.get(table);
        let schema = schema.ok_or_else(|| LakeError::UnknownTable { table: table.to_owned() })?;
        Ok(Arc::new(StoredTable::new(&self.inner, schema, self.files(table))?))
    }

    /// How many rows the table has.
    pub fn rows(&self, table: &str) -> u64 {
        self.files(table).iter().map(|file| file.living()).sum()
    }

    /// The earliest and latest value of the table's time column; `None` without any.
    pub fn span(&self, table: &str) -> Option<(Ticks, Ticks)> {
        let files = self.files(table);
        let from = files.iter().filter_map(|file| file.extent.min).min()?;
        let to = files.iter().filter_map(|file| file.extent.max).max()?;
        Some((Ticks::from_unix_nanos(from), Ticks::from_unix_nanos(to)))
    }

    /// Every table that has rows, in order of name.
    pub fn summaries(&self) -> Vec<TableSummary> {
        let summary = |(table, files): (&String, &Vec<Arc<DataFile>>)| TableSummary {
            table: table.clone(),
            rows: self.rows(table),
            span: self.span(table),
            bytes: files.iter().map(|file| file.bytes).sum(),
            files: files.len() as u64,
        };
        self.tables.iter().map(summary).filter(|summary| summary.rows > 0).collect()
    }
}
