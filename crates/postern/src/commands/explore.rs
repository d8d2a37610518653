//! `postern explore`: mail as Threat Explorer shows it: filters, a chart over time by delivery location, pivots.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use postern_investigate::HuntResult;
use postern_kql::types::Const;
use postern_kql_syntax::literal::{format_datetime, parse_datetime};
use serde_json::{Value, json};

use super::Globals;
use super::hunt::duration;
use super::investigate::write_file;
use super::view::{
    DAY, Evidence, IpRange, Question, Shown, Source, Span, addresses, domains, few_columns, ip_range, listed,
    message_ids, wildcards,
};
use crate::failure::{Code, Failure};
use crate::output;
use crate::output::chart::svg;
use crate::output::chart::timeline::{Mark, Timeline};
use crate::screen::{STRONG, Screen, paint};
use crate::text::count;

/// Arguments of `postern explore`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explore {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    span: Span,
    /// Sender, of envelope or header: an address, or a domain with those below it; may be given more than once
    #[arg(long = "sender", value_name = "ADDRESS|DOMAIN", help_heading = "Filters")]
    senders: Vec<String>,
    /// The sender's domain, of envelope or header, with those below it; may be given more than once
    #[arg(long = "sender-domain", value_name = "DOMAIN", help_heading = "Filters")]
    sender_domains: Vec<String>,
    /// Recipient: an address, or a domain with those below it; may be given more than once
    #[arg(long = "recipient", value_name = "ADDRESS|DOMAIN", help_heading = "Filters")]
    recipients: Vec<String>,
    /// A text in the subject
    #[arg(long, value_name = "TEXT", help_heading = "Filters")]
    subject: Option<String>,
    /// The connector it came or went through, `*` for any text; may be given more than once
    #[arg(long = "connector", value_name = "NAME", help_heading = "Filters")]
    connectors: Vec<String>,
    /// The address it came from, or a range; may be given more than once
    #[arg(long = "ip", value_name = "ADDRESS|RANGE", value_parser = ip_range, help_heading = "Filters")]
    ips: Vec<IpRange>,
    /// Inbound, Outbound, Intra-org; may be given more than once
    #[arg(long = "direction", value_name = "DIRECTION", help_heading = "Filters")]
    directions: Vec<String>,
    /// Delivered, Junked, Blocked, …; may be given more than once
    #[arg(long = "action", value_name = "ACTION", help_heading = "Filters")]
    actions: Vec<String>,
    /// Where it was delivered: Inbox/folder, Junk*, Quarantine, On-premises/external, …; may be given more than once
    #[arg(long = "location", value_name = "LOCATION", help_heading = "Filters")]
    locations: Vec<String>,
    /// Phish, Malware, Spam, or the name of a threat; may be given more than once
    #[arg(long = "threat", value_name = "THREAT", help_heading = "Filters")]
    threats: Vec<String>,
    /// The domain of a link in it, with those below it; may be given more than once
    #[arg(long = "url-domain", value_name = "DOMAIN", help_heading = "Filters")]
    url_domains: Vec<String>,
    /// The id of a message, as in its header or as the service numbers it; may be given more than once
    #[arg(long = "message-id", value_name = "ID", help_heading = "Filters")]
    ids: Vec<String>,
    /// Count by this below the chart, instead of the newest messages
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Output")]
    by: Option<By>,
    /// The length of a step of the chart; by default what gives at most 200 of them
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_ticks, help_heading = "Output")]
    step: Option<i64>,
    /// Write the chart as an SVG file too
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    shown: Shown,
}

/// Ends `postern explore --help`.
const EXAMPLES: &str = "\
Examples:
  postern explore --data STORE --connector 'Hybrid relay 02' --svg relay.svg
  postern explore --data STORE --direction Outbound --location Failed --by sender-domain
  postern explore --data STORE --threat Phish --by url-domain --csv > domains.csv
  postern explore EXPORTS --ip 203.0.113.0/24 --start 2026-04-21 --end 2026-04-21 --step 15m

