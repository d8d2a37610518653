//! Sign-ins of Entra ID as the Graph API gives them, v1.0 and beta: pages, arrays, lines.

use postern_ingest::{Format, FormatInfo, Head, Mapper, MissingTable, Reader, Recognised};
use postern_model::schema::Schemas;

use super::entra_diagnostic_json::EntraMapper;
use crate::m365::entra::EntraRows;

/// Recognised by the members of the API.
pub(super) struct GraphSignInsJson;

impl Format for GraphSignInsJson {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "graph_sign_ins_json",
            summary: "sign-ins from the Graph API",
            tables: &["EntraIdSignInEvents"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Json(head) = head else { return None };
        let fits = |names: &[&str]| head.records.iter().any(|r| names.iter().all(|n| r.has(n)));
        let sign_in = fits(&["createdDateTime", "appId", "ipAddress"])
            || fits(&["createdDateTime", "userPrincipalName", "status"]);
        sign_in.then(|| Recognised::new(Reader::Json, 80, "the members createdDateTime, appId and ipAddress"))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(EntraMapper(EntraRows::new(schemas)?)))
    }
}
