//! Length, case, parts of text. Positions count characters (Unicode code points) from 0.

use super::as_text;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::functions::support::json::ArrayText;
use crate::functions::support::slice::Slices;
use crate::functions::support::terms::{self, Needle, Place};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{Dynamic, Long, String as Text};

const TEXT: &[Param] = &[param("source", "string", "The text.")];

/// `strlen(text)`: characters, not bytes; 0 for the empty string.
pub const STRLEN: Scalar = Scalar::new(
    info("strlen", "string", "The number of characters.", TEXT, "long", &[example("print strlen(\"héé\")", "3")]),
    |args, _| {
        call("strlen", &as_text(args, &[0]), &[Text], Long, |args| {
            let text = args.get(0)?.text()?;
            build::longs(args.rows, |row| Some(text.get(row).map_or(0, |t| t.chars().count() as i64)))
        })
    },
)
.prefixes_name("strlen");

/// `string_size(text)`: bytes in UTF-8.
pub const STRING_SIZE: Scalar = Scalar::new(
    info(
        "string_size",
        "string",
        "The number of bytes in UTF-8.",
        TEXT,
        "long",
        &[example("print string_size(\"héé\")", "5")],
    ),
    |args, _| {
        call("string_size", &as_text(args, &[0]), &[Text], Long, |args| {
            let text = args.get(0)?.text()?;
            build::longs(args.rows, |row| Some(text.get(row).map_or(0, |t| t.len() as i64)))
        })
    },
)
.prefixes_name("string_size");

/// Rows that are already in the wanted case are not copied.
fn cased(name: &'static str, args: &[BoundExpr], upper: bool) -> Result<BoundExpr, BindError> {
    call(name, &as_text(args, &[0]), &[Text], Text, move |args| {
        let Some(mut out) = Slices::over(args.get(0)?, args.rows) else {
            return build::strings(args.rows, |_, _| ());
        };
        let mut buffer = String::new();
        for row in 0..args.rows {
            let text = out.get(row).unwrap_or("");
            if text.is_ascii() {
                let same = if upper {
                    !text.bytes().any(|b| b.is_ascii_lowercase())
                } else {
                    !text.bytes().any(|b| b.is_ascii_uppercase())
                };
                if same {
                    out.part(row, text);
                    continue;
                }
                buffer.clear();
                buffer.push_str(text);
                if upper {
                    buffer.make_ascii_uppercase();
                } else {
                    buffer.make_ascii_lowercase();
                }
                out.own(&buffer);
            } else {
                out.own(&if upper { terms::upper(text) } else { terms::lower(text) });
            }
        }
        out.finish()
    })
}

/// `tolower(text)`.
pub const TOLOWER: Scalar = Scalar::new(
    info("tolower", "string", "The text in lower case.", TEXT, "string", &[example("print tolower(\"ÁbC\")", "ábc")]),
    |args, _| cased("tolower", args, false),
);

/// `toupper(text)`.
pub const TOUPPER: Scalar = Scalar::new(
    info("toupper", "string", "The text in upper case.", TEXT, "string", &[example("print toupper(\"áBc\")", "ÁBC")]),
    |args, _| cased("toupper", args, true),
);

/// `reverse(text)`: by characters.
pub const REVERSE: Scalar = Scalar::new(
    info(
        "reverse",
        "string",
        "The characters in reverse order.",
        TEXT,
        "string",
        &[example("print reverse(\"abc\")", "cba")],
    ),
    |args, _| {
        call("reverse", &as_text(args, &[0]), &[Text], Text, |args| {
            let text = args.get(0)?.text()?;
            build::strings(args.rows, |row, out| out.extend(text.get(row).unwrap_or("").chars().rev()))
        })
    },
);

fn char_to_byte(text: &str, at: usize) -> usize {
    if text.is_ascii() {
        return at.min(text.len());
    }
    text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte)
}

/// The part of `text` of `length` characters from character `start`; a negative start counts from the end.
pub(super) fn substring(text: &str, start: i64, length: Option<i64>) -> &str {
    let start = if start < 0 { start.saturating_add(text.chars().count() as i64).max(0) } else { start };
    let from = char_to_byte(text, usize::try_from(start).unwrap_or(usize::MAX));
    let rest = text.get(from..).unwrap_or("");
    match length {
        None => rest,
        Some(length) => {
            let to = char_to_byte(rest, usize::try_from(length).unwrap_or(0));
            rest.get(..to).unwrap_or("")
        }
    }
}

