//! The manifest: the SQL database that says what is committed.
//!
//! | table | a row is |
//! | --- | --- |
//! | `store` | one fact about the store: its format number |
//! | `sources` | one input file, known by the digest of its content |
//! | `batches` | one commit of one input file; the key (source, batch) makes a commit that is sent again a no-op |
//! | `data_files` | one Parquet file, its rows and the extent of its time column |
//! | `data_digests` | the digest of a Parquet file's content; made by the first writer that knows it |
//! | `data_keys` | the keys of a Parquet file's rows, in their order |
//! | `replaced_rows` | rows of a Parquet file that better ones replaced in one commit |
//! | `rejects` | one record that could not become a row |

mod commit;
mod moved;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Row, Sqlite};

pub(crate) use self::commit::{Commit, NewFile, NewReject, Replaced, SourceState};
pub(crate) use self::moved::Moved;
use crate::error::{LakeError, sqlite_code};
use crate::folder::{MANIFEST, NEW_MANIFEST, create_file, fresh_name, sync_folder};
use crate::keys::decode_rows;
use crate::parquet_file::Extent;
use crate::read::{FileRecord, RejectRecord};

/// The format number of stores that this program makes and the newest it can read.
pub(crate) const FORMAT: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE store (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sources (
    id INTEGER NOT NULL PRIMARY KEY,
    path TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    format TEXT NOT NULL,
    last_position BIGINT NOT NULL,
    complete BOOLEAN NOT NULL,
    new_rows BIGINT NOT NULL,
    better_rows BIGINT NOT NULL,
    lost_cells TEXT NOT NULL
);
CREATE TABLE batches (
    source INTEGER NOT NULL REFERENCES sources (id),
    batch BIGINT NOT NULL,
    commit_number BIGINT NOT NULL,
    PRIMARY KEY (source, batch)
);
CREATE TABLE data_files (
    id INTEGER NOT NULL PRIMARY KEY,
    table_name TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    row_count BIGINT NOT NULL,
    replaced BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    min_time BIGINT,
    max_time BIGINT,
    missing_times BIGINT NOT NULL,
    commit_number BIGINT NOT NULL
);
CREATE TABLE data_keys (
    data_file INTEGER NOT NULL PRIMARY KEY REFERENCES data_files (id),
    keys BLOB NOT NULL
);
CREATE TABLE replaced_rows (
    data_file INTEGER NOT NULL REFERENCES data_files (id),
    commit_number BIGINT NOT NULL,
    row_numbers BLOB NOT NULL,
    PRIMARY KEY (data_file, commit_number)
);
CREATE TABLE rejects (
    source INTEGER NOT NULL REFERENCES sources (id),
    position BIGINT NOT NULL,
    reason TEXT NOT NULL,
    raw TEXT,
    PRIMARY KEY (source, position, reason)
);
";

/// One committed Parquet file.
#[derive(Debug, Clone)]
pub(crate) struct DataFile {
    pub(crate) id: u32,
    pub(crate) table: String,
    /// Relative to the store's folder, with `/`.
    pub(crate) path: String,
    /// Rows in the file.
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// BLAKE3 of its content; `None` where an earlier program wrote it.
    pub(crate) digest: Option<String>,
    /// Of the rows that count.
    pub(crate) extent: Extent,
    /// Rows that do not count, ascending.
    pub(crate) replaced: Vec<u32>,
}

/// The manifest of one store.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    path: PathBuf,
    options: SqliteConnectOptions,
    pool: SqlitePool,
    /// Tells this store from any other.
    id: String,
    /// Read without any lock or log, as on a medium that cannot change.
    frozen: bool,
}

