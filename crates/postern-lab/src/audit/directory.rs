//! Entra ID: changes in the directory.

use chrono::NaiveDateTime;
use serde_json::{Value, json};

use super::{Head, pairs, record};
use crate::dice::Dice;
use crate::tenant::Session;
use crate::timeline::AuditRecord;
use crate::world::{Organisation, Person};

fn changes(changes: &[(&str, &str, &str)]) -> Value {
    changes.iter().map(|(name, new, old)| json!({"Name": name, "NewValue": new, "OldValue": old})).collect()
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
