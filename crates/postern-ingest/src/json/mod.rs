//! JSON files: a sequence of values, lines of them, arrays, arrays appended to arrays, pages of records.

mod scan;

use std::io::Read;

pub(crate) use scan::shallow_keys;
pub use scan::{MAX_DEPTH, depth_is_bounded};

use crate::batch::{Batch, Item, MAX_RECORD_BYTES, Splitter, Window};
use scan::{Pages, Scan, scan_value, skip_blank, string_end};

/// Members that make a top-level object a page of records when they hold an array of objects.
pub(crate) const PAGE_MEMBERS: &[&str] = &["value", "records", "results", "Results"];

/// Arrays within arrays are opened up to this depth; what lies deeper is a record.
const MAX_LEVELS: usize = 8;

/// Blanks that are kept at the end of the window while the next record is looked for.
const MAX_BLANKS: usize = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Elements are records.
    Array { member: Option<usize> },
    /// Between the members of a page.
    Page,
}

/// Cuts JSON text into records.
pub(crate) struct JsonSplitter {
    window: Window,
    /// Names of the members that hold records.
    members: &'static [&'static str],
    /// Every top-level object is a bundle of such members.
    bundle: bool,
    levels: Vec<Level>,
    position: u64,
    /// Blanks before the record on its line; `None` when something else is before it.
    indent: Option<usize>,
    /// A broken record was not followed by a good one yet.
    seeking: Option<Seeking>,
    /// Bytes looked at again after broken records.
    rescanned: u64,
    finished: bool,
    next_link: bool,
    paged: bool,
    stray: u64,
}

/// A search for the record after a broken one.
#[derive(Debug, Clone, Copy)]
struct Seeking {
    /// The indent of the broken one.
    indent: Option<usize>,
}

enum Step {
    /// Go on from here.
    Next(usize),
    /// The window must hold more bytes.
    More,
    /// The input is used up.
    End,
}

