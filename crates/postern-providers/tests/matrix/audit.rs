//! Audit records in the shapes of portals, cmdlets, collectors, workspaces and shippers.

use serde_json::{Map, Value, json};

use crate::texts::{Row, array, each, lines, table};
use crate::{Set, Shape, gives, read, rows};

/// Records with accents, quotes, delimiters, line ends and signs of old and new dates in them.
fn records() -> Vec<Value> {
    let id = |n: u32| format!("0a0a0a0a-0000-4000-8000-0000000000{n:02}");
    vec![
        json!({"CreationTime": "2026-03-04T22:09:55", "Id": id(1), "Operation": "New-InboxRule",
            "OrganizationId": "11111111-1111-1111-1111-111111111111", "RecordType": 1, "ResultStatus": "True",
            "UserKey": "1003200000000001", "UserType": 2, "Workload": "Exchange", "ClientIP": "192.0.2.10:52378",
            "ObjectId": "ann\\Boîte de réception", "UserId": "ann@contoso.example", "ExternalAccess": false,
            "Parameters": [{"Name": "Name", "Value": "a;b,c\td \"e\""}, {"Name": "ForwardTo", "Value": "drop@example.com"},
                {"Name": "ForwardingSmtpAddress", "Value": ""}]}),
        json!({"CreationTime": "2026-03-18T05:01:00", "Id": id(2), "Operation": "UserLoggedIn",
            "OrganizationId": "11111111-1111-1111-1111-111111111111", "RecordType": 15, "ResultStatus": "Success",
            "UserKey": "33333333-3333-3333-3333-333333333333", "UserType": 0, "Workload": "AzureActiveDirectory",
            "ClientIP": "2001:db8::1038", "ObjectId": "00000002-0000-0ff1-ce00-000000000000",
            "UserId": "ann@contoso.example"}),
        json!({"CreationTime": "2026-03-05T23:59:59", "Id": id(3),
            "Operation": "Update application – Certificates and secrets management ",
            "OrganizationId": "11111111-1111-1111-1111-111111111111", "RecordType": 8, "ResultStatus": "Success",
            "UserKey": "k", "UserType": 0, "Workload": "AzureActiveDirectory", "ObjectId": "日本語\nsecond line",
            "UserId": "ServicePrincipal_44444444-4444-4444-4444-444444444444"}),
        json!({"CreationTime": "2026-03-12T00:00:01", "Id": id(4), "Operation": "Set-Mailbox",
            "OrganizationId": "11111111-1111-1111-1111-111111111111", "RecordType": 1, "ResultStatus": "True",
            "UserKey": "k", "UserType": 3, "Workload": "Exchange", "ClientIP": "[2001:db8::9]:30943",
            "ObjectId": "x", "UserId": "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)", "ExternalAccess": true,
            "Parameters": [{"Name": "Identity", "Value": "x"}]}),
    ]
}

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record[name].as_str().unwrap_or_default()
}

const RECORD_TYPES: &[(i64, &str)] =
    &[(1, "ExchangeAdmin"), (8, "AzureActiveDirectory"), (15, "AzureActiveDirectoryStsLogon")];
const USER_TYPES: &[(i64, &str)] = &[(0, "Regular"), (2, "Admin"), (3, "DcAdmin")];

