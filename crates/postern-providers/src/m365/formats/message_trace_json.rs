//! Message trace as JSON: `Get-MessageTraceV2`, `Get-MessageTrace`, the Reporting Web Service, the Graph API.

use postern_ingest::{Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record, shown};
use postern_model::row::{Rank, Value};
use postern_model::schema::Schemas;

use crate::m365::object::Object;
use crate::m365::table::Table;
use crate::m365::when::instant;

/// One row for each recipient of a message.
pub(super) struct MessageTraceJson;

impl Format for MessageTraceJson {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "message_trace_json", summary: "message trace as JSON", tables: &["MessageTrace"] }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Json(head) = head else { return None };
        let fits = |names: &[&str]| head.records.iter().any(|r| names.iter().all(|n| r.has(n)));
        let cmdlet = fits(&["MessageTraceId", "RecipientAddress", "Received"]);
        let graph = fits(&["receivedDateTime", "recipientAddress", "senderAddress", "status"]);
        (cmdlet || graph)
            .then(|| Recognised::new(Reader::Json, 90, "the members MessageTraceId, RecipientAddress and Received"))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(TraceMapper { table: Table::new(schemas, "MessageTrace")? }))
    }
}

struct TraceMapper {
    table: Table,
}

impl Mapper for TraceMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        let object = match Object::parse(record.text) {
            Ok(object) => object,
            Err(reason) => return Mapped::Reject(reason),
        };
        let received = object.get("Received").or_else(|| object.get("receivedDateTime"));
        let received = received.map(crate::m365::object::text_of).unwrap_or_default();
        let Some(time) = instant(&received) else {
            return Mapped::Reject(format!("its time `{}` cannot be read", shown(&received, 40)));
        };
        if object.text("RecipientAddress").is_empty() {
            return Mapped::Reject("it has no recipient".to_owned());
        }
        let mut row = self.table.row(Rank::Record, record.position);
        for column in [
            "MessageTraceId",
            "MessageId",
            "SenderAddress",
            "RecipientAddress",
            "FromIP",
            "ToIP",
            "Subject",
            "Status",
            "Size",
        ] {
            row.json(column, object.get(column));
        }
        if row.is_empty("MessageTraceId") {
            row.json("MessageTraceId", object.get("id"));
        }
        row.set("Received", Value::DateTime(time));
        row.keyed()
    }
}
