//! Lists of words, domains and names that queries use by name.

use serde::Deserialize;

use crate::addresses::AddressSet;

/// One list. Queries use it as `<name>`, an array of its values, and as `<name>_pattern`, a regular expression that
/// matches what the list means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The name.
    pub name: String,
    /// What is on it.
    pub summary: String,
    /// Where the values are from, where they are somebody's list.
    #[serde(default)]
    pub source: String,
    /// When they were taken from there.
    #[serde(default)]
    pub date: String,
    /// What counts as a hit.
    #[serde(rename = "match")]
    pub kind: Match,
    /// The values, lower case.
    pub values: Vec<String>,
}

/// What counts as a hit of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// The whole text.
    Exact,
    /// The whole domain.
    Domain,
    /// The domain or one above it.
    Suffix,
    /// A part of the text; short words of plain letters only as whole words.
    Contains,
    /// An address within the block.
    Network,
}

/// A pattern that matches nothing, for an empty list.
const NOTHING: &str = r"[^\s\S]";

impl List {
    /// The regular expression of the list, case-insensitive.
    pub fn pattern(&self) -> String {
        // Whether an address lies in a block is nothing that a pattern can say.
        if self.values.is_empty() || self.kind == Match::Network {
            return NOTHING.to_owned();
        }
        let parts: Vec<String> = self
            .values
            .iter()
            .map(|value| {
                let text = escape(value);
                let short = value.len() <= 4 && value.chars().all(|c| c.is_ascii_alphanumeric());
                if self.kind == Match::Contains && short { format!(r"\b{text}\b") } else { text }
            })
            .collect();
        let any = parts.join("|");
        match self.kind {
            Match::Contains => format!("(?i)(?:{any})"),
            Match::Network => NOTHING.to_owned(),
            Match::Exact | Match::Domain => format!("(?i)^(?:{any})$"),
            Match::Suffix => format!(r"(?i)(?:^|[.@])(?:{any})$"),
        }
    }

    /// True when the list means this text.
    pub fn hits(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        match self.kind {
            Match::Exact | Match::Domain => self.values.iter().any(|v| v == &text),
            Match::Suffix => self.values.iter().any(|v| {
                text.strip_suffix(v.as_str()).is_some_and(|head| head.is_empty() || head.ends_with(['.', '@']))
            }),
            Match::Contains => self.values.iter().any(|v| text.contains(v.as_str())),
            Match::Network => AddressSet::parse(self.values.iter().cloned()).contains(&text),
        }
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if r"\.+*?()|[]{}^$#&-~/".contains(c) && c != '/' && c != '&' {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(kind: Match, values: &[&str]) -> List {
        List {
            name: "l".to_owned(),
            summary: String::new(),
            source: String::new(),
            date: String::new(),
            kind,
            values: values.iter().map(|v| (*v).to_owned()).collect(),
        }
    }

    #[test]
    fn a_suffix_is_a_domain_or_one_above_and_never_a_tail_of_letters() {
        let list = list(Match::Suffix, &["duckdns.org"]);
        assert!(list.hits("duckdns.org"));
        assert!(list.hits("a.duckdns.org"));
        assert!(list.hits("x@duckdns.org"));
        assert!(!list.hits("evilduckdns.org"));
    }

    #[test]
    fn a_network_is_the_addresses_within() {
        let list = list(Match::Network, &["81.2.69.0/24", "2001:218::/32"]);
        assert!(list.hits("81.2.69.160") && list.hits("2001:218::1"));
        assert!(!list.hits("81.2.70.1") && !list.hits("sanitized"));
        assert_eq!(list.pattern(), NOTHING);
    }

    #[test]
    fn special_characters_are_escaped_and_an_empty_list_matches_nothing() {
        assert_eq!(list(Match::Exact, &["a.b", "c+"]).pattern(), r"(?i)^(?:a\.b|c\+)$");
        assert_eq!(list(Match::Contains, &["ach", "invoice"]).pattern(), r"(?i)(?:\bach\b|invoice)");
        assert_eq!(list(Match::Suffix, &[]).pattern(), NOTHING);
    }
}
