//! Recorded exports of real tenants, when they are there: counts and verdicts that are known.

use serde_json::Value;

use crate::common::{accounts_add_up, cases, list, number, outline, postern, report, shared, text};

/// The objects of the report's true positives as `(type, name, mailbox)`.
fn guilty(report: &Value) -> Vec<(String, String, String)> {
    let mut found: Vec<_> = list(report, "cases")
        .iter()
        .flat_map(|case| list(case, "entities"))
        .filter(|object| object["classification"] == "truePositive")
        .map(|object| {
            let lower = |name: &str| object[name].as_str().unwrap_or_default().to_lowercase();
            (text(object, "type").to_owned(), lower("name"), lower("mailbox"))
        })
        .collect();
    found.sort();
    found
}

/// What is known of the tenant whose mail was forwarded on 15 June 2021.
#[track_caller]
fn june_2021(report: &Value, rows: u64) {
    accounts_add_up(&report["ingest"]);
    let ingest = &report["ingest"];
    assert_eq!(number(ingest, "audit_rows_total"), rows);
    assert_eq!(number(ingest, "audit_records_unique"), 2259);
    assert_eq!(number(ingest, "rejected_rows"), 0);

    let stories: Vec<&Value> = cases(report, "truePositive")
        .into_iter()
        .filter(|case| list(case, "entities").iter().any(|object| object["type"] == "InboxRule"))
        .collect();
    assert_eq!(stories.len(), 1, "{}", outline(report));
    let story = stories[0];
    let rules: Vec<&str> = list(story, "entities")
        .iter()
        .filter(|object| object["type"] == "InboxRule" && object["classification"] == "truePositive")
        .map(|object| text(object, "name"))
        .collect();
    assert!(rules.contains(&"Financial Reporting") && rules.contains(&"") && rules.len() == 2, "{rules:?}");
    assert!(
        list(story, "findings").iter().any(|finding| {
            list(finding, "evidence").iter().any(|evidence| {
                list(evidence, "rows").iter().any(|row| row.to_string().contains("financial-technology.com"))
            })
        }),
        "the row that shows the target is not among the evidence"
    );

    let flip = list(report, "cases")
        .iter()
        .find(|case| {
            list(case, "entities").iter().any(|object| {
                object["type"] == "MailboxForwarding" && text(object, "mailbox").to_lowercase().starts_with("gradya@")
            })
        })
        .unwrap_or_else(|| panic!("no case for the forwarding of eleven seconds\n{}", outline(report)));
    assert!(["truePositive", "unknown"].contains(&text(flip, "classification")), "{}", outline(report));
    assert!(!list(flip, "findings").is_empty());

    for (kind, name, mailbox) in guilty(report) {
        let known = kind == "InboxRule" && (name == "financial reporting" || name.is_empty())
            || kind == "MailboxForwarding" && mailbox.starts_with("gradya@");
        assert!(known, "{kind} {name:?} of {mailbox} is no true positive\n{}", outline(report));
    }
}

#[test]
fn invictus_as_exported() {
    let Some(path) = shared("data/ual_search_csv/invictus_ual_2021-06_2021-07.export-csv.csv.zst") else { return };
    june_2021(&report(&[&path]), 4842);
}

#[test]
fn invictus_through_another_tool() {
    let Some(path) = shared("data/ual_search_csv/invictus_ual_2021-06_2021-07.splunk.csv.zst") else { return };
    june_2021(&report(&[&path]), 4842);
}

#[test]
fn invictus_as_json_lines() {
    let Some(path) = shared("data/ual_auditdata_ndjson/invictus_ual_2021-06_2021-07.ndjson.zst") else { return };
    june_2021(&report(&[&path]), 2259);
}

#[test]
fn huntress_is_one_story() {
    let Some(path) = shared("data/ual_purview_csv/huntress2023_rogue_inbox_part1.csv") else { return };
    let report = report(&[&path]);
    accounts_add_up(&report["ingest"]);
    assert_eq!(number(&report["ingest"], "audit_rows_total"), 161);
    let stories = cases(&report, "truePositive");
    assert_eq!(stories.len(), 1, "{}", outline(&report));
    for (kind, name, mailbox) in guilty(&report) {
        assert_eq!(kind, "InboxRule", "{name}");
        assert!(mailbox.starts_with("debrab@"), "{mailbox}");
    }
    let rules: std::collections::BTreeSet<&str> =
        list(stories[0], "entities").iter().map(|object| text(object, "name")).collect();
    // Eighteen records, thirteen names: some rules were made twice.
    assert_eq!(rules.len(), 13, "{rules:?}");
}

#[test]
fn background_alone_is_no_attack() {
    let Some(path) = shared("data/ual_search_csv/cdx_tenant_ual_part1.csv") else { return };
    let report = report(&[&path]);
    assert_eq!(number(&report["ingest"], "audit_rows_total"), 250);
    assert_eq!(cases(&report, "truePositive").len(), 0, "{}", outline(&report));
}

#[test]
fn everything_at_once_adds_up() {
    let Some(path) = shared("data") else { return };
    let store = tempfile::tempdir().unwrap();
    let data = store.path().to_str().unwrap();
    let first = postern(["ingest", path.to_str().unwrap(), "--data", data, "--json"]).worked();
    let account = first.json();
    accounts_add_up(&account);
    let mut on_disk = 0;
    for entry in std::fs::read_dir(&path).unwrap() {
        let entry = entry.unwrap().path();
        on_disk += if entry.is_dir() { std::fs::read_dir(entry).unwrap().count() } else { 1 };
    }
    assert!(list(&account, "files").len() >= on_disk, "{} of {on_disk}", list(&account, "files").len());
    let unread: Vec<&str> = list(&account, "files")
        .iter()
        .filter(|file| file["format"] == "not recognised")
        .map(|file| text(file, "path"))
        .collect();
    println!("not recognised: {unread:?}");

    let counts = |data: &str| -> Vec<(String, u64)> {
        let tables = postern(["tables", "--json", "--data", data]).worked().json();
        tables.as_array().unwrap().iter().map(|t| (text(t, "name").to_owned(), number(t, "rows"))).collect()
    };
    let before = counts(data);
    let second = postern(["ingest", path.to_str().unwrap(), "--data", data, "--json"]).worked().json();
    accounts_add_up(&second);
    assert_eq!(counts(data), before);
    for member in ["audit_rows_total", "audit_records_unique", "message_rows", "signins", "rejected_rows"] {
        assert_eq!(second[member], account[member], "{member}");
    }
    let new: u64 = list(&second, "files")
        .iter()
        .flat_map(|file| file["rows"].as_object().unwrap().values())
        .map(|rows| rows.as_u64().unwrap())
        .sum();
    assert_eq!(new, 0, "a second reading adds rows");

    let report = postern(["investigate", "--data", data, "--json", "-"]).worked().json();
    assert!(!list(&report, "cases").is_empty());
}