/// `substring(text, start [, length])`: from 0; a negative start counts from the end; beyond the end is `""`; a negative
/// length gives `""`.
pub const SUBSTRING: Scalar = Scalar::new(
    info(
        "substring",
        "string",
        "A part of the text.",
        &[
            param("source", "string", "The text."),
            param("startingIndex", "long", "The first character, from 0; negative from the end."),
            optional("length", "long", "How many characters; all the rest unless given."),
        ],
        "string",
        &[example("print substring(\"123456\", 2, 2)", "34"), example("print substring(\"ABCD\", -2)", "CD")],
    ),
    |args, _| {
        call("substring", &as_text(args, &[0]), &[Text, Long, Long], Text, |args| {
            let start = args.get(1)?.longs()?;
            let length = args.args.get(2).map(super::super::kernel::Arg::longs).transpose()?;
            let Some(mut out) = Slices::over(args.get(0)?, args.rows) else {
                return build::strings(args.rows, |_, _| ());
            };
            for row in 0..args.rows {
                let text = out.get(row).unwrap_or("");
                let length = length.map(|l| l.get(row));
                let part = match (start.get(row), length) {
                    (None, _) | (_, Some(None)) => "",
                    (Some(start), length) => substring(text, start, length.flatten()),
                };
                out.part(row, part);
            }
            out.finish()
        })
    },
);

/// `indexof(text, lookup [, start [, length [, occurrence]]])`: -1 when absent; with case; positions from 0; a
/// negative start counts from the end.
pub const INDEXOF: Scalar = Scalar::new(
    info(
        "indexof",
        "string",
        "The first position of a text in another, -1 when it is not there.",
        &[
            param("source", "string", "The text to look in."),
            param("lookup", "string", "The text to find."),
            optional("start", "long", "Where to begin; negative from the end."),
            optional("length", "long", "How many characters to look at; -1 for all."),
            optional("occurrence", "long", "Which occurrence to give, from 1."),
        ],
        "long",
        &[example("print indexof(\"abcdefg\", \"cde\")", "2"), example("print indexof(\"abc\", \"x\")", "-1")],
    ),
    |args, _| {
        call("indexof", &as_text(args, &[0, 1]), &[Text, Text, Long, Long, Long], Long, |args| {
            let (source, lookup) = (args.get(0)?.text()?, args.get(1)?.text()?);
            let extra = |at: usize, row: usize| args.args.get(at).and_then(|a| a.longs().ok()?.get(row));
            build::longs(args.rows, |row| {
                let start = extra(2, row).unwrap_or(0);
                let length = extra(3, row).unwrap_or(-1);
                let occurrence = extra(4, row).unwrap_or(1);
                if length < -1 || occurrence < 0 {
                    return None;
                }
                Some(index_of(source.get(row)?, lookup.get(row)?, start, length, occurrence))
            })
        })
    },
);

/// Each search looks at `length` characters from where it begins; after a hit the next begins one character later.
fn index_of(source: &str, lookup: &str, start: i64, length: i64, occurrence: i64) -> i64 {
    let mut from = source.len() - substring(source, start, None).len();
    let mut left = occurrence.max(1);
    loop {
        let window = substring(source.get(from..).unwrap_or(""), 0, (length >= 0).then_some(length));
        let Some(found) = window.find(lookup) else { return -1 };
        let at = from + found;
        left -= 1;
        if left == 0 {
            return source.get(..at).map_or(-1, |before| before.chars().count() as i64);
        }
        match source.get(at..).and_then(|rest| rest.chars().next()) {
            Some(c) => from = at + c.len_utf8(),
            None => return -1,
        }
    }
}

