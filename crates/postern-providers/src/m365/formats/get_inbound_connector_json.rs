//! `Get-InboundConnector` as JSON: inbound connectors.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json` or the admin API.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo {
        name: "get_inbound_connector_json",
        summary: "Get-InboundConnector as JSON",
        tables: &["InboundConnector"],
    },
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
