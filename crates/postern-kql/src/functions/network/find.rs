//! Version 4 addresses inside text. An address counts when it stands alone: no letter, digit or dot touches it.

use super::address::v4;
use super::shared::texts;
use crate::functions::string::as_text;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call_as_is, example, info, param, repeated};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{self, Bool};

/// The addresses that stand alone in a text.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '.'))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.as_bytes().first().is_some_and(u8::is_ascii_digit) && v4(word).is_some())
}

fn has_address(text: &str, wanted: &str) -> bool {
    let Some((wanted, 32)) = v4(wanted) else { return false };
    addresses(text).any(|found| v4(found).is_some_and(|(address, _)| address == wanted))
}

/// A prefix ends with a dot, or is a whole address.
fn has_prefix(text: &str, prefix: &str) -> bool {
    let whole = v4(prefix).is_some();
    if !whole && !prefix.ends_with('.') {
        return false;
    }
    let parts: Vec<&str> = prefix.trim_end_matches('.').split('.').collect();
    let valid = parts.len() <= 4 && parts.iter().all(|p| !p.is_empty() && p.parse::<u8>().is_ok());
    valid && addresses(text).any(|found| if whole { found == prefix } else { found.starts_with(prefix) })
}

fn find(name: &'static str, args: &[BoundExpr], test: fn(&str, &str) -> bool) -> Result<BoundExpr, BindError> {
    let args = as_text(args, &[0]);
    let types: Vec<KqlType> = args.iter().map(|a| a.ty).collect();
    Ok(call_as_is(name, "", &args, Bool, move |args| {
        let text = args.get(0)?.text()?;
        build::bools(args.rows, |row| {
            let text = text.get(row).unwrap_or("");
            Some(texts(args, &types, 1, row).iter().any(|wanted| test(text, wanted)))
        })
    }))
}

const ONE: &[Param] =
    &[param("source", "string", "The text."), param("ip_address", "string", "The address or prefix.")];
const MANY: &[Param] = &[
    param("source", "string", "The text."),
    repeated("ip_address", "string or dynamic", "Addresses or prefixes, or arrays of them."),
];

macro_rules! finders {
    ($($constant:ident, $name:literal, $params:expr, $test:expr, $summary:literal, $query:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $summary)]
            pub const $constant: Scalar = Scalar::new(
                info($name, "network", $summary, $params, "bool", &[example($query, "true")]),
                |args, _| find($name, args, $test),
            );
        )*
    };
}

finders! {
    HAS_IPV4, "has_ipv4", ONE, has_address, "Whether the text has the address.", "print has_ipv4(\"from 192.0.2.1 today\", \"192.0.2.1\")";
    HAS_ANY_IPV4, "has_any_ipv4", MANY, has_address, "Whether the text has one of the addresses.", "print has_any_ipv4(\"from 192.0.2.1\", \"192.0.2.9\", \"192.0.2.1\")";
    HAS_IPV4_PREFIX, "has_ipv4_prefix", ONE, has_prefix, "Whether the text has an address that starts with the prefix.", "print has_ipv4_prefix(\"from 192.0.2.1\", \"192.0.\")";
    HAS_ANY_IPV4_PREFIX, "has_any_ipv4_prefix", MANY, has_prefix, "Whether the text has an address that starts with one of the prefixes.", "print has_any_ipv4_prefix(\"from 192.0.2.1\", \"10.\", \"192.0.\")";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standing_alone() {
        assert!(has_address("x 192.0.2.1, y", "192.0.2.1"));
        assert!(has_address("(192.0.2.1)", "192.0.2.1"));
        assert!(has_address("ends with 192.0.2.1.", "192.0.2.1"));
        assert!(!has_address("x192.0.2.1", "192.0.2.1"));
        assert!(!has_address("1.192.0.2.1", "192.0.2.1"));
        assert!(!has_address("192.0.2.11", "192.0.2.1"));
        assert!(!has_address("192.0.2.256", "192.0.2.256"));
        assert!(has_prefix("192.0.2.1", "192.0."));
        assert!(!has_prefix("192.0.2.1", "192.0"));
        assert!(!has_prefix("192.0.2", "192.0."));
    }
}
