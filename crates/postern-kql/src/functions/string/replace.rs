//! Plain replacing: `replace_string`, `replace_strings`, `translate`. Case counts everywhere.

use std::collections::HashMap;

use super::as_text;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::functions::support::json;
use crate::functions::support::slice::Slices;
use crate::plan::guard;
use crate::types::KqlType::{Dynamic, String as Text};

/// What was prepared for the last row, and the two arguments it was prepared from.
type Prepared<'a, T> = (&'a str, &'a str, T);

/// `replace_string(text, lookup, rewrite)`: an empty lookup changes nothing.
pub const REPLACE_STRING: Scalar = Scalar::new(
    info(
        "replace_string",
        "string",
        "The text with every occurrence of another text replaced.",
        &[
            param("text", "string", "The text."),
            param("lookup", "string", "What to replace, with case."),
            param("rewrite", "string", "What to put there."),
        ],
        "string",
        &[example("print replace_string(\"Number is 1\", \"is\", \"was\")", "Number was 1")],
    ),
    |args, _| {
        call("replace_string", &as_text(args, &[0, 1, 2]), &[Text], Text, |args| {
            let (lookup, rewrite) = (args.get(1)?.text()?, args.get(2)?.text()?);
            let Some(mut out) = Slices::over(args.get(0)?, args.rows) else {
                return build::strings(args.rows, |_, _| ());
            };
            let mut built = String::new();
            for row in 0..args.rows {
                let text = out.get(row).unwrap_or("");
                let lookup = lookup.get(row).unwrap_or("");
                if lookup.is_empty() || !text.contains(lookup) {
                    out.part(row, text);
                    continue;
                }
                built.clear();
                let rewrite = rewrite.get(row).unwrap_or("");
                for (at, part) in text.split(lookup).enumerate() {
                    if guard::grow(rewrite.len()) {
                        break;
                    }
                    if at > 0 {
                        built.push_str(rewrite);
                    }
                    built.push_str(part);
                }
                out.own(&built);
            }
            out.finish()
        })
    },
);

/// `replace_strings(text, lookups, rewrites)`: in one pass from the left, the earlier lookup winning at the same place.
pub const REPLACE_STRINGS: Scalar = Scalar::new(
    info(
        "replace_strings",
        "string",
        "The text with several texts replaced by their counterparts.",
        &[
            param("text", "string", "The text."),
            param("lookups", "dynamic", "An array of what to replace."),
            param("rewrites", "dynamic", "An array of what to put there, of the same length."),
        ],
        "string",
        &[example(
            "print replace_strings(\"a magic trick\", dynamic([\"magic\", \"trick\"]), dynamic([\"good\", \"day\"]))",
            "a good day",
        )],
    ),
    |args, _| {
        call("replace_strings", &as_text(args, &[0]), &[Text, Dynamic, Dynamic], Text, |args| {
            let (text, lookups, rewrites) = (args.get(0)?.text()?, args.get(1)?.text()?, args.get(2)?.text()?);
            let mut last: Option<Prepared<'_, Vec<(String, String)>>> = None;
            build::strings(args.rows, |row, out| {
                let text = text.get(row).unwrap_or("");
                let (raw_lookups, raw_rewrites) = (lookups.get(row).unwrap_or("[]"), rewrites.get(row).unwrap_or("[]"));
                if last.as_ref().is_none_or(|(l, r, _)| *l != raw_lookups || *r != raw_rewrites) {
                    last = Some((raw_lookups, raw_rewrites, pair_up(raw_lookups, raw_rewrites)));
                }
                let pairs = last.as_ref().map_or(&[][..], |(_, _, pairs)| pairs);
                // An earlier lookup goes first over the whole text; what it replaced is not looked at again.
                let mut pieces = vec![(text, true)];
                for (from, to) in pairs {
                    if guard::tick(pieces.len()) {
                        return;
                    }
                    if !pieces.iter().any(|(piece, open)| *open && piece.contains(from.as_str())) {
                        continue;
                    }
                    let mut next = Vec::with_capacity(pieces.len() + 2);
                    for (piece, open) in pieces {
                        if !open {
                            next.push((piece, false));
                            continue;
                        }
                        for (at, part) in piece.split(from.as_str()).enumerate() {
                            if at > 0 {
                                if guard::grow(to.len()) {
                                    return;
                                }
                                next.push((to.as_str(), false));
                            }
                            if !part.is_empty() {
                                next.push((part, true));
                            }
                        }
                    }
                    pieces = next;
                }
                pieces.iter().for_each(|(piece, _)| out.push_str(piece));
            })
        })
    },
);

/// Lookups that are no text are passed over; a replacement that is no text leaves its lookup as it is.
fn pair_up(lookups: &str, rewrites: &str) -> Vec<(String, String)> {
    let text = |raw: &str| (json::kind(raw) == Some(json::Kind::String)).then(|| json::string_value(raw).into_owned());
    if json::elements(lookups).count() != json::elements(rewrites).count() {
        return Vec::new();
    }
    json::elements(lookups)
        .zip(json::elements(rewrites))
        .filter_map(|(from, to)| text(from).filter(|f| !f.is_empty()).map(|f| (f.clone(), text(to).unwrap_or(f))))
        .collect()
}

/// `translate(search, replacement, text)`: each character of `search` becomes the one at the same place of `replacement`;
/// a shorter replacement repeats its last character, an empty one removes.
pub const TRANSLATE: Scalar = Scalar::new(
    info(
        "translate",
        "string",
        "The text with characters replaced one by one.",
        &[
            param("searchList", "string", "The characters to replace."),
            param("replacementList", "string", "The characters to put there."),
            param("source", "string", "The text."),
        ],
        "string",
        &[example("print translate(\"krasp\", \"otsku\", \"spark\")", "kusto")],
    ),
    |args, _| {
        call("translate", &as_text(args, &[0, 1, 2]), &[Text], Text, |args| {
            let (search, replacement, text) = (args.get(0)?.text()?, args.get(1)?.text()?, args.get(2)?.text()?);
            let mut last: Option<Prepared<'_, HashMap<char, Option<char>>>> = None;
            build::strings(args.rows, |row, out| {
                let (from, to) = (search.get(row).unwrap_or(""), replacement.get(row).unwrap_or(""));
                if last.as_ref().is_none_or(|(f, t, _)| *f != from || *t != to) {
                    let tail = to.chars().next_back();
                    let mut map = HashMap::new();
                    let mut targets = to.chars();
                    for c in from.chars() {
                        let target = targets.next().or(tail);
                        map.entry(c).or_insert(target);
                    }
                    last = Some((from, to, map));
                }
                let Some((_, _, map)) = &last else { return };
                for c in text.get(row).unwrap_or("").chars() {
                    match map.get(&c) {
                        Some(Some(target)) => out.push(*target),
                        Some(None) => {}
                        None => out.push(c),
                    }
                }
            })
        })
    },
);
