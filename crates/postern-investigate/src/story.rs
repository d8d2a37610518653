//! Joins alert rows to stories: one attacker, one change, one campaign.
//!
//! Two alerts of one kind belong together when they share the object, the session or an outside target, or the mailbox or
//! the actor within a week. An address alone never joins: offices and proxies share one.

use std::collections::{BTreeMap, BTreeSet};

use postern_model::report::{CaseKind, Entity};
use postern_model::time::{TICKS_PER_SECOND, Ticks};

use crate::changes::Change;
use crate::detect::AlertRow;

/// How far apart acts of one account or in one mailbox may be.
pub const WEEK: i64 = 7 * 24 * 3600 * TICKS_PER_SECOND;

/// One story.
#[derive(Debug, Clone)]
pub struct Story {
    /// Which kind of case.
    pub kind: CaseKind,
    /// Which playbook.
    pub playbook: String,
    /// Its alerts, by position.
    pub alerts: Vec<usize>,
    /// Its objects, in order of first alert.
    pub objects: Vec<Object>,
}

/// One object of a story.
#[derive(Debug, Clone)]
pub struct Object {
    /// What tells it from others.
    pub key: String,
    /// As reports name it.
    pub entity: Entity,
    /// Its changes that the story is about, by position in the list of changes.
    pub changes: Vec<usize>,
}

struct Sets {
    parent: Vec<usize>,
}

impl Sets {
    fn find(&mut self, mut item: usize) -> usize {
        while let Some(&up) = self.parent.get(item) {
            if up == item {
                break;
            }
            let above = self.parent.get(up).copied().unwrap_or(up);
            if let Some(cell) = self.parent.get_mut(item) {
                *cell = above;
            }
            item = above;
        }
        item
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        let (low, high) = (a.min(b), a.max(b));
        if let Some(cell) = self.parent.get_mut(high) {
            *cell = low;
        }
    }
}

