//! Hostile query texts give a message or an answer, never a stack overflow or a hang. Runs on a thread with the small
//! stack that a server's worker has.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::SessionConfig;
use futures::StreamExt;
use postern_kql::catalog::Tables;
use postern_kql::plan::guard::STOPPED;
use postern_kql::{Guard, PlanOptions};

/// The codes of a query's messages, or its number of rows.
fn outcome(query: String) -> Result<usize, &'static str> {
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let session = postern_kql::session();
                let planned = postern_kql::plan(&query, &Tables::new(), &PlanOptions::default(), &session)
                    .await
                    .map_err(|diagnostics| diagnostics.first().expect("a message").code)?;
                let batches = postern_kql::collect(&session, planned.plan).await.map_err(|_| "run")?;
                Ok(batches.iter().map(arrow::array::RecordBatch::num_rows).sum())
            })
        })
        .unwrap()
        .join()
        .expect("no panic and no overflow")
}

#[test]
fn deep_nesting_is_answered_or_refused() {
    for depth in [50, 100, 1_000, 100_000] {
        for (open, inner, close) in [
            ("tostring(", "1", ")"),
            ("not(", "true", ")"),
            ("(", "1", ")"),
            ("-(", "1", ")"),
            ("toscalar(print ", "1", ")"),
            ("dynamic(", "1", ")"),
        ] {
            let query = format!("print x = {}{inner}{}", open.repeat(depth), close.repeat(depth));
            let _ = outcome(query);
        }
        let _ = outcome(format!("{}print x = 1{}", "(".repeat(depth), ")".repeat(depth)));
        let _ = outcome(format!("print d = dynamic({}1{})", "[".repeat(depth), "]".repeat(depth)));
        let _ = outcome(format!("print d = parse_json('{}1{}')", "[".repeat(depth), "]".repeat(depth)));
        let _ = outcome(format!("print x = d{}", ".a".repeat(depth)));
    }
}

#[test]
fn long_queries_are_answered() {
    assert_eq!(outcome(format!("print x = 1 | where {}", vec!["x == 2"; 2_000].join(" or "))), Ok(0));
    assert_eq!(outcome(format!("print x = 1 | where x in ({})", vec!["1"; 20_000].join(","))), Ok(1));
    assert_eq!(outcome(format!("print x = {}", vec!["1"; 300].join(" + "))), Ok(1));
    let steps: Vec<String> = (0..200).map(|i| format!("| extend c{i} = {i} ")).collect();
    assert_eq!(outcome(format!("print x = 1 {}", steps.concat())), Ok(1));
}

#[test]
fn nothing_written_is_refused() {
    for query in ["", " ", "//", ";", "|", "let", "print", "\u{0}", "T |", "union", "}{", "print (", "let x = ;"] {
        assert!(outcome(query.to_owned()).is_err(), "{query:?}");
    }
}

/// Whatever a text is made of, ten thousand of it is answered or refused for its depth or length.
#[test]
fn ten_thousand_of_anything() {
    let n = 10_000;
    let nested = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(n), close.repeat(n));
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("not(", "true", ")"),
        ("tostring(", "1", ")"),
        ("iff(true, ", "1", ", 2)"),
        ("-(", "1", ")"),
        ("dynamic([", "1", "])"),
        ("toscalar(print ", "1", ")"),
        ("x[", "1", "]"),
        ("1 in (", "1", ")"),
        ("case(true, ", "1", ", 2)"),
    ] {
        assert_eq!(outcome(format!("print x = {}", nested(open, inner, close))), Err("KQL0002"), "{open}");
    }
    assert_eq!(outcome(nested("(", "print x = 1", ")")), Err("KQL0002"));
    assert_eq!(outcome(nested("let f = () { ", "print 1", " }; f()")), Err("KQL0002"));
    assert_eq!(outcome(nested("print x = 1 | join (", "print x = 1", ") on x")), Err("KQL0002"));
    assert_eq!(outcome(format!("print d = dynamic({}1{})", "[".repeat(n), "]".repeat(n))), Err("KQL0002"));
    assert_eq!(outcome(format!("print x = {}", vec!["1"; n].join(" + "))), Err("KQL0002"));
    assert_eq!(outcome(format!("print x = 1 | where {}", vec!["x == 2"; n].join(" or "))), Ok(0));
    let lets: String = (1..n).map(|i| format!("let a{i} = a{} + 1; ", i - 1)).collect();
    assert_eq!(outcome(format!("let a0 = 1; {lets} print a{}", n - 1)), Ok(1));
    assert_eq!(outcome(format!("print '{}'", "a".repeat(10_000_000))), Err("KQL0001"));
}

