//! The example tenant that the repository carries.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use chrono::NaiveDate;

use crate::writers::save;
use crate::{LabError, Options, Span, Summary, families, generate};

/// Seed of the example.
const SEED: u64 = 20_260_302;

/// The four stories of the example: for each attack one that is real and one that only looks like it.
const STORIES: [&str; 4] =
    ["forward-stolen-account", "forward-leaver-subsidiary", "connector-sprayed-admin", "connector-relay-migration"];

/// What the example is made from.
fn options() -> Options {
    let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).unwrap_or_default();
    Options {
        span: Span { from: day(3, 2), to: day(4, 30) },
        families: STORIES.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Writes evidence, truth and the file that explains them.
pub(crate) fn write(out: &Path) -> Result<Summary, LabError> {
    let evidence = out.join("contoso");
    // A file of an earlier form would otherwise stay and be read as evidence.
    if evidence.exists() {
        if !out.join("contoso.truth.json").exists() {
            return Err(LabError::NotOurs { path: evidence });
        }
        fs::remove_dir_all(&evidence).map_err(|source| LabError::Write { path: evidence.clone(), source })?;
    }
    let summary = generate(SEED, &options(), &evidence)?;
    save(&out.join("README.md"), readme(&summary).as_bytes())?;
    Ok(summary)
}

fn readme(summary: &Summary) -> String {
    let mut text = String::from(
        "# Example tenant\n\n\
         `contoso/` holds what somebody might export from the tenant of Contoso, a company of sixteen people with an\n\
         office in Leeds and a subsidiary, Fabrikam, for 2 March to 30 April 2026. All of it is generated: nobody in it\n\
         exists, nothing in it happened, all domains are reserved names and all addresses are from documentation ranges.\n\n\
         ```\n\
         postern investigate examples/contoso\n\
         ```\n\n\
         Four stories are planted among two months of ordinary work. `contoso.truth.json` says which verdict each\n\
         deserves and why; it lies beside the folder, so that it is never read as evidence.\n\n\
         | Story | About | Verdict |\n| --- | --- | --- |\n",
    );
    for name in &summary.cases {
        if let Some(family) = families::find(name) {
            let verdict = serde_json::to_string(&family.classification).unwrap_or_default();
            let _ = writeln!(text, "| {name} | {} | {} |", family.about, verdict.trim_matches('"'));
        }
    }
    text.push_str("\n| File | What it is |\n| --- | --- |\n");
    for (path, _) in &summary.files {
        let name = path.strip_prefix(&summary.evidence).unwrap_or(path).to_string_lossy().replace('\\', "/");
        let _ = writeln!(text, "| `{name}` | {} |", about(&name));
    }
    let _ = write!(
        text,
        "\nThe three audit exports overlap in time, and pages of the second overlap a little, so records repeat:\n\
         {} rows hold {} records. There are {} sign-ins and {} message rows; {} of the message rows are also in\n\
         `EmailEvents`, which was kept for mail that came through a connector or was forwarded.\n\n\
         Addresses: the office is 192.0.2.10, its mail relays are 192.0.2.40 and 192.0.2.41, homes and partners are in\n\
         198.51.100.0/24, phones in 2001:db8::/32, and strangers in 203.0.113.0/24.\n\n\
         Made by the crate `postern-lab`; write it again with `postern lab example --out examples`. A test fails when\n\
         the committed files differ from what the crate writes.\n",
        summary.audit_rows, summary.audit_records, summary.sign_ins, summary.message_rows, summary.email_events
    );
    text
}

fn about(name: &str) -> &'static str {
    match name {
        name if name.starts_with("audit/AuditLog_") => "Audit search of the Purview portal, CSV",
        name if name.starts_with("audit/UAL-") => "`Search-UnifiedAuditLog` through `Export-Csv`, zstd",
        name if name.starts_with("audit/auditdata-") => "Audit records as JSON lines, zstd",
        name if name.starts_with("entra/") => "Sign-ins as the Graph lists them, gzip",
        "mail/MessageTraceV2.json.zst" => "`Get-MessageTraceV2`, zstd",
        "mail/EmailEvents.ndjson.zst" => "EmailEvents of the streaming interface, zstd",
        "mail/EmailAttachmentInfo.ndjson.zst" => "EmailAttachmentInfo of the streaming interface, zstd",
        _ => "Exchange configuration at the end of April",
    }
}
