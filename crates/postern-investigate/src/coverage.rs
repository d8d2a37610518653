//! What the loaded evidence holds and what it lacks, table by table.

use postern_model::report::{Coverage, CoverageGrade, Span};
use postern_model::time::{TICKS_PER_SECOND, Ticks};

use crate::ask::Evidences;
use crate::changes::time;
use crate::params::Params;

/// Tables that the playbooks ask, with what their absence means.
const WANTED: [(&str, &str); 11] = [
    ("AuditRecords", "Without the unified audit log nobody can say who changed what and from where."),
    ("EntraIdSignInEvents", "Without sign-in logs the place, device and risk of an account's sign-ins are not known."),
    ("EmailEvents", "Without mail events or a message trace the use of a forward or connector is not known."),
    ("AcceptedDomain", "Without the accepted domains inside and outside are judged by the accounts' domains."),
    ("InboxRule", "Without exported inbox rules, hidden rules and rules older than the log are not seen."),
    ("MailboxForwarding", "Without exported mailboxes, forwarding older than the log is not seen."),
    ("TransportRule", "Without exported mail flow rules, rules older than the log are not seen."),
    (
        "InboundConnector",
        "Without exported connectors, the values before a change are known from earlier records alone.",
    ),
    ("BlockedConnector", "Without the list of blocked connectors a block is known from alerts alone."),
    ("IdentityInfo", "Without the directory, aliases and names are resolved from other records alone."),
    ("AlertInfo", "Without the vendor's alerts its own view is known from the audit log alone."),
];

const DAYS: &str = "AuditRecords | summarize Count = count() by Day = bin(Timestamp, 1d) | order by Day asc";
const TYPES: &str = "AuditRecords | summarize Count = count() by RecordType";

/// The coverage of every wanted or filled table.
pub async fn coverage(evidences: &Evidences<'_>) -> Vec<Coverage> {
    let snapshot = evidences.catalog.snapshot();
    let mut rows: Vec<Coverage> = Vec::new();
    for summary in snapshot.summaries() {
        rows.push(Coverage {
            table: summary.table.clone(),
            from: summary.span.map(|s| s.0),
            to: summary.span.map(|s| s.1),
            rows: summary.rows,
            grade: CoverageGrade::Complete,
            gaps: Vec::new(),
            why: Vec::new(),
        });
    }
    let trace = snapshot.rows("MessageTrace") > 0;
    let audit_signins = types(evidences).await;
    for (table, without) in WANTED {
        if rows.iter().any(|r| r.table == table) {
            continue;
        }
        let mut row = Coverage {
            table: table.to_owned(),
            from: None,
            to: None,
            rows: 0,
            grade: CoverageGrade::Absent,
            gaps: Vec::new(),
            why: vec![without.to_owned()],
        };
        if table == "EmailEvents" && trace {
            row.grade = CoverageGrade::Partial;
            row.why = vec![
                "Derived from the message trace: no header sender, connector, threat or authentication.".to_owned(),
            ];
        }
        if table == "EntraIdSignInEvents" && audit_signins.contains(&15) {
            row.grade = CoverageGrade::Partial;
            row.why = vec!["Derived from the audit log: no location, risk or device state.".to_owned()];
        }
        rows.push(row);
    }
    if let Some(audit) = rows.iter_mut().find(|r| r.table == "AuditRecords" && r.rows > 0) {
        for (kind, what) in [
            (1, "no Exchange administration records (RecordType 1): rules, forwarding and connectors are not seen"),
            (15, "no sign-in records (RecordType 15)"),
            (8, "no directory records (RecordType 8): consents, roles and sign-in methods are not seen"),
            (50, "no MailItemsAccessed records (RecordType 50): what was read is not seen"),
        ] {
            if !audit_signins.contains(&kind) {
                audit.grade = CoverageGrade::Partial;
                audit.why.push(what.to_owned());
            }
        }
        for gap in gaps(evidences).await {
            audit.grade = CoverageGrade::Partial;
            audit.gaps.push(gap);
        }
        if !audit.gaps.is_empty() {
            audit.why.push("There are days without a single record.".to_owned());
        }
    }
    rows.sort_by(|a, b| a.table.cmp(&b.table));
    rows
}

async fn types(evidences: &Evidences<'_>) -> Vec<i64> {
    let Ok(result) = evidences.run(TYPES, &Params::default(), 1000).await else { return Vec::new() };
    result.objects().iter().filter_map(|row| row.get("RecordType")?.as_i64()).collect()
}

async fn gaps(evidences: &Evidences<'_>) -> Vec<Span> {
    let Ok(result) = evidences.run(DAYS, &Params::default(), 10_000).await else { return Vec::new() };
    let day = 24 * 3600 * TICKS_PER_SECOND;
    let days: Vec<Ticks> = result.objects().iter().filter_map(|row| time(row, "Day")).collect();
    // Two weeks at least, and most days filled: otherwise single days say nothing.
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Vec::new() };
    let length = (last.0 - first.0) / day + 1;
    if length < 14 || (days.len() as i64) * 2 < length {
        return Vec::new();
    }
    days.windows(2)
        .filter_map(|pair| match pair {
            [a, b] if b.0 - a.0 > 2 * day => Some(Span { from: Some(Ticks(a.0 + day)), to: Some(Ticks(b.0 - 1)) }),
            _ => None,
        })
        .collect()
}
