//! What the Management Activity API answers when asked which content there is: addresses of records, no records.

use postern_ingest::{Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

/// Recognised so that nobody takes it for audit records.
pub(super) struct ManagementContentList;

impl Format for ManagementContentList {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "management_content_list_json",
            summary: "list of content blobs of the Management Activity API",
            tables: &["AuditRecords"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Json(head) = head else { return None };
        let fits = head.records.iter().any(|record| {
            ["contentUri", "contentId", "contentType"].iter().all(|name| record.has(name)) && !record.has("Operation")
        });
        fits.then(|| Recognised::new(Reader::Json, 85, "the members contentUri, contentId and contentType"))
    }

    fn open(&self, _: &Head, _: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(ContentListMapper))
    }
}

struct ContentListMapper;

impl Mapper for ContentListMapper {
    fn map(&self, _: &mut Record<'_>) -> Mapped {
        Mapped::Reject("it says where records can be fetched, and is none".to_owned())
    }

    fn notes(&self) -> Vec<String> {
        vec!["the list holds no audit records: fetch the content of each `contentUri` and load that".to_owned()]
    }
}
