//! `Get-AcceptedDomain`: accepted domains of the organisation.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json`, the admin API, `Export-Csv` or `Export-Clixml`.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo { name: "get_accepted_domain", summary: "Get-AcceptedDomain", tables: &["AcceptedDomain"] },
    table: "AcceptedDomain",
    known_by: Properties { all: &["DomainName", "DomainType"], any: &[], none: &[] },
};