fn named(names: &'static [(i64, &str)], number: &Value) -> &'static str {
    names.iter().find(|(n, _)| Some(*n) == number.as_i64()).unwrap().1
}

/// `2026-03-04T22:09:55` in the notations of the world. The set has days above 12, so each file tells its order.
type Notation = fn(&Time) -> String;

struct Time {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
}

fn time(record: &Value) -> Time {
    let text = text(record, "CreationTime");
    let number = |from: usize, to: usize| text[from..to].parse().unwrap();
    Time {
        year: number(0, 4),
        month: number(5, 7),
        day: number(8, 10),
        hour: number(11, 13),
        minute: number(14, 16),
        second: number(17, 19),
    }
}

impl Time {
    fn half(&self) -> (u32, bool) {
        ((self.hour + 11) % 12 + 1, self.hour >= 12)
    }

    fn millis(&self) -> i64 {
        // March 2026 began 1,772,323,200 seconds after the epoch.
        let seconds = i64::from(((self.day - 1) * 24 + self.hour) * 60 + self.minute) * 60 + i64::from(self.second);
        (1_772_323_200 + seconds) * 1000
    }
}

const NOTATIONS: &[(&str, Notation)] = &[
    ("ISO", |t| format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", t.year, t.month, t.day, t.hour, t.minute, t.second)),
    ("ISO with Z", |t| {
        format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.year, t.month, t.day, t.hour, t.minute, t.second)
    }),
    ("Purview of 2026, with a blank behind", |t| {
        format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.0000000Z ", t.year, t.month, t.day, t.hour, t.minute, t.second)
    }),
    ("offset", |t| {
        format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.0000000+00:00", t.year, t.month, t.day, t.hour, t.minute, t.second)
    }),
    ("en-US", |t| {
        let (hour, afternoon) = t.half();
        let half = if afternoon { "PM" } else { "AM" };
        format!("{}/{}/{} {hour}:{:02}:{:02} {half}", t.month, t.day, t.year, t.minute, t.second)
    }),
    ("en-AU", |t| format!("{:02}/{:02}/{} {:02}:{:02}:{:02}", t.day, t.month, t.year, t.hour, t.minute, t.second)),
    ("de", |t| format!("{:02}.{:02}.{} {:02}:{:02}:{:02}", t.day, t.month, t.year, t.hour, t.minute, t.second)),
    ("sv", |t| format!("{}-{:02}-{:02} {:02}:{:02}:{:02}", t.year, t.month, t.day, t.hour, t.minute, t.second)),
    ("nl", |t| format!("{:02}-{:02}-{} {:02}:{:02}:{:02}", t.day, t.month, t.year, t.hour, t.minute, t.second)),
    ("es", |t| {
        let (hour, afternoon) = t.half();
        let half = if afternoon { "p.\u{a0}m." } else { "a.\u{a0}m." };
        format!("{:02}/{:02}/{} {hour}:{:02}:{:02}\u{a0}{half}", t.day, t.month, t.year, t.minute, t.second)
    }),
    ("ja", |t| format!("{}/{}/{} {}:{:02}:{:02}", t.year, t.month, t.day, t.hour, t.minute, t.second)),
    ("PowerShell 5.1", |t| format!("/Date({})/", t.millis())),
    ("PowerShell 5.1 without its slashes", |t| format!("Date({})", t.millis())),
];

fn iso(record: &Value) -> String {
    NOTATIONS[0].1(&time(record))
}

fn american(record: &Value) -> String {
    NOTATIONS[4].1(&time(record))
}

fn purview(record: &Value, date: String) -> Row {
    vec![
        ("RecordId", text(record, "Id").to_owned()),
        ("CreationDate", date),
        ("RecordType", record["RecordType"].to_string()),
        ("Operation", text(record, "Operation").to_owned()),
        ("UserId", text(record, "UserId").to_owned()),
        ("AuditData", record.to_string()),
        ("AssociatedAdminUnits", String::new()),
        ("AssociatedAdminUnitsNames", String::new()),
    ]
}

fn search(record: &Value, date: String, data: String) -> Row {
    vec![
        ("RecordType", named(RECORD_TYPES, &record["RecordType"]).to_owned()),
        ("CreationDate", date),
        ("UserIds", text(record, "UserId").to_owned()),
        ("Operations", text(record, "Operation").to_owned()),
        ("AuditData", data),
        ("ResultIndex", "1".to_owned()),
        ("ResultCount", "4".to_owned()),
        ("Identity", text(record, "Id").to_owned()),
        ("IsValid", "True".to_owned()),
        ("ObjectState", "Unchanged".to_owned()),
    ]
}

fn remote(record: &Value) -> Row {
    let mut row = search(record, american(record), record.to_string());
    row.reverse();
    for name in ["PSComputerName", "RunspaceId", "PSShowComputerName"] {
        row.insert(2, (name, "x".to_owned()));
    }
    row
}

fn splunk(record: &Value) -> Row {
    let mut row = vec![("AuditData", record.to_string())];
    let search = search(record, american(record), String::new());
    row.extend(search.into_iter().filter(|(name, _)| *name != "AuditData"));
    let raw = record.to_string().replace('"', "\"\"");
    let others = [("_raw", raw), ("_time", "x".to_owned()), ("host", "h".to_owned()), ("meta", String::new())];
    row.extend(others);
    row
}

/// As tools print it that have turned numbers to names.
fn pretty(record: &Value) -> String {
    let mut record = record.clone();
    record["RecordType"] = json!(named(RECORD_TYPES, &record["RecordType"]));
    record["UserType"] = json!(named(USER_TYPES, &record["UserType"]));
    serde_json::to_string_pretty(&record).unwrap().replace('\n', "\r\n")
}

fn graph(record: &Value) -> Value {
    let mut data = record.clone();
    data["CreationTime"] = json!(format!("{}Z", iso(record)));
    data["RecordType@odata.type"] = json!("#Int64");
    json!({"id": record["Id"], "createdDateTime": format!("{}Z", iso(record)),
        "auditLogRecordType": named(RECORD_TYPES, &record["RecordType"]), "operation": record["Operation"],
        "organizationId": record["OrganizationId"], "userType": named(USER_TYPES, &record["UserType"]),
        "userId": record["UserKey"], "service": record["Workload"], "objectId": record["ObjectId"],
        "userPrincipalName": record["UserId"], "clientIp": null, "administrativeUnits": [""], "auditData": data})
}

fn graph_cells(record: &Value) -> Row {
    const NAMES: [&str; 13] = [
        "id",
        "createdDateTime",
        "auditLogRecordType",
        "operation",
        "organizationId",
        "userType",
        "userId",
        "service",
        "objectId",
        "userPrincipalName",
        "clientIp",
        "administrativeUnits",
        "auditData",
    ];
    let row = graph(record);
    let cell = |name: &'static str| match &row[name] {
        Value::String(text) => (name, text.clone()),
        Value::Object(_) => (name, serde_json::to_string_pretty(&row[name]).unwrap()),
        _ => (name, String::new()),
    };
    NAMES.into_iter().map(cell).collect()
}

