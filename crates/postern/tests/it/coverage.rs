//! What a store lacks is said by `postern tables`, and nothing found where evidence lacks is no innocence.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{list, postern, report, text};

/// Hours since 2026-03-01 00:00, each with `rows` sign-ins and one configuration record.
fn log(path: &Path, hours: impl Iterator<Item = u32>, more: &[Value]) {
    let mut out = String::new();
    for hour in hours {
        for n in 0..12 {
            let kind = [1, 15, 8, 50][n % 4];
            let operation = ["Set-MailboxPlan", "UserLoggedIn", "Update user.", "MailItemsAccessed"][n % 4];
            let record = json!({
                "CreationTime": format!("2026-03-{:02}T{:02}:{:02}:00", 1 + hour / 24, hour % 24, n * 5),
                "Id": format!("00000000-0000-4000-8000-{hour:06}{n:06}"),
                "Operation": operation,
                "OrganizationId": "11111111-1111-4111-8111-111111111111", "RecordType": kind,
                "ResultStatus": "Succeeded", "UserKey": "k", "UserType": 0, "Version": 1, "Workload": "Exchange",
                "ClientIP": "198.51.100.7", "UserId": format!("user{n}@contoso.example"),
            });
            out += &format!("{record}\n");
        }
    }
    for record in more {
        out += &format!("{record}\n");
    }
    fs::write(path, out).unwrap();
}

fn change(id: u32, time: &str, operation: &str, parameters: Value) -> Value {
    json!({
        "CreationTime": time, "Id": format!("00000000-0000-4000-9000-{id:012}"), "Operation": operation,
        "OrganizationId": "11111111-1111-4111-8111-111111111111", "RecordType": 1, "ResultStatus": "True",
        "UserKey": "k", "UserType": 2, "Version": 1, "Workload": "Exchange", "ClientIP": "198.51.100.7",
        "UserId": "admin@contoso.example", "ObjectId": "Admin Audit Log Settings", "Parameters": parameters,
    })
}

fn audit(folder: &Path) -> Value {
    let store = folder.join("store");
    let (data, file) = (store.to_str().unwrap(), folder.join("audit.ndjson"));
    postern(["ingest", "-q", "--data", data, file.to_str().unwrap()]).worked();
    let tables = postern(["tables", "--json", "--data", data]).worked().json();
    fs::remove_dir_all(&store).unwrap();
    tables.as_array().unwrap().iter().find(|table| table["name"] == "AuditRecords").unwrap().clone()
}

#[test]
fn lost_hours_are_a_gap_and_a_steady_log_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.ndjson");
    log(&file, 0..20 * 24, &[]);
    let whole = audit(folder.path());
    assert_eq!((&whole["grade"], &whole["gaps"], &whole["why"]), (&json!("complete"), &json!([]), &json!([])));
    log(&file, (0..20 * 24).filter(|hour| !(200..212).contains(hour)), &[]);
    let cut = audit(folder.path());
    assert_eq!(cut["grade"], "partial");
    let gap = json!([{"from": "2026-03-09T08:00:00.0000000Z", "to": "2026-03-09T20:00:00.0000000Z"}]);
    assert_eq!(cut["gaps"], gap);
    let why = cut["why"][0].as_str().unwrap();
    assert!(why.contains("where 12 hours with rows were to be expected"), "{why}");
}

#[test]
fn a_log_that_was_switched_off_has_a_hole() {
    let folder = tempfile::tempdir().unwrap();
    let set = |id, time, value| {
        let parameters = json!([{"Name": "UnifiedAuditLogIngestionEnabled", "Value": value}]);
        change(id, time, "Set-AdminAuditLogConfig", parameters)
    };
    let file = folder.path().join("audit.ndjson");
    log(&file, 0..5 * 24, &[set(1, "2026-03-03T10:00:00", "False")]);
    let off = audit(folder.path());
    let why = "On 2026-03-03T10:00:00.0000000Z the unified audit log was switched off by admin@contoso.example";
    assert_eq!(off["why"], json!([format!("{why}; the log does not show it switched on again.")]));
    assert_eq!(off["gaps"][0]["from"], "2026-03-03T10:00:00.0000000Z");
    log(&file, 0..5 * 24, &[set(1, "2026-03-03T10:00:00", "False"), set(2, "2026-03-03T15:30:00", "True")]);
    let again = audit(folder.path());
    assert_eq!(again["why"], json!([format!("{why} and on again on 2026-03-03T15:30:00.0000000Z.")]));
    assert_eq!(again["gaps"][0]["to"], "2026-03-03T15:30:00.0000000Z");
    // What keeps it on is no hole.
    log(&file, 0..5 * 24, &[set(1, "2026-03-03T10:00:00", "True")]);
    assert_eq!(audit(folder.path())["gaps"], json!([]));
}

#[test]
fn nothing_found_in_a_hole_is_missing_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let forward = json!([
        {"Name": "Identity", "Value": "user1@contoso.example"},
        {"Name": "ForwardingSmtpAddress", "Value": "smtp:drop@mail.example"},
        {"Name": "DeliverToMailboxAndForward", "Value": "True"},
    ]);
    let mut forward = change(3, "2026-03-12T09:30:00", "Set-Mailbox", forward);
    forward["UserId"] = json!("user1@contoso.example");
    let file = folder.path().join("audit.ndjson");
    let quiet = |report: &Value| -> Vec<String> {
        let case = &list(report, "cases")[0];
        list(case, "findings")
            .iter()
            .filter(|f| f["weight"] != 0 && f["evidence"][0]["count"] == 0)
            .map(|f| text(f, "question").to_owned())
            .collect()
    };
    log(&file, 0..20 * 24, std::slice::from_ref(&forward));
    let whole = report(&[folder.path()]);
    let answered = quiet(&whole);
    assert!(!answered.is_empty(), "{whole}");
    log(&file, (0..20 * 24).filter(|hour| !(250..270).contains(hour)), &[forward]);
    let cut = report(&[folder.path()]);
    assert_eq!(quiet(&cut), Vec::<String>::new());
    let missing = list(&list(&cut, "cases")[0], "missing");
    for question in answered {
        let entry = missing.iter().find(|m| text(m, "question") == question).unwrap_or_else(|| panic!("{question}"));
        assert!(text(entry, "why").contains("has a hole at that time"), "{entry}");
    }
}
