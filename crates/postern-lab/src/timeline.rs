//! What happened, in the three kinds of records that exports are made of.

use std::rc::Rc;

use chrono::NaiveDateTime;
use serde_json::Value;

use crate::world::{Device, Person, Place};

/// Everything that happened.
#[derive(Default)]
pub(crate) struct Timeline {
    /// Unified audit records.
    pub(crate) audit: Vec<AuditRecord>,
    /// Sign-ins as Entra ID keeps them.
    pub(crate) sign_ins: Vec<SignIn>,
    /// Mail, one entry per message and recipient.
    pub(crate) mail: Vec<Mail>,
}

impl Timeline {
    /// Puts all records into the order of their time; equal times by id, so the order never depends on who came first.
    pub(crate) fn sort(&mut self) {
        self.audit.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        self.sign_ins.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        self.mail.sort_by(|a, b| (a.time, &a.trace_id, &a.recipient).cmp(&(b.time, &b.trace_id, &b.recipient)));
    }
}

/// One unified audit record and the wrapper columns that exports put around it.
pub(crate) struct AuditRecord {
    /// `CreationTime`.
    pub(crate) time: NaiveDateTime,
    /// `Id`.
    pub(crate) id: String,
    /// `RecordType`.
    pub(crate) kind: u16,
    /// `Operation`.
    pub(crate) operation: String,
    /// `UserId`.
    pub(crate) user: String,
    /// The record itself.
    pub(crate) body: Value,
}

/// How a sign-in ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Signed in.
    Success,
    /// Wrong user name or password.
    WrongPassword,
    /// Locked after too many wrong passwords.
    Locked,
    /// The second factor was asked for and not given.
    SecondFactorMissing,
}

impl Outcome {
    /// Error number, its short name and the sentence beside it.
    pub(crate) fn describe(self) -> (u32, &'static str, &'static str) {
        match self {
            Self::Success => (0, "", "Other."),
            Self::WrongPassword => (
                50126,
                "InvalidUserNameOrPassword",
                "Error validating credentials due to invalid username or password.",
            ),
            Self::Locked => (
                50053,
                "IdsLocked",
                "The account is locked because of too many sign-in attempts with a wrong user name or password.",
            ),
            Self::SecondFactorMissing => {
                (50074, "UserStrongAuthClientAuthNRequiredInterrupt", "Strong authentication is required.")
            }
        }
    }
}

/// The client application of a sign-in.
#[derive(Clone, Copy)]
pub(crate) struct App {
    /// Application id.
    pub(crate) id: &'static str,
    /// Name.
    pub(crate) name: &'static str,
    /// What Entra ID calls the kind of client.
    pub(crate) client: &'static str,
}

/// Outlook on the web.
pub(crate) const OUTLOOK_WEB: App =
    App { id: "9199bf20-a13f-4107-85dc-02114787ef48", name: "One Outlook Web", client: "Browser" };
/// The Office desktop programs.
pub(crate) const OFFICE: App = App {
    id: "d3590ed6-52b3-4102-aeff-aad2292ab01c",
    name: "Microsoft Office",
    client: "Mobile Apps and Desktop clients",
};
/// Teams.
pub(crate) const TEAMS: App = App {
    id: "1fec8e78-bce4-4aaf-ab1b-5451cc387264",
    name: "Microsoft Teams",
    client: "Mobile Apps and Desktop clients",
};
/// The portal start page.
pub(crate) const PORTAL: App =
    App { id: "4765445b-32c6-49b0-83e6-1d93765276ca", name: "OfficeHome", client: "Browser" };
/// The Exchange administration pages.
pub(crate) const EXCHANGE_ADMIN: App =
    App { id: "497effe9-df71-4043-a8bb-14cf78c4b63b", name: "Exchange Admin Center", client: "Browser" };

/// One sign-in.
pub(crate) struct SignIn {
    /// When.
    pub(crate) time: NaiveDateTime,
    /// Request id; the audit record of the same sign-in has the same id.
    pub(crate) id: String,
    /// Ties the requests of one attempt together.
    pub(crate) correlation: String,
    /// Session, also on what the person did afterwards.
    pub(crate) session: String,
    /// Token.
    pub(crate) token: String,
    /// Who.
    pub(crate) person: Rc<Person>,
    /// Where from.
    pub(crate) place: Place,
    /// With what.
    pub(crate) device: Device,
    /// Client application.
    pub(crate) app: App,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// A second factor was asked for.
    pub(crate) second_factor: bool,
    /// A person was at the keyboard.
    pub(crate) interactive: bool,
    /// Risk level while signing in: `none`, `low`, `medium` or `high`.
    pub(crate) risk: &'static str,
    /// Risk event names.
    pub(crate) risk_events: &'static [&'static str],
}

/// One message to one recipient.
#[derive(Clone)]
pub(crate) struct Mail {
    /// When it was received.
    pub(crate) time: NaiveDateTime,
    /// Network message id.
    pub(crate) trace_id: String,
    /// Internet message id.
    pub(crate) message_id: String,
    /// Envelope sender (P1).
    pub(crate) envelope: String,
    /// Header sender (P2).
    pub(crate) header: String,
    /// Display name in the header.
    pub(crate) display: String,
    /// Directory object of the sender, if there is one.
    pub(crate) sender_object: Option<String>,
    /// Recipient.
    pub(crate) recipient: String,
    /// Directory object of the recipient, if there is one.
    pub(crate) recipient_object: Option<String>,
    /// Sending server; none for mail submitted inside the service.
    pub(crate) from_ip: Option<String>,
    /// Subject.
    pub(crate) subject: String,
    /// Bytes.
    pub(crate) size: i64,
    /// Trace status: `Delivered`, `FilteredAsSpam`, `Failed`, `Quarantined`.
    pub(crate) status: &'static str,
    /// Inbound connector it came through.
    pub(crate) connector: Option<String>,
    /// Transport rule that acted on it.
    pub(crate) transport_rule: Option<String>,
    /// `Inbound`, `Outbound` or `Intra-org`.
    pub(crate) direction: &'static str,
    /// SPF, DKIM and DMARC all passed.
    pub(crate) authenticated: bool,
    /// `Spam` or `Phish` when a filter said so.
    pub(crate) threat: Option<&'static str>,
    /// Links in the body.
    pub(crate) urls: i64,
    /// Attached files.
    pub(crate) attachments: i64,
    /// Somebody kept its rows of the streaming interface, as is done for every message with a connector.
    pub(crate) kept: bool,
}

impl Mail {
    /// Whether the exports of the streaming interface have it.
    pub(crate) fn streamed(&self) -> bool {
        self.kept || self.connector.is_some()
    }
}
