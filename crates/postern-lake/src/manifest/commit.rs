//! What one commit writes, in one transaction.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Sqlite, Transaction};

use super::{DataFile, Manifest, as_i64, put_digest, sql};
use crate::error::LakeError;
use crate::keys::encode_rows;
use crate::parquet_file::Extent;

/// An input file's state as a commit writes it.
pub(crate) struct SourceState<'a> {
    pub(crate) id: i32,
    pub(crate) path: &'a str,
    pub(crate) digest: &'a str,
    pub(crate) format: &'a str,
    pub(crate) last_position: u64,
    pub(crate) complete: bool,
    pub(crate) new_rows: u64,
    pub(crate) better_rows: u64,
    pub(crate) lost_cells: &'a BTreeMap<String, u64>,
    pub(crate) batch: i64,
}

/// A data file as a commit writes it.
pub(crate) struct NewFile {
    pub(crate) file: DataFile,
    pub(crate) keys: Vec<u8>,
}

/// Rows of one data file that a commit replaces.
pub(crate) struct Replaced {
    pub(crate) data_file: u32,
    /// Newly replaced, ascending.
    pub(crate) rows: Vec<u32>,
    /// Of the rows that still count; `None` leaves it as it was.
    pub(crate) extent: Option<Extent>,
}

/// A rejected record as a commit writes it.
pub(crate) struct NewReject {
    pub(crate) source: i32,
    pub(crate) position: u64,
    pub(crate) reason: String,
    pub(crate) raw: Option<String>,
}

/// Everything one commit writes.
pub(crate) struct Commit<'a> {
    pub(crate) sources: Vec<SourceState<'a>>,
    pub(crate) files: &'a [NewFile],
    pub(crate) replaced: &'a [Replaced],
    pub(crate) rejects: &'a [NewReject],
}

impl Manifest {
    /// Writes a commit in one transaction. A commit that is there already is left as it is, and so is the store.
    pub(crate) async fn commit(
        &self,
        connection: &mut SqliteConnection,
        commit: &Commit<'_>,
        before_end: impl FnOnce() -> std::io::Result<()>,
    ) -> Result<(), LakeError> {
        let failed = || sql("write", &self.path);
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed())?;
        if self.is_there(&mut transaction, commit).await? {
            return transaction.rollback().await.map_err(failed());
        }
        fill(&mut transaction, commit).await.map_err(failed())?;
        before_end().map_err(LakeError::io("write", &self.path))?;
        transaction.commit().await.map_err(failed())
    }

    async fn is_there(
        &self,
        transaction: &mut Transaction<'_, Sqlite>,
        commit: &Commit<'_>,
    ) -> Result<bool, LakeError> {
        for source in &commit.sources {
            let found: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM batches WHERE source = ? AND batch = ?")
                .bind(source.id)
                .bind(source.batch)
                .fetch_one(&mut **transaction)
                .await
                .map_err(self.read())?;
            if found > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

async fn fill(transaction: &mut Transaction<'_, Sqlite>, commit: &Commit<'_>) -> Result<(), sqlx::Error> {
    let number: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(commit_number), 0) + 1 FROM batches")
        .fetch_one(&mut **transaction)
        .await?;
    for source in &commit.sources {
        let lost = serde_json::to_string(source.lost_cells).map_err(|e| sqlx::Error::Encode(Box::new(e)))?;
        sqlx::query(
            "INSERT INTO sources \
             (id, path, digest, format, last_position, complete, new_rows, better_rows, lost_cells) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET format = excluded.format, last_position = excluded.last_position, \
             complete = excluded.complete, new_rows = excluded.new_rows, better_rows = excluded.better_rows, \
             lost_cells = excluded.lost_cells",
        )
        .bind(source.id)
        .bind(source.path)
        .bind(source.digest)
        .bind(source.format)
        .bind(as_i64(source.last_position))
        .bind(source.complete)
        .bind(as_i64(source.new_rows))
        .bind(as_i64(source.better_rows))
        .bind(lost)
        .execute(&mut **transaction)
        .await?;
        sqlx::query("INSERT INTO batches (source, batch, commit_number) VALUES (?, ?, ?)")
            .bind(source.id)
            .bind(source.batch)
            .bind(number)
            .execute(&mut **transaction)
            .await?;
    }
    for NewFile { file, keys } in commit.files {
        sqlx::query(
            "INSERT INTO data_files \
             (id, table_name, path, row_count, replaced, bytes, min_time, max_time, missing_times, commit_number) \
             VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
        )
        .bind(i64::from(file.id))
        .bind(&file.table)
        .bind(&file.path)
        .bind(as_i64(file.rows))
        .bind(as_i64(file.bytes))
        .bind(file.extent.min)
        .bind(file.extent.max)
        .bind(as_i64(file.extent.missing))
        .bind(number)
        .execute(&mut **transaction)
        .await?;
        if let Some(digest) = &file.digest {
            put_digest(transaction, &file.path, digest).await?;
        }
        sqlx::query("INSERT INTO data_keys (data_file, keys) VALUES (?, ?)")
            .bind(i64::from(file.id))
            .bind(keys.as_slice())
            .execute(&mut **transaction)
            .await?;
    }
    for replaced in commit.replaced {
        sqlx::query("INSERT INTO replaced_rows (data_file, commit_number, row_numbers) VALUES (?, ?, ?)")
            .bind(i64::from(replaced.data_file))
            .bind(number)
            .bind(encode_rows(&replaced.rows))
            .execute(&mut **transaction)
            .await?;
        sqlx::query("UPDATE data_files SET replaced = replaced + ? WHERE id = ?")
            .bind(as_i64(replaced.rows.len() as u64))
            .bind(i64::from(replaced.data_file))
            .execute(&mut **transaction)
            .await?;
        if let Some(extent) = replaced.extent {
            sqlx::query("UPDATE data_files SET min_time = ?, max_time = ?, missing_times = ? WHERE id = ?")
                .bind(extent.min)
                .bind(extent.max)
                .bind(as_i64(extent.missing))
                .bind(i64::from(replaced.data_file))
                .execute(&mut **transaction)
                .await?;
        }
    }
    for reject in commit.rejects {
        sqlx::query("INSERT INTO rejects (source, position, reason, raw) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(reject.source)
            .bind(as_i64(reject.position))
            .bind(&reject.reason)
            .bind(&reject.raw)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}