The chart covers --start to --end, by default all time of which the evidence has mail: a filter that fits on one day
alone is a spike among quiet days. A step is marked as a spike (▲) or a dip (▼) where series_decompose_anomalies says
so of the number of messages with threshold 3: farther from what season and mean let expect than three times the
distance that Tukey's fences allow, and by ten messages at least. The season is a week where there are three of them in daily or two in hourly
steps, a day in shorter steps, otherwise found by itself.

Filters of a different kind must all fit, of several of one kind one is enough. Case of letters does not matter.
--json gives chart, marks and rows as one object; --csv gives the rows below the chart. A terminal under 100 columns
shows fewer of them; --wide shows all.";

/// What messages are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// The envelope's sender, else the header's
    Sender,
    /// Its domain
    SenderDomain,
    /// The recipient
    Recipient,
    /// The address it came from
    Ip,
    /// The connector
    Connector,
    /// The domain of each link; a message counts for every one of them
    UrlDomain,
    /// Where it was delivered
    Location,
}

/// Rows below the chart for people.
const BELOW: usize = 20;
/// The most steps of a chart.
const MOST_STEPS: i64 = 10_000;
/// Steps at which the length is chosen.
const STEPS: i64 = 200;
const MINUTE: i64 = 600_000_000;
const HOUR: i64 = 60 * MINUTE;
/// Lengths to choose from.
const LENGTHS: &[i64] = &[MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 28 * DAY];
/// A mark needs so many messages more or fewer than expected: among few, one is far out by Tukey's measure already.
const STANDS_OUT: f64 = 10.0;
/// Kinds of delivery location that are told apart.
const LOCATIONS: usize = 1_000;

const LINKED: &str =
    "let Linked = EmailUrlInfo | where UrlDomain matches regex AskedUrlDomain | distinct NetworkMessageId;";
const SENDERS: &str =
    "| where SenderMailFromAddress matches regex AskedSender or SenderFromAddress matches regex AskedSender";
const SENDER_DOMAINS: &str =
    "| where SenderMailFromDomain matches regex AskedDomain or SenderFromDomain matches regex AskedDomain";
const IPS: &str = "| where ipv4_is_in_any_range(SenderIPv4, AskedIpv4) == true or ipv6_is_in_any_range(SenderIPv6, AskedIpv6) == true";
const IDS: &str = "| where InternetMessageId in~ (AskedIds) or NetworkMessageId in~ (AskedIds)";
const THREATS: &str = "| where ThreatTypes has_any (AskedThreats) or ThreatNames has_any (AskedThreats)";

/// When there is mail at all.
const RANGE: &str = "EmailEvents | summarize From = min(Timestamp), To = max(Timestamp) | take AskedMost";
const BY_LOCATION: &str = "\
| make-series Messages = count() default = 0 on Timestamp from AskedFrom to AskedTo step AskedStep by DeliveryLocation
| take AskedMost";
const TOGETHER: &str = "\
| make-series Messages = count() default = 0 on Timestamp from AskedFrom to AskedTo step AskedStep
| extend (Flags, Scores, Expected) = series_decompose_anomalies(Messages, 3.0, AskedSeason)
| take AskedMost";
const PARTS: &str = "\
| extend Sender = iff(isnotempty(SenderMailFromAddress), SenderMailFromAddress, SenderFromAddress),
    SenderDomain = iff(isnotempty(SenderMailFromDomain), SenderMailFromDomain, SenderFromDomain),
    IP = iff(isnotempty(SenderIPv4), SenderIPv4, SenderIPv6)";
const NEWEST: &str = "| sort by Timestamp desc, NetworkMessageId asc, RecipientEmailAddress asc | take AskedMost";
const FOR_PEOPLE: &str = "| project Time = format_datetime(Timestamp, 'yyyy-MM-dd HH:mm:ss'), Sender, \
    Recipient = RecipientEmailAddress, Subject, Location = DeliveryLocation, Threats = ThreatTypes, IP, \
    Connector = Connectors";
const FOR_MACHINES: &str = "| project Timestamp, NetworkMessageId, InternetMessageId, SenderMailFromAddress, \
    SenderFromAddress, RecipientEmailAddress, Subject, EmailDirection, DeliveryAction, DeliveryLocation, \
    LatestDeliveryLocation, ThreatTypes, IP, Connectors";
