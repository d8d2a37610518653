//! Alerts, cases, findings, verdicts and actions, shaped as `postern investigate --json` prints them.

use serde::{Deserialize, Serialize};

use crate::account::IngestAccount;
use crate::time::Ticks;

/// The whole result of one investigation.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Version of the program.
    pub postern: String,
    /// Time range of all loaded rows.
    pub evidence: Span,
    /// What was read.
    pub ingest: IngestAccount,
    /// What is there and what is not, per table.
    pub coverage: Vec<Coverage>,
    /// What detections found.
    pub alerts: Vec<Alert>,
    /// Graded stories, worst first.
    pub cases: Vec<Case>,
    /// Detections that could not run, each with the reason: what they look for was not looked for.
    pub problems: Vec<String>,
}

/// A range of time; both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Earliest instant, if any.
    pub from: Option<Ticks>,
    /// Latest instant, if any.
    pub to: Option<Ticks>,
}

/// How complete a table's evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CoverageGrade {
    /// Rows without a known gap.
    Complete,
    /// Rows, but known to lack some.
    Partial,
    /// No rows.
    Absent,
}

/// What one table holds.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// Table name.
    pub table: String,
    /// Earliest row.
    pub from: Option<Ticks>,
    /// Latest row.
    pub to: Option<Ticks>,
    /// Number of rows.
    pub rows: u64,
    /// Grade.
    pub grade: CoverageGrade,
    /// Known gaps.
    pub gaps: Vec<Span>,
    /// Reasons for the grade.
    pub why: Vec<String>,
}

/// Which playbook a case belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaseKind {
    /// A compromised inbound connector.
    Connector,
    /// Malicious forwarding or hiding of mail.
    Forwarding,
}

/// Severity of an alert, in the words of the Graph alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For the record.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

/// Kind of object that a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntityType {
    /// Inbound connector of the organisation.
    InboundConnector,
    /// Inbox rule of a mailbox.
    InboxRule,
    /// Forwarding set on a mailbox (`ForwardingSmtpAddress`, `ForwardingAddress`).
    MailboxForwarding,
    /// Mail flow rule of the organisation.
    TransportRule,
}

/// An object that a case is about, named as the tenant names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Entity {
    /// Kind of object.
    #[serde(rename = "type")]
    pub kind: EntityType,
    /// Display name of the rule or connector; for mailbox forwarding the mailbox.
    pub name: String,
    /// The mailbox as UPN or address; empty for objects of the organisation.
    pub mailbox: String,
}

/// An entity with its own verdict.
#[derive(Debug, Clone, Serialize)]
pub struct GradedEntity {
    /// The object.
    #[serde(flatten)]
    pub entity: Entity,
    /// Its verdict.
    pub classification: Classification,
}

/// Something of a known kind happened.
#[derive(Debug, Clone, Serialize)]
pub struct Alert {
    /// Stable within a report.
    pub id: String,
    /// Id of the detection.
    pub detection: String,
    /// One line for a person.
    pub title: String,
    /// Severity of the detection.
    pub severity: Severity,
    /// When it happened.
    pub time: Option<Ticks>,
    /// What it is about.
    pub entities: Vec<Entity>,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
}

/// Verdict in the words of the Graph alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Classification {
    /// The attack happened.
    TruePositive,
    /// The evidence does not carry a verdict.
    Unknown,
    /// It happened and it was meant to.
    InformationalExpectedActivity,
    /// The alert was wrong.
    FalsePositive,
}

/// Determination in the words of the Graph alert; only those that a playbook gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Determination {
    /// A stolen account did it.
    CompromisedAccount,
    /// Several stages of an attack are seen.
    MultiStagedAttack,
    /// The account's owner did it with intent to harm.
    MaliciousUserActivity,
    /// Done on purpose by somebody entitled to.
    ConfirmedActivity,
    /// A business application.
    LineOfBusinessApplication,
    /// Nothing bad.
    NotMalicious,
    /// Not enough to tell.
    NotEnoughDataToValidate,
    /// None of the above.
    Other,
    /// No determination.
    Unknown,
}

/// Which way a finding points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Supports {
    /// Raises the odds of an attack.
    Malicious,
    /// Lowers the odds of an attack.
    Benign,
    /// Says something without moving the odds.
    Neutral,
}

