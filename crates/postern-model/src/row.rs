//! One row on its way into the store.

use std::sync::Arc;

use crate::schema::TableSchema;
use crate::time::Ticks;

/// One cell.
#[derive(Debug, Clone, PartialEq)]
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
    /// For `dynamic` columns: valid JSON text.
    Dynamic(String),
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
