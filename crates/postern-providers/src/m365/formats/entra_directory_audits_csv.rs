//! Directory changes as the Entra portal downloads them: CSV, targets and their changes in numbered columns.

use std::borrow::Cow;

use postern_ingest::{Columns, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::row::{Rank, RowKey, Value};
use postern_model::schema::Schemas;
use serde_json::{Map, Value as Json, json};

use crate::m365::table::Table;
use crate::m365::when::DateOrder;

/// Columns are found by name; the file says no id of the records.
pub(super) struct EntraDirectoryAuditsCsv;

const TIMES: &[&str] = &["Date (UTC)", "Date"];

impl Format for EntraDirectoryAuditsCsv {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "entra_directory_audits_csv",
            summary: "directory changes downloaded from the Entra portal",
            tables: &["AuditLogs"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Delimited(head) = head else { return None };
        let fits = head.columns.find_any(TIMES).is_some()
            && head.columns.have(&["Activity", "Category", "Result"])
            && head.columns.find_any(&["ActorType", "ActorUserPrincipalName", "Target1Type"]).is_some();
        fits.then(|| Recognised::new(Reader::Delimited, 88, "the columns Date (UTC), Activity, Category and ActorType"))
    }

    fn open(&self, head: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        let columns = match head {
            Head::Delimited(head) => head.columns.clone(),
            _ => Columns::default(),
        };
        Ok(Box::new(AuditsMapper { table: Table::new(schemas, "AuditLogs")?, columns, order: DateOrder::default() }))
    }
}

/// Column of the table, column of the export.
const COPIED: &[(&str, &str)] = &[
    ("ActivityDisplayName", "Activity"),
    ("OperationName", "Activity"),
    ("Category", "Category"),
    ("CorrelationId", "CorrelationId"),
    ("LoggedByService", "Service"),
    ("Result", "Result"),
    ("ResultReason", "ResultReason"),
];

struct AuditsMapper {
    table: Table,
    columns: Columns,
    order: DateOrder,
}

impl AuditsMapper {
    fn one(&self, record: &Record<'_>, last_chance: bool) -> Mapped {
        let cell = |name: &str| record.cell(self.columns.find(name)).trim();
        let date = record.cell(self.columns.find_any(TIMES));
        if !last_chance {
            self.order.learn(date, None);
        }
        let time = match self.order.read(date, last_chance) {
            Some(Ok(time)) => time,
            Some(Err(reason)) => return Mapped::Reject(reason),
            None => return Mapped::Later,
        };
        let filled = |members: &[(&str, &str)]| -> Map<String, Json> {
            let filled = members.iter().filter(|(_, text)| !text.is_empty());
            filled.map(|(name, text)| ((*name).to_owned(), json!(text))).collect()
        };
        let mut row = self.table.row(Rank::Salvaged, record.position);
        row.set("TimeGenerated", Value::DateTime(time));
        row.set("ActivityDateTime", Value::DateTime(time));
        for (column, name) in COPIED {
            row.text(column, Cow::Borrowed(cell(name)));
        }
        if row.is_empty("OperationName") {
            return Mapped::Reject("it has no Activity".to_owned());
        }
        let (id, name, address) = (cell("ActorObjectId"), cell("ActorDisplayName"), cell("IPAddress"));
        let actor = if cell("ActorType").eq_ignore_ascii_case("application") {
            let service = cell("ActorServicePrincipalName");
            json!({"app": filled(&[("displayName", name), ("servicePrincipalId", id), ("servicePrincipalName", service)])})
        } else {
            let user = cell("ActorUserPrincipalName");
            json!({"user": filled(&[("id", id), ("displayName", name), ("userPrincipalName", user), ("ipAddress", address)])})
        };
        row.set("InitiatedBy", Value::Dynamic(actor.to_string()));
        let mut targets = Vec::new();
        let has = |name: String| self.columns.find(&name).is_some();
        for number in (1..=MOST).take_while(|n| has(format!("Target{n}Type")) || has(format!("Target{n}DisplayName"))) {
            let part = |name: &str| cell(&format!("Target{number}{name}"));
            let mut target = filled(&[
                ("id", part("ObjectId")),
                ("displayName", part("DisplayName")),
                ("type", part("Type")),
                ("userPrincipalName", part("UserPrincipalName")),
            ]);
            let changes: Vec<Json> = (1..=MOST)
                .take_while(|change| has(format!("Target{number}ModifiedProperty{change}Name")))
                .map(|change| {
                    let part = |name: &str| cell(&format!("Target{number}ModifiedProperty{change}{name}"));
                    filled(&[
                        ("displayName", part("Name")),
                        ("oldValue", part("OldValue")),
                        ("newValue", part("NewValue")),
                    ])
                })
                .filter(|change| !change.is_empty())
                .map(Json::Object)
                .collect();
            if !changes.is_empty() {
                target.insert("modifiedProperties".to_owned(), Json::Array(changes));
            }
            if !target.is_empty() {
                targets.push(Json::Object(target));
            }
        }
        row.set("TargetResources", Value::Dynamic(Json::Array(targets).to_string()));
        let details = (1..=MOST).take_while(|n| has(format!("AdditionalDetail{n}Key"))).map(|number| {
            let part = |name: &str| cell(&format!("AdditionalDetail{number}{name}"));
            filled(&[("key", part("Key")), ("value", part("Value"))])
        });
        let details: Vec<Json> = details.filter(|detail| !detail.is_empty()).map(Json::Object).collect();
        if !details.is_empty() {
            row.set("AdditionalDetails", Value::Dynamic(Json::Array(details).to_string()));
        }
        row.set("Type", Value::String("AuditLogs".to_owned()));
        let content = row.content();
        row.keyed_by(RowKey::Content(content))
    }
}

/// Numbered columns go up to this.
const MOST: usize = 20;

impl Mapper for AuditsMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, false)
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, true)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes =
            vec!["the file has no ids: a change that another export holds too is not known to be the same".to_owned()];
        notes.extend(self.order.note());
        notes
    }
}
