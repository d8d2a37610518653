//! Sign-ins as the Graph lists them, newest first, packed with gzip.

use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{Output, Rows};
use crate::LabError;
use crate::audit::EXCHANGE;
use crate::tenant::Tenant;
use crate::timeline::{Outcome, SignIn};

pub(super) fn write(tenant: &Tenant) -> Result<Vec<Output>, LabError> {
    let mut text = String::from("{\"value\":[");
    for (index, sign_in) in tenant.timeline.sign_ins.iter().rev().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&serde_json::to_string(&item(tenant, sign_in))?);
    }
    text.push_str("\n]}\n");
    let path = "entra/SignInLogs.json.gz".to_owned();
    let failed = |source| LabError::Write { path: PathBuf::from("entra/SignInLogs.json.gz"), source };
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(text.as_bytes()).map_err(failed)?;
    let bytes = packer.finish().map_err(failed)?;
    Ok(vec![Output { path, bytes, rows: Rows::SignIns(tenant.timeline.sign_ins.len()) }])
}

fn item(tenant: &Tenant, sign_in: &SignIn) -> Value {
    let person = &sign_in.person;
    let place = &sign_in.place;
    let device = &sign_in.device;
    let (code, _, reason) = sign_in.outcome.describe();
    let good = sign_in.outcome == Outcome::Success;
    let known = !device.id.is_empty();
    let factors = if sign_in.second_factor { "multiFactorAuthentication" } else { "singleFactorAuthentication" };
    let details = if good && sign_in.second_factor { "MFA requirement satisfied by claim in the token" } else { "" };
    let at_risk = sign_in.risk != "none";
    json!({
        "id": sign_in.id,
        "createdDateTime": sign_in.time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "userDisplayName": person.name,
        "userPrincipalName": person.upn,
        "userId": person.object_id,
        "appId": sign_in.app.id,
        "appDisplayName": sign_in.app.name,
        "ipAddress": place.ip,
        "clientAppUsed": sign_in.app.client,
        "userAgent": device.agent,
        "correlationId": sign_in.correlation,
        "conditionalAccessStatus": match (good, sign_in.second_factor) {
            (true, true) => "success",
            (false, true) => "failure",
            _ => "notApplied",
        },
        "appliedConditionalAccessPolicies": [],
        "isInteractive": sign_in.interactive,
        "signInEventTypes": [if sign_in.interactive { "interactiveUser" } else { "nonInteractiveUser" }],
        "authenticationRequirement": factors,
        "sessionId": sign_in.session,
        "uniqueTokenIdentifier": sign_in.token,
        "riskDetail": "none",
        "riskLevelAggregated": sign_in.risk,
        "riskLevelDuringSignIn": sign_in.risk,
        "riskState": if at_risk { "atRisk" } else { "none" },
        "riskEventTypes": sign_in.risk_events,
        "riskEventTypes_v2": sign_in.risk_events,
        "resourceDisplayName": "Office 365 Exchange Online",
        "resourceId": EXCHANGE,
        "resourceTenantId": tenant.world.organisation.tenant,
        "homeTenantId": tenant.world.organisation.tenant,
        "autonomousSystemNumber": place.network,
        "status": {"errorCode": code, "failureReason": reason, "additionalDetails": details},
        "deviceDetail": {
            "deviceId": device.id,
            "displayName": device.name,
            "operatingSystem": device.system,
            "browser": device.browser,
            "isCompliant": device.managed,
            "isManaged": device.managed,
            "trustType": if device.managed { json!("Azure AD joined") } else if known { json!("Azure AD registered") } else { Value::Null },
        },
        "location": {
            "city": place.city,
            "state": place.state,
            "countryOrRegion": place.country,
            "geoCoordinates": {"altitude": null, "latitude": place.latitude, "longitude": place.longitude},
        },
    })
}
