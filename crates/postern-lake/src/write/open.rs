//! Opening a writer: the lock, the orphans, the keys.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::{RejectFiles, Source, Writer};
use crate::Lake;
use crate::error::LakeError;
use crate::keys::{self, Occurrences};
use crate::parquet_file::FileWriter;

impl Lake {
    /// The one writer. Waits while another process or writer has it; orphans of a broken run are removed here.
    pub async fn writer(&self) -> Result<Writer, LakeError> {
        let inner = Arc::clone(&self.inner);
        let lock = inner.folder.lock(|| inner.options.wait()).await?;
        let manifest = &inner.manifest;
        // First, as it makes sure that the folder still holds this store: what follows removes files.
        let connection = manifest.connection().await?;
        let committed = manifest.data_files().await?;
        let known: HashSet<&str> = committed.iter().map(|file| file.path.as_str()).collect();
        inner.folder.remove_orphans(|path| known.contains(path))?;

        let batches = manifest.batches().await?;
        let reject_files = RejectFiles::new(inner.folder.path(), inner.durable);
        reject_files.remove_orphans(&batches)?;

        let mut writer = Writer {
            files: FileWriter::start(inner.folder.path(), inner.durable, &inner.options)?,
            connection,
            sources: HashMap::new(),
            by_digest: HashMap::new(),
            tables: Vec::new(),
            by_name: HashMap::new(),
            by_address: HashMap::new(),
            next_source: 1,
            next_file: committed.iter().map(|file| file.id + 1).max().unwrap_or(1),
            buffered: 0,
            closed: Vec::new(),
            replaced: BTreeMap::new(),
            rejects: Vec::new(),
            reject_files,
            unsettled: false,
            pending: None,
            stopped: None,
            #[cfg(test)]
            leave_files: false,
            _lock: lock,
            lake: Arc::clone(&inner),
        };
        for record in manifest.sources().await? {
            writer.next_source = writer.next_source.max(record.id.saturating_add(1));
            writer.by_digest.insert(record.digest.clone(), record.id);
            let batch = batches.get(&i64::from(record.id)).map_or(0, |last| last + 1);
            writer.sources.insert(
                record.id,
                Source {
                    path: record.path,
                    digest: record.digest,
                    format: record.format,
                    last_position: record.last_position,
                    complete: record.complete,
                    new_rows: record.rows,
                    better_rows: record.better_rows,
                    lost_cells: record.lost_cells,
                    batch,
                    raw_bytes: 0,
                    known_rejects: HashSet::new(),
                    occurrences: Occurrences::default(),
                    begun: false,
                    changed: false,
                },
            );
        }
        for file in &committed {
            // A table that the schema no longer has gets no new rows, so its keys are not needed.
            let Some(schema) = inner.schemas.get(&file.table) else { continue };
            let table = writer.table(schema);
            let blob = manifest.keys(file.id).await?;
            let Some(table) = writer.tables.get_mut(table) else { continue };
            table.index.reserve(blob.len() / 16);
            let mut rows = 0;
            let read = keys::decode_keys(&blob, |key, rank, row| {
                table.index.load(key, rank, file.id, row);
                rows += 1;
            });
            let read = read.and_then(|()| {
                if rows == file.rows {
                    Ok(())
                } else {
                    Err(format!("data file {} has {rows} keys for {} rows", file.id, file.rows))
                }
            });
            read.map_err(|reason| LakeError::Damaged { path: manifest.path().to_owned(), reason })?;
        }
        Ok(writer)
    }
}
