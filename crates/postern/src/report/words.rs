//! How the report's values read: verdicts, times, weights, evidence rows.

use postern_model::report::{Classification, Entity, EntityType, Evidence, Source, Span};
use postern_model::time::Ticks;
use serde::Serialize;
use serde_json::Value;

/// A verdict as a person reads it.
pub(crate) fn verdict(classification: Classification) -> &'static str {
    match classification {
        Classification::TruePositive => "True positive",
        Classification::Unknown => "Unknown",
        Classification::InformationalExpectedActivity => "Expected activity",
        Classification::FalsePositive => "False positive",
    }
}

/// Counts of verdicts, worst first, as words: `2 true positives, 1 unknown`.
pub(crate) fn verdict_counts(classifications: impl Iterator<Item = Classification>) -> Vec<(Classification, String)> {
    let all: Vec<_> = classifications.collect();
    [
        (Classification::TruePositive, "true positive", "true positives"),
        (Classification::Unknown, "unknown", "unknown"),
        (Classification::InformationalExpectedActivity, "expected activity", "expected activities"),
        (Classification::FalsePositive, "false positive", "false positives"),
    ]
    .into_iter()
    .filter_map(|(classification, one, many)| {
        let number = all.iter().filter(|c| **c == classification).count() as u64;
        (number > 0).then(|| (classification, crate::text::count(number, one, many)))
    })
    .collect()
}

/// The word that JSON uses for a value of an enum.
pub(crate) fn json_word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// `compromisedAccount` as `compromised account`.
pub(crate) fn spaced(word: &str) -> String {
    let mut out = String::with_capacity(word.len() + 4);
    for c in word.chars() {
        if c.is_ascii_uppercase() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// A verdict's word of the machine formats as a person reads it; other text as it is.
pub(crate) fn readable(word: &str) -> String {
    match word {
        "truePositive" | "unknown" | "falsePositive" => spaced(word),
        "informationalExpectedActivity" => "expected activity".to_owned(),
        _ => word.to_owned(),
    }
}

/// Kind of object as a person reads it.
pub(crate) fn entity_kind(kind: EntityType) -> &'static str {
    match kind {
        EntityType::InboundConnector => "Inbound connector",
        EntityType::InboxRule => "Inbox rule",
        EntityType::MailboxForwarding => "Mailbox forwarding",
        EntityType::TransportRule => "Mail flow rule",
    }
}

/// An object in one line: kind, name in quotes, mailbox.
pub(crate) fn entity(entity: &Entity) -> String {
    let kind = entity_kind(entity.kind);
    if entity.kind == EntityType::MailboxForwarding {
        let mailbox = if entity.mailbox.is_empty() { &entity.name } else { &entity.mailbox };
        return format!("{kind} of {mailbox}");
    }
    if entity.mailbox.is_empty() {
        format!("{kind} “{}”", entity.name)
    } else {
        format!("{kind} “{}” in {}", entity.name, entity.mailbox)
    }
}

/// `2021-06-15 10:09:55`, in UTC; fractions are left to the machine formats.
pub(crate) fn time(ticks: Ticks) -> String {
    ticks.to_utc().map_or_else(|| ticks.to_string(), |t| t.format("%Y-%m-%d %H:%M:%S").to_string())
}

/// A time or a dash.
pub(crate) fn time_or_dash(ticks: Option<Ticks>) -> String {
    ticks.map_or_else(|| "–".to_owned(), time)
}

/// Two times as a range; one when they are equal.
pub(crate) fn range(from: Option<Ticks>, to: Option<Ticks>) -> String {
    match (from, to) {
        (None, None) => "–".to_owned(),
        (Some(a), Some(b)) if a == b => time(a),
        _ => format!("{} to {}", time_or_dash(from), time_or_dash(to)),
    }
}

/// The time that the evidence covers.
pub(crate) fn evidence(span: &Span) -> String {
    if span.from.is_none() && span.to.is_none() {
        "of no known time".to_owned()
    } else {
        format!("{} UTC", range(span.from, span.to))
    }
}

/// A weight with its sign: `+14.0`, `−3.5`, `0`.
pub(crate) fn weight(value: f64) -> String {
    if value.abs() < 0.05 {
        "0".to_owned()
    } else if value < 0.0 {
        format!("−{:.1}", -value)
    } else {
        format!("+{value:.1}")
    }
}

/// A probability as a whole number of percent, never rounded up to certainty.
pub(crate) fn percent(probability: f64) -> String {
    let value = (probability * 100.0).round().clamp(0.0, 100.0);
    if value >= 100.0 { "over 99 %".to_owned() } else { format!("{value} %") }
}

/// One cell of an evidence row as text; nothing for null.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => shorter_time(text).unwrap_or(text).to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Like [`cell`], with one line for each member of an object.
pub(crate) fn tall_cell(value: &Value) -> String {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let lines: Vec<String> = members.iter().map(|(name, value)| format!("{name}: {}", cell(value))).collect();
            lines.join("\n")
        }
        _ => cell(value),
    }
}

