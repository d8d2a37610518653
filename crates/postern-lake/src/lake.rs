//! Opening a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::execution::cache::cache_manager::{CachedFileMetadataEntry, FileMetadataCache};
use datafusion::execution::cache::default_cache::DefaultCache;
use object_store::path::Path as StorePath;
use postern_model::schema::Schemas;
use postern_model::time::Ticks;
use tempfile::TempDir;

use crate::error::LakeError;
use crate::folder::Folder;
use crate::manifest::Manifest;
use crate::{FileRecord, RejectRecord, Snapshot, TableSummary};

/// A moment in the work of a writer, for tests that break it off there.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Rows were written to a data file that is still open.
    RowsWritten,
    /// A data file is complete and durable; the manifest does not know it.
    FileClosed,
    /// The transaction of a commit is filled and not ended.
    TransactionFilled,
    /// The transaction has ended; the writer does not know it.
    Committed,
}

/// Called at each [`Step`]; an error fails the work there.
#[doc(hidden)]
pub type OnStep = Arc<dyn Fn(Step) -> std::io::Result<()> + Send + Sync>;

/// How a store is opened.
#[derive(Clone, Default)]
pub struct LakeOptions {
    /// The tables; the built-in ones when `None`.
    pub schemas: Option<Arc<Schemas>>,
    /// Called once when a writer has to wait because another process (or writer) holds the lock.
    pub on_wait: Option<Arc<dyn Fn() + Send + Sync>>,
    /// For tests of broken runs.
    #[doc(hidden)]
    pub on_step: Option<OnStep>,
}

impl LakeOptions {
    pub(crate) fn wait(&self) {
        if let Some(on_wait) = &self.on_wait {
            on_wait();
        }
    }

    pub(crate) fn step(&self, step: Step) -> std::io::Result<()> {
        self.on_step.as_ref().map_or(Ok(()), |on_step| on_step(step))
    }
}

/// The most memory that footers of data files may take.
const FOOTER_BYTES: usize = 64 << 20;

/// What all clones of a store share.
pub(crate) struct Inner {
    pub(crate) folder: Folder,
    pub(crate) manifest: Manifest,
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) options: LakeOptions,
    /// Commits are forced to disk.
    pub(crate) durable: bool,
    /// Footers of data files that were read: a data file never changes, and a case is many queries.
    pub(crate) footers: Arc<FileMetadataCache>,
    /// Removes a temporary store's folder on drop.
    temporary: Option<TempDir>,
}

impl Inner {
    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }
}

/// A store. Cheap to clone; all clones are the same store.
#[derive(Clone)]
pub struct Lake {
    pub(crate) inner: Arc<Inner>,
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lake").field("path", &self.path()).finish_non_exhaustive()
    }
}

impl Lake {
    /// Opens the store in `dir` with the built-in tables; makes it when the folder is missing or empty.
    pub async fn open(dir: impl AsRef<Path>) -> Result<Self, LakeError> {
        Self::open_with(dir, LakeOptions::default()).await
    }

    /// [`Lake::open`] with options.
    pub async fn open_with(dir: impl AsRef<Path>, options: LakeOptions) -> Result<Self, LakeError> {
        let dir = dir.as_ref();
        if let Some(lake) = Self::find(dir, &options).await? {
            return Ok(lake);
        }
        let folder = Folder::new(dir);
        folder.prepare()?;
        let folder = absolute(dir)?;
        // Of several that make the store at once, one does and the others find it made.
        let _lock = folder.lock(|| ()).await?;
        if let Some(lake) = Self::find(dir, &options).await? {
            return Ok(lake);
        }
        let manifest = Manifest::create(folder.path(), true).await?;
        Self::new(folder, manifest, options, None)
    }

    /// Opens the store in `dir`; an error when there is none.
    pub async fn open_existing(dir: impl AsRef<Path>) -> Result<Self, LakeError> {
        Self::open_existing_with(dir, LakeOptions::default()).await
    }

    /// [`Lake::open_existing`] with options.
    pub async fn open_existing_with(dir: impl AsRef<Path>, options: LakeOptions) -> Result<Self, LakeError> {
        let dir = dir.as_ref();
        Self::find(dir, &options).await?.ok_or_else(|| LakeError::NoStore { path: dir.to_owned() })
    }

    /// A store in a new folder of the system's temporary folder, removed when the last clone, snapshot, provider and
    /// writer of it is dropped. Its commits are not forced to disk.
    pub async fn temporary() -> Result<Self, LakeError> {
        Self::temporary_with(LakeOptions::default()).await
    }

