//! Regular expressions: `extract`, `extract_all`, `replace_regex`, `trim`, `countof`, `regex_quote`.
//!
//! Patterns are compiled once when constant. Their size is bounded; there is no backtracking, so matching time is
//! linear in the text.

use std::collections::HashMap;

use arrow::array::ArrayRef;
use datafusion::common::Result as KernelResult;
use regex::{Regex, RegexBuilder};

use super::as_text;
use super::piece::substring;
use crate::functions::conversion::{Value, convert};
use crate::functions::kernel::KernelArgs;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, also, call, call_with, example, info, optional, param};
use crate::functions::support::json::{self, ArrayText};
use crate::functions::support::slice::Slices;
use crate::functions::{BindError, BoundExpr, Param};
use crate::plan::guard;
use crate::types::KqlType::{self, Dynamic, Long, String as Text};

/// Compiles a pattern under the limits on size. A brace that begins no repetition stands for itself.
pub fn compile(pattern: &str) -> Result<Regex, BindError> {
    let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(4 << 20).dfa_size_limit(8 << 20).build();
    let built = build(pattern).or_else(|error| match plain_braces(pattern) {
        Some(escaped) => build(&escaped).map_err(|_| error),
        None => Err(error),
    });
    built.map_err(|error| {
        let text = error.to_string();
        // The library's message draws the pattern over several lines; its last line says what is wrong.
        let last = text.lines().next_back().unwrap_or("").trim_start_matches("error: ").to_owned();
        BindError::new(format!("`{pattern}` is not a regular expression: {last}"))
    })
}

/// The pattern with every brace escaped that begins no `{n}`, `{n,}` or `{n,m}`; `None` when there is none.
fn plain_braces(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 4);
    let mut changed = false;
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..)?;
        if c == '\\' {
            // An escape, with the name of a class or the digits of a character in braces.
            let escaped = after.chars().next();
            let mut end = 1 + escaped.map_or(0, char::len_utf8);
            if matches!(escaped, Some('p' | 'P' | 'x' | 'u' | 'U' | 'b')) && rest.get(end..)?.starts_with('{') {
                end += rest.get(end..)?.find('}')? + 1;
            }
            out.push_str(rest.get(..end)?);
            rest = rest.get(end..)?;
            continue;
        }
        if c == '{' {
            let body = after.split_once('}').map_or("", |(body, _)| body);
            let (least, most) = body.split_once(',').unwrap_or((body, ""));
            let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
            if least.is_empty() || !digits(least) || !digits(most) || out.is_empty() {
                out.push('\\');
                changed = true;
            }
        }
        out.push(c);
        rest = after;
    }
    changed.then_some(out)
}

/// Compiling a pattern is as much work as so many steps of a kernel.
const COMPILING: usize = 1 << 12;
/// So many patterns that differ from row to row are kept compiled.
const COMPILED: usize = 64;

/// The pattern of each row: one for all when constant.
pub(super) enum Patterns {
    One(Regex),
    Each(usize),
}

impl Patterns {
    /// From the argument at `at`, wrapped into `before` and `after`.
    fn of(args: &[BoundExpr], at: usize, wrap: fn(&str) -> String) -> Result<(Self, String), BindError> {
        match args.get(at).and_then(BoundExpr::const_str) {
            Some(pattern) => {
                compile(pattern).map_err(|e| e.at(at))?;
                let wrapped = wrap(pattern);
                Ok((Patterns::One(compile(&wrapped).map_err(|e| e.at(at))?), wrapped))
            }
            None => Ok((Patterns::Each(at), String::new())),
        }
    }

    /// Calls `f` with each row's pattern; `None` when it is not valid.
    fn each(
        &self,
        args: &KernelArgs,
        wrap: fn(&str) -> String,
        mut f: impl FnMut(usize, Option<&Regex>),
    ) -> KernelResult<()> {
        match self {
            Patterns::One(regex) => (0..args.rows).for_each(|row| f(row, Some(regex))),
            Patterns::Each(at) => {
                let patterns = args.get(*at)?.text()?;
                let mut seen: HashMap<&str, Option<Regex>> = HashMap::new();
                for row in 0..args.rows {
                    let pattern = patterns.get(row).unwrap_or("");
                    if !seen.contains_key(pattern) {
                        // Compiling is slow and a compiled pattern is large.
                        if guard::tick(COMPILING) {
                            break;
                        }
                        if seen.len() >= COMPILED {
                            seen.clear();
                        }
                    }
                    f(row, seen.entry(pattern).or_insert_with(|| compile(&wrap(pattern)).ok()).as_ref());
                }
            }
        }
        guard::check()
    }
}

