//! Rows of the table `MailFlowChanges` as values.

use postern_model::report::{Entity, EntityType};
use postern_model::time::Ticks;
use serde_json::{Map, Value};

/// One change or exported state.
#[derive(Debug, Clone)]
pub struct Change {
    /// When; none for exported state.
    pub time: Option<Ticks>,
    /// Kind of object.
    pub kind: EntityType,
    /// `create`, `change`, `enable`, `disable`, `remove` or `state`.
    pub verb: String,
    /// Id of the record.
    pub id: String,
    /// What tells the object from others.
    pub key: String,
    /// Name of the object.
    pub name: String,
    /// Its mailbox.
    pub mailbox: String,
    /// Who.
    pub actor: String,
    /// What kind of account.
    pub actor_type: String,
    /// From where.
    pub address: String,
    /// The network of the address.
    pub network: String,
    /// In which session.
    pub session: String,
    /// Where mail goes.
    pub targets: Vec<String>,
    /// Targets without an address.
    pub unresolved: Vec<String>,
    /// False when the record says it failed.
    pub succeeded: bool,
    /// The whole row.
    pub row: Map<String, Value>,
}

impl Change {
    /// A row read; `None` when it is not of a known kind.
    pub fn read(row: Map<String, Value>) -> Option<Self> {
        Some(Self {
            time: time(&row, "Timestamp"),
            kind: kind(&text(&row, "ObjectType"))?,
            verb: text(&row, "Verb"),
            id: text(&row, "AuditId"),
            key: text(&row, "ObjectKey"),
            name: text(&row, "ObjectName"),
            mailbox: text(&row, "Mailbox"),
            actor: text(&row, "Actor"),
            actor_type: text(&row, "ActorType"),
            address: text(&row, "IPAddress"),
            network: text(&row, "Network"),
            session: text(&row, "SessionId"),
            targets: texts(&row, "Targets"),
            unresolved: texts(&row, "Unresolved"),
            succeeded: row.get("Succeeded") != Some(&Value::Bool(false)),
            row,
        })
    }

    /// The object as reports name it.
    pub fn entity(&self) -> Entity {
        Entity { kind: self.kind, name: self.name.clone(), mailbox: self.mailbox.clone() }
    }

    /// True for the service's own accounts, which nobody signs in to.
    pub fn by_system(&self) -> bool {
        self.actor_type == "System"
    }

    /// A text cell.
    pub fn text(&self, column: &str) -> String {
        text(&self.row, column)
    }

    /// A truth cell.
    pub fn flag(&self, column: &str) -> bool {
        self.row.get(column) == Some(&Value::Bool(true))
    }

    /// The values of the record's parameters by name, for commands that put things back.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let Some(Value::Array(list)) = self.row.get("RawEventData").and_then(|raw| raw.get("Parameters")) else {
            return Vec::new();
        };
        list.iter()
            .filter_map(|p| {
                let name = p.get("Name")?.as_str()?.to_owned();
                Some((name, p.get("Value").and_then(Value::as_str).unwrap_or_default().to_owned()))
            })
            .collect()
    }
}

/// The kind of object of a name.
pub fn kind(name: &str) -> Option<EntityType> {
    Some(match name {
        "InboxRule" => EntityType::InboxRule,
        "MailboxForwarding" => EntityType::MailboxForwarding,
        "TransportRule" => EntityType::TransportRule,
        "InboundConnector" => EntityType::InboundConnector,
        _ => return None,
    })
}

/// The name of a kind of object.
pub fn kind_name(kind: EntityType) -> &'static str {
    match kind {
        EntityType::InboxRule => "InboxRule",
        EntityType::MailboxForwarding => "MailboxForwarding",
        EntityType::TransportRule => "TransportRule",
        EntityType::InboundConnector => "InboundConnector",
    }
}

/// A text cell; empty when there is none.
pub fn text(row: &Map<String, Value>, column: &str) -> String {
    row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A cell that is an array of texts.
pub fn texts(row: &Map<String, Value>, column: &str) -> Vec<String> {
    match row.get(column) {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A time cell.
pub fn time(row: &Map<String, Value>, column: &str) -> Option<Ticks> {
    row.get(column).and_then(Value::as_str).and_then(Ticks::parse_iso)
}
