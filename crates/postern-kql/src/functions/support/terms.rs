//! Text search as KQL defines it: terms, substrings, prefixes and suffixes, with and without case.
//!
//! A term is a maximal run of letters and digits; letters beyond ASCII count as letters. Case folding
//! is per character (a character that would become several stays as it is), never by locale. An empty
//! needle is found everywhere.

use std::sync::LazyLock;

/// How a needle must lie in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Anywhere: `contains`.
    Anywhere,
    /// As a whole term: `has`.
    Term,
    /// At the start of a term: `hasprefix`.
    TermStart,
    /// At the end of a term: `hassuffix`.
    TermEnd,
    /// At the start of the text: `startswith`.
    Start,
    /// At the end of the text: `endswith`.
    End,
    /// The whole text: `==`, `=~`.
    Whole,
}

/// A prepared needle: case folded once, anchored on its rarest byte.
#[derive(Clone, Debug)]
pub struct Needle {
    text: String,
    place: Place,
    sensitive: bool,
    ascii: bool,
    anchor: usize,
    low: u8,
    high: u8,
    first_is_term: bool,
    last_is_term: bool,
}

fn is_term(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() }
}

/// How common a byte is in mail and log text, roughly; lower is rarer.
fn commonness(byte: u8) -> u8 {
    match byte {
        b'e' | b'a' | b'o' | b't' | b'i' | b'n' | b'r' | b's' => 9,
        b'c' | b'l' | b'm' | b'd' | b' ' | b'0' | b'1' => 8,
        b'u' | b'p' | b'h' | b'f' | b'g' | b'.' | b'"' | b'-' => 7,
        b'2'..=b'9' | b',' | b':' | b'/' => 6,
        b'b' | b'y' | b'w' | b'v' => 5,
        b'k' | b'_' | b'@' | b'=' => 4,
        b'x' | b'j' | b'q' | b'z' => 2,
        _ => 3,
    }
}

impl Needle {
    /// Prepares a needle.
    pub fn new(needle: &str, place: Place, sensitive: bool) -> Self {
        let ascii = needle.is_ascii();
        let text = if sensitive {
            needle.to_owned()
        } else if ascii {
            needle.to_ascii_lowercase()
        } else {
            fold(needle)
        };
        let anchor =
            text.bytes().enumerate().min_by_key(|(_, b)| commonness(b.to_ascii_lowercase())).map_or(0, |(at, _)| at);
        let low = text.as_bytes().get(anchor).copied().unwrap_or(0);
        Self {
            place,
            sensitive,
            ascii,
            anchor,
            low,
            high: if sensitive { low } else { low.to_ascii_uppercase() },
            first_is_term: text.chars().next().is_some_and(is_term),
            last_is_term: text.chars().next_back().is_some_and(is_term),
            text,
        }
    }

    /// True when the needle lies in `hay` as its place demands.
    pub fn matches(&self, hay: &str) -> bool {
        if self.sensitive || self.ascii {
            return self.search(hay);
        }
        // Folding ASCII text gives ASCII text, which has nothing else in it.
        if hay.is_ascii() && !self.text.is_ascii() {
            return false;
        }
        self.search(&fold(hay))
    }

    fn same(&self, slice: &[u8]) -> bool {
        if self.sensitive || !self.ascii {
            slice == self.text.as_bytes()
        } else {
            slice.eq_ignore_ascii_case(self.text.as_bytes())
        }
    }

    fn search(&self, hay: &str) -> bool {
        let bytes = hay.as_bytes();
        let length = self.text.len();
        let Some(last_start) = bytes.len().checked_sub(length) else {
            return false;
        };
        match self.place {
            Place::Whole => return last_start == 0 && self.same(bytes),
            Place::Start => return bytes.get(..length).is_some_and(|s| self.same(s)),
            Place::End => return bytes.get(last_start..).is_some_and(|s| self.same(s)),
            _ if length == 0 => return true,
            _ => {}
        }
        let mut from = 0;
        while from <= last_start {
            let Some(window) = bytes.get(from + self.anchor..=last_start + self.anchor) else {
                return false;
            };
            let found = if self.low == self.high {
                memchr::memchr(self.low, window)
            } else {
                memchr::memchr2(self.low, self.high, window)
            };
            let Some(found) = found else { return false };
            let start = from + found;
            let end = start + length;
            if bytes.get(start..end).is_some_and(|s| self.same(s)) && self.bounded(hay, start, end) {
                return true;
            }
            from = start + 1;
        }
        false
    }

    fn bounded(&self, hay: &str, start: usize, end: usize) -> bool {
        let open_left = || !self.first_is_term || !term_before(hay, start);
        let open_right = || !self.last_is_term || !term_after(hay, end);
        match self.place {
            Place::Term => open_left() && open_right(),
            Place::TermStart => open_left(),
            Place::TermEnd => open_right(),
            _ => true,
        }
    }
}

