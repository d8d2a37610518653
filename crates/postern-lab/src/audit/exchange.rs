//! Exchange: cmdlets and what happens in mailboxes.

use chrono::NaiveDateTime;
use serde_json::{Value, json};

use super::{EXCHANGE, Head, SYSTEM, pairs, record, stamp};
use crate::dice::Dice;
use crate::tenant::Session;
use crate::timeline::AuditRecord;
use crate::world::Organisation;

/// An address with a port the way Exchange administration records write it.
fn with_port(ip: &str, port: u16) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

/// A cmdlet run by a person inside a session.
pub(crate) fn cmdlet(
    organisation: &Organisation,
    dice: &mut Dice,
    time: NaiveDateTime,
    session: &Session,
    operation: &str,
    object: &str,
    parameters: &[(&str, &str)],
) -> AuditRecord {
    let person = &session.person;
    let head = Head {
        time,
        id: dice.guid(),
        operation,
        kind: 1,
        status: Some("True"),
        key: &person.puid,
        user_type: 2,
        workload: "Exchange",
        user: &person.upn,
    };
    let context = json!({
        "AADSessionId": session.id,
        "IssuedAtTime": stamp(session.since),
        "UniqueTokenId": session.token,
    });
    let rest = json!({
        "ClientIP": with_port(&session.place.ip, dice.port()),
        "ObjectId": object,
        "AppId": EXCHANGE,
        "AppPoolName": "MSExchangeAdminApiNetCore",
        "ClientAppId": "",
        "CorrelationID": "",
        "DeviceId": session.device.id,
        "ExternalAccess": false,
        "OrganizationName": organisation.initial,
        "OriginatingServer": organisation.server,
        "Parameters": pairs(parameters),
        "RequestId": dice.guid(),
        "SessionId": session.id,
    });
    record(organisation, head, Some(context), rest)
}

/// A cmdlet the service ran on its own.
pub(crate) fn service_cmdlet(
    organisation: &Organisation,
    dice: &mut Dice,
    time: NaiveDateTime,
    operation: &str,
    object: &str,
    parameters: &[(&str, &str)],
) -> AuditRecord {
    let head = Head {
        time,
        id: dice.guid(),
        operation,
        kind: 1,
        status: Some("True"),
        key: SYSTEM,
        user_type: 3,
        workload: "Exchange",
        user: SYSTEM,
    };
    let rest = json!({
        "ObjectId": object,
        "AppId": "",
        "ClientAppId": "",
        "ExternalAccess": true,
        "OrganizationName": organisation.initial,
        "OriginatingServer": organisation.server,
        "Parameters": pairs(parameters),
    });
    record(organisation, head, Some(json!({"UniqueTokenId": ""})), rest)
}

/// A mailbox record by its owner: `Send`, `MailItemsAccessed` and so on; `extra` must be a JSON object.
pub(crate) fn mailbox(
    organisation: &Organisation,
    dice: &mut Dice,
    time: NaiveDateTime,
    session: &Session,
    operation: &str,
    kind: u16,
    extra: Value,
) -> AuditRecord {
    let person = &session.person;
    let head = Head {
        time,
        id: dice.guid(),
        operation,
        kind,
        status: Some("Succeeded"),
        key: &person.puid,
        user_type: 0,
        workload: "Exchange",
        user: &person.upn,
    };
    let context =
        json!({"AADSessionId": session.id, "IssuedAtTime": stamp(session.since), "UniqueTokenId": session.token});
    let mut rest = json!({
        "AppId": EXCHANGE,
        "ClientIPAddress": session.place.ip,
        "ClientInfoString": format!("Client=OWA;{};", session.device.agent),
        "ExternalAccess": false,
        "InternalLogonType": 0,
        "LogonType": 0,
        "LogonUserSid": person.sid,
        "MailboxGuid": person.mailbox_guid,
        "MailboxOwnerSid": person.sid,
        "MailboxOwnerUPN": person.upn,
        "OrganizationName": organisation.initial,
        "OriginatingServer": format!("{}\r\n", organisation.server),
        "SessionId": session.id,
    });
    if let (Value::Object(rest), Value::Object(extra)) = (&mut rest, extra) {
        if kind != 50 {
            rest.insert("ClientIP".to_owned(), json!(session.place.ip));
        }
        rest.extend(extra);
    }
    record(organisation, head, Some(context), rest)
}

/// What `MailItemsAccessed` adds for single messages.
pub(crate) fn bind(folder: &str, message_ids: &[String]) -> Value {
    let items: Vec<Value> = message_ids.iter().map(|id| json!({"InternetMessageId": id})).collect();
    json!({
        "OperationProperties": pairs(&[("MailAccessType", "Bind"), ("IsThrottled", "False")]),
        "Folders": [{"FolderItems": items, "Id": "LgAAAAAAAAAAAAAAAAAAAAAAAAAAAAEMAAAB", "Path": format!("\\{folder}")}],
        "OperationCount": message_ids.len(),
    })
}

/// What `MailItemsAccessed` adds when a program fetched a whole folder.
pub(crate) fn sync(folder: &str) -> Value {
    json!({
        "ClientInfoString": "Client=REST;Client=RESTSystem;;",
        "OperationProperties": pairs(&[("MailAccessType", "Sync"), ("IsThrottled", "False")]),
        "Item": {
            "Id": "LgAAAAAAAAAAAAAAAAAAAAAAAAAAAAEMAAAB",
            "ParentFolder": {"Id": "LgAAAAAAAAAAAAAAAAAAAAAAAAAAAAEMAAAB", "Name": folder, "Path": format!("\\{folder}")},
        },
    })
}

/// What `Send` adds.
pub(crate) fn sent(message_id: &str, subject: &str, size: i64) -> Value {
    json!({"Item": {
        "Id": "RgAAAAAAAAAAAAAAAAAAAAAAAAAAAAEPAAAJ",
        "InternetMessageId": message_id,
        "ParentFolder": {"Id": "LgAAAAAAAAAAAAAAAAAAAAAAAAAAAAEPAAAB", "Path": "\\Drafts"},
        "SizeInBytes": size,
        "Subject": subject,
    }})
}
