//! The beginning of a file, parsed far enough to recognise what it is.

use std::borrow::Cow;
use std::io::Cursor;

use serde_json::Value;

use crate::batch::{Item, Splitter};
use crate::delimited::{Columns, DelimitedSplitter, split_cells};
use crate::json::{JsonSplitter, shallow_keys};

/// At most this many records are parsed to recognise a file.
const HEAD_RECORDS: usize = 40;

/// The beginning of a file.
#[derive(Debug)]
pub enum Head {
    /// It is JSON.
    Json(JsonHead),
    /// It is delimited text.
    Delimited(DelimitedHead),
    /// It is neither; what was seen.
    Other(String),
}

/// The beginning of a JSON file.
#[derive(Debug, Default)]
pub struct JsonHead {
    /// The first records; elements of arrays and pages count one by one.
    pub records: Vec<JsonRecord>,
    /// True when the records come from a page (`{"value": [...]}` or alike).
    pub page: bool,
}

/// One of the first records of a JSON file.
#[derive(Debug)]
pub struct JsonRecord {
    /// Names of the members, as far as they could be seen; empty when it is not an object.
    pub keys: Vec<String>,
    /// The record, if it was small enough to be parsed.
    pub value: Option<Value>,
}

impl JsonRecord {
    /// True when there is a member of this exact name.
    pub fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|k| k == key)
    }

    /// True when there is a member of this name; case does not count.
    pub fn has_folded(&self, key: &str) -> bool {
        self.keys.iter().any(|k| k.eq_ignore_ascii_case(key))
    }

    /// The member of this name; case does not count.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let object = self.value.as_ref()?.as_object()?;
        object.get(key).or_else(|| object.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v))
    }
}

/// The beginning of a file of delimited text.
#[derive(Debug)]
pub struct DelimitedHead {
    /// The header.
    pub columns: Columns,
    /// The cells of the first records.
    pub rows: Vec<Vec<String>>,
}

impl Head {
    /// Parses the beginning of the decoded input. `whole`: there is no more. `None` when more bytes are needed.
    pub(crate) fn parse(bytes: &[u8], whole: bool) -> Option<Self> {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let first = text.iter().find(|b| !b.is_ascii_whitespace());
        match first {
            None if whole => Some(Self::Other("empty".to_owned())),
            None => None,
            Some(b'{' | b'[') => Self::json(text, whole).map(Self::Json),
            Some(_) if looks_binary(text) => Some(Self::Other(describe_bytes("binary", bytes, whole))),
            Some(_) => Self::delimited(text, whole),
        }
    }