/// The stories of these alerts. `outside` says which targets lie outside the organisation.
pub fn build(alerts: &[AlertRow], changes: &[Change], outside: &dyn Fn(&str) -> bool) -> Vec<Story> {
    let mut sets = Sets { parent: (0..alerts.len()).collect() };
    // Things that join whatever the time, and things that join within a week.
    let mut always: BTreeMap<(CaseKind, String), usize> = BTreeMap::new();
    let mut weekly: BTreeMap<(CaseKind, String), Vec<(Ticks, usize)>> = BTreeMap::new();
    for (index, row) in alerts.iter().enumerate() {
        let (Some((kind, _)), Some(entity)) = (&row.case, &row.entity) else { continue };
        let mut tie = |name: String| {
            let other = *always.entry((*kind, name)).or_insert(index);
            sets.join(other, index);
        };
        tie(format!("object|{}", row.key));
        if !row.session.is_empty() && !row.by_system {
            tie(format!("session|{}", row.session.to_lowercase()));
        }
        for target in row.targets.iter().filter(|t| outside(t)) {
            tie(format!("target|{}", target.to_lowercase()));
        }
        if let Some(time) = row.time {
            if !entity.mailbox.is_empty() {
                let name = format!("mailbox|{}", entity.mailbox.to_lowercase());
                weekly.entry((*kind, name)).or_default().push((time, index));
            }
            if !row.actor.is_empty() && !row.by_system {
                let name = format!("actor|{}", row.actor.to_lowercase());
                weekly.entry((*kind, name)).or_default().push((time, index));
            }
        }
    }
    for list in weekly.values_mut() {
        list.sort_unstable();
        for pair in list.windows(2) {
            if let [(earlier, a), (later, b)] = pair
                && later.0.saturating_sub(earlier.0) <= WEEK
            {
                sets.join(*a, *b);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, row) in alerts.iter().enumerate() {
        if row.case.is_some() && row.entity.is_some() {
            let root = sets.find(index);
            groups.entry(root).or_default().push(index);
        }
    }
    let mut by_key: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        by_key.entry(change.key.as_str()).or_default().push(index);
    }
    groups.into_values().filter_map(|group| story(&group, alerts, changes, &by_key)).collect()
}

fn story(
    group: &[usize],
    alerts: &[AlertRow],
    changes: &[Change],
    by_key: &BTreeMap<&str, Vec<usize>>,
) -> Option<Story> {
    let rows: Vec<&AlertRow> = group.iter().filter_map(|i| alerts.get(*i)).collect();
    let (kind, playbook) = rows.iter().find_map(|r| r.case.clone())?;
    let first = rows.iter().filter_map(|r| r.time).min();
    let last = rows.iter().filter_map(|r| r.time).max();
    let alerted: BTreeSet<&str> = rows.iter().map(|r| r.record.as_str()).collect();
    let mut objects: Vec<Object> = Vec::new();
    for row in &rows {
        let Some(entity) = &row.entity else { continue };
        if objects.iter().any(|o| o.key == row.key) {
            continue;
        }
        let near = |time: Option<Ticks>| match (time, first, last) {
            (Some(time), Some(first), Some(last)) => {
                time.0 >= first.0.saturating_sub(4 * WEEK) && time.0 <= last.0.saturating_add(WEEK)
            }
            _ => true,
        };
        let own: Vec<usize> = by_key.get(row.key.as_str()).map(Vec::as_slice).unwrap_or_default().to_vec();
        let own = own
            .into_iter()
            .filter(|i| {
                changes.get(*i).is_some_and(|c| {
                    alerted.contains(c.id.as_str())
                        || (c.succeeded
                            && matches!(c.verb.as_str(), "create" | "change" | "enable" | "state")
                            && near(c.time))
                })
            })
            .collect();
        objects.push(Object { key: row.key.clone(), entity: entity.clone(), changes: own });
    }
    Some(Story { kind, playbook, alerts: group.to_vec(), objects })
}

#[cfg(test)]
mod tests {
    use postern_model::report::{Alert, EntityType, Severity};

    use super::*;

    fn row(mailbox: &str, actor: &str, day: i64, session: &str, targets: &[&str]) -> AlertRow {
        let entity =
            Entity { kind: EntityType::InboxRule, name: format!("{mailbox}{day}"), mailbox: mailbox.to_owned() };
        AlertRow {
            alert: Alert {
                id: String::new(),
                detection: String::new(),
                title: String::new(),
                severity: Severity::Low,
                time: None,
                entities: Vec::new(),
                techniques: Vec::new(),
            },
            case: Some((CaseKind::Forwarding, "forwarding".to_owned())),
            key: crate::detect::key_of(&entity),
            entity: Some(entity),
            record: String::new(),
            time: Some(Ticks(day * 24 * 3600 * TICKS_PER_SECOND)),
            actor: actor.to_owned(),
            by_system: false,
            session: session.to_owned(),
            targets: targets.iter().map(|t| (*t).to_owned()).collect(),
        }
    }

    fn sizes(rows: &[AlertRow]) -> Vec<usize> {
        build(rows, &[], &|t| t.ends_with("outside.test")).iter().map(|s| s.alerts.len()).collect()
    }

    #[test]
    fn joins_by_mailbox_and_actor_within_a_week_only() {
        assert_eq!(sizes(&[row("a", "a", 0, "", &[]), row("a", "a", 6, "", &[]), row("a", "a", 30, "", &[])]), [2, 1]);
        assert_eq!(sizes(&[row("a", "x", 0, "", &[]), row("b", "x", 1, "", &[]), row("c", "y", 1, "", &[])]), [2, 1]);
    }

    #[test]
    fn joins_by_session_and_outside_target_and_never_by_inside_target() {
        assert_eq!(sizes(&[row("a", "a", 0, "s", &[]), row("b", "b", 90, "S", &[])]), [2]);
        let out = ["x@outside.test"];
        assert_eq!(sizes(&[row("a", "a", 0, "", &out), row("b", "b", 90, "", &out)]), [2]);
        let inside = ["x@inside.test"];
        assert_eq!(sizes(&[row("a", "a", 0, "", &inside), row("b", "b", 1, "", &inside)]), [1, 1]);
    }
}