const COUNTED: &str = "\
| summarize Messages = count(), Recipients = dcount(RecipientEmailAddress),
    NotDelivered = countif(DeliveryAction in~ ('Junked', 'Blocked')), First = min(Timestamp), Last = max(Timestamp)
    by By
| sort by Messages desc, By asc | take AskedMost";
const FOR_FEW_COLUMNS: &str = "| project-away Threats, IP, Connector";
const DAYS_FOR_PEOPLE: &str =
    "| extend First = format_datetime(First, 'yyyy-MM-dd'), Last = format_datetime(Last, 'yyyy-MM-dd')";
const COUNTS_FOR_PEOPLE: &str = "| extend First = format_datetime(First, 'yyyy-MM-dd HH:mm'), \
    Last = format_datetime(Last, 'yyyy-MM-dd HH:mm')";

impl By {
    /// The lines that name the value to count by, and what it is called.
    fn lines(self) -> (&'static str, &'static str) {
        match self {
            Self::Sender => ("| extend By = tolower(Sender)", "| project-rename Sender = By"),
            Self::SenderDomain => ("| extend By = tolower(SenderDomain)", "| project-rename SenderDomain = By"),
            Self::Recipient => ("| extend By = tolower(RecipientEmailAddress)", "| project-rename Recipient = By"),
            Self::Ip => ("| extend By = IP", "| project-rename IP = By"),
            Self::Connector => ("| extend By = Connectors", "| project-rename Connector = By"),
            Self::UrlDomain => (
                "| join kind=inner (EmailUrlInfo | summarize by NetworkMessageId, By = tolower(UrlDomain)) on NetworkMessageId",
                "| project-rename UrlDomain = By",
            ),
            Self::Location => ("| extend By = DeliveryLocation", "| project-rename Location = By"),
        }
    }
}

impl Explore {
    /// The messages that fit; lines that show them come after.
    fn question(&self, span: Span) -> Question {
        let urls = domains(&self.url_domains);
        let mut question = Question::default();
        if urls.is_some() {
            question.then(LINKED);
        }
        question
            .then("EmailEvents")
            .within(span)
            .with("AskedSender", addresses(&self.senders), SENDERS)
            .with("AskedDomain", domains(&self.sender_domains), SENDER_DOMAINS)
            .with(
                "AskedRecipient",
                addresses(&self.recipients),
                "| where RecipientEmailAddress matches regex AskedRecipient",
            )
            .with("AskedSubject", self.subject.clone(), "| where Subject contains AskedSubject")
            .with("AskedConnector", listed(&self.connectors), "| where Connectors matches regex AskedConnector")
            .with_ips(&self.ips, IPS)
            .with("AskedDirection", wildcards(&self.directions), "| where EmailDirection matches regex AskedDirection")
            .with("AskedAction", wildcards(&self.actions), "| where DeliveryAction matches regex AskedAction")
            .with("AskedLocation", wildcards(&self.locations), "| where DeliveryLocation matches regex AskedLocation")
            .with("AskedUrlDomain", urls, "| where NetworkMessageId in (Linked)");
        if !self.threats.is_empty() {
            question.bind("AskedThreats", Const::dynamic(&json!(self.threats))).then(THREATS);
        }
        if let Some(ids) = message_ids(&self.ids) {
            question.bind("AskedIds", ids).then(IDS);
        }
        question
    }

    /// The rows below the chart.
    fn below(&self, screen: &Screen) -> Question {
        let mut question = self.question(self.span);
        question.then(PARTS);
        let people = !self.shown.for_machines();
        let few = people && !self.shown.wide && few_columns(screen);
        match self.by {
            Some(by) => {
                let (before, after) = by.lines();
                question.then(before).then(COUNTED);
                if people {
                    question.then(if few { DAYS_FOR_PEOPLE } else { COUNTS_FOR_PEOPLE });
                }
                question.then(after);
            }
            None => {
                question.then(NEWEST).then(if people { FOR_PEOPLE } else { FOR_MACHINES });
                if few {
                    question.then(FOR_FEW_COLUMNS);
                }
            }
        }
        question
    }

