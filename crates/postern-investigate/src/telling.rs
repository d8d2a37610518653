//! A case in words.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use postern_model::report::{Classification, Entity, Finding, Supports};

use crate::changes::Change;
use crate::detect::describe;
use crate::grade::Verdict;
use crate::story::Story;
use crate::timeline::details;

/// One line: the main object, how many others, where mail goes.
pub fn title(story: &Story, entity: &Entity, targets: &BTreeSet<String>) -> String {
    let mut title = describe(entity);
    if let Some(first) = title.get(..1) {
        title = format!("{}{}", first.to_uppercase(), title.get(1..).unwrap_or_default());
    }
    let others = story.objects.len().saturating_sub(1);
    if others == 1 {
        title.push_str(" and one other object");
    } else if others > 1 {
        let _ = write!(title, " and {others} other objects");
    }
    match targets.len() {
        0 => {}
        1 => {
            let _ = write!(title, ", mail to {}", targets.iter().next().map(String::as_str).unwrap_or_default());
        }
        n => {
            let _ = write!(title, ", mail to {n} addresses");
        }
    }
    title
}

/// What happened, what weighs most, what is missing.
pub fn summary(changes: &[&Change], findings: &[Finding], missing: usize, verdict: &Verdict) -> String {
    let mut text = String::new();
    let recorded: Vec<&&Change> = changes.iter().filter(|c| c.verb != "state").collect();
    if let Some(first) = recorded.iter().min_by_key(|c| c.time) {
        let when = first.time.map(|t| t.to_string()).unwrap_or_default();
        let when = when.split('.').next().unwrap_or_default().replacen('T', " ", 1);
        let entity = first.entity();
        let _ = write!(text, "{} changed the {} at {when} UTC{}.", first.actor, describe(&entity), details(first));
        if recorded.len() > 1 {
            let _ = write!(text, " {} changes belong to the story.", recorded.len());
        }
    } else if let Some(state) = changes.first() {
        let _ = write!(text, "The exported configuration has the {}{}.", describe(&state.entity()), details(state));
    }
    let side = match verdict.classification {
        Classification::TruePositive => Some(Supports::Malicious),
        Classification::InformationalExpectedActivity | Classification::FalsePositive => Some(Supports::Benign),
        Classification::Unknown => None,
    };
    let reasons: Vec<String> = findings
        .iter()
        .filter(|f| f.weight != 0.0 && side.is_none_or(|s| f.supports == s))
        .take(3)
        .map(|f| format!("{} {}", f.question, f.answer))
        .collect();
    if !reasons.is_empty() {
        let _ = write!(text, " What weighs most: {}", reasons.join(" "));
    }
    if missing > 0 {
        let questions = if missing == 1 { "question" } else { "questions" };
        let _ = write!(text, " {missing} {questions} could not be answered from the loaded evidence.");
    }
    text
}
