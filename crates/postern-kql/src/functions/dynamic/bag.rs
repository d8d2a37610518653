//! Property bags (JSON objects). Names are case-sensitive; the order of members is kept.

use std::collections::HashSet;

use super::super::support::build;
use super::super::support::define::{Scalar, also, any_number, call, call_as_is, example, info, param, repeated};
use super::super::support::json::{self, ArrayText, Kind, ObjectText, Step};
use crate::functions::conversion::{Value, push_json, read};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{Bool, Dynamic, String as Text};

const BAG: &[Param] = &[param("bag", "dynamic", "The property bag.")];

fn is_bag(raw: &str) -> bool {
    json::kind(raw) == Some(Kind::Object)
}

/// `bag_pack(name, value, …)`: a null value is kept as null.
pub const BAG_PACK: Scalar = Scalar::new(
    also(
        info(
            "bag_pack",
            "dynamic",
            "A bag of the given names and values.",
            &[any_number("name and value", "string, any", "A name and its value, as often as needed.")],
            "dynamic",
            &[example("print bag_pack(\"a\", 1, \"b\", \"x\")", "{\"a\":1,\"b\":\"x\"}")],
        ),
        &["pack", "pack_dictionary"],
    ),
    |args, _| pack("bag_pack", args, false),
);

/// `bag_pack_nonempty(name, value, …)`: what `pack_all(true)` is made of.
pub const BAG_PACK_NONEMPTY: Scalar = Scalar::new(
    info(
        "bag_pack_nonempty",
        "dynamic",
        "A bag of the given names and values without nulls and empty texts (Postern's own; `pack_all(true)` uses it).",
        &[any_number("name and value", "string, any", "A name and its value, as often as needed.")],
        "dynamic",
        &[example("print bag_pack_nonempty(\"a\", 1, \"b\", \"\")", "{\"a\":1}")],
    ),
    |args, _| pack("bag_pack_nonempty", args, true),
);

fn pack(function: &'static str, args: &[BoundExpr], skip_empty: bool) -> Result<BoundExpr, BindError> {
    if args.len() % 2 == 1 {
        return Err(BindError::new("names and values must come in pairs"));
    }
    let types: Vec<_> = args.iter().map(|a| a.ty).collect();
    Ok(call_as_is(function, "", args, Dynamic, move |args| {
        build::texts(args.rows, |row, out| {
            let mut bag = ObjectText::new();
            let mut name = String::new();
            let mut text = String::new();
            for (pair, ty) in args.args.chunks_exact(2).zip(types.chunks_exact(2)) {
                let ([key, value], [key_ty, value_ty]) = (pair, ty) else { continue };
                text.clear();
                match read(value, *value_ty, row) {
                    Some(Value::Text("") | Value::Json("\"\"")) | None if skip_empty => continue,
                    Some(value) => push_json(&mut text, &value),
                    None => text.push_str("null"),
                }
                name.clear();
                if let Some(key) = read(key, *key_ty, row) {
                    key.push_text(&mut name);
                }
                bag.raw(&name, &text);
            }
            out.push_str(&bag.finish());
            Some(())
        })
    }))
}

fn named_pack(
    name: &'static str,
    names: Vec<String>,
    values: &[BoundExpr],
    skip_empty: bool,
) -> Result<BoundExpr, BindError> {
    let types: Vec<_> = values.iter().map(|a| a.ty).collect();
    let config = format!("{names:?}{skip_empty}");
    Ok(call_as_is(name, &config, values, Dynamic, move |args| {
        build::texts(args.rows, |row, out| {
            let mut bag = ObjectText::new();
            let mut text = String::new();
            for ((arg, ty), name) in args.args.iter().zip(&types).zip(&names) {
                text.clear();
                match read(arg, *ty, row) {
                    Some(Value::Text("")) | None if skip_empty => continue,
                    Some(value) => push_json(&mut text, &value),
                    None => text.push_str("null"),
                }
                bag.raw(name, &text);
            }
            out.push_str(&bag.finish());
            Some(())
        })
    }))
}

/// `bag_pack_columns(column, …)`: the columns' names are the member names.
pub const BAG_PACK_COLUMNS: Scalar = Scalar::new(
    info(
        "bag_pack_columns",
        "dynamic",
        "A bag of columns under their own names.",
        &[repeated("column", "any", "The columns.")],
        "dynamic",
        &[example("print a = 1, b = \"x\" | project bag_pack_columns(a, b)", "{\"a\":1,\"b\":\"x\"}")],
    ),
    |args, _| {
        let names = args
            .iter()
            .enumerate()
            .map(|(at, arg)| arg.name.clone().ok_or_else(|| BindError::new("expected a column").at(at)))
            .collect::<Result<Vec<_>, _>>()?;
        named_pack("bag_pack_columns", names, args, false)
    },
);

