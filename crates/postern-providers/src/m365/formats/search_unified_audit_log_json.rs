//! Rows of `Search-UnifiedAuditLog` as JSON: the record is an object, or still a text, within the row.

use postern_ingest::{FormatInfo, JsonRecord};

use crate::m365::audit::AuditJson;

/// The wrapper's columns are those of the CSV.
pub(super) static FORMAT: AuditJson = AuditJson {
    info: FormatInfo {
        name: "search_unified_audit_log_json",
        summary: "Search-UnifiedAuditLog written as JSON",
        tables: &["AuditRecords"],
    },
    confidence: 90,
    why: "the members AuditData and CreationDate, UserIds or Operations",
    fits,
};

fn fits(record: &JsonRecord) -> bool {
    record.has_folded("AuditData")
        && ["CreationDate", "UserIds", "Operations"].iter().any(|name| record.has_folded(name))
}
