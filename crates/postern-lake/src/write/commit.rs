//! From buffers to a commit.

use std::collections::HashMap;

use super::{FILE_ROWS, OpenFile, Source, Writer};
use crate::Step;
use crate::error::LakeError;
use crate::folder::{data_path, fresh_name};
use crate::keys::{self, MAX_DATA_FILE};
use crate::manifest::{Commit, DataFile, NewFile, Replaced, SourceState};
use crate::parquet_file::{Extent, extent};

impl Writer {
    /// Hands a table's buffer to the writing thread.
    pub(super) fn flush(&mut self, index: usize) -> Result<(), LakeError> {
        let flushed = self.try_flush(index);
        self.stop(flushed)
    }

    fn try_flush(&mut self, index: usize) -> Result<(), LakeError> {
        let Some(table) = self.tables.get_mut(index) else { return Ok(()) };
        if table.buffer.len() == 0 {
            return Ok(());
        }
        self.buffered = self.buffered.saturating_sub(table.buffer.bytes());
        let name = &table.schema.name;
        let chunk = table.buffer.take(&table.arrow).map_err(|e| LakeError::table(name)(e.into()))?;
        if chunk.entries.is_empty() {
            return Ok(());
        }
        let open = match &mut table.open {
            Some(open) => open,
            empty => {
                let id = self.next_file;
                if id >= MAX_DATA_FILE {
                    let reason = "the store has as many data files as it can number".to_owned();
                    return Err(LakeError::Damaged { path: self.lake.manifest.path().to_owned(), reason });
                }
                self.next_file += 1;
                let folder = self.lake.folder.make_table(name)?;
                let file = file_name(id);
                empty.insert(OpenFile {
                    id,
                    path: folder.join(&file),
                    name: file,
                    keys: Vec::new(),
                    extent: Extent::default(),
                })
            }
        };
        for entry in &chunk.entries {
            table.index.moved(entry.key, open.id, open.keys.len() as u32);
            open.keys.push((entry.key, entry.rank));
            open.extent.add(entry.time);
        }
        self.files.rows(open.id, &open.path, chunk.batch)?;
        if open.keys.len() >= FILE_ROWS as usize {
            self.close(index)?;
        }
        Ok(())
    }

    fn close(&mut self, index: usize) -> Result<(), LakeError> {
        let Some(table) = self.tables.get_mut(index) else { return Ok(()) };
        if let Some(open) = table.open.take() {
            let (id, path) = (open.id, open.path.clone());
            // Noted first: whatever happens, the file is known and can be removed.
            self.closed.push((open, table.schema.name.clone()));
            self.files.close(id, &path)?;
        }
        Ok(())
    }

    /// Makes everything pushed and rejected so far durable and visible, or nothing of it. After an error of the
    /// manifest it may be called again; a commit that had in fact succeeded is then recognised and not repeated.
    pub async fn commit(&mut self) -> Result<(), LakeError> {
        if let Some(reason) = &self.stopped {
            return Err(LakeError::WriterStopped { reason: reason.clone() });
        }
        if self.pending.is_none() {
            for index in 0..self.tables.len() {
                self.flush(index)?;
                let closed = self.close(index);
                self.stop(closed)?;
            }
            if !self.sources.values().any(|source| source.changed) {
                return Ok(());
            }
            let settled = self.files.settle(self.lake.folder.path()).await;
            self.stop(settled)?;
            let settled = self.reject_files.settle();
            self.stop(settled)?;
            let replaced = self.replaced_rows().await;
            let replaced = self.stop(replaced)?;
            let files = self.new_files();
            let files = self.stop(files)?;
            self.pending = Some((files, replaced));
        }
        let Some((files, replaced)) = &self.pending else { return Ok(()) };
        self.unsettled = true;
        let mut sources: Vec<_> =
            self.sources.iter().filter(|(_, source)| source.changed).map(|(id, source)| source.state(*id)).collect();
        sources.sort_by_key(|source| source.id);
        let commit = Commit { sources, files, replaced, rejects: &self.rejects };
        let options = &self.lake.options;
        self.lake.manifest.commit(&mut self.connection, &commit, || options.step(Step::TransactionFilled)).await?;
        options.step(Step::Committed).map_err(LakeError::io("write", self.lake.manifest.path()))?;

        self.unsettled = false;
        self.pending = None;
        self.closed.clear();
        self.replaced.clear();
        self.rejects.clear();
        self.reject_files.committed();
        for source in self.sources.values_mut().filter(|source| source.changed) {
            source.changed = false;
            source.batch += 1;
        }
        Ok(())
    }

