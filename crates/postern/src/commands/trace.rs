//! `postern trace`: where messages went, as the message trace tells it; and all that is known of one message.

use std::collections::BTreeSet;

use clap::Args;
use postern_investigate::HuntResult;
use postern_kql::types::Const;
use serde_json::{Value, json};

use super::Globals;
use super::view::{
    Evidence, IpRange, Question, Shown, Source, Span, addresses, domains, few_columns, ip_range, listed, message_ids,
    rows, wildcards,
};
use crate::failure::Failure;
use crate::output;
use crate::screen::{STRONG, Screen, paint};
use crate::text::visible;

/// Arguments of `postern trace`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Trace {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    span: Span,
    /// Sender, of envelope or header: an address, or a domain with those below it; may be given more than once
    #[arg(long = "sender", value_name = "ADDRESS|DOMAIN", help_heading = "Filters")]
    senders: Vec<String>,
    /// Recipient: an address, or a domain with those below it; may be given more than once
    #[arg(long = "recipient", value_name = "ADDRESS|DOMAIN", help_heading = "Filters")]
    recipients: Vec<String>,
    /// The connector it came or went through, `*` for any text; may be given more than once
    #[arg(long = "connector", value_name = "NAME", help_heading = "Filters")]
    connectors: Vec<String>,
    /// The domain of a connector: mail of senders there, or through an inbound connector that is for it
    #[arg(long = "connector-domain", value_name = "DOMAIN", help_heading = "Filters")]
    connector_domains: Vec<String>,
    /// The address it came from, or a range; may be given more than once
    #[arg(long = "ip", value_name = "ADDRESS|RANGE", value_parser = ip_range, help_heading = "Filters")]
    ips: Vec<IpRange>,
    /// Delivered, FilteredAsSpam, Quarantined, Failed, …; may be given more than once
    #[arg(long = "status", value_name = "STATUS", help_heading = "Filters")]
    statuses: Vec<String>,
    /// A text in the subject
    #[arg(long, value_name = "TEXT", help_heading = "Filters")]
    subject: Option<String>,
    /// The id of a message, as in its header or as the service numbers it; may be given more than once
    #[arg(long = "message-id", value_name = "ID", help_heading = "Filters")]
    ids: Vec<String>,
    /// Show all that is known of one message: recipients, events, URLs, attachments
    #[arg(long, value_name = "ID", conflicts_with_all = ["ids", "csv"], help_heading = "Output")]
    message: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

/// Ends `postern trace --help`.
const EXAMPLES: &str = "\
Examples:
  postern trace --data STORE --sender contoso.example --status FilteredAsSpam --start 2026-04-21
  postern trace --data STORE --connector 'Hybrid relay 02' --ip 198.51.100.0/24
  postern trace --data STORE --recipient priya.nair@contoso.example --subject invoice --csv > trace.csv
  postern trace --data STORE --message '<E229C75D@contoso.example>'
  postern trace EXPORTS --connector-domain partner.example

One row is one message to one recipient; the newest come first. Filters of a different kind must all fit, of several
of one kind one is enough. Case of letters does not matter. A status that no message trace tells is read from where
the message was delivered. A terminal under 100 columns shows fewer of them; --wide shows all, and the id that
--message takes.";

/// Messages by recipient with what a message trace says of them.
const MESSAGES: &str = "\
let Traced = MessageTrace
    | summarize TracedStatus = take_any(Status), TracedSize = take_any(Size)
        by NetworkMessageId = MessageTraceId, RecipientEmailAddress = RecipientAddress;";
/// Inbound connectors whose settings name a domain.
const NAMED: &str = "\
let Named = InboundConnector
    | mv-expand Sender = SenderDomains to typeof(string)
    | extend Domain = extract('^(?:smtp:)?([^;]*)', 1, tolower(Sender))
    | where Domain matches regex AskedDomain or TlsSenderCertificateName matches regex AskedDomain
    | distinct Name;";
const IN_DOMAIN: &str = "| where SenderMailFromDomain matches regex AskedDomain \
    or SenderFromDomain matches regex AskedDomain or Connectors in~ (Named)";
