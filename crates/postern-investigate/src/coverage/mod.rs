//! What the loaded evidence holds and what it lacks, table by table.
//!
//! ```text
//! rhythm          silences that break a table's own rhythm
//! ceilings        files that hold exactly as much as their source gives
//! switched_off    times in which the vendor was told not to record
//! ```
//!
//! What is known to be lacking is a [`Hole`]. Where a question finds nothing and a hole lies at the time it asks about,
//! its answer is missing: nothing found is then no sign of anything.

mod ceilings;
mod rhythm;
mod switched_off;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use postern_kql::types::Const;
use postern_lake::{FileRecord, Lake, LakeError};
use postern_model::report::{Coverage, CoverageGrade, Span};
use postern_model::time::{TICKS_PER_SECOND, Ticks, UNIX_EPOCH_TICKS};

use crate::ask::Evidences;
use crate::catalog::catalog;
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

const TYPES: &str = "AuditRecords | summarize Count = count() by RecordType";

/// Stored rows by hour; the leading `_` leaves out what is derived.
const HOURS: &str = "| summarize Count = count() by Hour = bin(Timestamp, 1h) | order by Hour asc";

/// Column of tables that hold what was exported at one time, not what happened over time.
const SNAPSHOT_TIME: &str = "SnapshotTime";

const HOUR: i64 = 3600 * TICKS_PER_SECOND;
const DAY: i64 = 24 * HOUR;

/// Time before the first and after the last change for which a hole spoils an answer.
const NEAR: i64 = 3 * DAY;

/// Days that a table may begin later or end earlier than the audit log without a word.
const EDGE: i64 = 2 * DAY;

/// Share of hours with rows from which on a table's own beginning and end tell what it covers.
const STEADY: f64 = 0.2;

/// A time of which a table is known to lack rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Hole {
    /// The table.
    pub table: String,
    /// From when on; `None`: from the beginning.
    pub from: Option<Ticks>,
    /// Until when; `None`: to the end.
    pub to: Option<Ticks>,
    /// Why, in one sentence.
    pub why: String,
}

/// What is there and what is not.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Every wanted or filled table, by name.
    pub tables: Vec<Coverage>,
    /// What grading must know of.
    pub holes: Vec<Hole>,
}

impl Held {
    /// The first hole in one of these tables, or in one that they are computed from, near the changes that the values
    /// tell.
    pub fn hole_near(&self, evidences: &Evidences<'_>, tables: &[String], params: &Params) -> Option<&Hole> {
        if self.holes.is_empty() {
            return None;
        }
        let instant = |name: &str| match params.get(name) {
            Some(Const::DateTime(ticks)) => Some(*ticks),
            _ => None,
        };
        let from = instant("first_change")?.saturating_sub(NEAR);
        let to = instant("last_change")?.saturating_add(NEAR);
        let mut read: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = tables.iter().map(String::as_str).collect();
        while let Some(table) = open.pop() {
            let schema = evidences.catalog.snapshot().schemas().get(table.trim_start_matches('_'));
            if let Some(schema) = schema
                && read.insert(schema.name.as_str())
            {
                open.extend(schema.derived.iter().flat_map(|d| &d.from).map(String::as_str));
            }
        }
        self.holes.iter().find(|hole| {
            read.contains(hole.table.as_str())
                && hole.from.is_none_or(|h| h.0 <= to)
                && hole.to.is_none_or(|h| h.0 >= from)
        })
    }
}

/// What a store holds and lacks.
pub async fn coverage_of(lake: &Lake) -> Result<Held, LakeError> {
    let files = BTreeMap::new();
    let evidences = Evidences {
        catalog: Arc::new(catalog(lake).await?),
        files: &files,
        now: Ticks(UNIX_EPOCH_TICKS),
        asked: Mutex::default(),
        held: Held::default(),
    };
    Ok(coverage(&evidences, &lake.files().await?).await)
}