impl JsonSplitter {
    /// Reads values and pages of them.
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            window: Window::new(input),
            members: PAGE_MEMBERS,
            bundle: false,
            levels: Vec::new(),
            position: 0,
            indent: Some(0),
            seeking: None,
            rescanned: 0,
            finished: false,
            next_link: false,
            paged: false,
            stray: 0,
        }
    }

    /// Reads the named members of top-level objects.
    pub(crate) fn bundle(input: Box<dyn Read + Send>, members: &'static [&'static str]) -> Self {
        Self { members, bundle: true, ..Self::new(input) }
    }

    /// True when a page of records was met.
    pub(crate) fn paged(&self) -> bool {
        self.paged
    }

    fn broken(&mut self, items: &mut Vec<Item>, start: usize, end: usize, reason: &str) {
        self.position += 1;
        let reason =
            format!("{reason} (line {}, byte {})", self.window.line_of(start), self.window.base + start as u64);
        items.push(Item::Broken { position: self.position, start, end, reason });
    }

    fn record(&mut self, items: &mut Vec<Item>, start: usize, end: usize) {
        let bytes = self.window.bytes.get(start..end).unwrap_or_default();
        if bytes == b"null" {
            return;
        }
        let member = match self.levels.last() {
            Some(Level::Array { member }) if self.bundle => *member,
            _ => None,
        };
        self.position += 1;
        items.push(Item::Record { position: self.position, start, end, member });
    }

    /// Skips blanks, byte order marks and commas; keeps the indent.
    fn skip_between(&mut self, from: usize) -> usize {
        let mut at = from;
        while let Some(&byte) = self.window.bytes.get(at) {
            match byte {
                b'\n' => self.indent = Some(0),
                b' ' | b'\t' => self.indent = self.indent.map(|n| n + 1),
                b'\r' => {}
                b',' => self.indent = None,
                0xEF if self.window.bytes.get(at..).is_some_and(|b| b.starts_with(b"\xEF\xBB\xBF")) => at += 2,
                _ => break,
            }
            at += 1;
        }
        at
    }

    fn step(&mut self, from: usize, items: &mut Vec<Item>) -> Step {
        let ended = self.window.ended;
        let at = self.skip_between(from);
        let Some(&byte) = self.window.bytes.get(at) else {
            return match (at > from, ended) {
                (true, _) => Step::Next(at),
                (false, true) => Step::End,
                (false, false) => Step::More,
            };
        };
        if byte == 0xEF && !ended && self.window.bytes.len() - at < 3 {
            return if at > from { Step::Next(at) } else { Step::More };
        }
        if self.levels.last() == Some(&Level::Page) {
            return self.page_step(at, items);
        }
        match byte {
            b'[' if self.levels.len() < MAX_LEVELS => {
                let member = match self.levels.last() {
                    Some(Level::Array { member }) => *member,
                    _ => None,
                };
                self.levels.push(Level::Array { member });
                self.indent = None;
                return Step::Next(at + 1);
            }
            b']' => {
                if self.levels.pop().is_none() {
                    self.stray += 1;
                }
                self.indent = None;
                return Step::Next(at + 1);
            }
            b'{' if self.bundle && self.levels.is_empty() => {
                self.levels.push(Level::Page);
                return Step::Next(at + 1);
            }
            _ => {}
        }
        let pages = Pages { names: if self.levels.is_empty() { self.members } else { &[] } };
        match scan_value(&self.window.bytes, at, ended, pages) {
            Scan::Complete(end) => {
                self.record(items, at, end);
                self.indent = None;
                Step::Next(end)
            }
            Scan::Page(member, begin) => {
                self.note_next_link(at, begin);
                self.paged = true;
                self.levels.push(Level::Page);
                self.levels.push(Level::Array { member: Some(member) });
                self.indent = None;
                Step::Next(begin)
            }
            Scan::More if !ended && self.window.bytes.len() - at < MAX_RECORD_BYTES => Step::More,
            Scan::More if !ended => {
                self.recover(at, self.window.bytes.len(), "the record is larger than 64 MiB", items)
            }
            Scan::More => self.recover(at, self.window.bytes.len(), "the file ends within this record", items),
            Scan::Broken(place, what) => {
                let line = self.window.line_of(place);
                self.recover(at, place, &format!("not JSON: {what} at line {line}"), items)
            }
        }
    }

    /// Between the members of a page: records of wanted members, everything else is passed over.
    fn page_step(&mut self, at: usize, items: &mut Vec<Item>) -> Step {
        let ended = self.window.ended;
        match self.window.bytes.get(at) {
            Some(b'}') => {
                self.levels.pop();
                return Step::Next(at + 1);
            }
            Some(b'"') => {}
            _ => {
                self.levels.pop();
                return self.recover(at, at + 1, "not JSON: a member name in quotes expected", items);
            }
        }
        let Scan::Complete(name_end) = string_end(&self.window.bytes, at + 1) else {
            return self.more_or_broken(at, items);
        };
        let colon = skip_blank(&self.window.bytes, name_end);
        let value = skip_blank(&self.window.bytes, colon + 1);
        match (self.window.bytes.get(colon), self.window.bytes.get(value)) {
            (Some(b':'), Some(_)) => {}
            (Some(b':') | None, None) => return self.more_or_broken(at, items),
            _ => {
                self.levels.pop();
                return self.recover(at, colon, "not JSON: a colon expected", items);
            }
        }
        let name = self.window.bytes.get(at + 1..name_end.saturating_sub(1)).unwrap_or_default();
        let member = self.members.iter().position(|m| m.as_bytes() == name);
        if member.is_some() && self.window.bytes.get(value) == Some(&b'[') {
            self.levels.push(Level::Array { member });
            self.indent = None;
            return Step::Next(value + 1);
        }
        match scan_value(&self.window.bytes, value, ended, Pages::default()) {
            Scan::Complete(end) => {
                if member.is_some() && self.bundle && self.window.bytes.get(value) == Some(&b'{') {
                    self.levels.push(Level::Array { member });
                    self.record(items, value, end);
                    self.levels.pop();
                }
                self.note_next_link(at, end);
                Step::Next(end)
            }
            Scan::More | Scan::Page(..) => self.more_or_broken(at, items),
            Scan::Broken(place, what) => {
                self.levels.pop();
                self.recover(at, place, &format!("not JSON: {what}"), items)
            }
        }
    }

    fn more_or_broken(&mut self, at: usize, items: &mut Vec<Item>) -> Step {
        if self.window.ended {
            self.levels.clear();
            return self.recover(at, self.window.bytes.len(), "the file ends within an object", items);
        }
        if self.window.bytes.len() - at < MAX_RECORD_BYTES {
            return Step::More;
        }
        self.levels.clear();
        self.recover(at, self.window.bytes.len(), "a member is larger than 64 MiB", items)
    }

    fn note_next_link(&mut self, from: usize, to: usize) {
        let bytes = self.window.bytes.get(from..to).unwrap_or_default();
        self.next_link |= memchr::memmem::find(bytes, b"@odata.nextLink").is_some();
    }

    /// Reports the record that begins at `start` and turned out broken at `place`, and goes on where the next record
    /// may begin.
    fn recover(&mut self, start: usize, place: usize, reason: &str, items: &mut Vec<Item>) -> Step {
        let indent = self.indent;
        // Looking again at what was scanned is bounded, or a crafted file could make it quadratic.
        let seen = self.window.base + place as u64;
        let from = if self.rescanned > 8 * seen + (256 << 20) { place.max(start + 1) } else { start + 1 };
        let next = self.candidate(from, indent);
        let end = next.unwrap_or_else(|| self.undecided(from, indent));
        self.rescanned += place.saturating_sub(end) as u64;
        self.broken(items, start, end.max(start), reason);
        if next.is_none() {
            self.seeking = Some(Seeking { indent });
        }
        Step::Next(end)
    }

    /// Where, at the end of the window, a candidate may begin that cannot be told yet: at the last line end (or comma)
    /// when only blanks follow it. The end of the window otherwise.
    fn undecided(&self, from: usize, indent: Option<usize>) -> usize {
        let bytes = &self.window.bytes;
        let all = bytes.len();
        let rest = bytes.get(from..).unwrap_or_default();
        let blank = rest.iter().rev().take(MAX_BLANKS).take_while(|b| b.is_ascii_whitespace()).count();
        let tail = rest.get(rest.len() - blank..).unwrap_or_default();
        let start = all - blank;
        if indent.is_none() && start > from && bytes.get(start - 1) == Some(&b',') {
            return start - 1;
        }
        if blank == MAX_BLANKS || self.window.ended {
            return all;
        }
        memchr::memchr(b'\n', tail).map_or(all, |at| start + at)
    }

    /// Where, from this index on, a record may begin: on a line with the same indent; or after a comma or on any line
    /// when the broken record did not begin its line.
    fn candidate(&mut self, from: usize, indent: Option<usize>) -> Option<usize> {
        let bytes = &self.window.bytes;
        let mut at = from;
        loop {
            let rest = bytes.get(at..)?;
            let found =
                if indent.is_some() { memchr::memchr(b'\n', rest)? } else { memchr::memchr2(b'\n', b',', rest)? };
            let line = rest.get(found) == Some(&b'\n');
            at += found + 1;
            let begin = skip_blank(bytes, at);
            let is_start = match bytes.get(begin) {
                Some(b'{') => true,
                Some(b'[' | b']') => line && begin == at,
                _ => false,
            };
            let fits = match indent {
                Some(indent) => begin - at == indent || bytes.get(begin) != Some(&b'{'),
                None => true,
            };
            let same_line = bytes.get(at..begin).is_some_and(|blank| !blank.contains(&b'\n'));
            if is_start && fits && (same_line || indent.is_none()) {
                self.indent = line.then_some(begin - at);
                return Some(begin);
            }
        }
    }
}

