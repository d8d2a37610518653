//! One row on its way into the store.

use std::fmt;
use std::sync::Arc;

use crate::schema::TableSchema;
use crate::time::Ticks;

/// One cell.
#[derive(Clone)]
pub enum Value {
    /// No value. In a `string` column this is stored as the empty text.
    Null,
    /// For `bool` columns.
    Bool(bool),
    /// For `int` and `long` columns.
    Long(i64),
    /// For `real` columns.
    Real(f64),
    /// For `datetime` columns.
    DateTime(Ticks),
    /// For `timespan` columns, in ticks of 100 ns.
    TimeSpan(i64),
    /// For `string` and `guid` columns.
    String(String),
    /// As [`Value::String`] and equal to it: a text that lies in one piece of memory with others of its row.
    Shared(SharedText),
    /// For `dynamic` columns: valid JSON text.
    Dynamic(String),
}

impl Value {
    /// The text of a `string` or `guid` cell.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Shared(text) => Some(text.as_str()),
            _ => None,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Long(a), Self::Long(b)) | (Self::TimeSpan(a), Self::TimeSpan(b)) => a == b,
            (Self::Real(a), Self::Real(b)) => a == b,
            (Self::DateTime(a), Self::DateTime(b)) => a == b,
            (Self::Dynamic(a), Self::Dynamic(b)) => a == b,
            _ => self.text().is_some_and(|text| other.text() == Some(text)),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(value) => f.debug_tuple("Bool").field(value).finish(),
            Self::Long(value) => f.debug_tuple("Long").field(value).finish(),
            Self::Real(value) => f.debug_tuple("Real").field(value).finish(),
            Self::DateTime(value) => f.debug_tuple("DateTime").field(value).finish(),
            Self::TimeSpan(value) => f.debug_tuple("TimeSpan").field(value).finish(),
            Self::String(text) => f.debug_tuple("String").field(text).finish(),
            Self::Shared(text) => f.debug_tuple("String").field(&text.as_str()).finish(),
            Self::Dynamic(text) => f.debug_tuple("Dynamic").field(text).finish(),
        }
    }
}

/// A part of a text that several cells share.
#[derive(Clone)]
pub struct SharedText {
    all: Arc<str>,
    start: u32,
    end: u32,
}

impl SharedText {
    /// The bytes from `start` to before `end`; empty where these do not lie on characters of the text.
    pub fn new(all: &Arc<str>, start: usize, end: usize) -> Self {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Self { all: Arc::clone(all), start, end },
            _ => Self { all: Arc::clone(all), start: 0, end: 0 },
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.all.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// What makes a row the same row when it is met again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKey {
    /// The record's own identity, already normalised (for an audit record its lower-cased `Id`).
    Record(String),
    /// The record has no identity: its content stands in. The n-th occurrence of equal content within one file is the
    /// n-th such row, so equal records of one file stay apart and a second reading of the file adds nothing.
    Content(String),
}

/// How close to the source a row is; a lower rank supersedes a higher one with the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Rank {
    /// The vendor's own row of this table (hunting export, streaming).
    Native = 0,
    /// The complete record that the row is mapped from (audit record, sign-in, trace, configuration).
    Record = 1,
    /// Parts of the record were lost on the way (cut cells, flattened exports).
    Salvaged = 2,
}

/// One row for one table.
#[derive(Debug, Clone)]
pub struct Row {
    /// The table; `values` has one cell per column of it, in order.
    pub table: Arc<TableSchema>,
    /// Identity for deduplication across files and runs, within the table.
    pub key: RowKey,
    /// Closeness to the source.
    pub rank: Rank,
    /// Where the record stood in its file: the record's number, counted from 1.
    pub position: u64,
    /// Cells.
    pub values: Vec<Value>,
}

impl Row {
    /// A row with every cell null.
    pub fn new(table: Arc<TableSchema>, key: RowKey, rank: Rank, position: u64) -> Self {
        let values = vec![Value::Null; table.columns.len()];
        Self { table, key, rank, position, values }
    }

    /// Sets a cell by column name; false when the table has no such column.
    pub fn set(&mut self, column: &str, value: Value) -> bool {
        match self.table.index_of(column) {
            Some(index) => {
                self.values[index] = value;
                true
            }
            None => false,
        }
    }

    /// The row's time: the cell of the table's time column.
    pub fn time(&self) -> Option<Ticks> {
        match self.table.index_of(&self.table.time_column).map(|i| &self.values[i]) {
            Some(Value::DateTime(ticks)) => Some(*ticks),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_text_is_as_one_of_its_own() {
        let all: Arc<str> = Arc::from("one\u{e9}two");
        let shared = |start, end| Value::Shared(SharedText::new(&all, start, end));
        let own = Value::String("two".to_owned());
        assert_eq!(shared(5, 8), own);
        assert_eq!(format!("{:?}", shared(5, 8)), format!("{own:?}"));
        assert_ne!(shared(0, 3), own);
        assert_ne!(shared(5, 8), Value::Dynamic("two".to_owned()));
        for (start, end) in [(4, 8), (5, 9), (8, 5)] {
            assert_eq!(shared(start, end).text(), Some(""));
        }
    }
}
