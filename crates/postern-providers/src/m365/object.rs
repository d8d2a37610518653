//! JSON objects read without building them: names of members, and their values as the text that stands there.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use postern_ingest::depth_is_bounded;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The members of one object, in order.
#[derive(Debug, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Reads an object; an error says what is wrong for a person.
    pub(crate) fn parse(text: &'a str) -> Result<Self, String> {
        if !text.trim_start().starts_with('{') {
            return Err("it is not a JSON object".to_owned());
        }
        if !depth_is_bounded(text) {
            return Err("it is nested deeper than 100 levels".to_owned());
        }
        serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))
    }

    /// The members, those of `@odata.type` kind left out.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().filter(|(name, _)| !name.contains('@')).map(|(name, value)| (name.as_ref(), *value))
    }

    /// True when there is a member of this name, whatever its value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    /// The member of this name; case does not count, but an exact match is preferred. JSON null is no value.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let exact = self.0.iter().find(|(n, _)| n == name);
        let found = exact.or_else(|| self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| *value).filter(|value| value.get() != "null")
    }

    /// The member as text: a text's content, any other value as it stands; empty when there is none.
    pub(crate) fn text(&self, name: &str) -> Cow<'a, str> {
        self.get(name).map_or(Cow::Borrowed(""), text_of)
    }

    /// The member as an object; empty when it is none. Text that holds an object is read too.
    pub(crate) fn json(&self, name: &str) -> Option<Cow<'a, str>> {
        let text = text_of(self.get(name)?);
        text.trim_start().starts_with(['{', '[']).then_some(text)
    }
}

/// The content of a JSON text, or any other value as it stands.
pub(crate) fn text_of(value: &RawValue) -> Cow<'_, str> {
    let text = value.get();
    if let Some(bare) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        if !bare.contains('\\') {
            return Cow::Borrowed(bare);
        }
        return serde_json::from_str::<String>(text).map_or(Cow::Borrowed(bare), Cow::Owned);
    }
    Cow::Borrowed(if text == "null" { "" } else { text })
}

/// A text as a JSON literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_quoted(&mut out, text);
    out
}

/// Appends a text as a JSON literal.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b < 0x20 || matches!(b, b'"' | b'\\')) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = special.chars();
        match chars.next() {
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(quote @ ('"' | '\\')) => out.extend(['\\', quote]),
            Some(control) => {
                // Writing to a text cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(32);
                while let Some(Key(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A member name, borrowed where the text allows.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(|text| Self(text.0))
    }
}

/// Any value as text: numbers and words as they stand (`True` and `False` as PowerShell spells them), lists and
/// objects as JSON, null as empty.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
    fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text)))
    }
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(if value { "True" } else { "False" })))
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Text::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        let value = serde_json::Value::deserialize(de::value::SeqAccessDeserializer::new(seq))?;
        Ok(Text(Cow::Owned(value.to_string())))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let value = serde_json::Value::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(Text(Cow::Owned(value.to_string())))
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_members_by_name_and_keeps_numbers_exact() {
        let text = r##"{"A":15394007230974001153,"b":"x\ny","c":null,"A@odata.type":"#Int64","d":{"e":[1]}}"##;
        let object = Object::parse(text).unwrap();
        assert_eq!(object.text("a"), "15394007230974001153");
        assert_eq!(object.text("B"), "x\ny");
        assert_eq!(object.text("c"), "");
        assert_eq!(object.json("d").as_deref(), Some(r#"{"e":[1]}"#));
        assert_eq!(object.members().count(), 4);
        for text in ["", "plain é", "\"\\\r\n\t\u{1}x\u{1f}", "\u{7f}\u{2028}"] {
            assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
        }
        assert!(Object::parse("[1]").is_err());
        assert!(Object::parse(r#"{"a":"#).unwrap_err().starts_with("not JSON"));
    }
}