fn wrapped(record: &Value, date: Value, data: Value) -> Value {
    json!({"RecordType": named(RECORD_TYPES, &record["RecordType"]), "CreationDate": date, "UserIds": record["UserId"],
        "Operations": record["Operation"], "ResultIndex": 1, "ResultCount": 4, "Identity": record["Id"],
        "IsValid": true, "ObjectState": "Unchanged", "AuditData": data})
}

/// Keys in lower case, and numbers and truth values as texts: what shippers make of records.
fn changed(record: &Value, lower: bool, texts: bool) -> Value {
    match record {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                (if lower { name.to_lowercase() } else { name.clone() }, changed(value, lower, texts))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(values) => values.iter().map(|value| changed(value, lower, texts)).collect(),
        Value::Number(number) if texts => json!(number.to_string()),
        Value::Bool(value) if texts => json!(if *value { "True" } else { "False" }),
        other => other.clone(),
    }
}

/// Shapes that keep the whole record.
pub(crate) fn whole() -> Set {
    let records = records();
    let (first, second) = records.split_at(2);
    let mut shapes = vec![Shape::new("lines", "audit_data_json", lines(&records))];
    let mut add = |name: &str, format, text| shapes.push(Shape::new(name, format, text));
    add("lines with blank ones between", "audit_data_json", lines(&records).replace('\n', "\r\n\r\n"));
    add("lines with marks between chunks", "audit_data_json", format!("{}\u{feff}{}", lines(first), lines(second)));
    add("a content blob", "audit_data_json", array(&records));
    add("a content blob over many lines", "audit_data_json", serde_json::to_string_pretty(&records).unwrap());
    add("appended arrays", "audit_data_json", format!("{}\r\n\n{}", array(first), array(second)));
    add("appended arrays without a break", "audit_data_json", format!("{}{}", array(first), array(second)));
    add("appended arrays with a mark", "audit_data_json", format!("{}\r\n\u{feff}{}", array(first), array(second)));
    let stripped = array(&records);
    add("an array without its brackets", "audit_data_json", stripped[1..stripped.len() - 1].to_owned());
    add("names in lower case", "audit_data_json", lines(&each(&records, |r| changed(r, true, false))));
    for delimiter in [',', ';', '\t'] {
        for (notation, write) in NOTATIONS {
            let rows: Vec<Row> = records.iter().map(|r| purview(r, write(&time(r)))).collect();
            let name = format!("Purview, {delimiter:?}, {notation}");
            add(&name, "purview_audit_csv", table(&rows, delimiter, false));
        }
        let rows: Vec<Row> = records.iter().map(|r| search(r, american(r), r.to_string())).collect();
        let text = table(&rows, delimiter, true);
        add(&format!("search, {delimiter:?}"), "search_unified_audit_log_csv", text.clone());
        let class = "#TYPE Deserialized.Microsoft.Exchange.Data.ApplicationLogic.UnifiedAuditLogEvent\r\n";
        add(&format!("search, {delimiter:?}, #TYPE"), "search_unified_audit_log_csv", format!("{class}{text}"));
        let pretty: Vec<Row> = records.iter().map(|r| search(r, american(r), pretty(r))).collect();
        add(
            &format!("search, {delimiter:?}, over many lines"),
            "search_unified_audit_log_csv",
            table(&pretty, delimiter, true),
        );
        let halves: Vec<String> = [&rows[..2], &rows[2..]].iter().map(|rows| table(rows, delimiter, true)).collect();
        add(&format!("search, {delimiter:?}, header again"), "search_unified_audit_log_csv", halves.concat());
        add(
            &format!("search, {delimiter:?}, mark and header again"),
            "search_unified_audit_log_csv",
            halves.join("\u{feff}"),
        );
        let columns: Vec<Row> = records.iter().map(remote).collect();
        add(
            &format!("remote session, {delimiter:?}"),
            "search_unified_audit_log_csv",
            table(&columns, delimiter, true),
        );
        let columns: Vec<Row> = records.iter().map(splunk).collect();
        add(&format!("Splunk, {delimiter:?}"), "search_unified_audit_log_csv", table(&columns, delimiter, false));
        let columns: Vec<Row> = records.iter().map(graph_cells).collect();
        add(&format!("Graph, {delimiter:?}"), "graph_audit_query_csv", table(&columns, delimiter, true));
        let old: Vec<Row> = records
            .iter()
            .map(|r| {
                let row = search(r, iso(r), r.to_string());
                row.into_iter()
                    .filter(|(n, _)| ["CreationDate", "UserIds", "Operations", "AuditData"].contains(n))
                    .collect()
            })
            .collect();
        add(&format!("older portal, {delimiter:?}"), "search_unified_audit_log_csv", table(&old, delimiter, false));
    }
    let nested = each(&records, |r| wrapped(r, json!(american(r)), r.clone()));
    add("cmdlet rows", "search_unified_audit_log_json", array(&nested));
    let half: Vec<String> = nested.chunks(2).map(array).collect();
    add("cmdlet rows, appended arrays", "search_unified_audit_log_json", half.join("\r\n\n"));
    let texts = each(&records, |r| wrapped(r, json!(format!("/Date({})/", time(r).millis())), json!(r.to_string())));
    add("cmdlet rows with texts, lines", "search_unified_audit_log_json", lines(&texts));
    let dates = each(&records, |r| {
        let value = format!("/Date({})/", time(r).millis());
        wrapped(r, json!({"value": value, "DisplayHint": 2, "DateTime": "Wednesday"}), r.clone())
    });
    add("cmdlet rows with dates of PowerShell 5.1", "search_unified_audit_log_json", array(&dates));
    add("Graph page", "graph_audit_query_json", json!({"value": each(&records, graph)}).to_string());
    add("Graph lines", "graph_audit_query_json", lines(&each(&records, graph)));
    let wazuh = each(&records, |r| json!({"integration": "office365", "office365": changed(r, false, true)}));
    add("Wazuh", "shipped_audit_json", lines(&wazuh));
    let elastic = each(&records, |r| json!({"o365audit": changed(r, false, true)}));
    add("Elastic", "shipped_audit_json", lines(&elastic));
    add(
        "Elastic, the original",
        "shipped_audit_json",
        lines(&each(&records, |r| json!({"event": {"original": r.to_string()}}))),
    );
    add("Sekoia", "shipped_audit_json", lines(&each(&records, |r| json!({"message": r.to_string()}))));
    Set { table: "AuditRecords", count: records.len(), columns: None, shapes }
}

