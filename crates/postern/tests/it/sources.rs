//! What a verdict may rest on: a question whose deciding source is not loaded is missing, in whatever form the rest came.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{list, postern, report, text};

fn lines(path: &Path, records: &[Value]) {
    fs::write(path, records.iter().map(|record| format!("{record}\n")).collect::<String>()).unwrap();
}

/// The n-th record of an audit log: a day later each.
fn record(n: u32, operation: &str, more: Value) -> Value {
    let mut record = json!({
        "CreationTime": format!("2026-0{}-{:02}T09:00:00", 3 + n / 28, 1 + n % 28),
        "Id": format!("00000000-0000-4000-8000-{n:012}"),
        "Operation": operation,
        "OrganizationId": "11111111-1111-4111-8111-111111111111",
        "ResultStatus": "Succeeded", "UserKey": "k", "UserType": 0, "Version": 1, "Workload": "Exchange",
        "ClientIP": "198.51.100.7", "UserId": "ann@contoso.example",
    });
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

fn sign_in(n: u32) -> Value {
    record(n, "UserLoggedIn", json!({"RecordType": 15, "Workload": "AzureActiveDirectory", "ResultStatus": "Success"}))
}

fn findings(report: &Value) -> Vec<&str> {
    list(report, "cases").iter().flat_map(|case| list(case, "findings")).map(|finding| text(finding, "id")).collect()
}

#[test]
fn sign_ins_alone_do_not_show_that_a_forward_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = json!([{
        "UserPrincipalName": "ann@contoso.example", "PrimarySmtpAddress": "ann@contoso.example", "Identity": "ann",
        "DisplayName": "Ann", "ForwardingSmtpAddress": "smtp:drop@mail.example", "ForwardingAddress": null,
        "DeliverToMailboxAndForward": false,
    }]);
    fs::write(folder.path().join("mailbox.json"), mailbox.to_string()).unwrap();
    let log = folder.path().join("audit.ndjson");
    lines(&log, &(0..60).map(sign_in).collect::<Vec<_>>());
    let without = report(&[folder.path()]);
    assert!(!findings(&without).contains(&"older-than-log"), "{without}");
    let asked = "Does it stand unchanged since before the log begins?";
    assert!(list(&list(&without, "cases")[0], "missing").iter().any(|m| text(m, "question") == asked), "{without}");
    // Changes of mailboxes would stand beside other changes of the mail service.
    let change = |n| record(n, "Set-MailboxPlan", json!({"RecordType": 1, "Parameters": []}));
    lines(&log, &(0..60).map(change).collect::<Vec<_>>());
    assert!(findings(&report(&[folder.path()])).contains(&"older-than-log"));
}

#[test]
fn sign_ins_alone_do_not_show_a_first_change_of_an_administrator() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit.ndjson");
    let made = record(
        40,
        "New-InboundConnector",
        json!({"RecordType": 1, "UserType": 2, "ObjectId": "Relay", "Parameters": [
            {"Name": "Name", "Value": "Relay"},
            {"Name": "ConnectorType", "Value": "OnPremises"},
            {"Name": "SenderDomains", "Value": "*"},
        ]}),
    );
    let mut records: Vec<Value> = (0..30).map(sign_in).collect();
    records.push(made);
    lines(&log, &records);
    let without = report(&[&log]);
    assert_eq!(list(&without, "cases").len(), 1, "{without}");
    assert!(!findings(&without).contains(&"first-configuration"), "{without}");
    records[0] = record(0, "Set-MailboxPlan", json!({"RecordType": 1, "UserId": "else@contoso.example"}));
    lines(&log, &records);
    assert!(findings(&report(&[&log])).contains(&"first-configuration"));
}

