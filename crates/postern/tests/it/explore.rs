//! `postern explore`: filters, the chart with its marks, pivots, the SVG file.

use std::fs;

use serde_json::{Value, json};

use crate::common::{list, number, postern, text};
use crate::views::{store, view};

const CONNECTOR: &str = "Hybrid relay 02";

#[test]
fn the_spike_of_the_malicious_connector_is_drawn() {
    let store = store();
    let svg = store.path().join("relay.svg");
    let ran = view(store.path(), &["explore", "--connector", CONNECTOR, "--svg", svg.to_str().unwrap()]).worked();
    for part in [
        "Messages: connector Hybrid relay 02",
        "┤",
        "•",
        "● anomaly",
        "▲ spike  2026-04-21  425 messages, expected about",
        "425 messages, the newest first",
        "On-premises/external",
    ] {
        assert!(ran.stdout.contains(part), "no `{part}` in\n{}", ran.stdout);
    }
    let chart: Vec<&str> = ran.stdout.lines().take_while(|line| !line.is_empty()).collect();
    assert!(chart.iter().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "colours without a terminal");

    let file = fs::read_to_string(&svg).unwrap();
    assert!(file.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && file.ends_with("</svg>\n"));
    for part in [
        "role=\"img\"",
        "<title id=\"title\">Messages: connector Hybrid relay 02</title>",
        "2026-04-21: 344 On-premises/external",
        "2026-04-21: 81 Failed",
        "spike 2026-04-21: 425 messages",
    ] {
        assert!(file.contains(part), "no `{part}` in\n{file}");
    }
    for forbidden in ["<script", "href", "http://www.w3.org/1999", "NaN"] {
        assert!(!file.contains(forbidden), "`{forbidden}`");
    }

    let whole = view(store.path(), &["explore", "--connector", CONNECTOR, "--json"]).worked().json();
    assert_eq!(number(&whole, "messages"), 425);
    assert_eq!(number(&whole, "step_seconds"), 86_400);
    assert_eq!(list(&whole, "rows").len(), 425);
    let marks = list(&whole, "marks");
    assert_eq!(marks.len(), 1, "{marks:?}");
    assert_eq!((text(&marks[0], "kind"), text(&marks[0], "time")), ("spike", "2026-04-21T00:00:00.0000000Z"));
    // Every series has a count for each step, and they add up.
    let steps = list(&whole, "times").len();
    assert_eq!(steps, 60);
    let sums: Vec<(&str, u64)> = list(&whole, "series")
        .iter()
        .map(|series| {
            let counts = list(series, "messages");
            assert_eq!(counts.len(), steps);
            (text(series, "location"), counts.iter().map(|count| count.as_u64().unwrap()).sum())
        })
        .collect();
    assert_eq!(sums, [("On-premises/external", 344), ("Failed", 81)]);
}

#[test]
fn filters_agree_with_the_same_question_in_kql() {
    let store = store();
    let total = |arguments: &[&str]| {
        let all = [&["explore", "--json", "--limit", "1"], arguments].concat();
        number(&view(store.path(), &all).worked().json(), "messages")
    };
    let asked = |condition: &str| {
        let query = format!("EmailEvents | where {condition} | count");
        view(store.path(), &["hunt", &query, "--format", "json"]).worked().json()[0]["Count"].as_u64().unwrap()
    };
    assert_eq!(total(&[]), asked("true"));
    for (arguments, condition) in [
        (&["--sender", "erp@contoso.example"][..], "SenderMailFromAddress =~ 'erp@contoso.example'"),
        (&["--sender-domain", "litware.example"], "SenderMailFromDomain endswith 'litware.example'"),
        (&["--recipient", "freemail.example"], "RecipientEmailAddress endswith '@freemail.example'"),
        (&["--subject", "invoice"], "Subject contains 'invoice'"),
        (&["--connector", "contoso*"], "Connectors startswith 'contoso'"),
        (&["--ip", "203.0.113.0/24"], "SenderIPv4 startswith '203.0.113.'"),
        (&["--direction", "intra-org"], "EmailDirection =~ 'Intra-org'"),
        (&["--action", "junked", "--action", "blocked"], "DeliveryAction in ('Junked', 'Blocked')"),
        (&["--location", "junk*"], "DeliveryLocation startswith 'Junk'"),
        (&["--threat", "phish"], "ThreatTypes has 'phish'"),
        (&["--start", "2026-04-21", "--end", "2026-04-21"], "startofday(Timestamp) == datetime(2026-04-21)"),
        (&["--url-domain", "nothing.example"], "false"),
        (&["--message-id", "fde2dea0-cbeb-4c38-b7ab-4bd89977de55"], "NetworkMessageId startswith 'fde2dea0-cbeb-4c38'"),
        (&["--subject", "' or true //"], "false"),
    ] {
        assert_eq!(total(arguments), asked(condition), "{arguments:?}");
    }
    assert!(total(&["--location", "junk*"]) > 0 && total(&["--sender-domain", "litware.example"]) > 0);
}