const IPS: &str = "| where ipv4_is_in_any_range(SenderIPv4, AskedIpv4) == true or ipv6_is_in_any_range(SenderIPv6, AskedIpv6) == true";
const IDS: &str = "| where InternetMessageId in~ (AskedIds) or NetworkMessageId in~ (AskedIds)";
const STATUS: &str = "\
| lookup kind=leftouter Traced on NetworkMessageId, RecipientEmailAddress
| extend IP = iff(isnotempty(SenderIPv4), SenderIPv4, SenderIPv6), Size = coalesce(EmailSize, tolong(TracedSize)),
    Sender = iff(isnotempty(SenderMailFromAddress), SenderMailFromAddress, SenderFromAddress),
    Status = case(isnotempty(TracedStatus), TracedStatus,
        DeliveryLocation =~ 'Quarantine', 'Quarantined',
        DeliveryAction =~ 'Junked', 'FilteredAsSpam',
        DeliveryAction =~ 'Blocked', 'Failed',
        DeliveryAction)";
const NEWEST: &str = "| sort by Timestamp desc, NetworkMessageId asc, RecipientEmailAddress asc | take AskedMost";
const FOR_PEOPLE: &str = "| project Time = format_datetime(Timestamp, 'yyyy-MM-dd HH:mm:ss'), Sender, \
    Recipient = RecipientEmailAddress, Status, Subject, IP, Connector = Connectors";
const FOR_FEW_COLUMNS: &str = "| project Time = format_datetime(Timestamp, 'yyyy-MM-dd HH:mm:ss'), Sender, \
    Recipient = RecipientEmailAddress, Status, Subject";
const FOR_WIDE: &str = "| project Time = format_datetime(Timestamp, 'yyyy-MM-dd HH:mm:ss'), Sender, \
    Recipient = RecipientEmailAddress, Status, Subject, IP, Connector = Connectors, Message = NetworkMessageId";
const FOR_MACHINES: &str = "| project Timestamp, NetworkMessageId, InternetMessageId, SenderMailFromAddress, \
    SenderFromAddress, RecipientEmailAddress, Subject, Status, DeliveryAction, DeliveryLocation, EmailDirection, IP, \
    Connectors, Size";

impl Trace {
    fn question(&self, screen: &Screen) -> Question {
        let mut question = Question::new(MESSAGES);
        let domain = domains(&self.connector_domains);
        if domain.is_some() {
            question.then(NAMED);
        }
        question
            .then("EmailEvents")
            .within(self.span)
            .with(
                "AskedSender",
                addresses(&self.senders),
                "| where SenderMailFromAddress matches regex AskedSender or SenderFromAddress matches regex AskedSender",
            )
            .with(
                "AskedRecipient",
                addresses(&self.recipients),
                "| where RecipientEmailAddress matches regex AskedRecipient",
            )
            .with("AskedConnector", listed(&self.connectors), "| where Connectors matches regex AskedConnector")
            .with("AskedDomain", domain, IN_DOMAIN)
            .with_ips(&self.ips, IPS)
            .with("AskedSubject", self.subject.clone(), "| where Subject contains AskedSubject");
        if let Some(ids) = message_ids(&self.ids) {
            question.bind("AskedIds", ids).then(IDS);
        }
        question
            .then(STATUS)
            .with("AskedStatus", wildcards(&self.statuses), "| where Status matches regex AskedStatus")
            .then(NEWEST)
            .then(match (self.shown.for_machines(), self.shown.wide) {
                (true, _) => FOR_MACHINES,
                (false, true) => FOR_WIDE,
                (false, false) if few_columns(screen) => FOR_FEW_COLUMNS,
                (false, false) => FOR_PEOPLE,
            });
        question
    }
}

/// Runs `postern trace`.
pub(crate) async fn run(command: Trace, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    command.span.check()?;
    let evidence = Evidence::open(&command.source, &command.shown, globals, screen).await?;
    if let Some(id) = &command.message {
        return detail(id, &command, &evidence, screen).await;
    }
    let answer = evidence.ask(command.question(screen), command.shown.limit()).await?;
    command.shown.write(&answer, screen)
}

/// One part of what is known of a message.
struct Part {
    /// Its member in JSON.
    member: &'static str,
    /// Its heading.
    heading: &'static str,
    /// Its rows, for the service's ids `AskedIds` of a message and those of its header, `AskedNames`.
    query: &'static str,
    /// Lines more for people.
    people: &'static str,
}