#[test]
fn a_rule_made_in_outlook_is_read_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit.ndjson");
    let mut properties = json!([
        {"Name": "RuleOperation", "Value": "AddMailboxRule"},
        {"Name": "RuleId", "Value": "-123"},
        {"Name": "RuleState", "Value": "Enabled"},
        {"Name": "RuleCondition", "Value": "{(SubString IgnoreCase(SubjectProperty)=invoice)}"},
        {"Name": "RuleName", "Value": ".."},
        {"Name": "RuleActions", "Value":
            "[{\"ActionType\":\"Forward\",\"Recipients\":[\"drop@mail.example\"],\"ForwardFlags\":\"None\"}]"},
    ]);
    let investigated = |properties: &Value| {
        let more = json!({
            "RecordType": 2, "LogonType": 0, "MailboxOwnerUPN": "ann@contoso.example", "OperationProperties": properties,
        });
        lines(&log, &[sign_in(0), record(5, "UpdateInboxRules", more)]);
        report(&[&log])
    };
    let named = investigated(&properties);
    let case = &list(&named, "cases")[0];
    assert_eq!(case["forward_targets"], json!(["drop@mail.example"]));
    assert_eq!(case["entity"], json!({"type": "InboxRule", "name": "..", "mailbox": "ann@contoso.example"}));
    for id in ["name-hides", "diverts-money-or-secrets", "target-external"] {
        assert!(findings(&named).contains(&id), "{id}: {case}");
    }
    // A name that the record leaves out is not an empty name.
    properties[4] = json!({"Name": "RuleName"});
    let nameless = investigated(&properties);
    assert!(
        findings(&nameless).contains(&"target-external") && !findings(&nameless).contains(&"name-hides"),
        "{nameless}"
    );
}

#[test]
fn a_connector_made_by_hand_is_not_the_wizards() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connectors.json");
    let connector = |source: &str, name: &str| {
        json!([{
            "Name": name, "Identity": name, "Enabled": true, "ConnectorType": "OnPremises", "ConnectorSource": source,
            "SenderDomains": ["smtp:*;1"], "SenderIPAddresses": [], "RestrictDomainsToIPAddresses": false,
            "RestrictDomainsToCertificate": false, "RequireTls": false, "TlsSenderCertificateName": null,
            "CloudServicesMailEnabled": true, "TreatMessagesAsInternal": false,
        }])
    };
    let wizards = "Inbound from 0a1b2c3d-0000-4000-8000-000000000001";
    // `Default` is what the service writes for a connector made by hand.
    for (source, name, by_source, by_name) in
        [("Default", "Relay", false, false), ("Default", wizards, false, true), ("HybridWizard", "Relay", true, false)]
    {
        fs::write(&file, connector(source, name).to_string()).unwrap();
        let report = report(&[&file]);
        assert_eq!(findings(&report).contains(&"hybrid-wizard"), by_source, "{source} {name}: {report}");
        assert_eq!(findings(&report).contains(&"hybrid-name"), by_name, "{source} {name}: {report}");
    }
}

#[test]
fn what_a_change_does_not_name_is_not_known_to_be_open() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit.ndjson");
    let change = |parameters: &[(&str, &str)]| {
        let parameters: Vec<Value> =
            parameters.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
        let more = json!({"RecordType": 1, "UserType": 2, "ObjectId": "Relay", "Parameters": parameters});
        lines(&log, &[sign_in(0), record(40, "Set-InboundConnector", more)]);
        report(&[&log])
    };
    let part = change(&[("Identity", "Relay"), ("ConnectorType", "OnPremises"), ("Enabled", "True")]);
    assert_eq!(list(&part, "cases").len(), 1, "{part}");
    assert!(!findings(&part).contains(&"opens-to-everybody"), "{part}");
    let addresses =
        change(&[("Identity", "Relay"), ("ConnectorType", "OnPremises"), ("SenderIPAddresses", "203.0.113.9")]);
    assert!(!findings(&addresses).contains(&"opens-relay"), "{addresses}");
    let whole = change(&[
        ("Identity", "Relay"),
        ("ConnectorType", "OnPremises"),
        ("SenderDomains", "*"),
        ("SenderIPAddresses", ""),
        ("RestrictDomainsToIPAddresses", "False"),
    ]);
    assert!(findings(&whole).contains(&"opens-to-everybody"), "{whole}");
}

