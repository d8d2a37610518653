//! `--param`: values from the command line for a query.
//!
//! Each acts like a leading `let`. Playbooks publish queries with holes, `let sender = "{SENDER}";`: the engine puts a
//! parameter of that name in the place of such a text. A name that is given several times is a list.

use postern_kql::types::{Const, KqlType};
use postern_model::time::Ticks;

use super::duration;

/// One `--param name=value` or `--param name:type=value`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Param {
    /// The name.
    pub(super) name: String,
    /// The value.
    pub(super) value: Const,
}

/// Reads one `--param`.
pub(super) fn parse(text: &str) -> Result<Param, String> {
    let (head, value) = text.split_once('=').ok_or("expected name=value")?;
    let (name, ty) = match head.split_once(':') {
        None => (head, KqlType::String),
        Some((name, ty)) => (name, KqlType::parse(ty.trim()).ok_or_else(|| format!("`{ty}` is not a KQL type"))?),
    };
    let name = name.trim();
    let fits = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !fits {
        return Err(format!("`{name}` is not a name: letters, digits and `_`"));
    }
    Ok(Param { name: name.to_owned(), value: constant(ty, value)? })
}

fn constant(ty: KqlType, text: &str) -> Result<Const, String> {
    let value = text.trim();
    let bad = || format!("`{value}` is not a {ty}");
    Ok(match ty {
        KqlType::String => Const::String(text.to_owned()),
        KqlType::Bool => Const::Bool(value.parse().map_err(|_| bad())?),
        KqlType::Int => Const::Int(value.parse().map_err(|_| bad())?),
        KqlType::Long => Const::Long(value.parse().map_err(|_| bad())?),
        KqlType::Real => Const::Real(value.parse().map_err(|_| bad())?),
        KqlType::DateTime => Const::DateTime(Ticks::parse_iso(value).ok_or_else(bad)?.0),
        KqlType::TimeSpan => Const::TimeSpan(duration::ticks(value).ok_or_else(bad)?),
        KqlType::Dynamic => {
            Const::dynamic(&serde_json::from_str(value).map_err(|error| format!("{}: {error}", bad()))?)
        }
        KqlType::Guid | KqlType::Decimal => return Err(format!("a parameter cannot be a {ty}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_type() {
        for (text, name, value) in [
            ("who=O\"Neil = x", "who", Const::String("O\"Neil = x".to_owned())),
            ("n:long= 5", "n", Const::Long(5)),
            ("since:datetime=2024-05-01", "since", Const::DateTime(Ticks::parse_iso("2024-05-01").unwrap().0)),
            ("w:timespan=1.5h", "w", Const::TimeSpan(54_000_000_000)),
            ("b:dynamic=[1,2]", "b", Const::Dynamic("[1,2]".to_owned())),
        ] {
            assert_eq!(parse(text).unwrap(), Param { name: name.to_owned(), value }, "{text}");
        }
    }

    #[test]
    fn wrong_parameters_are_refused() {
        for (text, reason) in [
            ("novalue", "name=value"),
            ("9a=1", "not a name"),
            ("a:long=x", "`x` is not a long"),
            ("a:text=x", "not a KQL type"),
            ("a:dynamic=[1", "is not a dynamic"),
        ] {
            assert!(parse(text).unwrap_err().contains(reason), "{text}");
        }
    }
}
