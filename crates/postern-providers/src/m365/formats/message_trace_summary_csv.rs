//! The enhanced summary of a historical message search: one line for a message, with the status of each recipient and
//! the connector that it came or went by.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use postern_ingest::{Columns, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::row::{Rank, Row, Value};
use postern_model::schema::Schemas;

use crate::m365::historical::{column, direction, have, status};
use crate::m365::table::Table;
use crate::m365::when::DateOrder;

/// Each recipient is a record of its own.
pub(super) struct MessageTraceSummaryCsv;

const NEEDS: &[&str] = &["origin_timestamp_utc", "sender_address", "recipient_status"];

impl Format for MessageTraceSummaryCsv {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "message_trace_summary_csv",
            summary: "enhanced summary report of a historical message trace",
            tables: &["MessageTrace"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Delimited(head) = head else { return None };
        let why = || format!("the columns {}", NEEDS.join(", "));
        have(&head.columns, NEEDS).then(|| Recognised::new(Reader::Delimited, 92, why()))
    }

    fn open(&self, head: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        let columns = match head {
            Head::Delimited(head) => head.columns.clone(),
            _ => Columns::default(),
        };
        let copied = COPIED.iter().filter_map(|(to, from)| Some((*to, column(&columns, from)?))).collect();
        Ok(Box::new(SummaryMapper {
            table: Table::new(schemas, "MessageTrace")?,
            received: column(&columns, "origin_timestamp_utc"),
            recipients: column(&columns, "recipient_status"),
            direction: column(&columns, "directionality"),
            copied,
            order: DateOrder::default(),
            messages: AtomicU64::new(0),
        }))
    }
}

/// Column of the table, column of the report.
const COPIED: &[(&str, &str)] = &[
    ("MessageTraceId", "network_message_id"),
    ("MessageId", "message_id"),
    ("SenderAddress", "sender_address"),
    ("FromIP", "original_client_ip"),
    ("Subject", "message_subject"),
    ("Size", "total_bytes"),
    ("ConnectorId", "connector_id"),
];

struct SummaryMapper {
    table: Table,
    received: Option<usize>,
    recipients: Option<usize>,
    direction: Option<usize>,
    copied: Vec<(&'static str, usize)>,
    order: DateOrder,
    messages: AtomicU64,
}

impl SummaryMapper {
    fn one(&self, record: &Record<'_>, last_chance: bool) -> Mapped {
        let received = record.cell(self.received);
        if !last_chance {
            self.order.learn(received, None);
        }
        let time = match self.order.read(received, last_chance) {
            Some(Ok(time)) => time,
            Some(Err(reason)) => return Mapped::Reject(reason),
            None => return Mapped::Later,
        };
        let mut rows: Vec<Row> = Vec::new();
        // `a@contoso.example##Receive, Deliver;b@contoso.example##Receive, Fail`
        for one in record.cell(self.recipients).split(';').map(str::trim).filter(|one| !one.is_empty()) {
            let (recipient, events) = one.split_once("##").unwrap_or((one, ""));
            if recipient.trim().is_empty() {
                continue;
            }
            let mut row = self.table.row(Rank::Record, record.position);
            for (column, index) in &self.copied {
                row.text(column, Cow::Borrowed(record.cell(Some(*index)).trim()));
            }
            row.set("Received", Value::DateTime(time));
            row.text("RecipientAddress", Cow::Borrowed(recipient.trim()));
            row.text("RecipientStatus", Cow::Borrowed(events.trim()));
            row.text("Status", Cow::Borrowed(status(events.split(','))));
            row.text("Directionality", Cow::Borrowed(direction(record.cell(self.direction))));
            if !row.is_empty("ConnectorId") {
                // A trace by the cmdlet says nothing of connectors: this row says more.
                row.rank(Rank::Native);
            }
            if let Mapped::Row(row) = row.keyed() {
                rows.push(*row);
            }
        }
        if rows.is_empty() {
            return Mapped::Reject("it has no recipient".to_owned());
        }
        self.messages.fetch_add(1, Ordering::Relaxed);
        Mapped::Rows(rows)
    }
}

impl Mapper for SummaryMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, false)
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, true)
    }

    fn notes(&self) -> Vec<String> {
        let messages = self.messages.load(Ordering::Relaxed);
        let mut notes = vec![format!("each recipient of a message is a record of its own; messages: {messages}")];
        notes.extend(self.order.note());
        notes
    }
}
