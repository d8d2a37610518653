//! A stolen account forwards invoices to a stranger and hides the replies.
//!
//! Guessed password at night from a hosting network, two inbox rules within minutes in that session (one forwards mail
//! about money, one named "." hides warnings), the inbox copied, and two messages about changed bank details.

use chrono::TimeDelta;
use serde_json::json;

use super::Family;
use crate::LabError;
use crate::audit::{self, Alert};
use crate::span::{office, utc};
use crate::tenant::{Attempt, Tenant};
use crate::timeline::{OUTLOOK_WEB, Outcome};
use crate::truth::{Case, Classification, Entity, Kind};
use crate::world::towns::VILNIUS;
use crate::world::{Device, Duty, LINUX_FIREFOX, Place};

const TARGET: &str = "ap.archive@freemail.example";
const RULE: &str = "Monthly statements";
const SUPPLIERS: &[&str] = &["accounts@northwind.example", "invoices@tailspin.example", "billing@adatum.example"];

pub(super) const FAMILY: Family = Family {
    name: "forward-stolen-account",
    kind: Kind::Forwarding,
    classification: Classification::TruePositive,
    about: "A guessed password; in that session a rule forwards invoices to a free-mail address and a second hides warnings.",
    plant,
};

fn plant(family: &Family, tenant: &mut Tenant) -> Result<Case, LabError> {
    let mut dice = tenant.dice(family.name);
    let organisation = tenant.world.organisation.clone();
    let victim = tenant.world.holder(Duty::Finance)?;
    let place = Place::new("203.0.113.77".to_owned(), VILNIUS, 64_510);
    let device = Device::stranger("Linux", "Firefox 128.0", LINUX_FIREFOX);
    let day = tenant.span.workday_at(62);
    let night = utc(day, 2, 11);

    for step in 0..17 {
        let at = night + TimeDelta::seconds(step * 73 + dice.between(0, 20));
        let outcome = if step == 11 || step == 12 { Outcome::Locked } else { Outcome::WrongPassword };
        tenant.attempt(&mut dice, Attempt::foreign(at, &victim, &place, &device, OUTLOOK_WEB).ending(outcome));
    }
    let entry = night + TimeDelta::minutes(24);
    let mut attempt = Attempt::foreign(entry, &victim, &place, &device, OUTLOOK_WEB);
    attempt.risk = "high";
    attempt.risk_events = &["unfamiliarFeatures", "unlikelyTravel"];
    let session = tenant.attempt(&mut dice, attempt);

    let first = entry + TimeDelta::seconds(508);
    let words = "invoice;payment;remittance;bank transfer";
    let parameters = [
        ("AlwaysDeleteOutlookRulesBlob", "False"),
        ("Force", "False"),
        ("Name", RULE),
        ("SubjectOrBodyContainsWords", words),
        ("ForwardTo", TARGET),
        ("StopProcessingRules", "False"),
    ];
    let object = format!("{}\\{RULE}", organisation.path(&victim.object_id));
    let forward = audit::cmdlet(&organisation, &mut dice, first, &session, "New-InboxRule", &object, &parameters);
    let alert = Alert {
        name: "Creation of forwarding/redirect rule",
        severity: "Informational",
        operation: "MailRedirect",
        description: "Somebody set up automatic forwarding, a redirect rule or a mail flow rule",
        entity: ("User", &victim.upn),
        because: Some(&forward.id),
        seen: first,
    };
    let alerts = audit::alert(&organisation, &mut dice, first + TimeDelta::seconds(119), &alert);
    tenant.timeline.audit.push(forward);
    tenant.timeline.audit.extend(alerts);

    let second = first + TimeDelta::seconds(134);
    let warnings = "ap.archive;hacked;fraud;phishing;new bank details;did you send";
    let parameters = [
        ("AlwaysDeleteOutlookRulesBlob", "False"),
        ("Force", "False"),
        ("Name", "."),
        ("SubjectOrBodyContainsWords", warnings),
        ("MoveToFolder", "RSS Feeds"),
        ("MarkAsRead", "True"),
        ("StopProcessingRules", "True"),
    ];
    let object = format!("{}\\.", organisation.path(&victim.object_id));
    let hide = audit::cmdlet(&organisation, &mut dice, second, &session, "New-InboxRule", &object, &parameters);
    tenant.timeline.audit.push(hide);

    for (offset, folder) in [(212, "Inbox"), (265, "Sent Items")] {
        let time = second + TimeDelta::seconds(offset);
        let record =
            audit::mailbox(&organisation, &mut dice, time, &session, "MailItemsAccessed", 50, audit::sync(folder));
        tenant.timeline.audit.push(record);
    }
    for (index, customer) in ["finance@wingtip.example", "buying@proseware.example"].into_iter().enumerate() {
        let time = second + TimeDelta::seconds(900 + 240 * index as i64);
        let subject = "Our bank details have changed".to_owned();
        let mail = tenant.message(&mut dice, time, &victim.upn, customer, subject.clone());
        let record = audit::mailbox(
            &organisation,
            &mut dice,
            time,
            &session,
            "Send",
            2,
            audit::sent(&mail.message_id, &subject, mail.size),
        );
        tenant.timeline.audit.push(record);
        tenant.timeline.mail.push(mail);
    }
    // The stranger comes back twice, as the sessions expire.
    for (days, risk) in [(1, "medium"), (6, "low")] {
        let at = utc(day, 2, 40) + TimeDelta::days(days) + TimeDelta::seconds(dice.between(0, 900));
        let mut attempt = Attempt::foreign(at, &victim, &place, &device, OUTLOOK_WEB);
        attempt.risk = risk;
        attempt.risk_events = &["unfamiliarFeatures"];
        let session = tenant.attempt(&mut dice, attempt);
        let time = at + TimeDelta::seconds(75);
        let record =
            audit::mailbox(&organisation, &mut dice, time, &session, "MailItemsAccessed", 50, audit::sync("Inbox"));
        tenant.timeline.audit.push(record);
    }
    // From that morning on every invoice leaves again a few seconds after it came.
    for (index, morning) in tenant.span.workdays().enumerate() {
        if morning < day {
            continue;
        }
        for slot in 0..dice.between(1, 2) {
            let time = office(morning, 8 * 60 + 20 + slot * 200 + dice.between(0, 90));
            let sender = dice.pick(SUPPLIERS, "accounts@northwind.example");
            let subject = format!("Invoice 26-{:04}", 300 + index as i64 * 5 + slot);
            let mut received = tenant.message(&mut dice, time, sender, &victim.upn, subject.clone());
            received.from_ip = Some("198.51.100.140".to_owned());
            received.attachments = 1;
            received.kept = true;
            let later = time + TimeDelta::seconds(dice.between(3, 9));
            let mut forwarded = tenant.message(&mut dice, later, &victim.upn, TARGET, format!("FW: {subject}"));
            forwarded.attachments = 1;
            forwarded.kept = true;
            forwarded.size = received.size + 2_311;
            tenant.timeline.mail.push(received);
            tenant.timeline.mail.push(forwarded);
        }
    }

    tenant.state.add_inbox_rule(
        &mut dice,
        &victim,
        RULE,
        &format!("If the message: the message includes specific words in the subject or body 'invoice' or 'payment' or 'remittance' or 'bank transfer' Take the following actions: forward the message to '{TARGET}'"),
        json!({
            "SubjectOrBodyContainsWords": words.split(';').collect::<Vec<_>>(),
            "ForwardTo": [format!("\"{TARGET}\" [SMTP:{TARGET}]")], "StopProcessingRules": false,
        }),
    );
    tenant.state.add_inbox_rule(
        &mut dice,
        &victim,
        ".",
        "If the message: the message includes specific words in the subject or body Take the following actions: move the message to folder 'RSS Feeds' and mark the message as Read and stop processing more rules on this message",
        json!({
            "SubjectOrBodyContainsWords": warnings.split(';').collect::<Vec<_>>(),
            "MoveToFolder": "RSS Feeds", "MarkAsRead": true, "StopProcessingRules": true,
        }),
    );

    let entity = |name: &str| Entity { kind: "InboxRule", name: name.to_owned(), mailbox: Some(victim.upn.clone()) };
    Ok(Case {
        family: family.name,
        kind: family.kind,
        entity: entity(RULE),
        entities: vec![entity(RULE), entity(".")],
        actor: victim.upn.clone(),
        forward_targets: vec![TARGET.to_owned()],
        classification: family.classification,
        also_right: Vec::new(),
        time: audit::stamp(first),
        why: "Seventeen wrong passwords and then a success from a network and device never seen for this account; both \
              rules were made in that session; mail about money goes to a free-mail address, warnings are hidden.",
    })
}
