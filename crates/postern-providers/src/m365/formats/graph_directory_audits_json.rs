//! Directory changes of Entra ID as the Graph API gives them: pages, arrays, lines.

use postern_ingest::{Format, FormatInfo, Head, Mapper, MissingTable, Reader, Recognised};
use postern_model::schema::Schemas;

use super::entra_diagnostic_json::EntraMapper;
use crate::m365::entra::EntraRows;

/// Recognised by the members of the API.
pub(super) struct GraphDirectoryAuditsJson;

impl Format for GraphDirectoryAuditsJson {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "graph_directory_audits_json",
            summary: "directory changes from the Graph API",
            tables: &["AuditLogs"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Json(head) = head else { return None };
        let fits = head.records.iter().any(|record| {
            ["activityDateTime", "activityDisplayName", "initiatedBy"].iter().all(|name| record.has(name))
        });
        let why = "the members activityDateTime, activityDisplayName and initiatedBy";
        fits.then(|| Recognised::new(Reader::Json, 85, why))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(EntraMapper(EntraRows::new(schemas)?)))
    }
}
