//! `postern hunt --batch`: a line for every line, whatever the queries do.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::common::{list, postern, text};

fn batch(lines: &str, more: &[&str]) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.jsonl");
    fs::write(&path, lines).unwrap();
    let mut arguments = vec!["hunt", "--batch", path.to_str().unwrap()];
    arguments.extend(more);
    postern(arguments).worked().json_lines()
}

#[test]
fn one_bad_query_stops_nothing() {
    let lines = batch(
        "{\"id\":\"a\",\"query\":\"print x = 1\"}\n\
         {\"id\":2,\"query\":\"print |\"}\n\
         \n\
         {\"id\":\"c\",\"query\":\"NoSuchTable | count\"}\n\
         not json\n\
         {\"id\":\"e\",\"query\":\"print n = long(null), r = real(nan), t = 1d, d = datetime(2026-03-01), b = dynamic([1,{}])\"}\n",
        &[],
    );
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0], json!({"id": "a", "columns": [{"name": "x", "type": "long"}], "rows": [[1]]}));
    assert_eq!(lines[1]["id"], 2);
    assert!(text(&lines[1]["error"], "code").starts_with("KQL"), "{}", lines[1]);
    assert_eq!(lines[1]["error"]["line"], 1);
    assert!(lines[1]["error"]["column"].as_u64().unwrap() >= 7, "{}", lines[1]);
    assert!(text(&lines[2]["error"], "message").contains("NoSuchTable"), "{}", lines[2]);
    assert_eq!(lines[3]["id"], json!(null));
    assert!(text(&lines[3]["error"], "message").contains("line 5"), "{}", lines[3]);
    assert_eq!(lines[4]["rows"], json!([[null, "NaN", "1.00:00:00", "2026-03-01T00:00:00.0000000Z", [1, {}]]]));
}

#[test]
fn several_results_are_all_there_and_the_first_where_it_always_is() {
    let lines = batch(
        "{\"id\":1,\"query\":\"print a = 1; range b from 1 to 3 step 1 | as B\"}\n\
         {\"id\":2,\"query\":\"print a = 1 | evaluate preview(0)\"}\n\
         {\"id\":3,\"query\":\"print a = 1; print |\"}\n\
         {\"id\":4,\"query\":\"print a = 1; NoSuchTable\"}\n",
        &["--limit", "3"],
    );
    let (a, b) = (json!([{"name": "a", "type": "long"}]), json!([{"name": "b", "type": "long"}]));
    assert_eq!(
        lines[0],
        json!({"id": 1, "columns": a, "rows": [[1]], "tables": [
            {"name": "PrimaryResult", "columns": a, "rows": [[1]]},
            {"name": "B", "columns": b, "rows": [[1], [2]], "truncated": true},
        ]})
    );
    assert_eq!(lines[1]["rows"], json!([]));
    assert_eq!(lines[1]["tables"][1]["rows"], json!([[1]]));
    assert_eq!(lines[2]["error"]["line"], 1);
    assert!(text(&lines[3]["error"], "message").contains("NoSuchTable"), "{}", lines[3]);
}

#[test]
fn no_query_hangs_the_batch() {
    let lines = batch(
        "{\"id\":1,\"query\":\"range x from 1 to 50000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 50000 step 1 | extend k = 1) on k | summarize sum(x * y)\"}\n\
         {\"id\":2,\"query\":\"print 2\"}\n",
        &["--timeout", "500ms"],
    );
    assert!(lines[0]["error"].is_object(), "{}", lines[0]);
    assert_eq!(lines[1]["rows"], json!([[2]]));
}

#[test]
fn deep_and_long_queries_are_answered() {
    let deep = format!("print {}1{}", "(".repeat(10_000), ")".repeat(10_000));
    let long = format!("print {}", vec!["1"; 100_000].join(" + "));
    let lines = batch(
        &format!(
            "{}\n{}\n{}\n",
            json!({"id": 1, "query": deep}),
            json!({"id": 2, "query": long}),
            json!({"id": 3, "query": "print 3"})
        ),
        &[],
    );
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["rows"], json!([[3]]));
}

#[test]
fn a_schema_makes_empty_tables_and_check_gives_columns() {
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("schema.json");
    fs::write(&schema, r#"{"Mail":{"At":"datetime","Who":"string","Size":"long","Bag":"dynamic"}}"#).unwrap();
    let query = "{\"id\":1,\"query\":\"Mail | where At > ago(1d) | summarize Total = sum(Size) by Who\"}\n{\"id\":2,\"query\":\"EmailEvents\"}\n";
    for check in [true, false] {
        let mut more = vec!["--schema", schema.to_str().unwrap()];
        if check {
            more.push("--check");
        }
        let lines = batch(query, &more);
        assert_eq!(
            lines[0],
            json!({"id": 1, "columns": [{"name": "Who", "type": "string"}, {"name": "Total", "type": "long"}], "rows": []})
        );
        assert!(lines[1]["error"].is_object(), "{}", lines[1]);
    }
    fs::write(&schema, r#"{"Mail":{"At":"instant"}}"#).unwrap();
    let ran = postern([Path::new("hunt"), Path::new("--batch"), &schema, Path::new("--schema"), &schema]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("`Mail.At` has the unknown type"), "{}", ran.stderr);
}

#[test]
fn tables_of_the_schema_are_there_without_a_store() {
    let lines = batch("{\"id\":1,\"query\":\"EmailEvents | getschema | count\"}\n", &[]);
    assert_eq!(list(&lines[0], "rows").len(), 1, "{}", lines[0]);
}

#[test]
fn rows_without_columns_are_rows() {
    let lines = batch("{\"id\":1,\"query\":\"range x from 1 to 2 step 1 | project-away x\"}\n", &[]);
    assert_eq!(lines[0], json!({"id": 1, "columns": [], "rows": [[], []]}));
}
