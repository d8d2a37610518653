//! `Get-RemoteDomain` as JSON: remote domains.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json` or the admin API.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo { name: "get_remote_domain_json", summary: "Get-RemoteDomain as JSON", tables: &["RemoteDomain"] },
    table: "RemoteDomain",
    known_by: Properties {
        all: &["DomainName"],
        any: &["AutoForwardEnabled", "AllowedOOFType"],
        none: &["DomainType"],
    },
};
