//! Data files whose rows stay what they are while some of their cells change: another file in the place of each.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::{Manifest, as_i64, put_digest, sql};
use crate::error::LakeError;

/// A data file and the one that takes its place, with the same rows in the same order.
pub(crate) struct Moved {
    pub(crate) id: u32,
    /// The path it must have had.
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) bytes: u64,
    pub(crate) digest: String,
}

impl Manifest {
    /// Puts all of them in place in one transaction.
    pub(crate) async fn put_in_place(
        &self,
        connection: &mut SqliteConnection,
        files: &[Moved],
        before_end: impl FnOnce() -> std::io::Result<()>,
    ) -> Result<(), LakeError> {
        let failed = || sql("write", &self.path);
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed())?;
        for file in files {
            let done = sqlx::query("UPDATE data_files SET path = ?, bytes = ? WHERE id = ? AND path = ?")
                .bind(&file.to)
                .bind(as_i64(file.bytes))
                .bind(i64::from(file.id))
                .bind(&file.from)
                .execute(&mut *transaction)
                .await
                .map_err(failed())?;
            if done.rows_affected() != 1 {
                return Err(self.damaged(format!("data file {} is not where it was", file.id)));
            }
            put_digest(&mut transaction, &file.to, &file.digest).await.map_err(failed())?;
            sqlx::query("DELETE FROM data_digests WHERE path = ?")
                .bind(&file.from)
                .execute(&mut *transaction)
                .await
                .map_err(failed())?;
        }
        before_end().map_err(LakeError::io("write", &self.path))?;
        transaction.commit().await.map_err(failed())
    }
}
