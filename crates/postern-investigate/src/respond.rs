//! Proposed steps for a case that is an attack: data only, in the order that keeps evidence and closes the door first.
//!
//! 1. the object: evidence kept, switched off, then removed or put back
//! 2. the account: new password, sessions ended; an application's account disabled
//! 3. what else the administrator did
//! 4. blocks lifted, last of all

use std::fmt::Write as _;

use postern_model::report::{Action, ActionKind, CaseKind, EntityType};
use postern_model::time::{TICKS_PER_SECOND, Ticks};

use crate::changes::Change;
use crate::powershell::{quote, quote_all};

/// One object with its history.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// Kind of object.
    pub kind: EntityType,
    /// Name.
    pub name: &'a str,
    /// Mailbox.
    pub mailbox: &'a str,
    /// Every change and exported state of it, earliest first.
    pub history: Vec<&'a Change>,
    /// When the story begins.
    pub from: Option<Ticks>,
}

/// What is to be responded to.
#[derive(Debug, Clone)]
pub struct Incident<'a> {
    /// Which kind of case.
    pub kind: CaseKind,
    /// The objects that are part of the attack.
    pub subjects: Vec<Subject<'a>>,
    /// Accounts that acted, with their kind.
    pub actors: Vec<(String, String)>,
    /// Blocked connectors, by id and name.
    pub blocked_connectors: Vec<(String, String)>,
    /// Blocked senders.
    pub blocked_senders: Vec<String>,
    /// First and last change.
    pub span: (Option<Ticks>, Option<Ticks>),
}

struct Plan {
    steps: Vec<Action>,
}

impl Plan {
    fn add(&mut self, kind: ActionKind, target: &str, why: &str, command: String, undo: Undo) {
        let (undo, reversible) = match undo {
            Undo::By(command) => (command, true),
            Undo::No(reason) => (reason.to_owned(), false),
        };
        let order = self.steps.len() as u32 + 1;
        self.steps.push(Action {
            kind,
            target: target.to_owned(),
            why: why.to_owned(),
            order,
            command,
            undo,
            reversible,
        });
    }
}

