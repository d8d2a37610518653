//! Advanced hunting as JSON: records of the streaming API, and rows of the hunting API.

use postern_ingest::{Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

use crate::m365::hunting::{HuntingRows, table_of_columns};

/// Streaming records name their table; rows of the API are recognised by their columns.
pub(super) struct AdvancedHuntingJson;

impl Format for AdvancedHuntingJson {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "advanced_hunting_json",
            summary: "advanced hunting rows from the hunting or the streaming API",
            tables: &[
                "AlertEvidence",
                "AlertInfo",
                "AuditRecords",
                "EmailAttachmentInfo",
                "EmailEvents",
                "EmailPostDeliveryEvents",
                "EmailUrlInfo",
                "EntraIdSignInEvents",
                "IdentityDirectoryEvents",
                "IdentityInfo",
                "IdentityLogonEvents",
                "UrlClickEvents",
            ],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Json(head) = head else { return None };
        let streamed = head.records.iter().any(|record| {
            let category = record.get("category").and_then(|c| c.as_str());
            category.is_some_and(|c| c.starts_with("AdvancedHunting-")) && record.has("properties")
        });
        if streamed {
            return Some(Recognised::new(Reader::Json, 95, "an envelope of category AdvancedHunting-…"));
        }
        let schemas = Schemas::builtin().ok()?;
        let table = head.records.iter().find_map(|record| {
            let all = table_of_columns(schemas, record.keys.iter().map(String::as_str));
            all.or_else(|| {
                let members = record.value.as_ref()?.as_object()?;
                let filled = members.iter().filter(|(_, value)| !value.is_null() && *value != "");
                table_of_columns(schemas, filled.map(|(name, _)| name.as_str()))
            })
        })?;
        Some(Recognised::new(Reader::Json, 75, format!("the columns of {table}")))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(HuntingMapper(HuntingRows::new(schemas)?)))
    }
}

struct HuntingMapper(HuntingRows);

impl Mapper for HuntingMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.0.map(record.text, record.position)
    }

    fn notes(&self) -> Vec<String> {
        self.0.notes()
    }
}
