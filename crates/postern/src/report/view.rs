//! The report as the HTML template wants it: every number, time and verdict already in words.

use postern_model::account::FileAccount;
use postern_model::report::{
    Action, Alert, Case, Classification, Coverage, CoverageGrade, Evidence, Finding, Report, Span,
};
use postern_model::time::Ticks;
use serde::Serialize;

use super::words;
use crate::text::{count, thousands};

/// Decibans that fill half of the weight bar.
const FULL_BAR: f64 = 20.0;
/// Half of the weight bar in its own units.
const HALF_BAR: f64 = 50.0;
/// Width of the coverage bar in its own units.
const SPAN_BAR: f64 = 200.0;

/// The whole page.
#[derive(Serialize)]
pub(super) struct PageView {
    version: String,
    evidence: String,
    counts: Vec<CountView>,
    cases: Vec<CaseView>,
    alerts: Vec<AlertView>,
    coverage: Vec<CoverageView>,
    files: Vec<FileView>,
    totals: Vec<TotalView>,
    queries: Vec<QueryView>,
    no_evidence: bool,
    problems: Vec<String>,
}

#[derive(Serialize)]
struct CountView {
    class: &'static str,
    text: String,
}

#[derive(Serialize)]
struct CaseView {
    anchor: String,
    class: &'static str,
    verdict: &'static str,
    determination: String,
    title: String,
    summary: String,
    kind: String,
    percent: String,
    confidence_bar: f64,
    score: String,
    objects: Vec<ObjectView>,
    actor: String,
    forward_targets: Vec<String>,
    weighing: Vec<FindingView>,
    neutral: Vec<FindingView>,
    missing: Vec<[String; 3]>,
    flips: Vec<[String; 2]>,
    timeline: Vec<DayView>,
    steps: usize,
    actions: Vec<ActionView>,
    alerts: Vec<String>,
}

#[derive(Serialize)]
struct ObjectView {
    kind: &'static str,
    name: String,
    mailbox: String,
    class: &'static str,
    verdict: &'static str,
}

#[derive(Serialize)]
struct FindingView {
    question: String,
    answer: String,
    weight: String,
    class: &'static str,
    bar_x: f64,
    bar_width: f64,
    evidence: Vec<EvidenceView>,
}

#[derive(Serialize)]
struct EvidenceView {
    table: String,
    count: String,
    shown: usize,
    more: u64,
    query: usize,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    sources: Vec<String>,
}

#[derive(Serialize)]
struct DayView {
    day: String,
    steps: Vec<[String; 3]>,
}

#[derive(Serialize)]
struct ActionView {
    order: u32,
    kind: String,
    target: String,
    why: String,
    command: String,
    undo: String,
    reversible: bool,
    altered: bool,
}

#[derive(Serialize)]
struct AlertView {
    anchor: String,
    time: String,
    severity: String,
    title: String,
    objects: Vec<String>,
    techniques: String,
}

#[derive(Serialize)]
struct CoverageView {
    table: String,
    grade: String,
    class: &'static str,
    rows: String,
    range: String,
    why: Vec<String>,
    bar_x: f64,
    bar_width: f64,
    gaps: Vec<[f64; 2]>,
}

#[derive(Serialize)]
struct FileView {
    path: String,
    format: String,
    encoding: String,
    recognised: bool,
    records: String,
    rows: Vec<String>,
    duplicates: String,
    rejected: String,
    any_rejected: bool,
    range: String,
    notes: Vec<String>,
    rejects: Vec<[String; 2]>,
    more_rejects: String,
}

#[derive(Serialize)]
struct TotalView {
    number: String,
    what: &'static str,
}

#[derive(Serialize)]
struct QueryView {
    number: usize,
    text: String,
    used: String,
}

/// CSS class of a verdict.
fn class(classification: Classification) -> &'static str {
    match classification {
        Classification::TruePositive => "tp",
        Classification::Unknown => "open",
        Classification::InformationalExpectedActivity => "meant",
        Classification::FalsePositive => "fp",
    }
}

/// Collects queries for the appendix; equal ones once.
#[derive(Default)]
struct Queries {
    list: Vec<QueryView>,
}

impl Queries {
    fn number(&mut self, query: &str, used: &str) -> usize {
        if let Some(known) = self.list.iter().find(|q| q.text == query) {
            return known.number;
        }
        let number = self.list.len() + 1;
        self.list.push(QueryView { number, text: query.to_owned(), used: used.to_owned() });
        number
    }
}