    /// What the chart is of.
    fn title(&self) -> String {
        let named = |what: &str, texts: &[String]| (!texts.is_empty()).then(|| format!("{what} {}", texts.join(", ")));
        let ips: Vec<String> = self.ips.iter().map(|range| range.text().to_owned()).collect();
        let subject: Vec<String> = self.subject.iter().cloned().collect();
        let parts: Vec<String> = [
            named("connector", &self.connectors),
            named("sender", &self.senders),
            named("sender domain", &self.sender_domains),
            named("recipient", &self.recipients),
            named("subject", &subject),
            named("IP", &ips),
            named("direction", &self.directions),
            named("action", &self.actions),
            named("location", &self.locations),
            named("threat", &self.threats),
            named("URL domain", &self.url_domains),
            named("message", &self.ids),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() { "All messages".to_owned() } else { format!("Messages: {}", parts.join(" · ")) }
    }
}

/// Runs `postern explore`.
pub(crate) async fn run(command: Explore, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    command.span.check()?;
    let evidence = Evidence::open(&command.source, &command.shown, globals, screen).await?;
    let timeline = timeline(&command, &evidence).await?;
    if let Some(path) = &command.svg {
        write_file(path, svg::render(&timeline).as_bytes())?;
        screen.note(&format!("chart in {}", path.display()));
    }
    let below = evidence.ask(command.below(screen), command.shown.limit_or(BELOW)).await?;
    if command.shown.json {
        output::print_json(&as_json(&timeline, &below))?;
        return Ok(());
    }
    if !command.shown.csv {
        output::print(&timeline.render(screen))?;
        let total = count(timeline.total(), "message", "messages");
        let what = match command.by {
            Some(_) => "counts, the largest first",
            None => "the newest first",
        };
        if below.rows() > 0 {
            output::print(&format!("\n{}\n", paint(screen.colour_out, STRONG, &format!("{total}, {what}"))))?;
        }
    }
    if below.rows() == 0 && timeline.total() > 0 {
        if command.shown.csv {
            command.shown.write_rows(&below, screen)?;
        }
        screen.note("note: of these messages, none is known to have a link");
        return Ok(());
    }
    command.shown.write(&below, screen)
}

/// The time that the chart covers, in whole steps; nothing when there is no mail.
async fn covered(command: &Explore, evidence: &Evidence) -> Result<Option<(i64, i64, i64)>, Failure> {
    let range = evidence.ask(Question::new(RANGE), 1).await?;
    let row = range.objects().into_iter().next().unwrap_or_default();
    let at = |name: &str| row.get(name).and_then(Value::as_str).and_then(parse_datetime);
    let (Some(from), Some(to)) =
        (command.span.start.map(|t| t.0).or_else(|| at("From")), command.span.end.map(|t| t.0).or_else(|| at("To")))
    else {
        return Ok(None);
    };
    // Before or after all mail of the evidence.
    if from > to {
        return Ok(None);
    }
    let chosen = || LENGTHS.iter().copied().find(|step| (to - from) / step < STEPS);
    let step = command.step.or_else(chosen).unwrap_or_else(|| ((to - from) / STEPS / DAY + 1) * DAY);
    let from = from - from % step;
    // `to` is the last moment, and the end of the last step comes after it.
    let steps = (to - from) / step + 1;
    if steps > MOST_STEPS {
        return Err(Failure::usage(Code::Arguments, format!("that would be {steps} steps; {MOST_STEPS} can be drawn"))
            .hint("take a longer --step or a shorter time"));
    }
    Ok(Some((from, steps, step)))
}

/// The season that counts over time are judged by, in steps; -1 lets it be found.
fn season(step: i64, steps: i64) -> i64 {
    match step {
        DAY if steps >= 21 => 7,
        HOUR if steps >= 14 * 24 => 7 * 24,
        step if step < DAY && DAY % step == 0 && steps >= 3 * (DAY / step) => DAY / step,
        _ => -1,
    }
}

async fn timeline(command: &Explore, evidence: &Evidence) -> Result<Timeline, Failure> {
    let title = command.title();
    let Some((from, steps, step)) = covered(command, evidence).await? else {
        return Ok(Timeline { title, ..Timeline::default() });
    };
    let ask = |line: &'static str| {
        let mut question = command.question(command.span);
        question
            .bind("AskedFrom", Const::DateTime(from))
            .bind("AskedTo", Const::DateTime(from.saturating_add(steps.saturating_mul(step))))
            .bind("AskedStep", Const::TimeSpan(step));
        if line == TOGETHER {
            question.bind("AskedSeason", Const::Long(season(step, steps)));
        }
        question.then(line);
        question
    };
    let by_location = evidence.ask(ask(BY_LOCATION), LOCATIONS).await?;
    let together = evidence.ask(ask(TOGETHER), 1).await?;
    let times: Vec<i64> = (0..steps).map(|at| from + at * step).collect();
    let kinds = kinds(&by_location, times.len());
    Ok(Timeline { title, times, step, kinds, marks: marks(&together) })
}

