//! `postern hunt` with one query: formats, parameters, errors.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;

use crate::common::postern;

const ROWS: &str = "datatable(Name:string, Count:long, Share:real, At:datetime, Bag:dynamic)[\
    'ann', 5, 0.5, datetime(2026-03-01), dynamic({\"a\":[1,2]}),\
    '=cmd|x', long(null), real(nan), datetime(null), dynamic(null)]";

#[test]
fn a_table_for_people() {
    let ran = postern(["hunt", ROWS]).worked();
    assert_snapshot!(ran.stdout, @r#"
    Name    Count  Share  At                            Bag
    ──────  ─────  ─────  ────────────────────────────  ───────────
    ann         5    0.5  2026-03-01T00:00:00.0000000Z  {"a":[1,2]}
    =cmd|x           NaN
    "#);
    assert_eq!(ran.stderr, "");
}

#[test]
fn formats_for_machines() {
    assert_snapshot!(postern(["hunt", ROWS, "--format", "csv"]).worked().stdout.replace("\r\n", "\n"), @r#"
    Name,Count,Share,At,Bag
    ann,5,0.5,2026-03-01T00:00:00.0000000Z,"{""a"":[1,2]}"
    '=cmd|x,,NaN,,
    "#);
    assert_snapshot!(postern(["hunt", ROWS, "--format", "ndjson"]).worked().stdout, @r#"
    {"Name":"ann","Count":5,"Share":0.5,"At":"2026-03-01T00:00:00.0000000Z","Bag":{"a":[1,2]}}
    {"Name":"=cmd|x","Count":null,"Share":"NaN","At":null,"Bag":null}
    "#);
    assert_snapshot!(postern(["hunt", ROWS, "--format", "markdown"]).worked().stdout, @r#"
    | Name | Count | Share | At | Bag |
    | --- | ---: | ---: | --- | --- |
    | ann | 5 | 0.5 | 2026-03-01T00:00:00.0000000Z | {"a":\[1,2\]} |
    | =cmd\|x |  | NaN |  |  |
    "#);
    let lines = postern(["hunt", ROWS, "--format", "ndjson"]).worked().json_lines();
    let array = postern(["hunt", ROWS, "--format", "json"]).worked().json();
    assert_eq!(array.as_array().unwrap(), &lines);
}

#[test]
fn parquet_can_be_read_back() {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let status = crate::common::program()
        .args(["hunt", ROWS, "--format", "parquet"])
        .stdout(fs::File::create(&path).unwrap())
        .status()
        .unwrap();
    assert!(status.success());
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
    let names: Vec<String> =
        reader.schema().fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
    assert_eq!(names, ["Name Utf8", "Count Int64", "Share Float64", "At Timestamp(ns, \"UTC\")", "Bag Utf8"]);
    let rows: usize = reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 2);
    let ran = postern(["hunt", "print datetime(0001-01-01)", "--format", "parquet"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("outside 1677-09-21"), "{}", ran.stderr);
}

#[test]
fn rows_are_cut_and_it_is_said() {
    let ran = postern(["hunt", "range x from 1 to 10 step 1", "--limit", "3", "--format", "csv"]).worked();
    assert_eq!(ran.stdout, "x\r\n1\r\n2\r\n3\r\n");
    assert!(ran.stderr.contains("cut after 3 rows"), "{}", ran.stderr);
    let ran = postern(["-q", "hunt", "range x from 1 to 10 step 1", "--limit", "3"]).worked();
    assert_eq!(ran.stderr, "");
}

#[test]
fn parameters_and_time() {
    let ran = postern(["hunt", "print strcat(who, '!')", "--param", "who=Ann \"A\"", "--format", "csv"]).worked();
    assert_eq!(ran.stdout, "print_0\r\n\"Ann \"\"A\"\"!\"\r\n");
    let ran =
        postern(["hunt", "print array_length(w)", "--param", "w=a", "--param", "w=b", "--format", "csv"]).worked();
    assert_eq!(ran.stdout, "print_0\r\n2\r\n");
    let ran = postern(["hunt", "print ago(1d)", "--now", "2026-03-02T06:00:00Z", "--format", "csv"]).worked();
    assert_eq!(ran.stdout, "print_0\r\n2026-03-01T06:00:00.0000000Z\r\n");
    let query = "declare query_parameters(since:datetime); print since + 1d";
    let ran = postern(["hunt", query, "--param", "since=2026-03-01", "--format", "csv"]).worked();
    assert_eq!(ran.stdout, "print_0\r\n2026-03-02T00:00:00.0000000Z\r\n");
    let ran = postern(["hunt", "AuditRecords", "--from", "2026-03-02", "--to", "2026-03-01"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--from lies after --to"), "{}", ran.stderr);
}

#[test]
fn a_query_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("query.kql");
    fs::write(&path, "\u{feff}print 'from a file'").unwrap();
    let ran = postern([Path::new("hunt"), Path::new("-f"), &path, Path::new("--format"), Path::new("csv")]).worked();
    assert_eq!(ran.stdout, "print_0\r\nfrom a file\r\n");
    let ran = postern(["hunt", "-f", "no-such.kql"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("cannot read `no-such.kql`"), "{}", ran.stderr);
}

#[test]
fn a_bad_query_is_shown_with_its_place() {
    let ran = postern(["hunt", "EmailEvents\n| where Subjet has 'invoice'"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("Subjet"), "{}", ran.stderr);
    assert_snapshot!(ran.stderr, @r"
    [KQL0102] Error: no column or variable is named `Subjet`
       ╭─[ query:2:9 ]
     2 │| where Subjet has 'invoice'
       │           ╰─── here
       │Help: did you mean `Subject`?
    ");
    let hostile = "print \u{1b}[2J \u{202e} |";
    let ran = postern(["hunt", hostile]);
    assert_eq!(ran.code, 2);
    assert!(!ran.stderr.contains('\u{1b}') && !ran.stderr.contains('\u{202e}'), "{:?}", ran.stderr);
}

/// Three results: a number, rows with a name of their own, and rows in an order.
const SEVERAL: &str = "datatable(Sender:string, Size:long)['ann', 1, 'b|b', 5, 'ann', 7] \
    | fork (count) ['The *large*'] = (where Size > 5) (summarize Sum = sum(Size) by Sender | sort by Sum desc)";

#[test]
fn several_results_are_shown_under_their_names() {
    assert_snapshot!(postern(["hunt", SEVERAL]).worked().stdout, @r"
    PrimaryResult (1 of 3)
    Count
    ─────
        3

    The *large* (2 of 3)
    Sender  Size
    ──────  ────
    ann        7

    PrimaryResult (3 of 3)
    Sender  Sum
    ──────  ───
    ann       8
    b|b       5
    ");
    assert_snapshot!(postern(["hunt", SEVERAL, "--format", "markdown"]).worked().stdout, @r"
    ### PrimaryResult (1 of 3)

    | Count |
    | ---: |
    | 3 |

    ### The \*large\* (2 of 3)

    | Sender | Size |
    | --- | ---: |
    | ann | 7 |

    ### PrimaryResult (3 of 3)

    | Sender | Sum |
    | --- | ---: |
    | ann | 8 |
    | b\|b | 5 |
    ");
    // A name is the query's: it moves no cursor.
    let ran = postern(["hunt", "print x = 1 | as ['\u{1b}[2J\u{202e}']; print 2"]).worked();
    assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}']), "{:?}", ran.stdout);
}

#[test]
fn several_results_for_machines() {
    let long = |name: &str| json!({"name": name, "type": "long"});
    let sender = json!({"name": "Sender", "type": "string"});
    let found = postern(["hunt", SEVERAL, "--format", "json"]).worked().json();
    assert_eq!(
        found,
        json!({
            "columns": [long("Count")],
            "rows": [[3]],
            "tables": [
                {"name": "PrimaryResult", "columns": [long("Count")], "rows": [[3]]},
                {"name": "The *large*", "columns": [sender, long("Size")], "rows": [["ann", 7]]},
                {"name": "PrimaryResult", "columns": [sender, long("Sum")], "rows": [["ann", 8], ["b|b", 5]]},
            ],
        })
    );
    // One result stays one array.
    let found = postern(["hunt", "print a = 1 | fork (take 1)", "--format", "json"]).worked().json();
    assert_eq!(found, json!([{"a": 1}]));
    for format in ["csv", "ndjson", "parquet"] {
        let ran = postern(["hunt", SEVERAL, "--format", format]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        let told = format!("3 results (`PrimaryResult`, `The *large*`, `PrimaryResult`), and {format} holds one table");
        assert!(ran.stderr.contains(&told) && ran.stderr.contains("--format json"), "{}", ran.stderr);
    }
}

#[test]
fn one_limit_for_all_results() {
    let query = "range x from 1 to 3 step 1; range x from 1 to 3 step 1; print y = 1";
    let ran = postern(["hunt", query, "--limit", "4", "--format", "json"]).worked();
    assert!(ran.stderr.contains("cut after 4 rows; --limit"), "{}", ran.stderr);
    let tables = ran.json()["tables"].clone();
    let rows: Vec<_> = (0..3).map(|at| tables[at]["rows"].as_array().unwrap().len()).collect();
    assert_eq!(rows, [3, 1, 0]);
    let cut: Vec<_> = (0..3).map(|at| tables[at]["truncated"] == true).collect();
    assert_eq!(cut, [false, true, true]);
    let slow = "range x from 1 to 30000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 30000 step 1 | extend k = 1) on k | summarize sum(x * y)";
    let ran = postern(["hunt", &format!("print 1; {slow}"), "--timeout", "500ms"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("error[CLI0006]"), "{}", ran.stderr);
}

#[test]
fn files_of_an_allowed_folder_are_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("list.csv"), "ann,5\nbob,\n").unwrap();
    let query = "externaldata(Name:string, Size:long)['list.csv']";
    let allowed = folder.path().to_str().unwrap();
    let ran = postern(["hunt", query, "--external", allowed, "--format", "csv"]).worked();
    assert_eq!(ran.stdout, "Name,Size\r\nann,5\r\nbob,\r\n");
    let ran = postern(["hunt", query]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("KQL0116") && ran.stderr.contains("--external DIR"), "{}", ran.stderr);
}

#[test]
fn limits_bite() {
    let query = "range x from 1 to 30000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 30000 step 1 | extend k = 1) on k | summarize sum(x * y)";
    let started = std::time::Instant::now();
    let ran = postern(["hunt", query, "--timeout", "500ms"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("error[CLI0006]"), "{}", ran.stderr);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

const DAYS: &str = "range Day from datetime(2026-03-01) to datetime(2026-03-05) step 1d \
    | extend Mails = hourofday(Day) + 2 * dayofmonth(Day) | render timechart with (title='Mails a day')";

#[test]
fn a_chart_is_for_terminals_unless_asked_for() {
    let ran = postern(["hunt", DAYS]).worked();
    assert!(ran.stdout.starts_with("Day ") && !ran.stdout.contains('┤'), "{}", ran.stdout);
    let ran = postern(["hunt", DAYS, "--chart", "always"]).worked();
    for part in ["Mails a day", "┤", "03-01", "03-05"] {
        assert!(ran.stdout.contains(part), "no `{part}` in\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains('\u{1b}'), "colours without a terminal");
    let ran = postern(["hunt", DAYS, "--chart", "always", "--format", "csv"]).worked();
    assert!(ran.stdout.starts_with("Day,Mails\r\n"), "{}", ran.stdout);
    let ran = postern(["hunt", "print a = 'x' | render piechart", "--chart", "always"]).worked();
    assert!(ran.stderr.contains("cannot be drawn") && ran.stdout.contains('x'), "{}{}", ran.stderr, ran.stdout);
}

#[test]
fn all_mistakes_are_shown_at_once() {
    let ran = postern(["hunt", "EmailEvents\n| where Subjet = 'x'\n| extend n = strlenn(Subject)"]);
    assert_eq!(ran.code, 2);
    for part in ["KQL0040", "KQL0102", "KQL0103", "query:2:9", "query:3:14", "did you mean `Subject`?", "strlen`?"] {
        assert!(ran.stderr.contains(part), "no `{part}` in\n{}", ran.stderr);
    }
}

#[test]
fn without_a_query_and_without_a_terminal_nothing_is_asked() {
    let ran = postern(["hunt"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("no query is given"), "{}", ran.stderr);
}

#[test]
fn the_help_has_examples() {
    let ran = postern(["hunt", "--help"]).worked();
    for part in ["Examples:", "--chart <WHEN>", "--wide", "--param", "--batch", "render timechart", "Ctrl-C", "130"] {
        assert!(ran.stdout.contains(part), "no `{part}` in\n{}", ran.stdout);
    }
}