impl PageView {
    pub(super) fn new(report: &Report) -> Self {
        let mut queries = Queries::default();
        let cases = report.cases.iter().enumerate().map(|(n, case)| CaseView::new(n + 1, case, &mut queries)).collect();
        let ingest = &report.ingest;
        Self {
            version: report.postern.clone(),
            evidence: words::evidence(&report.evidence),
            counts: words::verdict_counts(report.cases.iter().map(|c| c.classification))
                .into_iter()
                .map(|(classification, text)| CountView { class: class(classification), text })
                .collect(),
            cases,
            alerts: report.alerts.iter().map(AlertView::new).collect(),
            coverage: report.coverage.iter().map(|c| CoverageView::new(c, &report.evidence)).collect(),
            files: ingest.files.iter().map(FileView::new).collect(),
            totals: [
                (ingest.audit_rows_total, "audit rows read"),
                (ingest.audit_records_unique, "audit records, each once"),
                (ingest.message_rows, "message and recipient pairs"),
                (ingest.signins, "sign-ins from sign-in exports"),
                (ingest.rejected_rows, "rows that could not be read"),
            ]
            .into_iter()
            .map(|(number, what)| TotalView { number: thousands(number), what })
            .collect(),
            queries: queries.list,
            no_evidence: report.coverage.iter().all(|c| c.rows == 0),
            problems: report.problems.clone(),
        }
    }
}

impl CaseView {
    fn new(number: usize, case: &Case, queries: &mut Queries) -> Self {
        let (weighing, neutral): (Vec<&Finding>, Vec<&Finding>) =
            case.findings.iter().partition(|f| f.weight.abs() >= 0.05);
        let mut timeline: Vec<DayView> = Vec::new();
        for step in &case.timeline {
            let time = step.time.map(words::time).unwrap_or_default();
            let (day, hour) = time.split_once(' ').unwrap_or((time.as_str(), ""));
            let day = if day.is_empty() { "Time not known" } else { day };
            let entry = [hour.to_owned(), step.what.clone(), step.table.clone()];
            match timeline.last_mut() {
                Some(last) if last.day == day => last.steps.push(entry),
                _ => timeline.push(DayView { day: day.to_owned(), steps: vec![entry] }),
            }
        }
        Self {
            anchor: format!("case-{number}"),
            class: class(case.classification),
            verdict: words::verdict(case.classification),
            determination: words::spaced(&words::json_word(&case.determination)),
            title: case.title.clone(),
            summary: case.summary.clone(),
            kind: words::json_word(&case.kind),
            percent: words::percent(case.confidence),
            confidence_bar: (case.confidence.clamp(0.0, 1.0) * 100.0).round(),
            score: words::weight(case.score),
            objects: case
                .entities
                .iter()
                .map(|object| ObjectView {
                    kind: words::entity_kind(object.entity.kind),
                    name: object.entity.name.clone(),
                    mailbox: if object.entity.mailbox == object.entity.name {
                        String::new()
                    } else {
                        object.entity.mailbox.clone()
                    },
                    class: class(object.classification),
                    verdict: words::verdict(object.classification),
                })
                .collect(),
            actor: case.actor.clone(),
            forward_targets: case.forward_targets.clone(),
            weighing: weighing.into_iter().map(|f| FindingView::new(f, queries)).collect(),
            neutral: neutral.into_iter().map(|f| FindingView::new(f, queries)).collect(),
            missing: case.missing.iter().map(|m| [m.question.clone(), m.why.clone(), m.needs.clone()]).collect(),
            flips: case.flips.iter().map(|f| [f.condition.clone(), words::readable(&f.then)]).collect(),
            timeline,
            steps: case.timeline.len(),
            actions: case.actions.iter().map(ActionView::new).collect(),
            alerts: case.alerts.clone(),
        }
    }
}

impl FindingView {
    fn new(finding: &Finding, queries: &mut Queries) -> Self {
        let bar_width = (finding.weight.abs() / FULL_BAR).min(1.0) * HALF_BAR;
        let malicious = finding.weight > 0.0;
        Self {
            question: finding.question.clone(),
            answer: finding.answer.clone(),
            weight: words::weight(finding.weight),
            class: if malicious { "against" } else { "for" },
            bar_x: if malicious { HALF_BAR } else { HALF_BAR - bar_width },
            bar_width,
            evidence: finding.evidence.iter().map(|e| EvidenceView::new(e, &finding.question, queries)).collect(),
        }
    }
}