enum Undo {
    By(String),
    No(&'static str),
}

/// The steps, in order.
pub fn propose(incident: &Incident<'_>) -> Vec<Action> {
    let mut plan = Plan { steps: Vec::new() };
    for subject in &incident.subjects {
        match subject.kind {
            EntityType::InboxRule => inbox_rule(&mut plan, subject),
            EntityType::MailboxForwarding => mailbox(&mut plan, subject),
            EntityType::TransportRule => transport_rule(&mut plan, subject),
            EntityType::InboundConnector => connector(&mut plan, subject),
        }
    }
    let organisation_wide = incident.subjects.iter().any(|s| s.kind != EntityType::InboxRule);
    for (actor, kind) in &incident.actors {
        if kind == "System" {
            continue;
        }
        let why = "This account made the change; whoever used it must lose it.";
        if kind == "Application" {
            let id = actor.strip_prefix("ServicePrincipal_").unwrap_or(actor);
            plan.add(
                ActionKind::DisableAccount,
                actor,
                "This application made the change.",
                format!("Update-MgServicePrincipal -ServicePrincipalId {} -AccountEnabled:$false", quote(id)),
                Undo::By(format!("Update-MgServicePrincipal -ServicePrincipalId {} -AccountEnabled:$true", quote(id))),
            );
            continue;
        }
        plan.add(
            ActionKind::ResetPassword,
            actor,
            why,
            format!(
                "Update-MgUser -UserId {} -PasswordProfile @{{ Password = (Read-Host -MaskInput 'New password'); \
                 ForceChangePasswordNextSignIn = $true }}",
                quote(actor)
            ),
            Undo::No("The former password is not known and must not come back."),
        );
        plan.add(
            ActionKind::RevokeSessions,
            actor,
            "A new password alone leaves open sessions alive.",
            format!("Revoke-MgUserSignInSession -UserId {}", quote(actor)),
            Undo::No("People sign in again."),
        );
    }
    for (actor, kind) in &incident.actors {
        let somebody_else = incident.subjects.iter().any(|s| !s.mailbox.eq_ignore_ascii_case(actor));
        if kind == "System" || !(organisation_wide || somebody_else) {
            continue;
        }
        plan.add(
            ActionKind::ReviewAdminActivity,
            actor,
            "Whoever could change this could change more; look through everything the account did.",
            review(actor, incident.span),
            Undo::By("# nothing is changed".to_owned()),
        );
    }
    for sender in &incident.blocked_senders {
        plan.add(
            ActionKind::UnblockSender,
            sender,
            "Only after the account is safe again, or it will be blocked again.",
            format!("Remove-BlockedSenderAddress -SenderAddress {}", quote(sender)),
            Undo::No("The service blocks again by itself when harmful mail goes on."),
        );
    }
    if incident.kind == CaseKind::Connector {
        for (id, name) in &incident.blocked_connectors {
            plan.add(
                ActionKind::UnblockConnector,
                name,
                "Only after the connector is removed or put back, or it will be blocked again.",
                format!("Remove-BlockedConnector -ConnectorId {}", quote(id)),
                Undo::No("The service blocks again by itself when harmful mail goes on."),
            );
        }
    }
    plan.steps
}

fn review(actor: &str, span: (Option<Ticks>, Option<Ticks>)) -> String {
    let day = 24 * 3600 * TICKS_PER_SECOND;
    let date = |t: Option<Ticks>, shift: i64| {
        t.and_then(|t| Ticks(t.0.saturating_add(shift)).to_utc()).map(|d| d.format("%Y-%m-%d").to_string())
    };
    let from = date(span.0, -7 * day).map_or("(Get-Date).AddDays(-30)".to_owned(), |d| quote(&d));
    let to = date(span.1, 8 * day).map_or("(Get-Date)".to_owned(), |d| quote(&d));
    format!(
        "Search-UnifiedAuditLog -StartDate {from} -EndDate {to} -UserIds {} -ResultSize 5000 | \
         Sort-Object CreationDate | Export-Csv -NoTypeInformation -Path {}",
        quote(actor),
        quote("administrator-activity.csv")
    )
}

/// True when the last recorded change took the object away after the story began.
fn gone(subject: &Subject<'_>) -> bool {
    let last = subject.history.iter().filter(|c| c.time.is_some() && c.succeeded).max_by_key(|c| c.time);
    let exported = subject.history.iter().any(|c| c.verb == "state" && c.flag("SetsForwarding"));
    !exported && last.is_some_and(|c| c.verb == "remove" && c.time >= subject.from)
}

/// The record that made the object, for putting it back.
fn made<'a>(subject: &Subject<'a>) -> Option<&'a Change> {
    subject.history.iter().rev().find(|c| c.verb == "create").copied()
}

fn parameters(change: &Change, leave_out: &[&str]) -> String {
    let mut text = String::new();
    for (name, value) in change.parameters() {
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
        if !plain || leave_out.contains(&name.as_str()) || value.is_empty() {
            continue;
        }
        match value.as_str() {
            "True" | "False" => {
                let _ = write!(text, " -{name}:${}", value.to_ascii_lowercase());
            }
            _ if value.contains(';') => {
                let _ = write!(text, " -{name} {}", quote_all(value.split(';').map(str::trim)));
            }
            _ => {
                let _ = write!(text, " -{name} {}", quote(&value));
            }
        }
    }
    text
}

