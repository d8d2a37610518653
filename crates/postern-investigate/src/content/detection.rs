//! Detections in the shape of Sentinel's analytic rules, with Postern's additions under one key.

use postern_model::report::{CaseKind, Severity};
use serde::Deserialize;

/// One detection. Fields that a rule of another origin carries and Postern does not use are let through.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detection {
    /// Never changes, never reused.
    pub id: String,
    /// What happened, as a title.
    pub name: String,
    /// What it finds and why it matters.
    #[serde(default)]
    pub description: String,
    /// How urgent.
    #[serde(default, deserialize_with = "severity")]
    pub severity: Option<Severity>,
    /// How often it would run.
    #[serde(default)]
    pub query_frequency: String,
    /// How far back it would look.
    #[serde(default)]
    pub query_period: String,
    /// `gt`, `lt`, `eq` or `ne`: how the number of rows is compared with the threshold.
    #[serde(default)]
    pub trigger_operator: Option<String>,
    /// The number of rows to compare with.
    #[serde(default)]
    pub trigger_threshold: Option<u64>,
    /// ATT&CK tactics.
    #[serde(default)]
    pub tactics: Vec<String>,
    /// ATT&CK techniques.
    #[serde(default)]
    pub relevant_techniques: Vec<String>,
    /// The query.
    pub query: String,
    /// Which columns name which entities.
    #[serde(default)]
    pub entity_mappings: Option<Vec<EntityMapping>>,
    /// Version of the rule.
    #[serde(default)]
    pub version: String,
    /// `Scheduled` or `NRT`.
    #[serde(default)]
    pub kind: String,
    /// Postern's additions.
    #[serde(default)]
    pub postern: Option<Ours>,
}

impl Detection {
    /// Whether this many rows raise alerts.
    pub fn triggers(&self, rows: u64) -> bool {
        let threshold = self.trigger_threshold.unwrap_or(0);
        match self.trigger_operator.as_deref().unwrap_or("gt").to_ascii_lowercase().as_str() {
            "lt" | "lessthan" => rows < threshold,
            "eq" | "equal" => rows == threshold,
            "ne" | "notequal" => rows != threshold,
            _ => rows > threshold,
        }
    }
}

fn severity<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Severity>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    match text.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("") => Ok(None),
        Some("informational") => Ok(Some(Severity::Informational)),
        Some("low") => Ok(Some(Severity::Low)),
        Some("medium") => Ok(Some(Severity::Medium)),
        Some("high") => Ok(Some(Severity::High)),
        Some(other) => {
            Err(serde::de::Error::custom(format!("severity `{other}` is none of Informational, Low, Medium, High")))
        }
    }
}

/// One entity of a detection's rows.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityMapping {
    /// Kind of entity, for example `Account`.
    pub entity_type: String,
    /// Its identifiers.
    #[serde(default)]
    pub field_mappings: Vec<FieldMapping>,
}

/// One identifier of an entity.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldMapping {
    /// Which identifier.
    pub identifier: String,
    /// The column that holds it.
    pub column_name: String,
}

/// What Postern adds to a detection.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ours {
    /// Which kind of case its alerts belong to.
    pub case: CaseKind,
    /// Id of the playbook that grades the case.
    pub playbook: String,
    /// Which columns hold what; the usual ones by default.
    #[serde(default)]
    pub columns: Columns,
    /// Harmless things that look the same.
    #[serde(default)]
    pub lookalikes: Vec<String>,
    /// What it is known to miss.
    #[serde(default)]
    pub gaps: Vec<String>,
    /// Records that must and must not raise an alert, as files beside the detection.
    pub tests: TestCases,
}

/// Test cases of a detection: provider records, so that reading them is tested too.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestCases {
    /// Files that raise an alert.
    pub fires: Vec<String>,
    /// Files that raise none.
    pub quiet: Vec<String>,
}

/// The columns of a detection's rows that cases are built from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// Kind of object.
    pub kind: String,
    /// Name of the object.
    pub name: String,
    /// Mailbox of the object.
    pub mailbox: String,
    /// Who did it.
    pub actor: String,
    /// When.
    pub time: String,
    /// Where mail goes.
    pub targets: String,
    /// Session of the actor.
    pub session: String,
    /// Id of the record.
    pub record: String,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            kind: "ObjectType".to_owned(),
            name: "ObjectName".to_owned(),
            mailbox: "Mailbox".to_owned(),
            actor: "Actor".to_owned(),
            time: "Timestamp".to_owned(),
            targets: "Targets".to_owned(),
            session: "SessionId".to_owned(),
            record: "AuditId".to_owned(),
        }
    }
}
