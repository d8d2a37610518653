//! `buildschema`: the least schema that fits all dynamic values of a group.
//!
//! A bag gives its names with their types, an array the types of its elements under `` `indexer` ``, anything else the
//! name of its type. Several types stand in an array, in the order first seen. Null says nothing.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::common::Result;

use super::define::{Summary, aggregate, first, info, output};
use super::groups::{Groups, OwnAggregate, argument, take_first};
use crate::functions::BindError;
use crate::functions::support::define::{example, param};
use crate::functions::support::json::{self, Kind, ObjectText};
use crate::functions::support::time_text;
use crate::types::KqlType::Dynamic;

/// The deepest part of a value that is described; deeper parts are passed over.
const DEEPEST: usize = 64;

/// The name under which an array's elements stand.
const INDEXER: &str = "`indexer`";

/// A type of a place: a word, or names with the types that may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kinds {
    Word(&'static str),
    Names(Vec<(String, Schema)>),
}

/// The types that may stand in a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Schema(Vec<Kinds>);

impl Schema {
    fn word(&mut self, word: &'static str) {
        if !self.0.contains(&Kinds::Word(word)) {
            self.0.push(Kinds::Word(word));
        }
    }

    /// The bag type of this place, made when there is none; arrays and bags do not share one.
    fn names(&mut self, array: bool) -> Option<&mut Vec<(String, Schema)>> {
        let is_array = |names: &Vec<(String, Schema)>| names.first().is_some_and(|(name, _)| name == INDEXER);
        let found = self.0.iter().position(|k| matches!(k, Kinds::Names(names) if is_array(names) == array));
        let at = found.unwrap_or_else(|| {
            let names = if array { vec![(INDEXER.to_owned(), Schema::default())] } else { Vec::new() };
            self.0.push(Kinds::Names(names));
            self.0.len() - 1
        });
        match self.0.get_mut(at) {
            Some(Kinds::Names(names)) => Some(names),
            _ => None,
        }
    }

    /// Widens the schema to fit a value.
    fn add(&mut self, raw: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match json::kind(raw) {
            None | Some(Kind::Null) => {}
            Some(Kind::Bool(_)) => self.word("bool"),
            Some(Kind::Number) if raw.contains(['.', 'e', 'E']) => self.word("double"),
            Some(Kind::Number) => self.word("long"),
            Some(Kind::String) => self.word(word_of(&json::string_value(raw))),
            Some(Kind::Array) => {
                let Some((_, inner)) = self.names(true).and_then(|names| names.first_mut()) else { return };
                json::elements(raw).for_each(|element| inner.add(element, depth + 1));
            }
            Some(Kind::Object) => {
                let Some(names) = self.names(false) else { return };
                for (key, value) in json::members(raw) {
                    let key = json::string_value(key);
                    let at = names.iter().position(|(name, _)| *name == key).unwrap_or_else(|| {
                        names.push((key.into_owned(), Schema::default()));
                        names.len() - 1
                    });
                    if let Some((_, inner)) = names.get_mut(at) {
                        inner.add(value, depth + 1);
                    }
                }
            }
        }
    }

    /// Widens the schema to fit another.
    fn merge(&mut self, other: &Schema) {
        for kind in &other.0 {
            match kind {
                Kinds::Word(word) => self.word(word),
                Kinds::Names(theirs) => {
                    let array = theirs.first().is_some_and(|(name, _)| name == INDEXER);
                    let Some(names) = self.names(array) else { continue };
                    for (name, schema) in theirs {
                        match names.iter_mut().find(|(mine, _)| mine == name) {
                            Some((_, mine)) => mine.merge(schema),
                            None => names.push((name.clone(), schema.clone())),
                        }
                    }
                }
            }
        }
    }

    fn text(&self) -> String {
        let one = |kind: &Kinds| match kind {
            Kinds::Word(word) => json::quote(word),
            Kinds::Names(names) => {
                let mut bag = ObjectText::new();
                names.iter().for_each(|(name, schema)| bag.raw(name, &schema.text()));
                bag.finish()
            }
        };
        match self.0.as_slice() {
            [] => "[]".to_owned(),
            [kind] => one(kind),
            kinds => format!("[{}]", kinds.iter().map(one).collect::<Vec<_>>().join(",")),
        }
    }

    /// Reads what `text` writes.
    fn parse(raw: &str, depth: usize) -> Self {
        let mut schema = Self::default();
        if depth > DEEPEST {
            return schema;
        }
        let mut one = |raw: &str| match json::kind(raw) {
            Some(Kind::String) => {
                let text = json::string_value(raw);
                if let Some(word) = WORDS.iter().find(|word| **word == text) {
                    schema.word(word);
                }
            }
            Some(Kind::Object) => {
                let names = json::members(raw)
                    .map(|(key, value)| (json::string_value(key).into_owned(), Self::parse(value, depth + 1)))
                    .collect();
                schema.0.push(Kinds::Names(names));
            }
            _ => {}
        };
        if json::kind(raw) == Some(Kind::Array) {
            json::elements(raw).for_each(one)
        } else {
            one(raw)
        }
        schema
    }

