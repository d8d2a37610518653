//! JSON text as the carrier of `dynamic`: a scanner that hands out slices.
//!
//! Values stay text. Nothing here builds a tree, nothing recurses (a hostile document of a million
//! brackets costs a counter, not the stack), and every function accepts any text: what is not JSON
//! yields `None` or an empty iterator. `validate` is the gate; the walkers trust structure only as
//! far as they need to stay inside the text.

use std::borrow::Cow;
use std::cmp::Ordering;

pub use super::json_text::{ArrayText, ObjectText, real};

/// The deepest nesting that counts as JSON; deeper text is treated as plain text.
pub const MAX_DEPTH: usize = 512;

/// What a JSON value is, told by its first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// a number
    Number,
    /// a quoted string
    String,
    /// `[…]`
    Array,
    /// `{…}`
    Object,
}

/// The kind of a raw value; `None` for text that cannot start a value.
pub fn kind(raw: &str) -> Option<Kind> {
    Some(match trim(raw).as_bytes().first()? {
        b'n' => Kind::Null,
        b't' => Kind::Bool(true),
        b'f' => Kind::Bool(false),
        b'"' => Kind::String,
        b'[' => Kind::Array,
        b'{' => Kind::Object,
        b'-' | b'0'..=b'9' => Kind::Number,
        _ => return None,
    })
}

/// True when the raw value is the JSON `null`.
pub fn is_null(raw: &str) -> bool {
    trim(raw) == "null"
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The text without JSON white space at either end.
pub fn trim(raw: &str) -> &str {
    raw.trim_matches([' ', '\t', '\n', '\r'])
}

fn at(bytes: &[u8], pos: usize) -> Option<u8> {
    bytes.get(pos).copied()
}

fn space(bytes: &[u8], mut pos: usize) -> usize {
    while at(bytes, pos).is_some_and(is_space) {
        pos += 1;
    }
    pos
}

/// Where the first quote or backslash of eight bytes is, counted from the first byte; `None` without one.
fn quote_or_escape(eight: [u8; 8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let word = u64::from_le_bytes(eight);
    // The lowest byte that is zero, and no byte below it, has its high bit set in the difference.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let found = zero(word ^ (ONES * u64::from(b'"'))) | zero(word ^ (ONES * u64::from(b'\\')));
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

/// The position after a string whose opening quote is at `pos`.
fn skip_string(bytes: &[u8], pos: usize) -> Option<usize> {
    let mut pos = pos + 1;
    loop {
        let rest = bytes.get(pos..)?;
        // Keys and short values end soon: look at a few words before calling the wide search.
        let mut near = None;
        for (at, eight) in rest.as_chunks::<8>().0.iter().take(4).enumerate() {
            if let Some(found) = quote_or_escape(*eight) {
                near = Some(at * 8 + found);
                break;
            }
        }
        pos += match near {
            Some(near) => near,
            None => memchr::memchr2(b'"', b'\\', rest)?,
        };
        if at(bytes, pos) == Some(b'"') {
            return Some(pos + 1);
        }
        pos += 2;
    }
}

/// The position after the value that starts at `pos` (no space before it).
fn skip_value(bytes: &[u8], pos: usize) -> Option<usize> {
    match at(bytes, pos)? {
        b'"' => skip_string(bytes, pos),
        b'{' | b'[' => {
            let mut depth = 0usize;
            let mut pos = pos;
            loop {
                match at(bytes, pos)? {
                    b'"' => {
                        pos = skip_string(bytes, pos)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return Some(pos + 1);
                        }
                    }
                    _ => {}
                }
                pos += 1;
            }
        }
        b',' | b']' | b'}' | b':' => None,
        _ => {
            let rest = bytes.get(pos..)?;
            let length =
                rest.iter().position(|b| matches!(b, b',' | b']' | b'}' | b':') || is_space(*b)).unwrap_or(rest.len());
            Some(pos + length)
        }
    }
}

/// The elements of an array, as raw slices; nothing for anything that is not an array.
pub struct Elements<'a> {
    text: &'a str,
    pos: usize,
    done: bool,
}

/// Iterates over the elements of a raw array.
pub fn elements(raw: &str) -> Elements<'_> {
    let start = space(raw.as_bytes(), 0);
    let open = at(raw.as_bytes(), start) == Some(b'[');
    Elements { text: raw, pos: start + 1, done: !open }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.done {
            return None;
        }
        self.done = true;
        let bytes = self.text.as_bytes();
        let start = space(bytes, self.pos);
        if at(bytes, start)? == b']' {
            return None;
        }
        let end = skip_value(bytes, start)?;
        let after = space(bytes, end);
        if at(bytes, after) == Some(b',') {
            self.pos = after + 1;
            self.done = false;
        }
        self.text.get(start..end)
    }
}

