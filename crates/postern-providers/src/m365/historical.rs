//! What the two reports of the historical message search have in common.

use postern_ingest::Columns;

/// A column by its name in the documentation; files also have dashes or blanks in it.
pub(crate) fn column(columns: &Columns, name: &str) -> Option<usize> {
    columns.find_any(&[name, &name.replace('_', "-"), &name.replace('_', " ")])
}

/// True when there are columns of all these names.
pub(crate) fn have(columns: &Columns, names: &[&str]) -> bool {
    names.iter().all(|name| column(columns, name).is_some())
}

/// What became of a message, by the last of its events that says so, in the words of a message trace.
pub(crate) fn status<'a>(events: impl DoubleEndedIterator<Item = &'a str>) -> &'static str {
    let known = |event: &str| {
        Some(match event.trim().to_ascii_lowercase().as_str() {
            "deliver" | "delivered" | "send" | "sendexternal" => "Delivered",
            "fail" | "failed" | "drop" => "Failed",
            "quarantine" | "quarantined" => "Quarantined",
            "spam" | "filteredasspam" | "filtered as spam" => "FilteredAsSpam",
            "expand" | "expanded" => "Expanded",
            "resolve" | "resolved" | "redirect" => "Resolved",
            "defer" | "pending" => "Pending",
            _ => return None,
        })
    };
    events.rev().find_map(known).unwrap_or("GettingStatus")
}

/// Incoming or Originating: the reports have a number or the word.
pub(crate) fn direction(text: &str) -> &str {
    match text.trim() {
        "1" => "Incoming",
        "2" => "Originating",
        other => other,
    }
}
