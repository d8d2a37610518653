//! Text from evidence, made safe to look at: nothing in it may steer a terminal or hide from the reader.
//!
//! Everything that came out of a file passes through [`visible`] or [`visible_lines`] before a person sees it,
//! in the terminal and in HTML alike. Machine formats keep the exact text.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// True for characters that a reader cannot see or that change how others are shown: control characters, direction
/// marks and overrides, zero-width characters, fillers that look like nothing, tags, line and paragraph separators.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn escape(text: &str, keep: &[char]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if keep.contains(&c) || !deceives(c) {
            out.push(c);
        } else {
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                _ => {
                    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                }
            }
        }
    }
    out
}

/// The text on one line, with every deceiving character written out as `\u{…}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().any(deceives) { Cow::Owned(escape(text, &[])) } else { Cow::Borrowed(text) }
}

/// Like [`visible`], but line feeds and tabs stay.
pub(crate) fn visible_lines(text: &str) -> Cow<'_, str> {
    let keep = ['\n', '\t'];
    if text.chars().any(|c| deceives(c) && !keep.contains(&c)) {
        Cow::Owned(escape(&text.replace("\r\n", "\n"), &keep))
    } else {
        Cow::Borrowed(text)
    }
}

/// JSON text that means the same, with every deceiving character of its strings written as `\\u…`.
pub(crate) fn visible_json(text: &str) -> Cow<'_, str> {
    // Between strings there are line feeds alone; in strings JSON writes those out itself.
    if !text.chars().any(|c| deceives(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c == '\n' || !deceives(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(out)
}

/// Columns that the text takes in a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to a number of terminal columns, with `…` at the end when something was cut.
pub(crate) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    Cow::Owned(out)
}

/// The text broken at blanks into lines of at most so many columns; longer words are cut.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = Cow::Borrowed(word);
        if !line.is_empty() && width(&line) + 1 + width(&word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        while width(&word) > columns {
            let head: String = word
                .chars()
                .scan(0, |used, c| {
                    *used += c.width().unwrap_or(0);
                    (*used <= columns).then_some(c)
                })
                .collect();
            if head.is_empty() {
                break;
            }
            word = Cow::Owned(word.chars().skip(head.chars().count()).collect());
            lines.push(head);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word in the plural unless there is one: `count(3, "file", "files")` is `3 files`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// A number with a comma between groups of three digits, from five digits on.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_is_written_out() {
        assert_eq!(visible("plain Ünïcode 漢字"), "plain Ünïcode 漢字");
        assert_eq!(visible("a\u{1b}[31mred\u{7}"), "a\\u{1b}[31mred\\u{7}");
        assert_eq!(visible("inv\u{202e}gnp.exe"), "inv\\u{202e}gnp.exe");
        assert_eq!(visible("zero\u{200b}width\u{feff}"), "zero\\u{200b}width\\u{feff}");
        assert_eq!(visible("line\r\nbreak\t"), "line\\r\\nbreak\\t");
        assert_eq!(visible("\u{9b}2J"), "\\u{9b}2J");
        assert_eq!(visible_lines("a\r\n\tb\u{0}"), "a\n\tb\\u{0}");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"a": "x\u{1b}[2J\u{202e}\u{e0041}\u{9b}\n漢"});
        let text = serde_json::to_string_pretty(&value).unwrap();
        let safe = visible_json(&text);
        assert!(safe.chars().all(|c| c == '\n' || !deceives(c)), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    #[test]
    fn text_fits_its_columns() {
        assert_eq!(fit("abcdef", 6), "abcdef");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("漢字漢字", 5), "漢字…");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghijkl", 8), ["abcdefgh", "ijkl"]);
        assert_eq!(wrap("", 8), [""]);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(thousands(4842), "4842");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(count(1, "file", "files"), "1 file");
        assert_eq!(count(0, "file", "files"), "0 files");
    }
}