fn term_before(hay: &str, at: usize) -> bool {
    match at.checked_sub(1).and_then(|p| hay.as_bytes().get(p)) {
        None => false,
        Some(b) if b.is_ascii() => b.is_ascii_alphanumeric(),
        Some(_) => hay.get(..at).and_then(|s| s.chars().next_back()).is_some_and(is_term),
    }
}

fn term_after(hay: &str, at: usize) -> bool {
    match hay.as_bytes().get(at) {
        None => false,
        Some(b) if b.is_ascii() => b.is_ascii_alphanumeric(),
        Some(_) => hay.get(at..).and_then(|s| s.chars().next()).is_some_and(is_term),
    }
}

/// The text in the case used for comparison: characters are equal when they are in upper case.
pub fn fold(text: &str) -> String {
    changed(text, str::make_ascii_lowercase, |c| match FOLDED.get(c as usize) {
        Some(folded) => *folded,
        None => fold_char(c),
    })
}

/// The text in lower case, character by character: none becomes several, and none looks at its neighbours.
pub fn lower(text: &str) -> String {
    changed(text, str::make_ascii_lowercase, |c| only(c, c.to_lowercase()))
}

/// The text in upper case, in the same way.
pub fn upper(text: &str) -> String {
    changed(text, str::make_ascii_uppercase, |c| only(c, c.to_uppercase()))
}

/// What the characters of most alphabets are folded to: those of two bytes and less.
static FOLDED: LazyLock<Vec<char>> =
    LazyLock::new(|| (0..0x800).map(|c| char::from_u32(c).map_or(char::REPLACEMENT_CHARACTER, fold_char)).collect());

fn fold_char(c: char) -> char {
    let upper = only(c, c.to_uppercase());
    only(upper, upper.to_lowercase())
}

/// Changes runs of ASCII as a whole and the others character by character.
fn changed(text: &str, ascii: impl Fn(&mut str), other: impl Fn(char) -> char) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let run = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let (plain, tail) = rest.split_at(run);
        let start = out.len();
        out.push_str(plain);
        if let Some(added) = out.get_mut(start..) {
            ascii(added);
        }
        let mut chars = tail.chars();
        let Some(c) = chars.next() else { return out };
        out.push(other(c));
        rest = chars.as_str();
    }
}

/// The character that another is in another case, or that itself where there would be several.
fn only(c: char, mut cased: impl Iterator<Item = char>) -> char {
    match (cased.next(), cased.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Equality without case.
pub fn equals_ignore_case(left: &str, right: &str) -> bool {
    if left.is_ascii() || right.is_ascii() {
        left.eq_ignore_ascii_case(right)
    } else {
        left == right || fold(left) == fold(right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(hay: &str, needle: &str) -> bool {
        Needle::new(needle, Place::Term, false).matches(hay)
    }

    #[test]
    fn terms() {
        assert!(has("North America", "america"));
        assert!(!has("NorthAmerica", "america"));
        assert!(has("a-b_c", "b"));
        assert!(has("user@contoso.example", "contoso.example"));
        assert!(!has("user@evilcontoso.example", "contoso.example"));
        assert!(has("xy contoso contosox", "contoso"));
        assert!(has("contosox contoso", "contoso"));
        assert!(has("x/.exe", ".exe"));
        assert!(has("abc.exe", ".exe"));
        assert!(has("anything", ""));
        assert!(!has("", "a"));
        assert!(has("árvíz tűrő", "TŰRŐ"));
        assert!(!has("tűrőx", "tűrő"));
        assert!(!has("éabc", "abc"));
        assert!(!has("abcé", "abc"));
        assert!(has("—abc—", "abc"));
    }

    #[test]
    fn places() {
        let m = |hay: &str, needle: &str, place, cs| Needle::new(needle, place, cs).matches(hay);
        assert!(m("foobar baz", "OOB", Place::Anywhere, false));
        assert!(!m("foobar baz", "OOB", Place::Anywhere, true));
        assert!(m("foobar baz", "BA", Place::TermStart, false));
        assert!(!m("foobar", "bar", Place::TermStart, false));
        assert!(m("foobar", "bar", Place::TermEnd, false));
        assert!(m("foobar", "FOO", Place::Start, false));
        assert!(m("foobar", "Bar", Place::End, false));
        assert!(!m("ar", "Bar", Place::End, false));
        assert!(m("", "", Place::Whole, true));
        assert!(m("É", "é", Place::Whole, false));
        assert!(m("aé", "é", Place::End, true));
        assert!(equals_ignore_case("STRASSE", "strasse"));
        assert!(equals_ignore_case("ΟΔΟΣ", "οδος"));
        assert_eq!((lower("ÀΣ"), upper("straße é")), ("àσ".to_owned(), "STRAßE É".to_owned()));
        assert!(!equals_ignore_case("é", "e"));
    }
}
