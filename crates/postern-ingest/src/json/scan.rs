//! Finds where a JSON value ends, without building it.
//!
//! The scanner knows enough of the grammar (which of key, colon, value, comma may come next) to notice where a record
//! was cut off and the next one begins; what is inside numbers, words and escapes is left to the parser proper.

use memchr::{memchr2, memchr3};

/// A record nested deeper than this is refused.
pub const MAX_DEPTH: u32 = 100;

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scan {
    /// The value ends before this index.
    Complete(usize),
    /// The bytes end within the value.
    More,
    /// At this index stands something that cannot be there.
    Broken(usize, &'static str),
    /// The value is an object, and its member with this number of `pages` is an array that begins before this index.
    Page(usize, usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

/// Names of members by which a scan stops early.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pages<'a> {
    /// A member of this name that holds an array of objects makes the object a page of records.
    pub(crate) names: &'a [&'a str],
}

/// The end of the string whose opening quote stands before `from`: the index after the closing quote.
pub(crate) fn string_end(bytes: &[u8], from: usize) -> Scan {
    let mut at = from;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(found) = memchr3(b'"', b'\\', b'\n', rest) else { return Scan::More };
        match rest.get(found) {
            Some(b'"') => return Scan::Complete(at + found + 1),
            Some(b'\\') => {
                if rest.len() < found + 2 {
                    return Scan::More;
                }
                at += found + 2;
            }
            _ => return Scan::Broken(at + found, "a line end within a text"),
        }
    }
}

/// The first index at or after `from` that is not blank; the length when there is none.
pub(crate) fn skip_blank(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(rest.len())
}

/// Finds the end of the value that begins at `start`. `ended`: no more bytes will come.
pub(crate) fn scan_value(bytes: &[u8], start: usize, ended: bool, pages: Pages<'_>) -> Scan {
    let mut at = start;
    let mut depth = 0_u32;
    // One bit per open bracket, the innermost lowest: 1 for an object.
    let mut kinds = 0_u128;
    let mut expect = Expect::Value;
    loop {
        at = skip_blank(bytes, at);
        let Some(&byte) = bytes.get(at) else { return Scan::More };
        match (byte, expect) {
            (b'{' | b'[', Expect::Value | Expect::ValueOrEnd) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Scan::Broken(at, "nested deeper than 100 levels");
                }
                let object = byte == b'{';
                kinds = (kinds << 1) | u128::from(object);
                expect = if object { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
                at += 1;
                continue;
            }
            (b'}', Expect::KeyOrEnd | Expect::CommaOrEnd) if kinds & 1 == 1 => {
                depth -= 1;
                kinds >>= 1;
                at += 1;
            }
            (b']', Expect::ValueOrEnd | Expect::CommaOrEnd) if kinds & 1 == 0 && depth > 0 => {
                depth -= 1;
                kinds >>= 1;
                at += 1;
            }
            (b'"', Expect::Key | Expect::KeyOrEnd) => {
                let end = match string_end(bytes, at + 1) {
                    Scan::Complete(end) => end,
                    other => return other,
                };
                if depth == 1 && !pages.names.is_empty() {
                    match page_start(bytes, at, end, pages) {
                        PageStart::No => {}
                        PageStart::Unknown if ended => {}
                        PageStart::Unknown => return Scan::More,
                        PageStart::Yes(name, index) => return Scan::Page(name, index),
                    }
                }
                at = end;
                expect = Expect::Colon;
                continue;
            }
            (b':', Expect::Colon) => {
                at += 1;
                expect = Expect::Value;
                continue;
            }
            (b',', Expect::CommaOrEnd) => {
                at += 1;
                expect = if kinds & 1 == 1 { Expect::Key } else { Expect::Value };
                continue;
            }
            (b'"', Expect::Value | Expect::ValueOrEnd) => match string_end(bytes, at + 1) {
                Scan::Complete(end) => at = end,
                other => return other,
            },
            (b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z', Expect::Value | Expect::ValueOrEnd) => {
                let rest = bytes.get(at..).unwrap_or_default();
                let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
                match rest.iter().position(|b| !word(b)) {
                    Some(length) => at += length,
                    None if ended && depth == 0 => at = bytes.len(),
                    None => return Scan::More,
                }
            }
            (_, Expect::Key | Expect::KeyOrEnd) => return Scan::Broken(at, "a member name in quotes expected"),
            (_, Expect::Colon) => return Scan::Broken(at, "a colon expected"),
            (_, Expect::CommaOrEnd) => return Scan::Broken(at, "a comma or a closing bracket expected"),
            (_, Expect::Value | Expect::ValueOrEnd) => return Scan::Broken(at, "a value expected"),
        }
        // A value has just ended.
        if depth == 0 {
            return Scan::Complete(at);
        }
        expect = Expect::CommaOrEnd;
    }
}

enum PageStart {
    No,
    Unknown,
    Yes(usize, usize),
}

