//! A sprayed administrator account opens a connector for a stranger's servers, and spam pours through it.
//!
//! Wrong passwords for everybody from many addresses, one success for an account without a second factor, then within
//! minutes an on-premises connector for the stranger's addresses and a rule that strips headers; hundreds of messages
//! in strange names to strangers until the service blocks the connector; both objects removed in the morning.

use std::rc::Rc;

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::json;

use super::Family;
use crate::LabError;
use crate::audit::{self, Alert};
use crate::dice::Dice;
use crate::span::utc;
use crate::state::when;
use crate::tenant::{Attempt, Tenant};
use crate::timeline::{EXCHANGE_ADMIN, Mail, Outcome, PORTAL};
use crate::truth::{Case, Classification, Entity, Kind};
use crate::world::towns::{DENVER, OSAKA, SANTIAGO, VILNIUS};
use crate::world::{Device, Duty, Person, Place, WINDOWS_CHROME};

const CONNECTOR: &str = "Hybrid relay 02";
const RULE: &str = "Header cleanup";
const SERVERS: [&str; 3] = ["203.0.113.210", "203.0.113.211", "203.0.113.212"];
const ENVELOPES: [&str; 2] = ["bulk-dispatch.example", "post-relay.example"];
const HEADERS: [(&str, &str); 3] = [
    ("Parcel Service", "notice@parcel-tracking.example"),
    ("Tax Office", "refund@tax-refund.example"),
    ("Account Team", "security@account-check.example"),
];
const FREEMAIL: [&str; 4] = ["freemail.example", "webmail.example", "postbox.example", "inbox.example"];
const MESSAGES: i64 = 380;

pub(super) const FAMILY: Family = Family {
    name: "connector-sprayed-admin",
    kind: Kind::Connector,
    classification: Classification::TruePositive,
    about: "A sprayed administrator without a second factor makes an open on-premises connector that sends spam all night.",
    plant,
};

fn plant(family: &Family, tenant: &mut Tenant) -> Result<Case, LabError> {
    let mut dice = tenant.dice(family.name);
    let organisation = tenant.world.organisation.clone();
    let admin = tenant.world.holder(Duty::SupportAdmin)?;
    let day = tenant.span.workday_at(83);
    let device = Device::stranger("Windows10", "Chrome 145.0.0", WINDOWS_CHROME);
    spray(tenant, &mut dice, &admin, &device, utc(day, 0, 31));

    let entry = utc(day, 1, 58);
    let place = Place::new("203.0.113.201".to_owned(), DENVER, 64_508);
    let mut attempt = Attempt::foreign(entry, &admin, &place, &device, EXCHANGE_ADMIN);
    attempt.risk = "medium";
    attempt.risk_events = &["passwordSpray", "unfamiliarFeatures"];
    let session = tenant.attempt(&mut dice, attempt);

    let made = entry + TimeDelta::seconds(611);
    let addresses = SERVERS.join(",");
    let parameters = [
        ("Name", CONNECTOR),
        ("Enabled", "True"),
        ("ConnectorType", "OnPremises"),
        ("ConnectorSource", "AdminUI"),
        ("SenderDomains", "smtp:*;1"),
        ("SenderIPAddresses", addresses.as_str()),
        ("RestrictDomainsToIPAddresses", "True"),
        ("RestrictDomainsToCertificate", "False"),
        ("TlsSenderCertificateName", ""),
        ("RequireTls", "False"),
        ("CloudServicesMailEnabled", "True"),
    ];
    let record =
        audit::cmdlet(&organisation, &mut dice, made, &session, "New-InboundConnector", CONNECTOR, &parameters);
    tenant.timeline.audit.push(record);
    let parameters = [
        ("Name", RULE),
        ("Mode", "Enforce"),
        ("Comments", ""),
        ("SetAuditSeverity", "DoNotAudit"),
        ("RemoveHeader", "X-MS-Exchange-ExternalOriginalInternetSender"),
        ("StopRuleProcessing", "False"),
        ("RuleErrorAction", "Ignore"),
        ("SenderAddressLocation", "Header"),
    ];
    let time = made + TimeDelta::seconds(254);
    let record = audit::cmdlet(&organisation, &mut dice, time, &session, "New-TransportRule", "", &parameters);
    tenant.timeline.audit.push(record);

    let blocked = utc(day, 6, 21);
    pour(tenant, &mut dice, made + TimeDelta::minutes(16), blocked);
    pour_in_vain(tenant, &mut dice, blocked, utc(day, 6, 57));
    let connector_id = dice.guid();
    let alert = Alert {
        name: "Suspicious connector activity",
        severity: "High",
        operation: "CompromisedConnector",
        description: "An inbound connector shows signs of abuse and may no longer relay mail",
        entity: ("Connector", CONNECTOR),
        because: None,
        seen: blocked,
    };
    let alerts = audit::alert(&organisation, &mut dice, blocked + TimeDelta::seconds(96), &alert);
    tenant.timeline.audit.extend(alerts);

    let back = Place::new("203.0.113.205".to_owned(), DENVER, 64_508);
    let mut attempt = Attempt::foreign(utc(day, 6, 50), &admin, &back, &device, EXCHANGE_ADMIN);
    attempt.risk = "medium";
    attempt.risk_events = &["unfamiliarFeatures"];
    let session = tenant.attempt(&mut dice, attempt);
    for (minute, operation, name) in [(57, "Remove-TransportRule", RULE), (58, "Remove-InboundConnector", CONNECTOR)] {
        let parameters = [("Identity", name), ("Confirm", "False")];
        let time = utc(day, 6, minute) + TimeDelta::seconds(dice.between(0, 50));
        let record = audit::cmdlet(&organisation, &mut dice, time, &session, operation, name, &parameters);
        tenant.timeline.audit.push(record);
    }
    tenant.state.blocked_connectors.push(json!({
        "ConnectorId": connector_id, "ConnectorName": CONNECTOR,
        "Reason": "Mail sent through this connector was reported as spam", "CreatedTime": when(blocked),
        "ExpirationTime": null,
    }));

    let connector = Entity { kind: "InboundConnector", name: CONNECTOR.to_owned(), mailbox: None };
    let rule = Entity { kind: "TransportRule", name: RULE.to_owned(), mailbox: None };
    Ok(Case {
        family: family.name,
        kind: family.kind,
        entity: connector.clone(),
        entities: vec![connector, rule],
        actor: admin.upn.clone(),
        forward_targets: Vec::new(),
        classification: family.classification,
        also_right: Vec::new(),
        time: audit::stamp(made),
        why: "A sprayed account without a second factor, from a network never seen for it, made an on-premises connector \
              for strange addresses and all domains; a night of mail in strange names to strangers, mostly marked as \
              spam; the connector was blocked and then removed together with the rule that strips headers.",
    })
}

