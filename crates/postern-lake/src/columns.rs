//! Rows to columns: a table's Arrow schema and the buffer in which its rows wait.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanBuilder, DurationNanosecondBuilder, Float64Builder, Int32Builder, Int64Builder,
    RecordBatch, StringViewBuilder, TimestampNanosecondBuilder, UInt32Array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use postern_model::row::{Rank, Value};
use postern_model::schema::{Column, ColumnType, TableSchema};
use postern_model::time::{MAX_TICKS, Ticks};

use crate::keys::Key;
use crate::{FILE_COLUMN, POSITION_COLUMN, TYPE_KEY};

/// The longest text of one cell. Arrow's views cannot address more than 4 GiB; a record of this size is no record.
pub(crate) const MAX_CELL: usize = 1 << 30;

/// The Arrow type a KQL type is stored as.
fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int => DataType::Int32,
        ColumnType::Long => DataType::Int64,
        ColumnType::Real => DataType::Float64,
        ColumnType::DateTime => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        ColumnType::TimeSpan => DataType::Duration(TimeUnit::Nanosecond),
        ColumnType::String | ColumnType::Guid | ColumnType::Dynamic => DataType::Utf8View,
    }
}

/// The Arrow schema of a stored table: its columns, then the hidden ones.
pub(crate) fn arrow_schema(table: &TableSchema) -> SchemaRef {
    let field = |name: &str, kind: ColumnType, nullable: bool| {
        let metadata = HashMap::from([(TYPE_KEY.to_owned(), kind.name().to_owned())]);
        Field::new(name, data_type(kind), nullable).with_metadata(metadata)
    };
    let declared = table.columns.iter().map(|c| field(&c.name, c.kind, c.kind != ColumnType::String));
    let hidden = [field(FILE_COLUMN, ColumnType::Int, false), field(POSITION_COLUMN, ColumnType::Long, false)];
    Arc::new(Schema::new(declared.chain(hidden).collect::<Vec<_>>()))
}

/// Whether a row without a time is refused. A configuration snapshot may not say when it was taken.
pub(crate) fn requires_time(table: &TableSchema) -> bool {
    table.family != "config-snapshot"
}

/// One column under construction.
enum Cells {
    Bool(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Real(Float64Builder),
    DateTime(TimestampNanosecondBuilder),
    TimeSpan(DurationNanosecondBuilder),
    /// Missing is the empty text.
    Text(StringViewBuilder),
    /// Missing is null.
    Nullable(StringViewBuilder),
}

/// The column of audit tables that says what was done. Most questions ask for a few of its values, and a record is long:
/// where equal ones lie together, the pages of all others are not even decompressed.
const CLUSTERED: &str = "Operation";
/// The least rows of a buffer that is ordered so; below there are few pages to leave out.
const CLUSTER_ROWS: usize = 16 << 10;
/// The most different values by which to order.
const CLUSTER_VALUES: usize = 4096;

/// The place of each row's text among the different texts in order; `None` when these are too many.
fn ranks(texts: &ArrayRef) -> Option<Vec<u16>> {
    let texts = texts.as_string_view_opt()?;
    let mut places: HashMap<&str, u16> = HashMap::new();
    for text in texts.iter().flatten() {
        if !places.contains_key(text) {
            if places.len() == CLUSTER_VALUES {
                return None;
            }
            places.insert(text, 0);
        }
    }
    let mut different: Vec<&str> = places.keys().copied().collect();
    different.sort_unstable();
    places.extend(different.into_iter().zip(0u16..));
    Some(texts.iter().map(|text| text.and_then(|text| places.get(text)).copied().unwrap_or_default()).collect())
}

/// What happened to a cell.
enum Kept {
    /// Stored as given; its size in bytes.
    Whole(usize),
    /// The type cannot hold the value: null now.
    Lost,
}

impl Cells {
    fn new(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnType::Int => Self::Int(Int32Builder::new()),
            ColumnType::Long => Self::Long(Int64Builder::new()),
            ColumnType::Real => Self::Real(Float64Builder::new()),
            ColumnType::DateTime => Self::DateTime(TimestampNanosecondBuilder::new().with_timezone("UTC")),
            ColumnType::TimeSpan => Self::TimeSpan(DurationNanosecondBuilder::new()),
            ColumnType::String => Self::Text(StringViewBuilder::new()),
            ColumnType::Guid | ColumnType::Dynamic => Self::Nullable(StringViewBuilder::new()),
        }
    }