/// `pack_all([ignore_null_empty])`: arrives with the row's columns as further arguments after the optional flag.
pub const PACK_ALL: Scalar = Scalar::new(
    info(
        "pack_all",
        "dynamic",
        "A bag of all columns of the row.",
        &[any_number("ignore_null_empty", "bool", "Whether to leave out nulls and empty text; false unless given.")],
        "dynamic",
        &[example("print a = 1, b = \"\" | project pack_all(true)", "{\"a\":1}")],
    ),
    |args, _| {
        let flag = args.first().filter(|a| a.name.is_none() && a.ty == Bool);
        let skip = flag.and_then(|a| a.constant.as_ref()?.as_bool());
        let columns = if skip.is_some() { args.get(1..).unwrap_or(&[]) } else { args };
        let names = columns.iter().map(|a| a.name.clone().unwrap_or_default()).collect();
        named_pack("pack_all", names, columns, skip.unwrap_or(false))
    },
);

/// `bag_keys(bag)`: null when the value is no bag.
pub const BAG_KEYS: Scalar = Scalar::new(
    info(
        "bag_keys",
        "dynamic",
        "The names of the bag's members, in their order.",
        BAG,
        "dynamic",
        &[example("print bag_keys(dynamic({\"a\": 1, \"b\": 2}))", "[\"a\",\"b\"]")],
    ),
    |args, _| {
        call("bag_keys", args, &[Dynamic], Dynamic, |args| {
            let bag = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                let raw = bag.get(row).filter(|raw| is_bag(raw))?;
                let mut keys = ArrayText::new();
                json::members(raw).for_each(|(key, _)| keys.raw(key));
                out.push_str(&keys.finish());
                Some(())
            })
        })
    },
);

/// `bag_merge(a, b, …)`: of equal names the first bag's value stays; values that are no bag are left out.
pub const BAG_MERGE: Scalar = Scalar::new(
    info(
        "bag_merge",
        "dynamic",
        "One bag of the members of all; the first of equal names wins.",
        &[repeated("bag", "dynamic", "The bags.")],
        "dynamic",
        &[example("print bag_merge(dynamic({\"a\": 1}), dynamic({\"a\": 2, \"b\": 3}))", "{\"a\":1,\"b\":3}")],
    ),
    |args, _| {
        call("bag_merge", args, &[Dynamic], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let mut seen = HashSet::new();
                let mut merged = ObjectText::new();
                let mut any = false;
                for arg in &args.args {
                    let Some(raw) = arg.text().ok()?.get(row).filter(|raw| is_bag(raw)) else { continue };
                    any = true;
                    for (key, value) in json::members(raw) {
                        if seen.insert(json::string_value(key)) {
                            merged.raw_key(key, value);
                        }
                    }
                }
                out.push_str(&merged.finish());
                any.then_some(())
            })
        })
    },
);

/// The steps of a key argument: a plain name, or a path that starts with `$.` or `$[`.
fn steps_of(key: &str) -> Vec<Step> {
    if key.starts_with("$.") || key.starts_with("$[") {
        super::text::json_path(key).unwrap_or_else(|| vec![Step::Key(key.to_owned())])
    } else {
        vec![Step::Key(key.to_owned())]
    }
}

/// `bag_has_key(bag, key)`: a key may be a path such as `$.a.b`; null when the value is no bag.
pub const BAG_HAS_KEY: Scalar = Scalar::new(
    info(
        "bag_has_key",
        "dynamic",
        "Whether the bag has a member of this name.",
        &[param("bag", "dynamic", "The property bag."), param("key", "string", "The name, or a path after `$`.")],
        "bool",
        &[example("print bag_has_key(dynamic({\"a\": null}), \"a\")", "true")],
    ),
    |args, _| {
        call("bag_has_key", args, &[Dynamic, Text], Bool, |args| {
            let (bag, key) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::bools(args.rows, |row| {
                let mut here = bag.get(row).filter(|raw| is_bag(raw))?;
                for step in steps_of(key.get(row)?) {
                    let next = match step {
                        Step::Key(name) => json::member(here, &name),
                        Step::Index(index) => json::element(here, index),
                    };
                    let Some(next) = next else { return Some(false) };
                    here = next;
                }
                Some(true)
            })
        })
    },
);

/// `bag_remove_keys(bag, keys)`: a key may be a path such as `$.a.b`.
pub const BAG_REMOVE_KEYS: Scalar = Scalar::new(
    info(
        "bag_remove_keys",
        "dynamic",
        "The bag without some of its members.",
        &[
            param("bag", "dynamic", "The property bag."),
            param("keys", "dynamic", "An array of names or paths after `$`."),
        ],
        "dynamic",
        &[example("print bag_remove_keys(dynamic({\"a\": 1, \"b\": 2}), dynamic([\"a\"]))", "{\"b\":2}")],
    ),
    |args, _| {
        call("bag_remove_keys", args, &[Dynamic], Dynamic, |args| {
            let (bag, keys) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::texts(args.rows, |row, out| {
                let raw = bag.get(row).filter(|raw| is_bag(raw))?;
                let paths: Vec<Vec<Step>> =
                    json::elements(keys.get(row)?).map(|key| steps_of(&json::string_value(key))).collect();
                let paths: Vec<&[Step]> = paths.iter().map(Vec::as_slice).collect();
                remove(raw, &paths, out);
                Some(())
            })
        })
    },
);

