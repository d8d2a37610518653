//! `postern audit` and `postern trace`: filters, shapes of output, hostile text.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{Ran, example, list, postern, text};

/// A store of the example tenant.
pub(crate) fn store() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let example = example();
    postern(["ingest".as_ref(), example.as_os_str(), "--data".as_ref(), folder.path().as_os_str()]).worked();
    folder
}

/// Runs a view over a store.
pub(crate) fn view(store: &Path, arguments: &[&str]) -> Ran {
    let mut all = arguments.to_vec();
    all.extend(["--data", store.to_str().unwrap()]);
    postern(all)
}

#[track_caller]
pub(crate) fn objects(ran: Ran) -> Vec<Value> {
    ran.worked().json().as_array().unwrap().clone()
}

#[test]
fn audit_filters_are_those_of_the_search_page() {
    let store = store();
    let audit = |arguments: &[&str]| objects(view(store.path(), &[&["audit", "--json"], arguments].concat()));
    let operations = |rows: &[Value]| -> Vec<String> { rows.iter().map(|r| text(r, "Operation").to_owned()).collect() };

    // The changes of connectors, newest first; the story of the malicious one and the usual administrator's.
    let connectors = audit(&["--operation", "*-inboundconnector"]);
    assert_eq!(operations(&connectors), ["Remove-InboundConnector", "New-InboundConnector", "Set-InboundConnector"]);
    assert_eq!(text(&connectors[0], "ObjectName"), "Hybrid relay 02");
    assert_eq!(audit(&["--operation", "New-InboundConnector", "--operation", "remove-inboundconnector"]).len(), 2);
    assert_eq!(audit(&["--operation", "InboundConnector"]), Vec::<Value>::new(), "names fit as a whole");

    let day = audit(&["--operation", "*-InboundConnector", "--start", "2026-03-24", "--end", "2026-03-24"]);
    assert_eq!(operations(&day), ["Set-InboundConnector"]);
    let before = audit(&["--operation", "*-InboundConnector", "--end", "2026-03-24T09:20:41Z"]);
    assert_eq!(before, Vec::<Value>::new());

    let range = audit(&["--ip", "203.0.113.0/24", "--operation", "*InboxRule*"]);
    assert_eq!(range.len(), 2);
    assert!(range.iter().all(|row| row["IPAddress"] == "203.0.113.77"));
    assert_eq!(audit(&["--ip", "203.0.113.77", "--ip", "2001:db8::/32", "--operation", "new-inboxrule"]).len(), 2);

    assert_eq!(audit(&["--object", r"*\Monthly statements"]).len(), 1);
    assert_eq!(audit(&["--object", "Hybrid relay 02"]).len(), 3, "the alert too");
    assert_eq!(audit(&["--user", "PRIYA.*", "--operation", "New-InboxRule"]).len(), 2);

    // All texts must be there, in the record as it is, quotes and all.
    assert_eq!(audit(&["--text", "freemail.example", "--text", "monthly statements"]).len(), 1);
    assert_eq!(audit(&["--text", "freemail.example", "--text", "no such text"]), Vec::<Value>::new());
    assert_eq!(audit(&["--text", r#""Operation":"Remove-InboundConnector""#]).len(), 1);
    assert_eq!(audit(&["--text", r"fc48c2b1\Monthly' or 1 == 1 //"]), Vec::<Value>::new());
}

#[test]
fn audit_shows_tables_and_whole_records() {
    let store = store();
    let ran = view(store.path(), &["audit", "--operation", "Remove-InboundConnector"]).worked();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ran.stdout);
    let words: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(words, ["Time", "Operation", "User", "IP", "Object", "Workload", "Result"]);
    assert!(lines[2].starts_with("2026-04-21 06:58:15  Remove-InboundConnector  lena.vogt@contoso.example  "));
    assert_eq!(ran.stderr, "");

    let records = view(store.path(), &["audit", "--operation", "Remove-InboundConnector", "--record"]).worked().json();
    assert_eq!(records.as_array().unwrap().len(), 1);
    assert_eq!(records[0]["CreationTime"], "2026-04-21T06:58:15");
    assert!(records[0]["Parameters"].is_array());

    let ran = view(store.path(), &["audit", "--csv", "--limit", "2"]).worked();
    assert_eq!(ran.stdout.lines().count(), 3, "{}", ran.stdout);
    assert!(ran.stdout.starts_with("Timestamp,Id,Operation,User,IPAddress,"), "{}", ran.stdout);
    assert!(ran.stderr.contains("more than these 2 rows; --limit"), "{}", ran.stderr);
    let ran = view(store.path(), &["audit", "--user", "nobody"]).worked();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", "note: nothing fits these filters\n"));
}

#[test]
fn trace_filters_find_messages() {
    let store = store();
    let trace = |arguments: &[&str]| objects(view(store.path(), &[&["trace", "--json"], arguments].concat()));

    // Everything that the malicious connector relayed.
    let relayed = trace(&["--connector", "hybrid relay 02"]);
    assert_eq!(relayed.len(), 425);
    let times: Vec<&str> = relayed.iter().map(|row| text(row, "Timestamp")).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first");
    let failed = trace(&["--connector", "Hybrid*", "--status", "failed"]);
    assert_eq!(failed.len(), 81);
    assert!(failed.iter().all(|row| row["Status"] == "Failed"));
    assert_eq!(trace(&["--ip", "203.0.113.210"]).len(), trace(&["--ip", "203.0.113.210/32"]).len());
    assert_eq!(trace(&["--ip", "203.0.113.0/24", "--connector", "Hybrid relay 02"]).len(), 425);

    // A domain counts with those below it, and not with those that merely end like it.
    let one = |row: &Value, member: &str| row[member].as_str().unwrap_or_default().to_lowercase();
    let domain = trace(&["--recipient", "contoso.example", "--limit", "5000"]);
    assert!(!domain.is_empty());
    assert!(domain.iter().all(|row| one(row, "RecipientEmailAddress").ends_with("contoso.example")));
    assert_eq!(trace(&["--recipient", "ontoso.example"]), Vec::<Value>::new());
    // A domain of the on-premises connector's settings, from which nobody sends.
    let connector = trace(&["--connector-domain", "mail.contoso.example"]);
    assert_eq!(connector.len(), 386 + 158);
    assert!(connector.iter().all(|row| row["Connectors"] == "Contoso on-premises relay"));

    // One row for each message and recipient, though some are in the trace and in hunting rows alike.
    let all = trace(&[]);
    let count = view(store.path(), &["hunt", "EmailEvents | count", "--format", "json"]).worked().json();
    assert_eq!(all.len() as u64, count[0]["Count"].as_u64().unwrap());

    let id = text(&failed[0], "InternetMessageId");
    let bare = id.trim_matches(['<', '>']);
    assert_eq!(trace(&["--message-id", id]), trace(&["--message-id", bare]));
    assert_eq!(trace(&["--message-id", text(&failed[0], "NetworkMessageId")]).len(), 1);
    assert!(!trace(&["--subject", "CONFIRM your account", "--start", "2026-04-21", "--end", "2026-04-21"]).is_empty());
}

#[test]
fn trace_tells_all_of_one_message() {
    let store = store();
    let id = "fde2dea0-cbeb-4c38-b7ab-4bd89977de55";
    let ran = view(store.path(), &["trace", "--message", id]).worked();
    for part in [
        "Subject          Invoice 26-0435",
        "Envelope sender  accounts@northwind.example",
        "Recipients\nTime ",
        "delivery: Delivered  priya.nair@contoso.example",
        "URLs\nnone is known",
        "Invoice 26-0435.pdf",
    ] {
        assert!(ran.stdout.contains(part), "no `{part}` in\n{}", ran.stdout);
    }
    let whole = view(store.path(), &["trace", "--message", id, "--json"]).worked().json();
    for member in ["messages", "recipients", "attachments"] {
        assert_eq!(list(&whole, member).len(), 1, "{member}");
    }
    for member in ["urls", "post_delivery", "clicks"] {
        assert!(list(&whole, member).is_empty(), "{member}");
    }
    assert!(list(&whole, "events").iter().any(|event| event["Event"] == "delivery: Delivered"));
    // The audit log tells who sent it.
    let sent = view(store.path(), &["trace", "--message", "152C93025E8080D61C5E67D3@contoso.example", "--json"]);
    let sent = sent.worked().json();
    let events: Vec<&str> = list(&sent, "events").iter().map(|event| text(event, "Event")).collect();
    assert_eq!(events, ["audit: Send", "delivery: Delivered"]);
    let ran = view(store.path(), &["trace", "--message", "nobody@nowhere"]).worked();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", "note: no message has this id\n"));
}

#[test]
fn exports_are_looked_at_without_a_store() {
    let audit = crate::common::root().join("examples/contoso/audit");
    let ran = postern(["audit".as_ref(), audit.as_os_str(), "--operation".as_ref(), "*InboxRule*".as_ref()]).worked();
    assert_eq!(ran.stdout.lines().count(), 6, "{}", ran.stdout);
    for (arguments, told) in [
        (vec!["audit"], "--data DIR"),
        (vec!["trace", "--data", "x", "y"], "not both"),
        (vec!["trace", "--ip", "contoso", "--data", "x"], "expected an address"),
        (vec!["audit", "--start", "soon", "--data", "x"], "expected a time"),
        (vec!["audit", "--json", "--csv", "--data", "x"], "cannot be used with"),
    ] {
        let ran = postern(&arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{arguments:?}: {}", ran.stderr);
    }
    let ran = postern(["audit", "--data", "no-such-store"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for command in ["audit", "trace"] {
        let help = postern([command, "--help"]).worked().stdout;
        assert!(help.contains("Examples:") && help.contains("--limit <N>"), "{help}");
    }
}

/// A text that would clear a screen, turn a line around, run in a spreadsheet and end a query's literal.
const HOSTILE: &str = "=cmd|'x'!A0 \u{1b}[2J\u{202e}\u{9b}<script>alert(1)</script> \"] | take 1 //";

#[test]
fn hostile_text_is_text() {
    let folder = tempfile::tempdir().unwrap();
    let record = json!({
        "CreationTime": "2026-03-02T10:00:00", "Id": "00000000-0000-4000-8000-000000000001",
        "Operation": "New-InboxRule", "OrganizationId": "11111111-1111-4111-8111-111111111111", "RecordType": 1,
        "ResultStatus": "True", "UserKey": "k", "UserType": 0, "Version": 1, "Workload": "Exchange",
        "ClientIP": "203.0.113.9:443", "UserId": "ann@contoso.example", "ObjectId": HOSTILE,
        "Parameters": [{"Name": "Name", "Value": HOSTILE}],
    });
    let file = folder.path().join("audit.ndjson");
    fs::write(&file, format!("{record}\n")).unwrap();
    let run = |arguments: &[&str]| {
        let mut all = vec!["audit".as_ref(), file.as_os_str()];
        all.extend(arguments.iter().map(std::ffi::OsStr::new));
        postern(all).worked()
    };
    for arguments in [&[][..], &["--wide"], &["--record"]] {
        let ran = run(arguments);
        assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{:?}", ran.stdout);
    }
    assert_eq!(run(&["--record"]).json()[0]["ObjectId"], HOSTILE, "the same value");
    assert_eq!(run(&["--json"]).json()[0]["ObjectId"], HOSTILE);
    assert!(run(&["--csv"]).stdout.contains(",\"'=cmd|'x'!A0"), "{}", run(&["--csv"]).stdout);
    // Filters are values, whatever they hold.
    for filter in ["--text", "--object"] {
        assert_eq!(run(&[filter, HOSTILE, "--json"]).json().as_array().unwrap().len(), 1, "{filter}");
    }
    for filter in ["--operation", "--user", "--object", "--text"] {
        assert_eq!(run(&[filter, "x\" or true //", "--json"]).json(), json!([]), "{filter}");
    }
}
