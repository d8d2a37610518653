//! The example tenant: the same every time, committed as it is generated, small, and free of anything real.

#![allow(clippy::unwrap_used, reason = "a test may stop anywhere")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use postern_lab::{LabError, Summary, example};
use serde_json::Value;

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// One fresh example for all tests that only read it.
fn fresh() -> &'static (tempfile::TempDir, Summary) {
    static FRESH: OnceLock<(tempfile::TempDir, Summary)> = OnceLock::new();
    FRESH.get_or_init(another)
}

fn another() -> (tempfile::TempDir, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let summary = example(folder.path()).unwrap();
    (folder, summary)
}

/// Every file under the folder by its relative path.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn unpack(name: &str, bytes: &[u8]) -> Vec<u8> {
    match name.rsplit('.').next() {
        Some("zst") => zstd::decode_all(bytes).unwrap(),
        Some("gz") => {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
            plain
        }
        _ => bytes.to_vec(),
    }
}

fn texts(root: &Path) -> BTreeMap<String, String> {
    tree(root)
        .into_iter()
        .map(|(name, bytes)| (name.clone(), String::from_utf8(unpack(&name, &bytes)).unwrap()))
        .collect()
}

fn only<'a>(texts: &'a BTreeMap<String, String>, prefix: &str) -> &'a str {
    let found: Vec<_> = texts.iter().filter(|(name, _)| name.starts_with(prefix)).collect();
    assert_eq!(found.len(), 1, "one file should start with {prefix}");
    found[0].1
}

#[test]
fn two_runs_write_the_same_bytes() {
    let (first, one) = fresh();
    let (second, two) = another();
    assert!(tree(first.path()) == tree(second.path()), "two runs differ");
    assert_eq!((one.audit_rows, one.message_rows), (two.audit_rows, two.message_rows));
}

#[test]
fn the_committed_example_is_what_the_crate_writes() {
    let (folder, _) = fresh();
    let (written, kept) = (texts(folder.path()), texts(&committed()));
    let names = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&written), names(&kept), "run `postern lab example --out examples`");
    for (name, text) in &written {
        // Packed files are compared unpacked: how they are packed may change with the packer's version.
        assert!(kept.get(name) == Some(text), "{name} is stale: run `postern lab example --out examples`");
    }
}

/// `cargo test -p postern-lab --test example -- --ignored` does what `postern lab example --out examples` does.
#[test]
#[ignore = "writes into the repository"]
fn rewrite_the_committed_example() {
    example(&committed()).unwrap();
}

#[test]
fn a_file_of_an_earlier_run_does_not_stay() {
    let folder = tempfile::tempdir().unwrap();
    let stale = folder.path().join("contoso/audit/old.csv");
    fs::create_dir_all(stale.parent().unwrap()).unwrap();
    fs::write(&stale, "x").unwrap();
    let error = example(folder.path()).unwrap_err();
    assert!(matches!(error, LabError::NotOurs { .. }), "{error}");
    assert!(stale.exists(), "a folder that is not ours is left alone");
    fs::write(folder.path().join("contoso.truth.json"), "{}").unwrap();
    example(folder.path()).unwrap();
    assert!(!stale.exists());
}

#[test]
fn it_stays_small() {
    let (folder, _) = fresh();
    let size: usize = tree(folder.path()).values().map(Vec::len).sum();
    assert!(size < 2_000_000, "{size} bytes");
}

/// The audit records of each of the three exports.
fn audit(texts: &BTreeMap<String, String>) -> [Vec<Value>; 3] {
    let table = |text: &str, header: &str| {
        assert_eq!(text.lines().next().unwrap(), header);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let column = reader.headers().unwrap().iter().position(|name| name == "AuditData").unwrap();
        reader.records().map(|row| serde_json::from_str(&row.unwrap()[column]).unwrap()).collect::<Vec<Value>>()
    };
    let purview = table(
        only(texts, "contoso/audit/AuditLog_"),
        "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames",
    );
    let search = table(
        only(texts, "contoso/audit/UAL-"),
        r#""RecordType","CreationDate","UserIds","Operations","AuditData","ResultIndex","ResultCount","Identity","IsValid","ObjectState""#,
    );
    let lines =
        only(texts, "contoso/audit/auditdata-").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    [purview, search, lines]
}

