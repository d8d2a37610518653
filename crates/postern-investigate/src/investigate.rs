//! The main job: detect, build stories, ask, grade, propose.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::StreamExt;
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
use crate::coverage::{Held, coverage};
use crate::detect::{AlertRow, detect};
use crate::domains::{OwnDomains, Place};
use crate::guarded::hunt_guarded;
use crate::hunt::{HuntError, HuntOptions};
use crate::params::Params;
use crate::story::build;

/// Up to so many rows a table is held in memory; beyond, every question reads the store.
const ROWS_IN_MEMORY: u64 = 200_000;
/// The same for tables whose rows carry a whole record as text.
const RECORDS_IN_MEMORY: u64 = 50_000;

/// Stories that are graded at a time.
const ABREAST: usize = 2;

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
    /// Detections that could not run or found more than is graded, a sentence each.
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
    /// A table that everything rests on has more rows than can be held; a verdict on a part of it would be a guess.
    #[error("the table {table} has more than the {rows} rows that can be held in memory; investigate a shorter time")]
    TooLarge {
        /// The table.
        table: String,
        /// The rows that could be held.
        rows: usize,
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
    let inputs = lake.files().await?;
    let files: BTreeMap<i64, String> = inputs.iter().map(|f| (i64::from(f.id), f.path.clone())).collect();

    hold(&mut tables, now).await;
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
    let (alerts, problems) = detect(&shared, content, &lists, now).await;
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
    let mut evidences =
        Evidences { catalog: Arc::new(tables), files: &files, now, asked: Mutex::default(), held: Held::default() };
    evidences.held = coverage(&evidences, &inputs).await;
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
    let graded = stories.iter().filter_map(|story| Some(case(&setting, content.playbook(&story.playbook)?, story)));
    let mut cases: Vec<Case> = futures::stream::iter(graded).buffered(ABREAST).collect().await;
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
        coverage: evidences.held.tables,
        alerts: alerts.iter().map(|a| a.alert.clone()).collect(),
        cases,
        problems,
    })
}

/// Reads the small tables into memory once: some hundred questions would each open their files and plan their views.
/// What cannot be read is left to the questions, which say so.
async fn hold(tables: &mut LakeCatalog, now: Ticks) {
    let stored: Vec<String> = tables.snapshot().summaries().into_iter().map(|s| s.table).collect();
    let views: Vec<String> = tables
        .snapshot()
        .schemas()
        .iter()
        .filter(|t| HELD_VIEWS.contains(&t.name.as_str()) && !t.derived.is_empty())
        .map(|t| t.name.clone())
        .collect();
    // Stored rows first, then the views that are made of them.
    let plain = stored.into_iter().filter(|name| !views.contains(name)).collect();
    for stage in [plain, views] {
        let snapshot = Arc::new(tables.clone());
        let held = stage.into_iter().filter(|name| fits(&snapshot, name)).map(|name: String| {
            let snapshot = Arc::clone(&snapshot);
            async move {
                let mut options = HuntOptions::own(now);
                options.max_rows = usize::try_from(ROWS_IN_MEMORY).unwrap_or(usize::MAX);
                options.result_bytes = 1 << 30;
                let result = hunt_guarded(snapshot, &name, &options).await;
                (name, result)
            }
        });
        for (name, result) in futures::stream::iter(held).buffered(ABREAST).collect::<Vec<_>>().await {
            if let Ok(result) = result
                && !result.truncated
            {
                // A table that cannot be held is read from the store instead.
                let _ = tables.put(&name, &result);
            }
        }
    }
}

/// Views that many questions ask.
const HELD_VIEWS: [&str; 2] = ["EmailEvents", "EntraIdSignInEvents"];

/// True when a table has rows, and all rows it is made of are few enough to be held in memory.
fn fits(tables: &LakeCatalog, name: &str) -> bool {
    let snapshot = tables.snapshot();
    let Some(schema) = snapshot.schemas().get(name) else { return false };
    let from = schema.derived.iter().flat_map(|d| &d.from).map(|from| snapshot.rows(from)).sum::<u64>();
    let rows = snapshot.rows(name) + from;
    let whole = schema.columns.iter().any(|c| c.name == "RawEventData");
    rows > 0 && rows <= if whole { RECORDS_IN_MEMORY } else { ROWS_IN_MEMORY }
}

/// Runs a query once and puts its rows in the place of a derived table.
async fn compute(
    tables: &mut LakeCatalog,
    name: &str,
    query: &str,
    params: &Params,
    now: Ticks,
) -> Result<Vec<serde_json::Map<String, serde_json::Value>>, InvestigateError> {
    let mut options = HuntOptions::own(now).with_params(params.used(query));
    options.timeout = std::time::Duration::from_mins(10);
    options.max_rows = 5_000_000;
    options.result_bytes = 2 << 30;
    let result = hunt_guarded(Arc::new(tables.clone()), query, &options)
        .await
        .map_err(|source| InvestigateError::Table { table: name.to_owned(), source })?;
    if result.truncated {
        return Err(InvestigateError::TooLarge { table: name.to_owned(), rows: result.rows() });
    }
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
