//! Hostile query texts give a message or an answer, never a stack overflow or a hang. Runs on a thread with the small
//! stack that a server's worker has.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use postern_kql::PlanOptions;
use postern_kql::catalog::Tables;

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
