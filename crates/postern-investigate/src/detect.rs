//! Runs the detections: rows of a detection's query become alert rows.

use std::sync::Arc;

use futures::StreamExt;
use postern_kql::catalog::Catalog;
use postern_model::report::{Alert, CaseKind, Entity, EntityType, Severity};
use postern_model::time::Ticks;
use serde_json::{Map, Value};

use crate::changes::{kind, kind_name, text, texts, time};
use crate::content::{Columns, Content, Detection};
use crate::guarded::hunt_guarded;
use crate::hunt::{HuntOptions, Results};
use crate::params::Params;

/// Most rows of one detection that become alerts.
pub const MAX_ALERTS: usize = 10_000;

/// One row of a detection.
#[derive(Debug, Clone)]
pub struct AlertRow {
    /// The alert as reported.
    pub alert: Alert,
    /// Which playbook grades its case; none for detections of another origin.
    pub case: Option<(CaseKind, String)>,
    /// What tells the object from others.
    pub key: String,
    /// The object.
    pub entity: Option<Entity>,
    /// Id of the record behind it.
    pub record: String,
    /// When.
    pub time: Option<Ticks>,
    /// Who.
    pub actor: String,
    /// True for the service's own accounts.
    pub by_system: bool,
    /// In which session.
    pub session: String,
    /// Where mail goes.
    pub targets: Vec<String>,
}

/// Detections that run at a time.
const ABREAST: usize = 4;

/// Runs every detection; one that fails does not stop the others. Also gives sentences on what could not run or was cut.
pub async fn detect(
    catalog: &Arc<dyn Catalog>,
    content: &Content,
    params: &Params,
    now: Ticks,
) -> (Vec<AlertRow>, Vec<String>) {
    let ran = futures::stream::iter(content.detections()).map(|detection| async move {
        let mut options = HuntOptions::own(now).with_params(params.used(&detection.query));
        options.keep_hidden = false;
        options.max_rows = MAX_ALERTS;
        options.results = Results::One;
        // On a thread of its own, so that detections use all cores, and a panic ends one of them only.
        (detection, hunt_guarded(Arc::clone(catalog), &detection.query, &options).await)
    });
    let mut alerts = Vec::new();
    let mut problems = Vec::new();
    for (detection, result) in ran.buffered(ABREAST).collect::<Vec<_>>().await {
        match result {
            Ok(result) if detection.triggers(result.rows() as u64) => {
                if result.truncated {
                    problems.push(format!(
                        "The detection “{}” found more than {MAX_ALERTS} rows; the others are not graded.",
                        detection.name
                    ));
                }
                alerts.extend(result.objects().into_iter().map(|row| read(detection, &row)));
            }
            Ok(_) => {}
            Err(error) => problems.push(format!("The detection “{}” could not run: {error}", detection.name)),
        }
    }
    alerts.sort_by(|a, b| (a.time, &a.key, &a.alert.detection).cmp(&(b.time, &b.key, &b.alert.detection)));
    for (index, row) in alerts.iter_mut().enumerate() {
        row.alert.id = format!("alert-{}", index + 1);
    }
    (alerts, problems)
}

fn read(detection: &Detection, row: &Map<String, Value>) -> AlertRow {
    let ours = detection.postern.as_ref();
    let usual = Columns::default();
    let columns = ours.map_or(&usual, |o| &o.columns);
    let object = kind(&text(row, &columns.kind));
    let entity =
        object.map(|kind| Entity { kind, name: text(row, &columns.name), mailbox: text(row, &columns.mailbox) });
    let key = match row.get("ObjectKey").and_then(Value::as_str) {
        Some(key) if !key.is_empty() => key.to_owned(),
        _ => entity.as_ref().map(key_of).unwrap_or_default(),
    };
    let at = time(row, &columns.time).or_else(|| time(row, "TimeGenerated"));
    let actor = text(row, &columns.actor);
    let title = match &entity {
        Some(entity) => format!("{}: {}", detection.name, describe(entity)),
        None => detection.name.clone(),
    };
    AlertRow {
        alert: Alert {
            id: String::new(),
            detection: detection.id.clone(),
            title,
            severity: detection.severity.unwrap_or(Severity::Medium),
            time: at,
            entities: entity.iter().cloned().collect(),
            techniques: detection.relevant_techniques.clone(),
        },
        case: ours.map(|o| (o.case, o.playbook.clone())),
        key,
        entity,
        record: text(row, &columns.record),
        time: at,
        by_system: text(row, "ActorType") == "System",
        actor,
        session: text(row, &columns.session),
        targets: texts(row, &columns.targets),
    }
}

/// What tells an object from others, as the table `MailFlowChanges` writes it.
pub fn key_of(entity: &Entity) -> String {
    format!("{}|{}|{}", kind_name(entity.kind), entity.mailbox, entity.name).to_lowercase()
}

/// An object in words.
pub fn describe(entity: &Entity) -> String {
    let name = if entity.name.trim().is_empty() { "(blank name)".to_owned() } else { format!("“{}”", entity.name) };
    match entity.kind {
        EntityType::InboxRule => format!("inbox rule {name} of {}", entity.mailbox),
        EntityType::MailboxForwarding => format!("forwarding of the mailbox {}", entity.mailbox),
        EntityType::TransportRule => format!("mail flow rule {name}"),
        EntityType::InboundConnector => format!("inbound connector {name}"),
    }
}