fn plain(pattern: &str) -> String {
    pattern.to_owned()
}

/// Runs a pattern function whose rows are slices of the text argument, or text of their own.
fn slices(
    args: &KernelArgs,
    text_at: usize,
    patterns: &Patterns,
    wrap: fn(&str) -> String,
    mut f: impl FnMut(usize, &Regex, &str, &mut Slices<'_>),
) -> KernelResult<ArrayRef> {
    let source = args.get(text_at)?;
    let Some(mut out) = Slices::over(source, args.rows) else {
        return build::strings(args.rows, |_, _| ());
    };
    patterns.each(args, wrap, |row, regex| match (regex, out.get(row)) {
        (Some(regex), Some(text)) => f(row, regex, text, &mut out),
        _ => out.part(row, ""),
    })?;
    out.finish()
}

/// The type named by a `typeof` argument.
fn type_argument(args: &[BoundExpr], at: usize) -> Result<Option<KqlType>, BindError> {
    let Some(arg) = args.get(at) else { return Ok(None) };
    let name = arg.const_str().unwrap_or("");
    KqlType::parse(name).map(Some).ok_or_else(|| BindError::new("expected `typeof(…)`").at(at))
}

/// `extract(regex, group, text [, typeof(T)])`: `""` (null for other types) without a match. Group 0 is the whole match.
pub const EXTRACT: Scalar = Scalar::new(
    info(
        "extract",
        "string",
        "The text of a capture group of the first match.",
        &[
            param("regex", "string", "The regular expression."),
            param("captureGroup", "long", "Which group; 0 is the whole match."),
            param("source", "string", "The text."),
            optional("typeLiteral", "type", "A type to convert the match to, e.g. `typeof(long)`."),
        ],
        "string or the given type",
        &[example("print extract(@\"x=(\\d+)\", 1, \"a x=45\")", "45")],
    ),
    |args, _| {
        let ty = type_argument(args, 3)?;
        let args = as_text(args.get(..3).unwrap_or(args), &[0, 2]);
        let (patterns, config) = Patterns::of(&args, 0, plain)?;
        let out = call_with("extract", &config, &args, &[Text, Long, Text], Text, move |args| {
            let groups = args.get(1)?.longs()?;
            slices(args, 2, &patterns, plain, |row, regex, text, out| {
                let group = groups.get(row).and_then(|g| usize::try_from(g).ok());
                let found = match group {
                    Some(0) => regex.find(text).map(|m| m.as_str()),
                    Some(group) => regex.captures(text).and_then(|c| c.get(group)).map(|m| m.as_str()),
                    None => None,
                };
                out.part(row, found.unwrap_or(""));
            })
        })?;
        Ok(ty.map_or(out.clone(), |ty| convert(&out, ty)))
    },
);

/// `extract_all(regex, [groups,] text)`: per match a string (at most one group) or an array of the groups' texts; null
/// without a match. Groups may be chosen by number or by name.
pub const EXTRACT_ALL: Scalar = Scalar::new(
    also(
        info(
            "extract_all",
            "string",
            "The texts of the capture groups of every match.",
            &[
                param("regex", "string", "The regular expression."),
                param(
                    "captureGroups or source",
                    "dynamic or string",
                    "An array of group numbers or names, or the text.",
                ),
                optional("source", "string", "The text."),
            ],
            "dynamic",
            &[example("print extract_all(@\"(\\w)(\\d)\", \"a1 b2\")", "[[\"a\",\"1\"],[\"b\",\"2\"]]")],
        ),
        &["extractall"],
    ),
    |args, _| {
        let source_at = args.len().saturating_sub(1);
        let args = as_text(args, &[0, source_at]);
        let types: &[KqlType] = if source_at == 2 { &[Text, Dynamic, Text] } else { &[Text, Text] };
        let (patterns, config) = Patterns::of(&args, 0, plain)?;
        call_with("extract_all", &config, &args, types, Dynamic, move |args| {
            let source = args.get(source_at)?.text()?;
            let mut rows: Vec<Option<String>> = Vec::with_capacity(args.rows);
            patterns.each(args, plain, |row, regex| {
                let chosen = (source_at == 2).then(|| args.args.get(1).and_then(|a| a.text().ok()?.get(row)));
                rows.push(regex.and_then(|regex| all_matches(regex, chosen.flatten(), source.get(row)?)));
            })?;
            build::texts(args.rows, |row, out| {
                out.push_str(rows.get(row)?.as_deref()?);
                Some(())
            })
        })
    },
);

fn all_matches(regex: &Regex, chosen: Option<&str>, text: &str) -> Option<String> {
    let groups: Vec<usize> = match chosen {
        Some(raw) => json::elements(raw)
            .filter_map(|e| match json::kind(e) {
                Some(json::Kind::String) => {
                    let name = json::string_value(e);
                    regex.capture_names().position(|n| n == Some(name.as_ref()))
                }
                _ => usize::try_from(Value::Json(e).to_long()?).ok(),
            })
            .collect(),
        None if regex.captures_len() == 1 => vec![0],
        None => (1..regex.captures_len()).collect(),
    };
    let mut all = ArrayText::new();
    let mut any = false;
    for captures in regex.captures_iter(text) {
        any = true;
        let group = |at: &usize| captures.get(*at).map_or("", |m| m.as_str());
        if let [one] = groups.as_slice() {
            all.string(group(one));
        } else {
            let mut tuple = ArrayText::new();
            groups.iter().for_each(|at| tuple.string(group(at)));
            all.raw(&tuple.finish());
        }
    }
    any.then(|| all.finish())
}

/// A piece of a rewrite: text or a capture group.
enum Piece {
    Text(String),
    Group(usize),
}

/// `\1` is a group, `\0` the match, `\\` a backslash; everything else is text.
fn rewrite_of(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.peek().copied() {
            Some(digit) if digit.is_ascii_digit() => {
                chars.next();
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Group(digit as usize - '0' as usize));
            }
            Some('\\') => {
                chars.next();
                plain.push('\\');
            }
            _ => plain.push('\\'),
        }
    }
    pieces.push(Piece::Text(plain));
    pieces
}

