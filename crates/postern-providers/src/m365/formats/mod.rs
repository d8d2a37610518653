//! The export formats of Microsoft 365: one file each, and the list.

mod advanced_hunting_csv;
mod advanced_hunting_json;
mod audit_data_json;
mod audit_flattened_csv;
mod audit_wrapper_csv;
mod collected_inbox_rules_csv;
mod collected_transport_rules_csv;
mod entra_diagnostic_json;
mod entra_directory_audits_csv;
mod entra_sign_ins_csv;
mod get_accepted_domain;
mod get_blocked_connector;
mod get_blocked_sender_address;
mod get_hosted_outbound_spam_filter_policy;
mod get_inbound_connector;
mod get_inbox_rule;
mod get_mailbox;
mod get_outbound_connector;
mod get_remote_domain;
mod get_transport_rule;
mod graph_audit_query_csv;
mod graph_audit_query_json;
mod graph_directory_audits_json;
mod graph_sign_ins_json;
mod management_content_list_json;
mod message_trace_csv;
mod message_trace_extended_csv;
mod message_trace_json;
mod message_trace_summary_csv;
mod office_activity_csv;
mod office_activity_json;
mod purview_audit_csv;
mod scubagear_settings_json;
mod search_unified_audit_log_csv;
mod search_unified_audit_log_json;
mod sentinel_audit_logs;
mod sentinel_sign_ins;
mod shipped_audit_json;

use postern_ingest::Format;

/// All formats, in order of name.
pub const FORMATS: &[&dyn Format] = &[
    &advanced_hunting_csv::AdvancedHuntingCsv,
    &advanced_hunting_json::AdvancedHuntingJson,
    &audit_data_json::FORMAT,
    &audit_flattened_csv::AuditFlattenedCsv,
    &audit_wrapper_csv::AuditWrapperCsv,
    &collected_inbox_rules_csv::CollectedInboxRulesCsv,
    &collected_transport_rules_csv::CollectedTransportRulesCsv,
    &entra_diagnostic_json::EntraDiagnosticJson,
    &entra_directory_audits_csv::EntraDirectoryAuditsCsv,
    &entra_sign_ins_csv::EntraSignInsCsv,
    &get_accepted_domain::FORMAT,
    &get_blocked_connector::FORMAT,
    &get_blocked_sender_address::FORMAT,
    &get_hosted_outbound_spam_filter_policy::FORMAT,
    &get_inbound_connector::FORMAT,
    &get_inbox_rule::FORMAT,
    &get_mailbox::FORMAT,
    &get_outbound_connector::FORMAT,
    &get_remote_domain::FORMAT,
    &get_transport_rule::FORMAT,
    &graph_audit_query_csv::FORMAT,
    &graph_audit_query_json::FORMAT,
    &graph_directory_audits_json::GraphDirectoryAuditsJson,
    &graph_sign_ins_json::GraphSignInsJson,
    &management_content_list_json::ManagementContentList,
    &message_trace_csv::MessageTraceCsv,
    &message_trace_extended_csv::MessageTraceExtendedCsv,
    &message_trace_json::MessageTraceJson,
    &message_trace_summary_csv::MessageTraceSummaryCsv,
    &office_activity_csv::OfficeActivityCsv,
    &office_activity_json::OfficeActivityJson,
    &purview_audit_csv::FORMAT,
    &scubagear_settings_json::ScubaGearSettings,
    &search_unified_audit_log_csv::FORMAT,
    &search_unified_audit_log_json::FORMAT,
    &sentinel_audit_logs::SentinelAuditLogs,
    &sentinel_sign_ins::SentinelSignIns,
    &shipped_audit_json::FORMAT,
];
