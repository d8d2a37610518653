//! `OfficeActivity` of a Log Analytics workspace as JSON: lines, arrays, whole or projected to a few columns.

use std::borrow::Cow;

use postern_ingest::{Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

use crate::m365::audit::{AuditRows, activity};
use crate::m365::object::Object;

/// The record's members, some under other names.
pub(super) struct OfficeActivityJson;

impl Format for OfficeActivityJson {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "office_activity_json",
            summary: "OfficeActivity rows of a Log Analytics workspace as JSON",
            tables: &["AuditRecords"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Json(head) = head else { return None };
        let fits = head.records.iter().any(|record| {
            let any = |names: &[&str]| names.iter().any(|name| record.has_folded(name));
            record.has_folded("Operation")
                && any(&["TimeGenerated", "TimeGenerated [UTC]", "Start_Time"])
                && any(&["Parameters", "OfficeWorkload", "OfficeObjectId", "OfficeId"])
        });
        fits.then(|| Recognised::new(Reader::Json, 80, "the members TimeGenerated, Operation and OfficeWorkload"))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(ActivityMapper { rows: AuditRows::new(schemas)? }))
    }
}

struct ActivityMapper {
    rows: AuditRows,
}

impl ActivityMapper {
    fn one(&self, record: &Record<'_>, last_chance: bool) -> Mapped {
        let object = match Object::parse(record.text) {
            Ok(object) => object,
            Err(reason) => return Mapped::Reject(reason),
        };
        let cell = |names: &[&str]| {
            names.iter().map(|name| object.text(name)).find(|text| !text.is_empty()).unwrap_or(Cow::Borrowed(""))
        };
        activity::map(&self.rows, cell, record.position, last_chance)
    }
}

impl Mapper for ActivityMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, false)
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, true)
    }

    fn notes(&self) -> Vec<String> {
        activity::notes(&self.rows)
    }
}
