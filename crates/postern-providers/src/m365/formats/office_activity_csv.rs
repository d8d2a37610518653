//! `OfficeActivity` of a Log Analytics workspace as CSV, whole or projected to a few columns.

use std::borrow::Cow;

use postern_ingest::{Columns, Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

use crate::m365::audit::{AuditRecord, AuditRows};

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
        let cell = |names: &[&str]| record.cell(self.columns.find_any(names)).trim();
        let bag = |name: &'static str| {
            let text = cell(&[name]);
            if text.starts_with(['[', '{']) { format!("{{\"{name}\":{text}}}") } else { String::new() }
        };
        let lists = ["Parameters", "OperationProperties", "ExtendedProperties", "AppAccessContext"].map(bag);
        let mut parts = AuditRecord::default();
        for list in lists.iter().filter(|list| !list.is_empty()) {
            // A list that is cut off gives what stands before the cut.
            let _ = parts.read(list);
        }
        for (slot, names) in [
            (&mut parts.creation_time, TIMES),
            (&mut parts.id, &["OfficeId"][..]),
            (&mut parts.operation, &["Operation"]),
            (&mut parts.record_type, &["RecordType"]),
            (&mut parts.workload, &["OfficeWorkload"]),
            (&mut parts.user_id, &["UserId", "UserId_"]),
            (&mut parts.user_key, &["UserKey"]),
            (&mut parts.user_type, &["UserType"]),
            (&mut parts.result_status, &["ResultStatus"]),
            (&mut parts.object_id, &["OfficeObjectId"]),
            (&mut parts.client_ip, &["ClientIP"]),
            (&mut parts.client_ip_address, &["Client_IPAddress"]),
            (&mut parts.actor_ip_address, &["ActorIpAddress"]),
            (&mut parts.organization_id, &["OrganizationId"]),
            (&mut parts.organization_name, &["OrganizationName"]),
            (&mut parts.app_id, &["AppId"]),
            (&mut parts.client_app_id, &["ClientAppId"]),
            (&mut parts.external_access, &["ExternalAccess"]),
            (&mut parts.client_info, &["ClientInfoString"]),
            (&mut parts.user_agent, &["UserAgent"]),
            (&mut parts.logon_type, &["Logon_Type"]),
        ] {
            *slot = Cow::Borrowed(cell(names));
        }
        self.rows.map_parts(parts, record.position, last_chance)
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
        let mut notes = vec![
            "the rows are parts of audit records: what the workspace or its query left out is not known".to_owned(),
        ];
        notes.extend(self.rows.notes());
        notes
    }
}