fn replace_regex(name: &'static str, args: &[BoundExpr], at: [usize; 3]) -> Result<BoundExpr, BindError> {
    let args = as_text(args, &[0, 1, 2]);
    let [source_at, pattern_at, rewrite_at] = at;
    let (patterns, config) = Patterns::of(&args, pattern_at, plain)?;
    call_with(name, &config, &args, &[Text], Text, move |args| {
        let rewrites = args.get(rewrite_at)?;
        let fixed = if rewrites.scalar { Some(rewrite_of(rewrites.text()?.get(0).unwrap_or(""))) } else { None };
        let rewrites = rewrites.text()?;
        let mut built = String::new();
        slices(args, source_at, &patterns, plain, |row, regex, text, out| {
            let mut matches = regex.captures_iter(text).peekable();
            if matches.peek().is_none() {
                return out.part(row, text);
            }
            let own;
            let pieces = if let Some(pieces) = &fixed {
                pieces
            } else {
                own = rewrite_of(rewrites.get(row).unwrap_or(""));
                &own
            };
            built.clear();
            let mut last = 0;
            for captures in matches {
                let Some(whole) = captures.get(0) else { continue };
                built.push_str(text.get(last..whole.start()).unwrap_or(""));
                for piece in pieces {
                    let piece = match piece {
                        Piece::Text(text) => text,
                        Piece::Group(group) => captures.get(*group).map_or("", |m| m.as_str()),
                    };
                    if guard::grow(piece.len()) || guard::tick(1) {
                        return;
                    }
                    built.push_str(piece);
                }
                last = whole.end();
            }
            built.push_str(text.get(last..).unwrap_or(""));
            out.own(&built);
        })
    })
}

/// `replace_regex(text, regex, rewrite)`: every match; `\1` in the rewrite is a capture group, `\0` the match.
pub const REPLACE_REGEX: Scalar = Scalar::new(
    info(
        "replace_regex",
        "string",
        "The text with every match of a pattern rewritten.",
        &[
            param("source", "string", "The text."),
            param("lookup_regex", "string", "The regular expression."),
            param("rewrite_pattern", "string", "The replacement; `\\1` is a capture group."),
        ],
        "string",
        &[example("print replace_regex(\"a1b2\", @\"(\\d)\", @\"<\\1>\")", "a<1>b<2>")],
    ),
    |args, _| replace_regex("replace_regex", args, [0, 1, 2]),
);

/// `replace(regex, rewrite, text)`: the older order of arguments of `replace_regex`.
pub const REPLACE: Scalar = Scalar::new(
    info(
        "replace",
        "string",
        "The text with every match of a pattern rewritten (older form of `replace_regex`).",
        &[
            param("regex", "string", "The regular expression."),
            param("rewrite", "string", "The replacement; `\\1` is a capture group."),
            param("source", "string", "The text."),
        ],
        "string",
        &[example("print replace(@\"\\d\", \"-\", \"a1b2\")", "a-b-")],
    ),
    |args, _| replace_regex("replace", args, [2, 0, 1]),
);