fn as_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn as_u64(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

impl Manifest {
    /// Opens the manifest in `folder`; `None` when there is none.
    pub(crate) async fn open(folder: &Path, durable: bool) -> Result<Option<Self>, LakeError> {
        let path = folder.join(MANIFEST);
        match std::fs::metadata(&path) {
            Ok(meta) if meta.len() == 0 => return Ok(None),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LakeError::io("read", &path)(error)),
        }
        match Self::connect(&path, connect_options(&path, durable), folder).await {
            Err(error) if unwritable(&error) && !has_content(&beside(&path, "-wal")) => {
                // A store on a medium that cannot be written: with no log to replay, the file alone is the store.
                let options = SqliteConnectOptions::new().filename(&path).read_only(true).immutable(true);
                let manifest = Self::connect(&path, options, folder).await?;
                Ok(Some(Self { frozen: true, ..manifest }))
            }
            other => other.map(Some),
        }
    }

    async fn connect(path: &Path, options: SqliteConnectOptions, folder: &Path) -> Result<Self, LakeError> {
        let pool = SqlitePoolOptions::new()
            .max_connections(2)
            .connect_with(options.clone())
            .await
            .map_err(sql("open", path))?;
        let mut manifest = Self { path: path.to_owned(), options, pool, id: String::new(), frozen: false };
        let ours: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'store'")
                .fetch_one(&manifest.pool)
                .await
                .map_err(sql("read", path))?;
        let foreign = || LakeError::NotAStore { path: folder.to_owned(), found: MANIFEST.to_owned() };
        if ours == 0 {
            return Err(foreign());
        }
        let format = fact(&manifest.pool, "postern_store_format").await.map_err(sql("read", path))?;
        let found: i64 = format.and_then(|text| text.parse().ok()).ok_or_else(foreign)?;
        if found > FORMAT {
            return Err(LakeError::TooNew { path: folder.to_owned(), found, known: FORMAT });
        }
        let id = fact(&manifest.pool, "postern_store_id").await.map_err(sql("read", path))?;
        manifest.id = id.ok_or_else(foreign)?;
        Ok(manifest)
    }

    /// Makes the manifest: aside, and moved to its name when complete. The caller holds the writer's lock.
    pub(crate) async fn create(folder: &Path, durable: bool) -> Result<Self, LakeError> {
        let path = folder.join(MANIFEST);
        let aside = folder.join(NEW_MANIFEST);
        for suffix in ["", "-wal", "-shm"] {
            let leftover = beside(&aside, suffix);
            match std::fs::remove_file(&leftover) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(LakeError::io("remove", &leftover)(error));
                }
                _ => {}
            }
        }
        // Made here, not by the database: its own files take their permissions from this one.
        drop(create_file(&aside).map_err(LakeError::io("make", &aside))?);
        let made = async {
            let mut connection = SqliteConnection::connect_with(&connect_options(&aside, durable)).await?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
            for (key, value) in
                [("postern_store_format", FORMAT.to_string()), ("postern_store_id", fresh_name("store"))]
            {
                sqlx::query("INSERT INTO store (key, value) VALUES (?, ?)")
                    .bind(key)
                    .bind(value)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            connection.close().await
        };
        made.await.map_err(sql("make", &aside))?;
        std::fs::rename(&aside, &path).map_err(LakeError::io("make", &path))?;
        if durable {
            sync_folder(folder).map_err(LakeError::io("write", folder))?;
        }
        Self::connect(&path, connect_options(&path, durable), folder).await
    }

    /// Closes all shared connections, so that the log is gone and the file alone is the store.
    #[cfg(test)]
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A connection of the writer's own.
    pub(crate) async fn connection(&self) -> Result<SqliteConnection, LakeError> {
        if self.frozen {
            // Possible again since it was opened, perhaps; but then this view of it is no longer sound.
            return Err(LakeError::io("write", &self.path)(std::io::ErrorKind::ReadOnlyFilesystem.into()));
        }
        let mut connection = SqliteConnection::connect_with(&self.options).await.map_err(sql("open", &self.path))?;
        let id = fact(&mut connection, "postern_store_id").await.map_err(sql("read", &self.path))?;
        if id.as_ref() != Some(&self.id) {
            return Err(self.damaged("another store is in its place since it was opened"));
        }
        // New stores and those of earlier programs lack it; the caller holds the writer's lock.
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS data_digests (path TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL)")
            .execute(&mut connection)
            .await
            .map_err(sql("write", &self.path))?;
        Ok(connection)
    }

    fn read(&self) -> impl Fn(sqlx::Error) -> LakeError + '_ {
        move |source| sql("read", &self.path)(source)
    }

    fn damaged(&self, reason: impl Into<String>) -> LakeError {
        LakeError::Damaged { path: self.path.clone(), reason: reason.into() }
    }

    /// All committed data files as of one moment.
    pub(crate) async fn data_files(&self) -> Result<Vec<DataFile>, LakeError> {
        let mut transaction = self.pool.begin().await.map_err(self.read())?;
        let rows = sqlx::query(
            "SELECT id, table_name, path, row_count, bytes, min_time, max_time, missing_times \
             FROM data_files ORDER BY id",
        )
        .fetch_all(&mut *transaction)
        .await
        .map_err(self.read())?;
        let replaced = sqlx::query("SELECT data_file, row_numbers FROM replaced_rows")
            .fetch_all(&mut *transaction)
            .await
            .map_err(self.read())?;
        let digested: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'data_digests'")
                .fetch_one(&mut *transaction)
                .await
                .map_err(self.read())?;
        let digests: Vec<(String, String)> = match digested {
            0 => Vec::new(),
            _ => sqlx::query_as("SELECT path, digest FROM data_digests")
                .fetch_all(&mut *transaction)
                .await
                .map_err(self.read())?,
        };
        transaction.rollback().await.map_err(self.read())?;

        let mut digests: HashMap<String, String> = digests.into_iter().collect();
        let mut gone: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
        for row in replaced {
            let numbers = decode_rows(&get::<Vec<u8>>(&row, 1).map_err(self.read())?).map_err(|e| self.damaged(e))?;
            gone.entry(get(&row, 0).map_err(self.read())?).or_default().extend(numbers);
        }
        let mut files = Vec::with_capacity(rows.len());
        for row in rows {
            let id: i64 = get(&row, 0).map_err(self.read())?;
            let mut replaced = gone.remove(&id).unwrap_or_default();
            replaced.sort_unstable();
            replaced.dedup();
            let path: String = get(&row, 2).map_err(self.read())?;
            files.push(DataFile {
                digest: digests.remove(&path),
                id: u32::try_from(id).map_err(|_| self.damaged(format!("it has the data file number {id}")))?,
                table: get(&row, 1).map_err(self.read())?,
                path,
                rows: as_u64(get(&row, 3).map_err(self.read())?),
                bytes: as_u64(get(&row, 4).map_err(self.read())?),
                extent: Extent {
                    min: get(&row, 5).map_err(self.read())?,
                    max: get(&row, 6).map_err(self.read())?,
                    missing: as_u64(get(&row, 7).map_err(self.read())?),
                },
                replaced,
            });
        }
        Ok(files)
    }

    /// What the database finds wrong with itself, if anything.
    pub(crate) async fn unsound(&self) -> Result<Option<String>, LakeError> {
        let said: Vec<String> =
            sqlx::query_scalar("PRAGMA quick_check(5)").fetch_all(&self.pool).await.map_err(self.read())?;
        Ok((said != ["ok"]).then(|| said.join("; ")))
    }

    /// The keys of one data file.
    pub(crate) async fn keys(&self, data_file: u32) -> Result<Vec<u8>, LakeError> {
        sqlx::query_scalar("SELECT keys FROM data_keys WHERE data_file = ?")
            .bind(i64::from(data_file))
            .fetch_optional(&self.pool)
            .await
            .map_err(self.read())?
            .ok_or_else(|| self.damaged(format!("the keys of data file {data_file} are missing")))
    }

    /// The input files, by id.
    pub(crate) async fn sources(&self) -> Result<Vec<FileRecord>, LakeError> {
        let rows = sqlx::query(
            "SELECT id, path, digest, format, last_position, complete, new_rows, better_rows, lost_cells, \
             (SELECT COUNT(*) FROM rejects WHERE source = sources.id) FROM sources ORDER BY id",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(self.read())?;
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            let lost: String = get(&row, 8).map_err(self.read())?;
            let id: i64 = get(&row, 0).map_err(self.read())?;
            records.push(FileRecord {
                id: i32::try_from(id).map_err(|_| self.damaged(format!("it has the input file number {id}")))?,
                path: get(&row, 1).map_err(self.read())?,
                digest: get(&row, 2).map_err(self.read())?,
                format: get(&row, 3).map_err(self.read())?,
                last_position: as_u64(get(&row, 4).map_err(self.read())?),
                complete: get(&row, 5).map_err(self.read())?,
                rows: as_u64(get(&row, 6).map_err(self.read())?),
                better_rows: as_u64(get(&row, 7).map_err(self.read())?),
                lost_cells: serde_json::from_str(&lost).map_err(|e| self.damaged(e.to_string()))?,
                rejected: as_u64(get(&row, 9).map_err(self.read())?),
            });
        }
        Ok(records)
    }

    /// How many commits each input file had.
    pub(crate) async fn batches(&self) -> Result<BTreeMap<i64, i64>, LakeError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as("SELECT source, MAX(batch) FROM batches GROUP BY source")
            .fetch_all(&self.pool)
            .await
            .map_err(self.read())?;
        Ok(rows.into_iter().collect())
    }

    /// Positions and reasons of an input file's rejected records.
    pub(crate) async fn reject_reasons(&self, source: i32) -> Result<Vec<(u64, String)>, LakeError> {
        let rows: Vec<(i64, String)> = sqlx::query_as("SELECT position, reason FROM rejects WHERE source = ?")
            .bind(source)
            .fetch_all(&self.pool)
            .await
            .map_err(self.read())?;
        Ok(rows.into_iter().map(|(position, reason)| (as_u64(position), reason)).collect())
    }

    /// The rejected records of an input file.
    pub(crate) async fn rejects(&self, source: i32) -> Result<Vec<RejectRecord>, LakeError> {
        let rows: Vec<(i64, String, Option<String>)> =
            sqlx::query_as("SELECT position, reason, raw FROM rejects WHERE source = ? ORDER BY position, reason")
                .bind(source)
                .fetch_all(&self.pool)
                .await
                .map_err(self.read())?;
        Ok(rows
            .into_iter()
            .map(|(position, reason, raw)| RejectRecord { position: as_u64(position), reason, raw })
            .collect())
    }
}

