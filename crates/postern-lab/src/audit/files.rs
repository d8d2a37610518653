//! SharePoint files.

use chrono::NaiveDateTime;
use serde_json::json;

use super::{Head, record};
use crate::dice::Dice;
use crate::tenant::Session;
use crate::timeline::AuditRecord;
use crate::world::Organisation;

/// `FileAccessed` and its like.
pub(crate) fn file(
    organisation: &Organisation,
    dice: &mut Dice,
    time: NaiveDateTime,
    session: &Session,
    operation: &str,
    site: &str,
    name: &str,
) -> AuditRecord {
    let person = &session.person;
    let address = format!("https://contoso.sharepoint.example/sites/{site}/");
    let key = format!("i:0h.f|membership|{}@live.example", person.puid.to_lowercase());
    let head = Head {
        time,
        id: dice.guid(),
        operation,
        kind: 6,
        status: None,
        key: &key,
        user_type: 0,
        workload: "SharePoint",
        user: &person.upn,
    };
    let rest = json!({
        "ClientIP": session.place.ip,
        "ObjectId": format!("{address}Shared Documents/{name}"),
        "CorrelationId": dice.guid(),
        "EventSource": "SharePoint",
        "IsManagedDevice": session.device.managed,
        "ItemType": "File",
        "Site": dice.guid(),
        "UserAgent": session.device.agent,
        "SourceFileExtension": name.rsplit('.').next().unwrap_or_default(),
        "SiteUrl": address,
        "SourceFileName": name,
        "SourceRelativeUrl": "Shared Documents",
    });
    record(organisation, head, Some(json!({"AADSessionId": session.id})), rest)
}
