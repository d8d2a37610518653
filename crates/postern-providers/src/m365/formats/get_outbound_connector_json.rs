//! `Get-OutboundConnector` as JSON: outbound connectors.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json` or the admin API.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo {
        name: "get_outbound_connector_json",
        summary: "Get-OutboundConnector as JSON",
        tables: &["OutboundConnector"],
    },
    table: "OutboundConnector",
    known_by: Properties { all: &["SmartHosts"], any: &["RecipientDomains", "UseMXRecord", "TlsSettings"], none: &[] },
};
