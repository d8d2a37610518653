//! `Get-InboxRule` as JSON: inbox rules of mailboxes.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json` or the admin API.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo { name: "get_inbox_rule_json", summary: "Get-InboxRule as JSON", tables: &["InboxRule"] },
    table: "InboxRule",
    known_by: Properties {
        all: &["Name", "Enabled"],
        any: &["RuleIdentity", "MailboxOwnerId", "MoveToFolder", "ForwardAsAttachmentTo", "SoftDeleteMessage"],
        none: &["SenderAddressLocation", "RuleErrorAction"],
    },
};
