//! Tables and columns as data: one TOML file per table under `schema/tables/`, compiled into the program.
//!
//! The same files give the Arrow schema of the store, the names and types that queries bind against, and
//! `postern tables`. Nothing else declares a column.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};

static BUILTIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../schema/tables");

/// The KQL type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// True or false; may be null.
    Bool,
    /// 32-bit signed integer; may be null.
    Int,
    /// 64-bit signed integer; may be null.
    Long,
    /// 64-bit floating point number; may be null.
    Real,
    /// Instant in UTC with a resolution of 100 ns; may be null.
    DateTime,
    /// Duration in ticks of 100 ns; may be null.
    TimeSpan,
    /// Text; never null, a missing value is the empty text.
    String,
    /// GUID in lower-case text form; may be null.
    Guid,
    /// JSON value as validated text; may be null.
    Dynamic,
}

impl ColumnType {
    /// The type's name in KQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Long => "long",
            Self::Real => "real",
            Self::DateTime => "datetime",
            Self::TimeSpan => "timespan",
            Self::String => "string",
            Self::Guid => "guid",
            Self::Dynamic => "dynamic",
        }
    }
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name as queries spell it; case-sensitive.
    pub name: String,
    /// KQL type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// How sure the name and type are: `documented`, `observed`, `legacy`, `playbook-only`, `cmdlet-parameter`,
    /// `third-party` or `postern`.
    #[serde(default = "documented")]
    pub presence: String,
    /// What the column holds, where the name does not say it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

fn documented() -> String {
    "documented".to_owned()
}

/// Rows of a table that are computed from other tables when it is queried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// The tables that the query reads; when all are empty the query is skipped.
    pub from: Vec<String>,
    /// A KQL query. Its columns are matched by name to the table's; a column it does not give is null (text: empty).
    pub query: String,
}

/// What is known of the place of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaceFact {
    /// Country, two letters.
    Country,
    /// State or region.
    State,
    /// City.
    City,
    /// Degrees north.
    Latitude,
    /// Degrees east.
    Longitude,
    /// Number of the network.
    Asn,
    /// Name of the network.
    Network,
}

/// The columns of a table that say where an address is. What the source gives stands; the rest is looked up when the
/// row is taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceColumns {
    /// The column with the address.
    pub address: String,
    /// The column with the address where that one is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// The column for the address's kind: `public`, `reserved` or `vendor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The column for the names of those that were looked up in this row, so that a later look-up may replace them.
    /// Without it no source ever gives any of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_up: Option<String>,
    /// What goes where.
    pub columns: BTreeMap<String, PlaceFact>,
}

impl PlaceColumns {
    /// Every column named here.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let single = [Some(&self.address), self.otherwise.as_ref(), self.kind.as_ref(), self.looked_up.as_ref()];
        single.into_iter().flatten().chain(self.columns.keys())
    }
}

/// One table: its columns and, where rows are computed from other tables, how.
///
/// A table's rows are those stored under its name followed by those of each [`Derived`] query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSchema {
    /// Name as queries spell it; case-sensitive.
    pub name: String,
    /// One sentence: what one row is.
    pub summary: String,
    /// `advanced-hunting`, `sentinel`, `message-trace`, `config-snapshot` or `postern`.
    pub family: String,
    /// The `datetime` column that says when a row happened.
    pub time_column: String,
    /// The columns that tell two rows apart.
    pub key_columns: Vec<String>,
    /// Columns in the order `getschema` lists them.
    pub columns: Vec<Column>,
    /// Which of them say where an address is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<PlaceColumns>,
    /// Computed rows, if any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derived: Vec<Derived>,
}

impl TableSchema {
    /// The position of a column, by exact name.
    pub fn index_of(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }
}