fn inbox_rule(plan: &mut Plan, subject: &Subject<'_>) {
    if gone(subject) {
        return;
    }
    let find = format!(
        "Get-InboxRule -Mailbox {} -IncludeHidden | Where-Object {{ $_.Name -ceq {} }}",
        quote(subject.mailbox),
        quote(subject.name)
    );
    plan.add(
        ActionKind::DisableInboxRule,
        subject.name,
        "Stops the rule; its content is saved first as evidence.",
        format!(
            "{find} | Tee-Object -Variable rule | Export-Clixml -Path {}; $rule | Disable-InboxRule -Confirm:$false",
            quote("inbox-rule-evidence.xml")
        ),
        Undo::By(format!("{find} | Enable-InboxRule -Confirm:$false")),
    );
    let undo = match made(subject) {
        Some(change) => Undo::By(format!(
            "New-InboxRule -Mailbox {} -Name {}{}",
            quote(subject.mailbox),
            quote(subject.name),
            parameters(change, &["Name", "Mailbox", "Identity", "AlwaysDeleteOutlookRulesBlob", "Force"])
        )),
        None => {
            Undo::No("How the rule was made is not in the loaded records; the saved evidence file has its content.")
        }
    };
    plan.add(
        ActionKind::RemoveInboxRule,
        subject.name,
        "A rule that is only switched off can be switched on again.",
        format!("{find} | Remove-InboxRule -Confirm:$false"),
        undo,
    );
}

fn mailbox(plan: &mut Plan, subject: &Subject<'_>) {
    if gone(subject) {
        return;
    }
    let set = subject.history.iter().rev().find(|c| c.flag("SetsForwarding"));
    let undo = match set {
        Some(change) => {
            let smtp = change.targets.first().map(String::as_str);
            let internal = change.unresolved.first().map(String::as_str);
            let mut command = format!("Set-Mailbox -Identity {}", quote(subject.mailbox));
            if let Some(target) = smtp {
                let _ = write!(command, " -ForwardingSmtpAddress {}", quote(target));
            } else if let Some(target) = internal {
                let _ = write!(command, " -ForwardingAddress {}", quote(target));
            }
            let keep = if change.flag("KeepsCopy") { "$true" } else { "$false" };
            let _ = write!(command, " -DeliverToMailboxAndForward {keep}");
            Undo::By(command)
        }
        None => Undo::No("The former target is not in the loaded records."),
    };
    plan.add(
        ActionKind::ClearMailboxForwarding,
        subject.mailbox,
        "Ends the forwarding; the settings are saved first as evidence.",
        format!(
            "Get-Mailbox -Identity {0} | Select-Object UserPrincipalName,ForwardingSmtpAddress,ForwardingAddress,\
             DeliverToMailboxAndForward | Export-Clixml -Path {1}; Set-Mailbox -Identity {0} -ForwardingSmtpAddress $null \
             -ForwardingAddress $null -DeliverToMailboxAndForward $false",
            quote(subject.mailbox),
            quote("mailbox-forwarding-evidence.xml")
        ),
        undo,
    );
}

fn transport_rule(plan: &mut Plan, subject: &Subject<'_>) {
    if gone(subject) {
        return;
    }
    let name = quote(subject.name);
    plan.add(
        ActionKind::DisableTransportRule,
        subject.name,
        "Stops the rule; its content is saved first as evidence.",
        format!(
            "Get-TransportRule -Identity {name} | Export-Clixml -Path {}; Disable-TransportRule -Identity {name} \
             -Confirm:$false",
            quote("mail-flow-rule-evidence.xml")
        ),
        Undo::By(format!("Enable-TransportRule -Identity {name} -Confirm:$false")),
    );
    let undo = match made(subject) {
        Some(change) => {
            Undo::By(format!("New-TransportRule -Name {name}{}", parameters(change, &["Name", "Identity"])))
        }
        None => {
            Undo::No("How the rule was made is not in the loaded records; the saved evidence file has its content.")
        }
    };
    plan.add(
        ActionKind::RemoveTransportRule,
        subject.name,
        "A rule that is only switched off can be switched on again.",
        format!("Remove-TransportRule -Identity {name} -Confirm:$false"),
        undo,
    );
}

