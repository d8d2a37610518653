//! Paths as text: `extract_json`, `treepath`.

use std::collections::HashMap;

use super::super::string::as_text;
use super::super::support::build;
use super::super::support::define::{Scalar, also, call, example, info, optional, param};
use super::super::support::json::{self, ArrayText, Kind, Step};
use crate::functions::conversion::{Value, convert};
use crate::functions::{BindError, BoundExpr};
use crate::types::KqlType::{self, Dynamic, String as Text};

/// The steps of a path such as `$.a[0]['b c']`; `None` when it is none.
pub fn json_path(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() >= json::MAX_DEPTH {
            return None;
        }
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, tail) = after.split_at_checked(end)?;
            if name.is_empty() {
                return None;
            }
            steps.push(Step::Key(name.to_owned()));
            rest = tail;
        } else if let Some(after) = rest.strip_prefix('[') {
            let (step, tail) = if let quote @ ('\'' | '"') = after.chars().next()? {
                let (name, tail) = after.get(1..)?.split_once(quote)?;
                (Step::Key(name.to_owned()), tail.strip_prefix(']')?)
            } else {
                let (index, tail) = after.split_once(']')?;
                (Step::Index(index.trim().parse().ok()?), tail)
            };
            steps.push(step);
            rest = tail;
        } else {
            return None;
        }
    }
    Some(steps)
}

/// `extract_json(path, text [, typeof(T)])`: `""` (null for other types) when nothing is there. Both text and dynamic
/// sources are read.
pub const EXTRACT_JSON: Scalar = Scalar::new(
    also(
        info(
            "extract_json",
            "dynamic",
            "The value at a path of a JSON text.",
            &[
                param("jsonPath", "string", "The path, e.g. `$.hosts[0].name`."),
                param("dataSource", "string", "The JSON text."),
                optional("type", "type", "A type to convert the value to, e.g. `typeof(long)`."),
            ],
            "string or the given type",
            &[example("print extract_json(\"$.a[1]\", \"{\\\"a\\\": [1, 2]}\", typeof(long))", "2")],
        ),
        &["extractjson"],
    ),
    |args, _| {
        let ty = match args.get(2) {
            Some(arg) => KqlType::parse(arg.const_str().unwrap_or(""))
                .ok_or_else(|| BindError::new("expected `typeof(…)`").at(2))?,
            None => Text,
        };
        let sources = as_text(args.get(..2).unwrap_or(args), &[0, 1]);
        if let Some(path) = sources.first().and_then(BoundExpr::const_str)
            && json_path(path).is_none()
        {
            return Err(BindError::new(format!("`{path}` is not a JSON path"))
                .hint("a path looks like `$.a[0]`")
                .at(0));
        }
        let found = call("extract_json", &sources, &[Text], Dynamic, |args| {
            let (paths, text) = (args.get(0)?.text()?, args.get(1)?.text()?);
            let mut seen: HashMap<&str, Option<Vec<Step>>> = HashMap::new();
            build::texts(args.rows, |row, out| {
                let path = paths.get(row)?;
                let steps = seen.entry(path).or_insert_with(|| json_path(path)).as_ref()?;
                let text = text.get(row).filter(|text| json::validate(text))?;
                out.push_str(json::walk(text, steps)?);
                Some(())
            })
        })?;
        Ok(convert(&found, ty))
    },
);

/// `treepath(value)`: the paths of everything inside a dynamic value.
pub const TREEPATH: Scalar = Scalar::new(
    info(
        "treepath",
        "dynamic",
        "The paths of all members and elements inside a value.",
        &[param("object", "dynamic", "The value.")],
        "dynamic",
        &[example("print treepath(dynamic({\"a\": \"b\", \"c\": 123}))", "[\"['a']\",\"['c']\"]")],
    ),
    |args, _| {
        call("treepath", args, &[Dynamic], Dynamic, |args| {
            let value = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let mut paths = ArrayText::new();
                let mut budget = 100_000usize;
                tree(value.get(row)?, "", 0, &mut budget, &mut paths);
                out.push_str(&paths.finish());
                Some(())
            })
        })
    },
)
.prefixes_name("tree");

fn tree(raw: &str, at: &str, depth: usize, budget: &mut usize, out: &mut ArrayText) {
    if depth > json::MAX_DEPTH {
        return;
    }
    let mut visit = |path: String, value: &str, announce: bool| {
        if *budget == 0 {
            return;
        }
        *budget -= 1;
        if announce {
            out.string(&path);
        }
        tree(value, &path, depth + 1, budget, out);
    };
    match json::kind(raw) {
        Some(Kind::Object) => {
            for (key, value) in json::members(raw) {
                visit(format!("{at}['{}']", json::string_value(key)), value, true);
            }
        }
        Some(Kind::Array) => {
            for (index, value) in json::elements(raw).enumerate() {
                visit(format!("{at}[0]"), value, index == 0);
            }
        }
        _ => {}
    }
}

/// The value of a raw JSON as text, for callers that hold slices.
pub fn text_of(raw: &str) -> String {
    let mut out = String::new();
    if !json::is_null(raw) {
        Value::Json(raw).push_text(&mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let key = |k: &str| Step::Key(k.into());
        assert_eq!(
            json_path("$.a.b[0]['c d'][\"e\"]"),
            Some(vec![key("a"), key("b"), Step::Index(0), key("c d"), key("e")])
        );
        assert_eq!(json_path("$"), Some(vec![]));
        for bad in ["", "a", "$a", "$.", "$[", "$[x]", "$['a'", "$..a"] {
            assert_eq!(json_path(bad), None, "{bad}");
        }
    }
}