/// A time for people.
const TIME: &str = "\
| extend Timestamp = format_datetime(Timestamp, 'yyyy-MM-dd HH:mm:ss') | project-rename Time = Timestamp
| project-away NetworkMessageId";
const NO_ID: &str = "| project-away NetworkMessageId";

/// The message itself, by the id that the user gave.
const HEAD: &str = "\
EmailEvents
| where InternetMessageId in~ (AskedIds) or NetworkMessageId in~ (AskedIds)
| summarize Sent = min(Timestamp), Recipients = dcount(RecipientEmailAddress), Size = max(EmailSize),
    Attachments = max(AttachmentCount), Urls = max(UrlCount)
    by NetworkMessageId, InternetMessageId, Subject, SenderMailFromAddress, SenderFromAddress, SenderDisplayName,
    SenderIP = iff(isnotempty(SenderIPv4), SenderIPv4, SenderIPv6), Connectors, EmailDirection, AuthenticationDetails
| sort by Sent asc, NetworkMessageId asc | take AskedMost";

/// The parts in the order they are shown.
const PARTS: &[Part] = &[
    Part {
        member: "recipients",
        heading: "Recipients",
        query: "\
let Traced = MessageTrace | where MessageTraceId in~ (AskedIds)
    | summarize TracedStatus = take_any(Status)
        by NetworkMessageId = MessageTraceId, RecipientEmailAddress = RecipientAddress;
EmailEvents | where NetworkMessageId in~ (AskedIds)
| lookup kind=leftouter Traced on NetworkMessageId, RecipientEmailAddress
| project Timestamp, Recipient = RecipientEmailAddress, Status = TracedStatus, DeliveryAction, DeliveryLocation,
    LatestDeliveryLocation, ThreatTypes, DetectionMethods, EmailAction, NetworkMessageId
| sort by Timestamp asc, Recipient asc | take AskedMost",
        people: TIME,
    },
    Part {
        member: "events",
        heading: "Events",
        query: "\
union
    (EmailEvents | where NetworkMessageId in~ (AskedIds)
        | project Timestamp, Event = strcat('delivery: ', iff(isnotempty(DeliveryAction), DeliveryAction, 'unknown')),
            Who = RecipientEmailAddress, Detail = DeliveryLocation, NetworkMessageId),
    (EmailPostDeliveryEvents | where NetworkMessageId in~ (AskedIds)
        | project Timestamp, Event = strcat('after delivery: ', Action), Who = RecipientEmailAddress,
            Detail = strcat_delim(', ', ActionType, ActionTrigger, ActionResult, DeliveryLocation), NetworkMessageId),
    (UrlClickEvents | where NetworkMessageId in~ (AskedIds)
        | project Timestamp, Event = strcat('click: ', ActionType), Who = AccountUpn, Detail = Url, NetworkMessageId),
    (AuditRecords | where tostring(RawEventData) has_any (AskedNames)
        | project Timestamp, Event = strcat('audit: ', Operation), Who = UserId, Detail = IPAddress,
            NetworkMessageId = '')
| sort by Timestamp asc, Event asc, Who asc | take AskedMost",
        people: TIME,
    },
    Part {
        member: "urls",
        heading: "URLs",
        query: "\
EmailUrlInfo | where NetworkMessageId in~ (AskedIds)
| project UrlDomain, Url, UrlLocation, NetworkMessageId | sort by UrlDomain asc, Url asc | take AskedMost",
        people: NO_ID,
    },
    Part {
        member: "attachments",
        heading: "Attachments",
        query: "\
EmailAttachmentInfo | where NetworkMessageId in~ (AskedIds)
| project FileName, FileType, FileSize, SHA256, ThreatTypes, ThreatNames, Recipient = RecipientEmailAddress,
    NetworkMessageId
| sort by FileName asc, Recipient asc | take AskedMost",
        people: NO_ID,
    },
    Part {
        member: "post_delivery",
        heading: "After delivery",
        query: "\
EmailPostDeliveryEvents | where NetworkMessageId in~ (AskedIds)
| project Timestamp, Recipient = RecipientEmailAddress, Action, ActionType, ActionTrigger, ActionResult,
    DeliveryLocation, ThreatTypes, NetworkMessageId
| sort by Timestamp asc, Recipient asc | take AskedMost",
        people: TIME,
    },
    Part {
        member: "clicks",
        heading: "Clicks",
        query: "\
UrlClickEvents | where NetworkMessageId in~ (AskedIds)
| project Timestamp, Account = AccountUpn, ActionType, Url, IPAddress, IsClickedThrough, NetworkMessageId
| sort by Timestamp asc, Account asc | take AskedMost",
        people: TIME,
    },
];

