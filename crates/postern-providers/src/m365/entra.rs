//! Sign-ins and directory changes of Entra ID, as Graph gives them and as diagnostic settings wrap them.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use postern_ingest::{Mapped, MissingTable, Record, shown};
use postern_model::row::{Rank, Value};
use postern_model::schema::Schemas;
use serde_json::value::RawValue;

use super::address;
use super::object::{Object, text_of};
use super::table::{Filling, Table};
use super::when::instant;

/// Maps records of Entra ID, each by what it is.
pub(crate) struct EntraRows {
    sign_ins: Table,
    changes: Table,
    service: AtomicU64,
}

impl EntraRows {
    pub(crate) fn new(schemas: &Schemas) -> Result<Self, MissingTable> {
        Ok(Self {
            sign_ins: Table::new(schemas, "EntraIdSignInEvents")?,
            changes: Table::new(schemas, "AuditLogs")?,
            service: AtomicU64::new(0),
        })
    }

    /// Maps one record: a sign-in, a directory change, or an envelope around one.
    pub(crate) fn map(&self, record: &Record<'_>) -> Mapped {
        let outer = match Object::parse(record.text) {
            Ok(object) => object,
            Err(reason) => return Mapped::Reject(reason),
        };
        let Some(properties) = outer.get("properties").filter(|_| outer.has("category")) else {
            return self.bare(&outer, None, record.position);
        };
        let category = outer.text("category");
        let text = text_of(properties);
        match Object::parse(&text) {
            Ok(inner) if category.ends_with("SignInLogs") || category == "AuditLogs" => {
                self.bare(&inner, Some(&outer), record.position)
            }
            Ok(_) => Mapped::Reject(format!("records of category `{}` are not kept", shown(&category, 40))),
            Err(reason) => Mapped::Reject(format!("its properties: {reason}")),
        }
    }

    /// Maps a sign-in that has the members of the Graph API, and its category.
    pub(crate) fn map_row(&self, text: &str, category: &str, position: u64) -> Mapped {
        let mut envelope = String::from("{\"category\":");
        super::object::push_quoted(&mut envelope, category);
        envelope.push('}');
        match (Object::parse(text), Object::parse(&envelope)) {
            (Ok(object), Ok(envelope)) => self.sign_in(&object, Some(&envelope), position),
            (Err(reason), _) | (_, Err(reason)) => Mapped::Reject(reason),
        }
    }

    fn bare(&self, object: &Object<'_>, envelope: Option<&Object<'_>>, position: u64) -> Mapped {
        if object.has("activityDateTime") || object.has("activityDisplayName") {
            return self.change(object, position);
        }
        if object.has("createdDateTime") && (object.has("ipAddress") || object.has("appId") || object.has("status")) {
            return self.sign_in(object, envelope, position);
        }
        Mapped::Reject("it is neither a sign-in nor a directory change".to_owned())
    }