    fn size(&self) -> usize {
        let names = |kind: &Kinds| match kind {
            Kinds::Word(_) => 0,
            Kinds::Names(names) => names.iter().map(|(name, schema)| 48 + name.len() + schema.size()).sum(),
        };
        self.0.iter().map(|kind| 32 + names(kind)).sum()
    }
}

const WORDS: [&str; 6] = ["bool", "long", "double", "string", "datetime", "timespan"];

/// Times stand in dynamic values as text; text that is exactly an instant counts as one.
fn word_of(text: &str) -> &'static str {
    let instant = text.len() == 28 && text.ends_with('Z') && time_text::parse_datetime(text).is_some();
    if instant { "datetime" } else { "string" }
}

/// The schemas of all groups; `None` for one without rows.
#[derive(Debug, Default)]
struct Schemas {
    groups: Vec<Option<Schema>>,
}

impl Schemas {
    fn take(&mut self, first: Option<usize>) -> Result<ArrayRef> {
        let mut builder = StringViewBuilder::new();
        for schema in take_first(&mut self.groups, first) {
            match schema {
                Some(schema) => builder.try_append_value(schema.text())?,
                None => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    /// `state`: the values are partial results, where null is a group without rows.
    fn each(
        &mut self,
        values: &[ArrayRef],
        rows: &[(usize, usize)],
        state: bool,
        f: impl Fn(&mut Schema, &str),
    ) -> Result<()> {
        let Some(texts) = argument(values, 0)?.as_string_view_opt() else { return Ok(()) };
        for (row, group) in rows.iter().filter(|(row, _)| *row < texts.len()) {
            let Some(schema) = self.groups.get_mut(*group) else { continue };
            let null = texts.is_null(*row);
            if schema.is_none() && null && state {
                continue;
            }
            let schema = schema.get_or_insert_default();
            if !null {
                f(schema, texts.value(*row));
            }
        }
        Ok(())
    }
}

impl Groups for Schemas {
    fn grow(&mut self, total: usize) {
        if self.groups.len() < total {
            self.groups.resize_with(total, || None);
        }
    }

    fn update(&mut self, values: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        self.each(values, rows, false, |schema, raw| schema.add(raw, 0))
    }

    fn merge(&mut self, state: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        self.each(state, rows, true, |schema, raw| schema.merge(&Schema::parse(raw, 0)))
    }

    fn results(&mut self, first: Option<usize>) -> Result<ArrayRef> {
        self.take(first)
    }

    fn state(&mut self, first: Option<usize>) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.take(first)?])
    }

    fn size(&self) -> usize {
        self.groups.iter().flatten().map(Schema::size).sum::<usize>()
            + self.groups.capacity() * size_of::<Option<Schema>>()
    }
}

/// `buildschema(expr)`: `[]` for a group without values, null without rows.
pub const BUILDSCHEMA: Summary = Summary::new(
    info(
        "buildschema",
        "The least schema that fits all dynamic values.",
        &[param("expr", "dynamic", "The values.")],
        "dynamic",
        &[example(
            "datatable(v:dynamic)[dynamic({\"a\": 1}), dynamic({\"a\": \"x\", \"b\": [true]})] | summarize buildschema(v)",
            "{\"a\":[\"long\",\"string\"],\"b\":{\"`indexer`\":\"bool\"}}",
        )],
    ),
    |args, _| {
        let arg = first(args)?;
        if arg.ty != Dynamic {
            return Err(BindError::new(format!("expected `dynamic`, not `{}`", arg.ty)).at(0));
        }
        let udaf = OwnAggregate::udaf(
            "buildschema",
            String::new(),
            vec![Dynamic.arrow()],
            Dynamic.arrow(),
            vec![Dynamic.arrow()],
            || Box::new(Schemas::default()),
        );
        Ok(output(aggregate(udaf, vec![arg.expr.clone()], None), Dynamic, "schema", args))
    },
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widens_and_merges() {
        let mut one = Schema::default();
        for raw in [r#"{"a":1,"b":2.5}"#, r#"{"a":"t","c":[1,2]}"#, "null"] {
            one.add(raw, 0);
        }
        assert_eq!(one.text(), r#"{"a":["long","string"],"b":"double","c":{"`indexer`":"long"}}"#);
        let mut two = Schema::default();
        two.add(r#"{"b":{"x":true},"c":["u"]}"#, 0);
        one.merge(&Schema::parse(&two.text(), 0));
        assert_eq!(
            one.text(),
            r#"{"a":["long","string"],"b":["double",{"x":"bool"}],"c":{"`indexer`":["long","string"]}}"#
        );
        assert_eq!(Schema::parse(&one.text(), 0), one);
        assert_eq!(Schema::default().text(), "[]");
    }
}