/// A few guesses for everybody from many addresses, more for the administrator.
fn spray(tenant: &mut Tenant, dice: &mut Dice, admin: &Rc<Person>, device: &Device, begin: NaiveDateTime) {
    let towns = [DENVER, OSAKA, SANTIAGO, VILNIUS];
    let everybody = tenant.world.people.clone();
    for round in 0..3_i64 {
        for (index, person) in everybody.iter().enumerate() {
            let guesses = if person.upn == admin.upn { 7 } else { 1 };
            for guess in 0..guesses {
                let seconds = round * 1_900 + index as i64 * 41 + guess * 13 + dice.between(0, 9);
                let host = 100 + dice.below(90);
                let town = towns.get((host % 4) as usize).copied().unwrap_or(DENVER);
                let place = Place::new(format!("203.0.113.{host}"), town, 64_505 + (host % 4) as u32);
                let attempt = Attempt::foreign(begin + TimeDelta::seconds(seconds), person, &place, device, PORTAL);
                tenant.attempt(dice, attempt.ending(Outcome::WrongPassword));
            }
        }
    }
}

/// The night's mail through the connector.
fn pour(tenant: &mut Tenant, dice: &mut Dice, begin: NaiveDateTime, end: NaiveDateTime) {
    let seconds = (end - begin).num_seconds();
    for number in 0..MESSAGES {
        let time = begin + TimeDelta::seconds((seconds - 30) * number / MESSAGES + dice.between(0, 25));
        let mut mail = spam(tenant, dice, time, number);
        (mail.status, mail.threat) = match dice.below(100) {
            0..=63 => ("FilteredAsSpam", Some(if dice.chance(60) { "Phish" } else { "Spam" })),
            64..=71 => ("Failed", None),
            _ => ("Delivered", None),
        };
        tenant.timeline.mail.push(mail);
    }
}

/// Once the connector is blocked, nothing gets through any more.
fn pour_in_vain(tenant: &mut Tenant, dice: &mut Dice, begin: NaiveDateTime, end: NaiveDateTime) {
    for number in 0..45 {
        let time = begin + TimeDelta::seconds(30 + ((end - begin).num_seconds() - 60) * number / 45);
        let mut mail = spam(tenant, dice, time, number);
        mail.status = "Failed";
        tenant.timeline.mail.push(mail);
    }
}

fn spam(tenant: &Tenant, dice: &mut Dice, time: NaiveDateTime, number: i64) -> Mail {
    let domain = dice.pick(&FREEMAIL, "freemail.example");
    let recipient = format!(
        "{}{}@{domain}",
        ["ann", "bob", "kim", "lee", "max", "pat"][number as usize % 6],
        dice.between(100, 9_999)
    );
    let envelope = format!("b{}@{}", dice.between(1_000, 9_999), dice.pick(&ENVELOPES, "bulk-dispatch.example"));
    let (display, header) =
        HEADERS.get(dice.below(3) as usize).copied().unwrap_or(("Parcel Service", "notice@parcel-tracking.example"));
    let subject = match display {
        "Tax Office" => "Your refund is ready",
        "Account Team" => "Confirm your account today",
        _ => "Your parcel could not be delivered",
    };
    let mut mail = tenant.message(dice, time, &envelope, &recipient, subject.to_owned());
    header.clone_into(&mut mail.header);
    display.clone_into(&mut mail.display);
    mail.from_ip = SERVERS.get(dice.below(3) as usize).map(|server| (*server).to_owned());
    mail.connector = Some(CONNECTOR.to_owned());
    mail.transport_rule = Some(RULE.to_owned());
    mail.authenticated = false;
    mail.size = dice.between(9_000, 14_000);
    mail.urls = dice.between(1, 3);
    mail.attachments = 0;
    mail
}
