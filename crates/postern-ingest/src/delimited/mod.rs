//! Delimited text with a header line: what `Export-Csv`, portals and spreadsheets write.

mod scan;

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

pub(crate) use scan::split_cells;
use scan::{Scan, scan_record};

use crate::batch::{Batch, Item, MAX_RECORD_BYTES, Splitter, Window};

/// After a broken record this many bytes are tried for the beginning of the next one.
const RECOVERY_BYTES: usize = 16 << 20;

/// The header of a file of delimited text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns {
    /// The delimiter.
    pub delimiter: u8,
    /// The names as the file has them, without blanks around them.
    pub names: Vec<String>,
    /// The class named on a `#TYPE` line before the header.
    pub type_line: Option<String>,
    /// First index by folded name.
    index: HashMap<String, usize>,
}

/// A column name for comparing: lower case, blanks at the ends gone and runs of blanks made one.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

impl Columns {
    fn new(delimiter: u8, cells: &[impl AsRef<str>], type_line: Option<String>) -> Self {
        let names: Vec<String> =
            cells.iter().map(|c| c.as_ref().trim_matches(['\u{feff}', ' ', '\t', '\u{a0}']).to_owned()).collect();
        let mut index = HashMap::new();
        for (at, name) in names.iter().enumerate() {
            index.entry(folded(name)).or_insert(at);
        }
        Self { delimiter, names, type_line, index }
    }

    /// The first column of this name; case and blanks do not count.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.index.get(&folded(name)).copied()
    }

    /// The first column that has one of these names.
    pub fn find_any(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|n| self.find(n))
    }

    /// True when there are columns of all these names.
    pub fn have(&self, names: &[&str]) -> bool {
        names.iter().all(|n| self.find(n).is_some())
    }

    /// True when the cells are these names again.
    fn repeated_by(&self, cells: &[impl AsRef<str>]) -> bool {
        cells.len() == self.names.len()
            && cells.iter().zip(&self.names).all(|(cell, name)| {
                cell.as_ref().trim_matches(['\u{feff}', ' ', '\t', '\u{a0}']).eq_ignore_ascii_case(name)
            })
    }
}

/// The most frequent delimiter of a header line, outside quotes.
fn sniff_delimiter(line: &[u8]) -> u8 {
    let (mut counts, mut quoted) = ([0_usize; 3], false);
    for &byte in line {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => counts[0] += 1,
            b';' if !quoted => counts[1] += 1,
            b'\t' if !quoted => counts[2] += 1,
            _ => {}
        }
    }
    match counts {
        [comma, semicolon, tab] if semicolon > comma && semicolon >= tab => b';',
        [comma, _, tab] if tab > comma => b'\t',
        _ => b',',
    }
}

/// Cuts delimited text into records.
pub(crate) struct DelimitedSplitter {
    window: Window,
    columns: Arc<Columns>,
    /// The first cell of the header as raw bytes: a line that begins otherwise cannot be the header again.
    first_cell: Vec<u8>,
    position: u64,
    /// Nothing fitting was found yet after a broken record.
    seeking: bool,
    finished: bool,
    repeated: u64,
    short: u64,
    long: u64,
}

impl DelimitedSplitter {
    /// Reads the header; the records follow.
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        let mut window = Window::new(input);
        let columns = Self::read_header(&mut window);
        let first_cell = columns.names.first().map(|n| n.clone().into_bytes()).unwrap_or_default();
        Self {
            window,
            columns: Arc::new(columns),
            first_cell,
            position: 0,
            seeking: false,
            finished: false,
            repeated: 0,
            short: 0,
            long: 0,
        }
    }

    /// The header.
    pub(crate) fn columns(&self) -> &Arc<Columns> {
        &self.columns
    }

    fn read_header(window: &mut Window) -> Columns {
        let (mut type_line, mut delimiter) = (None, None);
        let mut size = 64 << 10;
        loop {
            window.fill(size);
            let bytes = &window.bytes;
            let start = skip_mark_and_blank_lines(bytes, 0);
            let rest = bytes.get(start..).unwrap_or_default();
            let line_end = memchr::memchr(b'\n', rest).map(|n| start + n);
            let line = bytes.get(start..line_end.unwrap_or(bytes.len())).unwrap_or_default().trim_ascii_end();
            if line_end.is_some() || window.ended {
                let next = line_end.map_or(bytes.len(), |n| n + 1);
                if let Some(class) = line.strip_prefix(b"#TYPE ") {
                    type_line = Some(String::from_utf8_lossy(class).trim().to_owned());
                    window.take(next);
                    continue;
                }
                if line.len() == 5 && line.get(..4).is_some_and(|l| l.eq_ignore_ascii_case(b"sep=")) {
                    delimiter = line.last().copied();
                    window.take(next);
                    continue;
                }
            }
            let delimiter = delimiter.unwrap_or_else(|| sniff_delimiter(line));
            let ended = window.ended || bytes.len() >= MAX_RECORD_BYTES;
            match scan_record(bytes, start, delimiter, ended) {
                Scan::Complete { end, next, .. } => {
                    let header = String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default()).into_owned();
                    let mut cells = Vec::new();
                    split_cells(&header, delimiter, &mut cells);
                    window.take(next);
                    return Columns::new(delimiter, &cells, type_line);
                }
                Scan::More => size = size.saturating_mul(2),
                // A header that cannot be read leaves no columns: no format will take the file.
                Scan::Broken(..) => return Columns::new(delimiter, &[""; 0], type_line),
            }
        }
    }

    fn broken(&mut self, items: &mut Vec<Item>, start: usize, end: usize, reason: &str) {
        self.position += 1;
        let reason = format!("{reason} (record begins at line {})", self.window.line_of(start));
        items.push(Item::Broken { position: self.position, start, end, reason });
    }

    /// True when this record is the header once more, or a `#TYPE` line.
    fn is_header(&self, start: usize, end: usize) -> bool {
        let bytes = self.window.bytes.get(start..end).unwrap_or_default();
        if bytes.starts_with(b"#TYPE ") {
            return true;
        }
        let bare = bytes.strip_prefix(b"\"").unwrap_or(bytes).trim_ascii_start();
        if !bare.get(..self.first_cell.len()).is_some_and(|b| b.eq_ignore_ascii_case(&self.first_cell)) {
            return false;
        }
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let mut cells = Vec::new();
        split_cells(text, self.columns.delimiter, &mut cells);
        self.columns.repeated_by(&cells)
    }

    /// Where, on a line after this index, a record begins that is whole and has as many cells as the header.
    /// `Err(true)`: more bytes are needed to tell.
    fn candidate(&self, from: usize) -> Result<usize, bool> {
        let bytes = &self.window.bytes;
        let (mut at, mut tried) = (from, 0);
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
            at = skip_mark_and_blank_lines(bytes, at + found + 1);
            if at >= bytes.len() {
                break;
            }
            match scan_record(bytes, at, self.columns.delimiter, self.window.ended) {
                Scan::Complete { cells, next, .. } => {
                    if cells == self.columns.names.len() {
                        return Ok(at);
                    }
                    tried += next - at;
                }
                Scan::Broken(place, _) => tried += place - at,
                Scan::More => return Err(bytes.len() - at < MAX_RECORD_BYTES),
            }
            if tried > RECOVERY_BYTES {
                return Err(false);
            }
        }
        Err(!self.window.ended)
    }
}

