//! Message trace as CSV: `Get-MessageTraceV2` or `Get-MessageTrace` written with `Export-Csv`.

use postern_ingest::{Columns, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::row::{Rank, Value};
use postern_model::schema::Schemas;

use crate::m365::table::Table;
use crate::m365::when::DateOrder;

/// One row for each recipient of a message.
pub(super) struct MessageTraceCsv;

const NEEDS: &[&str] = &["MessageTraceId", "Received", "SenderAddress", "RecipientAddress", "Status"];

impl Format for MessageTraceCsv {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "message_trace_csv",
            summary: "Get-MessageTraceV2 written with Export-Csv",
            tables: &["MessageTrace"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Delimited(head) = head else { return None };
        let why = || format!("the columns {}", NEEDS.join(", "));
        head.columns.have(NEEDS).then(|| Recognised::new(Reader::Delimited, 90, why()))
    }

    fn open(&self, head: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        let columns = match head {
            Head::Delimited(head) => head.columns.clone(),
            _ => Columns::default(),
        };
        let table = Table::new(schemas, "MessageTrace")?;
        let copied = COPIED.iter().filter_map(|name| Some((*name, columns.find(name)?))).collect();
        Ok(Box::new(TraceMapper { received: columns.find("Received"), copied, table, order: DateOrder::default() }))
    }
}

const COPIED: &[&str] = &[
    "MessageTraceId",
    "MessageId",
    "SenderAddress",
    "RecipientAddress",
    "FromIP",
    "ToIP",
    "Subject",
    "Status",
    "Size",
];

struct TraceMapper {
    table: Table,
    received: Option<usize>,
    copied: Vec<(&'static str, usize)>,
    order: DateOrder,
}

impl TraceMapper {
    fn one(&self, record: &mut Record<'_>, last_chance: bool) -> Mapped {
        let received = record.cell(self.received);
        if !last_chance {
            self.order.learn(received, None);
        }
        let time = match self.order.read(received, last_chance) {
            Some(Ok(time)) => time,
            Some(Err(reason)) => return Mapped::Reject(reason),
            None => return Mapped::Later,
        };
        let mut row = self.table.row(Rank::Record, record.position);
        for (column, index) in &self.copied {
            row.text(column, record.take_cell(Some(*index)));
        }
        if row.is_empty("RecipientAddress") {
            return Mapped::Reject("it has no recipient".to_owned());
        }
        row.set("Received", Value::DateTime(time));
        row.keyed()
    }
}

impl Mapper for TraceMapper {
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
