//! Opening a store.

use std::path::Path;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use postern_model::schema::Schemas;
use postern_model::time::Ticks;

use crate::{FileRecord, LakeError, RejectRecord, Snapshot, TableSummary, Writer};

/// How a store is opened.
#[derive(Clone, Default)]
pub struct LakeOptions {
    /// The tables; the built-in ones when `None`.
    pub schemas: Option<Arc<Schemas>>,
    /// Called once when a writer has to wait because another process (or writer) holds the lock.
    pub on_wait: Option<Arc<dyn Fn() + Send + Sync>>,
}

/// A store. Cheap to clone; all clones are the same store.
#[derive(Clone)]
pub struct Lake {}

impl Lake {
    /// Opens the store in `dir` with the built-in tables; makes it when the folder is missing or empty.
    pub async fn open(dir: impl AsRef<Path>) -> Result<Self, LakeError> {
        Self::open_with(dir, LakeOptions::default()).await
    }

    /// [`Lake::open`] with options.
    pub async fn open_with(dir: impl AsRef<Path>, options: LakeOptions) -> Result<Self, LakeError> {
        todo!()
    }

    /// Opens the store in `dir`; an error when there is none.
    pub async fn open_existing(dir: impl AsRef<Path>) -> Result<Self, LakeError> {
        Self::open_existing_with(dir, LakeOptions::default()).await
    }

    /// [`Lake::open_existing`] with options.
    pub async fn open_existing_with(dir: impl AsRef<Path>, options: LakeOptions) -> Result<Self, LakeError> {
        todo!()
    }

    /// A store in a new folder of the system's temporary folder, removed when the last clone, snapshot, provider and
    /// writer of it is dropped.
    pub async fn temporary() -> Result<Self, LakeError> {
        Self::temporary_with(LakeOptions::default()).await
    }

    /// [`Lake::temporary`] with options.
    pub async fn temporary_with(options: LakeOptions) -> Result<Self, LakeError> {
        todo!()
    }

    /// The tables this store was opened with.
    pub fn schemas(&self) -> &Arc<Schemas> {
        todo!()
    }

    /// The store's folder.
    pub fn path(&self) -> &Path {
        todo!()
    }

    /// The committed state of now, for all tables at once.
    pub async fn snapshot(&self) -> Result<Snapshot, LakeError> {
        todo!()
    }

    /// One table as committed now; see [`Snapshot::provider`].
    pub async fn provider(&self, table: &str) -> Result<Arc<dyn TableProvider>, LakeError> {
        todo!()
    }

    /// How many rows the table has.
    pub async fn rows(&self, table: &str) -> Result<u64, LakeError> {
        todo!()
    }

    /// The earliest and latest value of the table's time column; `None` without any.
    pub async fn span(&self, table: &str) -> Result<Option<(Ticks, Ticks)>, LakeError> {
        todo!()
    }

    /// Rows, time span and size of every table that has rows, in order of name.
    pub async fn summaries(&self) -> Result<Vec<TableSummary>, LakeError> {
        todo!()
    }

    /// The input files, in the order they were first committed.
    pub async fn files(&self) -> Result<Vec<FileRecord>, LakeError> {
        todo!()
    }

    /// The input file with this content digest, if it was ever committed.
    pub async fn file_by_digest(&self, digest: &str) -> Result<Option<FileRecord>, LakeError> {
        todo!()
    }

    /// The records of an input file that could not become rows, in order of position.
    pub async fn rejects(&self, file: i32) -> Result<Vec<RejectRecord>, LakeError> {
        todo!()
    }

    /// The one writer. Waits while another process or writer has it; orphans of a broken run are removed here.
    pub async fn writer(&self) -> Result<Writer, LakeError> {
        todo!()
    }

    /// A digest of all rows of a table that does not depend on their order or on how files are numbered: two stores
    /// with the same rows from the same records of the same file contents have the same digest.
    pub async fn store_digest(&self, table: &str) -> Result<String, LakeError> {
        todo!()
    }
}
