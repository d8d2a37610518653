//! Writes delimited text and JSON.

use serde_json::Value;

/// A line of cells; `all`: every cell in quotes, else only those that need them.
fn line(cells: &[String], delimiter: char, all: bool) -> String {
    let cell = |cell: &String| {
        let needs = all || cell.contains(['"', '\n', '\r', delimiter]) || cell.trim() != cell;
        if needs { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(&delimiter.to_string()) + "\r\n"
}

pub(crate) type Row = Vec<(&'static str, String)>;

pub(crate) fn table(rows: &[Row], delimiter: char, all: bool) -> String {
    let header: Vec<String> = rows[0].iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut out = line(&header, delimiter, all);
    for row in rows {
        out.push_str(&line(&row.iter().map(|(_, cell)| cell.clone()).collect::<Vec<_>>(), delimiter, all));
    }
    out
}

pub(crate) fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

pub(crate) fn array(records: &[Value]) -> String {
    Value::from(records.to_vec()).to_string()
}

pub(crate) fn each(records: &[Value], change: impl Fn(&Value) -> Value) -> Vec<Value> {
    records.iter().map(change).collect()
}