    /// Appends a value that [`misfit`] let through.
    fn append(&mut self, value: &Value) -> Kept {
        match (self, value) {
            (Self::Bool(cells), Value::Bool(value)) => {
                cells.append_value(*value);
                Kept::Whole(1)
            }
            (Self::Int(cells), Value::Long(value)) => number(i32::try_from(*value).ok(), |v| cells.append_option(v), 4),
            (Self::Long(cells), Value::Long(value)) => number(Some(*value), |v| cells.append_option(v), 8),
            (Self::Real(cells), Value::Real(value)) => number(Some(*value), |v| cells.append_option(v), 8),
            (Self::Real(cells), Value::Long(value)) => number(Some(*value as f64), |v| cells.append_option(v), 8),
            (Self::DateTime(cells), Value::DateTime(value)) => number(nanos(*value), |v| cells.append_option(v), 8),
            (Self::TimeSpan(cells), Value::TimeSpan(value)) => {
                number(value.checked_mul(100), |v| cells.append_option(v), 8)
            }
            (Self::Text(cells) | Self::Nullable(cells), Value::String(text) | Value::Dynamic(text)) => {
                cells.append_value(text);
                Kept::Whole(text.len() + 16)
            }
            (Self::Text(cells) | Self::Nullable(cells), Value::Shared(text)) => {
                let text = text.as_str();
                cells.append_value(text);
                Kept::Whole(text.len() + 16)
            }
            (cells, _) => {
                cells.append_missing(1);
                Kept::Whole(8)
            }
        }
    }

    fn append_missing(&mut self, count: usize) {
        match self {
            Self::Bool(cells) => cells.append_nulls(count),
            Self::Int(cells) => cells.append_nulls(count),
            Self::Long(cells) => cells.append_nulls(count),
            Self::Real(cells) => cells.append_nulls(count),
            Self::DateTime(cells) => cells.append_nulls(count),
            Self::TimeSpan(cells) => cells.append_nulls(count),
            Self::Text(cells) => (0..count).for_each(|_| cells.append_value("")),
            Self::Nullable(cells) => (0..count).for_each(|_| cells.append_null()),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Bool(cells) => Arc::new(cells.finish()),
            Self::Int(cells) => Arc::new(cells.finish()),
            Self::Long(cells) => Arc::new(cells.finish()),
            Self::Real(cells) => Arc::new(cells.finish()),
            // `finish` keeps the builder's type, time zone included.
            Self::DateTime(cells) => Arc::new(cells.finish()),
            Self::TimeSpan(cells) => Arc::new(cells.finish()),
            Self::Text(cells) | Self::Nullable(cells) => Arc::new(cells.finish()),
        }
    }
}

/// An instant in the store's unit; `None` when it is outside what that can hold.
pub(crate) fn nanos(value: Ticks) -> Option<i64> {
    if (0..=MAX_TICKS).contains(&value.0) { value.unix_nanos() } else { None }
}

fn number<T>(value: Option<T>, append: impl FnOnce(Option<T>), size: usize) -> Kept {
    let lost = value.is_none();
    append(value);
    if lost { Kept::Lost } else { Kept::Whole(size) }
}