/// The members of an object as (raw key with its quotes, raw value).
pub struct Members<'a> {
    text: &'a str,
    pos: usize,
    done: bool,
}

/// Iterates over the members of a raw object; nothing for anything else.
pub fn members(raw: &str) -> Members<'_> {
    let start = space(raw.as_bytes(), 0);
    let open = at(raw.as_bytes(), start) == Some(b'{');
    Members { text: raw, pos: start + 1, done: !open }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        if self.done {
            return None;
        }
        self.done = true;
        let bytes = self.text.as_bytes();
        let key_start = space(bytes, self.pos);
        if at(bytes, key_start)? != b'"' {
            return None;
        }
        let key_end = skip_string(bytes, key_start)?;
        let colon = space(bytes, key_end);
        if at(bytes, colon)? != b':' {
            return None;
        }
        let start = space(bytes, colon + 1);
        let end = skip_value(bytes, start)?;
        let after = space(bytes, end);
        if at(bytes, after) == Some(b',') {
            self.pos = after + 1;
            self.done = false;
        }
        Some((self.text.get(key_start..key_end)?, self.text.get(start..end)?))
    }
}

/// True when the raw key (with quotes) spells `name`.
pub fn key_is(raw_key: &str, name: &str) -> bool {
    let inner = strip_quotes(raw_key);
    // Most keys are told apart by their length alone; an escape makes a key longer than what it spells.
    match inner.len().cmp(&name.len()) {
        Ordering::Less => false,
        Ordering::Equal => inner == name && !inner.as_bytes().contains(&b'\\'),
        Ordering::Greater => inner.as_bytes().contains(&b'\\') && unescape(inner) == name,
    }
}

/// The member called `name` (case-sensitive) of a raw object.
pub fn member<'a>(raw: &'a str, name: &str) -> Option<&'a str> {
    members(raw).find(|(key, _)| key_is(key, name)).map(|(_, value)| value)
}

/// The element at `index` of a raw array, counted from 0; a negative index counts from the end.
pub fn element(raw: &str, index: i64) -> Option<&str> {
    if index >= 0 {
        return elements(raw).nth(usize::try_from(index).ok()?);
    }
    let count = elements(raw).count() as i64;
    elements(raw).nth(usize::try_from(count.checked_add(index)?).ok()?)
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// A member by name, case-sensitive.
    Key(String),
    /// An element by position, negative from the end.
    Index(i64),
}

/// Walks a path; a step that is not there, or the JSON `null` at the end, gives `None`.
pub fn walk<'a>(raw: &'a str, path: &[Step]) -> Option<&'a str> {
    let mut here = raw;
    for step in path {
        here = match step {
            Step::Key(name) => member(here, name)?,
            Step::Index(index) => element(here, *index)?,
        };
    }
    let here = trim(here);
    (!here.is_empty() && here != "null").then_some(here)
}

fn strip_quotes(raw: &str) -> &str {
    raw.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(raw)
}

