//! What a query may read: tables by name, each a provider or a union of views.
//!
//! The engine depends on this small trait and on DataFusion's `TableProvider`, never on a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;

use crate::types::KqlType;

/// A column of a table or of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name; case matters.
    pub name: String,
    /// The type.
    pub ty: KqlType,
    /// Whether it is provenance: it resolves by name but is no part of `*`, of `getschema` and of a result that did not
    /// ask for it.
    pub hidden: bool,
}

impl Column {
    /// A visible column.
    pub fn new(name: impl Into<String>, ty: KqlType) -> Self {
        Self { name: name.into(), ty, hidden: false }
    }
}

/// One part of a table that is the union of several.
#[derive(Debug, Clone)]
pub enum View {
    /// Stored rows.
    Provider(Arc<dyn TableProvider>),
    /// A query over the same catalogue.
    Query(String),
}

/// Where a table's rows come from.
#[derive(Debug, Clone)]
pub enum TableSource {
    /// Stored rows.
    Provider(Arc<dyn TableProvider>),
    /// The rows of all parts, columns matched by name to the declared list, missing ones null (or `""`).
    Views(Vec<View>),
}

/// A table as queries see it.
#[derive(Debug, Clone)]
pub struct TableDef {
    /// The name; case matters.
    pub name: String,
    /// The declared columns in order, hidden ones too.
    pub columns: Vec<Column>,
    /// Where the rows come from.
    pub source: TableSource,
}

impl TableDef {
    /// The column that says when a row happened, `Timestamp` or `TimeGenerated`, when the table has one.
    pub fn time_column(&self) -> Option<&Column> {
        ["Timestamp", "TimeGenerated"]
            .iter()
            .find_map(|name| self.columns.iter().find(|c| c.name == *name && c.ty == KqlType::DateTime))
    }
}

/// Says where addresses are; given by whoever has a database.
#[derive(Clone)]
pub struct AddressPlaces(Arc<dyn Fn(&str) -> Option<String> + Send + Sync>);

impl AddressPlaces {
    /// From an address as queries write it to JSON text; `None` for what is no address or of which nothing is known.
    pub fn new(look_up: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look_up))
    }

    /// What is known of an address, as JSON text.
    pub fn json(&self, address: &str) -> Option<String> {
        (self.0)(address)
    }
}

impl std::fmt::Debug for AddressPlaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AddressPlaces")
    }
}

/// The tables that queries may read.
pub trait Catalog: Send + Sync {
    /// The table of a name.
    fn table(&self, name: &str) -> Option<Arc<TableDef>>;

    /// The names of all tables, for messages and for `union *`, `search`, `find`.
    fn table_names(&self) -> Vec<String>;

    /// Where addresses are, if that is known; for `geo_info_from_ip_address`.
    fn places(&self) -> Option<AddressPlaces> {
        None
    }
}

/// A fixed set of tables.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    tables: BTreeMap<String, Arc<TableDef>>,
}

impl Tables {
    /// A catalogue without tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a table; one of the same name is replaced.
    pub fn add(&mut self, table: TableDef) {
        self.tables.insert(table.name.clone(), Arc::new(table));
    }
}

impl Catalog for Tables {
    fn table(&self, name: &str) -> Option<Arc<TableDef>> {
        self.tables.get(name).cloned()
    }

    fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }
}
