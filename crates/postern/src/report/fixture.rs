//! Reports made by hand for the tests of the renderers.

use std::collections::BTreeMap;

use postern_model::account::{FileAccount, IngestAccount, NOT_RECOGNISED, Reject};
use postern_model::report::*;
use postern_model::time::Ticks;
use serde_json::{Map, Value, json};

fn at(text: &str) -> Option<Ticks> {
    Ticks::parse_iso(text)
}

fn row(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn entity(kind: EntityType, name: &str, mailbox: &str) -> Entity {
    Entity { kind, name: name.to_owned(), mailbox: mailbox.to_owned() }
}

fn finding(id: &str, question: &str, answer: &str, weight: f64, evidence: Vec<Evidence>) -> Finding {
    let supports = match weight {
        w if w > 0.0 => Supports::Malicious,
        w if w < 0.0 => Supports::Benign,
        _ => Supports::Neutral,
    };
    Finding { id: id.to_owned(), question: question.to_owned(), answer: answer.to_owned(), supports, weight, evidence }
}

fn evidence(table: &str, query: &str, rows: Vec<Value>) -> Evidence {
    let sources = (0..rows.len() as u64).map(|n| Source { file: "audit.csv".to_owned(), position: 120 + n }).collect();
    Evidence {
        table: table.to_owned(),
        query: query.to_owned(),
        count: rows.len() as u64,
        rows: rows.into_iter().map(row).collect(),
        sources,
    }
}

fn action(
    order: u32,
    kind: ActionKind,
    target: &str,
    why: &str,
    command: &str,
    undo: &str,
    reversible: bool,
) -> Action {
    Action {
        kind,
        target: target.to_owned(),
        why: why.to_owned(),
        order,
        command: command.to_owned(),
        undo: undo.to_owned(),
        reversible,
    }
}

fn forwarding() -> Case {
    let mailbox = "dana.moss@contoso.example";
    let rule_query = "let mailbox = 'dana.moss@contoso.example';\nAuditRecords\n| where Operation in ('New-InboxRule', 'Set-InboxRule')\n| where UserId =~ mailbox\n| project CreationTime, Operation, UserId, ClientIP, ParameterBag";
    let sign_in_query = "let mailbox = 'dana.moss@contoso.example';\nEntraIdSignInEvents\n| where AccountUpn =~ mailbox\n| summarize FirstSeen = min(Timestamp) by IPAddress, Country\n| order by FirstSeen asc";
    let main = entity(EntityType::InboxRule, "invoices", mailbox);
    Case {
        id: "case-1".to_owned(),
        kind: CaseKind::Forwarding,
        title: "Invoices of dana.moss@contoso.example forwarded to a stranger, replies deleted".to_owned(),
        summary: "An inbox rule sends mail with the words invoice and payment to an address outside the organisation; two minutes later a second rule without a name deletes what the first would give away. Both were made from an address that this account had never used, after eleven failed sign-ins.".to_owned(),
        entity: main.clone(),
        entities: vec![
            GradedEntity { entity: main, classification: Classification::TruePositive },
            GradedEntity { entity: entity(EntityType::InboxRule, "", mailbox), classification: Classification::TruePositive },
            GradedEntity { entity: entity(EntityType::MailboxForwarding, mailbox, mailbox), classification: Classification::Unknown },
        ],
        actor: mailbox.to_owned(),
        forward_targets: vec!["d.moss.archive@mail.example".to_owned()],
        classification: Classification::TruePositive,
        determination: Determination::CompromisedAccount,
        confidence: 0.987,
        score: 31.4,
        findings: vec![
            finding("rule-content", "What does the rule do?", "Forwards mail that speaks of invoices and payments to d.moss.archive@mail.example, and stops further rules.", 14.0, vec![evidence("AuditRecords", rule_query, vec![
                json!({"CreationTime": "2026-06-15T10:09:55.0000000Z", "Operation": "New-InboxRule", "UserId": mailbox, "ClientIP": "203.0.113.77", "ParameterBag": {"Name": "invoices", "ForwardTo": "d.moss.archive@mail.example", "SubjectOrBodyContainsWords": "invoice;payment", "StopProcessingRules": "True"}}),
                json!({"CreationTime": "2026-06-15T10:11:58.0000000Z", "Operation": "New-InboxRule", "UserId": mailbox, "ClientIP": "203.0.113.77", "ParameterBag": {"Name": "", "From": "d.moss.archive@mail.example", "DeleteMessage": "True"}}),
            ])]),
            finding("new-place", "Was the actor's address new to this account?", "203.0.113.77 (Atlantis) was first seen 14 minutes before the rule; 41 days of sign-ins show two other addresses.", 9.5, vec![evidence("EntraIdSignInEvents", sign_in_query, vec![
                json!({"IPAddress": "192.0.2.14", "Country": "NL", "FirstSeen": "2026-05-04T07:02:11.4410000Z"}),
                json!({"IPAddress": "192.0.2.90", "Country": "NL", "FirstSeen": "2026-05-11T18:40:02.0000000Z"}),
                json!({"IPAddress": "203.0.113.77", "Country": "AT", "FirstSeen": "2026-06-15T09:55:41.0000000Z"}),
            ])]),
            finding("failed-burst", "Were there failed sign-ins before?", "Eleven failures within six minutes from 203.0.113.77, then a success.", 6.0, vec![evidence("EntraIdSignInEvents", "EntraIdSignInEvents | where ErrorCode != 0", vec![json!({"Failures": 11, "From": "2026-06-15T09:49:02.0000000Z", "To": "2026-06-15T09:54:50.0000000Z"})])]),
            finding("old-target", "Does anybody else forward to this target?", "Nobody else does; the target appears in no earlier message.", 3.4, Vec::new()),
            finding("usual-device", "Was it made from the account's usual device?", "The session shows a managed device.", -1.5, vec![evidence("EntraIdSignInEvents", sign_in_query, vec![json!({"DeviceName": "LT-0419", "IsManaged": true})])]),
            finding("accepted", "Which domains are the organisation's own?", "contoso.example and mail.contoso.example, by the accepted domains of the export.", 0.0, Vec::new()),
        ],
        missing: vec![
            Missing { question: "Was mail really forwarded?".to_owned(), why: "EmailEvents has no rows after 2026-06-15".to_owned(), needs: "A message trace or EmailEvents export of 2026-06-15 to 2026-06-30".to_owned() },
            Missing { question: "Was the mailbox read in bulk?".to_owned(), why: "No MailItemsAccessed records in the audit log".to_owned(), needs: "An audit export that includes MailItemsAccessed for this mailbox".to_owned() },
        ],
        flips: vec![Flip { condition: "A ticket shows that dana.moss asked for this archive and 203.0.113.77 is a known place of work".to_owned(), then: "informational, expected activity".to_owned() }],
        timeline: vec![
            TimelineEntry { time: at("2026-06-15T09:49:02Z"), what: "Eleven failed sign-ins from 203.0.113.77 begin".to_owned(), table: "EntraIdSignInEvents".to_owned() },
            TimelineEntry { time: at("2026-06-15T09:55:41Z"), what: "Sign-in succeeds from 203.0.113.77".to_owned(), table: "EntraIdSignInEvents".to_owned() },
            TimelineEntry { time: at("2026-06-15T10:09:55Z"), what: "Inbox rule “invoices” made: forwards to d.moss.archive@mail.example".to_owned(), table: "AuditRecords".to_owned() },
            TimelineEntry { time: at("2026-06-15T10:11:58Z"), what: "Inbox rule without a name made: deletes mail from the target".to_owned(), table: "AuditRecords".to_owned() },
            TimelineEntry { time: at("2026-06-16T06:30:00Z"), what: "First message forwarded".to_owned(), table: "EmailEvents".to_owned() },
        ],
        alerts: vec!["alert-1".to_owned(), "alert-2".to_owned()],
        actions: vec![
            action(1, ActionKind::DisableInboxRule, "“invoices” in dana.moss@contoso.example", "Stops the forwarding at once and keeps the rule as evidence.", "Disable-InboxRule -Mailbox 'dana.moss@contoso.example' -Identity 'invoices' -Confirm:$false", "Enable-InboxRule -Mailbox 'dana.moss@contoso.example' -Identity 'invoices'", true),
            action(2, ActionKind::RevokeSessions, mailbox, "The attacker holds a session.", "Revoke-MgUserSignInSession -UserId 'dana.moss@contoso.example'", "None: the user signs in again.", false),
            action(3, ActionKind::ResetPassword, mailbox, "The password is known to the attacker.", "Update-MgUser -UserId 'dana.moss@contoso.example' -PasswordProfile @{ Password = (New-Guid).Guid; ForceChangePasswordNextSignIn = $true }", "None: the old password must not come back.", false),
        ],
    }
}

fn connector() -> Case {
    let main = entity(EntityType::InboundConnector, "Relay for scanners", "");
    Case {
        id: "case-2".to_owned(),
        kind: CaseKind::Connector,
        title: "Inbound connector “Relay for scanners” opened to more addresses".to_owned(),
        summary: "The connector's list of sender addresses grew by one network. Who did it is known; whether it was planned is not.".to_owned(),
        entity: main.clone(),
        entities: vec![GradedEntity { entity: main, classification: Classification::Unknown }],
        actor: "admin@contoso.example".to_owned(),
        forward_targets: Vec::new(),
        classification: Classification::Unknown,
        determination: Determination::NotEnoughDataToValidate,
        confidence: 0.62,
        score: -2.1,
        findings: vec![
            finding("fields", "Which fields changed, and what do they open?", "SenderIPAddresses gained 198.51.100.0/24; nothing else changed.", 4.4, vec![evidence("AuditRecords", "AuditRecords | where Operation == 'Set-InboundConnector'", vec![json!({"CreationTime": "2026-06-20T13:05:00.0000000Z", "Operation": "Set-InboundConnector", "UserId": "admin@contoso.example"})])]),
            finding("usual-admin", "Is this the administrator who usually does it?", "admin@contoso.example made all 14 connector changes on record.", -6.5, Vec::new()),
        ],
        missing: vec![Missing { question: "Did the volume through the connector change?".to_owned(), why: "No EmailEvents".to_owned(), needs: "EmailEvents or a message trace of two weeks around the change".to_owned() }],
        flips: vec![Flip { condition: "198.51.100.0/24 is not the organisation's".to_owned(), then: "true positive".to_owned() }],
        timeline: vec![TimelineEntry { time: at("2026-06-20T13:05:00Z"), what: "Connector changed by admin@contoso.example".to_owned(), table: "AuditRecords".to_owned() }],
        alerts: vec!["alert-3".to_owned()],
        actions: vec![action(1, ActionKind::ReviewAdminActivity, "admin@contoso.example", "See what else was changed that day.", "Search-UnifiedAuditLog -StartDate '2026-06-20' -EndDate '2026-06-21' -UserIds 'admin@contoso.example'", "Nothing to undo.", true)],
    }
}

/// Two cases, three alerts, files of every fate.
pub(crate) fn report() -> Report {
    let cases = vec![forwarding(), connector()];
    let alert = |id: &str, title: &str, severity, time: &str, entity: &Entity| Alert {
        id: id.to_owned(),
        detection: "3d0f9a52-0f3c-4a54-9c0e-5a8a4f2b7c11".to_owned(),
        title: title.to_owned(),
        severity,
        time: at(time),
        entities: vec![entity.clone()],
        techniques: vec!["T1114.003".to_owned()],
    };
    let coverage = |table: &str, from: Option<&str>, to: Option<&str>, rows, grade, why: &[&str]| Coverage {
        table: table.to_owned(),
        from: from.and_then(at),
        to: to.and_then(at),
        rows,
        grade,
        gaps: if grade == CoverageGrade::Partial {
            vec![Span { from: at("2026-06-01"), to: at("2026-06-04") }]
        } else {
            Vec::new()
        },
        why: why.iter().map(|w| (*w).to_owned()).collect(),
    };
    Report {
        postern: "0.1.0".to_owned(),
        evidence: Span { from: at("2026-05-01T06:00:00Z"), to: at("2026-06-30T21:14:09Z") },
        ingest: IngestAccount {
            files: vec![
                FileAccount {
                    path: "export/audit.csv".to_owned(),
                    format: "Purview audit search CSV".to_owned(),
                    encoding: "utf-8".to_owned(),
                    records: 12_842,
                    rows: BTreeMap::from([("AuditRecords".to_owned(), 12_259)]),
                    duplicates: 580,
                    rejected: vec![
                        Reject {
                            position: 77,
                            reason: "the quote opened in column `AuditData` is never closed".to_owned(),
                        },
                        Reject {
                            position: 4001,
                            reason: "`AuditData` is not JSON: unexpected end at character 812".to_owned(),
                        },
                        Reject { position: 4002, reason: "no `Id`".to_owned() },
                    ],
                    rejected_count: 3,
                    rejects_file: None,
                    from: at("2026-05-01T06:00:00Z"),
                    to: at("2026-06-30T21:14:09Z"),
                    notes: vec!["times without a zone are read as UTC".to_owned()],
                    records_by_table: BTreeMap::new(),
                },
                FileAccount {
                    path: "export/signins.json".to_owned(),
                    format: "Graph sign-ins JSON".to_owned(),
                    encoding: "utf-8, gzip".to_owned(),
                    records: 901,
                    rows: BTreeMap::from([("EntraIdSignInEvents".to_owned(), 901)]),
                    from: at("2026-05-04T07:02:11Z"),
                    to: at("2026-06-29T12:00:00Z"),
                    ..FileAccount::default()
                },
                FileAccount {
                    path: "export/notes.docx".to_owned(),
                    format: NOT_RECOGNISED.to_owned(),
                    notes: vec![
                        "begins with the bytes of a ZIP archive; archives of this kind are not read".to_owned(),
                    ],
                    ..FileAccount::default()
                },
            ],
            audit_rows_total: 12_842,
            audit_records_unique: 12_259,
            message_rows: 0,
            signins: 901,
            rejected_rows: 3,
        },
        coverage: vec![
            coverage(
                "AuditRecords",
                Some("2026-05-01T06:00:00Z"),
                Some("2026-06-30T21:14:09Z"),
                12_259,
                CoverageGrade::Partial,
                &["no records on three days that are not a weekend"],
            ),
            coverage(
                "EntraIdSignInEvents",
                Some("2026-05-04T07:02:11Z"),
                Some("2026-06-29T12:00:00Z"),
                901,
                CoverageGrade::Complete,
                &[],
            ),
            coverage("EmailEvents", None, None, 0, CoverageGrade::Absent, &["no file holds it"]),
        ],
        alerts: vec![
            alert(
                "alert-1",
                "Inbox rule forwards mail to d.moss.archive@mail.example",
                Severity::High,
                "2026-06-15T10:09:55Z",
                &cases[0].entities[0].entity,
            ),
            alert(
                "alert-2",
                "Inbox rule hides mail",
                Severity::Medium,
                "2026-06-15T10:11:58Z",
                &cases[0].entities[1].entity,
            ),
            alert("alert-3", "Inbound connector changed", Severity::Medium, "2026-06-20T13:05:00Z", &cases[1].entity),
        ],
        cases,
        problems: Vec::new(),
    }
}

/// Markup, terminal controls, direction overrides, formulas and quotes in every place that evidence can fill.
pub(crate) const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m",
    "gpj.\u{202e}exe\u{200b}\u{feff}",
    "=cmd|' /C calc'!A0",
    "'; Remove-Mailbox \u{2019}x\u{2019} #",
    "</style></pre>{{ 7*7 }}{% raw %}\r\nnext",
];