impl Splitter for JsonSplitter {
    fn next_batch(&mut self) -> Option<Batch> {
        let mut size = self.window.chunk.0;
        let mut items = Vec::new();
        while !self.finished {
            self.window.fill(size);
            let mut at = 0;
            if let Some(Seeking { indent }) = self.seeking {
                match self.candidate(0, indent) {
                    Some(found) => {
                        at = found;
                        self.seeking = None;
                    }
                    None if self.window.ended => at = self.window.bytes.len(),
                    None => {
                        let keep = self.undecided(0, indent);
                        if keep == 0 {
                            size = size.saturating_mul(2).max(self.window.bytes.len() + 1);
                            continue;
                        }
                        self.window.take(keep);
                        continue;
                    }
                }
            }
            loop {
                // Where this record began matters when it has to be scanned again with more bytes.
                let indent = self.indent;
                match self.step(at, &mut items) {
                    Step::Next(next) => at = next,
                    Step::More => {
                        self.indent = indent;
                        break;
                    }
                    Step::End => {
                        self.finished = true;
                        break;
                    }
                }
                if self.seeking.is_some() {
                    break;
                }
            }
            if self.finished {
                if let Some(failure) = self.window.failure.take() {
                    let end = self.window.bytes.len();
                    self.broken(&mut items, end, end, &format!("the file cannot be read further: {failure}"));
                }
                at = self.window.bytes.len();
            }
            if !items.is_empty() || at > 0 {
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
        if self.next_link {
            notes.push("a page names a following page (`@odata.nextLink`): without it records are missing".to_owned());
        }
        if !self.levels.is_empty() {
            notes.push("an array or object is never closed: the file may be cut at its end".to_owned());
        }
        if self.stray > 0 {
            notes.push(format!("closing brackets without an opening one, passed over: {}", self.stray));
        }
        notes
    }
}

#[cfg(test)]
mod tests;
