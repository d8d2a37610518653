//! What users write into filters, as regular expressions and lists that queries are bound to.

use std::net::IpAddr;

use postern_kql::types::Const;

/// An address or a range of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct IpRange {
    text: String,
    v6: bool,
}

impl IpRange {
    /// As it is written.
    pub(in crate::commands) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is of IPv6.
    pub(in crate::commands) fn is_v6(&self) -> bool {
        self.v6
    }
}

/// Reads an address or a range as `address/prefix`.
pub(in crate::commands) fn ip_range(text: &str) -> Result<IpRange, String> {
    let wrong = || "expected an address such as 192.0.2.1, or a range such as 192.0.2.0/24 or 2001:db8::/32".to_owned();
    let (address, prefix) = match text.trim().split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| wrong())?)),
        None => (text.trim(), None),
    };
    // Rows hold addresses in their plain form.
    let address: IpAddr = address.parse::<IpAddr>().map_err(|_| wrong())?;
    let (address, prefix) = match (address.to_canonical(), address, prefix) {
        (plain @ IpAddr::V4(_), IpAddr::V6(_), Some(prefix)) => {
            (plain, Some(prefix.checked_sub(96).ok_or_else(wrong)?))
        }
        (plain, _, prefix) => (plain, prefix),
    };
    let most = if address.is_ipv6() { 128 } else { 32 };
    if prefix.is_some_and(|prefix| prefix > most) {
        return Err(wrong());
    }
    let text = prefix.map_or_else(|| address.to_string(), |prefix| format!("{address}/{prefix}"));
    Ok(IpRange { text, v6: address.is_ipv6() })
}

/// A text as a part of a regular expression; `*` stands for any text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '*' => out.push_str(".*"),
            // No other: some that mean nothing get a meaning by the backslash, as `\<`.
            '\\' | '.' | '+' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' | '#' | '&' | '-' | '~' => {
                out.extend(['\\', c]);
            }
            c => out.push(c),
        }
    }
    out
}

/// One expression for several, which must fit as a whole, in any case of letters.
fn any_of(parts: impl Iterator<Item = String>) -> Option<String> {
    let all: Vec<String> = parts.collect();
    (!all.is_empty()).then(|| format!("(?is)^(?:{})$", all.join("|")))
}

/// Whole texts with `*` for any text in them; nothing when there are none.
pub(in crate::commands) fn wildcards(texts: &[String]) -> Option<String> {
    any_of(texts.iter().map(|text| escaped(text.trim())))
}

/// Like [`wildcards`], for columns that may hold several names with commas or semicolons between them.
pub(in crate::commands) fn listed(texts: &[String]) -> Option<String> {
    any_of(texts.iter().map(|text| format!("(?:.*[,;]\\s*)?{}(?:\\s*[,;].*)?", escaped(text.trim()))))
}

/// Addresses of mail; what has no `@` is a domain with those below it.
pub(in crate::commands) fn addresses(texts: &[String]) -> Option<String> {
    any_of(texts.iter().map(|text| match text.trim() {
        text if text.contains(['@', '*']) => escaped(text),
        domain => format!(".*[@.]{}", escaped(domain.trim_start_matches('.'))),
    }))
}

/// Domains with those below them.
pub(in crate::commands) fn domains(texts: &[String]) -> Option<String> {
    any_of(texts.iter().map(|text| {
        let domain = text.trim().trim_start_matches(['@', '.']);
        format!("(?:.*\\.)?{}", escaped(domain))
    }))
}

/// Message ids as a list, each with and without the angle brackets that mail puts around it.
pub(in crate::commands) fn message_ids(texts: &[String]) -> Option<Const> {
    let plain = |text: &String| text.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
    let all: serde_json::Value = texts.iter().map(plain).flat_map(|id| [format!("<{id}>"), id]).collect();
    (!texts.is_empty()).then(|| Const::dynamic(&all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn addresses_and_ranges_are_read() {
        for (text, read, v6) in [
            ("192.0.2.1", "192.0.2.1", false),
            (" 192.0.2.0/24 ", "192.0.2.0/24", false),
            ("2001:DB8:0::1", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8::/32", true),
            ("::ffff:192.0.2.1", "192.0.2.1", false),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24", false),
        ] {
            assert_eq!(ip_range(text), Ok(IpRange { text: read.to_owned(), v6 }), "{text}");
        }
        for text in ["", "contoso", "192.0.2", "192.0.2.0/33", "2001:db8::/129", "1.2.3.4/x", "::ffff:1.2.3.4/64"] {
            assert!(ip_range(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_users_write_is_text_but_for_the_star() {
        assert_eq!(wildcards(&[]), None);
        assert_eq!(wildcards(&texts(&["New-*", "a.b(c"])).unwrap(), r"(?is)^(?:New\-.*|a\.b\(c)$");
        assert_eq!(addresses(&texts(&["a+b@c.example"])).unwrap(), r"(?is)^(?:a\+b@c\.example)$");
        assert_eq!(addresses(&texts(&["c.example"])).unwrap(), r"(?is)^(?:.*[@.]c\.example)$");
        assert_eq!(domains(&texts(&["@c.example"])).unwrap(), r"(?is)^(?:(?:.*\.)?c\.example)$");
        assert_eq!(message_ids(&texts(&["<a@b>"])).unwrap(), Const::Dynamic(r#"["<a@b>","a@b"]"#.to_owned()));
    }
}