/// The text that a raw string (with quotes) stands for; other text is returned as it is.
pub fn string_value(raw: &str) -> Cow<'_, str> {
    let raw = trim(raw);
    let inner = strip_quotes(raw);
    if inner.len() == raw.len() {
        return Cow::Borrowed(raw);
    }
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() { Cow::Borrowed(inner) } else { Cow::Owned(unescape(inner)) }
}

/// Resolves the escapes of the inside of a JSON string. A lone surrogate becomes U+FFFD.
pub fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(found) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at(found);
        out.push_str(plain);
        let mut chars = escape.chars();
        chars.next();
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let text = chars.as_str();
                let (unit, after) = hex4(text);
                match unit {
                    Some(high @ 0xD800..=0xDBFF) => {
                        let low = after
                            .strip_prefix("\\u")
                            .map(hex4)
                            .and_then(|(low, tail)| Some((low?, tail)))
                            .filter(|(low, _)| (0xDC00..=0xDFFF).contains(low));
                        if let Some((low, tail)) = low {
                            let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                            out.push(char::from_u32(code).unwrap_or('\u{FFFD}'));
                            rest = tail;
                        } else {
                            out.push('\u{FFFD}');
                            rest = after;
                        }
                    }
                    Some(unit) => {
                        out.push(char::from_u32(unit).unwrap_or('\u{FFFD}'));
                        rest = after;
                    }
                    None => {
                        out.push_str("\\u");
                        rest = text;
                    }
                }
                continue;
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

fn hex4(text: &str) -> (Option<u32>, &str) {
    match (text.get(..4), text.get(4..)) {
        (Some(digits), Some(after)) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            (u32::from_str_radix(digits, 16).ok(), after)
        }
        _ => (None, text),
    }
}

/// Appends `text` as a JSON string with its quotes.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut start = 0;
    for (pos, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(text.get(start..pos).unwrap_or(""));
        if escape.is_empty() {
            out.push_str("\\u00");
            out.push(char::from(b'0' + (byte >> 4)));
            out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        } else {
            out.push_str(escape);
        }
        start = pos + 1;
    }
    out.push_str(text.get(start..).unwrap_or(""));
    out.push('"');
}

/// `text` as a JSON string.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    out
}

/// The value without white space between its parts; string escapes take their shortest form.
pub fn compact(raw: &str) -> Cow<'_, str> {
    let raw = trim(raw);
    let bytes = raw.as_bytes();
    let mut pos = 0;
    let mut needs = false;
    while let Some(byte) = at(bytes, pos) {
        if byte == b'"' {
            let Some(end) = skip_string(bytes, pos) else {
                return Cow::Borrowed(raw);
            };
            if bytes.get(pos..end).is_some_and(|s| memchr::memchr(b'\\', s).is_some()) {
                needs = true;
                break;
            }
            pos = end;
        } else if is_space(byte) {
            needs = true;
            break;
        } else {
            pos += 1;
        }
    }
    if !needs {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut pos = 0;
    while let Some(byte) = at(bytes, pos) {
        if byte == b'"' {
            let end = skip_string(bytes, pos).unwrap_or(bytes.len());
            let text = raw.get(pos..end).unwrap_or("");
            if text.contains('\\') {
                push_string(&mut out, &unescape(strip_quotes(text)));
            } else {
                out.push_str(text);
            }
            pos = end;
        } else {
            if !is_space(byte) {
                out.push(char::from(byte));
            }
            pos += 1;
        }
    }
    Cow::Owned(out)
}

/// True when the whole text is one JSON value (RFC 8259) of bounded depth.
pub fn validate(text: &str) -> bool {
    check(text.as_bytes()).is_some()
}