#[test]
fn messages_are_counted_by_what_they_have_in_common() {
    let store = store();
    let rows = |by: &str| -> Vec<Value> {
        let arguments = ["explore", "--by", by, "--connector", CONNECTOR, "--json"];
        list(&view(store.path(), &arguments).worked().json(), "rows").to_vec()
    };
    for (by, column) in [
        ("sender", "Sender"),
        ("sender-domain", "SenderDomain"),
        ("recipient", "Recipient"),
        ("ip", "IP"),
        ("connector", "Connector"),
        ("location", "Location"),
    ] {
        let rows = rows(by);
        let counts: Vec<u64> = rows.iter().map(|row| number(row, "Messages")).collect();
        assert_eq!(counts.iter().sum::<u64>(), 425, "{by}");
        assert!(counts.is_sorted_by(|a, b| a >= b), "{by}");
        assert!(rows.iter().all(|row| row[column].is_string()), "{by}: {rows:?}");
    }
    assert_eq!(rows("url-domain"), Vec::<Value>::new(), "no links are known of the example");
    let none = view(store.path(), &["explore", "--by", "url-domain", "--connector", CONNECTOR]).worked();
    assert!(none.stderr.contains("none is known to have a link"), "{}", none.stderr);
    let table = view(store.path(), &["explore", "--by", "sender-domain", "--connector", CONNECTOR]).worked().stdout;
    assert!(table.contains("425 messages, counts, the largest first\nSenderDomain "), "{table}");
    let csv = view(store.path(), &["explore", "--by", "sender-domain", "--connector", CONNECTOR, "--csv"]).worked();
    assert!(csv.stdout.starts_with("SenderDomain,Messages,Recipients,NotDelivered,First,Last\r\n"), "{}", csv.stdout);
}

#[test]
fn links_are_found_by_their_domain() {
    let folder = tempfile::tempdir().unwrap();
    let event = |id: &str, subject: &str| {
        json!({"Timestamp": "2026-03-02T10:00:00Z", "NetworkMessageId": id, "InternetMessageId": format!("<{id}@x>"),
            "SenderMailFromAddress": "a@b.example", "SenderFromAddress": "a@b.example",
            "SenderFromDomain": "b.example", "SenderMailFromDomain": "b.example", "SenderIPv4": "192.0.2.1",
            "RecipientEmailAddress": "c@contoso.example", "Subject": subject, "EmailDirection": "Inbound",
            "DeliveryAction": "Delivered", "DeliveryLocation": "</title><script>alert(1)</script>",
            "LatestDeliveryLocation": "", "ThreatTypes": "", "Connectors": "", "ReportId": id, "UrlCount": 1})
    };
    let link = |id: &str, domain: &str| {
        json!({"Timestamp": "2026-03-02T10:00:00Z", "NetworkMessageId": id, "Url": format!("https://{domain}/x"),
            "UrlDomain": domain, "UrlLocation": "Body", "ReportId": format!("{id}-{domain}")})
    };
    let write = |name: &str, rows: &[Value]| {
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        fs::write(folder.path().join(name), text).unwrap();
    };
    write("EmailEvents.ndjson", &[event("m1", "=1+1"), event("m2", "two")]);
    write(
        "EmailUrlInfo.ndjson",
        &[link("m1", "bad.example"), link("m1", "www.bad.example"), link("m2", "good.example")],
    );
    let run = |arguments: &[&str]| {
        let mut all = vec!["explore".as_ref(), folder.path().as_os_str()];
        all.extend(arguments.iter().map(std::ffi::OsStr::new));
        postern(all).worked()
    };
    let found = run(&["--url-domain", "bad.example", "--json"]).json();
    assert_eq!(number(&found, "messages"), 1, "one message, though it has two such links");
    assert_eq!(text(&list(&found, "rows")[0], "Subject"), "=1+1");
    let by = run(&["--by", "url-domain", "--json"]).json();
    let domains: Vec<&str> = list(&by, "rows").iter().map(|row| text(row, "UrlDomain")).collect();
    assert_eq!(domains, ["bad.example", "good.example", "www.bad.example"]);
    assert!(list(&by, "marks").is_empty(), "two messages are no spike");
    assert!(run(&["--csv"]).stdout.contains(",'=1+1,"));

    let svg = folder.path().join("chart.svg");
    let ran = run(&["--svg", svg.to_str().unwrap(), "--subject", "", "--sender", "*<b>\u{1b}[2J*", "--sender", "*"]);
    assert!(!ran.stdout.contains('\u{1b}'), "{:?}", ran.stdout);
    let file = fs::read_to_string(&svg).unwrap();
    assert!(!file.contains("<script") && !file.contains("<b>") && !file.contains('\u{1b}'), "{file}");
    assert!(file.contains("&lt;/title&gt;&lt;script&gt;"), "{file}");
}

