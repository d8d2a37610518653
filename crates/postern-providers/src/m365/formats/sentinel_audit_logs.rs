//! `AuditLogs` of a Log Analytics workspace: JSON, or CSV of the portal.

use postern_ingest::{Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record, shown};
use postern_model::row::{Rank, Value};
use postern_model::schema::Schemas;

use crate::m365::object::Object;
use crate::m365::table::Table;
use crate::m365::when::{DateOrder, instant};
use crate::m365::workspace;

/// The table's own columns, copied by name.
pub(super) struct SentinelAuditLogs;

impl Format for SentinelAuditLogs {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "sentinel_audit_logs",
            summary: "AuditLogs rows of a Log Analytics workspace",
            tables: &["AuditLogs"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let reader = match head {
            Head::Json(_) => Reader::Json,
            Head::Delimited(_) => Reader::Delimited,
            Head::Other(_) => return None,
        };
        let fits = workspace::have(head, &["TimeGenerated", "OperationName"])
            && ["TargetResources", "InitiatedBy"].iter().any(|name| workspace::have(head, &[name]));
        fits.then(|| Recognised::new(reader, 82, "the columns TimeGenerated, OperationName and TargetResources"))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(LogsMapper { table: Table::new(schemas, "AuditLogs")?, order: DateOrder::default() }))
    }
}

const TIMES: &[&str] = &["TimeGenerated", "ActivityDateTime"];

struct LogsMapper {
    table: Table,
    order: DateOrder,
}

impl LogsMapper {
    fn one(&self, record: &Record<'_>, last_chance: bool) -> Mapped {
        let Some(text) = workspace::object(record, TIMES, &self.order, last_chance) else { return Mapped::Later };
        let object = match Object::parse(&text) {
            Ok(object) => object,
            Err(reason) => return Mapped::Reject(reason),
        };
        let mut row = self.table.row(Rank::Native, record.position);
        for (name, value) in object.members() {
            if !matches!(value.get(), "null" | "\"\"") {
                row.json(name, Some(value));
            }
        }
        if row.is_empty("OperationName") {
            return Mapped::Reject("it has no OperationName".to_owned());
        }
        let text = object.text("TimeGenerated");
        let Some(time) = instant(&text) else {
            return Mapped::Reject(match text.as_ref() {
                "" => "it has no time".to_owned(),
                text => format!("its time `{}` cannot be read", shown(text, 40)),
            });
        };
        row.set("TimeGenerated", Value::DateTime(time));
        row.set("Type", Value::String("AuditLogs".to_owned()));
        row.keyed()
    }
}

impl Mapper for LogsMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, false)
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, true)
    }

    fn notes(&self) -> Vec<String> {
        self.order.note().into_iter().collect()
    }
}
