//! Alerts of the service as the audit log carries them.

use chrono::NaiveDateTime;
use serde_json::{Value, json};

use super::{Head, record};
use crate::dice::Dice;
use crate::timeline::AuditRecord;
use crate::world::Organisation;

/// An alert of the service: `AlertTriggered` and the entity record that goes with it.
pub(crate) struct Alert<'a> {
    pub(crate) name: &'a str,
    pub(crate) severity: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) description: &'a str,
    /// `User` or `Connector`, and which.
    pub(crate) entity: (&'a str, &'a str),
    /// Id of the record that set it off.
    pub(crate) because: Option<&'a str>,
    /// When that was.
    pub(crate) seen: NaiveDateTime,
}

/// The two records of an alert.
pub(crate) fn alert(
    organisation: &Organisation,
    dice: &mut Dice,
    time: NaiveDateTime,
    alert: &Alert<'_>,
) -> [AuditRecord; 2] {
    let id = dice.guid();
    let policy = dice.guid();
    let window = |time: NaiveDateTime| time.format("%Y-%m-%dT%H:%M:%S.0000000Z").to_string();
    let mut data = json!({
        "f3u": alert.entity.1, "ts": window(alert.seen), "te": window(alert.seen), "op": alert.operation,
        "wl": "Exchange", "tid": organisation.tenant, "tdc": "1",
    });
    if let (Value::Object(data), Some(because)) = (&mut data, alert.because) {
        data.insert("reid".to_owned(), json!(because));
    }
    if let Value::Object(data) = &mut data {
        data.insert("rid".to_owned(), json!(dice.guid()));
        data.insert("cid".to_owned(), json!(policy));
        data.insert("ad".to_owned(), json!(alert.description));
        data.insert("lon".to_owned(), json!(alert.operation));
        data.insert("an".to_owned(), json!(alert.name));
        data.insert("sev".to_owned(), json!(alert.severity));
    }
    let entity = json!({
        "etype": alert.entity.0, "eid": alert.entity.1, "tid": organisation.tenant, "ts": window(alert.seen),
        "te": window(alert.seen), "op": alert.operation, "tdc": "1", "suid": alert.entity.1, "ut": "Regular",
        "lon": alert.operation,
    });
    let head = |id: String, operation: &'static str| Head {
        time,
        id,
        operation,
        kind: 40,
        status: Some("Succeeded"),
        key: "SecurityComplianceAlerts",
        user_type: 4,
        workload: "SecurityComplianceCenter",
        user: "SecurityComplianceAlerts",
    };
    let rest = |object: &str, data: &Value| {
        json!({
            "ObjectId": object, "AlertId": id, "AlertLinks": [{"AlertLinkHref": ""}], "AlertType": "System",
            "Category": "ThreatManagement", "Comments": "New alert", "Data": data.to_string(), "Name": alert.name,
            "PolicyId": policy, "Severity": alert.severity, "Source": "Office 365 Security & Compliance",
            "Status": "Active",
        })
    };
    let first = record(organisation, head(dice.guid(), "AlertTriggered"), None, rest(&id, &data));
    let mut about = rest(alert.entity.1, &entity);
    if let Value::Object(about) = &mut about {
        about.insert("AlertEntityId".to_owned(), json!(alert.entity.1));
        about.insert("EntityType".to_owned(), json!(alert.entity.0));
    }
    let second = record(organisation, head(dice.guid(), "AlertEntityGenerated"), None, about);
    [first, second]
}
