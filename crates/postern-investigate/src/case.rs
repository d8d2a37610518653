//! One story graded: bound values, answers per object and for the whole, the verdict, what would flip it.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use postern_model::report::{
    Case, CaseKind, Classification, Determination, EntityType, Finding, Flip, GradedEntity, Missing,
};
use postern_model::time::Ticks;

use crate::addresses::AddressSet;
use crate::ask::{Answer, Evidences, Found};
use crate::changes::{Change, text};
use crate::content::{Content, Playbook, Proof, Question, Scope, When};
use crate::detect::AlertRow;
use crate::domains::{OwnDomains, Targets};
use crate::flips::flips;
use crate::grade::{Verdict, Weighed, grade};
use crate::params::Params;
use crate::respond::{Incident, Subject, propose};
use crate::story::{Object, Story};
use crate::telling::{summary, title};
use crate::timeline::{most_frequent, timeline};

/// Objects of one story that are asked about one by one; the rest of a huge story shares the story's verdict.
const MAX_OBJECTS: usize = 40;
/// Questions asked at the same time.
const ABREAST: usize = 4;
/// What an object gains in the company of one that is an attack, made by the same hand.
const COMPANY: f64 = 8.0;

/// Everything that cases share.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The tables.
    pub evidences: &'a Evidences<'a>,
    /// Detections, playbooks, lists.
    pub content: &'a Content,
    /// The organisation's domains.
    pub own: &'a OwnDomains,
    /// Every change, earliest first.
    pub changes: &'a [Change],
    /// Every alert.
    pub alerts: &'a [AlertRow],
    /// Values bound for every case.
    pub base: &'a Params,
    /// Addresses that mail came from.
    pub senders: &'a [String],
}

/// Addresses that mail came from, each once, sorted.
pub async fn mail_senders(evidences: &Evidences<'_>) -> Vec<String> {
    let query = "EmailEvents | extend Address = iff(isnotempty(SenderIPv4), SenderIPv4, SenderIPv6) | where isnotempty(Address) | distinct Address";
    match evidences.run(query, &Params::default(), 1_000_000).await {
        Ok(result) => {
            let mut addresses: Vec<String> = result.objects().iter().map(|row| text(row, "Address")).collect();
            addresses.sort_unstable();
            addresses
        }
        Err(_) => Vec::new(),
    }
}

/// Bound values of a set of changes, and what the conditions of questions need of them.
struct View {
    params: Params,
    targets: Targets,
    any_target: bool,
    addresses: bool,
}

struct Asked {
    findings: Vec<Found>,
    missing: Vec<(Question, Missing)>,
}

impl Asked {
    fn weighed(&self) -> Vec<Weighed> {
        self.findings.iter().map(|f| f.weighed.clone()).collect()
    }
}

/// Grades one story.
pub async fn case(setting: &Setting<'_>, playbook: &Playbook, story: &Story) -> Case {
    let whole = view(setting, story, &story.objects);
    let on_story = ask_all(setting, playbook, Scope::Story, None, &whole).await;
    let each = futures::stream::iter(story.objects.iter().take(MAX_OBJECTS)).map(|object| async move {
        let view = view(setting, story, std::slice::from_ref(object));
        ask_all(setting, playbook, Scope::Object, Some(object.entity.kind), &view).await
    });
    let per_object: Vec<Asked> = each.buffered(2).collect().await;
    let verdicts: Vec<Verdict> = per_object.iter().map(|asked| grade(playbook, &joined(&on_story, asked))).collect();
    let main = verdicts
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.score.total_cmp(&b.1.score).then(b.0.cmp(&a.0)))
        .map_or(0, |(index, _)| index);
    // The case is its main object, the story, and what speaks against the other objects.
    let mut findings: Vec<Found> = on_story.findings.clone();
    if let Some(asked) = per_object.get(main) {
        findings.extend(asked.findings.iter().cloned());
    }
    for (index, asked) in per_object.iter().enumerate() {
        if index == main {
            continue;
        }
        for found in asked.findings.iter().filter(|f| f.fired && f.weighed.weight >= 0.0) {
            match findings.iter_mut().find(|f| f.weighed.question == found.weighed.question) {
                Some(same) if same.fired => merge(same, found),
                Some(_) => {}
                None => findings.push(found.clone()),
            }
        }
    }
    let weighed: Vec<Weighed> = findings.iter().map(|f| f.weighed.clone()).collect();
    let verdict = grade(playbook, &weighed);
    let missing = distinct_missing(&on_story, &per_object, &findings);
    let flips = flips(playbook, &findings, &weighed, &missing, &verdict);
    let entities = entities(playbook, story, &on_story, &per_object, &verdicts, &verdict, main);
    report(setting, playbook, story, whole, Graded { findings, verdict, missing, flips, entities, main }).await
}