/// A report whose every string is hostile.
pub(crate) fn hostile() -> Report {
    let bad = HOSTILE.join(" | ");
    let mut report = report();
    for case in &mut report.cases {
        case.title.clone_from(&bad);
        case.summary.clone_from(&bad);
        case.actor.clone_from(&bad);
        case.entity.name.clone_from(&bad);
        case.forward_targets = vec![bad.clone()];
        for object in &mut case.entities {
            object.entity.name.clone_from(&bad);
            object.entity.mailbox.clone_from(&bad);
        }
        for finding in &mut case.findings {
            finding.question.clone_from(&bad);
            finding.answer.clone_from(&bad);
            for evidence in &mut finding.evidence {
                evidence.table.clone_from(&bad);
                evidence.query.clone_from(&bad);
                for row in &mut evidence.rows {
                    row.insert(bad.clone(), Value::String(bad.clone()));
                    row.insert("nested".to_owned(), json!({ (bad.as_str()): [bad.as_str()] }));
                }
                for source in &mut evidence.sources {
                    source.file.clone_from(&bad);
                }
            }
        }
        for missing in &mut case.missing {
            missing.needs.clone_from(&bad);
        }
        for step in &mut case.timeline {
            step.what.clone_from(&bad);
        }
        for action in &mut case.actions {
            action.target.clone_from(&bad);
            action.command.clone_from(&bad);
        }
    }
    for file in &mut report.ingest.files {
        file.path.clone_from(&bad);
        file.notes = vec![bad.clone()];
        for reject in &mut file.rejected {
            reject.reason.clone_from(&bad);
        }
    }
    for alert in &mut report.alerts {
        alert.title.clone_from(&bad);
    }
    report
}
