//! Audit records within the envelopes of log shippers.

use postern_ingest::{FormatInfo, JsonRecord};
use serde_json::Value;

use crate::m365::audit::AuditJson;

/// The record is an object under `office365` or `o365audit`, or a text under `message`, `event.original` or `_raw`.
pub(super) static FORMAT: AuditJson = AuditJson {
    info: FormatInfo {
        name: "shipped_audit_json",
        summary: "audit records in the envelope of a log shipper",
        tables: &["AuditRecords"],
    },
    confidence: 80,
    why: "an audit record under office365, o365audit, message, event.original or _raw",
    fits,
};

fn fits(record: &JsonRecord) -> bool {
    let event = record.get("event").and_then(|event| event.get("original"));
    let members = ["office365", "o365audit", "message", "_raw"].map(|name| record.get(name));
    members.into_iter().chain([event]).flatten().any(|value| match value {
        Value::Object(object) => is_audit(|name| object.keys().any(|key| key.eq_ignore_ascii_case(name))),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(object)) => is_audit(|name| object.keys().any(|key| key.eq_ignore_ascii_case(name))),
            _ => false,
        },
        _ => false,
    })
}

fn is_audit(has: impl Fn(&str) -> bool) -> bool {
    has("Operation") && has("CreationTime")
}
