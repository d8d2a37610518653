//! What a query may read: the stored tables and, after their rows, those derived from other tables.
//!
//! A name with a leading underscore, such as `_EmailEvents`, is the stored rows of a table alone. Derived queries use it
//! to leave out what the table already has.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::datasource::MemTable;
use postern_kql::catalog::{AddressPlaces, Catalog, Column, TableDef, TableSource, View};
use postern_kql::types::KqlType;
use postern_lake::{FILE_COLUMN, Lake, LakeError, POSITION_COLUMN, Snapshot};
use postern_model::schema::{ColumnType, TableSchema};

use crate::hunt::HuntResult;

/// The tables of one state of a store.
#[derive(Debug, Clone)]
pub struct LakeCatalog {
    snapshot: Snapshot,
    computed: BTreeMap<String, Arc<TableDef>>,
    places: Option<AddressPlaces>,
}

/// The tables of the store as it is now.
pub async fn catalog(lake: &Lake) -> Result<LakeCatalog, LakeError> {
    Ok(LakeCatalog { snapshot: lake.snapshot().await?, computed: BTreeMap::new(), places: None })
}

impl LakeCatalog {
    /// The state of the store.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The same tables for queries that may ask where addresses are.
    #[must_use]
    pub fn with_places(mut self, places: AddressPlaces) -> Self {
        self.places = Some(places);
        self
    }

    /// Puts rows that were computed once in the place of a derived table.
    pub fn put(&mut self, table: &str, result: &HuntResult) -> Result<(), datafusion::error::DataFusionError> {
        let schema: SchemaRef = match result.batches.first() {
            Some(batch) => batch.schema(),
            None => Arc::new(Schema::new(
                result.columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect::<Vec<_>>(),
            )),
        };
        // Names in the engine's batches may differ from the columns' names, and nullability between batches.
        let fields: Vec<Field> = result
            .columns
            .iter()
            .zip(schema.fields())
            .map(|(column, field)| Field::new(&column.name, field.data_type().clone(), true))
            .collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let batches: Result<Vec<RecordBatch>, _> = result
            .batches
            .iter()
            .map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()))
            .collect();
        let provider = MemTable::try_new(schema, vec![batches?])?;
        let columns = result
            .columns
            .iter()
            .map(|c| Column { name: c.name.clone(), ty: c.ty, hidden: is_hidden(&c.name) })
            .collect();
        self.computed.insert(
            table.to_owned(),
            Arc::new(TableDef { name: table.to_owned(), columns, source: TableSource::Provider(Arc::new(provider)) }),
        );
        Ok(())
    }

    /// True when every table is known and none of them has a row, stored or derived.
    pub fn all_empty<'a>(&self, tables: impl IntoIterator<Item = &'a str>) -> bool {
        tables.into_iter().all(|table| !self.has_rows(table, 0))
    }

    fn has_rows(&self, table: &str, depth: usize) -> bool {
        let name = table.strip_prefix('_').unwrap_or(table);
        if self.snapshot.rows(name) > 0 {
            return true;
        }
        let Some(schema) = self.snapshot.schemas().get(name) else { return false };
        depth < 4
            && !table.starts_with('_')
            && schema.derived.iter().any(|d| d.from.iter().any(|from| from != name && self.has_rows(from, depth + 1)))
    }

    fn define(&self, schema: &TableSchema, stored_only: bool) -> Option<TableDef> {
        let provider = self.snapshot.provider(&schema.name).ok()?;
        let stored = self.snapshot.rows(&schema.name);
        let mut views = Vec::new();
        if !stored_only {
            for derived in &schema.derived {
                if derived.from.iter().any(|from| self.snapshot.rows(from) > 0) {
                    views.push(View::Query(derived.query.clone()));
                }
            }
        }
        let source = if views.is_empty() {
            TableSource::Provider(provider)
        } else {
            if stored > 0 {
                views.insert(0, View::Provider(provider));
            }
            TableSource::Views(views)
        };
        Some(TableDef { name: schema.name.clone(), columns: columns(schema), source })
    }
}

impl Catalog for LakeCatalog {
    fn table(&self, name: &str) -> Option<Arc<TableDef>> {
        if let Some(table) = self.computed.get(name) {
            return Some(Arc::clone(table));
        }
        if let Some(schema) = self.snapshot.schemas().get(name) {
            return self.define(schema, false).map(Arc::new);
        }
        let schema = self.snapshot.schemas().get(name.strip_prefix('_')?)?;
        self.define(schema, true).map(Arc::new)
    }

    fn table_names(&self) -> Vec<String> {
        self.snapshot.schemas().iter().map(|t| t.name.clone()).collect()
    }

    fn places(&self) -> Option<AddressPlaces> {
        self.places.clone()
    }
}

fn is_hidden(name: &str) -> bool {
    name == FILE_COLUMN || name == POSITION_COLUMN
}

/// The declared columns of a table and the hidden ones that say where a row came from.
pub fn columns(schema: &TableSchema) -> Vec<Column> {
    let mut columns: Vec<Column> =
        schema.columns.iter().map(|c| Column::new(c.name.clone(), kql_type(c.kind))).collect();
    columns.push(Column { name: FILE_COLUMN.to_owned(), ty: KqlType::Int, hidden: true });
    columns.push(Column { name: POSITION_COLUMN.to_owned(), ty: KqlType::Long, hidden: true });
    columns
}

fn kql_type(kind: ColumnType) -> KqlType {
    match kind {
        ColumnType::Bool => KqlType::Bool,
        ColumnType::Int => KqlType::Int,
        ColumnType::Long => KqlType::Long,
        ColumnType::Real => KqlType::Real,
        ColumnType::DateTime => KqlType::DateTime,
        ColumnType::TimeSpan => KqlType::TimeSpan,
        ColumnType::String => KqlType::String,
        ColumnType::Guid => KqlType::Guid,
        ColumnType::Dynamic => KqlType::Dynamic,
    }
}