fn check(bytes: &[u8]) -> Option<()> {
    // One bit per open container: set for an object.
    let mut stack = [0u64; MAX_DEPTH / 64];
    let mut depth = 0usize;
    let mut pos = space(bytes, 0);
    'value: loop {
        match at(bytes, pos)? {
            open @ (b'{' | b'[') => {
                if depth == MAX_DEPTH {
                    return None;
                }
                let object = open == b'{';
                let bit = 1u64 << (depth % 64);
                let word = stack.get_mut(depth / 64)?;
                *word = if object { *word | bit } else { *word & !bit };
                depth += 1;
                pos = space(bytes, pos + 1);
                let close = if object { b'}' } else { b']' };
                if at(bytes, pos)? == close {
                    pos += 1;
                    depth -= 1;
                } else {
                    if object {
                        pos = check_key(bytes, pos)?;
                    }
                    continue 'value;
                }
            }
            b'"' => pos = check_string(bytes, pos)?,
            b't' => pos = literal(bytes, pos, b"true")?,
            b'f' => pos = literal(bytes, pos, b"false")?,
            b'n' => pos = literal(bytes, pos, b"null")?,
            _ => pos = check_number(bytes, pos)?,
        }
        loop {
            pos = space(bytes, pos);
            if depth == 0 {
                return (pos == bytes.len()).then_some(());
            }
            let object = stack.get((depth - 1) / 64)? >> ((depth - 1) % 64) & 1 == 1;
            match at(bytes, pos)? {
                b',' => {
                    pos = space(bytes, pos + 1);
                    if object {
                        pos = check_key(bytes, pos)?;
                    }
                    continue 'value;
                }
                b'}' if object => {
                    pos += 1;
                    depth -= 1;
                }
                b']' if !object => {
                    pos += 1;
                    depth -= 1;
                }
                _ => return None,
            }
        }
    }
}

fn check_key(bytes: &[u8], pos: usize) -> Option<usize> {
    if at(bytes, pos)? != b'"' {
        return None;
    }
    let pos = space(bytes, check_string(bytes, pos)?);
    (at(bytes, pos)? == b':').then(|| space(bytes, pos + 1))
}

fn check_string(bytes: &[u8], pos: usize) -> Option<usize> {
    let end = skip_string(bytes, pos)?;
    let inner = bytes.get(pos + 1..end - 1)?;
    if inner.iter().any(|b| *b < 0x20) {
        return None;
    }
    let mut rest = inner;
    while let Some(found) = memchr::memchr(b'\\', rest) {
        let width = match rest.get(found + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' => {
                let digits = rest.get(found + 2..found + 6)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                6
            }
            _ => return None,
        };
        rest = rest.get(found + width..)?;
    }
    Some(end)
}

fn literal(bytes: &[u8], pos: usize, word: &[u8]) -> Option<usize> {
    let end = pos + word.len();
    (bytes.get(pos..end)? == word).then_some(end)
}

fn digits(bytes: &[u8], mut pos: usize) -> Option<usize> {
    let start = pos;
    while at(bytes, pos).is_some_and(|b| b.is_ascii_digit()) {
        pos += 1;
    }
    (pos > start).then_some(pos)
}

