//! Audit records flattened by a third-party tool: `Parameters[0].Name`, `Parameters[0].Value` and so on as columns.

use std::borrow::Cow;
use std::collections::BTreeMap;

use postern_ingest::{Columns, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;
use serde_json::{Map, Value as Json};

use crate::m365::audit::{AuditRecord, AuditRows};

/// The record is put together again as far as the columns go.
pub(super) struct AuditFlattenedCsv;

impl Format for AuditFlattenedCsv {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "audit_flattened_csv",
            summary: "audit records flattened to columns",
            tables: &["AuditRecords"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Delimited(head) = head else { return None };
        let fits =
            head.columns.have(&["CreationTime", "Operation", "Workload"]) && head.columns.find("AuditData").is_none();
        fits.then(|| Recognised::new(Reader::Delimited, 75, "the columns CreationTime, Operation and Workload"))
    }

    fn open(&self, head: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        let columns = match head {
            Head::Delimited(head) => head.columns.clone(),
            _ => Columns::default(),
        };
        let lists = lists(&columns);
        Ok(Box::new(FlattenedMapper { rows: AuditRows::new(schemas)?, columns, lists }))
    }
}

/// Columns of list members: list name, element number, member name.
type Lists = BTreeMap<String, BTreeMap<usize, Vec<(String, usize)>>>;

fn lists(columns: &Columns) -> Lists {
    let mut lists = Lists::new();
    for (index, column) in columns.names.iter().enumerate() {
        let Some((list, rest)) = column.split_once('[') else { continue };
        let Some((number, member)) = rest.split_once("].") else { continue };
        let Ok(number) = number.parse::<usize>() else { continue };
        let element = lists.entry(list.to_owned()).or_default().entry(number).or_default();
        element.push((member.to_owned(), index));
    }
    lists
}

struct FlattenedMapper {
    rows: AuditRows,
    columns: Columns,
    lists: Lists,
}

impl FlattenedMapper {
    fn one(&self, record: &Record<'_>, last_chance: bool) -> Mapped {
        let mut object = Map::new();
        for (index, name) in self.columns.names.iter().enumerate() {
            let text = record.cell(Some(index));
            if !name.contains('[') && !text.is_empty() {
                object.entry(name.clone()).or_insert_with(|| Json::from(text));
            }
        }
        for (list, elements) in &self.lists {
            let elements = elements.values().filter_map(|members| {
                let members: Map<String, Json> =
                    members.iter().map(|(name, at)| (name.clone(), Json::from(record.cell(Some(*at))))).collect();
                // Elements of longer lists of other records are empty here.
                members.values().any(|v| v != "").then_some(Json::Object(members))
            });
            let elements: Vec<Json> = elements.collect();
            if !elements.is_empty() {
                object.insert(list.clone(), Json::Array(elements));
            }
        }
        let text = Json::Object(object).to_string();
        let mut parts = AuditRecord::default();
        if let Err(error) = parts.read(&text) {
            return Mapped::Reject(error.0);
        }
        if parts.user_id.is_empty() {
            parts.user_id = Cow::Borrowed(record.cell(self.columns.find("UserIds")));
        }
        self.rows.map_parts(parts, record.position, last_chance)
    }
}

impl Mapper for FlattenedMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, false)
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, true)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec!["the records were flattened: members that the tool left out are not known".to_owned()];
        if self.lists.is_empty() {
            notes.push(
                "no column holds parameters: what the operations changed is lost; export again with AuditData"
                    .to_owned(),
            );
        }
        notes.extend(self.rows.notes());
        notes
    }
}
