//! `Get-BlockedSenderAddress` as JSON: users restricted from sending.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json` or the admin API.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo {
        name: "get_blocked_sender_address_json",
        summary: "Get-BlockedSenderAddress as JSON",
        tables: &["BlockedSender"],
    },
    table: "BlockedSender",
    known_by: Properties {
        all: &["SenderAddress"],
        any: &["Reason", "CreatedDatetime", "TemporaryBlock", "ChangedDatetime"],
        none: &["RecipientAddress", "MessageId"],
    },
};
