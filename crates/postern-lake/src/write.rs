//! Writing: rows in, Parquet files and one SQL transaction out.

use postern_model::row::Row;

use crate::LakeError;

/// An input file within a writer; the number is the one in the hidden column `_File`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub i32);

/// What became of a pushed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// A row that was not there before.
    New,
    /// The same row is there already, from this file or another, of the same or a better rank.
    Duplicate,
    /// The row replaces one of worse rank with the same key. The number of rows in the store stays.
    Superseded,
    /// The row cannot be stored, for this reason. Nothing was recorded: the caller does so with [`Writer::reject`],
    /// which can keep the raw text too.
    Rejected(String),
}

/// The one writer of a store. Nothing is visible to readers before [`Writer::commit`]; dropping the writer forgets what
/// was pushed since the last one.
pub struct Writer {}

impl Writer {
    /// Begins an input file (or one part of it, from the start): `digest` is the lower-case SHA-256 of its content and
    /// its identity: content met before keeps its id, whatever its path. Records must be pushed from the first one on,
    /// also when part of the file was committed earlier: what is there already is a [`Pushed::Duplicate`].
    pub async fn begin_file(&mut self, path: &str, digest: &str, format: &str) -> Result<FileId, LakeError> {
        todo!()
    }

    /// Takes one row. Full buffers go to disk on another thread; memory is bounded.
    pub fn push(&mut self, file: FileId, row: Row) -> Result<Pushed, LakeError> {
        todo!()
    }

    /// Records that a record could not become a row. Doing so again (same position and reason) changes nothing.
    pub fn reject(&mut self, file: FileId, position: u64, reason: &str, raw: Option<&str>) -> Result<(), LakeError> {
        todo!()
    }

    /// The file was read to its end; with the next commit it is [`crate::FileRecord::complete`].
    pub fn end_file(&mut self, file: FileId) {
        todo!()
    }

    /// Makes everything pushed and rejected so far durable and visible, or nothing of it. After an error of the
    /// manifest it may be called again; a commit that had in fact succeeded is then recognised and not repeated.
    pub async fn commit(&mut self) -> Result<(), LakeError> {
        todo!()
    }
}
