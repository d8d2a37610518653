//! Message traces in all their shapes.

use serde_json::{Value, json};

use crate::texts::{Row, array, lines, table};
use crate::{Set, Shape};

struct Message {
    id: &'static str,
    internet_id: &'static str,
    /// ISO, as the cmdlet writes it in the United States, milliseconds since the epoch.
    received: [&'static str; 3],
    sender: &'static str,
    /// Recipient, its status, the events in the two reports.
    recipients: &'static [(&'static str, &'static str, &'static str, &'static str)],
    subject: &'static str,
    address: &'static str,
    size: u32,
}

const MESSAGES: &[Message] = &[
    Message {
        id: "0f0f0f0f-0000-4000-8000-000000000001",
        internet_id: "<1@partner.example>",
        received: ["2026-03-04T22:01:22", "3/4/2026 10:01:22 PM", "1772661682000"],
        sender: "billing@partner.example",
        recipients: &[
            ("ann@contoso.example", "Delivered", "Receive, Deliver", "DELIVER"),
            ("bob@contoso.example", "Failed", "Receive, Fail", "FAIL"),
        ],
        subject: "Réponse; \"invoice\", last",
        address: "192.0.2.10",
        size: 176_814,
    },
    Message {
        id: "0f0f0f0f-0000-4000-8000-000000000002",
        internet_id: "<2@contoso.example>",
        received: ["2026-03-14T08:00:00", "3/14/2026 8:00:00 AM", "1773475200000"],
        sender: "ann@contoso.example",
        recipients: &[("list@contoso.example", "Expanded", "Receive, Expand", "EXPAND")],
        subject: "日本語",
        address: "2001:db8::1038",
        size: 10,
    },
];

const COLUMNS: &[&str] = &[
    "MessageTraceId",
    "MessageId",
    "Received",
    "SenderAddress",
    "RecipientAddress",
    "Subject",
    "Status",
    "FromIP",
    "Size",
];

fn text(text: &str) -> String {
    text.to_owned()
}

/// One value for each recipient.
fn by_recipient<T>(write: impl Fn(&Message, &str, &str) -> T) -> Vec<T> {
    let rows = MESSAGES.iter().flat_map(|m| m.recipients.iter().map(move |(to, status, ..)| (m, *to, *status)));
    rows.map(|(message, to, status)| write(message, to, status)).collect()
}

fn cmdlet(message: &Message, to: &str, status: &str) -> Row {
    vec![
        ("MessageTraceId", text(message.id)),
        ("MessageId", text(message.internet_id)),
        ("Received", text(message.received[1])),
        ("SenderAddress", text(message.sender)),
        ("RecipientAddress", text(to)),
        ("FromIP", text(message.address)),
        ("ToIP", String::new()),
        ("Subject", text(message.subject)),
        ("Status", text(status)),
        ("Size", message.size.to_string()),
    ]
}

fn older(message: &Message, to: &str, status: &str) -> Row {
    let mut row: Row = vec![("PSComputerName", text("x")), ("RunspaceId", text("r")), ("Organization", text("o"))];
    row.extend(cmdlet(message, to, status).into_iter().rev());
    row.extend([("StartDate", text("3/1/2026 12:00:00 AM")), ("Index", text("0"))]);
    row
}

fn object(message: &Message, to: &str, status: &str) -> Value {
    json!({"MessageTraceId": message.id, "MessageId": message.internet_id, "Received": format!("{}.0000000Z", message.received[0]),
        "Received@data.type": "System.DateTime", "SenderAddress": message.sender, "RecipientAddress": to,
        "FromIP": message.address, "ToIP": "", "Subject": message.subject, "Status": status, "Size": message.size})
}

fn reporting(message: &Message, to: &str, status: &str) -> Value {
    let mut object = object(message, to, status);
    object["Received"] = json!(format!("/Date({})/", message.received[2]));
    object["__metadata"] = json!({"id": "x"});
    object["ToIP"] = Value::Null;
    object
}

fn graph(message: &Message, to: &str, status: &str) -> Value {
    json!({"id": message.id, "messageId": message.internet_id, "receivedDateTime": format!("{}Z", message.received[0]),
        "senderAddress": message.sender, "recipientAddress": to, "fromIP": message.address, "subject": message.subject,
        "status": status, "size": message.size})
}

fn summary(message: &Message) -> Row {
    let recipients: Vec<String> =
        message.recipients.iter().map(|(to, _, events, _)| format!("{to}##{events}")).collect();
    vec![
        ("origin_timestamp_utc", format!("{}.0000000Z", message.received[0])),
        ("sender_address", text(message.sender)),
        ("recipient_status", recipients.join(";")),
        ("message_subject", text(message.subject)),
        ("total_bytes", message.size.to_string()),
        ("message_id", text(message.internet_id)),
        ("network_message_id", text(message.id)),
        ("original_client_ip", text(message.address)),
        ("directionality", text("1")),
        ("connector_id", text("Hybrid relay")),
        ("delivery_priority", text("Normal")),
    ]
}

/// Events, the last first.
fn extended(message: &Message) -> Vec<Row> {
    let all: Vec<&str> = message.recipients.iter().map(|(to, ..)| *to).collect();
    let mut events: Vec<(String, &str, String)> = message
        .recipients
        .iter()
        .map(|(to, _, _, event)| (text(to), *event, format!("{}.5", message.received[0])))
        .collect();
    events.push((all.join(";"), "RECEIVE", text(message.received[0])));
    let row = |(recipient, event, time): (String, &str, String)| -> Row {
        vec![
            ("date_time_utc", format!("{time}Z")),
            ("connector_id", text(if event == "RECEIVE" { "Hybrid relay" } else { "" })),
            ("source", text("SMTP")),
            ("event_id", text(event)),
            ("message_id", text(message.internet_id)),
            ("network_message_id", text(message.id)),
            ("recipient_address", recipient),
            ("recipient_status", String::new()),
            ("total_bytes", message.size.to_string()),
            ("message_subject", text(message.subject)),
            ("sender_address", text(message.sender)),
            ("directionality", text("Incoming")),
            ("original_client_ip", text(message.address)),
            ("custom_data", text("S:A=b;S:C={\"d\":1}")),
        ]
    };
    events.into_iter().map(row).collect()
}

pub(crate) fn set() -> Set {
    let objects = by_recipient(object);
    let mut shapes = vec![Shape::new("lines", "message_trace_json", lines(&objects))];
    let mut add = |name: String, format, text| shapes.push(Shape::new(&name, format, text));
    add(text("array"), "message_trace_json", array(&objects));
    add(text("Reporting Web Service"), "message_trace_json", json!({"value": by_recipient(reporting)}).to_string());
    add(text("Reporting Web Service, lines"), "message_trace_json", lines(&by_recipient(reporting)));
    add(text("Graph page"), "message_trace_json", json!({"value": by_recipient(graph)}).to_string());
    let spelled = |spell: fn(&str) -> String, csv: String| match csv.split_once("\r\n") {
        Some((header, rest)) => format!("{}\r\n{rest}", spell(header)),
        None => csv,
    };
    for delimiter in [',', ';', '\t'] {
        add(format!("cmdlet, {delimiter:?}"), "message_trace_csv", table(&by_recipient(cmdlet), delimiter, true));
        let class = "#TYPE Deserialized.Microsoft.Exchange.Management.FfoReporting.MessageTrace\r\n";
        let text = format!("{class}{}", table(&by_recipient(older), delimiter, true));
        add(format!("older cmdlet, {delimiter:?}"), "message_trace_csv", text);
        let summaries: Vec<Row> = MESSAGES.iter().map(summary).collect();
        let events: Vec<Row> = MESSAGES.iter().rev().flat_map(extended).collect();
        for (names, spell) in [
            ("names with underscores", (|h| h.to_owned()) as fn(&str) -> String),
            ("names with dashes", |h| h.replace('_', "-")),
            ("names with blanks", |h| h.replace('_', " ").to_uppercase()),
        ] {
            let csv = spelled(spell, table(&summaries, delimiter, false));
            add(format!("enhanced summary, {delimiter:?}, {names}"), "message_trace_summary_csv", csv);
            let csv = spelled(spell, table(&events, delimiter, false));
            add(format!("extended report, {delimiter:?}, {names}"), "message_trace_extended_csv", csv);
        }
    }
    Set { table: "MessageTrace", count: 3, columns: Some(COLUMNS), shapes }
}
