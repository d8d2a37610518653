//! Texts in quotes.

use std::fmt::Write as _;

/// Quotes that editors and pages put in the place of straight ones.
const CURLY: &[char] = &['“', '”', '„', '«', '»', '‘', '’', '‚'];

/// Reads a quoted text with its prefix: `"…"`, `'…'`, verbatim `@"…"`, several
/// lines between ``` or ~~~, each also behind `h`. Gives the text and the byte
/// offsets of escapes that are none; those are kept as they stand. A missing
/// closing quote is taken as read.
pub fn unquote(raw: &str) -> (String, Vec<usize>) {
    if raw.starts_with(CURLY) {
        return (raw.trim_matches(CURLY).trim_end_matches(['"', '\'']).to_owned(), Vec::new());
    }
    let body = raw.strip_prefix(['h', 'H']).unwrap_or(raw);
    for fence in ["```", "~~~"] {
        if let Some(inner) = body.strip_prefix(fence) {
            return (inner.strip_suffix(fence).unwrap_or(inner).to_owned(), Vec::new());
        }
    }
    if let Some(verbatim) = body.strip_prefix('@') {
        let quote = verbatim.chars().next().unwrap_or('"');
        let inner = strip_quotes(verbatim, quote, false);
        let doubled: String = [quote, quote].iter().collect();
        return (inner.replace(&doubled, &quote.to_string()), Vec::new());
    }
    let quote = body.chars().next().unwrap_or('"');
    let inner = strip_quotes(body, quote, true);
    if !inner.contains('\\') {
        return (inner.to_owned(), Vec::new());
    }
    let offset = raw.len() - body.len() + quote.len_utf8();
    unescape(inner, offset)
}

fn strip_quotes(text: &str, quote: char, escapes: bool) -> &str {
    let inner = text.strip_prefix(quote).unwrap_or(text);
    match inner.strip_suffix(quote) {
        // A quote behind an odd number of backslashes does not close.
        Some(rest) if !escapes || rest.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0 => rest,
        _ => inner,
    }
}

fn unescape(inner: &str, offset: usize) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(inner.len());
    let mut wrong = Vec::new();
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(before);
        let (decoded, length) = match escape.as_bytes().get(1) {
            Some(b'n') => ('\n', 2),
            Some(b't') => ('\t', 2),
            Some(b'r') => ('\r', 2),
            Some(b'a') => ('\u{7}', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(b'v') => ('\u{b}', 2),
            Some(b'\\') => ('\\', 2),
            Some(b'"') => ('"', 2),
            Some(b'\'') => ('\'', 2),
            Some(b'x') => numeric(escape, 2, 2, 16),
            Some(b'u') => unicode(escape),
            Some(b'U') => numeric(escape, 2, 8, 16),
            Some(b'0'..=b'7') => octal(escape),
            _ => ('\\', 0),
        };
        text.push(decoded);
        if length == 0 {
            wrong.push(offset + (inner.len() - escape.len()));
        }
        rest = escape.get(length.max(1)..).unwrap_or_default();
    }
    text.push_str(rest);
    (text, wrong)
}

/// A code point in a fixed number of digits; length 0 when there is none.
fn numeric(escape: &str, from: usize, count: usize, radix: u32) -> (char, usize) {
    escape
        .get(from..from + count)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, radix).ok())
        .and_then(char::from_u32)
        .map_or(('\\', 0), |decoded| (decoded, from + count))
}

/// `\uXXXX`, also as a pair of surrogates.
fn unicode(escape: &str) -> (char, usize) {
    let unit = |from: usize| escape.get(from..from + 4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    let Some(first) = unit(2) else { return ('\\', 0) };
    if let Some(single) = char::from_u32(u32::from(first)) {
        return (single, 6);
    }
    let pair = (escape.get(6..8) == Some("\\u")).then(|| unit(8)).flatten();
    match pair.and_then(|second| char::decode_utf16([first, second]).next()) {
        Some(Ok(decoded)) => (decoded, 12),
        _ => ('\\', 0),
    }
}

/// `\0` to `\377`.
fn octal(escape: &str) -> (char, usize) {
    let length = escape.bytes().skip(1).take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    escape
        .get(1..=length)
        .and_then(|digits| u32::from_str_radix(digits, 8).ok())
        .and_then(char::from_u32)
        .map_or(('\\', 0), |decoded| (decoded, length + 1))
}

/// Writes a text in double quotes with escapes where they are needed.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for next in text.chars() {
        match next {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            next if (next as u32) < 0x20 || next == '\u{7f}' => {
                let _ = write!(quoted, "\\u{:04x}", next as u32);
            }
            next => quoted.push(next),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_escapes() {
        for (raw, expected) in [
            (r#""a\tb\"c\\""#, "a\tb\"c\\"),
            (r"'it\'s'", "it's"),
            (r#"@"C:\x ""y""""#, r#"C:\x "y""#),
            ("@'it''s'", "it's"),
            ("h'secret'", "secret"),
            ("```\na 'b' \\n```", "\na 'b' \\n"),
            (r"'\u00e9\x41\101\ud83d\ude00\U0001F600'", "éAA😀😀"),
            ("\"open", "open"),
            ("''", ""),
        ] {
            assert_eq!(unquote(raw), (expected.to_owned(), vec![]), "{raw}");
        }
    }

    #[test]
    fn wrong_escapes_are_kept_and_told() {
        assert_eq!(unquote(r"h'\d+\w'"), (r"\d+\w".to_owned(), vec![2, 5]));
        assert_eq!(unquote(r"'\ud83d'"), (r"\ud83d".to_owned(), vec![1]));
        assert_eq!(unquote(r"'\xé1'"), (r"\xé1".to_owned(), vec![1]));
        assert_eq!(unquote("'\\é'"), ("\\é".to_owned(), vec![1]));
    }

    #[test]
    fn quoting_goes_there_and_back() {
        for text in ["", "a", "\"\\\n\r\t\u{1}é😀'", "\\d", "```"] {
            assert_eq!(unquote(&quote(text)), (text.to_owned(), vec![]));
        }
    }
}
