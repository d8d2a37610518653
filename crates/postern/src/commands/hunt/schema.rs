//! `--schema`: empty tables of a given shape, so that queries over tables that are not here can be bound.

use std::path::Path;

use postern_kql::catalog::{Column, TableDef, TableSource, Tables};
use postern_kql::types::KqlType;
use serde_json::{Map, Value};

use crate::failure::{Code, Failure};

/// Empty tables from a JSON file of table → column → KQL type.
pub(super) fn read(path: &Path) -> Result<Tables, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::input(path, &error))?;
    let bad = |reason: String| Failure::run(Code::Input, format!("schema `{}`: {reason}", path.display()));
    let shape: Map<String, Value> = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let mut tables = Tables::new();
    for (name, columns) in shape {
        let Value::Object(columns) = columns else {
            return Err(bad(format!("`{name}` is not an object of columns")));
        };
        let columns = columns
            .into_iter()
            .map(|(column, ty)| {
                let known = ty.as_str().and_then(KqlType::parse);
                let ty = known.ok_or_else(|| bad(format!("`{name}.{column}` has the unknown type {ty}")))?;
                Ok(Column::new(column, ty))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        tables.add(TableDef { name, columns, source: TableSource::Views(Vec::new()) });
    }
    Ok(tables)
}