#[test]
fn what_doubles_is_refused_before_it_is_large() {
    let lets = |first: &str, next: &dyn Fn(usize) -> String, last: &str| {
        let all: String = (1..=40).map(next).collect();
        format!("{first}{all}{last}")
    };
    for query in [
        lets("let f0 = () { 1 };", &|i| format!("let f{i} = () {{ f{0}() + f{0}() }};", i - 1), "print f40()"),
        lets("let t0 = print x = 1;", &|i| format!("let t{i} = union t{0}, t{0};", i - 1), "t40 | count"),
        lets("let t0 = print x = 1;", &|i| format!("let t{i} = t{0} | join t{0} on x;", i - 1), "t40 | count"),
        lets(
            "print x = 1",
            &|_| " | extend x = x * x + x".to_owned(),
            " | where rand() > x | extend x = x + x | count",
        ),
    ] {
        match limited(&query, 256 * MIB, Duration::from_secs(30)) {
            Ok(rows) => assert_eq!(rows, 1, "{query}"),
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("KQL0112") || text.contains(STOPPED), "{text} {query}");
            }
        }
    }
}

/// Runs a query with so much memory and time, on a thread of its own; the number of rows.
fn limited(query: &str, memory: usize, time: Duration) -> Result<usize, DataFusionError> {
    let work = async {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(memory));
        let guard = Guard::new(Arc::clone(&pool), Some(Instant::now() + time));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc()?;
        let session = postern_kql::session_with(SessionConfig::new().with_option_extension(guard), runtime);
        let planned = postern_kql::plan(query, &Tables::new(), &PlanOptions::default(), &session)
            .await
            .map_err(|diagnostics| DataFusionError::Plan(format!("{diagnostics:?}")))?;
        let mut stream = session.execute_logical_plan(planned.plan).await?.execute_stream().await?;
        let mut rows = 0;
        while let Some(batch) = stream.next().await {
            rows += batch?.num_rows();
        }
        Ok(rows)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let result = runtime.block_on(async { tokio::time::timeout(time + Duration::from_secs(60), work).await });
    runtime.shutdown_background();
    result.expect("an end long before the guard of this test")
}

const MIB: usize = 1 << 20;