/// `2021-06-15T10:09:55.0000000Z` without its empty fraction.
fn shorter_time(text: &str) -> Option<&str> {
    let head = text.strip_suffix(".0000000Z")?;
    (head.len() == 19 && head.as_bytes().get(10) == Some(&b'T')).then_some(head)
}

/// The columns of evidence rows in order of first appearance, without those that are empty in every row.
pub(crate) fn columns(evidence: &Evidence) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for row in &evidence.rows {
        for (name, value) in row {
            if !cell(value).is_empty() && !columns.contains(&name.as_str()) {
                columns.push(name);
            }
        }
    }
    columns
}

/// The sources as text, one entry per file: `mail.csv: 3, 7`.
pub(crate) fn sources(sources: &[Source]) -> Vec<String> {
    let mut files: Vec<(&str, Vec<String>)> = Vec::new();
    for source in sources {
        let position = source.position.to_string();
        match files.iter_mut().find(|(file, _)| *file == source.file) {
            Some((_, positions)) => {
                if !positions.contains(&position) {
                    positions.push(position);
                }
            }
            None => files.push((&source.file, vec![position])),
        }
    }
    files
        .into_iter()
        .map(|(file, positions)| {
            let word = if positions.len() == 1 { "record" } else { "records" };
            format!("{file}, {word} {}", positions.join(", "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well() {
        assert_eq!(weight(14.0), "+14.0");
        assert_eq!(weight(-3.46), "−3.5");
        assert_eq!(weight(0.01), "0");
        assert_eq!(percent(0.999), "over 99 %");
        assert_eq!(percent(1.0), "over 99 %");
        assert_eq!(percent(0.97), "97 %");
        assert_eq!(readable("informationalExpectedActivity"), "expected activity");
        assert_eq!(readable("somethingElse"), "somethingElse");
        assert_eq!(spaced("compromisedAccount"), "compromised account");
        assert_eq!(cell(&serde_json::json!("2021-06-15T10:09:55.0000000Z")), "2021-06-15T10:09:55");
        assert_eq!(cell(&serde_json::json!("2021-06-15T10:09:55.1000000Z")), "2021-06-15T10:09:55.1000000Z");
        assert_eq!(cell(&serde_json::json!({"a": [1]})), r#"{"a":[1]}"#);
        assert_eq!(tall_cell(&serde_json::json!({"a": [1], "b": "x"})), "a: [1]\nb: x");
    }

    #[test]
    fn sources_are_grouped_by_file() {
        let at = |file: &str, position| Source { file: file.to_owned(), position };
        assert_eq!(
            sources(&[at("a.csv", 3), at("b.csv", 1), at("a.csv", 7), at("a.csv", 3)]),
            ["a.csv, records 3, 7", "b.csv, record 1"]
        );
    }
}