/// The coverage of every wanted or filled table.
pub async fn coverage(evidences: &Evidences<'_>, files: &[FileRecord]) -> Held {
    let snapshot = evidences.catalog.snapshot();
    let mut held = Held::default();
    let mut steady: BTreeSet<String> = BTreeSet::new();
    for summary in snapshot.summaries() {
        let mut row = Coverage {
            table: summary.table.clone(),
            from: summary.span.map(|s| s.0),
            to: summary.span.map(|s| s.1),
            rows: summary.rows,
            grade: CoverageGrade::Complete,
            gaps: Vec::new(),
            why: Vec::new(),
        };
        let rhythm = rhythm::rhythm(&hours(evidences, &summary.table).await);
        if rhythm.occupancy >= STEADY {
            steady.insert(summary.table.clone());
        }
        for silence in rhythm.silences {
            let (from, to) = (at_hour(silence.from), at_hour(silence.to));
            let why = format!(
                "no rows from {from} to {to}, where {:.0} hours with rows were to be expected",
                silence.expected
            );
            partly(&mut row, format!("There are {why}."));
            row.gaps.push(Span { from: Some(from), to: Some(to) });
            if rhythm.busy {
                held.holes.push(Hole { table: row.table.clone(), from: Some(from), to: Some(to), why });
            }
        }
        held.tables.push(row);
    }
    ceilings(evidences, files, &mut held).await;
    let trace = snapshot.rows("MessageTrace") > 0;
    let kinds = types(evidences).await;
    for (table, without) in WANTED {
        if held.tables.iter().any(|r| r.table == table) {
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
        if table == "EntraIdSignInEvents" && kinds.contains(&15) {
            row.grade = CoverageGrade::Partial;
            row.why = vec!["Derived from the audit log: no location, risk or device state.".to_owned()];
        }
        held.tables.push(row);
    }
    audit(evidences, &kinds, &mut held).await;
    edges(&steady, &mut held.tables);
    held.tables.sort_by(|a, b| a.table.cmp(&b.table));
    held
}

fn partly(row: &mut Coverage, why: String) {
    if row.grade == CoverageGrade::Complete {
        row.grade = CoverageGrade::Partial;
    }
    if !row.why.contains(&why) {
        row.why.push(why);
    }
}

/// Files at their ceiling, told of the tables they fill.
async fn ceilings(evidences: &Evidences<'_>, files: &[FileRecord], held: &mut Held) {
    for file in files {
        let Some(reached) = ceilings::reached(file) else { continue };
        for row in &mut held.tables {
            let filled = if reached.tables.is_empty() {
                let query = format!("_{} | where _File == {} | take 1", row.table, file.id);
                evidences.run(&query, &Params::default(), 1).await.is_ok_and(|result| result.rows() > 0)
            } else {
                reached.tables.contains(&row.table.as_str())
            };
            if filled {
                partly(row, reached.why.clone());
            }
        }
    }
}

/// What the audit log lacks by kind of record, and when it was switched off.
async fn audit(evidences: &Evidences<'_>, kinds: &[i64], held: &mut Held) {
    let Some(audit) = held.tables.iter_mut().find(|r| r.table == "AuditRecords" && r.rows > 0) else { return };
    for (kind, what) in [
        (1, "No Exchange administration records (RecordType 1): rules, forwarding and connectors are not seen."),
        (15, "No sign-in records (RecordType 15)."),
        (8, "No directory records (RecordType 8): consents, roles and sign-in methods are not seen."),
        (50, "No MailItemsAccessed records (RecordType 50): what was read is not seen."),
    ] {
        if !kinds.contains(&kind) {
            partly(audit, what.to_owned());
        }
    }
    for off in switched_off::switched_off(evidences).await {
        if off.all {
            audit.gaps.push(Span { from: off.from, to: off.to.or(audit.to) });
            let table = audit.table.clone();
            held.holes.push(Hole { table, from: off.from, to: off.to, why: off.why.trim_end_matches('.').to_owned() });
        }
        partly(audit, off.why);
    }
}

/// Tables with a row in most working hours that begin later or end earlier than the audit log.
fn edges(steady: &BTreeSet<String>, tables: &mut [Coverage]) {
    let audit = tables.iter().find(|r| r.table == "AuditRecords").map(|r| (r.from, r.to));
    let Some((Some(from), Some(to))) = audit else { return };
    for row in tables.iter_mut().filter(|row| row.table != "AuditRecords" && steady.contains(&row.table)) {
        if let Some(first) = row.from
            && first.0.saturating_sub(from.0) > EDGE
        {
            let days = (first.0 - from.0) / DAY;
            partly(row, format!("Begins {days} days after the audit log; what happened before it is not seen here."));
        }
        if let Some(last) = row.to
            && to.0.saturating_sub(last.0) > EDGE
        {
            let days = (to.0 - last.0) / DAY;
            partly(row, format!("Ends {days} days before the audit log; what happened after it is not seen here."));
        }
    }
}

fn at_hour(hour: i64) -> Ticks {
    Ticks(UNIX_EPOCH_TICKS.saturating_add(hour.saturating_mul(HOUR)))
}

/// Hours that hold stored rows, counted from 1970, with the number of rows.
async fn hours(evidences: &Evidences<'_>, table: &str) -> Vec<(i64, u64)> {
    let schema = evidences.catalog.snapshot().schemas().get(table);
    let Some(column) = schema.map(|schema| schema.time_column.as_str()).filter(|c| *c != SNAPSHOT_TIME) else {
        return Vec::new();
    };
    let query = format!("_{table} | where isnotnull({column}) {}", HOURS.replace("Timestamp", column));
    let Ok(result) = evidences.run(&query, &Params::default(), 1_000_000).await else { return Vec::new() };
    let hour = |row: &serde_json::Map<String, serde_json::Value>| {
        let at = time(row, "Hour")?;
        Some(((at.0 - UNIX_EPOCH_TICKS).div_euclid(HOUR), row.get("Count")?.as_u64()?))
    };
    result.objects().iter().filter_map(hour).collect()
}

async fn types(evidences: &Evidences<'_>) -> Vec<i64> {
    let Ok(result) = evidences.run(TYPES, &Params::default(), 1000).await else { return Vec::new() };
    result.objects().iter().filter_map(|row| row.get("RecordType")?.as_i64()).collect()
}
