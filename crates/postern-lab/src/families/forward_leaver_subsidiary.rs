//! Somebody leaves; the usual administrator forwards the mailbox to the successor at the subsidiary.
//!
//! It looks like data leaving the company: a mailbox forwards everything to another domain. But the domain is one the
//! tenant accepts mail for, the change was made from the office in a session with a second factor, and a copy is kept.

use chrono::TimeDelta;
use serde_json::json;

use super::Family;
use crate::LabError;
use crate::audit::{self, Alert};
use crate::span::office;
use crate::tenant::{Attempt, Tenant};
use crate::timeline::EXCHANGE_ADMIN;
use crate::truth::{Case, Classification, Entity, Kind};
use crate::world::Duty;

pub(super) const FAMILY: Family = Family {
    name: "forward-leaver-subsidiary",
    kind: Kind::Forwarding,
    classification: Classification::InformationalExpectedActivity,
    about: "The usual administrator forwards a leaver's mailbox to a colleague at the subsidiary, an accepted domain.",
    plant,
};

fn plant(family: &Family, tenant: &mut Tenant) -> Result<Case, LabError> {
    let mut dice = tenant.dice(family.name);
    let organisation = tenant.world.organisation.clone();
    let admin = tenant.world.holder(Duty::MailAdmin)?;
    let leaver = tenant.world.holder(Duty::Leaver)?;
    let successor = tenant
        .world
        .people
        .iter()
        .find(|person| person.upn.ends_with(organisation.subsidiary))
        .cloned()
        .ok_or(LabError::NobodyFor(Duty::Staff))?;
    let day = tenant.span.workday_at(78);

    let entry = office(day, 15 * 60 + 32);
    let session = tenant.attempt(&mut dice, Attempt::usual(entry, &admin, &organisation.office, EXCHANGE_ADMIN));
    let time = entry + TimeDelta::seconds(321);
    let path = organisation.path(&leaver.alias);
    let target = format!("smtp:{}", successor.upn);
    let parameters = [
        ("Identity", path.as_str()),
        ("ForwardingSmtpAddress", target.as_str()),
        ("DeliverToMailboxAndForward", "True"),
    ];
    let change = audit::cmdlet(&organisation, &mut dice, time, &session, "Set-Mailbox", &leaver.alias, &parameters);
    let alert = Alert {
        name: "Creation of forwarding/redirect rule",
        severity: "Informational",
        operation: "MailRedirect",
        description: "Somebody set up automatic forwarding, a redirect rule or a mail flow rule",
        entity: ("User", &admin.upn),
        because: Some(&change.id),
        seen: time,
    };
    let alerts = audit::alert(&organisation, &mut dice, time + TimeDelta::seconds(131), &alert);
    tenant.timeline.audit.push(change);
    tenant.timeline.audit.extend(alerts);
    let later = time + TimeDelta::seconds(88);
    let parameters = [
        ("Identity", path.as_str()),
        ("AutoReplyState", "Enabled"),
        ("InternalMessage", "I have left Contoso. Ruth de Wit looks after my customers."),
        ("ExternalMessage", "I have left Contoso. Ruth de Wit looks after my customers."),
    ];
    let operation = "Set-MailboxAutoReplyConfiguration";
    let reply = audit::cmdlet(&organisation, &mut dice, later, &session, operation, &leaver.alias, &parameters);
    tenant.timeline.audit.push(reply);
    tenant.state.set_mailbox(&leaver, json!({"ForwardingSmtpAddress": target, "DeliverToMailboxAndForward": true}));

    // What still arrives for the leaver goes on to the successor.
    let arriving: Vec<_> = tenant
        .timeline
        .mail
        .iter()
        .filter(|mail| mail.recipient == leaver.upn && mail.time > time && mail.status == "Delivered")
        .cloned()
        .collect();
    for original in arriving {
        let mut forwarded = original.clone();
        forwarded.kept = true;
        forwarded.time = original.time + TimeDelta::seconds(2);
        forwarded.recipient.clone_from(&successor.upn);
        forwarded.recipient_object = Some(successor.object_id.clone());
        tenant.timeline.mail.push(forwarded);
    }

    let entity = Entity { kind: "MailboxForwarding", name: leaver.upn.clone(), mailbox: Some(leaver.upn.clone()) };
    Ok(Case {
        family: family.name,
        kind: family.kind,
        entity: entity.clone(),
        entities: vec![entity],
        actor: admin.upn.clone(),
        forward_targets: vec![successor.upn.clone()],
        classification: family.classification,
        also_right: vec![Classification::FalsePositive],
        time: audit::stamp(time),
        why: "The target is a mailbox in an accepted domain of the same tenant; the usual administrator made the change \
              from the office on a managed device with a second factor, on the leaver's last day.",
    })
}
