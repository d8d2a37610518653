//! Data files: written on a thread of their own while rows keep coming, and read back in the one case where the writer
//! needs to.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, SchemaRef, TimestampNanosecondType};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use tokio::sync::oneshot;

use crate::error::LakeError;
use crate::folder::{create_file, sync_folder};
use crate::{LakeOptions, Step, TYPE_KEY};

/// Columns that hunts look single values up in: messages, senders, recipients, users, sessions.
const LOOKED_UP: [&str; 17] = [
    "AccountObjectId",
    "AccountUpn",
    "InternetMessageId",
    "MessageId",
    "MessageTraceId",
    "NetworkMessageId",
    "RecipientAddress",
    "RecipientEmailAddress",
    "RecipientObjectId",
    "SenderAddress",
    "SenderFromAddress",
    "SenderMailFromAddress",
    "SenderObjectId",
    "SessionId",
    "UserId",
    "UserKey",
    "UserPrincipalName",
];

/// The most rows in one row group.
pub(crate) const ROW_GROUP_ROWS: usize = 128 * 1024;

const PAGE_ROWS: usize = 8 * 1024;

/// A dictionary is read whole for one page of rows; a column that needs a larger one is better off without.
const DICTIONARY_BYTES: usize = 128 << 10;

fn properties(schema: &SchemaRef) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by("Postern".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES);
    for field in schema.fields() {
        let path = || ColumnPath::from(field.name().as_str());
        if field.metadata().get(TYPE_KEY).is_some_and(|kind| kind == "dynamic") {
            // Whole records: neither their order nor their repetition says anything.
            properties = properties
                .set_column_statistics_enabled(path(), EnabledStatistics::None)
                .set_column_dictionary_enabled(path(), false);
        } else if field.data_type() == &DataType::Utf8View && LOOKED_UP.contains(&field.name().as_str()) {
            properties = properties
                .set_column_bloom_filter_fpp(path(), 0.01)
                .set_column_bloom_filter_max_ndv(path(), ROW_GROUP_ROWS as u64);
        }
    }
    properties.build()
}

/// Work for the thread, in order.
enum Job {
    /// Write these rows as one row group; the first of a file makes it.
    Rows { file: u32, path: PathBuf, batch: RecordBatch },
    /// No more rows: make the file durable.
    Close { file: u32, path: PathBuf },
    /// Say when everything before is done.
    Reached(oneshot::Sender<()>),
}

/// What is known of a file that was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closed {
    /// Its size.
    pub(crate) bytes: u64,
    /// BLAKE3 of its content, in hexadecimal digits.
    pub(crate) digest: String,
}

/// A file whose content is hashed on its way.
struct Hashed {
    file: File,
    hasher: blake3::Hasher,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

#[derive(Default)]
struct Shared {
    /// Files that were closed.
    closed: HashMap<u32, Closed>,
    /// The first failure; everything after it is skipped.
    failure: Option<LakeError>,
}

/// The thread that writes data files.
pub(crate) struct FileWriter {
    jobs: Option<SyncSender<Job>>,
    shared: Arc<Mutex<Shared>>,
    thread: Option<JoinHandle<()>>,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FileWriter {
    /// Starts the thread. Without `durable` nothing is forced to disk.
    pub(crate) fn start(folder: &Path, durable: bool, options: &LakeOptions) -> Result<Self, LakeError> {
        // One batch waits while another is written: what is in memory stays bounded.
        let (jobs, received) = sync_channel(1);
        let shared = Arc::new(Mutex::new(Shared::default()));
        let work = Work { shared: Arc::clone(&shared), durable, options: options.clone(), open: HashMap::new() };
        let thread = std::thread::Builder::new()
            .name("postern-lake".to_owned())
            .spawn(move || work.run(&received))
            .map_err(LakeError::io("start a thread to write to", folder))?;
        Ok(Self { jobs: Some(jobs), shared, thread: Some(thread) })
    }

    fn send(&self, path: &Path, job: Job) -> Result<(), LakeError> {
        if let Some(failure) = lock(&self.shared).failure.take() {
            return Err(failure);
        }
        let gone = || LakeError::io("write", path)(std::io::Error::other("the writing thread ended unexpectedly"));
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())
    }

    /// Hands over rows for a data file; waits while the thread is behind.
    pub(crate) fn rows(&self, file: u32, path: &Path, batch: RecordBatch) -> Result<(), LakeError> {
        self.send(path, Job::Rows { file, path: path.to_owned(), batch })
    }

    /// The file is complete.
    pub(crate) fn close(&self, file: u32, path: &Path) -> Result<(), LakeError> {
        self.send(path, Job::Close { file, path: path.to_owned() })
    }

    /// Waits until all work so far is done; the first failure of it, if any.
    pub(crate) async fn settle(&self, folder: &Path) -> Result<(), LakeError> {
        let (done, reached) = oneshot::channel();
        self.send(folder, Job::Reached(done))?;
        let ended = reached.await.is_err();
        match lock(&self.shared).failure.take() {
            Some(failure) => Err(failure),
            None if ended => {
                Err(LakeError::io("write", folder)(std::io::Error::other("the writing thread ended unexpectedly")))
            }
            None => Ok(()),
        }
    }

