//! `Get-BlockedConnector` as JSON: connectors blocked from relaying.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json` or the admin API.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo {
        name: "get_blocked_connector_json",
        summary: "Get-BlockedConnector as JSON",
        tables: &["BlockedConnector"],
    },
    table: "BlockedConnector",
    known_by: Properties {
        all: &["ConnectorId"],
        any: &["Reason", "CreatedTime", "ExpirationTime", "ConnectorName"],
        none: &["NetworkMessageId"],
    },
};
