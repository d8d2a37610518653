//! Delimited exports of the audit log: what they share.
//!
//! All have a column with the whole record as JSON. They differ in the names of the columns around it, which matter
//! only where that JSON is missing or cut off.

use std::borrow::Cow;

use postern_ingest::{Columns, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

use super::{AuditRows, Wrapper};

/// A delimited export with whole records in one column.
pub(crate) struct AuditCsv {
    pub(crate) info: FormatInfo,
    /// The format is recognised by all of these columns.
    pub(crate) needs: &'static [&'static str],
    pub(crate) confidence: u8,
}

impl Format for AuditCsv {
    fn info(&self) -> FormatInfo {
        self.info
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Delimited(head) = head else { return None };
        let why = || format!("the columns {}", self.needs.join(", "));
        head.columns.have(self.needs).then(|| Recognised::new(Reader::Delimited, self.confidence, why()))
    }

    fn open(&self, head: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        let columns = match head {
            Head::Delimited(head) => AuditColumns::of(&head.columns),
            _ => AuditColumns::default(),
        };
        Ok(Box::new(AuditCsvMapper { columns, rows: AuditRows::new(schemas)? }))
    }
}

#[derive(Default)]
struct AuditColumns {
    data: Option<usize>,
    id: Option<usize>,
    date: Option<usize>,
    record_type: Option<usize>,
    operation: Option<usize>,
    user: Option<usize>,
}

impl AuditColumns {
    fn of(columns: &Columns) -> Self {
        Self {
            data: columns.find("AuditData"),
            id: columns.find_any(&["RecordId", "Identity", "Id"]),
            date: columns.find_any(&["CreationDate", "createdDateTime"]),
            record_type: columns.find_any(&["RecordType", "auditLogRecordType"]),
            operation: columns.find_any(&["Operation", "Operations"]),
            user: columns.find_any(&["userPrincipalName", "UserIds", "UserId"]),
        }
    }
}

struct AuditCsvMapper {
    columns: AuditColumns,
    rows: AuditRows,
}

impl AuditCsvMapper {
    fn one(&self, record: &mut Record<'_>, last_chance: bool) -> Mapped {
        let data = record.take_cell(self.columns.data);
        let mut cell = |index| -> Cow<'_, str> { record.take_cell(index) };
        let wrapper = Wrapper {
            id: cell(self.columns.id),
            date: cell(self.columns.date),
            record_type: cell(self.columns.record_type),
            operation: cell(self.columns.operation),
            user: cell(self.columns.user),
        };
        self.rows.map(data, &wrapper, record.position, last_chance)
    }
}

impl Mapper for AuditCsvMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, false)
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, true)
    }

    fn notes(&self) -> Vec<String> {
        self.rows.notes()
    }
}
