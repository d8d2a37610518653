//! The store's folder: names, permissions, the writer's lock.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::LakeError;

/// The manifest's file name.
pub(crate) const MANIFEST: &str = "manifest.sqlite";
/// The manifest while it is being made.
pub(crate) const NEW_MANIFEST: &str = "manifest.new";
const LOCK: &str = "lock";
const TABLES: &str = "tables";

/// What a store's folder may hold before there is a manifest: left by a first opening that broke off.
const OWN: [&str; 10] = [
    LOCK,
    TABLES,
    MANIFEST,
    "manifest.sqlite-journal",
    "manifest.sqlite-shm",
    "manifest.sqlite-wal",
    NEW_MANIFEST,
    "manifest.new-journal",
    "manifest.new-shm",
    "manifest.new-wal",
];

/// Paths within one store.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn tables(&self) -> PathBuf {
        self.path.join(TABLES)
    }

    pub(crate) fn table(&self, table: &str) -> PathBuf {
        self.tables().join(table)
    }

    /// Makes the folder, or checks that an existing one is empty enough to become a store.
    pub(crate) fn prepare(&self) -> Result<(), LakeError> {
        match fs::read_dir(&self.path) {
            Ok(entries) => {
                for entry in entries {
                    let name = entry.map_err(LakeError::io("list", &self.path))?.file_name();
                    if !OWN.iter().any(|own| name == *own) {
                        let found = name.to_string_lossy().into_owned();
                        return Err(LakeError::NotAStore { path: self.path.clone(), found });
                    }
                }
                restrict(&self.path).map_err(LakeError::io("restrict", &self.path))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_folder(&self.path).map_err(LakeError::io("make", &self.path))?;
            }
            Err(error) => return Err(LakeError::io("list", &self.path)(error)),
        }
        self.make_tables()
    }

    fn make_tables(&self) -> Result<(), LakeError> {
        let tables = self.tables();
        make_folder(&tables).map_err(LakeError::io("make", &tables))
    }

    /// The folder of one table, made when missing. A name that is no plain word makes no folder.
    pub(crate) fn make_table(&self, table: &str) -> Result<PathBuf, LakeError> {
        if !is_plain(table) {
            let reason = format!("the name `{table}` cannot be a folder name");
            return Err(LakeError::RowShape { table: table.to_owned(), reason });
        }
        self.make_tables()?;
        let folder = self.table(table);
        make_folder(&folder).map_err(LakeError::io("make", &folder))?;
        Ok(folder)
    }

    /// The writer's lock, if no one else has it.
    pub(crate) fn try_lock(&self) -> Result<Option<File>, LakeError> {
        let path = self.path.join(LOCK);
        let file = own_file(OpenOptions::new().create(true).truncate(false).write(true), &path)
            .map_err(LakeError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(LakeError::io("lock", &path)(error)),
        }
    }

    /// The writer's lock; waits for it, calling `on_wait` once before.
    pub(crate) async fn lock(&self, on_wait: impl FnOnce()) -> Result<File, LakeError> {
        if let Some(lock) = self.try_lock()? {
            return Ok(lock);
        }
        on_wait();
        loop {
            // Asked again and again rather than waited for in a thread: a dropped future then leaves nothing behind.
            tokio::time::sleep(Duration::from_millis(25)).await;
            if let Some(lock) = self.try_lock()? {
                return Ok(lock);
            }
        }
    }

    /// Removes Parquet files that `committed` does not know: what a broken run left. `committed` is asked with paths
    /// relative to the folder, with `/`. Returns how many.
    pub(crate) fn remove_orphans(&self, committed: impl Fn(&str) -> bool) -> Result<usize, LakeError> {
        let tables = self.tables();
        let mut removed = 0;
        for table in read_folder(&tables)? {
            if !table.is_dir() {
                continue;
            }
            let Some(table_name) = table.file_name().and_then(|n| n.to_str()) else { continue };
            for file in read_folder(&table)? {
                let Some(name) = file.file_name().and_then(|n| n.to_str()) else { continue };
                if name.ends_with(".parquet") && !committed(&data_path(table_name, name)) {
                    fs::remove_file(&file).map_err(LakeError::io("remove", &file))?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}

/// A data file's path relative to the store's folder, as the manifest keeps it.
pub(crate) fn data_path(table: &str, file: &str) -> String {
    format!("{TABLES}/{table}/{file}")
}

/// True for names that are safe as a folder's name on every system.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.len() <= 100 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

pub(crate) fn read_folder(path: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LakeError::io("list", path)(error)),
    };
    entries.map(|entry| entry.map(|e| e.path()).map_err(LakeError::io("list", path))).collect()
}

/// Makes a folder and those above it; the folder itself for its owner only.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent()
        && !parent.as_os_str().is_empty()
    {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other,
    }
}

fn restrict(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Opens a file that only its owner may read.
fn own_file(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// Makes a new file that only its owner may read.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    own_file(OpenOptions::new().create_new(true).write(true), path)
}

/// Makes a folder's entries durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Sixteen letters and digits that are met once: the time, the process and a count, hashed with `seed`.
pub(crate) fn fresh_name(seed: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let hash = blake3::hash(format!("{seed} {now} {} {count}", std::process::id()).as_bytes());
    hash.to_hex().chars().take(16).collect()
}
