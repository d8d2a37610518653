//! `Get-RemoteDomain`: remote domains.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json`, the admin API, `Export-Csv` or `Export-Clixml`.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo { name: "get_remote_domain", summary: "Get-RemoteDomain", tables: &["RemoteDomain"] },
    table: "RemoteDomain",
    known_by: Properties {
        all: &["DomainName"],
        any: &["AutoForwardEnabled", "AllowedOOFType"],
        none: &["DomainType"],
    },
};