/// A schema file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The file is not TOML of the expected shape.
    #[error("schema file `{file}`: {source}")]
    Toml {
        /// The file's name.
        file: String,
        /// What the TOML reader said.
        source: Box<toml::de::Error>,
    },
    /// The file contradicts itself.
    #[error("schema file `{file}`: {reason}")]
    Invalid {
        /// The file's name.
        file: String,
        /// What is wrong.
        reason: String,
    },
}

/// All known tables by name.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    tables: BTreeMap<String, Arc<TableSchema>>,
}

impl Schemas {
    /// The tables compiled into the program.
    pub fn builtin() -> Result<&'static Arc<Schemas>, &'static SchemaError> {
        static LOADED: LazyLock<Result<Arc<Schemas>, SchemaError>> = LazyLock::new(|| {
            let mut schemas = Schemas::default();
            for file in BUILTIN.files() {
                let name = file.path().display().to_string();
                schemas.add_toml(&name, file.contents_utf8().unwrap_or_default())?;
            }
            Ok(Arc::new(schemas))
        });
        LOADED.as_ref()
    }

    /// Reads one table file and adds it; a table of the same name is replaced.
    pub fn add_toml(&mut self, file: &str, text: &str) -> Result<(), SchemaError> {
        let table: TableSchema =
            toml::from_str(text).map_err(|e| SchemaError::Toml { file: file.to_owned(), source: Box::new(e) })?;
        let invalid = |reason: String| SchemaError::Invalid { file: file.to_owned(), reason };
        for (index, column) in table.columns.iter().enumerate() {
            if table.index_of(&column.name) != Some(index) {
                return Err(invalid(format!("column `{}` is declared twice", column.name)));
            }
        }
        match table.index_of(&table.time_column).map(|i| table.columns[i].kind) {
            Some(ColumnType::DateTime) => {}
            Some(_) => return Err(invalid(format!("time column `{}` is not a datetime", table.time_column))),
            None => return Err(invalid(format!("time column `{}` is not declared", table.time_column))),
        }
        if let Some(key) = table.key_columns.iter().find(|k| table.index_of(k).is_none()) {
            return Err(invalid(format!("key column `{key}` is not declared")));
        }
        for name in table.places.iter().flat_map(PlaceColumns::names) {
            if table.index_of(name).map(|i| table.columns[i].kind) != Some(ColumnType::String) {
                return Err(invalid(format!("place column `{name}` is not declared as a string")));
            }
        }
        self.tables.insert(table.name.clone(), Arc::new(table));
        Ok(())
    }

    /// The table of this exact name.
    pub fn get(&self, name: &str) -> Option<&Arc<TableSchema>> {
        self.tables.get(name)
    }

    /// All tables in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<TableSchema>> {
        self.tables.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_table_loads_and_is_named_after_its_file() {
        let schemas = Schemas::builtin().unwrap();
        for file in BUILTIN.files() {
            let name = file.path().file_stem().unwrap().to_str().unwrap();
            assert!(schemas.get(name).is_some(), "{name}");
        }
        assert!(schemas.iter().count() >= 28);
    }

    #[test]
    fn refuses_a_file_that_contradicts_itself() {
        let head = "name='T'\nsummary='s'\nfamily='postern'\nkey_columns=[]\n";
        let mut schemas = Schemas::default();
        for (body, reason) in [
            ("time_column='A'\ncolumns=[]", "time column `A` is not declared"),
            ("time_column='A'\ncolumns=[{name='A',type='long'}]", "time column `A` is not a datetime"),
            ("time_column='A'\ncolumns=[{name='A',type='datetime'},{name='A',type='long'}]", "declared twice"),
            (
                "time_column='A'\ncolumns=[{name='A',type='datetime'},{name='B',type='long'}]\n\
                 places={address='B',looked_up='B',columns={}}",
                "place column `B` is not declared as a string",
            ),
        ] {
            let error = schemas.add_toml("T.toml", &format!("{head}{body}")).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        assert!(matches!(schemas.add_toml("T.toml", "nonsense = 1"), Err(SchemaError::Toml { .. })));
    }
}