/// `split(text, delimiter [, index])`: an array of texts, at least one; with an index an array of that one alone (null
/// when there is none). An empty delimiter does not split.
pub const SPLIT: Scalar = Scalar::new(
    info(
        "split",
        "string",
        "The parts of the text between the delimiters.",
        &[
            param("source", "string", "The text."),
            param("delimiter", "string", "What separates the parts."),
            optional("requestedIndex", "long", "The position of the only part wanted, from 0."),
        ],
        "dynamic",
        &[
            example("print split(\"aa_bb__c\", \"_\")", "[\"aa\",\"bb\",\"\",\"c\"]"),
            example("print split(\"aaa_bbb_ccc\", \"_\", 1)", "[\"bbb\"]"),
        ],
    ),
    |args, _| {
        call("split", &as_text(args, &[0, 1]), &[Text, Text, Long], Dynamic, |args| {
            let (text, delimiter) = (args.get(0)?.text()?, args.get(1)?.text()?);
            let index = args.args.get(2).map(super::super::kernel::Arg::longs).transpose()?;
            build::texts(args.rows, |row, out| {
                let (text, delimiter) = (text.get(row).unwrap_or(""), delimiter.get(row).unwrap_or(""));
                let wanted = index.map(|i| i.get(row));
                let mut parts = ArrayText::new();
                let mut any = false;
                let mut take = |at: i64, part: &str| {
                    if wanted.is_none_or(|w| w == Some(at)) {
                        any = true;
                        parts.string(part);
                    }
                };
                if delimiter.is_empty() {
                    take(0, text);
                } else {
                    for (at, part) in text.split(delimiter).enumerate() {
                        take(at as i64, part);
                    }
                }
                out.push_str(&parts.finish());
                any.then_some(())
            })
        })
    },
)
.keeps_name();

/// `has_any_index(text, values)`: the position in `values` of the first that the text has as a term, else -1.
pub const HAS_ANY_INDEX: Scalar = Scalar::new(
    info(
        "has_any_index",
        "string",
        "The position of the first of several texts that occurs as a term, -1 when none does.",
        &[param("source", "string", "The text to look in."), param("values", "dynamic", "An array of texts.")],
        "long",
        &[example("print has_any_index(\"this is an example\", dynamic([\"not\", \"example\"]))", "1")],
    ),
    |args, _| {
        call("has_any_index", &as_text(args, &[0]), &[Text, Dynamic], Long, |args| {
            let (text, values) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::longs(args.rows, |row| {
                let text = text.get(row).unwrap_or("");
                let needles = super::operators::needles_of(values.get(row)?);
                let found = needles.iter().position(|n| Needle::new(n, Place::Term, false).matches(text));
                Some(found.map_or(-1, |at| at as i64))
            })
        })
    },
);

/// `strcmp(a, b)`: -1, 0 or 1 by code points.
pub const STRCMP: Scalar = Scalar::new(
    info(
        "strcmp",
        "string",
        "-1, 0 or 1 as the first text sorts before, with or after the second.",
        &[param("string1", "string", "A text."), param("string2", "string", "A text.")],
        "long",
        &[example("print strcmp(\"ABC\", \"abc\")", "-1")],
    ),
    |args, _| {
        call("strcmp", &as_text(args, &[0, 1]), &[Text], Long, |args| {
            let (a, b) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::longs(args.rows, |row| Some(a.get(row)?.cmp(b.get(row)?) as i64))
        })
    },
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_by_character() {
        assert_eq!(substring("aé😀b", 1, Some(2)), "é😀");
        assert_eq!(substring("aé😀b", -2, None), "😀b");
        assert_eq!(substring("abc", 10, Some(1)), "");
        assert_eq!(substring("abc", 0, Some(-1)), "");
        assert_eq!(substring("abc", -10, Some(2)), "ab");
        assert_eq!(substring("", i64::MIN, Some(i64::MAX)), "");
        assert_eq!(substring("abc", i64::MAX, None), "");
    }

    #[test]
    fn positions_by_character() {
        assert_eq!(index_of("éabcabc", "abc", 0, -1, 1), 1);
        assert_eq!(index_of("éabcabc", "abc", 0, -1, 2), 4);
        assert_eq!(index_of("éabcabc", "abc", 2, -1, 1), 4);
        assert_eq!(index_of("éabcabc", "abc", -3, -1, 1), 4);
        assert_eq!(index_of("abcabc", "abc", 1, 3, 1), -1);
        assert_eq!(index_of("abcdefgabcdefg", "cde", 1, 10, 2), 9);
        assert_eq!(index_of("abcdefgabcdefg", "cde", 1, -1, 3), -1);
        assert_eq!(index_of("abc", "", 0, -1, 1), 0);
        assert_eq!(index_of("abc", "x", 0, -1, 1), -1);
    }
}
