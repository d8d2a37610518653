//! Writing: rows in, Parquet files and one SQL transaction out.
//!
//! | stage | where | bounded by |
//! | --- | --- | --- |
//! | rows to columns | [`Writer::push`], one buffer per table | [`BUFFER_ROWS`], [`BUFFER_BYTES`] over all tables |
//! | columns to Parquet | a thread, one row group per buffer | one batch at work, one waiting |
//! | files to store | [`Writer::commit`], one transaction | the keys of the rows since the last commit |

mod commit;
mod open;
mod rejects;
mod rewrite;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use postern_model::row::{Rank, Row, Value};
use postern_model::schema::TableSchema;
use sqlx::sqlite::SqliteConnection;

use crate::columns::{Buffer, Entry, arrow_schema, misfit, nanos, requires_time};
use crate::error::LakeError;
use crate::keys::{self, Key, KeyIndex, Met, Occurrences, Place};
use crate::lake::Inner;
use crate::manifest::{NewFile, NewReject, Replaced};
use crate::parquet_file::{Extent, FileWriter, ROW_GROUP_ROWS};

pub(crate) use self::rejects::REJECTS;
use self::rejects::RejectFiles;
pub use self::rejects::rejects_pattern;
pub use self::rewrite::{Change, Rewritten, TextRow};

/// A buffer of this many rows goes to disk.
const BUFFER_ROWS: usize = ROW_GROUP_ROWS;

/// When the buffers of all tables together hold this much, the largest goes to disk.
const BUFFER_BYTES: usize = 96 << 20;

/// A data file of this many rows is closed.
const FILE_ROWS: u32 = 1 << 20;

/// The longest raw text that the manifest keeps of a rejected record; the rejects file has all of it.
const RAW_BYTES: usize = 64 << 10;

/// How much raw text of rejected records the manifest keeps per input file; the reasons are kept for all.
const RAW_BYTES_PER_FILE: usize = 16 << 20;

/// An input file within a writer; the number is the one in the hidden column `_File`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub i32);

/// What became of a pushed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// A row that was not there before.
    New,
    /// The same row is there already, from this file or another, of the same or a better rank.
    Duplicate,
    /// The row replaces one of worse rank with the same key. The number of rows in the store stays.
    Superseded,
    /// The row cannot be stored, for this reason. Nothing was recorded: the caller does so with [`Writer::reject`],
    /// which can keep the raw text too.
    Rejected(String),
}

/// An input file being read, or read before.
struct Source {
    path: String,
    digest: String,
    format: String,
    last_position: u64,
    complete: bool,
    new_rows: u64,
    better_rows: u64,
    lost_cells: BTreeMap<String, u64>,
    /// The number of its next commit.
    batch: i64,
    raw_bytes: usize,
    /// Rejects that earlier commits hold: position and hash of the reason.
    known_rejects: HashSet<(u64, u64)>,
    occurrences: Occurrences,
    /// Begun with this writer.
    begun: bool,
    /// Something of it is to be committed.
    changed: bool,
}

/// The data file that a table's rows currently go to.
struct OpenFile {
    id: u32,
    name: String,
    path: PathBuf,
    keys: Vec<(Key, Rank)>,
    extent: Extent,
}

/// One table's side of a writer.
struct Table {
    schema: Arc<TableSchema>,
    arrow: SchemaRef,
    requires_time: bool,
    index: KeyIndex,
    buffer: Buffer,
    open: Option<OpenFile>,
}

/// The one writer of a store. Nothing is visible to readers before [`Writer::commit`]; dropping the writer forgets what
/// was pushed since the last one.
///
/// Commit seldom (a commit makes at least one Parquet file per table written to): after many small input files
/// together, and within a large one every few million rows.
pub struct Writer {
    // Dropped before the lock is given back: it may still be writing.
    files: FileWriter,
    lake: Arc<Inner>,
    connection: SqliteConnection,
    sources: HashMap<i32, Source>,
    by_digest: HashMap<String, i32>,
    tables: Vec<Table>,
    by_name: HashMap<String, usize>,
    /// Schemas seen in rows, by address; held so that no address is used again.
    by_address: HashMap<usize, (Arc<TableSchema>, usize)>,
    next_source: i32,
    next_file: u32,
    buffered: usize,
    closed: Vec<(OpenFile, String)>,
    replaced: BTreeMap<u32, Vec<u32>>,
    rejects: Vec<NewReject>,
    reject_files: RejectFiles,
    /// A commit was begun and it is not known whether it succeeded.
    unsettled: bool,
    /// The files of the unsettled commit.
    pending: Option<(Vec<NewFile>, Vec<Replaced>)>,
    stopped: Option<String>,
    #[cfg(test)]
    pub(crate) leave_files: bool,
    _lock: File,
}