/// Why a value cannot be stored in a column at all; `None` when it can (as itself, or as a counted null).
pub(crate) fn misfit(column: &Column, value: &Value) -> Option<String> {
    let name = match (column.kind, value) {
        (_, Value::Null)
        | (ColumnType::Bool, Value::Bool(_))
        | (ColumnType::Int | ColumnType::Long | ColumnType::Real, Value::Long(_))
        | (ColumnType::Real, Value::Real(_))
        | (ColumnType::DateTime, Value::DateTime(_))
        | (ColumnType::TimeSpan, Value::TimeSpan(_)) => return None,
        (ColumnType::String | ColumnType::Guid, Value::String(text)) | (ColumnType::Dynamic, Value::Dynamic(text)) => {
            let size = text.len();
            return (size > MAX_CELL)
                .then(|| format!("column `{}` has {size} bytes, more than a cell may have", column.name));
        }
        (ColumnType::String | ColumnType::Guid, Value::Shared(_)) => return None,
        (_, Value::Bool(_)) => "a truth value",
        (_, Value::Long(_)) => "a whole number",
        (_, Value::Real(_)) => "a number",
        (_, Value::DateTime(_)) => "an instant",
        (_, Value::TimeSpan(_)) => "a duration",
        (_, Value::String(_) | Value::Shared(_)) => "a text",
        (_, Value::Dynamic(_)) => "JSON",
    };
    Some(format!("column `{}` is a {} and was given {name}", column.name, column.kind.name()))
}

/// A row in the buffer, apart from its cells.
pub(crate) struct Entry {
    /// Identity.
    pub(crate) key: Key,
    /// Closeness to the source.
    pub(crate) rank: Rank,
    /// The time column in nanoseconds, if it has one.
    pub(crate) time: Option<i64>,
    /// A better row with the same key came before this one was written.
    pub(crate) dead: bool,
}

/// The rows of one table that are not in a data file yet.
pub(crate) struct Buffer {
    /// Each with the number of rows it has cells for: missing cells are added when one follows, many at once.
    cells: Vec<(Cells, usize)>,
    files: Int32Builder,
    positions: Int64Builder,
    entries: Vec<Entry>,
    bytes: usize,
    /// The column whose equal values lie together in a large buffer.
    cluster: Option<usize>,
}

/// A full buffer as one batch in order of time, a large one of some tables by kind of activity first.
pub(crate) struct Chunk {
    /// The rows.
    pub(crate) batch: RecordBatch,
    /// Their entries in the same order.
    pub(crate) entries: Vec<Entry>,
}

impl Buffer {
    pub(crate) fn new(table: &TableSchema) -> Self {
        Self {
            cells: table.columns.iter().map(|c| (Cells::new(c.kind), 0)).collect(),
            files: Int32Builder::new(),
            positions: Int64Builder::new(),
            entries: Vec::new(),
            bytes: 0,
            cluster: table.columns.iter().position(|c| c.kind == ColumnType::String && c.name == CLUSTERED),
        }
    }