/// Delivery locations with their counts, the largest first. Sources spell them in different cases of letters.
fn kinds(answer: &HuntResult, steps: usize) -> Vec<(String, Vec<u64>)> {
    let mut found: HashMap<String, (String, Vec<u64>)> = HashMap::new();
    for row in answer.objects() {
        let name = row.get("DeliveryLocation").and_then(Value::as_str).unwrap_or_default().trim();
        let key = name.to_lowercase();
        let key = key.strip_suffix(" folder").unwrap_or(&key).to_owned();
        let name = if name.is_empty() { "not known" } else { name };
        let (shown, counts) = found.entry(key).or_insert_with(|| (name.to_owned(), vec![0; steps]));
        // The same name on every run: small letters come after capitals.
        if name > shown.as_str() {
            name.clone_into(shown);
        }
        for (sum, number) in counts.iter_mut().zip(list(row.get("Messages"))) {
            *sum += number.as_u64().unwrap_or_default();
        }
    }
    let mut kinds: Vec<(String, Vec<u64>)> = found.into_values().collect();
    kinds.sort_by_key(|(name, counts)| (std::cmp::Reverse(counts.iter().sum::<u64>()), name.clone()));
    kinds
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The steps that the engine flags, where it is about more than a few messages.
fn marks(answer: &HuntResult) -> Vec<Mark> {
    let Some(row) = answer.objects().into_iter().next() else { return Vec::new() };
    let numbers = |name: &str| list(row.get(name));
    let flags = numbers("Flags").iter().zip(numbers("Messages")).zip(numbers("Expected")).enumerate();
    flags
        .filter_map(|(at, ((flag, count), expected))| {
            let flag = flag.as_f64().filter(|flag| *flag != 0.0)?;
            let (count, expected) = (count.as_u64().unwrap_or_default(), expected.as_f64().unwrap_or_default());
            let far = (count as f64 - expected).abs() >= STANDS_OUT;
            far.then_some(Mark { at, count, expected, spike: flag > 0.0 })
        })
        .collect()
}

fn as_json(timeline: &Timeline, below: &HuntResult) -> Value {
    let time = |at: usize| timeline.times.get(at).map(|ticks| format_datetime(*ticks));
    let marks: Vec<Value> = timeline
        .marks
        .iter()
        .map(|mark| {
            let (count, expected) = (mark.count, mark.expected);
            json!({"time": time(mark.at), "kind": mark.word(), "messages": count, "expected": expected})
        })
        .collect();
    let kinds: Vec<Value> =
        timeline.kinds.iter().map(|(name, counts)| json!({"location": name, "messages": counts})).collect();
    json!({
        "title": timeline.title,
        "messages": timeline.total(),
        "step_seconds": timeline.step / 10_000_000,
        "times": timeline.times.iter().map(|ticks| format_datetime(*ticks)).collect::<Vec<_>>(),
        "series": kinds,
        "marks": marks,
        "rows": below.objects(),
        "truncated": below.truncated,
    })
}
