//! A buyer's rule passes tickets on to the desk of the subsidiary, for as long as anyone remembers.

use chrono::TimeDelta;
use serde_json::json;

use super::Family;
use crate::LabError;
use crate::audit;
use crate::span::office;
use crate::tenant::{Attempt, Tenant};
use crate::timeline::OUTLOOK_WEB;
use crate::truth::{Case, Classification, Entity, Kind};
use crate::world::Duty;

const RULE: &str = "Tickets to Fabrikam";
const TARGET: &str = "tickets@fabrikam.example";

pub(super) const FAMILY: Family = Family {
    name: "forward-ticket-desk",
    kind: Kind::Forwarding,
    classification: Classification::InformationalExpectedActivity,
    about: "A narrow rule, made by its owner at the office, forwards tickets to the subsidiary's service desk.",
    plant,
};

fn plant(family: &Family, tenant: &mut Tenant) -> Result<Case, LabError> {
    let mut dice = tenant.dice(family.name);
    let organisation = tenant.world.organisation.clone();
    let owner = tenant.world.holder(Duty::Purchasing)?;
    let day = tenant.span.workday_at(9);
    let entry = office(day, 10 * 60 + 8);
    let session = tenant.attempt(&mut dice, Attempt::usual(entry, &owner, &organisation.office, OUTLOOK_WEB));
    let time = entry + TimeDelta::seconds(377);
    let parameters = [
        ("AlwaysDeleteOutlookRulesBlob", "False"),
        ("Force", "False"),
        ("SubjectContainsWords", "[TICKET]"),
        ("ForwardTo", TARGET),
        ("Name", RULE),
    ];
    let object = format!("{}\\{RULE}", organisation.path(&owner.object_id));
    let record = audit::cmdlet(&organisation, &mut dice, time, &session, "New-InboxRule", &object, &parameters);
    tenant.timeline.audit.push(record);
    tenant.state.add_inbox_rule(
        &mut dice,
        &owner,
        RULE,
        &format!("If the message: the message includes specific words in the subject '[TICKET]' Take the following actions: forward the message to '{TARGET}'"),
        json!({"SubjectContainsWords": ["[TICKET]"], "ForwardTo": [format!("\"{TARGET}\" [SMTP:{TARGET}]")]}),
    );
    for morning in tenant.span.workdays().filter(|morning| *morning > day) {
        if dice.chance(40) {
            let time = office(morning, 9 * 60 + dice.between(0, 400));
            let subject = format!("[TICKET] {}", dice.between(4000, 4999));
            let received = tenant.message(&mut dice, time, "service@adatum.example", &owner.upn, subject.clone());
            let later = time + TimeDelta::seconds(4);
            let mut forwarded = tenant.message(&mut dice, later, &owner.upn, TARGET, format!("FW: {subject}"));
            forwarded.kept = true;
            tenant.timeline.mail.push(received);
            tenant.timeline.mail.push(forwarded);
        }
    }
    let entity = Entity { kind: "InboxRule", name: RULE.to_owned(), mailbox: Some(owner.upn.clone()) };
    Ok(Case {
        family: family.name,
        kind: family.kind,
        entity: entity.clone(),
        entities: vec![entity],
        actor: owner.upn.clone(),
        forward_targets: vec![TARGET.to_owned()],
        classification: family.classification,
        also_right: vec![Classification::FalsePositive],
        time: audit::stamp(time),
        why: "The target is in an accepted domain; the owner made the rule at the office on the usual computer; it \
              matches one narrow subject and its volume has been the same ever since.",
    })
}