impl EvidenceView {
    fn new(evidence: &Evidence, question: &str, queries: &mut Queries) -> Self {
        let columns = words::columns(evidence);
        Self {
            table: evidence.table.clone(),
            count: count(evidence.count, "row", "rows"),
            shown: evidence.rows.len(),
            more: evidence.count.saturating_sub(evidence.rows.len() as u64),
            query: queries.number(&evidence.query, question),
            rows: evidence
                .rows
                .iter()
                .map(|row| {
                    columns.iter().map(|name| row.get(*name).map(words::tall_cell).unwrap_or_default()).collect()
                })
                .collect(),
            columns: columns.into_iter().map(str::to_owned).collect(),
            sources: words::sources(&evidence.sources),
        }
    }
}

impl ActionView {
    fn new(action: &Action) -> Self {
        Self {
            order: action.order,
            kind: words::spaced(&words::json_word(&action.kind)),
            target: action.target.clone(),
            why: action.why.clone(),
            command: action.command.clone(),
            undo: action.undo.clone(),
            reversible: action.reversible,
            altered: crate::text::visible_lines(&action.command) != action.command,
        }
    }
}

impl AlertView {
    fn new(alert: &Alert) -> Self {
        Self {
            anchor: alert.id.clone(),
            time: words::time_or_dash(alert.time),
            severity: words::json_word(&alert.severity),
            title: alert.title.clone(),
            objects: alert.entities.iter().map(words::entity).collect(),
            techniques: alert.techniques.join(", "),
        }
    }
}

/// Places a range of time on the coverage bar: left edge and width.
fn place(evidence: &Span, from: Option<Ticks>, to: Option<Ticks>) -> [f64; 2] {
    let (Some(first), Some(last), Some(from), Some(to)) = (evidence.from, evidence.to, from, to) else {
        return [0.0, 0.0];
    };
    let whole = (last.0 - first.0).max(1) as f64;
    let at = |t: Ticks| ((t.0 - first.0) as f64 / whole).clamp(0.0, 1.0) * SPAN_BAR;
    let (left, right) = (at(from), at(to));
    let round = |value: f64| (value * 10.0).round() / 10.0;
    // A short range stays visible.
    let width = (right - left).max(2.0);
    [round(left.min(SPAN_BAR - width)), round(width)]
}

impl CoverageView {
    fn new(coverage: &Coverage, evidence: &Span) -> Self {
        let [bar_x, bar_width] = place(evidence, coverage.from, coverage.to);
        Self {
            table: coverage.table.clone(),
            grade: words::json_word(&coverage.grade),
            class: match coverage.grade {
                CoverageGrade::Complete => "fp",
                CoverageGrade::Partial => "open",
                CoverageGrade::Absent => "none",
            },
            rows: thousands(coverage.rows),
            range: words::range(coverage.from, coverage.to),
            why: coverage.why.clone(),
            bar_x,
            bar_width,
            gaps: coverage.gaps.iter().map(|gap| place(evidence, gap.from, gap.to)).collect(),
        }
    }
}

impl FileView {
    fn new(file: &FileAccount) -> Self {
        let listed = file.rejected.len() as u64;
        let hidden = file.rejected_count.saturating_sub(listed);
        Self {
            path: file.path.clone(),
            format: file.format.clone(),
            encoding: file.encoding.clone(),
            recognised: file.recognised(),
            records: thousands(file.records),
            rows: file.rows.iter().map(|(table, rows)| format!("{table} {}", thousands(*rows))).collect(),
            duplicates: thousands(file.duplicates),
            rejected: thousands(file.rejected_count),
            any_rejected: file.rejected_count > 0,
            range: words::range(file.from, file.to),
            notes: file.notes.clone(),
            rejects: file
                .rejected
                .iter()
                .map(|reject| {
                    let place = if reject.position == 0 { "file".to_owned() } else { thousands(reject.position) };
                    [place, reject.reason.clone()]
                })
                .collect(),
            more_rejects: if hidden > 0 { format!("and {} more", thousands(hidden)) } else { String::new() },
        }
    }
}