/// Columns that also exports without the whole record can fill.
const SAID: &[&str] = &[
    "Timestamp",
    "Id",
    "Operation",
    "Workload",
    "UserId",
    "RecordType",
    "ResultStatus",
    "ObjectId",
    "ClientIP",
    "ParameterBag",
];

/// Shapes that keep parts of the record.
pub(crate) fn parts() -> Set {
    let records = records();
    let mut shapes = vec![Shape::new("lines", "audit_data_json", lines(&records))];
    for delimiter in [',', ';', '\t'] {
        for time_column in ["TimeGenerated", "TimeGenerated [UTC]"] {
            let rows: Vec<Row> = records.iter().map(|r| office_activity(r, time_column)).collect();
            let name = format!("OfficeActivity, {delimiter:?}, {time_column}");
            shapes.push(Shape::new(&name, "office_activity_csv", table(&rows, delimiter, false)));
        }
        let rows: Vec<Row> = records.iter().map(flattened).collect();
        shapes.push(Shape::new(
            &format!("flattened, {delimiter:?}"),
            "audit_flattened_csv",
            table(&rows, delimiter, true),
        ));
    }
    let activity = each(&records, |r| {
        let row = office_activity(r, "TimeGenerated").into_iter();
        Value::Object(row.map(|(name, cell)| (name.to_owned(), json!(cell))).collect())
    });
    shapes.push(Shape::new("OfficeActivity, lines", "office_activity_json", lines(&activity)));
    let hunting = each(&records, |r| {
        json!({"Timestamp": format!("{}Z", iso(r)), "ActionType": r["Operation"],
        "Application": "x", "AccountId": r["UserId"], "ObjectName": r["ObjectId"], "ReportId": r["Id"],
        "RawEventData": r})
    });
    shapes.push(Shape::new("hunting rows", "advanced_hunting_json", lines(&hunting)));
    let streamed = each(&hunting, |row| {
        json!({"time": "2026-03-30T00:00:00Z", "tenantId": "t",
        "operationName": "Publish", "category": "AdvancedHunting-CloudAppEvents", "properties": row})
    });
    shapes.push(Shape::new("streamed rows", "advanced_hunting_json", lines(&streamed)));
    Set { table: "AuditRecords", count: records.len(), columns: Some(SAID), shapes }
}

