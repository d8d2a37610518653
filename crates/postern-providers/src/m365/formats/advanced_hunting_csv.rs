//! Advanced hunting as the portal exports it: CSV with the columns of the query.

use postern_ingest::{Content, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

use crate::m365::hunting::{HuntingRows, table_of_columns};

/// Recognised by the columns of a table.
pub(super) struct AdvancedHuntingCsv;

impl Format for AdvancedHuntingCsv {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "advanced_hunting_csv",
            summary: "advanced hunting results exported by the portal",
            tables: &["AuditRecords", "EmailEvents", "EntraIdSignInEvents", "IdentityLogonEvents"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let table = table(head, Schemas::builtin().ok()?)?;
        Some(Recognised::new(Reader::Delimited, 70, format!("the columns of {table}")))
    }

    fn open(&self, head: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        let table = table(head, schemas).unwrap_or_default();
        Ok(Box::new(HuntingCsvMapper { table, rows: HuntingRows::new(schemas)? }))
    }
}

fn table(head: &Head, schemas: &Schemas) -> Option<String> {
    let Head::Delimited(head) = head else { return None };
    table_of_columns(schemas, head.columns.names.iter().map(String::as_str))
}

struct HuntingCsvMapper {
    table: String,
    rows: HuntingRows,
}

impl Mapper for HuntingCsvMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        let Content::Cells { columns, cells } = &record.content else {
            return Mapped::Reject("it is not delimited text".to_owned());
        };
        let pairs: Vec<(&str, &str)> =
            columns.names.iter().map(String::as_str).zip(cells.iter().map(AsRef::as_ref)).collect();
        self.rows.map_texts(&self.table, &pairs, record.position)
    }

    fn notes(&self) -> Vec<String> {
        self.rows.notes()
    }
}
