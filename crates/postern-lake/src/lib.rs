//! The store: events as Parquet files, and a SQL manifest that says which of them count.
//!
//! ```text
//! <data>/manifest.sqlite             what is committed: input files, data files, keys, rejects
//! <data>/tables/<Table>/<name>.parquet   rows, written once and never changed
//! <data>/rejects/<file>-<commit>.ndjson  rejected records, whole
//! <data>/lock                        held by the one writer
//! ```
//!
//! A Parquet file counts from the moment the manifest names it, and the manifest changes in one SQL transaction per
//! commit: the data files, the keys of their rows, the rows they replace, the rejected records and the input files'
//! state, all or nothing. A process that dies before leaves a file that no one reads and that the next writer removes.
//!
//! Writing: [`Lake::writer`], [`Writer::begin_file`], [`Writer::push`], [`Writer::reject`], [`Writer::commit`].
//! Reading: [`Lake::snapshot`] is one state of the store across all tables, unmoved by later commits;
//! [`Snapshot::provider`] gives a table to the query engine.
//!
//! ```no_run
//! # async fn example(row: postern_model::row::Row) -> Result<(), postern_lake::LakeError> {
//! let lake = postern_lake::Lake::open("evidence").await?;
//! let mut writer = lake.writer().await?;
//! let file = writer.begin_file("audit.csv", "0f3a…", "purview-audit-csv").await?;
//! let pushed = writer.push(file, row)?;
//! writer.end_file(file);
//! writer.commit().await?;
//! # let _ = pushed; Ok(()) }
//! ```

mod check;
mod columns;
mod digest;
mod error;
mod folder;
mod keys;
mod lake;
mod manifest;
mod parquet_file;
mod provider;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use check::{CheckReport, Problem};
pub use error::LakeError;
pub use lake::{Lake, LakeOptions};
#[doc(hidden)]
pub use lake::{OnStep, Step};
pub use read::{FileRecord, RejectRecord, Snapshot, TableSummary};
pub use write::{Change, FileId, Pushed, Rewritten, TextRow, Writer, rejects_pattern};

/// Hidden column of every stored table: the id of the input file, as in [`FileRecord::id`] (Arrow `Int32`).
pub const FILE_COLUMN: &str = "_File";

/// Hidden column of every stored table: the record's number in its file, counted from 1 (Arrow `Int64`).
pub const POSITION_COLUMN: &str = "_Position";

/// Field metadata key that names a column's KQL type.
pub const TYPE_KEY: &str = "kql.type";
