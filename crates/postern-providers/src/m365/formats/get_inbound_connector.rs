//! `Get-InboundConnector`: inbound connectors.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json`, the admin API, `Export-Csv` or `Export-Clixml`.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo { name: "get_inbound_connector", summary: "Get-InboundConnector", tables: &["InboundConnector"] },
    table: "InboundConnector",
    known_by: Properties {
        all: &["SenderDomains"],
        any: &[
            "SenderIPAddresses",
            "RestrictDomainsToIPAddresses",
            "RestrictDomainsToCertificate",
            "TreatMessagesAsInternal",
        ],
        none: &["SmartHosts"],
    },
};
