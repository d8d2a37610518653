//! Times in which the vendor was told not to record.
//!
//! `Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $false` stops the whole log; `Set-OrganizationConfig
//! -AuditDisabled $true` stops the audit of all mailboxes; `Set-Mailbox -AuditEnabled $false` that of one, and
//! `Set-MailboxAuditBypassAssociation -AuditBypassEnabled $true` what one account does in any mailbox.

use postern_model::time::Ticks;

use crate::ask::Evidences;
use crate::changes::{text, time};
use crate::params::Params;

const QUERY: &str = r#"
AuditRecords
| where Operation in~ ("Set-AdminAuditLogConfig", "Set-OrganizationConfig", "Set-Mailbox", "Set-MailboxAuditBypassAssociation")
| extend P = ParameterBag
| extend Setting = case(
    isnotnull(P.UnifiedAuditLogIngestionEnabled), "UnifiedAuditLogIngestionEnabled",
    isnotnull(P.AuditDisabled), "AuditDisabled",
    isnotnull(P.AuditEnabled), "AuditEnabled",
    isnotnull(P.AuditBypassEnabled), "AuditBypassEnabled",
    "")
| where isnotempty(Setting)
| extend Value = tolower(trim(@"[\s$]+", tostring(P[Setting])))
| project Timestamp, UserId, ObjectId, Setting, On = Value == "true"
| order by Timestamp asc
"#;

/// A stretch of time that the audit log was told not to record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Off {
    pub(crate) from: Option<Ticks>,
    /// `None`: until the end of the evidence.
    pub(crate) to: Option<Ticks>,
    /// In one sentence.
    pub(crate) why: String,
    /// All of the log, not a mailbox's part of it.
    pub(crate) all: bool,
}

/// The stretches, in order of their beginning.
pub(crate) async fn switched_off(evidences: &Evidences<'_>) -> Vec<Off> {
    let Ok(rows) = evidences.rows(QUERY, &Params::default(), 10_000).await else { return Vec::new() };
    let mut found: Vec<(String, Off)> = Vec::new();
    for row in rows.iter() {
        let (setting, object, actor) = (text(row, "Setting"), text(row, "ObjectId"), text(row, "UserId"));
        let at = time(row, "Timestamp");
        let on = row.get("On") == Some(&serde_json::Value::Bool(true));
        let recording = if matches!(setting.as_str(), "AuditDisabled" | "AuditBypassEnabled") { !on } else { on };
        let (all, what) = match setting.as_str() {
            "UnifiedAuditLogIngestionEnabled" => (true, "the unified audit log was switched off".to_owned()),
            "AuditDisabled" => (false, "the audit of all mailboxes was switched off".to_owned()),
            "AuditEnabled" => (false, format!("the audit of the mailbox {object} was switched off")),
            _ => (false, format!("what {object} does was no longer recorded")),
        };
        let whole = all || setting == "AuditDisabled";
        let key = if whole { setting } else { format!("{setting} {}", object.to_lowercase()) };
        let open = found.iter_mut().find(|(known, off)| *known == key && off.to.is_none());
        match (open, recording) {
            (None, false) => {
                let since = at.map_or_else(|| "at an unknown time".to_owned(), |at| format!("on {at}"));
                let why = format!("{since} {what} by {actor}");
                let mut letters = why.chars();
                let why = letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect());
                found.push((key, Off { from: at, to: None, why, all }));
            }
            (Some((_, off)), true) => off.to = at,
            _ => {}
        }
    }
    let ended = |off: Off| Off {
        why: match off.to {
            Some(to) => format!("{} and on again on {to}.", off.why),
            None => format!("{}; the log does not show it switched on again.", off.why),
        },
        ..off
    };
    found.into_iter().map(|(_, off)| ended(off)).collect()
}
