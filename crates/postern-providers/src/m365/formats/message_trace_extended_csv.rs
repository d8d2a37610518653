//! The extended report of a historical message search: one line for each event of a message.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use postern_ingest::{Columns, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::row::{Rank, Row, Value};
use postern_model::schema::Schemas;
use postern_model::time::Ticks;
use serde_json::json;

use crate::m365::historical::{column, direction, have, status};
use crate::m365::table::Table;
use crate::m365::when::DateOrder;

/// The events of one message to one recipient become one row, once the whole file has been seen: the lines are in no
/// order. The first line gives the row, the others are counted as its duplicates.
pub(super) struct MessageTraceExtendedCsv;

const NEEDS: &[&str] = &["date_time_utc", "event_id", "source", "recipient_address", "message_id"];

impl Format for MessageTraceExtendedCsv {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "message_trace_extended_csv",
            summary: "extended report of a historical message trace",
            tables: &["MessageTrace"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Delimited(head) = head else { return None };
        let fits = have(&head.columns, NEEDS) || (have(&head.columns, &NEEDS[1..]) && time(&head.columns).is_some());
        let why = || format!("the columns {}", NEEDS.join(", "));
        fits.then(|| Recognised::new(Reader::Delimited, 92, why()))
    }

    fn open(&self, head: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        let columns = match head {
            Head::Delimited(head) => head.columns.clone(),
            _ => Columns::default(),
        };
        let at = |name: &str| column(&columns, name);
        Ok(Box::new(ExtendedMapper {
            table: Table::new(schemas, "MessageTrace")?,
            time: time(&columns),
            event: at("event_id"),
            source: at("source"),
            connector: at("connector_id"),
            network_id: at("network_message_id"),
            message_id: at("message_id"),
            recipients: at("recipient_address"),
            statuses: at("recipient_status"),
            related: at("related_recipient_address"),
            sender: at("sender_address"),
            subject: at("message_subject"),
            size: at("total_bytes"),
            address: at("original_client_ip"),
            direction: at("directionality"),
            custom: at("custom_data"),
            order: DateOrder::default(),
            messages: Mutex::default(),
        }))
    }
}

fn time(columns: &Columns) -> Option<usize> {
    column(columns, "date_time_utc").or_else(|| column(columns, "date_time"))
}

/// Message and recipient, folded.
type Key = (String, String);

struct Event {
    time: Ticks,
    name: String,
    source: String,
    connector: String,
    status: String,
    related: String,
    custom: String,
}

#[derive(Default)]
struct Message {
    events: Vec<Event>,
    /// The row with the events was given; later lines give the same row without them, which counts as its duplicate.
    told: bool,
    subject: String,
    size: String,
    address: String,
    direction: String,
    status: String,
}

struct ExtendedMapper {
    table: Table,
    time: Option<usize>,
    event: Option<usize>,
    source: Option<usize>,
    connector: Option<usize>,
    network_id: Option<usize>,
    message_id: Option<usize>,
    recipients: Option<usize>,
    statuses: Option<usize>,
    related: Option<usize>,
    sender: Option<usize>,
    subject: Option<usize>,
    size: Option<usize>,
    address: Option<usize>,
    direction: Option<usize>,
    custom: Option<usize>,
    order: DateOrder,
    messages: Mutex<HashMap<Key, Message>>,
}

impl ExtendedMapper {
    fn cell<'r>(record: &'r Record<'_>, index: Option<usize>) -> &'r str {
        record.cell(index).trim()
    }

    /// The id that ties the events together.
    fn id<'r>(&self, record: &'r Record<'_>) -> &'r str {
        match Self::cell(record, self.network_id) {
            "" => Self::cell(record, self.message_id),
            id => id,
        }
    }