#[test]
fn every_format_parses_and_the_counts_add_up() {
    let (folder, summary) = fresh();
    let texts = texts(folder.path());
    let parts = audit(&texts);
    let rows: usize = parts.iter().map(Vec::len).sum();
    let ids: Vec<BTreeSet<String>> = parts
        .iter()
        .map(|part| part.iter().map(|record| record["Id"].as_str().unwrap().to_owned()).collect())
        .collect();
    let distinct: BTreeSet<&String> = ids.iter().flatten().collect();
    assert_eq!((rows, distinct.len()), (summary.audit_rows, summary.audit_records));
    assert!(ids[0].intersection(&ids[1]).count() > 20, "first and second export overlap");
    assert!(ids[1].intersection(&ids[2]).count() > 20, "second and third export overlap");
    assert!(parts[1].len() > ids[1].len(), "pages of the second export overlap");
    assert_eq!(parts[0].len(), ids[0].len());
    assert_eq!(parts[2].len(), ids[2].len());

    let sign_ins: Value = serde_json::from_str(only(&texts, "contoso/entra/SignInLogs")).unwrap();
    assert_eq!(sign_ins["value"].as_array().unwrap().len(), summary.sign_ins);
    let trace: Value = serde_json::from_str(only(&texts, "contoso/mail/MessageTraceV2")).unwrap();
    let keys: BTreeSet<(String, String)> = trace
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["MessageTraceId"].to_string(), row["RecipientAddress"].to_string()))
        .collect();
    assert_eq!(keys.len(), summary.message_rows, "one row per message and recipient");
    let events: Vec<Value> =
        only(&texts, "contoso/mail/EmailEvents").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), summary.email_events);
    for event in &events {
        let row = &event["properties"];
        assert!(keys.contains(&(row["NetworkMessageId"].to_string(), row["RecipientEmailAddress"].to_string())));
    }
    let with = |column: &str, value: &str| events.iter().filter(|event| event["properties"][column] == value).count();
    assert!(with("Connectors", "Hybrid relay 02") > 300 && with("Connectors", "Contoso on-premises relay") > 300);
    let forwarded = with("RecipientEmailAddress", "ap.archive@freemail.example");
    let files = only(&texts, "contoso/mail/EmailAttachmentInfo").lines().filter(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        row["properties"]["RecipientEmailAddress"] == "ap.archive@freemail.example"
    });
    assert!(forwarded > 10 && files.count() == forwarded, "every invoice left with its file");
    for cmdlet in ["AcceptedDomain", "BlockedConnector", "InboundConnector", "InboxRule", "Mailbox", "TransportRule"] {
        let objects: Value =
            serde_json::from_str(only(&texts, &format!("contoso/exchange/Get-{cmdlet}.json"))).unwrap();
        assert!(!objects.as_array().unwrap().is_empty(), "{cmdlet}");
    }
}

#[test]
fn every_record_lies_inside_the_two_months() {
    let (folder, _) = fresh();
    for record in audit(&texts(folder.path())).iter().flatten() {
        let time = record["CreationTime"].as_str().unwrap();
        assert!(("2026-03-02".."2026-05-01").contains(&time), "{time}");
        assert!(!time.ends_with('Z'), "audit times do not name their zone");
    }
}

