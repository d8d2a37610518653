//! The two CSV forms of the audit log.

use chrono::NaiveDateTime;

use super::{Output, PURVIEW, Rows, SEARCH, zstd_pack};
use crate::LabError;
use crate::tenant::Tenant;

/// Rows per page of a search, and how many rows of a page come again on the next one.
const PAGE: usize = 150;
const AGAIN: usize = 3;

/// The portal's export: number in `RecordType`, quotes only where needed, newest first.
pub(super) fn purview(tenant: &Tenant) -> Result<Vec<Output>, LabError> {
    let (_, to) = PURVIEW.bounds(tenant);
    let mut text = String::from(
        "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames\r\n",
    );
    let mut rows = 0;
    for record in PURVIEW.records(tenant).rev() {
        let cells = [
            record.id.clone(),
            // The portal writes seven decimals and a blank after the zone.
            record.time.format("%Y-%m-%dT%H:%M:%S.0000000Z ").to_string(),
            record.kind.to_string(),
            record.operation.clone(),
            record.user.clone(),
            serde_json::to_string(&record.body)?,
            String::new(),
            String::new(),
        ];
        line(&mut text, &cells, false);
        rows += 1;
    }
    let path = format!("audit/AuditLog_{}.csv", to.format("%Y%m%d_%H%M%S"));
    Ok(vec![Output { path, bytes: text.into_bytes(), rows: Rows::Audit(rows) }])
}

/// The cmdlet's result through `Export-Csv`: names in `RecordType`, everything quoted, pages that overlap a little.
pub(super) fn search(tenant: &Tenant) -> Result<Vec<Output>, LabError> {
    let (from, to) = SEARCH.bounds(tenant);
    let mut text = String::new();
    let header = [
        "RecordType",
        "CreationDate",
        "UserIds",
        "Operations",
        "AuditData",
        "ResultIndex",
        "ResultCount",
        "Identity",
        "IsValid",
        "ObjectState",
    ];
    line(&mut text, &header.map(str::to_owned), true);
    let records: Vec<_> = SEARCH.records(tenant).rev().enumerate().collect();
    let mut rows = 0;
    for (page, chunk) in records.chunks(PAGE).enumerate() {
        let again = records.get((page * PAGE).saturating_sub(AGAIN)..page * PAGE).unwrap_or_default();
        for (index, record) in again.iter().chain(chunk) {
            let cells = [
                kind_name(record.kind).to_owned(),
                american(record.time),
                record.user.clone(),
                record.operation.clone(),
                serde_json::to_string(&record.body)?,
                (index + 1).to_string(),
                records.len().to_string(),
                record.id.clone(),
                "True".to_owned(),
                "Unchanged".to_owned(),
            ];
            line(&mut text, &cells, true);
            rows += 1;
        }
    }
    let path = format!("audit/UAL-{}-{}.csv.zst", from.format("%Y%m%d%H%M%S"), to.format("%Y%m%d%H%M%S"));
    let bytes = zstd_pack(text.as_bytes(), &path)?;
    Ok(vec![Output { path, bytes, rows: Rows::Audit(rows) }])
}

fn american(time: NaiveDateTime) -> String {
    time.format("%-m/%-d/%Y %-I:%M:%S %p").to_string()
}

fn kind_name(kind: u16) -> &'static str {
    match kind {
        1 => "ExchangeAdmin",
        2 => "ExchangeItem",
        6 => "SharePointFileOperation",
        8 => "AzureActiveDirectory",
        15 => "AzureActiveDirectoryStsLogon",
        40 => "SecurityComplianceAlerts",
        50 => "ExchangeItemAggregated",
        _ => "Unknown",
    }
}

fn line(text: &mut String, cells: &[String], quote_all: bool) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if quote_all || cell.ends_with(' ') || cell.contains([',', '"', '\r', '\n']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_only_where_needed() {
        let mut text = String::new();
        line(&mut text, &["a".to_owned(), "b,c".to_owned(), "d\"e".to_owned(), "f ".to_owned()], false);
        line(&mut text, &["a".to_owned()], true);
        assert_eq!(text, "a,\"b,c\",\"d\"\"e\",\"f \"\r\n\"a\"\r\n");
    }

    #[test]
    fn dates_are_written_the_american_way() {
        let time = "2026-04-08T14:05:09".parse().unwrap();
        assert_eq!(american(time), "4/8/2026 2:05:09 PM");
    }
}
