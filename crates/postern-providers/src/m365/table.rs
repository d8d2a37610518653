//! Rows of a table whose columns are found by name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use postern_ingest::{Mapped, MissingTable};
use postern_model::row::{Rank, Row, RowKey, Value};
use postern_model::schema::{ColumnType, Schemas, TableSchema};
use postern_model::time::Ticks;
use serde_json::value::RawValue;

/// Tables whose key columns do not tell all rows apart: their rows are known by their whole content.
const KEYED_BY_CONTENT: &[&str] = &["AlertEvidence"];

/// Fills rows of one table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    schema: Arc<TableSchema>,
    /// Column by folded name.
    columns: HashMap<String, usize>,
    key: Vec<usize>,
    time: usize,
}

impl Table {
    /// The table of this name.
    pub(crate) fn new(schemas: &Schemas, name: &str) -> Result<Self, MissingTable> {
        let schema = schemas.get(name).ok_or_else(|| MissingTable(name.to_owned()))?;
        let columns = schema.columns.iter().enumerate().map(|(i, c)| (c.name.to_ascii_lowercase(), i)).collect();
        let index = |column: &str| schema.index_of(column).ok_or_else(|| MissingTable(format!("{name}.{column}")));
        let key = schema.key_columns.iter().map(|k| index(k)).collect::<Result<_, _>>()?;
        let time = index(&schema.time_column)?;
        Ok(Self { schema: Arc::clone(schema), columns, key, time })
    }

    /// The table's name.
    pub(crate) fn name(&self) -> &str {
        &self.schema.name
    }

    /// The schema.
    pub(crate) fn schema(&self) -> &Arc<TableSchema> {
        &self.schema
    }

    /// The column of this name, case aside, and its type.
    pub(crate) fn column(&self, name: &str) -> Option<(usize, ColumnType)> {
        let index = match self.columns.get(name) {
            Some(index) => *index,
            None => *self.columns.get(&name.to_ascii_lowercase())?,
        };
        self.schema.columns.get(index).map(|c| (index, c.kind))
    }

    /// An empty row.
    pub(crate) fn row(&self, rank: Rank, position: u64) -> Filling<'_> {
        let row = Row::new(Arc::clone(&self.schema), RowKey::Content(String::new()), rank, position);
        Filling { table: self, row }
    }
}

/// A row being filled.
pub(crate) struct Filling<'t> {
    table: &'t Table,
    row: Row,
}

impl Filling<'_> {
    /// Sets a cell; a column that the table does not have is passed over, a defect that the fixtures would show.
    pub(crate) fn set(&mut self, column: &str, value: Value) {
        if let Some((index, _)) = self.table.column(column) {
            self.set_at(index, value);
        }
    }

    /// Sets a cell by index.
    pub(crate) fn set_at(&mut self, index: usize, value: Value) {
        if let Some(cell) = self.row.values.get_mut(index) {
            *cell = value;
        }
    }

    /// Sets a cell from text, by the column's type. False when there is no such column.
    pub(crate) fn text(&mut self, column: &str, text: Cow<'_, str>) -> bool {
        self.with(column, |kind| super::cell::from_text(text, kind))
    }

    /// Sets a cell from a JSON value, by the column's type. False when there is no such column.
    pub(crate) fn json(&mut self, column: &str, value: Option<&RawValue>) -> bool {
        value.is_some_and(|value| self.with(column, |kind| super::cell::from_json(value, kind)))
    }

    /// Sets a cell from a PowerShell property, by the column's type. False when there is no such column.
    pub(crate) fn property(&mut self, column: &str, value: &RawValue) -> bool {
        self.with(column, |kind| super::cell::from_property(value, kind))
    }

    fn with(&mut self, column: &str, value: impl FnOnce(ColumnType) -> Value) -> bool {
        let Some((index, kind)) = self.table.column(column) else { return false };
        self.set_at(index, value(kind));
        true
    }

    /// The text in a cell; empty for other values.
    pub(crate) fn get(&self, column: &str) -> &str {
        match self.table.column(column).and_then(|(index, _)| self.row.values.get(index)) {
            Some(Value::Dynamic(text)) => text,
            Some(value) => value.text().unwrap_or_default(),
            None => "",
        }
    }

    /// True when the cell holds nothing.
    pub(crate) fn is_empty(&self, column: &str) -> bool {
        match self.table.column(column).and_then(|(index, _)| self.row.values.get(index)) {
            Some(Value::Null) | None => true,
            Some(value) => value.text().is_some_and(str::is_empty),
        }
    }

    /// What the row says, whatever shape it was read from: empty texts and lists say nothing.
    pub(crate) fn content(&self) -> String {
        let mut content = String::new();
        for (column, value) in self.table.schema.columns.iter().zip(&self.row.values) {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Shared(text) => text.as_str().to_owned(),
                Value::Dynamic(json) => match serde_json::from_str::<serde_json::Value>(json) {
                    Ok(serde_json::Value::Array(list)) if list.is_empty() => continue,
                    Ok(value) => value.to_string(),
                    Err(_) => json.clone(),
                },
                Value::DateTime(ticks) => ticks.to_string(),
                other => format!("{other:?}"),
            };
            if !text.is_empty() {
                // With its length, no text can pass for two columns.
                content.push_str(&format!("{}={}:{text}\n", column.name, text.len()));
            }
        }
        content
    }

    /// The row's time.
    pub(crate) fn time(&self) -> Option<Ticks> {
        match self.row.values.get(self.table.time) {
            Some(Value::DateTime(ticks)) => Some(*ticks),
            _ => None,
        }
    }

    /// Changes how close to the source the row is.
    pub(crate) fn rank(&mut self, rank: Rank) {
        self.row.rank = rank;
    }

    /// The row, known by this content.
    pub(crate) fn keyed_by(mut self, key: RowKey) -> Mapped {
        self.row.key = key;
        Mapped::Row(Box::new(self.row))
    }

    /// The row, known by its key columns; by its whole content where one of them is empty.
    pub(crate) fn keyed(self) -> Mapped {
        let by_content = KEYED_BY_CONTENT.contains(&self.table.name());
        let mut key = String::new();
        for index in &self.table.key {
            let Some(value) = self.row.values.get(*index) else { continue };
            let column = self.table.schema.columns.get(*index).map_or("", |c| c.name.as_str());
            match (value, value.text()) {
                (_, Some(text)) if !text.is_empty() && column == "Url" => key.push_str(text),
                (_, Some(text)) if !text.is_empty() => key.push_str(&text.to_lowercase()),
                (Value::DateTime(ticks), _) => key.push_str(&ticks.to_string()),
                _ => {
                    key.clear();
                    break;
                }
            }
            key.push('\n');
        }
        let key = if key.is_empty() || by_content {
            RowKey::Content(format!("{:?}", self.row.values))
        } else {
            RowKey::Record(key)
        };
        self.keyed_by(key)
    }
}
