//! `Get-BlockedSenderAddress`: users restricted from sending.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json`, the admin API, `Export-Csv` or `Export-Clixml`.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo {
        name: "get_blocked_sender_address",
        summary: "Get-BlockedSenderAddress",
        tables: &["BlockedSender"],
    },
    table: "BlockedSender",
    known_by: Properties {
        all: &["SenderAddress"],
        any: &["Reason", "CreatedDatetime", "TemporaryBlock", "ChangedDatetime"],
        none: &["RecipientAddress", "MessageId"],
    },
};
