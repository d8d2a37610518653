//! The export formats of Microsoft 365: one file each, and the list.

mod audit_data_json;
mod graph_audit_query_csv;
mod graph_audit_query_json;
mod purview_audit_csv;
mod search_unified_audit_log_csv;
mod search_unified_audit_log_json;
mod shipped_audit_json;

use postern_ingest::Format;

/// All formats, in order of name.
pub const FORMATS: &[&dyn Format] = &[
    &audit_data_json::FORMAT,
    &graph_audit_query_csv::FORMAT,
    &graph_audit_query_json::FORMAT,
    &purview_audit_csv::FORMAT,
    &search_unified_audit_log_csv::FORMAT,
    &search_unified_audit_log_json::FORMAT,
    &shipped_audit_json::FORMAT,
];