/// Rows that carry a finding.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// The table that was asked.
    pub table: String,
    /// The query, with its parameters filled in as `let` statements, so that it can be run again.
    pub query: String,
    /// How many rows it gave.
    pub count: u64,
    /// The first five rows, as objects by column name.
    pub rows: Vec<serde_json::Map<String, serde_json::Value>>,
    /// Where these rows came from.
    pub sources: Vec<Source>,
}

/// Where a row came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The file's path as given.
    pub file: String,
    /// The record's number in the file, counted from 1.
    pub position: u64,
}

/// One answered question.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Id of the question.
    pub id: String,
    /// What a person would ask.
    pub question: String,
    /// What the rows say.
    pub answer: String,
    /// Which way it points.
    pub supports: Supports,
    /// Weight of evidence in decibans: 10·log10 of the likelihood ratio of attack against no attack.
    pub weight: f64,
    /// The rows behind it.
    pub evidence: Vec<Evidence>,
}

/// A question that the evidence could not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What a person would ask.
    pub question: String,
    /// Why it could not be answered.
    pub why: String,
    /// What would answer it.
    pub needs: String,
}

/// What would change the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// The condition.
    #[serde(rename = "if")]
    pub condition: String,
    /// The verdict then.
    pub then: String,
}

/// One step of the story.
#[derive(Debug, Clone, Serialize)]
pub struct TimelineEntry {
    /// When.
    pub time: Option<Ticks>,
    /// What happened, in one line.
    pub what: String,
    /// The table that says so.
    pub table: String,
}

/// What can be done about a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ActionKind {
    /// Turn an inbox rule off.
    DisableInboxRule,
    /// Delete an inbox rule.
    RemoveInboxRule,
    /// Clear both forwarding fields of a mailbox.
    ClearMailboxForwarding,
    /// Turn a mail flow rule off.
    DisableTransportRule,
    /// Delete a mail flow rule.
    RemoveTransportRule,
    /// Turn a connector off.
    DisableConnector,
    /// Delete a connector.
    RemoveConnector,
    /// Put a connector's fields back.
    RevertConnector,
    /// Lift the block on a connector; only after its cause is gone.
    UnblockConnector,
    /// Lift the block on a sender; only after its cause is gone.
    UnblockSender,
    /// Give the account a new password.
    ResetPassword,
    /// End all sessions of the account.
    RevokeSessions,
    /// Stop the account from signing in.
    DisableAccount,
    /// Withdraw what the account granted to an application.
    RemoveConsent,
    /// Look through everything the administrator did.
    ReviewAdminActivity,
}

/// One proposed step of response; data only, carrying out is another crate's work.
#[derive(Debug, Clone, Serialize)]
pub struct Action {
    /// What kind of step.
    pub kind: ActionKind,
    /// The object or account it touches.
    pub target: String,
    /// Why it is proposed.
    pub why: String,
    /// Place in the sequence, counted from 1.
    pub order: u32,
    /// The exact Exchange Online or Graph PowerShell command, every value quoted.
    pub command: String,
    /// The command that takes it back, or why there is none.
    pub undo: String,
    /// True when `undo` restores the former state.
    pub reversible: bool,
}

/// One story: one attacker, one change, one campaign.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// Stable within a report.
    pub id: String,
    /// Which playbook.
    pub kind: CaseKind,
    /// One line.
    pub title: String,
    /// A few sentences: what happened and why the verdict is what it is.
    pub summary: String,
    /// The main object.
    pub entity: Entity,
    /// Every object of the story, the main one too.
    pub entities: Vec<GradedEntity>,
    /// Who did it, as the audit log names the account; empty when not known.
    pub actor: String,
    /// Where mail was sent to.
    pub forward_targets: Vec<String>,
    /// Verdict.
    pub classification: Classification,
    /// Determination.
    pub determination: Determination,
    /// Probability that the classification is right, 0 to 1.
    pub confidence: f64,
    /// Prior plus weights, in decibans.
    pub score: f64,
    /// Answered questions, heaviest first.
    pub findings: Vec<Finding>,
    /// Questions that could not be answered.
    pub missing: Vec<Missing>,
    /// What would change the verdict.
    pub flips: Vec<Flip>,
    /// The story in order of time.
    pub timeline: Vec<TimelineEntry>,
    /// Ids of the alerts.
    pub alerts: Vec<String>,
    /// Proposed response, in order.
    pub actions: Vec<Action>,
}