    /// The number of rows, and so the index of the next one.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// A good guess of the memory in use.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The row at `index` is not to be written.
    pub(crate) fn kill(&mut self, index: u32) {
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.dead = true;
        }
    }

    /// Appends a row; `lost` is called with the index of each column whose value became null.
    pub(crate) fn push(
        &mut self,
        file: i32,
        position: u64,
        values: &[Value],
        entry: Entry,
        mut lost: impl FnMut(usize),
    ) {
        let row = self.entries.len();
        for (index, ((cells, filled), value)) in self.cells.iter_mut().zip(values).enumerate() {
            if matches!(value, Value::Null) {
                continue;
            }
            if *filled < row {
                cells.append_missing(row - *filled);
            }
            *filled = row + 1;
            match cells.append(value) {
                Kept::Whole(size) => self.bytes += size,
                Kept::Lost => lost(index),
            }
        }
        // A missing cell takes room too.
        self.bytes += 8 * self.cells.len();
        self.files.append_value(file);
        self.positions.append_value(position as i64);
        self.entries.push(entry);
        self.bytes += 64;
    }

    /// Empties the buffer: the living rows in order of time, those without a time first; a large buffer of records with
    /// an operation by that first, so that a question about rare operations reads few pages of whole records.
    pub(crate) fn take(&mut self, schema: &SchemaRef) -> Result<Chunk, ArrowError> {
        let entries = std::mem::take(&mut self.entries);
        self.bytes = 0;
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.cells.len() + 2);
        for (cells, filled) in &mut self.cells {
            cells.append_missing(entries.len().saturating_sub(*filled));
            *filled = 0;
            columns.push(cells.finish());
        }
        columns.push(Arc::new(self.files.finish()));
        columns.push(Arc::new(self.positions.finish()));

        let cluster = self.cluster.filter(|_| entries.len() >= CLUSTER_ROWS).and_then(|at| columns.get(at));
        let ranks = cluster.and_then(ranks).unwrap_or_default();
        let rank = |row: u32| ranks.get(row as usize).copied().unwrap_or_default();
        let mut order: Vec<(u16, Option<i64>, u32)> = entries
            .iter()
            .zip(0u32..)
            .filter(|(entry, _)| !entry.dead)
            .map(|(entry, i)| (rank(i), entry.time, i))
            .collect();
        // The row's own number breaks ties: the same input gives the same file.
        order.sort_unstable();
        let as_pushed = order.len() == entries.len() && order.iter().zip(0u32..).all(|((.., from), to)| *from == to);
        if as_pushed {
            return Ok(Chunk { batch: RecordBatch::try_new(Arc::clone(schema), columns)?, entries });
        }
        let mut slots: Vec<Option<Entry>> = entries.into_iter().map(Some).collect();
        let sorted =
            order.iter().filter_map(|(.., from)| slots.get_mut(*from as usize).and_then(Option::take)).collect();
        let indices = UInt32Array::from_iter_values(order.into_iter().map(|(.., from)| from));
        let columns =
            columns.iter().map(|column| take(column.as_ref(), &indices, None)).collect::<Result<Vec<_>, _>>()?;
        Ok(Chunk { batch: RecordBatch::try_new(Arc::clone(schema), columns)?, entries: sorted })
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;
    use arrow::datatypes::TimestampNanosecondType;
    use postern_model::schema::Schemas;

    use super::*;

    /// The operations and times of a buffer in which kinds alternate as time goes on.
    fn taken(rows: usize) -> Vec<(String, i64)> {
        let table = Schemas::builtin().unwrap().get("AuditRecords").unwrap();
        let place = |name: &str| table.index_of(name).unwrap();
        let mut buffer = Buffer::new(table);
        for row in 0..rows {
            let mut values = vec![Value::Null; table.columns.len()];
            let at = Ticks::from_unix_nanos(row as i64 * 1_000);
            values[place("Timestamp")] = Value::DateTime(at);
            values[place("Operation")] = Value::String(["Send", "Create", "Update"][row % 3].to_owned());
            let entry = Entry { key: Key([row as u64, 0]), rank: Rank::Record, time: nanos(at), dead: row == 1 };
            buffer.push(1, row as u64 + 1, &values, entry, |_| {});
        }
        let chunk = buffer.take(&arrow_schema(table)).unwrap();
        let times = chunk.batch.column(place("Timestamp")).as_primitive::<TimestampNanosecondType>();
        assert!(chunk.entries.iter().zip(times.iter()).all(|(entry, time)| entry.time == time));
        let operations = chunk.batch.column(place("Operation")).as_string_view();
        (0..operations.len()).map(|row| (operations.value(row).to_owned(), times.value(row))).collect()
    }

    #[test]
    fn a_large_buffer_of_records_is_ordered_by_operation_and_time() {
        let rows = taken(CLUSTER_ROWS);
        assert_eq!(rows.len(), CLUSTER_ROWS - 1);
        assert!(rows.is_sorted());
    }

    #[test]
    fn a_small_one_by_time_alone() {
        let rows = taken(1_000);
        assert_eq!(rows.len(), 999);
        assert!(rows.is_sorted_by_key(|(_, time)| *time));
    }
}
