//! `postern audit`: the unified audit log, as its search page filters it.

use clap::Args;
use serde_json::Value;

use super::Globals;
use super::view::{Evidence, IpRange, Question, Shown, Source, Span, few_columns, ip_range, wildcards};
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;

/// Arguments of `postern audit`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Audit {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    span: Span,
    /// An operation, `*` for any text; may be given more than once
    #[arg(long = "operation", visible_alias = "operations", value_name = "NAME", help_heading = "Filters")]
    operations: Vec<String>,
    /// Who did it: the user as the record names them, `*` for any text; may be given more than once
    #[arg(long = "user", visible_alias = "users", value_name = "USER", help_heading = "Filters")]
    users: Vec<String>,
    /// From where: an address or a range; may be given more than once
    #[arg(long = "ip", value_name = "ADDRESS|RANGE", value_parser = ip_range, help_heading = "Filters")]
    ips: Vec<IpRange>,
    /// The object it was done to, `*` for any text; may be given more than once
    #[arg(long = "object", visible_alias = "objects", value_name = "NAME", help_heading = "Filters")]
    objects: Vec<String>,
    /// A text anywhere in the record; given more than once, all must be in it
    #[arg(long = "text", value_name = "TEXT", help_heading = "Filters")]
    texts: Vec<String>,
    /// Show whole records as JSON
    #[arg(long, conflicts_with_all = ["json", "csv", "wide"], help_heading = "Output")]
    record: bool,
    #[command(flatten)]
    shown: Shown,
}

/// Ends `postern audit --help`.
const EXAMPLES: &str = "\
Examples:
  postern audit --data STORE --operation '*-InboundConnector' --operation '*-TransportRule'
  postern audit --data STORE --user priya.nair@contoso.example --start 2026-04-08 --end 2026-04-08
  postern audit --data STORE --ip 203.0.113.0/24 --csv > activity.csv
  postern audit --data STORE --operation '*InboxRule*' --text freemail.example --record
  postern audit EXPORTS --user '*@contoso.example' --limit 50

The newest come first. Filters of a different kind must all fit, of several of one kind one is enough. Case of
letters does not matter. Without `*`, names must fit as a whole: '*\\Monthly statements' finds a rule by its name.
A terminal under 100 columns shows fewer of them; --wide shows all.";

/// The records that fit.
const FITTING: &str = "AuditRecords";
/// Users are named in several ways.
const USERS: &str = "| where UserId matches regex AskedUsers or UserKey matches regex AskedUsers \
    or AccountId matches regex AskedUsers or AccountObjectId matches regex AskedUsers";
const OBJECTS: &str = "| where ObjectId matches regex AskedObjects or ObjectName matches regex AskedObjects";
const IPS: &str =
    "| where ipv4_is_in_any_range(IPAddress, AskedIpv4) == true or ipv6_is_in_any_range(IPAddress, AskedIpv6) == true";
/// JSON writes some characters differently.
const TEXT: &str =
    "| where tostring(RawEventData) contains AskedText{n} or tostring(RawEventData) contains AskedJson{n}";
const NEWEST: &str = "| sort by Timestamp desc, Id asc | take AskedMost
| extend User = case(isnotempty(UserId), UserId, isnotempty(AccountId), AccountId, AccountDisplayName)";
const FOR_PEOPLE: &str = "| extend Object = iff(isnotempty(ObjectName), ObjectName, ObjectId)
| project Time = format_datetime(Timestamp, 'yyyy-MM-dd HH:mm:ss'), Operation, User, IP = IPAddress,
    Object = replace_regex(Object, @'^.*/Microsoft Exchange Hosted Organizations/[^/]+/', ''),
    Workload, Result = ResultStatus";
const FOR_MACHINES: &str = "| project Timestamp, Id, Operation, User, IPAddress, ObjectId, ObjectName, Workload, \
    ResultStatus, RecordType, UserType, SessionId, AppId, UserAgent";
const RECORDS: &str = "| project Record = iff(isnotempty(tostring(RawEventData)), RawEventData, \
    bag_pack('CreationTime', Timestamp, 'Id', Id, 'Operation', Operation, 'Workload', Workload, 'UserId', User, \
        'ClientIP', IPAddress, 'ObjectId', ObjectId, 'ResultStatus', ResultStatus))";

impl Audit {
    fn question(&self, screen: &Screen) -> Question {
        let mut question = Question::new(FITTING);
        let as_json = |text: &String| {
            let quoted = Value::from(text.as_str()).to_string();
            quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&quoted).to_owned()
        };
        for (number, text) in self.texts.iter().enumerate() {
            question.bind_numbered("AskedJson", number, as_json(text));
        }
        question
            .within(self.span)
            .with("AskedOperations", wildcards(&self.operations), "| where Operation matches regex AskedOperations")
            .with("AskedUsers", wildcards(&self.users), USERS)
            .with_ips(&self.ips, IPS)
            .with("AskedObjects", wildcards(&self.objects), OBJECTS)
            .with_each("AskedText", &self.texts, TEXT)
            .then(NEWEST)
            .then(match (self.record, self.shown.for_machines()) {
                (true, _) => RECORDS,
                (false, true) => FOR_MACHINES,
                (false, false) => FOR_PEOPLE,
            });
        if !self.record && !self.shown.for_machines() && !self.shown.wide && few_columns(screen) {
            question.then("| project-away Workload, Result");
        }
        question
    }
}

/// Runs `postern audit`.
pub(crate) async fn run(command: Audit, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    command.span.check()?;
    let evidence = Evidence::open(&command.source, &command.shown, globals, screen).await?;
    let answer = evidence.ask(command.question(screen), command.shown.limit()).await?;
    if !command.record {
        return command.shown.write(&answer, screen);
    }
    let records: Vec<Value> = answer.objects().into_iter().filter_map(|mut row| row.remove("Record")).collect();
    output::print_json(&records)?;
    command.shown.tell(&answer, screen);
    Ok(())
}