    fn sign_in(&self, object: &Object<'_>, envelope: Option<&Object<'_>>, position: u64) -> Mapped {
        let Some(time) = instant(&object.text("createdDateTime")) else {
            return Mapped::Reject(unreadable_time(&object.text("createdDateTime")));
        };
        let mut row = self.sign_ins.row(Rank::Record, position);
        row.set("Timestamp", Value::DateTime(time));
        for (column, member) in [
            ("Application", "appDisplayName"),
            ("ApplicationId", "appId"),
            ("CorrelationId", "correlationId"),
            ("SessionId", "sessionId"),
            ("AccountDisplayName", "userDisplayName"),
            ("AccountObjectId", "userId"),
            ("AccountUpn", "userPrincipalName"),
            ("AlternateSignInName", "alternateSignInName"),
            ("ResourceDisplayName", "resourceDisplayName"),
            ("ResourceId", "resourceId"),
            ("ResourceTenantId", "resourceTenantId"),
            ("AuthenticationRequirement", "authenticationRequirement"),
            ("AuthenticationProcessingDetails", "authenticationProcessingDetails"),
            ("UserAgent", "userAgent"),
            ("ClientAppUsed", "clientAppUsed"),
            ("ConditionalAccessPolicies", "appliedConditionalAccessPolicies"),
            ("NetworkLocationDetails", "networkLocationDetails"),
            ("UniqueTokenId", "uniqueTokenIdentifier"),
            ("RequestId", "id"),
            ("ReportId", "id"),
        ] {
            row.json(column, object.get(member));
        }
        let risks = object.get("riskEventTypes_v2").or_else(|| object.get("riskEventTypes"));
        row.json("RiskEventTypes", risks);
        row.set("LogonType", logon_type(object, envelope));
        if let Some(text) = object.json("status") {
            if let Ok(status) = Object::parse(&text) {
                row.json("ErrorCode", status.get("errorCode"));
            }
        } else if let Some(envelope) = envelope {
            row.json("ErrorCode", envelope.get("resultType"));
        }
        if let Some(text) = object.json("deviceDetail")
            && let Ok(device) = Object::parse(&text)
        {
            for (column, member) in [
                ("DeviceName", "displayName"),
                ("EntraIdDeviceId", "deviceId"),
                ("OSPlatform", "operatingSystem"),
                ("Browser", "browser"),
                ("DeviceTrustType", "trustType"),
                ("IsManaged", "isManaged"),
                ("IsCompliant", "isCompliant"),
            ] {
                row.json(column, device.get(member));
            }
        }
        if let Some(text) = object.json("location")
            && let Ok(place) = Object::parse(&text)
        {
            for (column, member) in [("Country", "countryOrRegion"), ("State", "state"), ("City", "city")] {
                row.json(column, place.get(member));
            }
            if let Some(Ok(point)) = place.get("geoCoordinates").map(|raw| Object::parse(raw.get())) {
                row.json("Latitude", point.get("latitude"));
                row.json("Longitude", point.get("longitude"));
            }
        }
        let address = match object.text("ipAddress") {
            text if text.is_empty() => envelope.map_or(Cow::Borrowed(""), |e| e.text("callerIpAddress")),
            text => text,
        };
        row.set("IPAddress", Value::String(address::canonical(&address).unwrap_or_else(|| address.into_owned())));
        coded(&mut row, object, "RiskLevelAggregated", "riskLevelAggregated", RISK_LEVELS);
        coded(&mut row, object, "RiskLevelDuringSignIn", "riskLevelDuringSignIn", RISK_LEVELS);
        coded(&mut row, object, "RiskState", "riskState", RISK_STATES);
        coded(&mut row, object, "ConditionalAccessStatus", "conditionalAccessStatus", POLICY_STATUS);
        // The codes of risk details and token issuers are not published: only numbers are taken.
        row.json("RiskDetails", object.get("riskDetail"));
        row.json("TokenIssuerType", object.get("tokenIssuerType"));
        let (home, resource) = (object.text("homeTenantId"), object.text("resourceTenantId"));
        let external = match (home.is_empty(), resource.is_empty()) {
            (false, false) => i64::from(!home.eq_ignore_ascii_case(&resource)),
            _ => -1,
        };
        row.set("IsExternalUser", Value::Long(external));
        match object.text("userType").to_ascii_lowercase().as_str() {
            "guest" => row.set("IsGuestUser", Value::Bool(true)),
            "member" => row.set("IsGuestUser", Value::Bool(false)),
            _ => {}
        }
        let service = object.text("servicePrincipalName");
        if row.is_empty("AccountDisplayName") && !service.is_empty() {
            self.service.fetch_add(1, Ordering::Relaxed);
            row.text("AccountDisplayName", service);
            row.json("AccountObjectId", object.get("servicePrincipalId"));
        }
        keyed_by_request(row)
    }