fn remove(raw: &str, paths: &[&[Step]], out: &mut String) {
    if paths.is_empty() {
        return out.push_str(raw);
    }
    let rest_for = |matches: &dyn Fn(&Step) -> bool| -> Option<Vec<&[Step]>> {
        let mut below = Vec::new();
        for path in paths {
            match path.split_first() {
                Some((step, [])) if matches(step) => return None,
                Some((step, rest)) if matches(step) => below.push(rest),
                _ => {}
            }
        }
        Some(below)
    };
    match json::kind(raw) {
        Some(Kind::Object) => {
            let mut bag = ObjectText::new();
            for (key, value) in json::members(raw) {
                let here = |step: &Step| matches!(step, Step::Key(name) if json::key_is(key, name));
                if let Some(below) = rest_for(&here) {
                    let mut inner = String::new();
                    remove(value, &below, &mut inner);
                    bag.raw_key(key, &inner);
                }
            }
            out.push_str(&bag.finish());
        }
        Some(Kind::Array) => {
            let mut array = ArrayText::new();
            for (at, value) in json::elements(raw).enumerate() {
                let here = |step: &Step| matches!(step, Step::Index(index) if *index == at as i64);
                if let Some(below) = rest_for(&here) {
                    let mut inner = String::new();
                    remove(value, &below, &mut inner);
                    array.raw(&inner);
                }
            }
            out.push_str(&array.finish());
        }
        _ => out.push_str(raw),
    }
}

/// `bag_set_key(bag, key, value)`: replaces or adds; a path after `$` reaches into nested bags, making them as needed.
pub const BAG_SET_KEY: Scalar = Scalar::new(
    info(
        "bag_set_key",
        "dynamic",
        "The bag with one member set.",
        &[
            param("bag", "dynamic", "The property bag."),
            param("key", "string", "The name, or a path after `$`."),
            param("value", "any", "The new value."),
        ],
        "dynamic",
        &[example("print bag_set_key(dynamic({\"a\": 1}), \"b\", 2)", "{\"a\":1,\"b\":2}")],
    ),
    |args, _| {
        let ty = args.get(2).map_or(Dynamic, |a| a.ty);
        call("bag_set_key", args, &[Dynamic, Text, ty], Dynamic, move |args| {
            let (bag, key) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::texts(args.rows, |row, out| {
                let raw = bag.get(row).filter(|raw| is_bag(raw))?;
                let steps = steps_of(key.get(row)?);
                let mut text = String::new();
                match read(args.args.get(2)?, ty, row) {
                    Some(value) => push_json(&mut text, &value),
                    None => text.push_str("null"),
                }
                set(raw, &steps, &text, out);
                Some(())
            })
        })
    },
);

fn set(raw: &str, steps: &[Step], value: &str, out: &mut String) {
    let Some((step, rest)) = steps.split_first() else { return out.push_str(value) };
    match step {
        Step::Key(name) => {
            let mut bag = ObjectText::new();
            let mut found = false;
            for (key, old) in json::members(raw) {
                if json::key_is(key, name) {
                    found = true;
                    let mut inner = String::new();
                    set(old, rest, value, &mut inner);
                    bag.raw_key(key, &inner);
                } else {
                    bag.raw_key(key, old);
                }
            }
            if !found {
                let mut inner = String::new();
                set("{}", rest, value, &mut inner);
                bag.raw(name, &inner);
            }
            out.push_str(&bag.finish());
        }
        Step::Index(index) => {
            let mut array = ArrayText::new();
            for (at, old) in json::elements(raw).enumerate() {
                let mut inner = String::new();
                if *index == at as i64 {
                    set(old, rest, value, &mut inner);
                } else {
                    inner.push_str(old);
                }
                array.raw(&inner);
            }
            out.push_str(&array.finish());
        }
    }
}

/// `bag_zip(keys, values)`: missing values are null, names that are no text are passed over with their values.
pub const BAG_ZIP: Scalar = Scalar::new(
    info(
        "bag_zip",
        "dynamic",
        "A bag from an array of names and an array of values.",
        &[param("keys", "dynamic", "An array of names."), param("values", "dynamic", "An array of values.")],
        "dynamic",
        &[example("print bag_zip(dynamic([\"a\", \"b\"]), dynamic([1, 2]))", "{\"a\":1,\"b\":2}")],
    ),
    |args, _| {
        call("bag_zip", args, &[Dynamic], Dynamic, |args| {
            let (keys, values) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::texts(args.rows, |row, out| {
                let keys = keys.get(row).filter(|raw| super::array::is_array(raw))?;
                let values = values.get(row).filter(|raw| super::array::is_array(raw)).unwrap_or("[]");
                let mut bag = ObjectText::new();
                let mut values = json::elements(values);
                for key in json::elements(keys) {
                    let value = values.next().unwrap_or("null");
                    if json::kind(key) == Some(json::Kind::String) {
                        bag.raw(&json::string_value(key), value);
                    }
                }
                out.push_str(&bag.finish());
                Some(())
            })
        })
    },
);
