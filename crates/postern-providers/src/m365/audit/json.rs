//! JSON exports of the audit log: what they share.

use std::borrow::Cow;

use postern_ingest::{Format, FormatInfo, Head, JsonRecord, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

use super::{AuditRecord, AuditRows, Wrapper};
use crate::m365::object::{Object, text_of};

/// A record is looked for within so many wrappings.
const MAX_WRAPPINGS: usize = 4;

/// A JSON export of the audit log.
pub(crate) struct AuditJson {
    pub(crate) info: FormatInfo,
    pub(crate) confidence: u8,
    /// What shows that a record of the file is one of this format.
    pub(crate) why: &'static str,
    pub(crate) fits: fn(&JsonRecord) -> bool,
}

impl Format for AuditJson {
    fn info(&self) -> FormatInfo {
        self.info
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Json(head) = head else { return None };
        let fits = head.records.iter().any(self.fits);
        fits.then(|| Recognised::new(Reader::Json, self.confidence, self.why))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(AuditJsonMapper { rows: AuditRows::new(schemas)? }))
    }
}

struct AuditJsonMapper {
    rows: AuditRows,
}

impl AuditJsonMapper {
    fn one(&self, text: &str, position: u64, last_chance: bool) -> Mapped {
        let mut text = Cow::Borrowed(text);
        let mut wrapper = Wrapper::default();
        for _ in 0..MAX_WRAPPINGS {
            let mut record = AuditRecord::default();
            if let Err(error) = record.read(&text) {
                return Mapped::Reject(error.0);
            }
            let complete = !record.operation.is_empty() && !record.creation_time.is_empty();
            let inner = match record.inner {
                Some((name, value)) if !complete || name == "AuditData" => unwrapped(name, value),
                _ => None,
            };
            let Some(inner) = inner else {
                return self.rows.map_read(record, &text, &wrapper, position, last_chance);
            };
            let first = |a: &Cow<'_, str>, b: &Cow<'_, str>| if a.is_empty() { b.to_string() } else { a.to_string() };
            wrapper = Wrapper {
                id: first(&record.id, &record.identity).into(),
                date: record.creation_date.to_string().into(),
                record_type: record.record_type.to_string().into(),
                operation: first(&record.operation, &record.operations).into(),
                user: first(&record.user_ids, &record.user_id).into(),
            };
            if let Some(("AuditData", _)) = record.inner {
                return self.rows.map(Cow::Owned(inner), &wrapper, position, last_chance);
            }
            drop(record);
            text = Cow::Owned(inner);
        }
        Mapped::Reject("it is wrapped too many times".to_owned())
    }
}

/// The text of the record within a wrapping member.
fn unwrapped(name: &str, value: &serde_json::value::RawValue) -> Option<String> {
    let text = text_of(value);
    if name == "AuditData" {
        return Some(text.into_owned());
    }
    if name == "event" {
        // Some shippers keep the text of the record one level below.
        let event = Object::parse(&text).ok()?;
        return event.json("original").map(Cow::into_owned);
    }
    text.trim_start().starts_with('{').then(|| text.into_owned())
}

impl Mapper for AuditJsonMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record.text, record.position, false)
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record.text, record.position, true)
    }

    fn notes(&self) -> Vec<String> {
        self.rows.notes()
    }
}
