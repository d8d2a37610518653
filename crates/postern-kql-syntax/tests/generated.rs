//! Printing a tree and parsing that text gives the same tree, for texts of every construct of the grammar.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod grammar;

use std::collections::BTreeSet;

use grammar::Choices;
use postern_kql_syntax::ast::Query;
use postern_kql_syntax::{parse, print};
use proptest::prelude::*;

/// Queries that between them use every construct.
const QUERIES: &[&str] = include!("queries.in");

/// The tree without its places, and without whether a name was quoted where it need not be.
fn shape(query: &Query) -> String {
    let text = format!("{query:?}");
    let mut shape = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("Span { start: ") {
        shape.push_str(before);
        rest = after.split_once('}').map_or("", |(_, tail)| tail);
    }
    shape.push_str(rest);
    shape.replace("quoted: true", "quoted: _").replace("quoted: false", "quoted: _")
}

/// Checks a text without mistakes; gives the shape of its tree.
fn same_tree(text: &str) -> String {
    let parsed = parse(text);
    assert!(!parsed.has_errors(), "{text}\n{:?}", parsed.diagnostics);
    let printed = print(&parsed.query);
    let again = parse(&printed);
    assert!(!again.has_errors(), "{text}\n→ {printed}\n{:?}", again.diagnostics);
    let (first, second) = (shape(&parsed.query), shape(&again.query));
    assert_eq!(first, second, "{text}\n→ {printed}");
    assert_eq!(print(&again.query), printed, "{text}");
    first
}

/// Constructs that the generator does not write yet.
const NOT_WRITTEN: [&str; 8] = [
    "StatementKind::Pattern",
    "StatementKind::Unsupported",
    "Source::Unsupported",
    "OperatorKind::GraphMarkComponents",
    "OperatorKind::GraphMatch",
    "OperatorKind::GraphToTable",
    "OperatorKind::Unsupported",
    "ExprKind::TypeOf",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_query(choices in prop::collection::vec(any::<u8>(), 0..500)) {
        same_tree(&Choices::new(&choices).query());
    }
}

#[test]
fn written_queries_too() {
    for text in QUERIES {
        same_tree(text);
    }
}

/// The kinds of statement, source, operator, expression and constant, by the names in the tree's own source.
fn variants(source: &str, of: &str) -> Vec<String> {
    let start = source.find(&format!("pub enum {of} {{")).unwrap();
    let body = &source[start..start + source[start..].find("\n}").unwrap()];
    let at_first_level = body.lines().skip(1).filter_map(|line| line.strip_prefix("    "));
    let names = at_first_level.filter(|line| line.starts_with(char::is_uppercase));
    names.map(|line| line.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned()).collect()
}

#[test]
fn generated_queries_use_every_construct() {
    // A fixed stream of choices: SplitMix64.
    let mut state = 20_240_229_u64;
    let mut byte = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed >> 32) as u8
    };
    let mut words = BTreeSet::new();
    for _ in 0..3_000 {
        let choices: Vec<u8> = (0..300).map(|_| byte()).collect();
        let tree = same_tree(&Choices::new(&choices).query());
        words.extend(tree.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned));
    }
    let sources = [
        (include_str!("../src/ast.rs"), &["StatementKind", "LetValue", "ParamKind", "ScalarType", "Source"][..]),
        (include_str!("../src/ast/operator.rs"), &["OperatorKind", "Target", "ReorderOrder"]),
        (include_str!("../src/ast/expr.rs"), &["ExprKind", "Side", "InList"]),
        (include_str!("../src/ast/literal.rs"), &["Literal", "DynamicValue"]),
        (include_str!("../src/ast/symbol.rs"), &["UnaryOp", "LogicalOp", "BinaryOp", "InOp"]),
        (
            include_str!("../src/ast/parts.rs"),
            &["JoinKind", "UnionKind", "BagExpansion", "ParseKind", "ParseItem", "ScanOutput", "FindOutput"],
        ),
    ];
    let mut missing = Vec::new();
    for (source, enums) in sources {
        for of in enums {
            missing
                .extend(variants(source, of).into_iter().filter(|v| !words.contains(v)).map(|v| format!("{of}::{v}")));
        }
    }
    // A tree without mistakes has no place that could not be read.
    missing.retain(|name| !name.ends_with("::Error"));
    // What the generator does not write yet; the hand-written queries have them.
    missing.retain(|name| !NOT_WRITTEN.contains(&name.as_str()));
    assert!(missing.is_empty(), "no generated query has {missing:?}");
}
