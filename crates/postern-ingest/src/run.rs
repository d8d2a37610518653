//! The run over many files.

use std::path::PathBuf;
use std::sync::Arc;

use postern_lake::{Lake, LakeError};
use postern_model::account::{FileAccount, IngestAccount, NOT_RECOGNISED, UNREADABLE};
use postern_places::Places;

use crate::format::{Format, MissingTable};
use crate::pipeline::FileRun;
use crate::source::Limits;
use crate::walk::{Found, walk};
use crate::{files, totals};

/// Told what is going on; all methods do nothing by default.
pub trait Progress: Send + Sync {
    /// The files to read are known.
    fn begin(&self, _files: usize, _bytes: u64) {}
    /// A file is about to be read.
    fn file(&self, _path: &str, _bytes: u64) {}
    /// A member of the file, which is an archive, is about to be read.
    fn member(&self, _path: &str, _bytes: u64) {}
    /// So many bytes of it were read from the disk since the last call.
    fn bytes(&self, _count: u64) {}
    /// So many records of it were dealt with since the last call.
    fn records(&self, _count: u64) {}
    /// A file, or a member of one, is done with.
    fn done(&self, _account: &FileAccount) {}
}

/// How to ingest.
#[derive(Clone)]
pub struct IngestOptions {
    /// Told what is going on.
    pub progress: Option<Arc<dyn Progress>>,
    /// What compressed files may expand to.
    pub limits: Limits,
    /// Threads that map records; 0 for as many as there are cores.
    pub threads: usize,
    /// The store is committed after so many records, and at the end.
    pub commit_records: u64,
    /// Says where addresses are; without it nothing is looked up.
    pub places: Option<Arc<Places>>,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self { progress: None, limits: Limits::default(), threads: 0, commit_records: 500_000, places: None }
    }
}

/// Why a run stopped. What is wrong with a single file never stops a run: that is in its account.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// A path that was named does not exist or may not be looked at.
    #[error("cannot read `{}`: {reason}", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The store could not take the rows.
    #[error("cannot write to the store")]
    Store(#[from] LakeError),
    /// The store lacks a table.
    #[error(transparent)]
    Schema(#[from] MissingTable),
    /// The store could not be counted.
    #[error("cannot count the rows of the store")]
    Count(#[from] datafusion::error::DataFusionError),
    /// A defect of this program.
    #[error("a worker stopped unexpectedly: {0}")]
    Worker(String),
}

/// Reads all files under the paths into the store and accounts for every record.
pub async fn ingest(
    paths: &[PathBuf],
    formats: &[&'static dyn Format],
    lake: &Lake,
    options: &IngestOptions,
) -> Result<IngestAccount, IngestError> {
    for path in paths {
        if let Err(error) = std::fs::metadata(path) {
            return Err(IngestError::Path { path: path.clone(), reason: crate::walk::plain(&error) });
        }
    }
    let found = walk(paths, Some(lake.path()));
    let sizes: Vec<u64> =
        found.iter().filter_map(|f| if let Found::File { size, .. } = f { Some(*size) } else { None }).collect();
    if let Some(progress) = &options.progress {
        progress.begin(sizes.len(), sizes.iter().sum());
    }
    let mut account = IngestAccount::default();
    let mut writer = lake.writer().await?;
    let mut uncommitted = 0;
    for one in found {
        let accounts = match one {
            Found::File { path, size } => {
                let mut run = FileRun { lake, writer: &mut writer, formats, options, uncommitted: &mut uncommitted };
                files::ingest_file(&mut run, &path, size).await?
            }
            Found::Skipped { path, why } => {
                vec![files::plain_account(path.display().to_string(), NOT_RECOGNISED, why)]
            }
            Found::Unreadable { path, why } => {
                vec![files::plain_account(path.display().to_string(), UNREADABLE, why)]
            }
        };
        for file in &accounts {
            debug_assert!(file.adds_up(), "{file:?}");
            if let Some(progress) = &options.progress {
                progress.done(file);
            }
        }
        account.files.extend(accounts);
    }
    writer.commit().await?;
    drop(writer);
    totals::fill(&mut account, lake).await?;
    Ok(account)
}
