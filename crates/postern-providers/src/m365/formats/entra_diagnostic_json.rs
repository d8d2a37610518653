//! Sign-ins and directory changes of Entra ID as diagnostic settings write them: to a storage account, an event hub.

use postern_ingest::{Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

use crate::m365::entra::EntraRows;

/// An envelope with time and category, the Graph-like record under `properties`.
pub(super) struct EntraDiagnosticJson;

impl Format for EntraDiagnosticJson {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "entra_diagnostic_json",
            summary: "Entra ID logs written by diagnostic settings",
            tables: &["EntraIdSignInEvents", "AuditLogs"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Json(head) = head else { return None };
        let fits = head.records.iter().any(|record| {
            let category = record.get("category").and_then(|c| c.as_str()).unwrap_or_default();
            record.has("properties")
                && record.has("time")
                && (category.ends_with("SignInLogs") || (category == "AuditLogs" && record.has("operationName")))
        });
        fits.then(|| Recognised::new(Reader::Json, 90, "an envelope of category SignInLogs or AuditLogs"))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(EntraMapper(EntraRows::new(schemas)?)))
    }
}

/// Maps every record by what it is: exports of both kinds are often joined.
pub(super) struct EntraMapper(pub(super) EntraRows);

impl Mapper for EntraMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.0.map(record)
    }

    fn notes(&self) -> Vec<String> {
        self.0.notes()
    }
}