/// The first index at or after `from` that is neither a byte order mark nor the end of an empty line.
fn skip_mark_and_blank_lines(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.starts_with(b"\xEF\xBB\xBF") {
            at += 3;
        } else if rest.starts_with(b"\r\n") {
            at += 2;
        } else if rest.starts_with(b"\n") {
            at += 1;
        } else {
            return at;
        }
    }
}

impl Splitter for DelimitedSplitter {
    fn next_batch(&mut self) -> Option<Batch> {
        let mut size = self.window.chunk.0;
        let mut items = Vec::new();
        let width = self.columns.names.len();
        while !self.finished {
            self.window.fill(size);
            let ended = self.window.ended;
            let mut at = 0;
            if self.seeking {
                match self.candidate(0) {
                    Ok(found) => {
                        at = found;
                        self.seeking = false;
                    }
                    Err(true) if self.window.bytes.len() < MAX_RECORD_BYTES => {
                        size = size.saturating_mul(2).max(self.window.bytes.len() + 1);
                        continue;
                    }
                    Err(_) => at = self.window.bytes.len(),
                }
            }
            while !self.seeking {
                at = skip_mark_and_blank_lines(&self.window.bytes, at);
                if at >= self.window.bytes.len() {
                    break;
                }
                let mut scan = scan_record(&self.window.bytes, at, self.columns.delimiter, ended);
                if scan == Scan::More {
                    if self.window.bytes.len() - at < MAX_RECORD_BYTES {
                        break;
                    }
                    scan = Scan::Broken(self.window.bytes.len(), "the record is larger than 64 MiB");
                }
                match scan {
                    Scan::Complete { end, next, .. } if self.is_header(at, end) => {
                        self.repeated += 1;
                        at = next;
                    }
                    Scan::Complete { end, next, cells } => {
                        self.short += u64::from(cells < width);
                        self.long += u64::from(cells > width);
                        self.position += 1;
                        items.push(Item::Record { position: self.position, start: at, end, member: None });
                        at = next;
                    }
                    Scan::Broken(_, reason) => match self.candidate(at) {
                        Ok(next) => {
                            self.broken(&mut items, at, next, reason);
                            at = next;
                        }
                        Err(true) if self.window.bytes.len() - at < MAX_RECORD_BYTES => break,
                        Err(_) => {
                            let end = self.window.bytes.len();
                            self.broken(&mut items, at, end, reason);
                            self.seeking = true;
                            at = end;
                        }
                    },
                    Scan::More => break,
                }
            }
            if ended && at >= self.window.bytes.len() {
                self.finished = true;
                if let Some(failure) = self.window.failure.take() {
                    self.broken(&mut items, at, at, &format!("the file cannot be read further: {failure}"));
                }
            }
            if at > 0 || !items.is_empty() {
                let bytes = self.window.take(at);
                if items.is_empty() {
                    continue;
                }
                return Some(Batch { bytes, items });
            }
            size = size.saturating_mul(2).max(self.window.bytes.len() + 1);
        }
        None
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(class) = &self.columns.type_line {
            notes.push(format!("the file begins with a `#TYPE` line: {}", crate::head::shown(class, 120)));
        }
        if self.repeated > 0 {
            notes.push(format!("header lines within the file: {} (files were joined)", self.repeated));
        }
        if self.short > 0 {
            notes.push(format!("records with fewer cells than the header: {}", self.short));
        }
        if self.long > 0 {
            notes.push(format!("records with more cells than the header: {}", self.long));
        }
        notes
    }
}

#[cfg(test)]
mod tests;
