//! From a value as an export has it to a cell of the column's type.

use std::borrow::Cow;

use postern_ingest::depth_is_bounded;
use postern_model::row::Value;
use postern_model::schema::ColumnType;
use serde_json::value::RawValue;

use super::object::{Object, quoted, text_of};
use super::when::{instant, timespan};

/// A JSON value for a column.
pub(crate) fn from_json(value: &RawValue, kind: ColumnType) -> Value {
    let json = value.get();
    if json == "null" {
        return Value::Null;
    }
    match kind {
        ColumnType::Dynamic => match json.starts_with('"').then(|| text_of(value)) {
            // Exports often keep lists and objects as text.
            Some(text) => dynamic_text(&text),
            None => Value::Dynamic(json.to_owned()),
        },
        ColumnType::Bool if json == "true" || json == "false" => Value::Bool(json == "true"),
        ColumnType::TimeSpan if json.starts_with('{') => {
            let ticks = Object::parse(json).ok().and_then(|o| o.text("Ticks").parse().ok());
            ticks.map_or(Value::Null, Value::TimeSpan)
        }
        ColumnType::String | ColumnType::Guid if json == "{}" => Value::Null,
        // The same list is the same text, whatever blanks the export has in it.
        ColumnType::String if json.starts_with(['{', '[']) => {
            let compact = serde_json::from_str::<serde_json::Value>(json).map(|value| value.to_string());
            Value::String(compact.unwrap_or_else(|_| json.to_owned()))
        }
        _ => from_text(text_of(value), kind),
    }
}

/// Text for a column.
pub(crate) fn from_text(text: Cow<'_, str>, kind: ColumnType) -> Value {
    let bare = text.trim();
    match kind {
        ColumnType::String => Value::String(text.into_owned()),
        _ if bare.is_empty() => Value::Null,
        ColumnType::Guid => Value::String(bare.to_lowercase()),
        ColumnType::Bool => match bare.to_ascii_lowercase().as_str() {
            "true" | "1" | "$true" | "yes" => Value::Bool(true),
            "false" | "0" | "$false" | "no" => Value::Bool(false),
            _ => Value::Null,
        },
        ColumnType::Int | ColumnType::Long => long(bare).map_or(Value::Null, Value::Long),
        ColumnType::Real => bare.parse().map_or(Value::Null, Value::Real),
        ColumnType::DateTime => instant(bare).map_or(Value::Null, Value::DateTime),
        ColumnType::TimeSpan => timespan(bare).map_or(Value::Null, Value::TimeSpan),
        ColumnType::Dynamic => dynamic_text(bare),
    }
}

/// A whole number, also when it is written as a truth value or with a fraction of zero.
pub(crate) fn long(text: &str) -> Option<i64> {
    match text {
        "true" | "True" => Some(1),
        "false" | "False" => Some(0),
        _ => text.parse().ok().or_else(|| {
            let (whole, fraction) = text.split_once('.')?;
            fraction.bytes().all(|b| b == b'0').then(|| whole.parse().ok()).flatten()
        }),
    }
}

/// Text for a dynamic column: the object or list that it holds, else the text as a JSON literal.
fn dynamic_text(text: &str) -> Value {
    let bare = text.trim();
    let structured = bare.starts_with(['{', '[']) && depth_is_bounded(bare);
    if structured && serde_json::from_str::<&RawValue>(bare).is_ok() {
        return Value::Dynamic(bare.to_owned());
    }
    Value::Dynamic(quoted(text))
}

/// As [`from_json`], for the properties of PowerShell objects: a column that holds a list gets one, whether the
/// property is a list, a single value, or the object that PowerShell 5.1 wraps lists in.
pub(crate) fn from_property(value: &RawValue, kind: ColumnType) -> Value {
    if kind != ColumnType::Dynamic {
        return from_json(value, kind);
    }
    let json = value.get();
    if json.starts_with('{') {
        let wrapped = Object::parse(json).ok().filter(|o| o.get("Count").is_some()).and_then(|o| o.get("value"));
        let list = wrapped.filter(|w| w.get().starts_with('['));
        return Value::Dynamic(list.map_or(json, RawValue::get).to_owned());
    }
    if json.starts_with('[') {
        return Value::Dynamic(json.to_owned());
    }
    match text_of(value).trim() {
        "" => Value::Null,
        _ => Value::Dynamic(format!("[{json}]")),
    }
}

/// True for what PowerShell writes where a list was: the name of its class.
pub(crate) fn is_class_name(text: &str) -> bool {
    let classes = ["System.Collections.", "Microsoft.Exchange.Data.MultiValuedProperty"];
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    classes.iter().any(|class| text.starts_with(class))
        || text.strip_prefix("System.").and_then(|t| t.strip_suffix("[]")).is_some_and(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn converts_to_the_type_of_the_column() {
        use ColumnType::{Bool, DateTime, Dynamic, Int, Long, Real, String as Text, TimeSpan};
        let time = Value::DateTime(instant("2021-05-18T21:13:33Z").unwrap());
        for (json, kind, value) in [
            ("null", Text, Value::Null),
            ("\"a\\u0041\"", Text, Value::String("aA".into())),
            ("15394007230974001153", Text, Value::String("15394007230974001153".into())),
            ("[\"a\"]", Text, Value::String("[\"a\"]".into())),
            ("{}", Text, Value::Null),
            (
                "[ 18446744073709551615,\n {\"b\": 1, \"a\": 2} ]",
                Text,
                Value::String("[18446744073709551615,{\"b\":1,\"a\":2}]".into()),
            ),
            ("\"True\"", Bool, Value::Bool(true)),
            ("0", Bool, Value::Bool(false)),
            ("true", Int, Value::Long(1)),
            ("\"12\"", Long, Value::Long(12)),
            ("2.0", Long, Value::Long(2)),
            ("2.5", Long, Value::Null),
            ("2.5", Real, Value::Real(2.5)),
            ("\"/Date(1621372413000)/\"", DateTime, time.clone()),
            ("{\"value\":\"\\/Date(1621372413000)\\/\",\"DisplayHint\":2}", DateTime, time),
            ("\"00:00:01\"", TimeSpan, Value::TimeSpan(10_000_000)),
            ("{\"a\":1}", Dynamic, Value::Dynamic("{\"a\":1}".into())),
            ("\"{\\\"a\\\":1}\"", Dynamic, Value::Dynamic("{\"a\":1}".into())),
            ("\"{cut\"", Dynamic, Value::Dynamic("\"{cut\"".into())),
            ("\"\"", Dynamic, Value::Dynamic("\"\"".into())),
        ] {
            assert_eq!(from_json(&raw(json), kind), value, "{json} {kind:?}");
        }
    }

    #[test]
    fn properties_that_hold_lists_become_lists() {
        for (json, list) in [
            ("[\"a\"]", Value::Dynamic("[\"a\"]".into())),
            ("\"a\"", Value::Dynamic("[\"a\"]".into())),
            ("{\"value\":[\"a\"],\"Count\":1}", Value::Dynamic("[\"a\"]".into())),
            ("\"\"", Value::Null),
            ("null", Value::Null),
        ] {
            assert_eq!(from_property(&raw(json), ColumnType::Dynamic), list, "{json}");
        }
    }
}
