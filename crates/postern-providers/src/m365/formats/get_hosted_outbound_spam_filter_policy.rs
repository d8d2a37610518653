//! `Get-HostedOutboundSpamFilterPolicy`: outbound spam policies.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json`, the admin API, `Export-Csv` or `Export-Clixml`.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo {
        name: "get_hosted_outbound_spam_filter_policy",
        summary: "Get-HostedOutboundSpamFilterPolicy",
        tables: &["HostedOutboundSpamFilterPolicy"],
    },
    table: "HostedOutboundSpamFilterPolicy",
    known_by: Properties {
        all: &["AutoForwardingMode"],
        any: &["RecipientLimitExternalPerHour", "ActionWhenThresholdReached", "RecipientLimitPerDay"],
        none: &[],
    },
};