/// Is the member whose name is `bytes[name..end]` (with quotes) a page's array of objects?
fn page_start(bytes: &[u8], name: usize, end: usize, pages: Pages<'_>) -> PageStart {
    let text = bytes.get(name + 1..end.saturating_sub(1)).unwrap_or_default();
    let Some(index) = pages.names.iter().position(|n| n.as_bytes() == text) else { return PageStart::No };
    let mut at = end;
    for expected in [b':', b'['] {
        at = skip_blank(bytes, at);
        match bytes.get(at) {
            Some(&byte) if byte == expected => at += 1,
            Some(_) => return PageStart::No,
            None => return PageStart::Unknown,
        }
    }
    match bytes.get(skip_blank(bytes, at)) {
        Some(b'{' | b']') => PageStart::Yes(index, at),
        Some(_) => PageStart::No,
        None => PageStart::Unknown,
    }
}

/// True when no value in the JSON text can be nested deeper than the limit. Text in which brackets inside strings push
/// the count over the limit is looked at properly.
pub fn depth_is_bounded(text: &str) -> bool {
    let bytes = text.as_bytes();
    let limit = MAX_DEPTH as usize;
    if memchr::memchr2_iter(b'{', b'[', bytes).take(limit + 1).count() <= limit {
        return true;
    }
    let (mut at, mut depth) = (0, 0_u32);
    while let Some(rest) = bytes.get(at..) {
        let Some(found) = rest.iter().position(|b| matches!(b, b'"' | b'{' | b'[' | b'}' | b']')) else { return true };
        at += found + 1;
        match rest.get(found) {
            Some(b'"') => match quoted_end(bytes, at) {
                Some(end) => at = end,
                None => return true,
            },
            Some(b'{' | b'[') => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return false;
                }
            }
            _ => depth = depth.saturating_sub(1),
        }
    }
    true
}

/// As [`string_end`], but any byte may be within the string.
fn quoted_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        let found = memchr2(b'"', b'\\', rest)?;
        if rest.get(found) == Some(&b'"') {
            return Some(at + found + 1);
        }
        at += found + 2;
    }
}

/// The names of an object's members, as far as the bytes reach; nothing for other values.
pub(crate) fn shallow_keys(bytes: &[u8], limit: usize) -> Vec<String> {
    let mut keys = Vec::new();
    let start = skip_blank(bytes, 0);
    if bytes.get(start) != Some(&b'{') {
        return keys;
    }
    let mut at = start + 1;
    while keys.len() < limit {
        at = skip_blank(bytes, at);
        if bytes.get(at) != Some(&b'"') {
            break;
        }
        let Scan::Complete(end) = string_end(bytes, at + 1) else { break };
        let Some(Ok(key)) = bytes.get(at..end).map(serde_json::from_slice::<String>) else { break };
        keys.push(key);
        at = skip_blank(bytes, end);
        if bytes.get(at) != Some(&b':') {
            break;
        }
        at = skip_blank(bytes, at + 1);
        let Scan::Complete(end) = scan_value(bytes, at, false, Pages::default()) else { break };
        at = skip_blank(bytes, end);
        if bytes.get(at) != Some(&b',') {
            break;
        }
        at += 1;
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Scan {
        scan_value(text.as_bytes(), 0, false, Pages { names: &["value"] })
    }

    #[test]
    fn finds_the_end_of_values() {
        for (text, length) in [
            (r#"{"a":[1,{"b":"}"}],"c":-1.5e3} x"#, 30),
            (r"{} ", 2),
            ("[]", 2),
            ("true ", 4),
            (r#""a\"b" "#, 6),
            ("{\"a\" :\r\n null } ", 15),
        ] {
            assert_eq!(scan(text), Scan::Complete(length), "{text}");
        }
        for text in ["{", r#"{"a"#, r#"{"a":1"#, "tru", "[1,", r#"{"a":"\"#] {
            assert_eq!(scan(text), Scan::More, "{text}");
        }
    }

    #[test]
    fn notices_where_a_cut_record_meets_the_next() {
        assert_eq!(scan("{\"a\":1,\n{\"b\":2}"), Scan::Broken(8, "a member name in quotes expected"));
        assert_eq!(scan("{\"a\":\"x\n{\"b\":2}"), Scan::Broken(7, "a line end within a text"));
        assert_eq!(scan("{\"a\":{\"b\":2}\n{"), Scan::Broken(13, "a comma or a closing bracket expected"));
        assert!(matches!(scan("[1}"), Scan::Broken(2, _)));
        assert!(matches!(scan("[1,]"), Scan::Broken(3, _)));
    }

    #[test]
    fn stops_at_a_page_of_records_only() {
        assert_eq!(scan(r#"{"@odata.context":"x","value": [ {"a":1}]}"#), Scan::Page(0, 32));
        assert_eq!(scan(r#"{"value":[1]}"#), Scan::Complete(13));
        assert_eq!(scan(r#"{"a":{"value":[{}]}}"#), Scan::Complete(20));
        assert_eq!(scan(r#"{"value":"#), Scan::More);
    }

    #[test]
    fn refuses_deep_nesting() {
        let deep = "[".repeat(101);
        assert!(matches!(scan(&deep), Scan::Broken(100, _)));
        assert!(!depth_is_bounded(&deep));
        assert!(depth_is_bounded(&format!("\"{deep}\"")));
        assert!(depth_is_bounded(&"[]".repeat(1000)));
    }

    #[test]
    fn names_the_members_it_can_see() {
        assert_eq!(shallow_keys(br#" {"a":{"x":1},"b\u0041":[1],"c":"cut"#, 9), ["a", "bA", "c"]);
        assert!(shallow_keys(b"[1]", 9).is_empty());
    }
}
