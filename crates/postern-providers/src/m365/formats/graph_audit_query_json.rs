//! Records of an audit query of the Graph API: pages of rows, or rows alone.

use postern_ingest::{FormatInfo, JsonRecord};

use crate::m365::audit::AuditJson;

/// The record is the member `auditData`; members of `@odata.type` kind stay in it and mean nothing.
pub(super) static FORMAT: AuditJson = AuditJson {
    info: FormatInfo {
        name: "graph_audit_query_json",
        summary: "records of a Graph audit query",
        tables: &["AuditRecords"],
    },
    confidence: 95,
    why: "the members auditLogRecordType and auditData",
    fits,
};

fn fits(record: &JsonRecord) -> bool {
    record.has("auditLogRecordType") && record.has("auditData")
}
