//! `Get-BlockedConnector`: connectors blocked from relaying.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json`, the admin API, `Export-Csv` or `Export-Clixml`.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo { name: "get_blocked_connector", summary: "Get-BlockedConnector", tables: &["BlockedConnector"] },
    table: "BlockedConnector",
    known_by: Properties {
        all: &["ConnectorId"],
        any: &["Reason", "CreatedTime", "ExpirationTime", "ConnectorName"],
        none: &["NetworkMessageId"],
    },
};
