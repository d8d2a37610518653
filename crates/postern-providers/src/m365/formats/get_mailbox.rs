//! `Get-Mailbox`: mailboxes.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json`, the admin API, `Export-Csv` or `Export-Clixml`.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo { name: "get_mailbox", summary: "Get-Mailbox", tables: &["MailboxForwarding"] },
    table: "MailboxForwarding",
    known_by: Properties {
        all: &["ForwardingSmtpAddress"],
        any: &["PrimarySmtpAddress", "UserPrincipalName", "DeliverToMailboxAndForward", "Identity"],
        none: &[],
    },
};