    /// Recipients of the line, each with its status.
    fn recipients<'r>(&self, record: &'r Record<'_>) -> Vec<(&'r str, &'r str)> {
        let mut statuses = Self::cell(record, self.statuses).split(';');
        let recipients = Self::cell(record, self.recipients).split(';').map(str::trim);
        recipients
            .map(|one| (one, statuses.next().unwrap_or_default().trim()))
            .filter(|(one, _)| !one.is_empty())
            .collect()
    }

    /// Keeps what the line says; false when its time cannot be read.
    fn keep(&self, record: &Record<'_>, time: Ticks) {
        let id = self.id(record).to_lowercase();
        let text = |index| Self::cell(record, index).to_owned();
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        for (recipient, status) in self.recipients(record) {
            let message = messages.entry((id.clone(), recipient.to_lowercase())).or_default();
            let event = Event {
                time,
                name: text(self.event),
                source: text(self.source),
                connector: text(self.connector),
                status: status.to_owned(),
                related: text(self.related),
                custom: text(self.custom),
            };
            message.events.push(event);
            for (slot, index) in [
                (&mut message.subject, self.subject),
                (&mut message.size, self.size),
                (&mut message.address, self.address),
                (&mut message.direction, self.direction),
            ] {
                if slot.is_empty() {
                    *slot = text(index);
                }
            }
        }
    }

    fn row(&self, record: &Record<'_>, recipient: &str, message: &mut Message) -> Option<Row> {
        if !message.told {
            message.events.sort_by(|a, b| (a.time, &a.name, &a.source).cmp(&(b.time, &b.name, &b.source)));
            message.status = status(message.events.iter().map(|event| event.name.as_str())).to_owned();
        }
        let mut row = self.table.row(Rank::Record, record.position);
        row.text("MessageTraceId", Cow::Borrowed(self.id(record)));
        row.text("MessageId", Cow::Borrowed(Self::cell(record, self.message_id)));
        row.set("Received", Value::DateTime(message.events.first()?.time));
        row.text("SenderAddress", Cow::Borrowed(Self::cell(record, self.sender)));
        row.text("RecipientAddress", Cow::Borrowed(recipient));
        row.text("FromIP", Cow::Borrowed(&message.address));
        row.text("Subject", Cow::Borrowed(&message.subject));
        row.text("Size", Cow::Borrowed(&message.size));
        row.text("Directionality", Cow::Borrowed(direction(&message.direction)));
        row.text("Status", Cow::Borrowed(&message.status));
        let last = message.events.iter().rev().find(|event| !event.status.is_empty());
        row.text("RecipientStatus", Cow::Borrowed(last.map_or("", |event| &event.status)));
        let connector = message.events.iter().find(|event| !event.connector.is_empty());
        row.text("ConnectorId", Cow::Borrowed(connector.map_or("", |event| &event.connector)));
        if connector.is_some() {
            row.rank(Rank::Native);
        }
        if std::mem::replace(&mut message.told, true) {
            row.rank(Rank::Salvaged);
            return kept(row.keyed());
        }
        let events: Vec<_> = message
            .events
            .iter()
            .map(|event| {
                let members = [
                    ("Timestamp", event.time.to_string()),
                    ("Event", event.name.clone()),
                    ("Source", event.source.clone()),
                    ("Connector", event.connector.clone()),
                    ("Status", event.status.clone()),
                    ("RelatedRecipient", event.related.clone()),
                    ("Data", event.custom.clone()),
                ];
                let filled = members.into_iter().filter(|(_, text)| !text.is_empty());
                serde_json::Value::Object(filled.map(|(name, text)| (name.to_owned(), json!(text))).collect())
            })
            .collect();
        row.set("Events", Value::Dynamic(serde_json::Value::Array(events).to_string()));
        kept(row.keyed())
    }
}

fn kept(mapped: Mapped) -> Option<Row> {
    match mapped {
        Mapped::Row(row) => Some(*row),
        _ => None,
    }
}

impl Mapper for ExtendedMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        if self.id(record).is_empty() || self.recipients(record).is_empty() {
            return Mapped::Reject("it has no message id or no recipient".to_owned());
        }
        let text = record.cell(self.time);
        self.order.learn(text, None);
        match self.order.read(text, false) {
            Some(Ok(time)) => self.keep(record, time),
            Some(Err(reason)) => return Mapped::Reject(reason),
            None => {}
        }
        Mapped::Later
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        let text = record.cell(self.time);
        if self.order.read(text, false).is_none() {
            // Day first or month first was not known before.
            match self.order.read(text, true) {
                Some(Ok(time)) => self.keep(record, time),
                Some(Err(reason)) => return Mapped::Reject(reason),
                None => return Mapped::Later,
            }
        }
        let id = self.id(record).to_lowercase();
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let rows: Vec<Row> = self
            .recipients(record)
            .into_iter()
            .filter_map(|(recipient, _)| {
                let message = messages.get_mut(&(id.clone(), recipient.to_lowercase()))?;
                self.row(record, recipient, message)
            })
            .collect();
        if rows.is_empty() { Mapped::Reject("it has no recipient".to_owned()) } else { Mapped::Rows(rows) }
    }

    fn notes(&self) -> Vec<String> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes = vec![format!(
            "the events of a message to a recipient are one row, further events count as its duplicates; rows: {}",
            messages.len()
        )];
        notes.extend(self.order.note());
        notes
    }
}