    fn json(text: &[u8], whole: bool) -> Option<JsonHead> {
        let mut splitter = JsonSplitter::new(Box::new(Cursor::new(text.to_vec())));
        let mut head = JsonHead::default();
        'batches: while let Some(batch) = splitter.next_batch() {
            for item in &batch.items {
                let Item::Record { start, end, .. } = item else {
                    // The end of the prefix is not the end of the file.
                    continue;
                };
                let bytes = batch.bytes.get(*start..*end).unwrap_or_default();
                let value: Option<Value> = serde_json::from_slice(bytes).ok();
                let keys = match &value {
                    Some(Value::Object(members)) => members.keys().cloned().collect(),
                    Some(_) => Vec::new(),
                    None => shallow_keys(bytes, 200),
                };
                head.records.push(JsonRecord { keys, value });
                if head.records.len() >= HEAD_RECORDS {
                    break 'batches;
                }
            }
        }
        head.page = splitter.paged();
        if head.records.is_empty() {
            if !whole && text.len() < crate::source::LARGEST_HEAD {
                return None;
            }
            let begin = text.iter().position(|b| *b == b'{').and_then(|at| text.get(at..)).unwrap_or_default();
            let keys = shallow_keys(begin, 200);
            if !keys.is_empty() {
                head.records.push(JsonRecord { keys, value: None });
            }
        }
        Some(head)
    }

    fn delimited(text: &[u8], whole: bool) -> Option<Self> {
        let mut splitter = DelimitedSplitter::new(Box::new(Cursor::new(text.to_vec())));
        let columns = splitter.columns().as_ref().clone();
        let mut rows = Vec::new();
        while let Some(batch) = splitter.next_batch() {
            let last = batch.items.len().saturating_sub(1);
            for (index, item) in batch.items.iter().enumerate() {
                let Item::Record { start, end, .. } = item else { continue };
                if !whole && index == last && batch.bytes.len() == *end {
                    continue;
                }
                let record = String::from_utf8_lossy(batch.bytes.get(*start..*end).unwrap_or_default());
                let mut cells = Vec::new();
                split_cells(&record, columns.delimiter, &mut cells);
                rows.push(cells.into_iter().map(Cow::into_owned).collect());
                if rows.len() >= HEAD_RECORDS {
                    return Some(Self::Delimited(DelimitedHead { columns, rows }));
                }
            }
        }
        if rows.is_empty() && !whole && text.len() < crate::source::LARGEST_HEAD {
            return None;
        }
        Some(Self::Delimited(DelimitedHead { columns, rows }))
    }

    /// What was seen, for a file that no format takes.
    pub(crate) fn describe(&self, bytes: &[u8], whole: bool) -> String {
        match self {
            Self::Other(seen) => seen.clone(),
            Self::Json(head) => match head.records.first() {
                Some(record) if !record.keys.is_empty() => {
                    let what = if head.page { "JSON page of objects" } else { "JSON object" };
                    format!("{what} with keys {}", shown_list(&record.keys))
                }
                Some(_) => "JSON without objects".to_owned(),
                None => describe_bytes("JSON that cannot be read", bytes, whole),
            },
            Self::Delimited(head) if head.columns.names.len() > 1 => {
                format!("delimited text with columns {}", shown_list(&head.columns.names))
            }
            Self::Delimited(_) => describe_bytes("text", bytes, whole),
        }
    }
}

/// True when the bytes are not text of any encoding that is read here.
fn looks_binary(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let control = head.iter().filter(|b| **b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)).count();
    head.contains(&0) || control * 20 > head.len()
}

/// Says how a file begins, safely for a terminal.
pub(crate) fn describe_bytes(what: &str, bytes: &[u8], whole: bool) -> String {
    let size = if whole { format!("{} bytes", bytes.len()) } else { format!("more than {} bytes", bytes.len()) };
    if what == "binary" {
        let begin: Vec<String> = bytes.iter().take(8).map(|b| format!("{b:02x}")).collect();
        return format!("{what}, {size}, begins {}", begin.join(" "));
    }
    let begin = String::from_utf8_lossy(bytes.get(..bytes.len().min(200)).unwrap_or_default()).into_owned();
    format!("{what}, {size}, begins `{}`", shown(begin.trim_start_matches('\u{feff}').trim(), 60))
}

/// Text from a file made fit for a message: control characters escaped, cut to a length.
pub fn shown(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == limit {
            out.push('…');
            break;
        }
        let hidden = c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if hidden {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

fn shown_list(names: &[String]) -> String {
    let mut shown_names: Vec<String> = names.iter().take(8).map(|n| format!("`{}`", shown(n, 40))).collect();
    if names.len() > shown_names.len() {
        shown_names.push(format!("and {} more", names.len() - shown_names.len()));
    }
    shown_names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(bytes: &[u8]) -> String {
        Head::parse(bytes, true).unwrap().describe(bytes, true)
    }

    #[test]
    fn says_what_it_saw() {
        assert_eq!(describe(b""), "empty");
        assert_eq!(describe(b" \r\n"), "empty");
        assert_eq!(describe(b"\x7fELF\x02\x01\x01\x00\x00"), "binary, 9 bytes, begins 7f 45 4c 46 02 01 01 00");
        assert_eq!(describe(b"A;B;\x1b[2J\n1;2;3\n"), "delimited text with columns `A`, `B`, `\\u{1b}[2J`");
        assert_eq!(describe(b"{\"a\":1,\"b\":{}}"), "JSON object with keys `a`, `b`");
        assert_eq!(describe(b"{\"value\":[{\"a\":1}]}"), "JSON page of objects with keys `a`");
        assert_eq!(describe(b"[1,2]"), "JSON without objects");
        assert_eq!(describe(b"hello world"), "text, 11 bytes, begins `hello world`");
        assert_eq!(describe(b"{\"a\":1,\"b"), "JSON object with keys `a`");
    }
}
