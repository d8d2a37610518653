//! Messages, a row for each recipient, and the links in them.

use std::fmt::Write as _;

use super::{Cell, DAYS, HOME_DOMAIN, Person, Record, START_MS, Table, instant, ip, skewed};
use crate::dice::Dice;

pub(super) const COLUMNS: &[&str] = &[
    "Timestamp",
    "NetworkMessageId",
    "InternetMessageId",
    "SenderMailFromAddress",
    "SenderFromAddress",
    "SenderDisplayName",
    "SenderObjectId",
    "SenderMailFromDomain",
    "SenderFromDomain",
    "SenderIPv4",
    "RecipientEmailAddress",
    "RecipientObjectId",
    "RecipientDomain",
    "Subject",
    "EmailClusterId",
    "EmailDirection",
    "DeliveryAction",
    "DeliveryLocation",
    "ThreatTypes",
    "DetectionMethods",
    "AuthenticationDetails",
    "AttachmentCount",
    "UrlCount",
    "EmailLanguage",
    "Connectors",
    "ReportId",
    "LatestDeliveryAction",
    "LatestDeliveryLocation",
    "EmailSize",
];

pub(super) const LINK_COLUMNS: &[&str] =
    &["Timestamp", "NetworkMessageId", "Url", "UrlDomain", "UrlLocation", "ReportId"];

const SENDERS: u64 = 60_000;
const DOMAINS: u64 = 8_000;

const OPENINGS: [&str; 12] = [
    "Invoice",
    "Re: Meeting on",
    "Fwd: Contract",
    "Your order",
    "Newsletter",
    "Action required:",
    "Re: Re: Project",
    "Reminder",
    "Überweisung",
    "Payment advice",
    "Shared with you:",
    "Weekly report",
];
const WORDS: [&str; 64] = [
    "budget",
    "quarter",
    "review",
    "travel",
    "password",
    "office",
    "summer",
    "delivery",
    "customer",
    "account",
    "update",
    "security",
    "release",
    "training",
    "policy",
    "contract",
    "renewal",
    "team",
    "lunch",
    "party",
    "migration",
    "server",
    "backup",
    "ticket",
    "urgent",
    "notice",
    "draft",
    "final",
    "version",
    "minutes",
    "agenda",
    "feedback",
    "survey",
    "holiday",
    "insurance",
    "benefits",
    "payroll",
    "statement",
    "balance",
    "transfer",
    "supplier",
    "purchase",
    "shipment",
    "tracking",
    "warehouse",
    "factory",
    "marketing",
    "campaign",
    "launch",
    "press",
    "interview",
    "candidate",
    "offer",
    "welcome",
    "farewell",
    "parking",
    "building",
    "access",
    "badge",
    "visitor",
    "März",
    "Rückfrage",
    "café",
    "façade",
];
const CONNECTORS: [&str; 12] = [
    "From partner A",
    "From partner B",
    "From gateway",
    "From scanner",
    "From CRM",
    "From payroll",
    "To archive",
    "To partner A",
    "From printers",
    "From marketing",
    "From helpdesk",
    "From legacy relay",
];

struct Sender {
    address: String,
    domain: String,
    name: String,
}

fn senders() -> Vec<Sender> {
    let mut dice = Dice::new(1, "load senders");
    (0..SENDERS)
        .map(|number| {
            let domain = format!("d{}.example", skewed(&mut dice, DOMAINS));
            Sender { address: format!("sender{number}@{domain}"), domain, name: format!("Sender {number}") }
        })
        .collect()
}

fn subject(dice: &mut Dice) -> String {
    let mut text = dice.pick(&OPENINGS, "Hello").to_owned();
    for _ in 0..dice.between(1, 5) {
        text.push(' ');
        text.push_str(dice.pick(&WORDS, "note"));
    }
    if dice.chance(40) {
        let _ = write!(text, " {}", dice.below(100_000));
    }
    text
}

/// The connector a message came through, if any; each has its hours, and some a few hours of flood.
fn connector(dice: &mut Dice, at: i64) -> &'static str {
    let hour = (at - START_MS) / 3_600_000;
    let flood = hour % (DAYS * 24 / 5) < 2;
    if flood && dice.chance(60) {
        return CONNECTORS.get((hour / 7 % 12) as usize).copied().unwrap_or("");
    }
    if !dice.chance(30) {
        return "";
    }
    let busy = if (8..18).contains(&(hour % 24)) { 12 } else { 5 };
    CONNECTORS.get(dice.below(busy) as usize).copied().unwrap_or("")
}

