//! What is left of an audit search when the tool kept neither `AuditData` nor the operation.

use postern_ingest::{Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

/// Recognised so that a person learns what the file lacks.
pub(super) struct AuditWrapperCsv;

impl Format for AuditWrapperCsv {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "audit_wrapper_csv",
            summary: "rows of Search-UnifiedAuditLog without AuditData",
            tables: &["AuditRecords"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let Head::Delimited(head) = head else { return None };
        let columns = &head.columns;
        let fits = columns.have(&["RecordType", "CreationDate", "UserIds", "ResultIndex"])
            && columns.find_any(&["AuditData", "Operations", "Operation"]).is_none();
        let why = "the columns RecordType, CreationDate, UserIds and ResultIndex, without AuditData";
        fits.then(|| Recognised::new(Reader::Delimited, 70, why))
    }

    fn open(&self, _: &Head, _: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(WrapperMapper))
    }
}

struct WrapperMapper;

impl Mapper for WrapperMapper {
    fn map(&self, _: &mut Record<'_>) -> Mapped {
        Mapped::Reject("it has neither AuditData nor an operation".to_owned())
    }

    fn notes(&self) -> Vec<String> {
        vec!["the file says when and who, not what was done: export again with the column AuditData".to_owned()]
    }
}
