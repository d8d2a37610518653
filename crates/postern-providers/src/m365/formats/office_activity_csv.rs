//! `OfficeActivity` of a Log Analytics workspace as CSV, whole or projected to a few columns.

use std::borrow::Cow;

use postern_ingest::{Columns, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

use crate::m365::audit::{AuditRows, activity};

/// The record's members are columns, some under other names; lists are texts holding JSON.
pub(super) struct OfficeActivityCsv;

impl Format for OfficeActivityCsv {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "office_activity_csv",
            summary: "OfficeActivity rows of a Log Analytics workspace as CSV",
            tables: &["AuditRecords"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Delimited(head) = head else { return None };
        let columns = &head.columns;
        let fits = columns.have(&["Operation"])
            && columns.find_any(TIMES).is_some()
            && columns.find_any(&["Parameters", "OfficeWorkload", "OfficeObjectId", "OfficeId"]).is_some();
        fits.then(|| Recognised::new(Reader::Delimited, 80, "the columns TimeGenerated, Operation and Parameters"))
    }

    fn open(&self, head: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        let columns = match head {
            Head::Delimited(head) => head.columns.clone(),
            _ => Columns::default(),
        };
        Ok(Box::new(ActivityMapper { rows: AuditRows::new(schemas)?, columns }))
    }
}

const TIMES: &[&str] = &["TimeGenerated", "TimeGenerated [UTC]", "Start_Time"];

struct ActivityMapper {
    rows: AuditRows,
    columns: Columns,
}

impl ActivityMapper {
    fn one(&self, record: &Record<'_>, last_chance: bool) -> Mapped {
        let cell = |names: &[&str]| Cow::Borrowed(record.cell(self.columns.find_any(names)));
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
