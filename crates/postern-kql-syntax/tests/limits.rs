//! Hostile texts: deep, long, repetitive. All run on a thread with a small stack.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::{Duration, Instant};

use postern_kql_syntax::{MAX_DIAGNOSTICS, parse, print};

/// Parses and prints on a thread with the stack that a worker has, and in bounded time.
fn survives(text: String) -> Vec<&'static str> {
    let work = move || {
        let begin = Instant::now();
        let parsed = parse(&text);
        assert!(begin.elapsed() < Duration::from_secs(20), "{} bytes took {:?}", text.len(), begin.elapsed());
        assert!(parsed.diagnostics.len() <= MAX_DIAGNOSTICS + 1);
        print(&parsed.query);
        parsed.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap()
}

#[test]
fn nesting_is_limited_whatever_it_is_made_of() {
    for unit in [
        "(",
        "f(",
        "a[",
        "-",
        "!",
        "not ",
        "!not ",
        "x in (",
        "x between (",
        "iff(a, ",
        "dynamic([",
        "[",
        "{",
        "toscalar(T | where ",
        "T | join (",
        "union (",
        "T | mv-apply x on (where ",
        "T | partition by a (",
        "let f = (a:int) {",
        "T | fork (where ",
        "print (",
        "a == (",
        "a.b(",
        "T | where x has_any (",
        "datatable(a:int)[",
        "T | extend y = (",
        "- (",
        "case(a == 1, ",
        "(a, b) = (",
    ] {
        let codes = survives(unit.repeat(10_000));
        assert!(!codes.is_empty(), "{unit}");
        let codes = survives(format!("print x = {}", unit.repeat(10_000)));
        assert!(!codes.is_empty(), "{unit}");
    }
    let nested_dynamic = format!("print dynamic({}", "[".repeat(10_000));
    assert_eq!(survives(nested_dynamic), ["KQL0002"]);
    assert_eq!(survives(format!("print {}1{}", "(".repeat(10_000), ")".repeat(10_000))), ["KQL0002"]);
}

#[test]
fn what_people_write_is_within_the_limits() {
    assert!(survives(format!("print {}1{}", "(".repeat(100), ")".repeat(100))).is_empty());
    assert!(survives(format!("print {}1{}", "iff(a, 1, ".repeat(100), ")".repeat(100))).is_empty());
    assert!(survives(format!("T | where {}", vec!["a == 1"; 20_000].join(" or "))).is_empty());
    assert!(survives(format!("print {}", vec!["a"; 500].join(" + "))).is_empty());
    assert!(survives(format!("T{}", " | where a == 1".repeat(5_000))).is_empty());
    assert!(survives(format!("T | where a in ({})", vec!["'x'"; 100_000].join(", "))).is_empty());
}

#[test]
fn long_chains_are_limited() {
    for (head, unit) in [
        ("print a", " + a"),
        ("print a", ".b"),
        ("print a", "[0]"),
        ("print a", " == a"),
        ("print a", " has 'x'"),
        ("print (a", " + a) + (a"),
    ] {
        let codes = survives(format!("{head}{}", unit.repeat(50_000)));
        assert!(codes.contains(&"KQL0002"), "{unit}: {codes:?}");
    }
}

#[test]
fn long_texts_take_linear_time() {
    assert_eq!(survives("a".repeat(10_000_000)), ["KQL0001"]);
    let size = 300_000;
    for unit in [
        "a ",
        "1,",
        "'x' ",
        "(a,",
        ") ",
        "] | ",
        "x;",
        "| ",
        "|",
        "let a = 1;",
        "\"",
        "\\",
        "`",
        "datetime(",
        "int ",
        "T | where a = 1 ;",
        "select a from b;",
        "a* ",
        "// c\n",
        "“",
        "!",
        "..",
        "T | x-",
        "a-b",
        "T | sumarize ",
        "é",
        "\u{200b}",
        "\n",
        "h@'",
        "1d",
        "0x",
        "[ 'a' ]",
    ] {
        survives(unit.repeat(size / unit.len()));
    }
}
