//! `Get-Mailbox` as JSON: mailboxes.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json` or the admin API.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo { name: "get_mailbox_json", summary: "Get-Mailbox as JSON", tables: &["MailboxForwarding"] },
    table: "MailboxForwarding",
    known_by: Properties {
        all: &["ForwardingSmtpAddress"],
        any: &["PrimarySmtpAddress", "UserPrincipalName", "DeliverToMailboxAndForward", "Identity"],
        none: &[],
    },
};
