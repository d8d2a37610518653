//! Builders for unified audit records, field by field as the services write them; one file per service.

mod alert;
mod directory;
mod exchange;
mod files;

use chrono::NaiveDateTime;
use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::timeline::{AuditRecord, Outcome, SignIn};
use crate::world::Organisation;

pub(crate) use alert::{Alert, alert};
pub(crate) use directory::{Target, directory};
pub(crate) use exchange::{bind, cmdlet, mailbox, sent, service_cmdlet, sync};
pub(crate) use files::file;

/// Exchange Online as an application.
pub(crate) const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
/// The service itself as it appears in `UserId`.
pub(crate) const SYSTEM: &str = "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)";

/// `CreationTime`: UTC without saying so.
pub(crate) fn stamp(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}

fn pairs(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect()
}

/// What all records have in common; `rest` must be a JSON object and follows after it.
struct Head<'a> {
    time: NaiveDateTime,
    id: String,
    operation: &'a str,
    kind: u16,
    status: Option<&'a str>,
    key: &'a str,
    user_type: u8,
    workload: &'a str,
    user: &'a str,
}

fn record(organisation: &Organisation, head: Head<'_>, context: Option<Value>, rest: Value) -> AuditRecord {
    let mut body = Map::new();
    if let Some(context) = context {
        body.insert("AppAccessContext".to_owned(), context);
    }
    body.insert("CreationTime".to_owned(), json!(stamp(head.time)));
    body.insert("Id".to_owned(), json!(head.id));
    body.insert("Operation".to_owned(), json!(head.operation));
    body.insert("OrganizationId".to_owned(), json!(organisation.tenant));
    body.insert("RecordType".to_owned(), json!(head.kind));
    if let Some(status) = head.status {
        body.insert("ResultStatus".to_owned(), json!(status));
    }
    body.insert("UserKey".to_owned(), json!(head.key));
    body.insert("UserType".to_owned(), json!(head.user_type));
    body.insert("Version".to_owned(), json!(1));
    body.insert("Workload".to_owned(), json!(head.workload));
    body.insert("UserId".to_owned(), json!(head.user));
    if let Value::Object(rest) = rest {
        body.extend(rest);
    }
    AuditRecord {
        time: head.time,
        id: head.id,
        kind: head.kind,
        operation: head.operation.to_owned(),
        user: head.user.to_owned(),
        body: Value::Object(body),
    }
}

/// `UserLoggedIn` or `UserLoginFailed`.
pub(crate) fn sign_in(organisation: &Organisation, dice: &mut Dice, sign_in: &SignIn) -> AuditRecord {
    let person = &sign_in.person;
    let (number, name, _) = sign_in.outcome.describe();
    let good = sign_in.outcome == Outcome::Success;
    let mut properties = vec![("ResultStatusDetail", "Success")];
    if good {
        properties.push(("KeepMeSignedIn", "true"));
    }
    properties.push(("UserAgent", sign_in.device.agent));
    properties.push(("UserAuthenticationMethod", "1"));
    properties.push(("RequestType", if good { "OAuth2:Authorize" } else { "Login:login" }));
    let system = if sign_in.device.system.starts_with("Windows") { "Windows 10" } else { sign_in.device.system };
    let browser = sign_in.device.browser.split(' ').next().unwrap_or_default();
    let managed = if sign_in.device.managed { "True" } else { "False" };
    let mut device = vec![("OS", system), ("BrowserType", browser), ("IsCompliantAndManaged", managed)];
    if sign_in.device.managed {
        device.insert(0, ("Id", &sign_in.device.id));
        device.insert(1, ("DisplayName", &sign_in.device.name));
    }
    device.push(("SessionId", &sign_in.session));
    let mut rest = json!({
        "ObjectId": EXCHANGE,
        "AzureActiveDirectoryEventType": 1,
        "ExtendedProperties": pairs(&properties),
        "ModifiedProperties": [],
        "Actor": [{"ID": person.object_id, "Type": 0}, {"ID": person.upn, "Type": 5}],
        "ActorContextId": organisation.tenant,
        "ActorIpAddress": sign_in.place.ip,
        "InterSystemsId": dice.guid(),
        "IntraSystemId": sign_in.id,
        "SupportTicketId": "",
        "Target": [{"ID": EXCHANGE, "Type": 0}],
        "TargetContextId": organisation.tenant,
        "ApplicationId": sign_in.app.id,
        "DeviceProperties": pairs(&device),
        "ErrorNumber": number.to_string(),
    });
    if let Value::Object(rest) = &mut rest {
        rest.insert("ClientIP".to_owned(), json!(sign_in.place.ip));
        if !good {
            rest.insert("LogonError".to_owned(), json!(name));
        }
    }
    let head = Head {
        time: sign_in.time,
        id: sign_in.id.clone(),
        operation: if good { "UserLoggedIn" } else { "UserLoginFailed" },
        kind: 15,
        // The service reports that the request worked, whether or not the password did.
        status: Some("Success"),
        key: &person.object_id,
        user_type: 0,
        workload: "AzureActiveDirectory",
        user: &person.upn,
    };
    record(organisation, head, None, rest)
}
