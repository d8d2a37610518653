//! The main job: detect, build stories, ask, grade, propose.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use postern_kql::catalog::Catalog;
use postern_kql::types::Const;
use postern_lake::{Lake, LakeError};
use postern_model::report::{Alert, Case, Classification, Coverage, Span};
use postern_model::time::Ticks;

use crate::ask::Evidences;
use crate::case::{Setting, case};
use crate::catalog::{LakeCatalog, catalog};
use crate::changes::{Change, text};
use crate::content::Content;
use crate::coverage::coverage;
use crate::detect::{AlertRow, detect};
use crate::domains::{OwnDomains, Place};
use crate::guarded::hunt_guarded;
use crate::hunt::{HuntError, HuntOptions};
use crate::params::Params;
use crate::story::build;

/// Up to so many messages the mail of an investigation is held in memory; beyond, every question reads the store.
const MAIL_IN_MEMORY: u64 = 200_000;

/// Settings of an investigation.
#[derive(Debug, Clone, Default)]
pub struct InvestigateOptions {
    /// What `now()` is; the end of the evidence by default.
    pub now: Option<Ticks>,
}

/// What an investigation found.
#[derive(Debug)]
pub struct Investigation {
    /// Time range of the loaded events.
    pub evidence: Span,
    /// What is there and what is not.
    pub coverage: Vec<Coverage>,
    /// What detections found.
    pub alerts: Vec<Alert>,
    /// Graded stories, worst first.
    pub cases: Vec<Case>,
    /// Detections that could not run, each with the reason.
    pub problems: Vec<String>,
}

/// Why an investigation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum InvestigateError {
    /// The store could not be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A query that everything rests on failed.
    #[error("the table {table} could not be computed: {source}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        source: HuntError,
    },
    /// The engine failed.
    #[error("the query engine failed: {0}")]
    Engine(#[from] datafusion::error::DataFusionError),
}

/// Investigates everything in the store.
pub async fn investigate(
    lake: &Lake,
    content: &Content,
    options: &InvestigateOptions,
) -> Result<Investigation, InvestigateError> {
    let mut tables = catalog(lake).await?;
    let evidence = span(&tables);
    let now = options.now.or(evidence.to).unwrap_or(Ticks(postern_model::time::UNIX_EPOCH_TICKS));
    let files: BTreeMap<i64, String> = lake.files().await?.into_iter().map(|f| (i64::from(f.id), f.path)).collect();

    let rows = compute(&mut tables, "MailFlowChanges", "MailFlowChanges", &Params::default(), now).await?;
    let mut changes: Vec<Change> = rows.into_iter().filter_map(Change::read).collect();
    changes.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
    let mut own = OwnDomains::default();
    for row in compute(&mut tables, "OwnDomains", "OwnDomains", &Params::default(), now).await? {
        let subdomains = row.get("MatchSubDomains") == Some(&serde_json::Value::Bool(true));
        own.add(&text(&row, "Domain"), &text(&row, "Basis"), subdomains);
    }

    let lists = Params::new(content.list_params());
    let shared: Arc<dyn Catalog> = Arc::new(tables.clone());
    let (alerts, failed) = detect(&shared, content, &lists, now).await;
    let problems =
        failed.iter().map(|f| format!("The detection “{}” could not run: {}", f.detection, f.error)).collect();
    let outside =
        |target: &str| target.rsplit_once('@').is_some_and(|(_, domain)| own.place(domain) == Place::External);
    let stories = build(&alerts, &changes, &outside);

    let mut base = lists;
    base.set_array("accounts", accounts(&alerts, &changes, &stories));
    base.set_array("own_domains", own.all().collect::<Vec<_>>());
    base.set("own_domains_known", Const::Bool(own.known()));
    if !stories.is_empty() {
        compute(&mut tables, "AccountActivity", "AccountActivity | where Account in (accounts)", &base, now).await?;
    }
    let mail = tables.snapshot().rows("EmailEvents") + tables.snapshot().rows("MessageTrace");
    if !stories.is_empty() && mail <= MAIL_IN_MEMORY {
        compute(&mut tables, "EmailEvents", "EmailEvents", &base, now).await?;
    }
    let evidences = Evidences { catalog: Arc::new(tables), files: &files, now, asked: Mutex::default() };
    let senders = if stories.iter().any(|s| s.kind == postern_model::report::CaseKind::Connector) {
        crate::case::mail_senders(&evidences).await
    } else {
        Vec::new()
    };
    let setting = Setting {
        evidences: &evidences,
        content,
        own: &own,
        changes: &changes,
        alerts: &alerts,
        base: &base,
        senders: &senders,
    };
    let mut cases = Vec::new();
    for story in &stories {
        if let Some(playbook) = content.playbook(&story.playbook) {
            cases.push(case(&setting, playbook, story).await);
        }
    }
    let rank = |c: &Case| match c.classification {
        Classification::TruePositive => 0,
        Classification::Unknown => 1,
        Classification::InformationalExpectedActivity => 2,
        Classification::FalsePositive => 3,
    };
    cases.sort_by(|a, b| rank(a).cmp(&rank(b)).then(b.score.total_cmp(&a.score)));
    for (index, case) in cases.iter_mut().enumerate() {
        case.id = format!("case-{}", index + 1);
    }
    Ok(Investigation {
        evidence,
        coverage: coverage(&evidences).await,
        alerts: alerts.iter().map(|a| a.alert.clone()).collect(),
        cases,
        problems,
    })
}

/// Runs a query once and puts its rows in the place of a derived table.
async fn compute(
    tables: &mut LakeCatalog,
    name: &str,
    query: &str,
    params: &Params,
    now: Ticks,
) -> Result<Vec<serde_json::Map<String, serde_json::Value>>, InvestigateError> {
    let mut options = HuntOptions::at(now).with_params(params.used(query));
    options.keep_hidden = true;
    options.timeout = std::time::Duration::from_mins(10);
    options.max_rows = 5_000_000;
    options.result_bytes = 2 << 30;
    let result = hunt_guarded(Arc::new(tables.clone()), query, &options)
        .await
        .map_err(|source| InvestigateError::Table { table: name.to_owned(), source })?;
    tables.put(name, &result)?;
    // Activity and mail can be long and are only asked by query.
    Ok(if matches!(name, "MailFlowChanges" | "OwnDomains") { result.objects() } else { Vec::new() })
}

/// The accounts and mailboxes that stories are about, lower case.
fn accounts(alerts: &[AlertRow], changes: &[Change], stories: &[crate::story::Story]) -> Vec<String> {
    let mut names = std::collections::BTreeSet::new();
    for story in stories {
        for row in story.alerts.iter().filter_map(|i| alerts.get(*i)) {
            names.insert(row.actor.to_lowercase());
            names.extend(row.entity.iter().map(|e| e.mailbox.to_lowercase()));
        }
        for change in story.objects.iter().flat_map(|o| &o.changes).filter_map(|i| changes.get(*i)) {
            names.insert(change.actor.to_lowercase());
        }
    }
    names.into_iter().filter(|n| !n.is_empty()).collect()
}

/// First and last event of the store; exported configuration says nothing of when things happened.
fn span(tables: &LakeCatalog) -> Span {
    let snapshot = tables.snapshot();
    let mut span = Span::default();
    for summary in snapshot.summaries() {
        let exported = snapshot.schemas().get(&summary.table).is_some_and(|t| t.family == "config-snapshot");
        if let (false, Some((from, to))) = (exported, summary.span) {
            span.from = Some(span.from.map_or(from, |f| f.min(from)));
            span.to = Some(span.to.map_or(to, |t| t.max(to)));
        }
    }
    span
}