fn office_activity(record: &Value, time_column: &'static str) -> Row {
    let parameters = &record["Parameters"];
    let list = if parameters.is_null() { String::new() } else { serde_json::to_string_pretty(parameters).unwrap() };
    vec![
        ("TenantId", "t".to_owned()),
        ("RecordType", named(RECORD_TYPES, &record["RecordType"]).to_owned()),
        (time_column, format!("{}Z", iso(record))),
        ("Operation", text(record, "Operation").to_owned()),
        ("OrganizationId", text(record, "OrganizationId").to_owned()),
        ("OfficeWorkload", text(record, "Workload").to_owned()),
        ("ResultStatus", text(record, "ResultStatus").to_owned()),
        ("OfficeObjectId", text(record, "ObjectId").to_owned()),
        ("UserId", text(record, "UserId").to_owned()),
        ("ClientIP", text(record, "ClientIP").to_owned()),
        ("Parameters", list),
        ("OfficeId", text(record, "Id").to_owned()),
    ]
}

fn flattened(record: &Value) -> Row {
    const LISTS: [(&str, &str); 3] = [
        ("Parameters[0].Name", "Parameters[0].Value"),
        ("Parameters[1].Name", "Parameters[1].Value"),
        ("Parameters[2].Name", "Parameters[2].Value"),
    ];
    let mut row = vec![("CreationDate", american(record)), ("CreationTime", american(record))];
    for name in ["Id", "Operation", "RecordType", "ResultStatus", "Workload", "ClientIP", "ObjectId", "UserId"] {
        let cell = match &record[name] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        row.push((name, cell));
    }
    for (index, (name, value)) in LISTS.into_iter().enumerate() {
        row.push((name, text(&record["Parameters"][index], "Name").to_owned()));
        row.push((value, text(&record["Parameters"][index], "Value").to_owned()));
    }
    row
}

