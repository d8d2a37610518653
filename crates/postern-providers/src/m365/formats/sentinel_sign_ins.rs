//! `SigninLogs` of a Log Analytics workspace, and its sisters for other kinds of sign-ins: JSON, or CSV of the portal.

use postern_ingest::{Format, FormatInfo, Head, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
use postern_model::schema::Schemas;

use crate::m365::entra::EntraRows;
use crate::m365::object::{Object, push_quoted};
use crate::m365::when::DateOrder;
use crate::m365::workspace;

/// Read as the sign-in that the Graph API gives, with its members put back under the names they have there.
pub(super) struct SentinelSignIns;

impl Format for SentinelSignIns {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "sentinel_sign_ins",
            summary: "SigninLogs rows of a Log Analytics workspace",
            tables: &["EntraIdSignInEvents"],
        }
    }

    fn recognise(&self, head: &Head) -> Option<Recognised> {
        let reader = match head {
            Head::Json(_) => Reader::Json,
            Head::Delimited(_) => Reader::Delimited,
            Head::Other(_) => return None,
        };
        let fits = workspace::have(head, &["TimeGenerated", "ResultType", "IPAddress"])
            && ["UserPrincipalName", "ServicePrincipalId", "UserId"].iter().any(|name| workspace::have(head, &[name]))
            && ["AppDisplayName", "AppId", "ResourceDisplayName"].iter().any(|name| workspace::have(head, &[name]));
        fits.then(|| Recognised::new(reader, 82, "the columns TimeGenerated, ResultType, IPAddress and AppDisplayName"))
    }

    fn open(&self, _: &Head, schemas: &Schemas) -> Result<Box<dyn Mapper>, MissingTable> {
        Ok(Box::new(SignInsMapper { rows: EntraRows::new(schemas)?, order: DateOrder::default() }))
    }
}

const TIMES: &[&str] = &["TimeGenerated", "CreatedDateTime"];

/// Member of the Graph API, columns of the workspace: the first that is filled.
const MEMBERS: &[(&str, &[&str])] = &[
    ("createdDateTime", &["CreatedDateTime", "TimeGenerated"]),
    ("id", &["Id", "OriginalRequestId"]),
    ("appDisplayName", &["AppDisplayName"]),
    ("appId", &["AppId"]),
    ("correlationId", &["CorrelationId"]),
    ("sessionId", &["SessionId"]),
    ("userDisplayName", &["UserDisplayName", "Identity"]),
    ("userId", &["UserId"]),
    ("userPrincipalName", &["UserPrincipalName"]),
    ("alternateSignInName", &["AlternateSignInName"]),
    ("resourceDisplayName", &["ResourceDisplayName"]),
    ("resourceId", &["ResourceIdentity"]),
    ("resourceTenantId", &["ResourceTenantId"]),
    ("homeTenantId", &["HomeTenantId"]),
    ("authenticationRequirement", &["AuthenticationRequirement"]),
    ("authenticationProcessingDetails", &["AuthenticationProcessingDetails"]),
    ("userAgent", &["UserAgent"]),
    ("clientAppUsed", &["ClientAppUsed"]),
    ("appliedConditionalAccessPolicies", &["ConditionalAccessPolicies", "AppliedConditionalAccessPolicies"]),
    ("conditionalAccessStatus", &["ConditionalAccessStatus"]),
    ("networkLocationDetails", &["NetworkLocationDetails"]),
    ("uniqueTokenIdentifier", &["UniqueTokenIdentifier"]),
    ("riskEventTypes_v2", &["RiskEventTypes_V2", "RiskEventTypes"]),
    ("riskLevelAggregated", &["RiskLevelAggregated"]),
    ("riskLevelDuringSignIn", &["RiskLevelDuringSignIn"]),
    ("riskState", &["RiskState"]),
    ("deviceDetail", &["DeviceDetail"]),
    ("location", &["LocationDetails"]),
    ("ipAddress", &["IPAddress"]),
    ("userType", &["UserType"]),
    ("servicePrincipalId", &["ServicePrincipalId"]),
    ("servicePrincipalName", &["ServicePrincipalName"]),
];

/// Category of diagnostic settings, by the table's name: tables other than `SigninLogs` do not fill the column always.
const CATEGORIES: &[(&str, &str)] = &[
    ("AADNonInteractiveUserSignInLogs", "NonInteractiveUserSignInLogs"),
    ("AADServicePrincipalSignInLogs", "ServicePrincipalSignInLogs"),
    ("AADManagedIdentitySignInLogs", "ManagedIdentitySignInLogs"),
];

struct SignInsMapper {
    rows: EntraRows,
    order: DateOrder,
}

impl SignInsMapper {
    fn one(&self, record: &Record<'_>, last_chance: bool) -> Mapped {
        let Some(text) = workspace::object(record, TIMES, &self.order, last_chance) else { return Mapped::Later };
        let row = match Object::parse(&text) {
            Ok(row) => row,
            Err(reason) => return Mapped::Reject(reason),
        };
        let mut graph = String::from("{");
        let mut member = |name: &str, value: &str| {
            if graph.len() > 1 {
                graph.push(',');
            }
            push_quoted(&mut graph, name);
            graph.push(':');
            graph.push_str(value);
        };
        for (name, columns) in MEMBERS {
            let filled = columns.iter().filter_map(|column| row.get(column)).find(|value| value.get() != "\"\"");
            if let Some(value) = filled {
                // Objects and lists are texts in CSV, and some are in JSON.
                match row.json(columns.first().unwrap_or(name)) {
                    Some(nested) if serde_json::from_str::<&serde_json::value::RawValue>(&nested).is_ok() => {
                        member(name, &nested);
                    }
                    _ => member(name, value.get()),
                }
            }
        }
        let error = row.text("ResultType");
        if let Ok(code) = error.trim().parse::<i64>() {
            member("status", &format!("{{\"errorCode\":{code}}}"));
        } else if let Some(status) = row.json("Status") {
            member("status", &status);
        }
        let kind = row.text("Type");
        let category = row.text("Category");
        let category = CATEGORIES.iter().find(|(table, _)| *table == kind).map_or(category.as_ref(), |(_, name)| name);
        let interactive = row.text("IsInteractive");
        if interactive.eq_ignore_ascii_case("true") || interactive.eq_ignore_ascii_case("false") {
            member("isInteractive", &interactive.to_ascii_lowercase());
        } else if category == "SignInLogs" || kind == "SigninLogs" {
            member("isInteractive", "true");
        }
        graph.push('}');
        self.rows.map_row(&graph, category, record.position)
    }
}

impl Mapper for SignInsMapper {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, false)
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.one(record, true)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.rows.notes();
        notes.extend(self.order.note());
        notes
    }
}