/// Notes the digest of a data file's content.
async fn put_digest(to: &mut SqliteConnection, path: &str, digest: &str) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO data_digests (path, digest) VALUES (?, ?)").bind(path).bind(digest).execute(to).await?;
    Ok(())
}

/// One fact about the store.
async fn fact(from: impl sqlx::SqliteExecutor<'_>, key: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT value FROM store WHERE key = ?").bind(key).fetch_optional(from).await
}

fn get<'r, T>(row: &'r sqlx::sqlite::SqliteRow, index: usize) -> Result<T, sqlx::Error>
where
    T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>,
{
    row.try_get(index)
}

fn connect_options(path: &Path, durable: bool) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(if durable { SqliteSynchronous::Full } else { SqliteSynchronous::Off })
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(30))
}

fn sql(action: &'static str, path: &Path) -> impl Fn(sqlx::Error) -> LakeError + use<> {
    let path = path.to_owned();
    move |source| LakeError::Manifest { action, path: path.clone(), source }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn has_content(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.len() > 0)
}

/// SQLite's "cannot open" and "read-only" families.
fn unwritable(error: &LakeError) -> bool {
    let LakeError::Manifest { source, .. } = error else { return false };
    sqlite_code(source).is_some_and(|code| matches!(code, 8 | 14))
}
