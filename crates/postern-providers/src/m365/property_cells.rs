//! A line of `Export-Csv` as the JSON object that `ConvertTo-Json` would have written of the same object.

use std::sync::atomic::{AtomicU64, Ordering};

use postern_ingest::{Content, Record};
use postern_model::schema::ColumnType;

use super::object::push_quoted;
use super::when::{DateOrder, When, read};

/// What the cells of one file tell, beyond their own line.
#[derive(Default)]
pub(crate) struct PropertyCells {
    order: DateOrder,
    unclear: AtomicU64,
    joined: AtomicU64,
}

impl PropertyCells {
    /// The object. Empty cells are no members: they may have been empty texts, empty lists or nothing. `None`: a date
    /// may be read when the whole file is known.
    pub(crate) fn object(
        &self,
        record: &Record<'_>,
        kind_of: impl Fn(&str) -> Option<ColumnType>,
        last_chance: bool,
    ) -> Option<String> {
        let Content::Cells { columns, cells } = &record.content else { return Some(record.text.to_owned()) };
        let (mut out, mut waits, mut joined) = (String::from("{"), false, 0);
        for (name, cell) in columns.names.iter().zip(cells) {
            let text = cell.trim_matches(['\u{feff}', ' ', '\t', '\u{a0}', '\r', '\n']);
            if text.is_empty() || name.is_empty() {
                continue;
            }
            let mut member = |value: &str| {
                if out.len() > 1 {
                    out.push(',');
                }
                push_quoted(&mut out, name);
                out.push(':');
                out.push_str(value);
            };
            match kind_of(name) {
                Some(ColumnType::DateTime) => {
                    if !last_chance {
                        self.order.learn(text, None);
                    }
                    match self.order.read(text, last_chance) {
                        None => waits = true,
                        Some(Ok(ticks)) => member(&quoted(&ticks.to_string())),
                        Some(Err(_)) => {
                            self.unclear
                                .fetch_add(u64::from(matches!(read(text), When::Either(..))), Ordering::Relaxed);
                        }
                    }
                }
                Some(ColumnType::Dynamic) => match parts(text) {
                    Some(parts) => {
                        joined += 1;
                        let list: Vec<String> = parts.into_iter().map(quoted).collect();
                        member(&format!("[{}]", list.join(",")));
                    }
                    None => member(&quoted(text)),
                },
                _ => member(&quoted(cell)),
            }
        }
        out.push('}');
        if waits {
            return None;
        }
        self.joined.fetch_add(joined, Ordering::Relaxed);
        Some(out)
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.order.note().into_iter().collect();
        match self.unclear.load(Ordering::Relaxed) {
            0 => {}
            count => notes.push(format!("dates that may be day first or month first, left empty: {count}")),
        }
        match self.joined.load(Ordering::Relaxed) {
            0 => {}
            count => {
                notes.push(format!("cells in which the values of a list stood side by side, taken apart: {count}"))
            }
        }
        notes
    }
}

fn quoted(text: &str) -> String {
    super::object::quoted(text)
}

/// The values of a list that was written as one text. Only addresses, domains and ranges are taken apart, which have
/// no blanks or commas in them; of other texts nobody can tell.
fn parts(text: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = text.split([' ', ',', '\n', '\r']).filter(|part| !part.is_empty()).collect();
    (parts.len() > 1 && parts.iter().all(|part| is_address(part))).then_some(parts)
}

/// `192.0.2.7`, `192.0.2.0/24`, `2001:db8::1`, `mail.example`, `smtp:*.example;1`, `ann@contoso.example`, `*`.
fn is_address(part: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-+@:*/;=".contains(&b);
    part.bytes().all(plain) && (part == "*" || part.contains(['.', '@', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lists_of_addresses_are_taken_apart() {
        for (text, list) in [
            ("192.0.2.7 2001:db8::1", Some(vec!["192.0.2.7", "2001:db8::1"])),
            ("smtp:*;1, smtp:*.example;1", Some(vec!["smtp:*;1", "smtp:*.example;1"])),
            ("* ann@contoso.example", Some(vec!["*", "ann@contoso.example"])),
            ("192.0.2.7", None),
            ("invoice payment", None),
            ("\"Drop\" [SMTP:drop@example.com]", None),
            ("Boîte.de réception.x", None),
        ] {
            assert_eq!(parts(text), list, "{text}");
        }
    }
}