#[test]
fn the_truth_names_objects_that_occur() {
    let (folder, summary) = fresh();
    let texts = texts(folder.path());
    let records: Vec<Value> = audit(&texts).into_iter().flatten().collect();
    let truth: Value = serde_json::from_str(&texts["contoso.truth.json"]).unwrap();
    let cases = truth["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    assert_eq!(summary.cases.len(), 4);
    let mut verdicts: Vec<(&str, &str)> = Vec::new();
    for case in cases {
        let kind = case["kind"].as_str().unwrap();
        let malicious = if case["classification"] == "truePositive" { "malicious" } else { "harmless" };
        verdicts.push((kind, malicious));
        assert_eq!(case["entity"], case["entities"][0]);
        for entity in case["entities"].as_array().unwrap() {
            let (noun, name) = (entity["type"].as_str().unwrap(), entity["name"].as_str().unwrap());
            let found = records.iter().find(|record| {
                let operation = record["Operation"].as_str().unwrap();
                let fits = match noun {
                    "MailboxForwarding" => operation == "Set-Mailbox",
                    noun => operation.ends_with(noun),
                };
                fits && record["UserId"] == case["actor"] && {
                    let parameters = record["Parameters"].to_string();
                    let alias = name.split('@').next().unwrap();
                    parameters.contains(&format!("\"{name}\"")) || parameters.contains(&format!("/{alias}\""))
                }
            });
            assert!(found.is_some(), "{noun} {name} by {} does not occur", case["actor"]);
        }
        let main =
            records.iter().find(|record| record["CreationTime"] == case["time"] && record["UserId"] == case["actor"]);
        assert!(main.is_some(), "no record at {}", case["time"]);
        let trace = only(&texts, "contoso/mail/MessageTraceV2");
        for target in case["forward_targets"].as_array().unwrap() {
            assert!(trace.contains(&format!("\"RecipientAddress\":{target}")), "{target} received nothing");
        }
    }
    verdicts.sort_unstable();
    assert_eq!(
        verdicts,
        [
            ("connector", "harmless"),
            ("connector", "malicious"),
            ("forwarding", "harmless"),
            ("forwarding", "malicious")
        ]
    );
}

#[test]
fn the_stolen_sessions_tie_sign_in_and_change_together() {
    let (folder, _) = fresh();
    let texts = texts(folder.path());
    let sign_ins: Value = serde_json::from_str(only(&texts, "contoso/entra/SignInLogs")).unwrap();
    let changes: Vec<Value> = audit(&texts)
        .into_iter()
        .flatten()
        .filter(|record| {
            record["RecordType"] == 1 && record["ClientIP"].as_str().is_some_and(|ip| ip.starts_with("203.0.113."))
        })
        .collect();
    let operations: BTreeSet<&str> = changes.iter().map(|record| record["Operation"].as_str().unwrap()).collect();
    assert_eq!(
        operations,
        BTreeSet::from([
            "New-InboundConnector",
            "New-InboxRule",
            "New-TransportRule",
            "Remove-InboundConnector",
            "Remove-TransportRule",
        ])
    );
    for change in &changes {
        let entry = sign_ins["value"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["sessionId"] == change["SessionId"])
            .unwrap();
        assert_eq!(entry["status"]["errorCode"], 0);
        assert_eq!(entry["authenticationRequirement"], "singleFactorAuthentication");
        assert_ne!(entry["riskLevelDuringSignIn"], "none");
        let (host, _port) = change["ClientIP"].as_str().unwrap().rsplit_once(':').unwrap();
        assert_eq!(entry["ipAddress"], host);
    }
}

/// Dotted quads that are addresses: not inside a longer number and not the version in a user agent.
fn addresses(text: &str) -> BTreeSet<Ipv4Addr> {
    let part = |c: char| c.is_ascii_digit() || c == '.';
    let mut found = BTreeSet::new();
    let mut before = ' ';
    let mut rest = text;
    while let Some(start) = rest.find(part) {
        before = rest[..start].chars().next_back().unwrap_or(before);
        let word = &rest[start..];
        let end = word.find(|c| !part(c)).unwrap_or(word.len());
        let version = before == '/' || before == '(';
        if let (false, Ok(address)) = (version, word[..end].trim_matches('.').parse()) {
            found.insert(address);
        }
        before = word[..end].chars().next_back().unwrap_or(' ');
        rest = &word[end..];
    }
    found
}

#[test]
fn only_documentation_addresses_occur() {
    let (folder, _) = fresh();
    let allowed =
        |address: &Ipv4Addr| matches!(address.octets(), [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _]);
    let mut seen = BTreeSet::new();
    for (name, text) in texts(folder.path()) {
        for address in addresses(&text) {
            assert!(allowed(&address) || (name == "README.md" && address.octets()[3] == 0), "{name}: {address}");
            seen.insert(address);
        }
        for word in text.split(|c: char| !(c.is_ascii_hexdigit() || c == ':')) {
            if word.matches(':').count() >= 2
                && let Ok(address) = word.parse::<Ipv6Addr>()
            {
                assert!(address.segments()[..2] == [0x2001, 0xdb8], "{name}: {address}");
            }
        }
    }
    assert!(seen.len() > 40, "the scan found only {} addresses", seen.len());
}

#[test]
fn only_reserved_domains_occur() {
    let (folder, _) = fresh();
    let mut seen = BTreeSet::new();
    for (name, text) in texts(folder.path()) {
        let texts = text.to_lowercase();
        for mark in ["@", "://"] {
            for (at, _) in texts.match_indices(mark) {
                let after = &texts[at + mark.len()..];
                let end =
                    after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).unwrap_or(after.len());
                let domain = after[..end].trim_end_matches('.');
                // `Received@data.type` and the like name a type.
                if domain.contains('.') && domain != "data.type" {
                    assert!(domain.ends_with(".example"), "{name}: {domain}");
                    seen.insert(domain.to_owned());
                }
            }
        }
        for end in [".com", ".net", ".org", ".onmicrosoft.", ".uk", ".de", ".io"] {
            for (at, _) in texts.match_indices(end) {
                let after = &texts[at + end.len()..];
                let goes_on = after.starts_with(|c: char| c.is_ascii_alphanumeric());
                assert!(goes_on, "{name}: something ends in {end} near {:?}", texts.get(at.saturating_sub(30)..at + 6));
            }
        }
    }
    assert!(seen.contains("contoso.example") && seen.contains("freemail.example"));
}
