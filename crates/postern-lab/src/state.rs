//! Mail configuration at the end of the span, as the Exchange cmdlets show it.

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::span::{Span, utc};
use crate::world::{Person, World};

/// Name of the connector that the organisation's own mail servers use.
pub(crate) const RELAY_CONNECTOR: &str = "Contoso on-premises relay";

/// What each cmdlet would show.
pub(crate) struct State {
    pub(crate) accepted_domains: Vec<Value>,
    pub(crate) inbound_connectors: Vec<Value>,
    pub(crate) outbound_connectors: Vec<Value>,
    pub(crate) transport_rules: Vec<Value>,
    pub(crate) inbox_rules: Vec<Value>,
    pub(crate) mailboxes: Vec<Value>,
    pub(crate) blocked_connectors: Vec<Value>,
    pub(crate) outbound_policies: Vec<Value>,
    pub(crate) remote_domains: Vec<Value>,
}

/// A time as configuration exports write it.
pub(crate) fn when(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%dT%H:%M:%S.0000000Z").to_string()
}

/// Long before the span.
fn long_ago(span: Span, days: u64) -> NaiveDateTime {
    let day: NaiveDate = span.from.checked_sub_days(chrono::Days::new(days)).unwrap_or(span.from);
    utc(day, 10, 20)
}

impl State {
    /// The configuration before any story.
    pub(crate) fn new(seed: u64, world: &World, span: Span) -> Self {
        let mut dice = Dice::new(seed, "state");
        let organisation = &world.organisation;
        let made = when(long_ago(span, 1460));
        let accepted_domains = organisation
            .accepted()
            .into_iter()
            .map(|domain| {
                json!({
                    "DomainName": domain, "CatchAllRecipientID": null, "DomainType": "Authoritative",
                    "MatchSubDomains": false, "AddressBookEnabled": true, "Default": domain == organisation.domain,
                    "EmailOnly": false, "ExternallyManaged": false, "AuthenticationType": "Managed",
                    "PendingRemoval": false, "PendingCompletion": false, "OutboundOnly": false,
                    "IsCoexistenceDomain": false, "SendingFromDomainDisabled": false, "SendingToDomainDisabled": false,
                    "SmtpDaneStatus": "Disabled", "InitialDomain": domain == organisation.initial,
                    "AdminDisplayName": "", "Name": domain, "Identity": domain, "WhenChangedUTC": made,
                    "WhenCreatedUTC": made, "Guid": dice.guid(), "IsValid": true, "ObjectState": "Unchanged",
                })
            })
            .collect();
        let relay = long_ago(span, 905);
        let inbound_connectors = vec![json!({
            "Enabled": true, "ConnectorType": "OnPremises", "ConnectorSource": "AdminUI",
            "Comment": "Business application and scanners", "SenderIPAddresses": [organisation.relays[0]],
            "SenderDomains": ["smtp:contoso.example;1", "smtp:mail.contoso.example;1"], "TrustedOrganizations": [],
            "ClientHostNames": [], "AssociatedAcceptedDomains": [], "RequireTls": true,
            "RestrictDomainsToIPAddresses": true, "RestrictDomainsToCertificate": false,
            "CloudServicesMailEnabled": false, "TreatMessagesAsInternal": false,
            "TlsSenderCertificateName": null, "EFTestMode": false, "ScanAndDropRecipients": [], "EFSkipLastIP": false,
            "EFSkipIPs": [], "EFSkipMailGateway": [], "EFUsers": [], "AdminDisplayName": "", "Name": RELAY_CONNECTOR,
            "Identity": RELAY_CONNECTOR, "WhenChangedUTC": when(relay), "WhenCreatedUTC": when(relay),
            "Guid": dice.guid(), "IsValid": true, "ObjectState": "Unchanged",
        })];
        let transport_rules = vec![json!({
            "Priority": 0, "DlpPolicy": null, "Comments": null, "CreatedBy": "Tom Okafor", "LastModifiedBy": "Tom Okafor",
            "ManuallyModified": false, "ActivationDate": null, "ExpiryDate": null,
            "Description": "If the message:\r\n\tIs received from 'Outside the organization'\r\nTake the following actions:\r\n\tPrepend the subject with 'EXTERNAL: '\r\n",
            "Conditions": ["Microsoft.Exchange.MessagingPolicies.Rules.Tasks.FromScopePredicate"], "Exceptions": null,
            "Actions": ["Microsoft.Exchange.MessagingPolicies.Rules.Tasks.PrependSubjectAction"],
            "State": "Enabled", "Mode": "Enforce", "RuleErrorAction": "Ignore", "SenderAddressLocation": "Header",
            "FromScope": "NotInOrganization", "SentToScope": null, "BlindCopyTo": null, "CopyTo": null,
            "RedirectMessageTo": null, "AddToRecipients": null, "RouteMessageOutboundConnector": null,
            "DeleteMessage": false, "Quarantine": false, "StopRuleProcessing": false, "PrependSubject": "EXTERNAL: ",
            "SetAuditSeverity": null, "ApplyRightsProtectionTemplate": null, "Identity": "Mark outside mail",
            "Guid": dice.guid(), "Name": "Mark outside mail", "IsValid": true,
            "WhenChanged": long_ago(span, 610).format("%Y-%m-%dT%H:%M:%S.0000000+00:00").to_string(),
        })];
        Self {
            accepted_domains,
            inbound_connectors,
            outbound_connectors: Vec::new(),
            transport_rules,
            inbox_rules: Vec::new(),
            mailboxes: world.people.iter().map(|person| mailbox(person, &made)).collect(),
            blocked_connectors: Vec::new(),
            outbound_policies: vec![json!({
                "AdminDisplayName": "", "IsDefault": true, "ConfigurationType": "HostedOutboundSpamFilterPolicy",
                "Enabled": true, "RecipientLimitExternalPerHour": 0, "RecipientLimitInternalPerHour": 0,
                "RecipientLimitPerDay": 0, "ActionWhenThresholdReached": "BlockUserForToday",
                "NotifyOutboundSpamRecipients": [], "BccSuspiciousOutboundAdditionalRecipients": [],
                "BccSuspiciousOutboundMail": false, "NotifyOutboundSpam": false, "RecommendedPolicyType": "Custom",
                // Off would have kept mail from being forwarded outside at all.
                "AutoForwardingMode": "On", "Name": "Default", "Identity": "Default", "Id": "Default",
                "WhenChangedUTC": when(long_ago(span, 610)), "Guid": dice.guid(), "IsValid": true,
            })],
            remote_domains: vec![json!({
                "DomainName": "*", "IsInternal": false, "TargetDeliveryDomain": false, "AllowedOOFType": "External",
                "AutoReplyEnabled": true, "AutoForwardEnabled": true, "DeliveryReportEnabled": true, "NDREnabled": true,
                "MeetingForwardNotificationEnabled": false, "ContentType": "MimeHtmlText", "DisplaySenderName": true,
                "TrustedMailOutboundEnabled": false, "TrustedMailInboundEnabled": false, "AdminDisplayName": "",
                "Name": "Default", "Identity": "Default", "WhenChanged": when(long_ago(span, 1460)),
                "WhenCreated": made, "Guid": dice.guid(), "IsValid": true,
            })],
        }
    }

