//! Rejected records, whole: one file of JSON lines per input file and commit, beside the tables.
//!
//! The manifest lists every reject with the beginning of its text; the files here hold all of it. A file's name is the
//! key of its commit, so a file of a commit that the manifest does not know is an orphan.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::FileId;
use crate::error::LakeError;
use crate::folder::{create_file, make_folder, read_folder, sync_folder};

/// The folder's name.
pub(crate) const REJECTS: &str = "rejects";

/// The rejects files of the coming commit.
#[derive(Debug)]
pub(super) struct RejectFiles {
    folder: PathBuf,
    durable: bool,
    /// The one that was last written to; the others are closed, so that no number of files exhausts the handles.
    current: Option<(PathBuf, BufWriter<File>)>,
    written: BTreeSet<PathBuf>,
}

fn name(source: i32, batch: i64) -> String {
    format!("{source:06}-{batch:06}.ndjson")
}

/// The files of one input file, as words say them.
pub fn rejects_pattern(file: FileId) -> String {
    format!("{REJECTS}/{:06}-*.ndjson", file.0)
}

fn key(name: &str) -> Option<(i64, i64)> {
    let (source, batch) = name.strip_suffix(".ndjson")?.split_once('-')?;
    Some((source.parse().ok()?, batch.parse().ok()?))
}

impl RejectFiles {
    pub(super) fn new(store: &Path, durable: bool) -> Self {
        Self { folder: store.join(REJECTS), durable, current: None, written: BTreeSet::new() }
    }

    /// Removes files of commits that never were. `last` is the last commit of each input file.
    pub(super) fn remove_orphans(&self, last: &BTreeMap<i64, i64>) -> Result<(), LakeError> {
        for path in read_folder(&self.folder)? {
            let Some((source, batch)) = path.file_name().and_then(|n| n.to_str()).and_then(key) else { continue };
            if last.get(&source).is_none_or(|last| batch > *last) {
                fs::remove_file(&path).map_err(LakeError::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Adds a record to the file of its input file and commit.
    pub(super) fn add(
        &mut self,
        (source, batch): (i32, i64),
        position: u64,
        reason: &str,
        raw: Option<&str>,
    ) -> Result<(), LakeError> {
        let path = self.folder.join(name(source, batch));
        if self.current.as_ref().is_none_or(|(open, _)| *open != path) {
            self.close()?;
            let file = if self.written.contains(&path) {
                OpenOptions::new().append(true).open(&path)
            } else {
                make_folder(&self.folder).and_then(|()| create_file(&path))
            };
            let file = file.map_err(LakeError::io("make", &path))?;
            self.written.insert(path.clone());
            self.current = Some((path, BufWriter::new(file)));
        }
        let Some((path, file)) = &mut self.current else { return Ok(()) };
        let line = json!({"position": position, "reason": reason, "raw": raw});
        writeln!(file, "{line}").map_err(LakeError::io("write", path))
    }

    fn close(&mut self) -> Result<(), LakeError> {
        let Some((path, mut file)) = self.current.take() else { return Ok(()) };
        file.flush().map_err(LakeError::io("write", &path))
    }

    /// Brings all of it to disk.
    pub(super) fn settle(&mut self) -> Result<(), LakeError> {
        self.close()?;
        if !self.durable || self.written.is_empty() {
            return Ok(());
        }
        for path in &self.written {
            File::open(path).and_then(|file| file.sync_all()).map_err(LakeError::io("write", path))?;
        }
        sync_folder(&self.folder).map_err(LakeError::io("write", &self.folder))
    }

    /// The commit succeeded: the files stay.
    pub(super) fn committed(&mut self) {
        self.written.clear();
    }

    /// There will be no commit. What cannot be removed now, the next writer removes.
    pub(super) fn discard(&mut self) {
        self.current = None;
        for path in std::mem::take(&mut self.written) {
            let _ = fs::remove_file(path);
        }
    }
}
