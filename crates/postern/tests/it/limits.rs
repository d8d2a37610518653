//! Queries that would take all memory or all time end as one clear error each; the program's own memory is measured.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{postern, program, text};

/// Answers to a batch, and the most memory the program had resident, in MiB.
fn measured(queries: &[String], more: &[&str]) -> (Vec<Value>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bombs.jsonl");
    let lines: Vec<String> =
        queries.iter().enumerate().map(|(id, query)| json!({"id": id, "query": query}).to_string()).collect();
    fs::write(&path, lines.join("\n")).unwrap();
    let mut child = program().arg("hunt").arg("--batch").arg(&path).args(more).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        text
    });
    let mut peak = 0;
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < Duration::from_mins(15), "the batch hangs");
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
        let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse().unwrap_or(0);
        peak = peak.max(kib >> 10);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(child.wait().unwrap().success());
    let text = reader.join().unwrap();
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), peak)
}

/// Bombs, and what the error says: one of memory, time and the query itself.
const MEMORY: &str = "needs more than 200 MiB of memory";
const TIME: &str = "was stopped after 2 s";

#[test]
fn bombs_end_as_errors_within_memory() {
    let rows = |count: &str| format!("range x from 1 to {count} step 1");
    let bombs: Vec<(String, &[&str])> = vec![
        (format!("{} | extend k = 1 | join kind=inner ({} | extend k = 1) on k | count", rows("3000000"), rows("3000000")), &[TIME, MEMORY]),
        (format!("{} | count", rows("1000000000000000")), &[TIME]),
        (format!("{} | distinct x | count", rows("1000000000")), &[MEMORY, TIME]),
        (format!("{} | sort by x desc", rows("1000000000")), &[MEMORY, TIME]),
        (format!("{} | summarize make_list(x) by x % 1000", rows("1000000000")), &[MEMORY, TIME]),
        (format!("{} | extend a = repeat('abcdefghij', 1000000000000) | where array_length(a) == x", rows("100000")), &[MEMORY, TIME]),
        (format!("{} | extend a = strrep(tostring(x), 1024) | summarize make_set(a)", rows("10000000")), &[MEMORY, TIME]),
        (format!("{} | extend a = range(x, x + 1000000, 1) | mv-expand a | count", rows("100000")), &[MEMORY, TIME]),
        ("print s = range(1, 1000000, 1) | extend f = series_fir(s, s) | project array_length(f)".to_owned(), &[TIME]),
        ("print t = strrep('a', 1024) | mv-apply range(1, 1000000, 1) on (extend u = strrep(t, 1024) | summarize make_list(u))".to_owned(), &["KQL", MEMORY, TIME]),
        ("print x = toscalar(range y from 1 to 1000000000000000 step 1 | summarize sum(y))".to_owned(), &[TIME]),
        ("print x = 'a' | where x matches regex '((a{1,100}){1,100}){1,100}'".to_owned(), &["is not a regular expression"]),
        (format!("print '{}'", "a".repeat(10_000_000)), &["more than the 2000000 that are allowed"]),
        (format!("print {}1{}", "(".repeat(10_000), ")".repeat(10_000)), &["nested deeper than"]),
    ];
    let mut queries: Vec<String> = bombs.iter().map(|(query, _)| query.clone()).collect();
    queries.push("print 'still here'".to_owned());
    let (answers, peak) = measured(&queries, &["--timeout", "2s", "--memory", "200MiB"]);
    assert_eq!(answers.len(), queries.len());
    for ((query, wanted), answer) in bombs.iter().zip(&answers) {
        let shown: String = query.chars().take(120).collect();
        assert!(answer["error"].is_object(), "{shown}: {}", answer["columns"]);
        let message = text(&answer["error"], "message");
        assert!(wanted.iter().any(|part| message.contains(part)), "{shown}: {message}");
    }
    assert_eq!(answers[bombs.len()]["rows"], json!([["still here"]]));
    // The limit holds for what operators and texts take; around it come the program itself and batches under way.
    assert!(peak < 1_200, "{peak} MiB were resident");
    println!("{peak} MiB were resident at most");
}

#[test]
fn a_result_is_cut_at_its_size_and_it_is_said() {
    let query = "range x from 1 to 1000000 step 1 | extend t = strrep('0123456789', 100)";
    let ran = postern(["hunt", query, "--result-size", "1MiB", "--format", "csv"]).worked();
    let rows = ran.stdout.lines().count() - 1;
    // A row is 1000 letters and two values.
    assert_eq!(rows, (1 << 20) / 1016);
    assert!(ran.stderr.contains(&format!("cut after {rows} rows; --result-size sets how much")), "{}", ran.stderr);
}