fn check_number(bytes: &[u8], mut pos: usize) -> Option<usize> {
    if at(bytes, pos)? == b'-' {
        pos += 1;
    }
    let first = at(bytes, pos)?;
    pos = if first == b'0' { pos + 1 } else { digits(bytes, pos)? };
    if at(bytes, pos) == Some(b'.') {
        pos = digits(bytes, pos + 1)?;
    }
    if matches!(at(bytes, pos), Some(b'e' | b'E')) {
        pos += 1;
        if matches!(at(bytes, pos), Some(b'+' | b'-')) {
            pos += 1;
        }
        pos = digits(bytes, pos)?;
    }
    Some(pos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_and_invalid() {
        for good in [
            "1",
            " -0.5e+3 ",
            "null",
            "true",
            "\"a\\u00e9\\n\"",
            "[]",
            "{}",
            "[1, [2, {\"a\":null}]]",
            "{\"a\":[],\"b\":{\"c\":\"}\"}}",
            "\"é\"",
        ] {
            assert!(validate(good), "{good}");
        }
        for bad in [
            "",
            " ",
            "01",
            "+1",
            "1.",
            ".5",
            "nul",
            "\"a",
            "\"\\x\"",
            "\"\\u12\"",
            "[1,]",
            "[1 2]",
            "{a:1}",
            "{\"a\"}",
            "{\"a\":1,}",
            "[1}",
            "1 1",
            "\"\n\"",
            "'a'",
            "\\",
            "\"\\",
        ] {
            assert!(!validate(bad), "{bad}");
        }
        assert!(validate(&format!("{}1{}", "[".repeat(512), "]".repeat(512))));
        assert!(!validate(&format!("{}1{}", "[".repeat(513), "]".repeat(513))));
        assert!(!validate(&"[".repeat(1_000_000)));
        assert_eq!(elements(&"[".repeat(1_000_000)).count(), 0);
    }

    #[test]
    fn walking() {
        let doc = r#" { "a" : [ 1 , "two\"]" , {"b":null} ], "A": 5, "k\u0041": "esc" } "#;
        let key = |k: &str| Step::Key(k.into());
        assert_eq!(walk(doc, &[key("a"), Step::Index(0)]), Some("1"));
        assert_eq!(walk(doc, &[key("a"), Step::Index(1)]), Some(r#""two\"]""#));
        assert_eq!(walk(doc, &[key("a"), Step::Index(-3)]), Some("1"));
        assert_eq!(walk(doc, &[key("a"), Step::Index(-4)]), None);
        assert_eq!(walk(doc, &[key("a"), Step::Index(2), key("b")]), None);
        assert_eq!(walk(doc, &[key("A")]), Some("5"));
        assert_eq!(walk(doc, &[key("kA")]), Some("\"esc\""));
        assert_eq!(walk(doc, &[key("a"), key("b")]), None);
        assert_eq!(walk("not json", &[key("a")]), None);
        assert_eq!(walk("{\"a\":", &[key("a")]), None);
        assert_eq!(walk("{\"a\"", &[key("a")]), None);
    }

    #[test]
    fn strings_end_at_their_quote_wherever_it_lies() {
        for length in 0..80 {
            for escaped in 0..=length {
                let mut inner = "x\u{1}\u{80}é".repeat(length).chars().take(length).collect::<String>();
                if let Some((at, _)) = inner.char_indices().nth(escaped) {
                    inner.insert_str(at, "\\\"");
                }
                let text = format!("\"{inner}\",\"rest\"");
                assert_eq!(skip_string(text.as_bytes(), 0), Some(inner.len() + 2), "{text}");
            }
        }
        assert_eq!(skip_string(b"\"no end", 0), None);
        assert_eq!(skip_string(b"\"no end, but it is long enough for the words\\", 0), None);
    }

    #[test]
    fn a_key_is_its_spelling_with_or_without_escapes() {
        assert!(key_is("\"Name\"", "Name") && key_is("\"\\u004eame\"", "Name"));
        assert!(!key_is("\"name\"", "Name") && !key_is("\"Names\"", "Name") && !key_is("\"\\u006eame\"", "Name"));
        assert!(key_is("\"a\\\\b\"", "a\\b") && !key_is("\"a\\\\b\"", "a\\\\b"));
    }

    #[test]
    fn strings() {
        assert_eq!(string_value(r#""a\u00e9\ud83d\ude00\n\ud800x""#), "aé😀\n\u{FFFD}x");
        assert_eq!(quote("a\"\\\u{1}é\n"), "\"a\\\"\\\\\\u0001é\\n\"");
        assert_eq!(compact(" { \"a\" : [ 1 , \"b c\" ] } "), "{\"a\":[1,\"b c\"]}");
        assert_eq!(compact(r#""\u0041\/""#), "\"A/\"");
        assert!(matches!(compact("{\"a\":1}"), Cow::Borrowed(_)));
        assert_eq!(unescape("a\\"), "a");
    }
}
