//! The story in order of time: changes, sign-ins around them, and what the service itself said.

use std::collections::BTreeMap;

use postern_model::report::{Entity, TimelineEntry};

use crate::ask::{Evidences, plain};
use crate::changes::{Change, text, time};
use crate::detect::describe;
use crate::params::Params;

/// Most entries of a timeline.
const MAX_ENTRIES: usize = 60;

const SIGN_INS: &str = "AccountActivity
| where Account in (actors) and Action in (\"SignIn\", \"SignInFailed\") and Timestamp between ((first_change - 1d) .. (last_change + 1d))
| summarize Count = count(), First = min(Timestamp), Last = max(Timestamp) by Account, Action, IPAddress, Country, Hour = bin(Timestamp, 1h)
| order by First asc
| take 30";

const ALERTS: &str = "AuditRecords
| where RecordType == 40 and Operation == \"AlertTriggered\" and Timestamp between ((first_change - 1d) .. (last_change + 7d))
| extend Title = tostring(RawEventData.Name), Data = tolower(tostring(RawEventData.Data))
| mv-expand Account = set_union(actors, mailboxes) to typeof(string)
| where isnotempty(Account) and Data contains Account
| summarize Timestamp = min(Timestamp), Account = take_any(Account) by Title, Id
| take 10";

/// The timeline of the changes of a story and what lies around them.
pub async fn timeline(evidences: &Evidences<'_>, changes: &[&Change], params: &Params) -> Vec<TimelineEntry> {
    let mut entries: Vec<TimelineEntry> = Vec::new();
    for change in changes {
        let entity = Entity { kind: change.kind, name: change.name.clone(), mailbox: change.mailbox.clone() };
        entries.push(TimelineEntry {
            time: change.time,
            what: say(change, &entity),
            table: "MailFlowChanges".to_owned(),
        });
    }
    if let Ok(result) = evidences.run(SIGN_INS, params, 30).await {
        for row in result.objects() {
            let count = row.get("Count").and_then(serde_json::Value::as_u64).unwrap_or(1);
            let what = if text(&row, "Action") == "SignIn" { "signed in" } else { "failed to sign in" };
            let times = if count > 1 { format!(", {count} times within the hour") } else { String::new() };
            let country = text(&row, "Country");
            let place = if country.is_empty() { String::new() } else { format!(" ({country})") };
            entries.push(TimelineEntry {
                time: time(&row, "First"),
                what: format!("{} {what} from {}{place}{times}", text(&row, "Account"), text(&row, "IPAddress")),
                table: "EntraIdSignInEvents".to_owned(),
            });
        }
    }
    if let Ok(result) = evidences.run(ALERTS, params, 10).await {
        for row in result.objects() {
            entries.push(TimelineEntry {
                time: time(&row, "Timestamp"),
                what: format!("The service raised “{}” for {}", text(&row, "Title"), text(&row, "Account")),
                table: "AuditRecords".to_owned(),
            });
        }
    }
    entries.sort_by(|a, b| (a.time, &a.what).cmp(&(b.time, &b.what)));
    entries.dedup_by(|a, b| a.time == b.time && a.what == b.what);
    entries.truncate(MAX_ENTRIES);
    entries
}

fn say(change: &Change, entity: &Entity) -> String {
    let object = describe(entity);
    if change.verb == "state" {
        return format!("The exported configuration has the {object}{}", details(change));
    }
    let done = match change.verb.as_str() {
        "create" => "made",
        "enable" => "switched on",
        "disable" => "switched off",
        "remove" => "removed or cleared",
        _ => "changed",
    };
    let from = if change.address.is_empty() { String::new() } else { format!(" from {}", change.address) };
    let failed = if change.succeeded { "" } else { " (it failed)" };
    format!("{} {done} the {object}{from}{}{failed}", change.actor, details(change))
}

/// What a change does, in a few words.
pub fn details(change: &Change) -> String {
    let mut parts = Vec::new();
    if !change.targets.is_empty() {
        parts.push(format!("mail goes to {}", change.targets.join(", ")));
    }
    let say = |column: &str, words: &str| {
        let value = change.text(column);
        (!value.is_empty()).then(|| format!("{words} {value}"))
    };
    parts.extend(say("Keywords", "words"));
    parts.extend(say("Senders", "senders"));
    parts.extend(say("MoveToFolder", "moves to"));
    for (column, words) in [("Deletes", "deletes"), ("MarksRead", "marks read"), ("Stops", "stops later rules")] {
        if change.flag(column) {
            parts.push(words.to_owned());
        }
    }
    parts.extend(say("ConnectorType", "type"));
    parts.extend(say("SenderDomains", "sender domains"));
    parts.extend(say("SenderIPAddresses", "sender addresses"));
    parts.extend(say("HeaderAction", "headers:"));
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join("; ")) }
}

/// Counts things by name, most frequent first.
pub fn most_frequent<'a>(values: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for value in values.filter(|v| !v.is_empty()) {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name))).map(|(name, _)| name.to_owned())
}

/// A cell in words.
pub fn cell(row: &serde_json::Map<String, serde_json::Value>, column: &str) -> String {
    row.get(column).map(plain).unwrap_or_default()
}
