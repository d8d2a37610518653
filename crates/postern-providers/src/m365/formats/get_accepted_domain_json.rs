//! `Get-AcceptedDomain` as JSON: accepted domains of the organisation.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json` or the admin API.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo {
        name: "get_accepted_domain_json",
        summary: "Get-AcceptedDomain as JSON",
        tables: &["AcceptedDomain"],
    },
    table: "AcceptedDomain",
    known_by: Properties { all: &["DomainName", "DomainType"], any: &[], none: &[] },
};
