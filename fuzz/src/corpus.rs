//! Where texts begin: our own golden queries and fixtures, and, when they are at hand, recorded public queries, which are
//! read and never kept.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use postern_kql::functions::registry::{AGGREGATES, FUNCTIONS};
use postern_model::schema::Schemas;

use crate::tokens::{is_word, tokens};

/// The top folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of recorded queries.
fn shared() -> PathBuf {
    std::env::var_os("POSTERN_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from)
}

/// All files below a folder, in order of name.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Queries to begin with.
pub fn queries() -> Vec<String> {
    let mut all = BTreeSet::new();
    for path in files(&root().join("crates/postern-kql/tests/golden")) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let query: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        all.insert(query.join("\n"));
    }
    for path in files(&root().join("fuzz/regressions")) {
        all.extend(std::fs::read_to_string(path));
    }
    for list in [include_str!("../../crates/postern-kql-syntax/tests/queries.in")] {
        let quoted = list.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
        all.extend(quoted.map(|line| line.replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\")));
    }
    for example in FUNCTIONS.iter().map(|f| f.info()).chain(AGGREGATES.iter().map(|a| a.info())) {
        all.extend(example.examples.iter().map(|e| e.query.to_owned()));
    }
    for schema in Schemas::builtin().into_iter().flat_map(|all| all.iter()) {
        all.extend(schema.derived.iter().map(|d| d.query.clone()));
    }
    for file in ["docs_cases.dev.jsonl", "docs_parse.dev.jsonl", "hunting.dev.jsonl"] {
        let Ok(text) = std::fs::read_to_string(shared().join("conformance").join(file)) else { continue };
        for line in text.lines() {
            let query = serde_json::from_str::<serde_json::Value>(line)
                .ok()
                .and_then(|case| case.get("query").and_then(serde_json::Value::as_str).map(str::to_owned));
            all.extend(query);
        }
    }
    all.into_iter().filter(|text| text.len() < 20_000).collect()
}

/// Exports to begin with: the inputs of the format fixtures.
pub fn exports() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = files(&root().join("fixtures"))
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("input.")))
        .filter_map(|path| std::fs::read(path).ok())
        .filter(|bytes| bytes.len() < 200_000)
        .collect();
    all.push(Vec::new());
    all
}

/// Words to put in: what the seeds are made of, every function, every table and column.
pub fn dictionary(seeds: &[String]) -> Vec<String> {
    let mut words: BTreeSet<String> = EXTREMES.iter().map(|word| (*word).to_owned()).collect();
    for seed in seeds {
        words.extend(tokens(seed).into_iter().filter(|t| t.len() <= 40 && !t.trim().is_empty()));
    }
    words.extend(FUNCTIONS.iter().map(|f| f.info().name.to_owned()));
    words.extend(AGGREGATES.iter().map(|a| a.info().name.to_owned()));
    for schema in Schemas::builtin().into_iter().flat_map(|all| all.iter()) {
        words.insert(schema.name.clone());
        words.extend(schema.columns.iter().map(|c| c.name.clone()));
    }
    words.into_iter().collect()
}

/// The names among the words.
pub fn names(dictionary: &[String]) -> Vec<String> {
    dictionary.iter().filter(|word| is_word(word)).cloned().collect()
}

/// Values at the edge of what there is.
pub const EXTREMES: &[&str] = &[
    "0",
    "-1",
    "1",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e308",
    "-1e308",
    "1e-320",
    "real(nan)",
    "real(+inf)",
    "real(-inf)",
    "real(null)",
    "int(null)",
    "long(null)",
    "bool(null)",
    "decimal(null)",
    "decimal(99999999999999999999)",
    "decimal(0.00000000000000001)",
    "datetime(null)",
    "datetime(0001-01-01)",
    "datetime(9999-12-31T23:59:59.9999999Z)",
    "timespan(null)",
    "timespan(10675199.02:48:05.4775807)",
    "timespan(-10675199.02:48:05.4775808)",
    "1tick",
    "0s",
    "-1d",
    "guid(null)",
    "guid(00000000-0000-0000-0000-000000000000)",
    "dynamic(null)",
    "dynamic([])",
    "dynamic({})",
    "dynamic([1, 'a', null, [2], {'k': 3}, 1.5, true])",
    "dynamic({'a': {'b': [1, 2]}, 'c': null})",
    "''",
    "'\\u0000'",
    "'é😀'",
    "'(a*)*b'",
    "'[a-z'",
    "'(?i)(x|y){1000}'",
    "'%'",
    "'2024-02-30'",
    "'255.255.255.255/33'",
    "'::ffff:1.2.3.4'",
    "'http://[::1]:99999/a?b=c#d'",
    "'<a><b c=\"d\">e</b></a>'",
    "'{\"a\":[1,{\"b\":null}]}'",
    "'a,\"b\"\"c\",d'",
    "'aGVsbG8='",
    "true",
    "false",
    "null",
    "*",
];
