//! Printing a parsed query and parsing that gives the same text again.

use std::path::PathBuf;

use postern_kql_syntax::{parse, print};
use proptest::prelude::*;

/// Queries that between them use every construct.
const QUERIES: &[&str] = include!("queries.in");

fn fixpoint(text: &str) {
    let parsed = parse(text);
    assert!(!parsed.has_errors(), "{text}\n{:?}", parsed.diagnostics);
    let once = print(&parsed.query);
    let again = parse(&once);
    assert!(!again.has_errors(), "{text}\n→ {once}\n{:?}", again.diagnostics);
    assert_eq!(print(&again.query), once, "{text}");
}

#[test]
fn every_construct() {
    for text in QUERIES {
        fixpoint(text);
    }
}

#[test]
fn the_corpus() {
    let shared = std::env::var_os("POSTERN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    for file in ["docs_parse.dev.jsonl", "docs_cases.dev.jsonl", "hunting.dev.jsonl"] {
        let Ok(text) = std::fs::read_to_string(shared.join("conformance").join(file)) else {
            println!("{file} is not here: skipped");
            continue;
        };
        for line in text.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let query = case["query"].as_str().unwrap();
            if !parse(query).has_errors() {
                fixpoint(query);
            }
        }
    }
}

/// Expressions of any shape, with parentheses around every operand.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z][a-z0-9_]{0,6}".prop_map(|name| format!("{name}_")),
        "[ -~]{0,8}".prop_map(|text| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))),
        any::<u32>().prop_map(|number| number.to_string()),
        any::<f64>().prop_filter("finite", |real| real.is_finite()).prop_map(|real| format!("real({real:?})")),
        any::<i64>().prop_map(|ticks| format!("time({})", postern_kql_syntax::literal::format_timespan(ticks))),
        Just("datetime(2024-02-29 12:30)".to_owned()),
        Just("dynamic({'a': [1, -2.5, null, \"x\", 1d]})".to_owned()),
        Just("int(null)".to_owned()),
        Just("['a b']".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(OPERATORS), inner.clone())
                .prop_map(|(left, op, right)| format!("({left}) {op} ({right})")),
            (
                inner.clone(),
                prop::sample::select(&["in", "!in", "in~", "!in~", "has_any", "has_all"][..]),
                prop::collection::vec(inner.clone(), 1..4)
            )
                .prop_map(|(left, op, list)| format!("({left}) {op} ({})", list.join(", "))),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a}) between (({b}) .. ({c}))")),
            inner.clone().prop_map(|operand| format!("-({operand})")),
            prop::collection::vec(inner.clone(), 0..4).prop_map(|args| format!("f({})", args.join(", "))),
            (inner.clone(), inner.clone()).prop_map(|(base, index)| format!("({base})[{index}]")),
            inner.clone().prop_map(|base| format!("({base}).member")),
            inner.prop_map(|value| format!("toscalar(T | where {value} | project x = {value})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_expression(text in expression()) {
        fixpoint(&format!("T | extend x = {text} | where {text}"));
    }

    #[test]
    fn any_text(text in any::<String>()) {
        let parsed = parse(&text);
        print(&parsed.query);
    }

    #[test]
    fn any_mix_of_words(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        for between in ["", " "] {
            let text = words.join(between);
            let parsed = parse(&text);
            print(&parsed.query);
            for diagnostic in &parsed.diagnostics {
                prop_assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some(), "{text:?} {diagnostic:?}");
            }
        }
    }

    #[test]
    fn any_damage_to_a_query(
        query in prop::sample::select(QUERIES),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, prop::sample::select(WORDS)), 1..5),
    ) {
        let mut text: Vec<char> = query.chars().collect();
        for (at, length, word) in cuts {
            let at = at.index(text.len().max(1)).min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, word.chars());
        }
        let text: String = text.into_iter().collect();
        let parsed = parse(&text);
        let once = print(&parsed.query);
        if !parsed.has_errors() {
            prop_assert_eq!(print(&parse(&once).query), once, "{}", text);
        }
    }
}

/// Operators between two operands.
const OPERATORS: &[&str] = &[
    "+",
    "-",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "=~",
    "!~",
    "has",
    "!has",
    "contains_cs",
    "!startswith",
    "matches regex",
    "and",
    "or",
    "and",
    "or",
];

/// Words to build texts from.
const WORDS: &[&str] = &[
    "T",
    "|",
    "where",
    "extend",
    "project",
    "project-away",
    "summarize",
    "by",
    "join",
    "kind",
    "=",
    "==",
    "!",
    "in",
    "in~",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ":",
    ".",
    "..",
    "*",
    "+",
    "-",
    "/",
    "%",
    "<",
    ">",
    "=~",
    "!~",
    "=>",
    "'a'",
    "\"",
    "'",
    "```",
    "@'",
    "h'",
    "\\",
    "1",
    "1.5",
    "2d",
    "0x1",
    "datetime(",
    "dynamic(",
    "int(null)",
    "typeof(",
    "let",
    "f",
    "x",
    "on",
    "$left",
    "$right",
    "union",
    "print",
    "range",
    "from",
    "to",
    "step",
    "datatable",
    "externaldata",
    "with",
    "mv-expand",
    "mv-apply",
    "make-series",
    "default",
    "parse",
    "scan",
    "declare",
    "and",
    "or",
    "not",
    "has",
    "has_any",
    "between",
    "matches",
    "regex",
    "null",
    "true",
    "\n",
    "//",
    "é",
    "😀",
    "search",
    "find",
    "evaluate",
    "top-nested",
    "of",
    "partition",
    "fork",
    "facet",
    "render",
    "order",
    "sort",
    "asc",
    "nulls",
    "first",
    "distinct",
    "view",
    "set",
    "as",
    "restrict",
    "access",
    "alias",
    "database",
    "pattern",
    "macro-expand",
    "graph-match",
    "time (",
    "string(",
    "&&",
    "||",
    "select",
];

#[test]
fn operators_bind_as_documented() {
    for (text, meant) in [
        ("a or b and c", "a or (b and c)"),
        ("a and b == c", "a and (b == c)"),
        ("a == b < c", "a == (b < c)"),
        ("a < b + c", "a < (b + c)"),
        ("a - b - c", "(a - b) - c"),
        ("a + b * c", "a + (b * c)"),
        ("a / b * c", "(a / b) * c"),
        ("a * b has c", "a * (b has c)"),
        ("a == b has c", "a == (b has c)"),
        ("a has -b", "a has (-b)"),
        ("-a.b", "-(a.b)"),
        ("-a * b", "(-a) * b"),
        ("a + b in (c)", "(a + b) in (c)"),
        ("a - b between (c .. d + e)", "(a - b) between (c .. (d + e))"),
        ("a in (b) and c !in (d) or e", "((a in (b)) and (c !in (d))) or e"),
        ("a == b and c != d or not(e)", "((a == b) and (c != d)) or not(e)"),
        ("a.b[c].d(e).f", "(((a.b)[c]).d(e)).f"),
    ] {
        let tree = |text: &str| print(&parse(&format!("print {text}")).query);
        assert_eq!(tree(text), tree(meant), "{text}");
        assert_eq!(tree(text), format!("print {text}"), "{text}");
    }
    for (left, right) in
        [("(a or b) and c", "a or b and c"), ("a - (b - c)", "a - b - c"), ("(a * b) has c", "a * b has c")]
    {
        assert_ne!(parse(&format!("print {left}")).query.statements.len(), 0);
        assert_ne!(print(&parse(&format!("print {left}")).query), print(&parse(&format!("print {right}")).query));
    }
}
