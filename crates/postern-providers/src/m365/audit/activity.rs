//! `OfficeActivity` of a Log Analytics workspace: the record's members as columns, some under other names.

use std::borrow::Cow;

use postern_ingest::Mapped;

use super::{AuditRecord, AuditRows};

const TIMES: &[&str] = &["TimeGenerated", "TimeGenerated [UTC]", "Start_Time"];

/// Maps a row; `cell` gives the text of the first column that has one of the names.
pub(crate) fn map<'a>(
    rows: &AuditRows,
    cell: impl Fn(&[&str]) -> Cow<'a, str>,
    position: u64,
    last_chance: bool,
) -> Mapped {
    let bag = |name: &'static str| {
        let text = cell(&[name]);
        let text = text.trim();
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
        *slot = Cow::Owned(cell(names).trim().to_owned());
    }
    // Some operations end with a blank.
    parts.operation = cell(&["Operation"]);
    rows.map_parts(parts, position, last_chance)
}

pub(crate) fn notes(rows: &AuditRows) -> Vec<String> {
    let mut notes =
        vec!["the rows are parts of audit records: what the workspace or its query left out is not known".to_owned()];
    notes.extend(rows.notes());
    notes
}