/// Fields of a connector that are put back, with the column that holds their earlier value.
const FIELDS: [&str; 10] = [
    "ConnectorType",
    "SenderDomains",
    "SenderIPAddresses",
    "TlsSenderCertificateName",
    "RestrictDomainsToIPAddresses",
    "RestrictDomainsToCertificate",
    "RequireTls",
    "CloudServicesMailEnabled",
    "TreatMessagesAsInternal",
    "Enabled",
];

fn connector(plan: &mut Plan, subject: &Subject<'_>) {
    if gone(subject) {
        return;
    }
    let name = quote(subject.name);
    let changed: Vec<&&Change> =
        subject.history.iter().filter(|c| c.time.is_some() && c.time >= subject.from && c.succeeded).collect();
    let created = changed.iter().any(|c| c.verb == "create");
    plan.add(
        ActionKind::DisableConnector,
        subject.name,
        "Stops mail through the connector; its settings are saved first as evidence.",
        format!(
            "Get-InboundConnector -Identity {name} | Export-Clixml -Path {}; Set-InboundConnector -Identity {name} \
             -Enabled $false",
            quote("inbound-connector-evidence.xml")
        ),
        Undo::By(format!("Set-InboundConnector -Identity {name} -Enabled $true")),
    );
    if created || changed.is_empty() {
        let undo = match made(subject) {
            Some(change) => {
                Undo::By(format!("New-InboundConnector -Name {name}{}", parameters(change, &["Name", "Identity"])))
            }
            None => Undo::No("How it was made is not in the loaded records; the saved evidence file has its settings."),
        };
        plan.add(
            ActionKind::RemoveConnector,
            subject.name,
            "The organisation did not make this connector.",
            format!("Remove-InboundConnector -Identity {name} -Confirm:$false"),
            undo,
        );
        return;
    }
    // Put back: the last value of each changed field from before the story; the present value undoes it.
    let mut back = String::new();
    let mut forth = String::new();
    let mut unknown = Vec::new();
    for field in FIELDS {
        let new = changed.iter().rev().find_map(|c| setting(c, field));
        let Some(new) = new else { continue };
        let old = subject
            .history
            .iter()
            .rev()
            .filter(|c| c.time.is_some_and(|t| Some(t) < subject.from))
            .find_map(|c| setting(c, field));
        match old {
            Some(old) if old != new => {
                let _ = write!(back, " -{field} {old}");
                let _ = write!(forth, " -{field} {new}");
            }
            Some(_) => {}
            None => unknown.push(field),
        }
    }
    if back.is_empty() {
        plan.add(
            ActionKind::RevertConnector,
            subject.name,
            &format!(
                "The values before the change ({}) are not in the loaded records; fill in those of the organisation.",
                unknown.join(", ")
            ),
            format!("Get-InboundConnector -Identity {name} | Format-List *"),
            Undo::By("# nothing is changed".to_owned()),
        );
    } else {
        plan.add(
            ActionKind::RevertConnector,
            subject.name,
            "Puts back the values from before the change.",
            format!("Set-InboundConnector -Identity {name}{back}"),
            Undo::By(format!("Set-InboundConnector -Identity {name}{forth}")),
        );
    }
}

