//! `Search-UnifiedAuditLog` written with `Export-Csv`, also after a trip through other tools that kept its columns.

use postern_ingest::FormatInfo;

use crate::m365::audit::AuditCsv;

/// The name of the record type stands beside the record; `UserIds` and `Operations` hold one value each.
pub(super) static FORMAT: AuditCsv = AuditCsv {
    info: FormatInfo {
        name: "search_unified_audit_log_csv",
        summary: "Search-UnifiedAuditLog written with Export-Csv",
        tables: &["AuditRecords"],
    },
    needs: &["CreationDate", "UserIds", "Operations", "AuditData"],
    confidence: 90,
};