pub(super) fn rows<E>(count: u64, people: &[Person], each: &mut impl FnMut(Record) -> Result<(), E>) -> Result<(), E> {
    let senders = senders();
    let mut dice = Dice::new(1, "load mail");
    let mut done = 0;
    while done < count {
        let recipients = if dice.chance(70) { 1 } else { dice.below(5) + 1 }.min(count - done);
        message(done, count, recipients, people, &senders, &mut dice, each)?;
        done += recipients;
    }
    Ok(())
}

fn message<E>(
    number: u64,
    count: u64,
    recipients: u64,
    people: &[Person],
    senders: &[Sender],
    dice: &mut Dice,
    each: &mut impl FnMut(Record) -> Result<(), E>,
) -> Result<(), E> {
    let at = instant(dice, number, count);
    let id = dice.guid();
    let (from, domain, name, from_id) = if dice.chance(35) {
        let Some(person) = people.get(skewed(dice, people.len() as u64)) else { return Ok(()) };
        (person.address.as_str(), HOME_DOMAIN, person.name.as_str(), person.object_id.as_str())
    } else {
        let Some(sender) = senders.get(skewed(dice, SENDERS)) else { return Ok(()) };
        (sender.address.as_str(), sender.domain.as_str(), sender.name.as_str(), "")
    };
    let inside = domain == HOME_DOMAIN;
    let subject = subject(dice);
    let address = ip(domain.bytes().map(u64::from).sum::<u64>() * 7 + dice.below(4));
    let (threat, method, action, location) = match dice.below(100) {
        _ if inside => ("", "", "Delivered", "Inbox/Folder"),
        0..=3 => ("Phish", r#"{"Phish":["URL detonation reputation"]}"#, "Blocked", "Quarantine"),
        4 => ("Malware", r#"{"Malware":["File detonation"]}"#, "Blocked", "Quarantine"),
        5..=14 => ("Spam", r#"{"Spam":["General filter"]}"#, "Junked", "Junk folder"),
        _ => ("", "", "Delivered", "Inbox/Folder"),
    };
    let passed = if dice.chance(90) { "pass" } else { "fail" };
    let checks = format!(r#"{{"SPF":"{passed}","DKIM":"{passed}","DMARC":"{passed}","CompAuth":"{passed}"}}"#);
    let connector = connector(dice, at);
    let links = if inside || dice.chance(60) { 0 } else { dice.below(3) + 1 };
    let size = dice.between(2_000, 40_000) * dice.between(1, 12);
    let cluster = dice.below(1 << 40) as i64;
    let attachments = i64::from(dice.chance(20));
    // A message goes to neighbours, so that no recipient gets it twice.
    let first = skewed(dice, people.len() as u64);
    for recipient in 0..recipients {
        let Some(person) = people.get((first + recipient as usize) % people.len().max(1)) else { continue };
        let report = format!("{id}-{}", number + recipient);
        let cells = vec![
            Cell::Time(at),
            Cell::text(&id),
            Cell::text(format!("<{}@{domain}>", id.replace('-', ""))),
            Cell::text(from),
            Cell::text(from),
            Cell::text(name),
            Cell::text(from_id),
            Cell::text(domain),
            Cell::text(domain),
            Cell::text(&address),
            Cell::text(&person.address),
            Cell::text(&person.object_id),
            Cell::text(HOME_DOMAIN),
            Cell::text(&subject),
            Cell::Long(cluster),
            Cell::text(if inside { "Intra-org" } else { "Inbound" }),
            Cell::text(action),
            Cell::text(location),
            Cell::text(threat),
            Cell::text(method),
            Cell::text(&checks),
            Cell::Long(attachments),
            Cell::Long(links as i64),
            Cell::text("en"),
            Cell::text(connector),
            Cell::text(&report),
            Cell::text(action),
            Cell::text(location),
            Cell::Long(size),
        ];
        each(Record { table: Table::EmailEvents, key: report, cells })?;
    }
    for link in 0..links {
        let target = format!("d{}.example", skewed(dice, DOMAINS));
        let url = format!("https://{target}/{}?m={:x}&u={link}", dice.pick(&WORDS, "a"), dice.below(1 << 44));
        let report = format!("{id}-{number}-u{link}");
        let cells = vec![
            Cell::Time(at),
            Cell::text(&id),
            Cell::text(url),
            Cell::text(target),
            Cell::text("Body"),
            Cell::text(&report),
        ];
        each(Record { table: Table::EmailUrlInfo, key: report, cells })?;
    }
    Ok(())
}