#[test]
fn texts_and_arrays_that_grow_end_at_the_memory_limit() {
    let rows = "range x from 1 to 100000 step 1";
    let mut wrong = Vec::new();
    for bomb in [
        "extend a = repeat('abcdefghij', 1000000000000) | where array_length(a) == x",
        "extend a = strrep('0123456789', 1024), b = strrep(tostring(x), 1024) | where strlen(strcat(b, a, b)) > 1e9",
        "extend a = repeat(strrep('x', 1024), x + 1000000) | where array_length(a) == 1",
        "extend a = range(x, x + 1000000, 1) | where array_length(a) == 1",
        "extend a = range(x, x + 1000000, 1) | mv-expand a | count",
        "extend a = replace_string(strrep(tostring(x % 10), 1024), '1', strrep('b', 1024)) | summarize make_list(a)",
        "extend a = replace_regex(strrep('a', 1024), 'a', strrep(tostring(x), 1024)) | where strlen(a) == 1",
        "extend a = strcat_array(range(1, 100000, 1), strrep(tostring(x), 1024)) | where strlen(a) == 1",
        "extend a = strrep(tostring(x), 1024) | summarize make_list(a)",
        "extend a = strrep(tostring(x), 1024) | summarize make_set(a)",
        "extend a = strrep(tostring(x), 1024) | sort by a asc",
        "extend a = strrep(tostring(x), 1024) | summarize count() by a | count",
    ] {
        match limited(&format!("{rows} | {bomb}"), 64 * MIB, Duration::from_mins(2)) {
            Err(error) if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) => {}
            other => wrong.push(format!("{bomb}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The same shapes within the limit.
    for (fine, count) in [
        ("extend a = strrep(tostring(x), 100) | where strlen(a) > 0", 100_000),
        ("where x <= 10 | extend a = range(1, 1000, 1) | mv-expand a", 10_000),
        ("extend a = strrep(tostring(x), 100) | summarize n = max(strlen(a)) by x % 7", 7),
    ] {
        assert_eq!(limited(&format!("{rows} | {fine}"), 256 * MIB, Duration::from_mins(2)).expect(fine), count);
    }
}

#[test]
fn long_computations_end_with_their_time() {
    let mut wrong = Vec::new();
    let long = "print s = range(1, 1000000, 1) | extend s = iff(rand() < 2, s, s)";
    for bomb in [
        "extend f = series_fir(s, s) | where array_length(f) == 1",
        "extend f = series_iir(s, s, s) | where array_length(f) == 1",
        "mv-expand a = s | mv-expand b = s | where tolong(a) == tolong(b) | count",
        "extend t = tostring(s) | extend t = replace_regex(t, '[0-9]', strrep('1', 1000)) | where t has 'x'",
    ] {
        match limited(&format!("{long} | {bomb}"), 1024 * MIB, Duration::from_secs(1)) {
            Err(error) if error.to_string().contains(STOPPED) => {}
            Err(error) if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) => {}
            other => wrong.push(format!("{bomb}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_range_without_end_is_read_as_far_as_somebody_asks() {
    let time = Duration::from_secs(30);
    assert_eq!(limited("range x from 1 to 1000000000000000 step 1 | take 3", 64 * MIB, time).unwrap(), 3);
    assert_eq!(limited("range x from 1 to 1000000 step 1", 64 * MIB, time).unwrap(), 1_000_000);
    assert_eq!(limited("range x from 1.0 to 65537.5 step 0.5 | where x > 65536.9", 64 * MIB, time).unwrap(), 2);
    assert_eq!(outcome("range x from 1 to 1e300 step 1".to_owned()), Err("KQL0105"));
    assert_eq!(outcome("range x from 1 to 10 step 0".to_owned()), Err("KQL0105"));
    let bins = "make-series count() on x from 0 to 1000000000000 step 1";
    assert_eq!(outcome(format!("range x from 1 to 10 step 1 | {bins}")), Err("KQL0105"));
}

#[test]
fn so_many_results_are_given_and_no_more() {
    assert_eq!(outcome(["print x = 1"; 100].join(";")), Ok(1));
    assert_eq!(outcome(["print x = 1"; 101].join(";")), Err("KQL0112"));
    assert_eq!(outcome(format!("print x = 1 | fork {}", "(count) ".repeat(2_000))), Err("KQL0112"));
    assert_eq!(outcome(format!("print x = 1 | facet by {}", vec!["x"; 2_000].join(", "))), Err("KQL0112"));
    for depth in [50, 1_000, 100_000] {
        let query = format!("print x = 1 | {}take 1{}", "fork (".repeat(depth), ")".repeat(depth));
        assert!(outcome(query).is_err(), "{depth}");
    }
}

#[test]
fn patterns_that_explode_are_refused() {
    for pattern in ["((a{1,100}){1,100}){1,100}", "(\\\\p{L}{1000}){100}", "(?i)(x|y|z){9000}{9000}"] {
        let query = format!("print x = 'a' | where x matches regex '{pattern}'");
        assert!(matches!(outcome(query.clone()), Err("KQL0105" | "KQL0106")), "{query}");
        let query = format!("print x = 'a' | parse kind=regex x with '{pattern}' y");
        assert!(matches!(outcome(query.clone()), Err("KQL0105" | "KQL0107")), "{query}");
    }
    // What takes other engines forever is linear here.
    let query = "print x = strrep('a', 1000) | where x matches regex '(a*)*(a|aa)*b'";
    assert_eq!(outcome(query.to_owned()), Ok(0));
    // A pattern for each row is compiled for each row, and none is kept for long.
    let query = "range x from 1 to 500 step 1 | where 'b' matches regex strcat('(a{1,400}){1,', x % 300 + 1, '}')";
    assert_eq!(limited(query, 64 * MIB, Duration::from_mins(2)).unwrap(), 0);
}

/// What the fuzzer found: all is answered or refused, and never with the code of a defect.
#[test]
fn findings_of_the_fuzzer_stay_mended() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let outcome = outcome(std::fs::read_to_string(&path).unwrap());
        assert!(!matches!(outcome, Err("KQL0199" | "run")), "{}: {outcome:?}", path.display());
        seen += 1;
    }
    assert!(seen > 0);
}
