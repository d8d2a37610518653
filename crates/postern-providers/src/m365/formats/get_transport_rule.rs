//! `Get-TransportRule`: mail flow rules.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json`, the admin API, `Export-Csv` or `Export-Clixml`.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo { name: "get_transport_rule", summary: "Get-TransportRule", tables: &["TransportRule"] },
    table: "TransportRule",
    known_by: Properties {
        all: &["Priority"],
        any: &["RuleErrorAction", "SenderAddressLocation", "SetAuditSeverity", "RedirectMessageTo", "BlindCopyTo"],
        none: &["RuleIdentity", "MailboxOwnerId"],
    },
};
