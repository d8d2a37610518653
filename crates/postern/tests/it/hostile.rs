//! Evidence written by an attacker: it is text everywhere and nothing more.

use std::fs;

use serde_json::json;

use crate::common::{list, postern, text};

const NAME: &str = "<script>alert(1)</script>\u{1b}[2J\u{202e}=cmd|' /C calc'!A0'; Remove-Mailbox \u{2019}x\u{2019}";

/// An audit log in which an inbox rule with a hostile name forwards mail away.
fn evidence(folder: &std::path::Path) -> std::path::PathBuf {
    let file = folder.join("<b>audit.ndjson");
    let mut lines = String::new();
    for (n, name) in [NAME, "=1+1", "+cmd", "@x"].iter().enumerate() {
        let record = json!({
            "CreationTime": format!("2026-03-02T10:00:0{n}"),
            "Id": format!("00000000-0000-4000-8000-00000000000{n}"),
            "Operation": "New-InboxRule",
            "OrganizationId": "11111111-1111-4111-8111-111111111111",
            "RecordType": 1, "ResultStatus": "True", "UserKey": "k", "UserType": 0, "Version": 1,
            "Workload": "Exchange", "ClientIP": "203.0.113.9:443",
            "UserId": "ann@contoso.example",
            "ObjectId": format!("ann\\{name}"),
            "Parameters": [
                {"Name": "Name", "Value": name},
                {"Name": "ForwardTo", "Value": "mallory@mail.example"},
                {"Name": "DeleteMessage", "Value": "True"},
                {"Name": "SubjectOrBodyContainsWords", "Value": "invoice;payment"},
            ],
        });
        lines.push_str(&record.to_string());
        lines.push('\n');
    }
    fs::write(&file, lines).unwrap();
    file
}

#[test]
fn a_hostile_rule_name_is_text_in_every_report() {
    let folder = tempfile::tempdir().unwrap();
    let file = evidence(folder.path());
    let html = folder.path().join("report.html");
    let json_file = folder.path().join("report.json");
    let ran = postern([
        "-v".as_ref(),
        "investigate".as_ref(),
        file.as_os_str(),
        "--html".as_ref(),
        html.as_os_str(),
        "--json".as_ref(),
        json_file.as_os_str(),
    ])
    .worked();
    for raw in ['\u{1b}', '\u{202e}'] {
        assert!(!ran.stdout.contains(raw) && !ran.stderr.contains(raw), "{raw:?} in {}", ran.stdout);
    }
    assert!(ran.stdout.contains("\\u{1b}[2J"), "{}", ran.stdout);
    let page = fs::read_to_string(&html).unwrap();
    for raw in ["<script", "\u{1b}", "\u{202e}", "<b>"] {
        assert!(!page.contains(raw), "{raw:?}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)"));
    // Machines get the name as it is.
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(&json_file).unwrap()).unwrap();
    let cases = list(&report, "cases");
    assert!(cases.iter().flat_map(|case| list(case, "entities")).any(|e| e["name"] == NAME), "{report}");
    // In a command the name is one quoted value: every quote in it, curly ones too, is doubled.
    let commands: Vec<&str> =
        cases.iter().flat_map(|case| list(case, "actions")).map(|action| text(action, "command")).collect();
    assert!(!commands.is_empty());
    for command in commands {
        assert!(!command.contains("!A0'; Remove-Mailbox"), "{command}");
        assert!(!command.contains(" \u{2019}x\u{2019}'"), "{command}");
    }
}

#[test]
fn rows_cannot_become_formulas_or_markup() {
    let folder = tempfile::tempdir().unwrap();
    let file = evidence(folder.path());
    let store = folder.path().join("store");
    let data = store.to_str().unwrap();
    postern(["ingest", file.to_str().unwrap(), "--data", data]).worked();
    let query = "AuditRecords | order by Timestamp asc | project Name = tostring(ParameterBag.Name)";
    let rows = |format: &str| postern(["hunt", query, "--data", data, "--format", format]).worked();
    let csv = rows("csv").stdout;
    for line in csv.lines().skip(1) {
        let cell = line.trim_start_matches('"');
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{line}");
    }
    assert!(csv.contains("'=1+1") && csv.contains("'+cmd") && csv.contains("'@x"), "{csv}");
    let table = rows("table").stdout;
    let markdown = rows("markdown").stdout;
    assert!(!table.contains('\u{1b}') && !markdown.contains('\u{1b}') && !markdown.contains("<script"), "{markdown}");
    assert!(markdown.contains("=cmd\\|"), "{markdown}");
    let exact = rows("ndjson").json_lines();
    assert!(exact.iter().any(|row| row["Name"] == NAME), "{exact:?}");
}
