//! `Get-MessageTraceV2`, newest first.

use serde_json::json;

use super::{Output, Rows, zstd_pack};
use crate::LabError;
use crate::tenant::Tenant;

pub(super) fn write(tenant: &Tenant) -> Result<Vec<Output>, LabError> {
    let mut text = String::from("[");
    for (index, mail) in tenant.timeline.mail.iter().rev().enumerate() {
        let row = json!({
            "MessageTraceId": mail.trace_id,
            "MessageId": mail.message_id,
            "Received@data.type": "System.DateTime",
            "Received": mail.time.format("%Y-%m-%dT%H:%M:%S%.3f0000Z").to_string(),
            "SenderAddress": mail.envelope,
            "RecipientAddress": mail.recipient,
            "FromIP": mail.from_ip.as_deref().unwrap_or_default(),
            "ToIP": "",
            "Subject": mail.subject,
            "Status": mail.status,
            "Size@data.type": "System.Int32",
            "Size": mail.size,
        });
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&serde_json::to_string(&row)?);
    }
    text.push_str("\n]\n");
    let path = "mail/MessageTraceV2.json.zst".to_owned();
    let bytes = zstd_pack(text.as_bytes(), &path)?;
    Ok(vec![Output { path, bytes, rows: Rows::Messages(tenant.timeline.mail.len()) }])
}