    /// [`Lake::temporary`] with options.
    pub async fn temporary_with(options: LakeOptions) -> Result<Self, LakeError> {
        let temporary = tempfile::Builder::new()
            .prefix("postern-")
            .tempdir()
            .map_err(|e| LakeError::io("make a folder in", &std::env::temp_dir())(e))?;
        let folder = absolute(temporary.path())?;
        folder.prepare()?;
        let manifest = Manifest::create(folder.path(), false).await?;
        Self::new(folder, manifest, options, Some(temporary))
    }

    /// The store in `dir` if there is a complete one.
    async fn find(dir: &Path, options: &LakeOptions) -> Result<Option<Self>, LakeError> {
        if !dir.exists() {
            return Ok(None);
        }
        let folder = absolute(dir)?;
        match Manifest::open(folder.path(), true).await? {
            Some(manifest) => Self::new(folder, manifest, options.clone(), None).map(Some),
            None => Ok(None),
        }
    }

    fn new(
        folder: Folder,
        manifest: Manifest,
        options: LakeOptions,
        temporary: Option<TempDir>,
    ) -> Result<Self, LakeError> {
        let schemas = match &options.schemas {
            Some(schemas) => Arc::clone(schemas),
            None => Arc::clone(Schemas::builtin().map_err(|source| LakeError::Schemas { source })?),
        };
        let durable = temporary.is_none();
        let footers = Arc::new(DefaultCache::<StorePath, CachedFileMetadataEntry>::new(FOOTER_BYTES));
        let inner = Inner { folder, manifest, schemas, options, durable, footers, temporary };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The tables this store was opened with.
    pub fn schemas(&self) -> &Arc<Schemas> {
        &self.inner.schemas
    }

    /// The store's folder.
    pub fn path(&self) -> &Path {
        self.inner.folder.path()
    }

    /// The committed state of now, for all tables at once.
    pub async fn snapshot(&self) -> Result<Snapshot, LakeError> {
        Snapshot::load(&self.inner).await
    }

    /// One table as committed now; see [`Snapshot::provider`].
    pub async fn provider(&self, table: &str) -> Result<Arc<dyn TableProvider>, LakeError> {
        self.snapshot().await?.provider(table)
    }

    /// How many rows the table has.
    pub async fn rows(&self, table: &str) -> Result<u64, LakeError> {
        Ok(self.snapshot().await?.rows(table))
    }

    /// The earliest and latest value of the table's time column; `None` without any.
    pub async fn span(&self, table: &str) -> Result<Option<(Ticks, Ticks)>, LakeError> {
        Ok(self.snapshot().await?.span(table))
    }

    /// Rows, time span and size of every table that has rows, in order of name.
    pub async fn summaries(&self) -> Result<Vec<TableSummary>, LakeError> {
        Ok(self.snapshot().await?.summaries())
    }

    /// The input files, in the order they were first committed.
    pub async fn files(&self) -> Result<Vec<FileRecord>, LakeError> {
        self.inner.manifest.sources().await
    }

    /// The input file with this content digest, if it was ever committed.
    pub async fn file_by_digest(&self, digest: &str) -> Result<Option<FileRecord>, LakeError> {
        Ok(self.files().await?.into_iter().find(|file| file.digest == digest))
    }

    /// The records of an input file that could not become rows, in order of position.
    pub async fn rejects(&self, file: i32) -> Result<Vec<RejectRecord>, LakeError> {
        self.inner.manifest.rejects(file).await
    }

    /// True for a store that goes away by itself.
    pub fn is_temporary(&self) -> bool {
        self.inner.is_temporary()
    }

    /// The files that hold the rejected records of an input file whole, one per commit that had any: JSON lines with
    /// `position`, `reason` and `raw` (null where there is no text).
    pub fn rejects_files(&self, file: i32) -> Result<Vec<PathBuf>, LakeError> {
        let beginning = format!("{file:06}-");
        let mut files = crate::folder::read_folder(&self.path().join(crate::write::REJECTS))?;
        files.retain(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(&beginning)));
        files.sort();
        Ok(files)
    }

    /// A digest of all rows of a table that does not depend on their order or on how files are numbered: two stores
    /// with the same rows from the same records of the same file contents have the same digest.
    pub async fn store_digest(&self, table: &str) -> Result<String, LakeError> {
        crate::digest::digest(self, table).await
    }
}

/// The folder under its real name, which the query engine needs.
fn absolute(dir: &Path) -> Result<Folder, LakeError> {
    let path = dir.canonicalize().map_err(LakeError::io("open", dir))?;
    Ok(Folder::new(&path))
}