const TRIM: &[Param] =
    &[param("regex", "string", "What to cut off, as a regular expression."), param("source", "string", "The text.")];

fn at_start(pattern: &str) -> String {
    format!(r"\A(?:{pattern})")
}

fn at_end(pattern: &str) -> String {
    format!(r"(?:{pattern})\z")
}

fn trim(name: &'static str, args: &[BoundExpr], start: bool, end: bool) -> Result<BoundExpr, BindError> {
    let args = as_text(args, &[0, 1]);
    let (first, config) = Patterns::of(&args, 0, at_start)?;
    let (last, _) = Patterns::of(&args, 0, at_end)?;
    call_with(name, &config, &args, &[Text], Text, move |args| {
        let source = args.get(1)?.text()?;
        let mut cuts: Vec<(usize, usize)> =
            (0..args.rows).map(|row| (0, source.get(row).map_or(0, str::len))).collect();
        if start {
            first.each(args, at_start, |row, regex| {
                let found = regex.zip(source.get(row)).and_then(|(r, text)| r.find(text));
                if let (Some(cut), Some(found)) = (cuts.get_mut(row), found) {
                    cut.0 = found.end();
                }
            })?;
        }
        if end {
            last.each(args, at_end, |row, regex| {
                let Some(cut) = cuts.get_mut(row) else { return };
                let rest = source.get(row).and_then(|text| text.get(cut.0..)).unwrap_or("");
                if let Some(found) = regex.and_then(|r| r.find(rest)) {
                    cut.1 = cut.0 + found.start();
                }
            })?;
        }
        let Some(mut out) = Slices::over(args.get(1)?, args.rows) else {
            return build::strings(args.rows, |_, _| ());
        };
        for (row, (from, to)) in cuts.into_iter().enumerate() {
            out.part(row, out.get(row).and_then(|text| text.get(from..to)).unwrap_or(""));
        }
        out.finish()
    })
}

/// `trim(regex, text)`: cuts one match at each end; to cut several characters the pattern must repeat (`[ ]+`).
pub const TRIM_BOTH: Scalar = Scalar::new(
    info(
        "trim",
        "string",
        "The text without a match of the pattern at its start and its end.",
        TRIM,
        "string",
        &[example("print trim(\"-+\", \"--a-b--\")", "a-b")],
    ),
    |args, _| trim("trim", args, true, true),
);

/// `trim_start(regex, text)`.
pub const TRIM_START: Scalar = Scalar::new(
    info(
        "trim_start",
        "string",
        "The text without a match of the pattern at its start.",
        TRIM,
        "string",
        &[example("print trim_start(\"-+\", \"--a--\")", "a--")],
    ),
    |args, _| trim("trim_start", args, true, false),
);

/// `trim_end(regex, text)`.
pub const TRIM_END: Scalar = Scalar::new(
    info(
        "trim_end",
        "string",
        "The text without a match of the pattern at its end.",
        TRIM,
        "string",
        &[example("print trim_end(\"-+\", \"--a--\")", "--a")],
    ),
    |args, _| trim("trim_end", args, false, true),
);

/// `countof(text, search [, kind])`: plain text counts overlapping occurrences, `regex` does not. Case counts.
pub const COUNTOF: Scalar = Scalar::new(
    info(
        "countof",
        "string",
        "How often a text or a pattern occurs.",
        &[
            param("source", "string", "The text."),
            param("search", "string", "The text or the regular expression to count."),
            optional("kind", "string", "`normal` (the default) or `regex`."),
        ],
        "long",
        &[example("print countof(\"aaaa\", \"aa\")", "3"), example("print countof(\"aaaa\", \"aa\", \"regex\")", "2")],
    ),
    |args, _| {
        let kind = args.get(2).map_or(Some("normal"), BoundExpr::const_str);
        let regex = match kind {
            Some(kind) if kind.eq_ignore_ascii_case("normal") => false,
            Some(kind) if kind.eq_ignore_ascii_case("regex") => true,
            _ => return Err(BindError::new("the kind must be `\"normal\"` or `\"regex\"`").at(2)),
        };
        let args = as_text(args.get(..2).unwrap_or(args), &[0, 1]);
        if !regex {
            return call("countof", &args, &[Text], Long, |args| {
                let (text, search) = (args.get(0)?.text()?, args.get(1)?.text()?);
                build::longs(args.rows, |row| Some(count_plain(text.get(row)?, search.get(row)?)))
            });
        }
        let (patterns, config) = Patterns::of(&args, 1, plain)?;
        call_with("countof", &format!("regex {config}"), &args, &[Text], Long, move |args| {
            let text = args.get(0)?.text()?;
            let mut counts = Vec::with_capacity(args.rows);
            patterns.each(args, plain, |row, regex| {
                counts.push(regex.zip(text.get(row)).map(|(r, text)| r.find_iter(text).count() as i64));
            })?;
            build::longs(args.rows, |row| counts.get(row).copied().flatten())
        })
    },
);

