//! Rows as JSON objects, values as the engine's JSON form has them.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::Rows;

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
