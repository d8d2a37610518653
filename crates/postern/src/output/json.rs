//! Rows as JSON objects, values as the engine's JSON form has them.

use std::io::{self, Write};

use postern_kql::catalog::Column;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Map, Value, json};

use super::{Rows, Table};
use crate::text::visible_json;

/// JSON on one line in which every deceiving character of a text is written as `\u…`: the same value to a program, and
/// nothing that could steer a terminal.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        writer.write_all(visible_json(fragment).as_bytes())
    }
}

/// Writes one value on one line, without its end.
pub(crate) fn write_value(out: &mut impl Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, Visible))?)
}

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
        write_value(out, &object)?;
    }
    out.write_all(b"\n]\n")
}

/// One object per line.
pub(super) fn write_lines(rows: &Rows<'_>, out: &mut impl Write) -> io::Result<()> {
    for object in objects(rows) {
        write_value(out, &object)?;
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
        write_value(out, table.name)?;
        out.write_all(b",")?;
        write_members(table, out)?;
        out.write_all(b"}")?;
    }
    out.write_all(b"\n]}\n")
}

/// The members that tell of one result.
fn write_members(table: &Table<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"\"columns\":")?;
    write_value(out, &columns(table.rows.columns))?;
    out.write_all(b",\"rows\":[")?;
    for (index, row) in table.rows.values().enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        write_value(out, &row)?;
    }
    out.write_all(b"]")?;
    if table.truncated {
        out.write_all(b",\"truncated\":true")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_steer_a_terminal_and_stay_the_same() {
        let value = json!({"a\u{202e}b": ["\u{9b}31m", "line\nbreak", "plain é"]});
        let mut out = Vec::new();
        write_value(&mut out, &value).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "{\"a\\u202eb\":[\"\\u009b31m\",\"line\\nbreak\",\"plain é\"]}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
