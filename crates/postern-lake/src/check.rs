//! Whether a store is what its manifest says: every Parquet file looked at, every key counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use crate::error::LakeError;
use crate::folder::{data_path, read_folder};
use crate::keys;
use crate::lake::{Inner, Lake};
use crate::manifest::DataFile;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Parquet files that the manifest names.
    pub files: u64,
    /// Rows in them, those included that better ones replaced.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that an earlier program wrote, without a digest: read through instead.
    pub without_digest: u64,
    /// Files in the tables' folders that the manifest does not name: of a load that broke off, or replaced by
    /// [`Lake::rewrite`]. They count for nothing; the next load removes them.
    pub leftovers: Vec<String>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Something that is not as the manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, relative to the store's folder.
    pub path: String,
    /// What is wrong with it, in one sentence without its full stop.
    pub what: String,
}

impl Lake {
    /// Looks at every file of the store. Nothing is changed, and nobody is kept from writing meanwhile: what is checked
    /// is the state that is committed at the beginning.
    pub async fn check(&self) -> Result<CheckReport, LakeError> {
        let inner = Arc::clone(&self.inner);
        let mut report = CheckReport::default();
        if let Some(what) = inner.manifest.unsound().await? {
            report.problems.push(Problem { path: crate::folder::MANIFEST.to_owned(), what });
        }
        // Before the list of files: what is committed in between is then no leftover.
        let found = parquet_files(&inner)?;
        let files = inner.manifest.data_files().await?;
        let known: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        report.leftovers = found.into_iter().filter(|path| !known.contains(path.as_str())).collect();
        let mut living: BTreeMap<String, Vec<[u64; 2]>> = BTreeMap::new();
        for file in files {
            report.files += 1;
            report.rows += file.rows;
            report.bytes += file.bytes;
            report.without_digest += u64::from(file.digest.is_none());
            match inner.manifest.keys(file.id).await {
                Ok(blob) => {
                    let mut rows = 0;
                    let keys = living.entry(file.table.clone()).or_default();
                    let read = keys::decode_keys(&blob, |key, _, row| {
                        rows += 1;
                        if file.replaced.binary_search(&row).is_err() {
                            keys.push(key.0);
                        }
                    });
                    let wrong = match read {
                        Err(reason) => Some(format!("its keys cannot be read: {reason}")),
                        Ok(()) if rows != file.rows => Some(format!("it has {rows} keys for {} rows", file.rows)),
                        Ok(()) => None,
                    };
                    report.problems.extend(wrong.map(|what| Problem { path: file.path.clone(), what }));
                }
                Err(LakeError::Damaged { reason, .. }) => {
                    report.problems.push(Problem { path: file.path.clone(), what: reason });
                }
                Err(error) => return Err(error),
            }
            let folder = inner.folder.path().to_owned();
            let path = file.path.clone();
            let one = tokio::task::spawn_blocking(move || look(&folder, &file));
            let wrong = one.await.map_err(|e| LakeError::io("read", self.path())(std::io::Error::other(e)))?;
            report.problems.extend(wrong.into_iter().map(|what| Problem { path: path.clone(), what }));
        }
        for (table, mut keys) in living {
            let rows = keys.len();
            keys.sort_unstable();
            keys.dedup();
            if keys.len() < rows {
                let what = format!("{} of its {rows} rows have the key of another row", rows - keys.len());
                report.problems.push(Problem { path: data_path(&table, "*.parquet"), what });
            }
        }
        Ok(report)
    }
}

/// Parquet files in the tables' folders, relative to the store's.
fn parquet_files(inner: &Inner) -> Result<Vec<String>, LakeError> {
    let mut found = Vec::new();
    for table in read_folder(&inner.folder.tables())? {
        let Some(name) = table.file_name().and_then(|n| n.to_str()).filter(|_| table.is_dir()) else { continue };
        for file in read_folder(&table)? {
            let file = file.file_name().and_then(|n| n.to_str());
            found.extend(file.filter(|file| file.ends_with(".parquet")).map(|file| data_path(name, file)));
        }
    }
    found.sort();
    Ok(found)
}

/// What is wrong with one file.
fn look(folder: &Path, file: &DataFile) -> Option<String> {
    let path = folder.join(&file.path);
    let plain = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "it is missing".to_owned(),
        _ => format!("it cannot be read: {error}"),
    };
    let mut open = match File::open(&path) {
        Ok(open) => open,
        Err(error) => return Some(plain(error)),
    };
    match open.metadata() {
        Ok(data) if data.len() != file.bytes => {
            return Some(format!("it has {} bytes, and {} were written", data.len(), file.bytes));
        }
        Ok(_) => {}
        Err(error) => return Some(plain(error)),
    }
    if let Some(digest) = &file.digest {
        let mut hasher = blake3::Hasher::new();
        let mut block = vec![0; 1 << 20];
        loop {
            match open.read(&mut block) {
                Ok(0) => break,
                Ok(got) => drop(hasher.update(block.get(..got).unwrap_or_default())),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Some(plain(error)),
            }
        }
        if hasher.finalize().to_hex().as_str() != digest {
            return Some("its content is not what was written (the digest differs)".to_owned());
        }
        return match rows(&path, false) {
            Ok(rows) if rows == file.rows => None,
            Ok(rows) => Some(format!("it has {rows} rows, and {} were written", file.rows)),
            Err(reason) => Some(format!("it is not sound: {reason}")),
        };
    }
    match rows(&path, true) {
        Ok(rows) if rows == file.rows => None,
        Ok(rows) => Some(format!("it has {rows} rows, and {} were written", file.rows)),
        Err(reason) => Some(format!("it is not sound: {reason}")),
    }
}

/// The number of rows, by the file's own account or counted by reading all of it.
fn rows(path: &Path, read_all: bool) -> Result<u64, String> {
    let open = File::open(path).map_err(|e| e.to_string())?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(open).map_err(|e| e.to_string())?;
    if !read_all {
        return Ok(u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0));
    }
    let mut rows = 0;
    for batch in reader.build().map_err(|e| e.to_string())? {
        rows += batch.map_err(|e| e.to_string())?.num_rows() as u64;
    }
    Ok(rows)
}
