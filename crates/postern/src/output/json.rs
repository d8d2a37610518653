//! Rows as JSON objects, values as the engine's JSON form has them.

use std::io::{self, Write};

use postern_kql::catalog::Column;
use serde_json::{Map, Value, json};

use super::{Rows, Table};

fn objects<'a>(rows: &'a Rows<'_>) -> impl Iterator<Item = Value> + 'a {
    rows.values().map(|row| {
        let names = rows.columns.iter().map(|column| column.name.clone());
        Value::Object(names.zip(row).collect::<Map<_, _>>())
    })
}

/// One array, one object per line in it.
pub(super) fn write_array(rows: &Rows<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for (index, object) in objects(rows).enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &object)?;
    }
    out.write_all(b"\n]\n")
}

/// One object per line.
pub(super) fn write_lines(rows: &Rows<'_>, out: &mut impl Write) -> io::Result<()> {
    for object in objects(rows) {
        serde_json::to_writer(&mut *out, &object)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Columns with their types.
pub(crate) fn columns(columns: &[Column]) -> Value {
    columns.iter().map(|column| json!({"name": column.name, "type": column.ty.name()})).collect()
}

/// Columns and rows of the first result, and all results with their names under `tables`.
pub(super) fn write_tables(tables: &[Table<'_>], out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{")?;
    if let Some(first) = tables.first() {
        write_members(first, out)?;
        out.write_all(b",\n")?;
    }
    out.write_all(b"\"tables\":[")?;
    for (index, table) in tables.iter().enumerate() {
        out.write_all(if index == 0 { b"\n{\"name\":" } else { b",\n{\"name\":" })?;
        serde_json::to_writer(&mut *out, table.name)?;
        out.write_all(b",")?;
        write_members(table, out)?;
        out.write_all(b"}")?;
    }
    out.write_all(b"\n]}\n")
}

/// The members that tell of one result.
fn write_members(table: &Table<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"\"columns\":")?;
    serde_json::to_writer(&mut *out, &columns(table.rows.columns))?;
    out.write_all(b",\"rows\":[")?;
    for (index, row) in table.rows.values().enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &row)?;
    }
    out.write_all(b"]")?;
    if table.truncated {
        out.write_all(b",\"truncated\":true")?;
    }
    Ok(())
}