struct Graded {
    findings: Vec<Found>,
    verdict: Verdict,
    missing: Vec<(Question, Missing)>,
    flips: Vec<Flip>,
    entities: Vec<GradedEntity>,
    main: usize,
}

async fn report(setting: &Setting<'_>, playbook: &Playbook, story: &Story, whole: View, graded: Graded) -> Case {
    let Graded { findings, verdict, missing, flips, entities, main } = graded;
    let changes: Vec<&Change> = story_changes(setting, story);
    let alerts: Vec<&AlertRow> = story.alerts.iter().filter_map(|i| setting.alerts.get(*i)).collect();
    let entity = story.objects.get(main).or(story.objects.first()).map(|o| o.entity.clone());
    let entity = entity.unwrap_or(postern_model::report::Entity {
        kind: EntityType::InboxRule,
        name: String::new(),
        mailbox: String::new(),
    });
    let actor = most_frequent(
        changes
            .iter()
            .filter(|c| c.key == story.objects.get(main).map_or("", |o| o.key.as_str()))
            .map(|c| c.actor.as_str()),
    )
    .or_else(|| most_frequent(alerts.iter().map(|a| a.actor.as_str())))
    .unwrap_or_default();
    let mut listed: Vec<Finding> = findings
        .iter()
        .map(|found| {
            let mut finding = found.finding.clone();
            if found.weighed.weight != 0.0 && !verdict.counted.contains_key(&found.weighed.question) {
                finding.weight = 0.0;
                finding.answer.push_str(" (Not counted: a weightier answer tells the same fact.)");
            }
            finding
        })
        .collect();
    listed.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then(a.id.cmp(&b.id)));
    let determination = determine(playbook, &verdict, &findings);
    let classification = verdict.classification;
    let keys: BTreeSet<&str> = story.objects.iter().map(|o| o.key.as_str()).collect();
    let around: Vec<&Change> =
        setting.changes.iter().filter(|c| keys.contains(c.key.as_str()) && near(&changes, c.time)).collect();
    let mut targets: BTreeSet<String> = changes.iter().flat_map(|c| c.targets.iter().cloned()).collect();
    targets.extend(alerts.iter().flat_map(|a| a.targets.iter().cloned()));
    let actions = if classification == Classification::TruePositive {
        let incident = incident(setting, story, &entities, &changes).await;
        propose(&incident)
    } else {
        Vec::new()
    };
    Case {
        id: String::new(),
        kind: story.kind,
        title: title(story, &entity, &targets),
        summary: summary(&changes, &listed, missing.len(), &verdict),
        entity,
        entities,
        actor,
        forward_targets: targets.into_iter().collect(),
        classification,
        determination,
        confidence: verdict.confidence(),
        score: (verdict.score * 10.0).round() / 10.0,
        findings: listed,
        missing: missing.into_iter().map(|(_, m)| m).collect(),
        flips,
        timeline: timeline(setting.evidences, &around, &whole.params).await,
        alerts: alerts.iter().map(|a| a.alert.id.clone()).collect(),
        actions,
    }
}

fn near(changes: &[&Change], time: Option<Ticks>) -> bool {
    let first = changes.iter().filter_map(|c| c.time).min();
    let last = changes.iter().filter_map(|c| c.time).max();
    match (time, first, last) {
        (Some(time), Some(first), Some(last)) => {
            time.0 >= first.0.saturating_sub(4 * crate::story::WEEK)
                && time.0 <= last.0.saturating_add(4 * crate::story::WEEK)
        }
        _ => true,
    }
}

fn story_changes<'a>(setting: &Setting<'a>, story: &Story) -> Vec<&'a Change> {
    story.objects.iter().flat_map(|o| &o.changes).filter_map(|i| setting.changes.get(*i)).collect()
}