/// What is asked of a message with these ids.
fn about(query: &'static str, ids: &[String]) -> Question {
    let mut question = Question::new(query);
    question.bind("AskedIds", message_ids(ids).unwrap_or_else(|| Const::dynamic(&json!([]))));
    question
}

/// The different texts at a member of messages.
fn ids(messages: &[Value], member: &str) -> Vec<String> {
    let texts = messages.iter().filter_map(|message| message.get(member)?.as_str()).filter(|text| !text.is_empty());
    texts.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

fn objects(answer: &HuntResult) -> Vec<Value> {
    answer.objects().into_iter().map(Value::Object).collect()
}

/// Shows all that is known of a message.
async fn detail(id: &str, command: &Trace, evidence: &Evidence, screen: &Screen) -> Result<(), Failure> {
    let limit = command.shown.limit();
    let head = evidence.ask(about(HEAD, &[id.to_owned()]), limit).await?;
    let messages = objects(&head);
    // A message that was split for its recipients has several.
    let numbers = ids(&messages, "NetworkMessageId");
    let names = ids(&messages, "InternetMessageId");
    let names: Value = names.iter().map(|name| name.trim_matches(['<', '>'])).collect();
    let mut parts = Vec::new();
    for part in PARTS {
        let mut question = about(part.query, &numbers);
        question.bind("AskedNames", Const::dynamic(&names));
        if !command.shown.json {
            question.then(part.people);
        }
        parts.push((part, evidence.ask(question, limit).await?));
    }
    if command.shown.json {
        let mut whole = serde_json::Map::new();
        whole.insert("messages".to_owned(), Value::Array(messages));
        for (part, answer) in &parts {
            whole.insert(part.member.to_owned(), Value::Array(objects(answer)));
        }
        return output::print_json(&whole);
    }
    if messages.is_empty() {
        screen.note("note: no message has this id");
        return Ok(());
    }
    for message in &messages {
        output::print(&facts(message, screen))?;
    }
    for (part, answer) in &parts {
        // The events tell of these.
        if matches!(part.member, "post_delivery" | "clicks") {
            continue;
        }
        output::print(&format!("\n{}\n", paint(screen.colour_out, STRONG, part.heading)))?;
        if answer.rows() == 0 {
            output::print("none is known\n")?;
            continue;
        }
        output::write_lines(&rows(answer), command.shown.wide, screen)?;
        if answer.truncated {
            command.shown.tell(answer, screen);
        }
    }
    Ok(())
}

/// The facts of a message that are known, a line for each.
fn facts(message: &Value, screen: &Screen) -> String {
    const LINES: &[(&str, &str)] = &[
        ("Subject", "Subject"),
        ("Sent", "Sent"),
        ("Envelope sender", "SenderMailFromAddress"),
        ("Header sender", "SenderFromAddress"),
        ("Sender's name", "SenderDisplayName"),
        ("From address", "SenderIP"),
        ("Connector", "Connectors"),
        ("Direction", "EmailDirection"),
        ("Authentication", "AuthenticationDetails"),
        ("Size", "Size"),
        ("Message id", "InternetMessageId"),
        ("Service's id", "NetworkMessageId"),
    ];
    let mut out = String::new();
    for (name, member) in LINES {
        let text = match message.get(*member) {
            Some(Value::String(text)) if *member == "Sent" => text.replace('T', " ").chars().take(19).collect(),
            Some(Value::String(text)) if !text.is_empty() => visible(text).into_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => continue,
        };
        out.push_str(&format!("{}  {text}\n", paint(screen.colour_out, STRONG, &format!("{name:<15}"))));
    }
    out
}
