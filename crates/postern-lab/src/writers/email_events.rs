//! Rows of the streaming interface, kept for mail that came through a connector or was forwarded.

use std::net::IpAddr;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Output, Rows, zstd_pack};
use crate::LabError;
use crate::tenant::Tenant;
use crate::timeline::Mail;

pub(super) fn write(tenant: &Tenant) -> Result<Vec<Output>, LabError> {
    let mails = || tenant.timeline.mail.iter().filter(|mail| mail.streamed());
    let events = stream(tenant, "EmailEvents", mails().map(|mail| (mail, properties(mail))))?;
    // Files are of interest where they left the house by a forward, not for the scanners' mail.
    let files = mails().filter(|mail| mail.connector.is_none() && mail.attachments > 0);
    let attachments = stream(tenant, "EmailAttachmentInfo", files.map(|mail| (mail, attachment(tenant, mail))))?;
    Ok(vec![
        Output { rows: Rows::EmailEvents(events.rows), ..events.output },
        Output { rows: Rows::Other, ..attachments.output },
    ])
}

struct Stream {
    output: Output,
    rows: usize,
}

/// One table of the stream, one line per row inside its envelope.
fn stream<'a>(tenant: &Tenant, table: &str, rows: impl Iterator<Item = (&'a Mail, Value)>) -> Result<Stream, LabError> {
    let mut text = Vec::new();
    let mut count = 0;
    for (mail, properties) in rows {
        let arrived = mail.time + TimeDelta::seconds(170);
        let row = json!({
            "time": arrived.format("%Y-%m-%dT%H:%M:%S%.3f0000Z").to_string(),
            "tenantId": tenant.world.organisation.tenant,
            "operationName": "Publish",
            "category": format!("AdvancedHunting-{table}"),
            "_TimeReceivedBySvc": (mail.time + TimeDelta::seconds(20)).format("%Y-%m-%dT%H:%M:%S.0000000Z").to_string(),
            "properties": properties,
            "Tenant": "DefaultTenant",
        });
        serde_json::to_writer(&mut text, &row)?;
        text.push(b'\n');
        count += 1;
    }
    let path = format!("mail/{table}.ndjson.zst");
    let bytes = zstd_pack(&text, &path)?;
    Ok(Stream { output: Output { path, bytes, rows: Rows::Other }, rows: count })
}

/// The attached file; the same file has the same digest wherever it goes.
fn attachment(tenant: &Tenant, mail: &Mail) -> Value {
    let title = mail.subject.trim_start_matches("FW: ").trim_start_matches("Re: ");
    let name = format!("{title}.pdf");
    let mut dice = tenant.dice(&format!("file {name}"));
    json!({
        "Timestamp": mail.time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "NetworkMessageId": mail.trace_id,
        "SenderFromAddress": mail.header,
        "SenderDisplayName": mail.display,
        "SenderObjectId": mail.sender_object,
        "RecipientEmailAddress": mail.recipient,
        "RecipientObjectId": mail.recipient_object,
        "FileName": name,
        "FileType": "pdf",
        "FileExtension": "pdf",
        "SHA256": dice.hex(64).to_lowercase(),
        "FileSize": dice.between(21_000, 160_000),
        "ThreatTypes": null,
        "ThreatNames": null,
        "DetectionMethods": null,
        "ReportId": format!("{}-{}", mail.trace_id, mail.size),
    })
}

fn properties(mail: &Mail) -> Value {
    let domain = |address: &str| address.rsplit_once('@').map_or("", |(_, domain)| domain).to_owned();
    let address = mail.from_ip.as_deref();
    let is_v6 = address.is_some_and(|address| matches!(address.parse(), Ok(IpAddr::V6(_))));
    let (action, location) = match (mail.status, mail.direction) {
        ("Failed", _) => ("Blocked", "Failed"),
        ("Quarantined", _) => ("Blocked", "Quarantine"),
        ("FilteredAsSpam", "Outbound") => ("Junked", "On-premises/external"),
        ("FilteredAsSpam", _) => ("Junked", "Junk folder"),
        (_, "Outbound") => ("Delivered", "On-premises/external"),
        _ => ("Delivered", "Inbox/folder"),
    };
    let authentication = if mail.authenticated {
        json!({"SPF": "pass", "DKIM": "pass", "DMARC": "pass", "CompAuth": "pass"})
    } else {
        json!({"SPF": "fail", "DKIM": "none", "DMARC": "fail", "CompAuth": "fail"})
    };
    let methods = mail.threat.map(|threat| json!({threat: ["Fingerprint matching"]}).to_string());
    let confidence = mail.threat.map(|threat| json!({threat: "High"}).to_string());
    json!({
        "Timestamp": mail.time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "NetworkMessageId": mail.trace_id,
        "InternetMessageId": mail.message_id,
        "SenderMailFromAddress": mail.envelope,
        "SenderFromAddress": mail.header,
        "SenderDisplayName": mail.display,
        "SenderObjectId": mail.sender_object,
        "SenderMailFromDomain": domain(&mail.envelope),
        "SenderFromDomain": domain(&mail.header),
        "SenderIPv4": if is_v6 { None } else { address },
        "SenderIPv6": if is_v6 { address } else { None },
        "RecipientEmailAddress": mail.recipient,
        "RecipientObjectId": mail.recipient_object,
        "Subject": mail.subject,
        "EmailClusterId": mail.subject.bytes().fold(17_u32, |sum, byte| sum.wrapping_mul(131).wrapping_add(byte.into())),
        "EmailDirection": mail.direction,
        "DeliveryAction": action,
        "DeliveryLocation": location,
        "ThreatTypes": mail.threat,
        "ThreatNames": null,
        "DetectionMethods": methods,
        "ConfidenceLevel": confidence,
        "BulkComplaintLevel": null,
        "EmailAction": null,
        "EmailActionPolicy": null,
        "EmailActionPolicyGuid": null,
        "AuthenticationDetails": authentication.to_string(),
        "AttachmentCount": mail.attachments,
        "UrlCount": mail.urls,
        "EmailLanguage": "en",
        "Connectors": mail.connector,
        "OrgLevelAction": null,
        "OrgLevelPolicy": null,
        "UserLevelAction": null,
        "UserLevelPolicy": null,
        "ReportId": format!("{}-{}", mail.trace_id, mail.size),
        "AdditionalFields": null,
        "ExchangeTransportRule": mail.transport_rule,
        "DistributionList": null,
        "ForwardingInformation": null,
        "Context": null,
        "To": [mail.recipient],
        "Cc": [],
        "ThreatClassification": null,
        "RecipientDomain": domain(&mail.recipient),
        "EmailSize": mail.size,
        "IsFirstContact": mail.direction == "Outbound" && !mail.authenticated,
    })
}