    /// Adds an inbox rule and gives its id; `content` holds its conditions and actions as a JSON object.
    pub(crate) fn add_inbox_rule(
        &mut self,
        dice: &mut Dice,
        owner: &Person,
        name: &str,
        description: &str,
        content: Value,
    ) -> u64 {
        // Rule ids are unsigned numbers above 2^53.
        let identity = 9_300_000_000_000_000_000_u64 + dice.below(9_000_000_000_000_000_000);
        let priority = 1 + self
            .inbox_rules
            .iter()
            .filter(|rule| rule.get("MailboxOwnerId") == Some(&json!(owner.object_id)))
            .count();
        let mut rule = json!({
            "Description": description, "Enabled": true, "Identity": format!("{}\\{identity}", owner.object_id),
            "ErrorType": "None", "Name": name, "Priority": priority, "RuleIdentity": identity, "SupportedByTask": true,
        });
        if let (Value::Object(rule), Value::Object(content)) = (&mut rule, content) {
            rule.extend(content);
            rule.insert("MailboxOwnerId".to_owned(), json!(owner.object_id));
            rule.insert("IsValid".to_owned(), json!(true));
            rule.insert("ObjectState".to_owned(), json!("Unchanged"));
        }
        self.inbox_rules.push(rule);
        identity
    }

    /// Sets fields of one mailbox.
    pub(crate) fn set_mailbox(&mut self, owner: &Person, fields: Value) {
        set(&mut self.mailboxes, "UserPrincipalName", &owner.upn, fields);
    }

    /// Sets fields of one inbound connector.
    pub(crate) fn set_inbound_connector(&mut self, name: &str, fields: Value) {
        set(&mut self.inbound_connectors, "Name", name, fields);
    }
}

fn set(objects: &mut [Value], key: &str, value: &str, fields: Value) {
    let found = objects.iter_mut().find(|object| object.get(key).and_then(Value::as_str) == Some(value));
    if let (Some(Value::Object(object)), Value::Object(fields)) = (found, fields) {
        object.extend(fields);
    }
}

fn mailbox(person: &Person, made: &str) -> Value {
    json!({
        "UserPrincipalName": person.upn, "DisplayName": person.name, "PrimarySmtpAddress": person.upn,
        "RecipientTypeDetails": "UserMailbox", "Alias": person.alias, "ExchangeGuid": person.mailbox_guid,
        "ExternalDirectoryObjectId": person.object_id, "LitigationHoldEnabled": false,
        "SingleItemRecoveryEnabled": true, "RetainDeletedItemsFor": "14.00:00:00", "ForwardingAddress": null,
        "ForwardingSmtpAddress": null, "DeliverToMailboxAndForward": false, "HiddenFromAddressListsEnabled": false,
        "AuditEnabled": true, "AuditLogAgeLimit": "90.00:00:00", "ArchiveStatus": "None", "IsMailboxEnabled": true,
        "AccountDisabled": false, "WhenMailboxCreated": made, "MessageCopyForSentAsEnabled": false,
        "MessageCopyForSendOnBehalfEnabled": false, "GrantSendOnBehalfTo": [], "IsDirSynced": false,
        "IsShared": false, "IsResource": false, "IsInactiveMailbox": false,
        "EmailAddresses": [format!("SMTP:{}", person.upn)], "Identity": person.object_id,
    })
}