/// Columns that are left when only the wrapper is.
const WRAPPER: &[&str] = &["Timestamp", "Id", "Operation", "UserId", "RecordType"];

#[test]
fn without_audit_data_every_notation_of_dates_gives_the_same_times() {
    let records = records();
    let expected = rows(&read(lines(&records).as_bytes()), Some(WRAPPER));
    for (notation, write) in NOTATIONS {
        for cut in [false, true] {
            let rows: Vec<Row> = records
                .iter()
                .map(|r| {
                    let cut = &r.to_string()[..usize::from(cut)];
                    search(r, write(&time(r)), cut.to_owned())
                })
                .collect();
            let text = table(&rows, ',', true);
            gives(notation, "search_unified_audit_log_csv", text.as_bytes(), Some(WRAPPER), &expected);
            let notes = read(text.as_bytes()).account.notes.join("\n");
            let decided = if ["en-AU", "es"].contains(notation) {
                Some("read day first")
            } else {
                (*notation == "en-US").then_some("read month first")
            };
            assert_eq!(notes.contains("dates with slashes were"), decided.is_some(), "{notation}: {notes}");
            assert!(notes.contains(decided.unwrap_or_default()), "{notation}: {notes}");
        }
    }
}

#[test]
fn an_order_that_the_file_does_not_tell_is_refused() {
    let records: Vec<Value> = records().into_iter().filter(|r| time(r).day <= 12).collect();
    let write = NOTATIONS[5].1;
    let rows: Vec<Row> = records.iter().map(|r| search(r, write(&time(r)), String::new())).collect();
    let run = read(table(&rows, ',', true).as_bytes());
    assert_eq!((run.rows.len(), run.account.rejected.len()), (0, 3), "{:#?}", run.account);
    assert!(run.account.rejected.iter().all(|r| r.reason.contains("may be day first or month first")));
}

#[test]
fn what_was_written_as_ascii_is_read_as_it_is() {
    let records = records();
    let rows_of = |damage: bool| {
        let cells: Vec<Row> = records.iter().map(|r| purview(r, iso(r))).collect();
        let text = table(&cells, ',', false);
        let text: String = text.chars().map(|c| if damage && !c.is_ascii() { '?' } else { c }).collect();
        rows(&read(text.as_bytes()), None)
    };
    let plain: Vec<String> =
        rows_of(false).iter().map(|row| row.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()).collect();
    assert_eq!(rows_of(true), plain);
}