/// Binds the values of some objects of a story.
fn view(setting: &Setting<'_>, story: &Story, objects: &[Object]) -> View {
    let changes: Vec<&Change> =
        objects.iter().flat_map(|o| &o.changes).filter_map(|i| setting.changes.get(*i)).collect();
    let alerts: Vec<&AlertRow> = story
        .alerts
        .iter()
        .filter_map(|i| setting.alerts.get(*i))
        .filter(|a| objects.iter().any(|o| o.key == a.key))
        .collect();
    let lower = |values: Vec<&str>| -> BTreeSet<String> {
        values.into_iter().filter(|v| !v.is_empty()).map(str::to_lowercase).collect()
    };
    let people: Vec<&&Change> = changes.iter().filter(|c| !c.by_system()).collect();
    let mut actors = lower(people.iter().map(|c| c.actor.as_str()).collect());
    actors.extend(lower(alerts.iter().filter(|a| !a.by_system).map(|a| a.actor.as_str()).collect()));
    let mut times: Vec<Ticks> = changes
        .iter()
        .filter(|c| c.verb != "state")
        .filter_map(|c| c.time)
        .chain(alerts.iter().filter_map(|a| a.time))
        .collect();
    times.sort_unstable();
    let (first, last) = latest_run(&times);
    let all: BTreeSet<&str> = changes.iter().flat_map(|c| c.targets.iter().map(String::as_str)).collect();
    let unresolved: BTreeSet<&str> = changes.iter().flat_map(|c| c.unresolved.iter().map(String::as_str)).collect();
    let mut sorted = Targets::default();
    for object in objects {
        let own: BTreeSet<&str> = object
            .changes
            .iter()
            .filter_map(|i| setting.changes.get(*i))
            .flat_map(|c| c.targets.iter().map(String::as_str))
            .collect();
        let part = setting.own.sort(own, &object.entity.mailbox, setting.content);
        for (into, from) in [
            (&mut sorted.own, part.own),
            (&mut sorted.doubtful, part.doubtful),
            (&mut sorted.external, part.external),
            (&mut sorted.lookalike, part.lookalike),
            (&mut sorted.namesake, part.namesake),
            (&mut sorted.freemail, part.freemail),
            (&mut sorted.throwaway, part.throwaway),
            (&mut sorted.own_name, part.own_name),
            (&mut sorted.approved, part.approved),
        ] {
            into.extend(from);
        }
    }
    let addresses = AddressSet::parse(changes.iter().map(|c| c.text("SenderIPAddresses")));
    let mut params = setting.base.clone();
    params.set_array("changes", changes.iter().map(|c| c.id.as_str()).chain(alerts.iter().map(|a| a.record.as_str())));
    params.set_array("object_keys", objects.iter().map(|o| o.key.as_str()));
    params.set_array("object_names", objects.iter().map(|o| o.entity.name.to_lowercase()));
    params.set_array("mailboxes", lower(objects.iter().map(|o| o.entity.mailbox.as_str()).collect()));
    params.set_array("actors", &actors);
    params
        .set_array("ips", people.iter().map(|c| c.address.as_str()).filter(|v| !v.is_empty()).collect::<BTreeSet<_>>());
    params.set_array(
        "networks",
        people.iter().map(|c| c.network.as_str()).filter(|v| !v.is_empty()).collect::<BTreeSet<_>>(),
    );
    params.set_array(
        "sessions",
        people.iter().map(|c| c.session.as_str()).filter(|v| !v.is_empty()).collect::<BTreeSet<_>>(),
    );
    params.set_time("first_change", first);
    params.set_time("last_change", last);
    params.set_array("targets", &all);
    params.set_array("own_targets", &sorted.own);
    params.set_array("doubtful_targets", &sorted.doubtful);
    params.set_array("external_targets", &sorted.external);
    params.set_array("lookalike_targets", &sorted.lookalike);
    params.set_array("namesake_targets", &sorted.namesake);
    params.set_array("freemail_targets", &sorted.freemail);
    params.set_array("throwaway_targets", &sorted.throwaway);
    params.set_array("own_name_targets", &sorted.own_name);
    params.set_array("approved_targets_met", &sorted.approved);
    params.set_array("unresolved_targets", &unresolved);
    params.set("target_basis", postern_kql::types::Const::String(setting.own.basis().to_owned()));
    params.set_array("connector_addresses", addresses.texts());
    params.set_array("connector_senders", setting.senders.iter().filter(|s| addresses.contains(s)).map(String::as_str));
    View {
        params,
        targets: sorted,
        any_target: !all.is_empty() || !unresolved.is_empty(),
        addresses: !addresses.is_empty(),
    }
}