    /// Brings everything to disk, without committing it.
    #[cfg(test)]
    pub(crate) async fn flush_all(&mut self) {
        for index in 0..self.tables.len() {
            self.flush(index).unwrap_or_default();
            self.close(index).unwrap_or_default();
        }
        self.files.settle(self.lake.folder.path()).await.unwrap_or_default();
    }

    fn new_files(&self) -> Result<Vec<NewFile>, LakeError> {
        let new = |(open, table): &(OpenFile, String)| {
            let closed = self.files.closed(open.id).ok_or_else(|| {
                LakeError::io("write", &open.path)(std::io::Error::other("the file was not completed"))
            })?;
            let file = DataFile {
                id: open.id,
                table: table.clone(),
                path: data_path(table, &open.name),
                rows: open.keys.len() as u64,
                bytes: closed.bytes,
                digest: Some(closed.digest),
                extent: open.extent,
                replaced: Vec::new(),
            };
            Ok(NewFile { file, keys: keys::encode_keys(&open.keys) })
        };
        self.closed.iter().map(new).collect()
    }

    /// The rows this commit replaces, and what the time column's extent is without them.
    async fn replaced_rows(&self) -> Result<Vec<Replaced>, LakeError> {
        if self.replaced.is_empty() {
            return Ok(Vec::new());
        }
        let committed: HashMap<u32, DataFile> =
            self.lake.manifest.data_files().await?.into_iter().map(|file| (file.id, file)).collect();
        let mut work = Vec::new();
        for (data_file, rows) in &self.replaced {
            let mut rows = rows.clone();
            rows.sort_unstable();
            rows.dedup();
            let (path, table, mut gone) = if let Some(file) = committed.get(data_file) {
                (self.lake.folder.path().join(&file.path), file.table.clone(), file.replaced.clone())
            } else if let Some((open, table)) = self.closed.iter().find(|(open, _)| open.id == *data_file) {
                (open.path.clone(), table.clone(), Vec::new())
            } else {
                let reason = format!("data file {data_file} is not in it");
                return Err(LakeError::Damaged { path: self.lake.manifest.path().to_owned(), reason });
            };
            gone.extend_from_slice(&rows);
            gone.sort_unstable();
            let time_column = self.lake.schemas.get(&table).map(|t| t.time_column.clone()).unwrap_or_default();
            work.push((*data_file, rows, path, time_column, gone));
        }
        let folder = self.lake.folder.path();
        tokio::task::spawn_blocking(move || {
            work.into_iter()
                .map(|(data_file, rows, path, time_column, gone)| {
                    Ok(Replaced { data_file, rows, extent: extent(&path, &time_column, &gone)? })
                })
                .collect()
        })
        .await
        .map_err(|e| LakeError::io("read data files in", folder)(std::io::Error::other(e)))?
    }
}

impl Source {
    fn state(&self, id: i32) -> SourceState<'_> {
        SourceState {
            id,
            path: &self.path,
            digest: &self.digest,
            format: &self.format,
            last_position: self.last_position,
            complete: self.complete,
            new_rows: self.new_rows,
            better_rows: self.better_rows,
            lost_cells: &self.lost_cells,
            batch: self.batch,
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        #[cfg(test)]
        if self.leave_files {
            return;
        }
        // Files of a commit that may have succeeded must stay; the next writer knows.
        if self.unsettled {
            return;
        }
        // Waits for the thread, so that nothing appears after it was removed.
        self.files.end();
        self.reject_files.discard();
        let open = self.tables.iter().filter_map(|table| table.open.as_ref());
        for file in open.chain(self.closed.iter().map(|(file, _)| file)) {
            // What cannot be removed now, the next writer removes.
            let _ = std::fs::remove_file(&file.path);
        }
    }
}

/// A name that no other data file ever had, also not an orphan of the same number.
pub(super) fn file_name(id: u32) -> String {
    format!("{id:06}-{}.parquet", fresh_name(&id.to_string()))
}
