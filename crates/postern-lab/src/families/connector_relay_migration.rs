//! The usual administrator adds the second relay of the own data centre to the existing connector.
//!
//! The change of an on-premises connector's address list is what an attacker would do; here the new address lies next
//! to the old one in the organisation's own network, mail keeps its weekly rhythm and authenticates as before.

use chrono::TimeDelta;
use serde_json::json;

use super::Family;
use crate::LabError;
use crate::audit;
use crate::span::office;
use crate::state::{RELAY_CONNECTOR, when};
use crate::tenant::{Attempt, Tenant};
use crate::timeline::EXCHANGE_ADMIN;
use crate::truth::{Case, Classification, Entity, Kind};
use crate::world::Duty;

pub(super) const FAMILY: Family = Family {
    name: "connector-relay-migration",
    kind: Kind::Connector,
    classification: Classification::InformationalExpectedActivity,
    about: "During a planned migration the usual administrator adds the new on-premises relay to the existing connector.",
    plant,
};

fn plant(family: &Family, tenant: &mut Tenant) -> Result<Case, LabError> {
    let mut dice = tenant.dice(family.name);
    let organisation = tenant.world.organisation.clone();
    let admin = tenant.world.holder(Duty::MailAdmin)?;
    let day = tenant.span.workday_at(37);
    let entry = office(day, 9 * 60 + 14);
    let session = tenant.attempt(&mut dice, Attempt::usual(entry, &admin, &organisation.office, EXCHANGE_ADMIN));
    let time = entry + TimeDelta::seconds(402);
    let [old, new] = organisation.relays;
    let addresses = format!("{old},{new}");
    let comment = "Business application and scanners; second relay, change 2026-117";
    let parameters = [
        ("Identity", RELAY_CONNECTOR),
        ("SenderIPAddresses", addresses.as_str()),
        ("RestrictDomainsToIPAddresses", "True"),
        ("Comment", comment),
    ];
    let record =
        audit::cmdlet(&organisation, &mut dice, time, &session, "Set-InboundConnector", RELAY_CONNECTOR, &parameters);
    tenant.timeline.audit.push(record);
    tenant.state.set_inbound_connector(
        RELAY_CONNECTOR,
        json!({"SenderIPAddresses": [old, new], "Comment": comment, "WhenChangedUTC": when(time)}),
    );
    // From then on the two share the work.
    for mail in &mut tenant.timeline.mail {
        if mail.connector.as_deref() == Some(RELAY_CONNECTOR) && mail.time > time && dice.chance(50) {
            mail.from_ip = Some(new.to_owned());
        }
    }
    let entity = Entity { kind: "InboundConnector", name: RELAY_CONNECTOR.to_owned(), mailbox: None };
    Ok(Case {
        family: family.name,
        kind: family.kind,
        entity: entity.clone(),
        entities: vec![entity],
        actor: admin.upn.clone(),
        forward_targets: Vec::new(),
        classification: family.classification,
        also_right: vec![Classification::FalsePositive],
        time: audit::stamp(time),
        why: "The administrator who always does this added one address of the own network, from the office on a managed \
              device with a second factor; the restriction stayed on, volume kept its rhythm and mail authenticates.",
    })
}
