//! `Get-TransportRule` as JSON: mail flow rules.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json` or the admin API.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo {
        name: "get_transport_rule_json",
        summary: "Get-TransportRule as JSON",
        tables: &["TransportRule"],
    },
    table: "TransportRule",
    known_by: Properties {
        all: &["Priority"],
        any: &["RuleErrorAction", "SenderAddressLocation", "SetAuditSeverity", "RedirectMessageTo", "BlindCopyTo"],
        none: &["RuleIdentity", "MailboxOwnerId"],
    },
};
