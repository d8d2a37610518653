//! Rows of an audit query of the Graph API written as CSV, the record pretty-printed in its cell.

use postern_ingest::FormatInfo;

use crate::m365::audit::AuditCsv;

/// Column names as the API spells them.
pub(super) static FORMAT: AuditCsv = AuditCsv {
    info: FormatInfo {
        name: "graph_audit_query_csv",
        summary: "records of a Graph audit query written as CSV",
        tables: &["AuditRecords"],
    },
    needs: &["createdDateTime", "auditLogRecordType", "operation", "auditData"],
    confidence: 95,
};
