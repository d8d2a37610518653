//! The lists are complete, sorted and described.

use super::{AGGREGATES, FUNCTIONS, OPERATORS};
use crate::functions::FunctionInfo;

fn check(list: &[FunctionInfo]) {
    for pair in list.windows(2) {
        assert!(pair[0].name < pair[1].name, "{} stands before {}", pair[0].name, pair[1].name);
    }
    for info in list {
        assert!(info.summary.ends_with('.'), "{}: the summary is no sentence", info.name);
        assert!(!info.examples.is_empty(), "{}: no example", info.name);
        assert!(!info.returns.is_empty() && !info.category.is_empty(), "{}", info.name);
        for param in info.params {
            assert!(!param.name.is_empty() && !param.ty.is_empty(), "{}", info.name);
            assert!(param.summary.ends_with('.'), "{}: {}", info.name, param.name);
        }
        let optional_first = info.params.windows(2).any(|p| p[0].optional && !p[1].optional);
        assert!(!optional_first, "{}: an optional parameter before one that is not", info.name);
        for example in info.examples {
            assert!(example.query.contains(info.name), "{}: {}", info.name, example.query);
        }
    }
    let mut names: Vec<&str> = list.iter().flat_map(|i| i.aliases.iter().chain([&i.name])).copied().collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "a name is given twice");
}

#[test]
fn the_lists_are_sorted_and_described() {
    check(&FUNCTIONS.iter().map(|f| f.info()).collect::<Vec<_>>());
    check(&AGGREGATES.iter().map(|f| f.info()).collect::<Vec<_>>());
    check(&OPERATORS.iter().map(|f| f.info()).collect::<Vec<_>>());
}

/// Every constant of the folders is in a list: the lists and the sources have the same number of entries.
#[test]
fn nothing_is_left_out_of_the_lists() {
    fn visit(dir: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                visit(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for line in text.lines() {
                let constant = line.trim_start().strip_prefix("pub const ");
                if let Some((name, ty)) = constant.and_then(|c| c.split_once(": "))
                    && (ty.starts_with("Scalar =") || ty.starts_with("Summary ="))
                    && !name.starts_with('$')
                {
                    found.push(name.to_owned());
                }
                // Rows of the tables that macros turn into functions: `NAME, "name", …`.
                if let Some((name, rest)) = line.trim_start().split_once(", \"")
                    && name.len() > 1
                    && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
                    && (line.ends_with(';') && rest.contains("\","))
                {
                    found.push(name.to_owned());
                }
            }
        }
    }
    let mut found = Vec::new();
    visit(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/functions"), &mut found);
    assert_eq!(found.len(), FUNCTIONS.len() + AGGREGATES.len() + OPERATORS.len(), "{found:?}");
}