/// First and last instant of the latest run of changes: runs lie more than a week apart. What was usual before is asked
/// of the time before the latest run, or a story that began long ago would have no past.
fn latest_run(times: &[Ticks]) -> (Option<Ticks>, Option<Ticks>) {
    let mut first = times.last().copied();
    for time in times.iter().rev() {
        if first.is_some_and(|f| f.0.saturating_sub(time.0) <= crate::story::WEEK) {
            first = Some(*time);
        } else {
            break;
        }
    }
    (first, times.last().copied())
}

async fn ask_all(
    setting: &Setting<'_>,
    playbook: &Playbook,
    scope: Scope,
    kind: Option<EntityType>,
    view: &View,
) -> Asked {
    let fitting = playbook.questions.iter().filter(|question| {
        let about = kind.is_none_or(|k| question.about.is_empty() || question.about.contains(&k));
        let when = question.when.iter().all(|w| match w {
            When::Targets => view.any_target,
            When::External => !view.targets.external.is_empty(),
            When::Addresses => view.addresses,
        });
        question.scope == scope && about && when
    });
    // Several at a time, answers in the order of the playbook.
    let answers: Vec<(&Question, Answer)> = futures::stream::iter(fitting)
        .map(|question| async move { (question, setting.evidences.ask(question, &view.params).await) })
        .buffered(ABREAST)
        .collect()
        .await;
    let mut asked = Asked { findings: Vec::new(), missing: Vec::new() };
    for (question, answer) in answers {
        match answer {
            Answer::Found(found) => asked.findings.push(*found),
            Answer::Missing(missing) => asked.missing.push((question.clone(), missing)),
            Answer::Nothing => {}
        }
    }
    asked
}

fn joined(story: &Asked, object: &Asked) -> Vec<Weighed> {
    let mut all = story.weighed();
    all.extend(object.weighed());
    all
}

fn merge(into: &mut Found, from: &Found) {
    for evidence in &from.finding.evidence {
        if into.finding.evidence.len() >= 8 {
            return;
        }
        into.finding.evidence.push(evidence.clone());
    }
    if from.finding.answer != into.finding.answer && into.finding.answer.len() < 600 {
        into.finding.answer.push_str(" Also: ");
        into.finding.answer.push_str(&from.finding.answer);
    }
}

/// Missing answers, each question once, and none that another object answered.
fn distinct_missing(story: &Asked, objects: &[Asked], findings: &[Found]) -> Vec<(Question, Missing)> {
    let mut seen: BTreeSet<String> = findings.iter().map(|f| f.weighed.question.clone()).collect();
    let mut list = Vec::new();
    for (question, missing) in story.missing.iter().chain(objects.iter().flat_map(|o| &o.missing)) {
        if seen.insert(question.id.clone()) {
            list.push((question.clone(), missing.clone()));
        }
    }
    list
}

fn entities(
    playbook: &Playbook,
    story: &Story,
    on_story: &Asked,
    per_object: &[Asked],
    verdicts: &[Verdict],
    verdict: &Verdict,
    main: usize,
) -> Vec<GradedEntity> {
    story
        .objects
        .iter()
        .enumerate()
        .map(|(index, object)| {
            let own = verdicts.get(index).map(|v| v.classification);
            let classification = match (verdict.classification, own) {
                (case, _) if index == main => case,
                (case, None) => case,
                (Classification::TruePositive, Some(own)) if own != Classification::TruePositive => {
                    let mut all = per_object.get(index).map(|asked| joined(on_story, asked)).unwrap_or_default();
                    all.push(Weighed {
                        question: "company".to_owned(),
                        group: "company".to_owned(),
                        weight: COMPANY,
                        proves: Proof::Intent,
                        explains: None,
                    });
                    grade(playbook, &all).classification
                }
                (_, Some(own)) => own,
            };
            GradedEntity { entity: object.entity.clone(), classification }
        })
        .collect()
}

