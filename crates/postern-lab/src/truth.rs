//! What is really the matter with each planted story.

use serde::Serialize;

use crate::tenant::Tenant;

/// The expected result of an investigation of one tenant.
#[derive(Debug, Clone, Serialize)]
pub struct Truth {
    /// Says that all of it is made up.
    pub note: &'static str,
    /// Seed the tenant was made from.
    pub seed: u64,
    /// Name of the organisation.
    pub organisation: &'static str,
    /// Domains the tenant accepts mail for.
    pub accepted_domains: Vec<&'static str>,
    /// First and last day of the evidence.
    pub from: String,
    /// Last day of the evidence.
    pub to: String,
    /// One entry per planted story.
    pub cases: Vec<Case>,
}

impl Truth {
    pub(crate) fn new(seed: u64, tenant: &Tenant, cases: Vec<Case>) -> Self {
        Self {
            note: "Generated. Nobody in it exists and nothing in it happened.",
            seed,
            organisation: tenant.world.organisation.name,
            accepted_domains: tenant.world.organisation.accepted().to_vec(),
            from: tenant.span.from.to_string(),
            to: tenant.span.to.to_string(),
            cases,
        }
    }
}

/// `connector` or `forwarding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// About an inbound connector.
    Connector,
    /// About mail that is forwarded or diverted.
    Forwarding,
}

/// The words of an alert's classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Classification {
    /// An attack.
    TruePositive,
    /// Not what the alert says.
    FalsePositive,
    /// What the alert says, and wanted.
    InformationalExpectedActivity,
    /// The evidence does not allow a word.
    Unknown,
}

/// One object of a story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entity {
    /// `InboundConnector`, `InboxRule`, `MailboxForwarding` or `TransportRule`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Name as the tenant has it; for mailbox forwarding the mailbox.
    pub name: String,
    /// Mailbox, where the object belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<String>,
}

/// One planted story and the verdict it deserves.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// Name of the family.
    pub family: &'static str,
    /// Which of the two attacks it is about.
    pub kind: Kind,
    /// The main object.
    pub entity: Entity,
    /// All objects of the story, the main one first.
    pub entities: Vec<Entity>,
    /// Whose account did it.
    pub actor: String,
    /// Addresses mail is forwarded to.
    pub forward_targets: Vec<String>,
    /// Verdict.
    pub classification: Classification,
    /// Other verdicts a careful reader may reach on this evidence.
    pub also_right: Vec<Classification>,
    /// When the main change was made, UTC.
    pub time: String,
    /// Why, in a sentence or two.
    pub why: &'static str,
}