fn count_plain(text: &str, search: &str) -> i64 {
    if search.is_empty() {
        return 0;
    }
    let mut count = 0;
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(search)) {
        count += 1;
        from += found + search.chars().next().map_or(1, char::len_utf8);
    }
    count
}

/// `regex_quote(text)`.
pub const REGEX_QUOTE: Scalar = Scalar::new(
    info(
        "regex_quote",
        "string",
        "The text with everything escaped that a regular expression would read.",
        &[param("string", "string", "The text.")],
        "string",
        &[example("print regex_quote(\"a.b\")", "a\\.b")],
    ),
    |args, _| {
        call("regex_quote", &as_text(args, &[0]), &[Text], Text, |args| {
            let text = args.get(0)?.text()?;
            build::strings(args.rows, |row, out| out.push_str(&regex::escape(text.get(row).unwrap_or(""))))
        })
    },
);

/// `indexof_regex(text, pattern [, start [, length [, occurrence]]])`: -1 when absent; positions from 0; matches do not
/// overlap; a negative start counts from the end.
pub const INDEXOF_REGEX: Scalar = Scalar::new(
    info(
        "indexof_regex",
        "string",
        "The first position at which a pattern matches, -1 when it does not.",
        &[
            param("source", "string", "The text to look in."),
            param("lookup", "string", "The pattern."),
            optional("start", "long", "Where to begin; negative from the end."),
            optional("length", "long", "How many characters to look at; -1 for all."),
            optional("occurrence", "long", "Which match to give, from 1."),
        ],
        "long",
        &[
            example("print indexof_regex(\"abcabc\", @\"a.c\")", "0"),
            example("print indexof_regex(\"abcabc\", @\"a.c\", 0, -1, 2)", "3"),
        ],
    ),
    |args, _| {
        let (patterns, config) = Patterns::of(args, 1, plain)?;
        call_with(
            "indexof_regex",
            &config,
            &as_text(args, &[0, 1]),
            &[Text, Text, Long, Long, Long],
            Long,
            move |args| {
                let source = args.get(0)?.text()?;
                let extra = |at: usize, row: usize| args.args.get(at).and_then(|a| a.longs().ok()?.get(row));
                let mut found: Vec<Option<i64>> = Vec::with_capacity(args.rows);
                patterns.each(args, plain, |row, regex| {
                    let (start, length) = (extra(2, row).unwrap_or(0), extra(3, row).unwrap_or(-1));
                    let occurrence = extra(4, row).unwrap_or(1);
                    found.push(match (source.get(row), regex) {
                        (Some(source), Some(regex)) if length >= -1 && occurrence >= 0 => {
                            let tail = substring(source, start, None);
                            let window = substring(tail, 0, (length >= 0).then_some(length));
                            let nth = usize::try_from(occurrence.max(1) - 1).unwrap_or(usize::MAX);
                            let before = source.len() - tail.len();
                            let hit = regex.find_iter(window).nth(nth).and_then(|m| source.get(..before + m.start()));
                            Some(hit.map_or(-1, |text| text.chars().count() as i64))
                        }
                        _ => None,
                    });
                })?;
                build::longs(args.rows, |row| found.get(row).copied().flatten())
            },
        )
    },
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_overlaps() {
        assert_eq!(count_plain("aaaa", "aa"), 3);
        assert_eq!(count_plain("éé", "é"), 2);
        assert_eq!(count_plain("abc", ""), 0);
    }

    #[test]
    fn hostile_patterns_are_refused() {
        assert!(compile("{\"Name\":\"(\\w+)\"").unwrap().is_match("{\"Name\":\"x\""));
        assert!(compile("^a{2}\\p{L}{x}").unwrap().is_match("aaé{x}"));
        assert!(compile("(").is_err());
        assert!(compile("((a{1000}){1000}){1000}").is_err());
        assert!(compile(&"(".repeat(100_000)).is_err());
    }

    #[test]
    fn all_matches_by_group() {
        let regex = compile(r"(?P<k>\w)(\d)").unwrap();
        assert_eq!(all_matches(&regex, Some("[\"k\"]"), "a1 b2"), Some("[\"a\",\"b\"]".into()));
        assert_eq!(all_matches(&regex, None, "zz"), None);
    }
}
