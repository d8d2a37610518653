//! Values bound to queries by name, and queries with their values written out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use postern_kql::types::{Const, KqlType};
use postern_model::time::Ticks;

/// A set of bound values by name.
#[derive(Debug, Clone, Default)]
pub struct Params {
    values: BTreeMap<String, Const>,
}

/// An array of texts as a `dynamic` constant.
pub fn array<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Const {
    let values: Vec<serde_json::Value> =
        values.into_iter().map(|v| serde_json::Value::String(v.as_ref().to_owned())).collect();
    Const::Dynamic(serde_json::Value::Array(values).to_string())
}

impl Params {
    /// A set of these values.
    pub fn new(values: Vec<(String, Const)>) -> Self {
        Self { values: values.into_iter().collect() }
    }

    /// Sets a value.
    pub fn set(&mut self, name: &str, value: Const) {
        self.values.insert(name.to_owned(), value);
    }

    /// Sets an array of texts.
    pub fn set_array<S: AsRef<str>>(&mut self, name: &str, values: impl IntoIterator<Item = S>) {
        self.set(name, array(values));
    }

    /// Sets an instant; `None` is null.
    pub fn set_time(&mut self, name: &str, time: Option<Ticks>) {
        self.set(name, time.map_or(Const::Null(KqlType::DateTime), |t| Const::DateTime(t.0)));
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Const> {
        self.values.get(name)
    }

    /// The values that a query mentions.
    pub fn used(&self, query: &str) -> Vec<(String, Const)> {
        let words: BTreeSet<&str> =
            query.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).collect();
        self.values
            .iter()
            .filter(|(name, _)| words.contains(name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// A query that runs by itself: the values it mentions as `let` statements before it.
    pub fn written_out(&self, query: &str) -> String {
        let mut text = String::new();
        for (name, value) in self.used(query) {
            let _ = writeln!(text, "let {name} = {};", literal(&value));
        }
        text.push_str(query.trim_end());
        text
    }

    /// A value as words of a sentence: texts joined by commas.
    pub fn words(&self, name: &str) -> Option<String> {
        Some(match self.values.get(name)? {
            Const::String(text) => text.clone(),
            Const::DateTime(ticks) => Ticks(*ticks).to_string(),
            Const::Dynamic(json) => match serde_json::from_str(json) {
                Ok(serde_json::Value::Array(items)) => {
                    items.iter().map(crate::ask::plain).collect::<Vec<_>>().join(", ")
                }
                _ => json.clone(),
            },
            Const::Long(v) => v.to_string(),
            Const::Bool(v) => v.to_string(),
            _ => String::new(),
        })
    }
}

/// A constant as KQL writes it.
pub fn literal(value: &Const) -> String {
    match value {
        Const::Null(ty) => format!("{}(null)", ty.name()),
        Const::Bool(v) => v.to_string(),
        Const::Int(v) => format!("int({v})"),
        Const::Long(v) => format!("long({v})"),
        Const::Real(v) => format!("real({v})"),
        Const::Decimal(v) => format!("decimal({})", postern_kql::output::decimal_text(*v)),
        Const::DateTime(ticks) => format!("datetime({})", Ticks(*ticks)),
        Const::TimeSpan(ticks) => format!("{ticks}tick"),
        Const::String(text) => quoted(text),
        Const::Guid(text) => format!("guid({text})"),
        Const::Dynamic(json) => format!("dynamic({json})"),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mentioned_values_are_written_out_and_text_cannot_leave_its_quotes() {
        let mut params = Params::default();
        params.set("name", Const::String("a\"; drop\\".to_owned()));
        params.set_array("targets", ["x@contoso.example"]);
        params.set_time("first", None);
        let text = params.written_out("T | where A == name and B > first and targetsX == 1");
        assert_eq!(
            text,
            "let first = datetime(null);\nlet name = \"a\\\"; drop\\\\\";\nT | where A == name and B > first and targetsX == 1"
        );
    }
}
