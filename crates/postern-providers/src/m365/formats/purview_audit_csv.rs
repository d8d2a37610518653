//! The audit search export of the Purview portal, and of the portals before it.

use postern_ingest::FormatInfo;

use crate::m365::audit::AuditCsv;

/// The number of the record type stands beside the record.
pub(super) static FORMAT: AuditCsv = AuditCsv {
    info: FormatInfo {
        name: "purview_audit_csv",
        summary: "audit search export of the Purview portal",
        tables: &["AuditRecords"],
    },
    needs: &["RecordId", "CreationDate", "Operation", "UserId", "AuditData"],
    confidence: 90,
};