    /// What is known of a file that was closed.
    pub(crate) fn closed(&self, file: u32) -> Option<Closed> {
        lock(&self.shared).closed.get(&file).cloned()
    }
}

impl FileWriter {
    /// Ends the thread after the work it has and waits for that. Files not closed stay as they are.
    pub(crate) fn end(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by the panic hook and as a failure to the writer.
            let _ = thread.join();
        }
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        self.end();
    }
}

/// The thread's side.
struct Work {
    shared: Arc<Mutex<Shared>>,
    durable: bool,
    options: LakeOptions,
    open: HashMap<u32, ArrowWriter<Hashed>>,
}

impl Work {
    fn run(mut self, jobs: &Receiver<Job>) {
        let mut failed = false;
        while let Ok(job) = jobs.recv() {
            let done = match job {
                Job::Reached(done) => {
                    // The asker may have stopped waiting.
                    let _ = done.send(());
                    continue;
                }
                _ if failed => continue,
                Job::Rows { file, path, batch } => self.rows(file, &path, &batch),
                Job::Close { file, path } => self.close(file, &path),
            };
            if let Err(error) = done {
                failed = true;
                lock(&self.shared).failure = Some(error);
            }
        }
    }

    fn rows(&mut self, file: u32, path: &Path, batch: &RecordBatch) -> Result<(), LakeError> {
        let writer = match self.open.entry(file) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let file = create_file(path).map_err(LakeError::io("make", path))?;
                let target = Hashed { file, hasher: blake3::Hasher::new() };
                let schema = batch.schema();
                let properties = properties(&schema);
                entry.insert(ArrowWriter::try_new(target, schema, Some(properties)).map_err(|e| write_error(path, e))?)
            }
        };
        writer.write(batch).and_then(|()| writer.flush()).map_err(|e| write_error(path, e))?;
        self.options.step(Step::RowsWritten).map_err(LakeError::io("write", path))
    }

    fn close(&mut self, file: u32, path: &Path) -> Result<(), LakeError> {
        let Some(writer) = self.open.remove(&file) else { return Ok(()) };
        let Hashed { file: target, hasher } = writer.into_inner().map_err(|e| write_error(path, e))?;
        if self.durable {
            target.sync_all().map_err(LakeError::io("write", path))?;
            for folder in path.ancestors().skip(1).take(2) {
                sync_folder(folder).map_err(LakeError::io("write", folder))?;
            }
        }
        let bytes = target.metadata().map_err(LakeError::io("write", path))?.len();
        lock(&self.shared).closed.insert(file, Closed { bytes, digest: hasher.finalize().to_hex().to_string() });
        self.options.step(Step::FileClosed).map_err(LakeError::io("write", path))
    }
}

/// A failure of the system underneath shows as such: a full disk is not a Parquet problem.
fn write_error(path: &Path, error: ParquetError) -> LakeError {
    match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(inner) => LakeError::io("write", path)(*inner),
            Err(inner) => LakeError::parquet("write", path)(ParquetError::External(inner)),
        },
        other => LakeError::parquet("write", path)(other),
    }
}

/// All rows of a file but `dead` (ascending row numbers).
pub(crate) fn living(rows: usize, dead: &[u32]) -> RowSelection {
    let mut selectors = Vec::new();
    let mut next = 0;
    for row in dead.iter().map(|row| *row as usize).filter(|row| *row < rows) {
        if row > next {
            selectors.push(RowSelector::select(row - next));
        }
        if row >= next {
            selectors.push(RowSelector::skip(1));
            next = row + 1;
        }
    }
    if rows > next {
        selectors.push(RowSelector::select(rows - next));
    }
    RowSelection::from(selectors)
}

/// Extent of the time column over some rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Earliest, in nanoseconds.
    pub(crate) min: Option<i64>,
    /// Latest.
    pub(crate) max: Option<i64>,
    /// Rows without a time.
    pub(crate) missing: u64,
}

impl Extent {
    /// Takes one more row in.
    pub(crate) fn add(&mut self, time: Option<i64>) {
        match time {
            Some(time) => {
                self.min = Some(self.min.map_or(time, |min| min.min(time)));
                self.max = Some(self.max.map_or(time, |max| max.max(time)));
            }
            None => self.missing += 1,
        }
    }
}

/// Reads the extent of the time column over the living rows of a data file; `None` when it has no such column.
pub(crate) fn extent(path: &Path, time_column: &str, dead: &[u32]) -> Result<Option<Extent>, LakeError> {
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(LakeError::parquet("read", path))?;
    let schema = reader.parquet_schema();
    let Some(column) = schema.columns().iter().position(|c| c.name() == time_column) else { return Ok(None) };
    let mask = ProjectionMask::leaves(schema, [column]);
    let rows = usize::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0);
    let reader = reader
        .with_projection(mask)
        .with_row_selection(living(rows, dead))
        .build()
        .map_err(LakeError::parquet("read", path))?;
    let mut extent = Extent::default();
    for batch in reader {
        let batch = batch.map_err(|e| LakeError::parquet("read", path)(e.into()))?;
        let Some(times) = batch.columns().first().and_then(|c| c.as_primitive_opt::<TimestampNanosecondType>()) else {
            return Ok(None);
        };
        extent.missing += times.null_count() as u64;
        for time in [min(times), max(times)].into_iter().flatten() {
            extent.add(Some(time));
        }
    }
    Ok(Some(extent))
}
