//! `Get-InboxRule`: inbox rules of mailboxes.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json`, the admin API, `Export-Csv` or `Export-Clixml`.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo { name: "get_inbox_rule", summary: "Get-InboxRule", tables: &["InboxRule"] },
    table: "InboxRule",
    known_by: Properties {
        all: &["Name", "Enabled"],
        any: &["RuleIdentity", "MailboxOwnerId", "MoveToFolder", "ForwardAsAttachmentTo", "SoftDeleteMessage"],
        none: &["SenderAddressLocation", "RuleErrorAction"],
    },
};