#[test]
fn wrong_usage_is_said() {
    let store = store();
    for (arguments, told) in [
        (vec!["explore", "--by", "colour"], "possible values"),
        (vec!["explore", "--step", "0s"], "expected a duration"),
        (vec!["explore", "--step", "1s"], "10000 can be drawn"),
        (vec!["explore", "--start", "2026-05-01", "--end", "2026-04-01"], "ends before it begins"),
        (vec!["audit", "--start", "2026-05-01", "--end", "2026-04-01"], "ends before it begins"),
        (vec!["trace", "--start", "2026-05-01", "--end", "2026-04-01"], "ends before it begins"),
    ] {
        let ran = view(store.path(), &arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{arguments:?}: {}", ran.stderr);
    }
    // The ends of time are times like others.
    for arguments in [
        &["--start", "0001-01-01", "--end", "9999-12-31"][..],
        &["--end", "9999-12-31T23:59:59Z", "--start", "9999-12-31"],
        &["--step", "100000d"],
    ] {
        let ran = view(store.path(), &[&["explore", "--json", "--limit", "1"], arguments].concat());
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    }
    for arguments in [["explore", "--start", "2027-01-01"], ["explore", "--end", "2020-01-01"]] {
        let ran = view(store.path(), &arguments).worked();
        assert!(ran.stderr.contains("nothing fits these filters"), "{}", ran.stderr);
    }
    let ran = view(store.path(), &["explore", "--connector", "nobody's"]).worked();
    assert!(ran.stderr.contains("nothing fits these filters"), "{}", ran.stderr);
    let ran = view(store.path(), &["explore", "--svg", "/no/such/folder/x.svg"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let help = postern(["explore", "--help"]).worked().stdout;
    assert!(help.contains("Examples:") && help.contains("series_decompose_anomalies"), "{help}");
}

#[test]
fn a_day_without_mail_is_a_dip() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = String::new();
    for day in (1..=28).filter(|day| *day != 19) {
        // Some more on some days, as it is.
        for number in 0..30 + day % 3 {
            let id = format!("{day}-{number}");
            let row = json!({"Timestamp": format!("2026-02-{day:02}T10:{number:02}:00Z"), "NetworkMessageId": id,
                "InternetMessageId": format!("<{id}@x>"), "SenderFromAddress": "a@b.example",
                "SenderMailFromAddress": "a@b.example", "RecipientEmailAddress": "c@contoso.example",
                "Subject": "s", "EmailDirection": "Inbound", "DeliveryAction": "Delivered",
                "DeliveryLocation": "Inbox/folder", "ReportId": id});
            rows.push_str(&format!("{row}\n"));
        }
    }
    let file = folder.path().join("EmailEvents.ndjson");
    fs::write(&file, rows).unwrap();
    let svg = folder.path().join("chart.svg");
    let ran = postern([
        "explore".as_ref(),
        file.as_os_str(),
        "--step".as_ref(),
        "1d".as_ref(),
        "--svg".as_ref(),
        svg.as_os_str(),
    ])
    .worked();
    let marks: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with(['▲', '▼'])).collect();
    assert_eq!(marks.len(), 1, "{}", ran.stdout);
    assert!(marks[0].starts_with("▼ dip  2026-02-19  0 messages, expected about "), "{marks:?}");
    assert!(fs::read_to_string(&svg).unwrap().contains("dip 2026-02-19: 0 messages"));
}
