//! Finds where a line of delimited text ends, strictly: what a spreadsheet would guess at is reported instead.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scan {
    /// The record ends before `end`, the next begins at `next`; it has this many cells.
    Complete { end: usize, next: usize, cells: usize },
    /// The bytes end within the record.
    More,
    /// At this index stands something that cannot be there.
    Broken(usize, &'static str),
}

/// Finds the end of the record that begins at `start`. `ended`: no more bytes will come.
pub(crate) fn scan_record(bytes: &[u8], start: usize, delimiter: u8, ended: bool) -> Scan {
    let mut at = start;
    let mut cells = 1;
    loop {
        if bytes.get(at) == Some(&b'"') {
            at = match quoted_end(bytes, at + 1, ended) {
                Quoted::End(end) => end,
                Quoted::More => return Scan::More,
                Quoted::Open => return Scan::Broken(bytes.len(), "a quote is never closed"),
            };
            // Blanks after the closing quote are tolerated.
            while matches!(bytes.get(at), Some(b' ' | b'\t')) && bytes.get(at) != Some(&delimiter) {
                at += 1;
            }
            match bytes.get(at) {
                Some(&byte) if byte == delimiter => {
                    at += 1;
                    cells += 1;
                }
                Some(b'\n') => return Scan::Complete { end: at, next: at + 1, cells },
                Some(b'\r') if bytes.get(at + 1) == Some(&b'\n') => {
                    return Scan::Complete { end: at, next: at + 2, cells };
                }
                Some(b'\r') if at + 1 == bytes.len() => {
                    return if ended { Scan::Complete { end: at, next: at + 1, cells } } else { Scan::More };
                }
                None if ended => return Scan::Complete { end: at, next: at, cells },
                None => return Scan::More,
                Some(_) => return Scan::Broken(at, "text follows a closing quote"),
            }
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        match memchr2(delimiter, b'\n', rest) {
            Some(found) if rest.get(found) == Some(&delimiter) => {
                at += found + 1;
                cells += 1;
            }
            Some(found) => {
                let end = at + found;
                let bare = if end > start && bytes.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
                return Scan::Complete { end: bare, next: end + 1, cells };
            }
            None if ended => {
                let end = bytes.len();
                let bare = if end > start && bytes.last() == Some(&b'\r') { end - 1 } else { end };
                return Scan::Complete { end: bare, next: end, cells };
            }
            None => return Scan::More,
        }
    }
}

enum Quoted {
    End(usize),
    More,
    Open,
}

/// The index after the closing quote of the cell whose opening quote stands before `from`.
fn quoted_end(bytes: &[u8], from: usize, ended: bool) -> Quoted {
    let mut at = from;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(found) = memchr(b'"', rest) else { return if ended { Quoted::Open } else { Quoted::More } };
        match rest.get(found + 1) {
            Some(b'"') => at += found + 2,
            None if !ended => return Quoted::More,
            _ => return Quoted::End(at + found + 1),
        }
    }
}

/// The cells of one whole record, as [`scan_record`] delimits it.
pub(crate) fn split_cells<'a>(text: &'a str, delimiter: u8, cells: &mut Vec<Cow<'a, str>>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') {
            let Quoted::End(end) = quoted_end(bytes, at + 1, true) else {
                cells.push(Cow::Borrowed(text.get(at..).unwrap_or_default()));
                return;
            };
            cells.push(unescape(text.get(at + 1..end - 1).unwrap_or_default()));
            let rest = bytes.get(end..).unwrap_or_default();
            match memchr(delimiter, rest) {
                Some(found) => at = end + found + 1,
                None => return,
            }
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(found) = memchr(delimiter, rest) else {
            cells.push(Cow::Borrowed(text.get(at..).unwrap_or_default()));
            return;
        };
        cells.push(Cow::Borrowed(text.get(at..at + found).unwrap_or_default()));
        at += found + 1;
    }
}

/// Turns doubled quotes into single ones.
fn unescape(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let Some(first) = memchr(b'"', bytes) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    let (mut from, mut quote) = (0, first);
    loop {
        // Up to and with the first quote of the pair; the second is left out.
        out.push_str(text.get(from..=quote).unwrap_or_default());
        from = quote + 2;
        match memchr(b'"', bytes.get(from..).unwrap_or_default()) {
            Some(found) => quote = from + found,
            None => break,
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(text: &str) -> Vec<String> {
        let mut cells = Vec::new();
        split_cells(text, b',', &mut cells);
        cells.into_iter().map(Cow::into_owned).collect()
    }

    #[test]
    fn splits_quoted_and_bare_cells() {
        assert_eq!(cells(r#"a,"b ""x"", c","",,é"#), ["a", "b \"x\", c", "", "", "é"]);
        assert_eq!(cells(r#""a""""""#), ["a\"\""]);
        assert_eq!(cells(""), [""]);
        assert_eq!(cells("\"a\" ,b"), ["a", "b"]);
        assert_eq!(cells("a\"b,c"), ["a\"b", "c"]);
    }

    #[test]
    fn finds_the_end_of_records() {
        let scan = |text: &str, ended| scan_record(text.as_bytes(), 0, b',', ended);
        assert_eq!(scan("a,\"x\r\ny\"\r\nb", false), Scan::Complete { end: 8, next: 10, cells: 2 });
        assert_eq!(scan("a,b", true), Scan::Complete { end: 3, next: 3, cells: 2 });
        assert_eq!(scan("a,b", false), Scan::More);
        assert_eq!(scan("\"a\"", false), Scan::More);
        assert_eq!(scan("\"a\n\"b\",\"c\"\n", false), Scan::Broken(4, "text follows a closing quote"));
        assert_eq!(scan("\"a\nb", true), Scan::Broken(4, "a quote is never closed"));
    }

    proptest! {
        #[test]
        fn reads_what_the_csv_crate_writes(rows in prop::collection::vec(prop::collection::vec("[a\",;\r\né ]{0,6}", 2..5), 1..6)) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let mut at = 0;
            for row in &rows {
                let Scan::Complete { end, next, cells: count } = scan_record(&bytes, at, b',', true) else { panic!() };
                prop_assert_eq!(count, row.len());
                prop_assert_eq!(&cells(std::str::from_utf8(&bytes[at..end]).unwrap()), row);
                at = next;
            }
            prop_assert_eq!(at, bytes.len());
        }
    }
}
