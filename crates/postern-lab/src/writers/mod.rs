//! One file per export format, all on one list.
//!
//! The audit log leaves in three parts made by three tools, each with its own window; the windows overlap, as they do
//! when several people export at different times, so the same records occur in more than one file.

mod audit_csv;
mod audit_ndjson;
mod email_events;
mod exchange;
mod message_trace;
mod sign_ins;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;

use crate::tenant::Tenant;
use crate::timeline::AuditRecord;
use crate::truth::Truth;
use crate::{LabError, Summary};

/// A file to be written.
struct Output {
    /// Path inside the evidence folder, with `/`.
    path: String,
    /// Content.
    bytes: Vec<u8>,
    /// What its rows count as.
    rows: Rows,
}

/// What the rows of a file count as.
enum Rows {
    Audit(usize),
    SignIns(usize),
    Messages(usize),
    EmailEvents(usize),
    Other,
}

type Write = fn(&Tenant) -> Result<Vec<Output>, LabError>;

/// Every export format, by name.
const WRITERS: &[(&str, Write)] = &[
    ("Purview audit search CSV", audit_csv::purview),
    ("Search-UnifiedAuditLog CSV", audit_csv::search),
    ("AuditData as JSON lines", audit_ndjson::write),
    ("Graph sign-ins JSON", sign_ins::write),
    ("Get-MessageTraceV2 JSON", message_trace::write),
    ("Advanced-hunting stream", email_events::write),
    ("Exchange configuration JSON", exchange::write),
];

/// A window of the audit log as hundredths of the span, the end outside.
struct Window(i64, i64);

/// The three windows, in the order of the three audit formats.
const PURVIEW: Window = Window(0, 57);
const SEARCH: Window = Window(50, 86);
const LINES: Window = Window(76, 100);

impl Window {
    fn bounds(&self, tenant: &Tenant) -> (NaiveDateTime, NaiveDateTime) {
        (tenant.span.cut(self.0), tenant.span.cut(self.1))
    }

    fn records<'a>(&self, tenant: &'a Tenant) -> impl DoubleEndedIterator<Item = &'a AuditRecord> + use<'a> {
        let (from, to) = self.bounds(tenant);
        tenant.timeline.audit.iter().filter(move |record| record.time >= from && record.time < to)
    }
}

/// Writes the evidence into `out` and the truth beside it.
pub(crate) fn write(tenant: &Tenant, truth: &Truth, out: &Path) -> Result<Summary, LabError> {
    let mut outputs = Vec::new();
    for (_, write) in WRITERS {
        outputs.extend(write(tenant)?);
    }
    outputs.sort_by(|a, b| a.path.cmp(&b.path));

    let mut distinct = BTreeSet::new();
    for window in [PURVIEW, SEARCH, LINES] {
        distinct.extend(window.records(tenant).map(|record| record.id.as_str()));
    }
    let mut summary = Summary {
        evidence: out.to_owned(),
        truth: truth_path(out),
        files: Vec::new(),
        audit_rows: 0,
        audit_records: distinct.len(),
        sign_ins: 0,
        message_rows: 0,
        email_events: 0,
        cases: truth.cases.iter().map(|case| case.family.to_owned()).collect(),
    };
    for output in outputs {
        match output.rows {
            Rows::Audit(count) => summary.audit_rows += count,
            Rows::SignIns(count) => summary.sign_ins += count,
            Rows::Messages(count) => summary.message_rows += count,
            Rows::EmailEvents(count) => summary.email_events += count,
            Rows::Other => {}
        }
        let path = output.path.split('/').fold(out.to_owned(), |path, part| path.join(part));
        save(&path, &output.bytes)?;
        summary.files.push((path, output.bytes.len() as u64));
    }
    let mut text = serde_json::to_string_pretty(truth)?;
    text.push('\n');
    save(&summary.truth, text.as_bytes())?;
    Ok(summary)
}

/// `<out>.truth.json`.
fn truth_path(out: &Path) -> PathBuf {
    let mut name = out.file_name().map_or_else(|| OsString::from("tenant"), OsString::from);
    name.push(".truth.json");
    out.with_file_name(name)
}

/// Writes one file and the folders above it.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> Result<(), LabError> {
    let failed = |source| LabError::Write { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, bytes).map_err(failed)
}

/// Packs with zstd.
fn zstd_pack(bytes: &[u8], path: &str) -> Result<Vec<u8>, LabError> {
    zstd::encode_all(bytes, 12).map_err(|source| LabError::Write { path: PathBuf::from(path), source })
}
