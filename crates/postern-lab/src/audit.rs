//! Builders for unified audit records, field by field as the services write them.

use chrono::NaiveDateTime;
use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::tenant::Session;
use crate::timeline::{AuditRecord, Outcome, SignIn};
use crate::world::{Organisation, Person};

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

fn changes(changes: &[(&str, &str, &str)]) -> Value {
    changes.iter().map(|(name, new, old)| json!({"Name": name, "NewValue": new, "OldValue": old})).collect()
}

/// An address with a port the way Exchange administration records write it.
fn with_port(ip: &str, port: u16) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
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

/// A directory change: who did it, the object and what changed as name, new and old value.
pub(crate) fn directory(
    organisation: &Organisation,
    dice: &mut Dice,
    time: NaiveDateTime,
    session: &Session,
    operation: &str,
    target: &Target<'_>,
    modified: &[(&str, &str, &str)],
) -> AuditRecord {
    let person = &session.person;
    let key = format!("{}@{}", person.puid, organisation.initial);
    let head = Head {
        time,
        id: dice.guid(),
        operation,
        kind: 8,
        status: Some("Success"),
        key: &key,
        user_type: 0,
        workload: "AzureActiveDirectory",
        user: &person.upn,
    };
    let details = json!({"User-Agent": session.device.agent}).to_string();
    let rest = json!({
        "ObjectId": target.object(),
        "AzureActiveDirectoryEventType": 1,
        "ExtendedProperties": pairs(&[("additionalDetails", &details), ("extendedAuditEventCategory", target.category())]),
        "ModifiedProperties": changes(modified),
        "Actor": actor(person),
        "ActorContextId": organisation.tenant,
        "ActorIpAddress": session.place.ip,
        "InterSystemsId": dice.guid(),
        "IntraSystemId": dice.guid(),
        "SupportTicketId": "",
        "Target": target.list(),
        "TargetContextId": organisation.tenant,
    });
    record(organisation, head, None, rest)
}

/// What a directory change was made to.
pub(crate) enum Target<'a> {
    /// An account, because of the account or of a role it gets.
    User(&'a Person, &'static str),
    /// An application: its id, its service principal and its name.
    App(&'a str, &'a str, &'a str),
}

impl Target<'_> {
    fn object(&self) -> &str {
        match self {
            Self::User(person, _) => &person.upn,
            Self::App(id, _, _) => id,
        }
    }

    fn category(&self) -> &str {
        match self {
            Self::User(_, category) => category,
            Self::App(..) => "ServicePrincipal",
        }
    }

    fn list(&self) -> Value {
        match self {
            Self::User(person, _) => actor(person),
            Self::App(id, principal, name) => json!([
                {"ID": format!("ServicePrincipal_{principal}"), "Type": 2},
                {"ID": principal, "Type": 2},
                {"ID": "ServicePrincipal", "Type": 2},
                {"ID": name, "Type": 1},
                {"ID": id, "Type": 2},
                {"ID": id, "Type": 4},
            ]),
        }
    }
}

fn actor(person: &Person) -> Value {
    json!([
        {"ID": person.upn, "Type": 5},
        {"ID": person.puid, "Type": 3},
        {"ID": format!("User_{}", person.object_id), "Type": 2},
        {"ID": person.object_id, "Type": 2},
        {"ID": "User", "Type": 2},
    ])
}

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