    fn change(&self, object: &Object<'_>, position: u64) -> Mapped {
        let Some(time) = instant(&object.text("activityDateTime")) else {
            return Mapped::Reject(unreadable_time(&object.text("activityDateTime")));
        };
        let mut row = self.changes.row(Rank::Record, position);
        row.set("TimeGenerated", Value::DateTime(time));
        row.set("ActivityDateTime", Value::DateTime(time));
        for (column, member) in [
            ("Id", "id"),
            ("ActivityDisplayName", "activityDisplayName"),
            ("OperationName", "activityDisplayName"),
            ("Category", "category"),
            ("CorrelationId", "correlationId"),
            ("InitiatedBy", "initiatedBy"),
            ("LoggedByService", "loggedByService"),
            ("AADOperationType", "operationType"),
            ("Result", "result"),
            ("ResultReason", "resultReason"),
            ("TargetResources", "targetResources"),
            ("AdditionalDetails", "additionalDetails"),
        ] {
            row.json(column, object.get(member));
        }
        row.set("Type", Value::String("AuditLogs".to_owned()));
        row.keyed()
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        match self.service.load(Ordering::Relaxed) {
            0 => Vec::new(),
            count => vec![format!("sign-ins of service principals, not of users: {count}")],
        }
    }
}

/// A sign-in is the same sign-in by its request id alone.
pub(crate) fn keyed_by_request(row: Filling<'_>) -> Mapped {
    match super::audit::key(row.get("RequestId")) {
        Some(key) => row.keyed_by(key),
        None => row.keyed(),
    }
}

fn unreadable_time(text: &str) -> String {
    match text {
        "" => "it has no time".to_owned(),
        text => format!("its time `{}` cannot be read", shown(text, 40)),
    }
}

/// Interactive or not: beta lists the kinds of the sign-in, v1.0 has a truth value, diagnostic settings a category.
fn logon_type(object: &Object<'_>, envelope: Option<&Object<'_>>) -> Value {
    if let Some(kinds) = object.get("signInEventTypes")
        && let Ok(kinds) = serde_json::from_str::<Vec<String>>(kinds.get())
        && !kinds.is_empty()
    {
        return Value::String(kinds.join(", "));
    }
    let category = envelope.map_or(Cow::Borrowed(""), |e| e.text("category"));
    let word = match (object.get("isInteractive").map(RawValue::get), category.as_ref()) {
        (_, "ServicePrincipalSignInLogs") => "servicePrincipal",
        (_, "ManagedIdentitySignInLogs") => "managedIdentity",
        (_, "NonInteractiveUserSignInLogs") | (Some("false"), _) => "nonInteractiveUser",
        (Some("true"), _) => "interactiveUser",
        _ => return Value::Null,
    };
    Value::String(word.to_owned())
}

type Codes = &'static [(&'static str, i64)];

pub(crate) const RISK_LEVELS: Codes = &[("none", 1), ("low", 10), ("medium", 50), ("high", 100), ("hidden", 0)];
pub(crate) const RISK_STATES: Codes = &[
    ("none", 0),
    ("confirmedSafe", 1),
    ("remediated", 2),
    ("dismissed", 3),
    ("atRisk", 4),
    ("confirmedCompromised", 5),
];
pub(crate) const POLICY_STATUS: Codes = &[("success", 0), ("failure", 1), ("notApplied", 2)];

fn coded(row: &mut Filling<'_>, object: &Object<'_>, column: &str, member: &str, codes: Codes) {
    let text = object.text(member);
    if let Some(code) = code(&text, codes) {
        row.set(column, Value::Long(code));
    }
}

/// The code of a word, blanks and case aside; a number is a code already.
pub(crate) fn code(text: &str, codes: Codes) -> Option<i64> {
    let word: String = text.split_whitespace().collect();
    word.parse().ok().or_else(|| codes.iter().find(|(w, _)| w.eq_ignore_ascii_case(&word)).map(|(_, code)| *code))
}