/// An inbox rule of an account that forwards.
fn forward(n: u32, user: &str, target: &str) -> Value {
    let parameters = json!([{"Name": "Name", "Value": "to the desk"}, {"Name": "ForwardTo", "Value": target}]);
    let object = format!("{}\\to the desk", user.split('@').next().unwrap());
    record(n, "New-InboxRule", json!({"RecordType": 1, "UserId": user, "ObjectId": object, "Parameters": parameters}))
}

#[test]
fn several_mailboxes_are_several_owners() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit.ndjson");
    let target = "drop@mail.example";
    let own = forward(40, "ann@contoso.example", target);
    // A mail flow rule has no mailbox, and a mailbox in other letters is the same one.
    let parameters = json!([{"Name": "Name", "Value": "copies"}, {"Name": "BlindCopyTo", "Value": target}]);
    let flow =
        record(41, "New-TransportRule", json!({"RecordType": 1, "ObjectId": "copies", "Parameters": parameters}));
    let parameters = json!([{"Name": "Identity", "Value": "ANN@contoso.example"}, {"Name": "ForwardingSmtpAddress", "Value": "smtp:drop@mail.example"}]);
    let mailbox = record(
        42,
        "Set-Mailbox",
        json!({"RecordType": 1, "ObjectId": "ANN@contoso.example", "Parameters": parameters}),
    );
    lines(&log, &[sign_in(0), own.clone(), flow, mailbox]);
    let one = report(&[&log]);
    assert!(!findings(&one).contains(&"target-shared-burst"), "{one}");
    lines(&log, &[sign_in(0), own, forward(41, "ben@contoso.example", target)]);
    assert!(findings(&report(&[&log])).contains(&"target-shared-burst"));
}

#[test]
fn configuration_alone_does_not_show_how_long_a_target_is_shared() {
    let folder = tempfile::tempdir().unwrap();
    let mailboxes: Vec<Value> = ["ann", "ben", "cid"]
        .iter()
        .map(|name| {
            json!({
                "UserPrincipalName": format!("{name}@contoso.example"), "Identity": name, "DisplayName": name,
                "PrimarySmtpAddress": format!("{name}@contoso.example"),
                "ForwardingSmtpAddress": "smtp:drop@mail.example", "ForwardingAddress": null,
                "DeliverToMailboxAndForward": false,
            })
        })
        .collect();
    fs::write(folder.path().join("mailboxes.json"), json!(mailboxes).to_string()).unwrap();
    let alone = report(&[folder.path()]);
    assert!(!list(&alone, "cases").is_empty());
    assert!(!findings(&alone).contains(&"target-shared-long"), "{alone}");
    let change = |n| record(n, "Set-MailboxPlan", json!({"RecordType": 1, "Parameters": []}));
    lines(&folder.path().join("audit.ndjson"), &(0..20).map(change).collect::<Vec<_>>());
    let with = report(&[folder.path()]);
    assert!(findings(&with).contains(&"target-shared-long"), "{with}");
}

#[test]
fn the_owners_name_in_a_domain_made_to_deceive_is_no_excuse() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit.ndjson");
    for (target, excused) in [
        ("ann.smith@mail.example", true),
        ("ann.smith@c0ntoso.example", false),
        ("ann.smith@mail.example;drop@else.example", false),
    ] {
        lines(&log, &[sign_in(0), forward(40, "ann.smith@contoso.example", target)]);
        let report = report(&[&log]);
        assert_eq!(findings(&report).contains(&"target-own-name"), excused, "{target}: {report}");
    }
}

#[test]
fn a_store_alone_has_its_totals() {
    let folder = tempfile::tempdir().unwrap();
    let (log, store) = (folder.path().join("audit.ndjson"), folder.path().join("store"));
    lines(&log, &[sign_in(0), sign_in(1), sign_in(1)]);
    let (log, store) = (log.to_str().unwrap(), store.to_str().unwrap());
    postern(["ingest", log, "--data", store]).worked();
    let ingest = &postern(["investigate", "--data", store, "--json", "-"]).worked().json()["ingest"];
    assert_eq!(ingest["audit_records_unique"], 2, "{ingest}");
    assert_eq!(ingest["audit_rows_total"], 0, "{ingest}");
}
