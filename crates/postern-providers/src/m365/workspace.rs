//! Rows of a Log Analytics workspace, as JSON or as CSV, by the names of their columns.

use std::borrow::Cow;

use postern_ingest::{Content, Head, Record};

use super::object::quoted;
use super::when::DateOrder;

/// What a workspace's portal writes behind the name of a time.
const ZONE: &str = " [UTC]";

/// A column's name without the zone behind it.
fn bare(name: &str) -> &str {
    let name = name.trim();
    name.strip_suffix(ZONE).unwrap_or(name)
}

/// True when rows at the beginning of the file have all of these columns.
pub(crate) fn have(head: &Head, names: &[&str]) -> bool {
    let fits = |columns: &[String]| {
        names.iter().all(|name| columns.iter().any(|column| bare(column).eq_ignore_ascii_case(name)))
    };
    match head {
        Head::Json(head) => head.records.iter().any(|record| fits(&record.keys)),
        Head::Delimited(head) => fits(&head.columns.names),
        Head::Other(_) => false,
    }
}

/// The row as JSON; its times as they are read in this file. `None`: a time may be read when the whole file is known.
pub(crate) fn object<'a>(
    record: &'a Record<'_>,
    times: &[&str],
    order: &DateOrder,
    last_chance: bool,
) -> Option<Cow<'a, str>> {
    let Content::Cells { columns, cells } = &record.content else { return Some(Cow::Borrowed(record.text)) };
    let (mut members, mut waits) = (Vec::new(), false);
    for (name, cell) in columns.names.iter().zip(cells) {
        let (name, text) = (bare(name), cell.trim());
        if name.is_empty() || text.is_empty() {
            continue;
        }
        let mut value = Cow::Borrowed(cell.as_ref());
        if times.iter().any(|time| time.eq_ignore_ascii_case(name)) {
            if !last_chance {
                order.learn(text, None);
            }
            match order.read(text, last_chance) {
                Some(Ok(ticks)) => value = Cow::Owned(ticks.to_string()),
                Some(Err(_)) => {}
                None => waits = true,
            }
        }
        members.push(format!("{}:{}", quoted(name), quoted(&value)));
    }
    (!waits).then(|| Cow::Owned(format!("{{{}}}", members.join(","))))
}