impl Writer {
    fn ready(&self) -> Result<(), LakeError> {
        let reason = match &self.stopped {
            Some(reason) => reason.clone(),
            None if self.unsettled => "the last commit did not succeed; call it again".to_owned(),
            None => return Ok(()),
        };
        Err(LakeError::WriterStopped { reason })
    }

    /// After a failure of the files nothing more can be taken in: rows are gone.
    fn stop<T>(&mut self, result: Result<T, LakeError>) -> Result<T, LakeError> {
        if let Err(error) = &result {
            self.stopped.get_or_insert_with(|| error.to_string());
        }
        result
    }

    /// Begins an input file: `digest` is the lower-case SHA-256 of its content and its identity: content met before
    /// keeps its id, whatever its path. Records must be pushed from the first one on, also when part of the file was
    /// committed earlier: what is there already is a [`Pushed::Duplicate`].
    pub async fn begin_file(&mut self, path: &str, digest: &str, format: &str) -> Result<FileId, LakeError> {
        self.ready()?;
        if let Some(id) = self.by_digest.get(digest) {
            if let Some(source) = self.sources.get_mut(id) {
                if source.batch > 0 && !source.begun {
                    let known = self.lake.manifest.reject_reasons(*id).await?;
                    source.known_rejects = known.iter().map(|(position, reason)| (*position, hash(reason))).collect();
                }
                source.begun = true;
                source.occurrences = Occurrences::default();
                if source.format != format {
                    format.clone_into(&mut source.format);
                    source.changed = true;
                }
            }
            return Ok(FileId(*id));
        }
        let id = self.next_source;
        self.next_source = id.checked_add(1).ok_or(LakeError::UnknownFile { id })?;
        self.by_digest.insert(digest.to_owned(), id);
        self.sources.insert(
            id,
            Source {
                path: path.to_owned(),
                digest: digest.to_owned(),
                format: format.to_owned(),
                last_position: 0,
                complete: false,
                new_rows: 0,
                better_rows: 0,
                lost_cells: BTreeMap::new(),
                batch: 0,
                raw_bytes: 0,
                known_rejects: HashSet::new(),
                occurrences: Occurrences::default(),
                begun: true,
                changed: true,
            },
        );
        Ok(FileId(id))
    }

    /// The table's place in `tables`, made when first met.
    fn table(&mut self, schema: &Arc<TableSchema>) -> usize {
        if let Some(index) = self.by_name.get(&schema.name) {
            return *index;
        }
        let index = self.tables.len();
        self.tables.push(Table {
            arrow: arrow_schema(schema),
            requires_time: requires_time(schema),
            index: KeyIndex::default(),
            buffer: Buffer::new(schema),
            open: None,
            schema: Arc::clone(schema),
        });
        self.by_name.insert(schema.name.clone(), index);
        index
    }

    /// The place of a row's table, once it is sure that the row has the shape the store has.
    fn table_of(&mut self, row: &Row) -> Result<usize, LakeError> {
        let address = Arc::as_ptr(&row.table) as usize;
        let index = if let Some((_, index)) = self.by_address.get(&address) {
            *index
        } else {
            let name = &row.table.name;
            let Some(known) = self.lake.schemas.get(name).map(Arc::clone) else {
                return Err(LakeError::UnknownTable { table: name.clone() });
            };
            if !Arc::ptr_eq(&known, &row.table) && known.columns != row.table.columns {
                let reason = "its columns are not those the store was opened with".to_owned();
                return Err(LakeError::RowShape { table: name.clone(), reason });
            }
            let index = self.table(&known);
            if self.by_address.len() > 1000 {
                self.by_address.clear();
            }
            self.by_address.insert(address, (Arc::clone(&row.table), index));
            index
        };
        if row.values.len() != row.table.columns.len() {
            let reason = format!("{} cells for {} columns", row.values.len(), row.table.columns.len());
            return Err(LakeError::RowShape { table: row.table.name.clone(), reason });
        }
        Ok(index)
    }

