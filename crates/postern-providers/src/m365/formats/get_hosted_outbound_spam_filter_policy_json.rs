//! `Get-HostedOutboundSpamFilterPolicy` as JSON: outbound spam policies.

use postern_ingest::FormatInfo;

use crate::m365::property_rows::{Cmdlet, Properties};

/// From `ConvertTo-Json` or the admin API.
pub(super) static FORMAT: Cmdlet = Cmdlet {
    info: FormatInfo {
        name: "get_hosted_outbound_spam_filter_policy_json",
        summary: "Get-HostedOutboundSpamFilterPolicy as JSON",
        tables: &["HostedOutboundSpamFilterPolicy"],
    },
    table: "HostedOutboundSpamFilterPolicy",
    known_by: Properties {
        all: &["AutoForwardingMode"],
        any: &["RecipientLimitExternalPerHour", "ActionWhenThresholdReached", "RecipientLimitPerDay"],
        none: &[],
    },
};
