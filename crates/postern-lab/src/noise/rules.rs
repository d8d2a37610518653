//! Changes to mail settings that mean nothing: a rule that files build reports, a size limit, an automatic reply.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::LabError;
use crate::audit;
use crate::span::office;
use crate::tenant::{Attempt, Tenant};
use crate::timeline::{EXCHANGE_ADMIN, OFFICE, OUTLOOK_WEB};
use crate::world::Duty;

pub(super) fn fill(tenant: &mut Tenant) -> Result<(), LabError> {
    let mut dice = tenant.dice("noise rules");
    let organisation = tenant.world.organisation.clone();

    let engineer = tenant.world.holder(Duty::Engineer)?;
    let time = office(tenant.span.workday_at(30), 9 * 60 + 42);
    let session = tenant.attempt(&mut dice, Attempt::usual(time, &engineer, &organisation.office, OUTLOOK_WEB));
    let name = "Build reports";
    let object = format!("{}\\{name}", organisation.path(&engineer.object_id));
    let parameters = [
        ("AlwaysDeleteOutlookRulesBlob", "False"),
        ("Force", "False"),
        ("From", "builds@contoso.example"),
        ("SubjectContainsWords", "nightly build"),
        ("MoveToFolder", "Build reports"),
        ("Name", name),
    ];
    let time = time + TimeDelta::seconds(410);
    let record = audit::cmdlet(&organisation, &mut dice, time, &session, "New-InboxRule", &object, &parameters);
    tenant.timeline.audit.push(record);
    tenant.state.add_inbox_rule(
        &mut dice,
        &engineer,
        name,
        "If the message: the message was received from 'builds@contoso.example' and the message includes specific words in the subject 'nightly build' Take the following actions: move the message to folder 'Build reports'",
        json!({"From": ["builds@contoso.example"], "SubjectContainsWords": ["nightly build"], "MoveToFolder": "Build reports"}),
    );

    let admin = tenant.world.holder(Duty::MailAdmin)?;
    for (percent, parameter, value) in [
        (11, "MaxSendSize", "50 MB (52,428,800 bytes)"),
        (20, "LitigationHoldEnabled", "True"),
        (52, "HiddenFromAddressListsEnabled", "True"),
        (71, "RetainDeletedItemsFor", "30.00:00:00"),
    ] {
        let person = tenant.world.anybody(&mut dice)?;
        let time = office(tenant.span.workday_at(percent), 15 * 60 + dice.between(0, 60));
        let session = tenant.attempt(&mut dice, Attempt::usual(time, &admin, &organisation.office, EXCHANGE_ADMIN));
        let path = organisation.path(&person.alias);
        let parameters = [("Identity", path.as_str()), (parameter, value)];
        let time = time + TimeDelta::seconds(150);
        let record = audit::cmdlet(&organisation, &mut dice, time, &session, "Set-Mailbox", &person.alias, &parameters);
        tenant.timeline.audit.push(record);
    }

    let time = office(tenant.span.workday_at(26), 11 * 60 + 20);
    let session = tenant.attempt(&mut dice, Attempt::usual(time, &admin, &organisation.office, EXCHANGE_ADMIN));
    // A change that diverts nothing and weakens nothing.
    let parameters = [("Identity", "Mark outside mail"), ("PrependSubject", "EXTERNAL: ")];
    let time = time + TimeDelta::seconds(205);
    let record =
        audit::cmdlet(&organisation, &mut dice, time, &session, "Set-TransportRule", "Mark outside mail", &parameters);
    tenant.timeline.audit.push(record);

    let time = office(tenant.span.workday_at(33), 10 * 60 + 2);
    let session = tenant.attempt(&mut dice, Attempt::usual(time, &admin, &organisation.office, EXCHANGE_ADMIN));
    let parameters = [("Identity", "All staff"), ("RequireSenderAuthenticationEnabled", "True")];
    let time = time + TimeDelta::seconds(133);
    let record =
        audit::cmdlet(&organisation, &mut dice, time, &session, "Set-DistributionGroup", "All staff", &parameters);
    tenant.timeline.audit.push(record);

    let buyer = tenant.world.holder(Duty::Purchasing)?;
    let time = office(tenant.span.workday_at(46), 13 * 60 + 37);
    let session = tenant.attempt(&mut dice, Attempt::usual(time, &buyer, &organisation.office, OFFICE));
    let time = time + TimeDelta::seconds(290);
    let identity = tenant.state.add_inbox_rule(
        &mut dice,
        &buyer,
        "Orders",
        "If the message: the message includes specific words in the subject 'Order confirmation' Take the following actions: move the message to folder 'Orders'",
        json!({"SubjectContainsWords": ["Order confirmation"], "MoveToFolder": "Orders"}),
    );
    let record =
        audit::mailbox(&organisation, &mut dice, time, &session, "UpdateInboxRules", 2, desktop_rule(identity));
    tenant.timeline.audit.push(record);

    let away = tenant.world.holder(Duty::Director)?;
    let time = office(tenant.span.workday_at(57), 16 * 60 + 50);
    let session = tenant.attempt(&mut dice, Attempt::usual(time, &away, &away.home, OUTLOOK_WEB));
    let path = organisation.path(&away.alias);
    let parameters = [
        ("Identity", path.as_str()),
        ("AutoReplyState", "Scheduled"),
        ("ExternalMessage", "I am back on Monday."),
        ("InternalMessage", "I am back on Monday."),
    ];
    let time = time + TimeDelta::seconds(95);
    let operation = "Set-MailboxAutoReplyConfiguration";
    let record = audit::cmdlet(&organisation, &mut dice, time, &session, operation, &away.alias, &parameters);
    tenant.timeline.audit.push(record);
    Ok(())
}

/// What Outlook on the desktop reports when somebody adds a rule that files mail.
fn desktop_rule(identity: u64) -> Value {
    json!({
        "ClientInfoString": "Client=MSExchangeRPC",
        "ClientProcessName": "OUTLOOK.EXE",
        "ClientVersion": "16.0.18526.20144",
        "OperationProperties": [
            {"Name": "RuleOperation", "Value": "AddMailboxRule"},
            // The same id that the cmdlet shows as an unsigned number.
            {"Name": "RuleId", "Value": identity.cast_signed().to_string()},
            {"Name": "RuleState", "Value": "Enabled"},
            {"Name": "RuleCondition", "Value": "{(SubString IgnoreCase(SubjectProperty)=Order confirmation)}"},
            {"Name": "RuleName", "Value": "Orders"},
            {"Name": "RuleProvider", "Value": "RuleOrganizer"},
            {"Name": "RuleActions", "Value": "[{\"ActionType\":\"Move\",\"DestinationFolderId\":\"LgAAAAAAAAAAAAAAAAAAAAAAAAAAAAEQAAAB\",\"FolderIsInThisStore\":\"True\"}]"},
        ],
        "Item": {
            "Id": "LgAAAAAAAAAAAAAAAAAAAAAAAAAAAAEMAAAB",
            "ParentFolder": {"Id": "LgAAAAAAAAAAAAAAAAAAAAAAAAAAAAEMAAAB", "Name": "Inbox", "Path": "\\Inbox"},
        },
    })
}
