//! Playbooks: questions, what their answers weigh, and how the verdict follows.

use postern_model::report::{CaseKind, Determination, EntityType};
use serde::Deserialize;

/// The questions that grade one kind of case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// Never changes.
    pub id: String,
    /// Title.
    pub name: String,
    /// What it decides.
    pub description: String,
    /// Version.
    pub version: String,
    /// Which cases it grades.
    pub case: CaseKind,
    /// Files of shared questions.
    #[serde(default)]
    pub include: Vec<String>,
    /// Odds before any question is asked.
    pub prior: Prior,
    /// How sure is sure enough.
    pub thresholds: Thresholds,
    /// Which determination goes with which verdict.
    pub determination: Determinations,
    /// The questions, shared ones included after loading.
    pub questions: Vec<Question>,
}

/// A file of questions that several playbooks use.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedQuestions {
    /// The questions.
    pub questions: Vec<Question>,
}

/// Odds before any question is asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prior {
    /// Decibans.
    pub weight: f64,
    /// Why.
    pub because: String,
}

/// Probabilities at which a verdict is given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// At or above: an attack.
    pub true_positive: f64,
    /// At or below: harmless.
    pub benign: f64,
    /// Why.
    pub because: String,
}

/// Which determination goes with which verdict.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Determinations {
    /// With `truePositive`.
    pub true_positive: Determination,
    /// With `informationalExpectedActivity`.
    pub expected: Determination,
    /// With `falsePositive`.
    pub wrong: Determination,
}

/// One question.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Never changes.
    pub id: String,
    /// What a person would ask.
    pub ask: String,
    /// Asked of each object or once of the whole story.
    #[serde(default)]
    pub scope: Scope,
    /// Kinds of object it is about; all when empty.
    #[serde(default)]
    pub about: Vec<EntityType>,
    /// What else must hold for the question to make sense.
    #[serde(default)]
    pub when: Vec<When>,
    /// Tables that must have rows.
    #[serde(default)]
    pub tables: Vec<String>,
    /// A query that gives a row when the evidence suffices for an answer.
    #[serde(default)]
    pub ready: Option<String>,
    /// Why there is no answer when `ready` gives no row.
    #[serde(default)]
    pub lacks: Option<String>,
    /// What would answer it.
    #[serde(default)]
    pub needs: Option<String>,
    /// The query: rows mean yes.
    pub query: String,
    /// When there are rows.
    pub fires: Outcome,
    /// When there are none; without it nothing is found then.
    #[serde(default)]
    pub quiet: Option<Outcome>,
    /// Questions of one group tell the same fact: only the heaviest answer counts.
    pub group: String,
}

/// Whom a question is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The story as a whole.
    Story,
    /// Each object.
    #[default]
    Object,
}

/// A condition on the object or story, known before the question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Mail goes somewhere.
    Targets,
    /// Mail goes outside.
    External,
    /// A connector lists sender addresses.
    Addresses,
}

/// What an answer says and weighs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The answer; `{Column}` stands for values of the rows, `{count}` for their number, `{name}` for a bound value.
    pub answer: String,
    /// Decibans: 10·log10 of how much likelier the answer is in an attack than without.
    pub weight: f64,
    /// The reasoning behind the weight.
    pub because: String,
    /// What a malicious answer proves beyond the mere existence of the object.
    #[serde(default)]
    pub proves: Proof,
    /// How a benign answer explains the alert.
    #[serde(default)]
    pub explains: Option<Explains>,
}

/// What a finding proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// Nothing beyond existence.
    #[default]
    None,
    /// That somebody else acted.
    Actor,
    /// That harm was done.
    Effect,
    /// What it is for, by its own content.
    Intent,
}

/// Which harmless verdict a finding leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Explains {
    /// It happened and was meant to.
    Expected,
    /// Nothing of the kind happened.
    Wrong,
}