fn setting(change: &Change, field: &str) -> Option<String> {
    match change.row.get(field)? {
        serde_json::Value::Bool(v) => Some(format!("${v}")),
        serde_json::Value::String(text) if !text.is_empty() => {
            Some(quote_all(text.split([',', ';']).map(str::trim).filter(|t| !t.is_empty())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(row: serde_json::Value) -> Change {
        let serde_json::Value::Object(map) = row else { panic!("an object") };
        Change::read(map).unwrap()
    }

    #[test]
    fn a_rule_with_a_hostile_name_cannot_leave_its_quotes_and_can_be_put_back() {
        let made = change(json!({
            "Timestamp": "2024-05-01T10:00:00.0000000Z", "ObjectType": "InboxRule", "Verb": "create", "AuditId": "1",
            "ObjectKey": "k", "ObjectName": "x'; Remove-Mailbox", "Mailbox": "a@contoso.example", "Actor": "a@contoso.example",
            "ActorType": "Owner", "Targets": ["b@example.com"], "Unresolved": [], "Succeeded": true,
            "RawEventData": {"Parameters": [{"Name": "Name", "Value": "x'; Remove-Mailbox"},
                {"Name": "ForwardTo", "Value": "b@example.com"}, {"Name": "MarkAsRead", "Value": "True"}, {"Name": "a;b", "Value": "c"}]},
        }));
        let steps = propose(&Incident {
            kind: CaseKind::Forwarding,
            subjects: vec![Subject {
                kind: EntityType::InboxRule,
                name: "x'; Remove-Mailbox",
                mailbox: "a@contoso.example",
                history: vec![&made],
                from: made.time,
            }],
            actors: vec![("a@contoso.example".to_owned(), "Owner".to_owned())],
            blocked_connectors: Vec::new(),
            blocked_senders: Vec::new(),
            span: (made.time, made.time),
        });
        let kinds: Vec<ActionKind> = steps.iter().map(|s| s.kind).collect();
        assert_eq!(
            kinds,
            [
                ActionKind::DisableInboxRule,
                ActionKind::RemoveInboxRule,
                ActionKind::ResetPassword,
                ActionKind::RevokeSessions
            ]
        );
        assert!(steps[0].command.contains("-ceq 'x''; Remove-Mailbox' }"), "{}", steps[0].command);
        assert_eq!(
            steps[1].undo,
            "New-InboxRule -Mailbox 'a@contoso.example' -Name 'x''; Remove-Mailbox' -ForwardTo 'b@example.com' -MarkAsRead:$true"
        );
        assert!(steps[1].reversible && !steps[2].reversible);
    }

    #[test]
    fn a_changed_connector_is_put_back_and_unblocked_last() {
        let head = |verb: &str, time: &str, ips: &str| {
            change(json!({
                "Timestamp": time, "ObjectType": "InboundConnector", "Verb": verb, "AuditId": verb, "ObjectKey": "k",
                "ObjectName": "Relay", "Mailbox": "", "Actor": "admin@contoso.example", "ActorType": "Administrator",
                "SenderIPAddresses": ips, "Succeeded": true,
            }))
        };
        let before = head("create", "2024-01-01T00:00:00.0000000Z", "192.0.2.1");
        let after = head("change", "2024-05-01T00:00:00.0000000Z", "198.51.100.7,198.51.100.8");
        let steps = propose(&Incident {
            kind: CaseKind::Connector,
            subjects: vec![Subject {
                kind: EntityType::InboundConnector,
                name: "Relay",
                mailbox: "",
                history: vec![&before, &after],
                from: after.time,
            }],
            actors: vec![("admin@contoso.example".to_owned(), "Administrator".to_owned())],
            blocked_connectors: vec![("id".to_owned(), "Relay".to_owned())],
            blocked_senders: Vec::new(),
            span: (after.time, after.time),
        });
        assert_eq!(steps[1].kind, ActionKind::RevertConnector);
        assert_eq!(steps[1].command, "Set-InboundConnector -Identity 'Relay' -SenderIPAddresses '192.0.2.1'");
        assert_eq!(
            steps[1].undo,
            "Set-InboundConnector -Identity 'Relay' -SenderIPAddresses '198.51.100.7','198.51.100.8'"
        );
        assert_eq!(steps.last().map(|s| s.kind), Some(ActionKind::UnblockConnector));
        assert!(steps.iter().enumerate().all(|(i, s)| s.order as usize == i + 1));
    }
}
