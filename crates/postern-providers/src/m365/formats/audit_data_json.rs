//! Audit records as they are: lines of JSON, one array, or content blobs of the Management Activity API.

use postern_ingest::{FormatInfo, JsonRecord};

use crate::m365::audit::AuditJson;

/// Names in any case.
pub(super) static FORMAT: AuditJson = AuditJson {
    info: FormatInfo { name: "audit_data_json", summary: "audit records as JSON", tables: &["AuditRecords"] },
    confidence: 85,
    why: "the members Operation, CreationTime and RecordType or Workload",
    fits,
};

fn fits(record: &JsonRecord) -> bool {
    record.has_folded("Operation")
        && record.has_folded("CreationTime")
        && (record.has_folded("RecordType") || record.has_folded("Workload"))
}