fn determine(playbook: &Playbook, verdict: &Verdict, findings: &[Found]) -> Determination {
    match verdict.classification {
        Classification::TruePositive => {
            let proofs: BTreeSet<u8> = findings
                .iter()
                .filter(|f| f.weighed.weight > 0.0 && verdict.counted.contains_key(&f.weighed.question))
                .map(|f| match f.weighed.proves {
                    Proof::None => 0,
                    Proof::Actor => 1,
                    Proof::Effect | Proof::Intent => 2,
                })
                .collect();
            if playbook.determination.true_positive == Determination::MultiStagedAttack
                && !(proofs.contains(&1) && proofs.contains(&2))
            {
                return Determination::CompromisedAccount;
            }
            playbook.determination.true_positive
        }
        Classification::InformationalExpectedActivity => playbook.determination.expected,
        Classification::FalsePositive => playbook.determination.wrong,
        Classification::Unknown => Determination::Unknown,
    }
}

async fn incident<'a>(
    setting: &Setting<'a>,
    story: &'a Story,
    entities: &[GradedEntity],
    changes: &[&Change],
) -> Incident<'a> {
    let first = changes.iter().filter(|c| c.verb != "state").filter_map(|c| c.time).min();
    let last = changes.iter().filter_map(|c| c.time).max();
    let subjects: Vec<Subject<'a>> = story
        .objects
        .iter()
        .zip(entities)
        .filter(|(_, graded)| graded.classification == Classification::TruePositive)
        .map(|(object, _)| Subject {
            kind: object.entity.kind,
            name: &object.entity.name,
            mailbox: &object.entity.mailbox,
            history: setting.changes.iter().filter(|c| c.key == object.key).collect(),
            from: first,
        })
        .collect();
    let mut actors: BTreeMap<String, (String, String)> = BTreeMap::new();
    for change in changes.iter().filter(|c| !c.actor.is_empty()) {
        actors.entry(change.actor.to_lowercase()).or_insert_with(|| (change.actor.clone(), change.actor_type.clone()));
    }
    // A rule without a known maker: the mailbox's own account.
    if actors.is_empty() {
        for subject in subjects.iter().filter(|s| !s.mailbox.is_empty()) {
            actors.insert(subject.mailbox.to_lowercase(), (subject.mailbox.to_owned(), "Owner".to_owned()));
        }
    }
    let names: Vec<String> = subjects.iter().map(|s| s.name.to_lowercase()).collect();
    let rows = |query: &'static str| async move {
        setting.evidences.run(query, &Params::default(), 1000).await.map(|r| r.objects()).unwrap_or_default()
    };
    let mut blocked_connectors = Vec::new();
    if story.kind == CaseKind::Connector {
        for row in rows("BlockedConnector | project ConnectorId, ConnectorName").await {
            let (id, name) = (text(&row, "ConnectorId"), text(&row, "ConnectorName"));
            if names.contains(&name.to_lowercase()) || names.contains(&id.to_lowercase()) {
                blocked_connectors.push((id, name));
            }
        }
    }
    let mut blocked_senders = Vec::new();
    for row in rows("BlockedSender | project SenderAddress").await {
        let sender = text(&row, "SenderAddress");
        let known = |a: &str| a.eq_ignore_ascii_case(&sender);
        if actors.values().any(|(a, _)| known(a)) || subjects.iter().any(|s| known(s.mailbox)) {
            blocked_senders.push(sender);
        }
    }
    Incident {
        kind: story.kind,
        subjects,
        actors: actors.into_values().collect(),
        blocked_connectors,
        blocked_senders,
        span: (first, last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_run_ends_where_a_week_is_empty() {
        let day = |n: i64| Ticks(n * crate::story::WEEK / 7);
        assert_eq!(latest_run(&[]), (None, None));
        assert_eq!(latest_run(&[day(1), day(5), day(11)]), (Some(day(1)), Some(day(11))));
        assert_eq!(latest_run(&[day(3), day(10), day(20), day(24)]), (Some(day(20)), Some(day(24))));
    }
}
