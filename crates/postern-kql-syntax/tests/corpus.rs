//! The documented and the public queries must parse. The corpus is not part of
//! the repository; without it the test says so and passes.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::PathBuf;

use postern_kql_syntax::{line_column, parse};

/// The queries of one file of the corpus, each with its id.
fn queries(file: &str) -> Option<Vec<(String, String)>> {
    let shared = std::env::var_os("POSTERN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let text = std::fs::read_to_string(shared.join("conformance").join(file)).ok()?;
    let field = |case: &serde_json::Value, name: &str| case[name].as_str().unwrap().to_owned();
    let cases = text.lines().map(|line| serde_json::from_str(line).unwrap());
    Some(cases.map(|case: serde_json::Value| (field(&case, "id"), field(&case, "query"))).collect())
}

#[test]
fn the_corpus_parses() {
    let (mut total, mut failed) = (0_usize, 0_usize);
    for file in ["docs_parse.dev.jsonl", "docs_cases.dev.jsonl", "hunting.dev.jsonl"] {
        let Some(queries) = queries(file) else {
            println!("{file} is not here: skipped");
            continue;
        };
        for (id, text) in queries {
            total += 1;
            let parsed = parse(&text);
            if let Some(first) = parsed.diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
                failed += 1;
                let (line, column) = line_column(&text, first.span.start);
                println!("{file} {id} {line}:{column} {} {}", first.code, first.message);
                println!("    {}", text.lines().nth(line - 1).unwrap_or_default());
            }
        }
    }
    println!("{failed} of {total} queries do not parse");
    assert!(failed * 50 <= total, "{failed} of {total} queries do not parse");
}
