//! What can go wrong with the store.

use std::path::{Path, PathBuf};

/// Why the store could not do what was asked. The committed state is as before in every case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// The folder holds something, and it is not a store.
    #[error("`{}` is not a Postern store and not empty (it holds `{found}`); choose an empty or new folder", path.display())]
    NotAStore {
        /// The folder.
        path: PathBuf,
        /// One of the things in it.
        found: String,
    },
    /// There is no store in the folder.
    #[error("there is no Postern store in `{}`", path.display())]
    NoStore {
        /// The folder.
        path: PathBuf,
    },
    /// The store was made by a newer Postern.
    #[error("the store in `{}` has format {found}, this Postern knows formats up to {known}; use a newer Postern", path.display())]
    TooNew {
        /// The folder.
        path: PathBuf,
        /// The store's format number.
        found: i64,
        /// The newest format number this program knows.
        known: i64,
    },
    /// A file or folder of the store could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as an infinitive: "open", "write".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The manifest could not be read or written.
    #[error("cannot {action} the manifest `{}`: {source}", path.display())]
    Manifest {
        /// What was tried, as an infinitive.
        action: &'static str,
        /// The manifest file.
        path: PathBuf,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The manifest holds something that this program did not write there.
    #[error("the manifest `{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The manifest file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A Parquet file could not be written or read.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Parquet {
        /// What was tried, as an infinitive.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the Parquet library said.
        source: parquet::errors::ParquetError,
    },
    /// Rows could not be turned into columns, or a stored table could not be read.
    #[error("table `{table}`: {source}")]
    Table {
        /// The table.
        table: String,
        /// What the engine said.
        source: Box<datafusion::error::DataFusionError>,
    },
    /// The table is not among the schemas the store was opened with.
    #[error("the store knows no table `{table}`")]
    UnknownTable {
        /// The name asked for.
        table: String,
    },
    /// A row's shape is not that of its table.
    #[error("a row for table `{table}` does not fit its schema: {reason}")]
    RowShape {
        /// The table.
        table: String,
        /// What differs.
        reason: String,
    },
    /// The built-in table files cannot be used.
    #[error("{source}")]
    Schemas {
        /// What is wrong with them.
        source: &'static postern_model::schema::SchemaError,
    },
    /// A file id that this writer did not give out.
    #[error("file id {id} was not begun with this writer")]
    UnknownFile {
        /// The id.
        id: i32,
    },
    /// The writer failed earlier; what was not committed is gone.
    #[error("the writer stopped after an earlier failure ({reason}); uncommitted rows were not stored")]
    WriterStopped {
        /// The earlier failure.
        reason: String,
    },
}

impl LakeError {
    /// True when no space was left, or the folder allows no writing: a matter of the place, not of the data.
    pub fn is_about_the_place(&self) -> bool {
        match self {
            Self::Io { source, .. } => matches!(
                source.kind(),
                std::io::ErrorKind::StorageFull
                    | std::io::ErrorKind::QuotaExceeded
                    | std::io::ErrorKind::ReadOnlyFilesystem
                    | std::io::ErrorKind::PermissionDenied
            ),
            // Read-only, full, cannot open.
            Self::Manifest { source, .. } => sqlite_code(source).is_some_and(|code| matches!(code, 8 | 13 | 14)),
            _ => false,
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn parquet(action: &'static str, path: &Path) -> impl FnOnce(parquet::errors::ParquetError) -> Self {
        let path = path.to_owned();
        move |source| Self::Parquet { action, path, source }
    }

    pub(crate) fn table(table: &str) -> impl FnOnce(datafusion::error::DataFusionError) -> Self {
        let table = table.to_owned();
        move |source| Self::Table { table, source: Box::new(source) }
    }
}

/// SQLite's primary result code.
pub(crate) fn sqlite_code(error: &sqlx::Error) -> Option<i64> {
    let sqlx::Error::Database(error) = error else { return None };
    error.code()?.parse::<i64>().ok().map(|code| code & 0xff)
}