    /// Takes one row. Full buffers go to disk on another thread; memory is bounded.
    pub fn push(&mut self, file: FileId, row: Row) -> Result<Pushed, LakeError> {
        self.ready()?;
        let index = self.table_of(&row)?;
        let unknown = LakeError::UnknownFile { id: file.0 };
        let Some(source) = self.sources.get_mut(&file.0).filter(|source| source.begun) else { return Err(unknown) };
        let Some(table) = self.tables.get_mut(index) else { return Err(unknown) };
        let key = keys::key_of(&table.schema.name, &row.key, &mut source.occurrences);

        let mut given = table.schema.columns.iter().zip(&row.values).filter(|(_, value)| !matches!(value, Value::Null));
        let misfit = given.find_map(|(column, value)| misfit(column, value));
        if let Some(reason) = misfit {
            return Ok(Pushed::Rejected(reason));
        }
        let time = row.time().and_then(nanos);
        if time.is_none() && table.requires_time {
            let column = &table.schema.time_column;
            return Ok(Pushed::Rejected(match row.time() {
                Some(time) => format!("{column} {time} is outside the years 1678 to 2261 that the store can hold"),
                None => format!("no time in {column}"),
            }));
        }

        if source.last_position < row.position {
            source.last_position = row.position;
            source.changed = true;
        }
        let position_in_buffer = table.buffer.len() as u32;
        let pushed = match table.index.enter(key, row.rank, position_in_buffer) {
            Met::Duplicate => return Ok(Pushed::Duplicate),
            Met::New => {
                source.new_rows += 1;
                Pushed::New
            }
            Met::Better(place) => {
                match place {
                    Place::Buffered(old) => table.buffer.kill(old),
                    Place::Stored { file, row } => self.replaced.entry(file).or_default().push(row),
                }
                source.better_rows += 1;
                Pushed::Superseded
            }
        };
        source.changed = true;
        let before = table.buffer.bytes();
        let entry = Entry { key, rank: row.rank, time, dead: false };
        let lost_cells = &mut source.lost_cells;
        let schema = &table.schema;
        table.buffer.push(file.0, row.position, &row.values, entry, |column| {
            if let Some(column) = schema.columns.get(column) {
                *lost_cells.entry(format!("{}.{}", schema.name, column.name)).or_insert(0) += 1;
            }
        });
        self.buffered += table.buffer.bytes() - before;
        if table.buffer.len() >= BUFFER_ROWS {
            self.flush(index)?;
        } else if self.buffered >= BUFFER_BYTES {
            let largest = self.tables.iter().enumerate().max_by_key(|(_, table)| table.buffer.bytes());
            if let Some((largest, _)) = largest {
                self.flush(largest)?;
            }
        }
        Ok(pushed)
    }

    /// Cells of this file, in all commits so far and the coming one, whose value became null because the store cannot
    /// hold it; by `Table.Column`.
    pub fn lost_cells(&self, file: FileId) -> BTreeMap<String, u64> {
        self.sources.get(&file.0).map(|source| source.lost_cells.clone()).unwrap_or_default()
    }

    /// Records that a record could not become a row; its text goes whole to the file that [`crate::Lake::rejects_files`]
    /// names. Doing so again (same position and reason) changes nothing.
    pub fn reject(&mut self, file: FileId, position: u64, reason: &str, raw: Option<&str>) -> Result<(), LakeError> {
        self.ready()?;
        let unknown = LakeError::UnknownFile { id: file.0 };
        let Some(source) = self.sources.get_mut(&file.0).filter(|source| source.begun) else { return Err(unknown) };
        if source.known_rejects.insert((position, hash(reason))) {
            let added = self.reject_files.add((file.0, source.batch), position, reason, raw);
            if let Err(error) = added {
                self.stopped.get_or_insert_with(|| error.to_string());
                return Err(error);
            }
        }
        let raw = raw.map(|raw| cut(raw, RAW_BYTES)).filter(|raw| source.raw_bytes + raw.len() <= RAW_BYTES_PER_FILE);
        source.raw_bytes += raw.map_or(0, str::len);
        source.last_position = source.last_position.max(position);
        source.changed = true;
        self.rejects.push(NewReject {
            source: file.0,
            position,
            reason: reason.to_owned(),
            raw: raw.map(str::to_owned),
        });
        Ok(())
    }

    /// The file was read to its end; with the next commit it is [`crate::FileRecord::complete`].
    pub fn end_file(&mut self, file: FileId) {
        if let Some(source) = self.sources.get_mut(&file.0).filter(|source| source.begun) {
            source.changed |= !source.complete;
            source.complete = true;
            source.occurrences = Occurrences::default();
        }
    }
}

fn hash(reason: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&blake3::hash(reason.as_bytes()).as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

/// The longest beginning of `text` that has at most `limit` bytes.
fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}
