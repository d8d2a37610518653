//! Exchange configuration, one file per cmdlet, as `ConvertTo-Json` leaves it.

use serde_json::Value;

use super::{Output, Rows};
use crate::LabError;
use crate::tenant::Tenant;

pub(super) fn write(tenant: &Tenant) -> Result<Vec<Output>, LabError> {
    let state = &tenant.state;
    let cmdlets: [(&str, &Vec<Value>); 9] = [
        ("Get-AcceptedDomain", &state.accepted_domains),
        ("Get-BlockedConnector", &state.blocked_connectors),
        ("Get-HostedOutboundSpamFilterPolicy", &state.outbound_policies),
        ("Get-InboundConnector", &state.inbound_connectors),
        ("Get-InboxRule", &state.inbox_rules),
        ("Get-Mailbox", &state.mailboxes),
        ("Get-OutboundConnector", &state.outbound_connectors),
        ("Get-RemoteDomain", &state.remote_domains),
        ("Get-TransportRule", &state.transport_rules),
    ];
    let mut outputs = Vec::new();
    for (cmdlet, objects) in cmdlets {
        // A cmdlet that finds nothing leaves no file behind.
        if !objects.is_empty() {
            let mut text = serde_json::to_string_pretty(objects)?;
            text.push('\n');
            outputs.push(Output {
                path: format!("exchange/{cmdlet}.json"),
                bytes: text.into_bytes(),
                rows: Rows::Other,
            });
        }
    }
    Ok(outputs)
}
