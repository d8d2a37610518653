//! The audit log as bare records, one JSON object per line.

use super::{LINES, Output, Rows, zstd_pack};
use crate::LabError;
use crate::tenant::Tenant;

pub(super) fn write(tenant: &Tenant) -> Result<Vec<Output>, LabError> {
    let (from, to) = LINES.bounds(tenant);
    let mut text = Vec::new();
    let mut rows = 0;
    for record in LINES.records(tenant) {
        serde_json::to_writer(&mut text, &record.body)?;
        text.push(b'\n');
        rows += 1;
    }
    let path = format!("audit/auditdata-{}-{}.ndjson.zst", from.format("%Y%m%d"), to.format("%Y%m%d"));
    let bytes = zstd_pack(&text, &path)?;
    Ok(vec![Output { path, bytes, rows: Rows::Audit(rows) }])
}
