//! Sign-ins and directory changes from the Graph API, diagnostic settings, a workspace, and the portal.

use serde_json::{Value, json};

use crate::texts::{Row, array, each, lines, table};
use crate::{Set, Shape};

const SIGN_INS: &[&str] = &[
    "Timestamp",
    "RequestId",
    "Application",
    "ApplicationId",
    "AccountUpn",
    "AccountObjectId",
    "IPAddress",
    "ErrorCode",
    "Country",
    "State",
    "City",
    "Browser",
    "OSPlatform",
    "ClientAppUsed",
    "CorrelationId",
];

fn sign_ins() -> Vec<Value> {
    let one = |n: u32, code: u32, user: &str, address: &str| {
        json!({"id": format!("0a0a0a0a-0000-4000-8000-0000000000{n:02}"), "createdDateTime": format!("2026-03-{:02}T10:01:00Z", n + 10),
            "userDisplayName": "Ann", "userPrincipalName": user, "userId": "33333333-3333-3333-3333-333333333333",
            "appId": "44444444-4444-4444-4444-444444444444", "appDisplayName": "Outlook; Web, \"new\"",
            "ipAddress": address, "clientAppUsed": "Browser", "correlationId": "22222222-2222-2222-2222-222222222222",
            "isInteractive": true, "resourceDisplayName": "Exchange", "status": {"errorCode": code},
            "location": {"city": "Lyon", "state": "Rhône", "countryOrRegion": "FR"},
            "deviceDetail": {"browser": "Edge 122", "operatingSystem": "Windows10"}})
    };
    vec![
        one(1, 0, "ann@contoso.example", "192.0.2.10"),
        one(2, 50126, "bob@contoso.example", "2001:db8::1038"),
        one(3, 50053, "carl@contoso.example", "198.51.100.7"),
    ]
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn enveloped(record: &Value, category: &str) -> Value {
    json!({"time": "2026-03-20T00:00:00Z", "resourceId": "/tenants/x", "operationName": "x", "category": category,
        "resultType": text(&record["status"]["errorCode"]), "callerIpAddress": record["ipAddress"], "properties": record})
}

/// The row of the workspace; objects are texts.
fn workspace(record: &Value) -> Row {
    vec![
        ("TenantId", "t".to_owned()),
        ("TimeGenerated", text(&record["createdDateTime"])),
        ("Id", text(&record["id"])),
        ("ResultType", text(&record["status"]["errorCode"])),
        ("AppDisplayName", text(&record["appDisplayName"])),
        ("AppId", text(&record["appId"])),
        ("UserPrincipalName", text(&record["userPrincipalName"])),
        ("UserId", text(&record["userId"])),
        ("IPAddress", text(&record["ipAddress"])),
        ("ClientAppUsed", text(&record["clientAppUsed"])),
        ("CorrelationId", text(&record["correlationId"])),
        ("LocationDetails", serde_json::to_string_pretty(&record["location"]).unwrap()),
        ("DeviceDetail", text(&record["deviceDetail"])),
        ("Type", "SigninLogs".to_owned()),
    ]
}

fn portal(record: &Value) -> Row {
    let code = text(&record["status"]["errorCode"]);
    vec![
        ("Date (UTC)", text(&record["createdDateTime"])),
        ("Request ID", text(&record["id"])),
        ("Correlation ID", text(&record["correlationId"])),
        ("User ID", text(&record["userId"])),
        ("User", "Ann".to_owned()),
        ("Username", text(&record["userPrincipalName"])),
        ("Application", text(&record["appDisplayName"])),
        ("Application ID ", text(&record["appId"])),
        ("IP address", text(&record["ipAddress"])),
        ("Location", "Lyon, Rhône, FR".to_owned()),
        ("Status", if code == "0" { "Success" } else { "Failure" }.to_owned()),
        ("Sign-in error code", if code == "0" { String::new() } else { code }),
        ("Client app", text(&record["clientAppUsed"])),
        ("Browser", "Edge 122".to_owned()),
        ("Operating System", "Windows10".to_owned()),
        ("Incoming token type", "None".to_owned()),
        ("Incoming token type", "None".to_owned()),
    ]
}

fn objects(rows: &[Row]) -> Vec<Value> {
    let object = |row: &Row| Value::Object(row.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect());
    rows.iter().map(object).collect()
}

/// As the workspace's portal writes times in the United States.
fn american(rows: &[Row]) -> Vec<Row> {
    let change = |(name, text): &(&'static str, String)| match *name {
        "TimeGenerated" => ("TimeGenerated [UTC]", format!("3/{}/2026, 10:01:00.000 AM", &text[8..10])),
        name => (name, text.clone()),
    };
    rows.iter().map(|row| row.iter().map(change).collect()).collect()
}

pub(crate) fn set() -> Set {
    let records = sign_ins();
    let mut shapes = vec![Shape::new("Graph lines", "graph_sign_ins_json", lines(&records))];
    let mut add = |name: &str, format, text| shapes.push(Shape::new(name, format, text));
    add("Graph page", "graph_sign_ins_json", json!({"value": records}).to_string());
    let pages: Vec<String> = records.chunks(2).map(array).collect();
    add("Graph, an array for each page", "graph_sign_ins_json", pages.join("\r\n"));
    let settings = each(&records, |record| enveloped(record, "SignInLogs"));
    add("diagnostic settings, lines", "entra_diagnostic_json", lines(&settings));
    add("diagnostic settings, event hub", "entra_diagnostic_json", json!({"records": settings}).to_string());
    let rows: Vec<Row> = records.iter().map(workspace).collect();
    add("workspace, lines", "sentinel_sign_ins", lines(&objects(&rows)));
    for delimiter in [',', ';', '\t'] {
        add(&format!("workspace, {delimiter:?}"), "sentinel_sign_ins", table(&rows, delimiter, true));
        add(
            &format!("workspace's portal, {delimiter:?}"),
            "sentinel_sign_ins",
            table(&american(&rows), delimiter, true),
        );
        let rows: Vec<Row> = records.iter().map(portal).collect();
        add(&format!("portal, {delimiter:?}"), "entra_sign_ins_csv", table(&rows, delimiter, false));
    }
    Set { table: "EntraIdSignInEvents", count: records.len(), columns: Some(SIGN_INS), shapes }
}

const CHANGES: &[&str] = &[
    "TimeGenerated",
    "ActivityDateTime",
    "Id",
    "ActivityDisplayName",
    "OperationName",
    "Category",
    "CorrelationId",
    "LoggedByService",
    "Result",
    "InitiatedBy",
    "TargetResources",
];

pub(crate) fn changes() -> Set {
    let one = |n: u32| {
        json!({"id": format!("Directory_{n}"), "activityDateTime": format!("2026-03-{:02}T10:01:00Z", n + 12),
            "activityDisplayName": "Update application – Certificates and secrets management ", "category": "ApplicationManagement",
            "correlationId": "c", "loggedByService": "Core Directory", "result": "success",
            "initiatedBy": {"user": {"userPrincipalName": "ann@contoso.example"}},
            "targetResources": [{"displayName": "a;b,c\t\"d\"\n", "type": "Application"}]})
    };
    let records = vec![one(1), one(2)];
    let mut shapes = vec![Shape::new("Graph lines", "graph_directory_audits_json", lines(&records))];
    let mut add = |name: &str, format, text| shapes.push(Shape::new(name, format, text));
    add("Graph page", "graph_directory_audits_json", json!({"value": records}).to_string());
    let settings = each(&records, |record| enveloped(record, "AuditLogs"));
    add("diagnostic settings", "entra_diagnostic_json", lines(&settings));
    let row = |record: &Value| -> Row {
        vec![
            ("TenantId", "t".to_owned()),
            ("TimeGenerated", text(&record["activityDateTime"])),
            ("ActivityDateTime", text(&record["activityDateTime"])),
            ("Id", text(&record["id"])),
            ("OperationName", text(&record["activityDisplayName"])),
            ("ActivityDisplayName", text(&record["activityDisplayName"])),
            ("Category", text(&record["category"])),
            ("CorrelationId", text(&record["correlationId"])),
            ("LoggedByService", text(&record["loggedByService"])),
            ("Result", text(&record["result"])),
            ("InitiatedBy", text(&record["initiatedBy"])),
            ("TargetResources", text(&record["targetResources"])),
        ]
    };
    let rows: Vec<Row> = records.iter().map(row).collect();
    add("workspace, lines", "sentinel_audit_logs", lines(&objects(&rows)));
    for delimiter in [',', ';', '\t'] {
        add(&format!("workspace, {delimiter:?}"), "sentinel_audit_logs", table(&rows, delimiter, true));
        add(
            &format!("workspace's portal, {delimiter:?}"),
            "sentinel_audit_logs",
            table(&american(&rows), delimiter, true),
        );
    }
    Set { table: "AuditLogs", count: records.len(), columns: Some(CHANGES), shapes }
}
