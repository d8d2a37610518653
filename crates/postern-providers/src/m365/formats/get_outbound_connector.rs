//! `Get-OutboundConnector`: outbound connectors.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json`, the admin API, `Export-Csv` or `Export-Clixml`.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo {
        name: "get_outbound_connector",
        summary: "Get-OutboundConnector",
        tables: &["OutboundConnector"],
    },
    table: "OutboundConnector",
    known_by: Properties { all: &["SmartHosts"], any: &["RecipientDomains", "UseMXRecord", "TlsSettings"], none: &[] },
};
