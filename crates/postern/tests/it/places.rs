//! Where addresses are: at ingest, afterwards, in verdicts, and by which databases.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use postern_places::{Builder, Data};
use serde_json::{Value, json};

use crate::common::{cases, list, outline, postern, program, shared, text};

fn map(entries: &[(&str, Data)]) -> Data {
    Data::Map(entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn words(text: &str) -> Data {
    Data::Text(text.to_owned())
}

/// A database of a few ranges; `moved` is what a later edition says.
fn database(path: &Path, moved: bool) {
    let mut builder = Builder::new("test", 1_780_000_000);
    let entry = |code: &str, number, name: &str| {
        map(&[
            ("country_code", words(code)),
            ("autonomous_system_number", Data::Number(number)),
            ("autonomous_system_organization", words(name)),
        ])
    };
    let sweden = if moved { "NO" } else { "SE" };
    for (from, to, data) in [
        ("81.2.69.0", "81.2.70.255", entry("GB", 20712, "Andrews & Arnold Ltd")),
        ("89.160.20.0", "89.160.20.255", entry(sweden, 29518, "Bredband2")),
        // Neither of these may be looked up.
        ("10.0.0.0", "10.255.255.255", entry("US", 1, "nobody")),
        ("40.92.0.0", "40.93.255.255", entry("US", 8075, "the vendor")),
    ] {
        builder.add(from.parse().unwrap(), to.parse().unwrap(), &data).unwrap();
    }
    fs::write(path, builder.finish().unwrap()).unwrap();
}

fn record(number: usize, time: &str, operation: &str, address: &str, more: &Value) -> Value {
    let mut record = json!({
        "CreationTime": time, "Id": format!("00000000-0000-4000-8000-{number:012}"), "Operation": operation,
        "OrganizationId": "11111111-1111-4111-8111-111111111111", "RecordType": 1, "ResultStatus": "True",
        "UserKey": "k", "UserType": 0, "Version": 1, "Workload": "Exchange", "ClientIP": address,
        "UserId": "ann@contoso.example",
    });
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

/// Twelve days of work from one place, then a rule from `address`.
fn work_and_a_rule(path: &Path, address: &str) {
    let mut out = String::new();
    let mut number = 0;
    let mut line = |time: String, operation: &str, address: &str, more: Value| {
        number += 1;
        writeln!(out, "{}", record(number, &time, operation, address, &more)).unwrap();
    };
    for day in 1..=12 {
        for hour in [8, 11, 15] {
            line(format!("2026-03-{day:02}T{hour:02}:00:00"), "Update", "81.2.69.160", json!({}));
        }
    }
    let parameters = json!({"Parameters": [
        {"Name": "Name", "Value": "."}, {"Name": "ForwardTo", "Value": "ann.archive@freemail.example"},
        {"Name": "DeleteMessage", "Value": "True"}, {"Name": "SubjectContainsWords", "Value": "invoice"},
    ], "ObjectId": "ann@contoso.example\\."});
    line("2026-03-17T03:00:00".to_owned(), "New-InboxRule", address, parameters);
    fs::write(path, out).unwrap();
}

fn answers(report: &Value, question: &str) -> Vec<String> {
    let case = list(report, "cases").first().unwrap_or_else(|| panic!("{}", outline(report)));
    let found = list(case, "findings").iter().filter(|finding| finding["id"] == question);
    found.map(|finding| text(finding, "answer").to_owned()).collect()
}

#[test]
fn a_change_from_a_new_country_or_operator_is_a_reason_and_without_databases_the_prefix_is() {
    let folder = tempfile::tempdir().unwrap();
    let (log, places) = (folder.path().join("audit.ndjson"), folder.path().join("places.mmdb"));
    database(&places, false);
    let [log_text, places] = [&log, &places].map(|path| path.to_str().unwrap());
    let investigate =
        |more: &[&str]| postern([&["investigate", log_text, "--json", "-"], more].concat()).worked().json();

    work_and_a_rule(&log, "89.160.20.113");
    let known = investigate(&["--places", places]);
    let country = answers(&known, "actor-new-country");
    assert!(country[0].contains("came from SE (89.160.20.113)"), "{country:?}");
    let operator = answers(&known, "actor-new-operator");
    assert!(operator[0].contains("came through SE Bredband2 (89.160.20.113)"), "{operator:?}");
    assert_eq!(cases(&known, "truePositive").len(), 1, "{}", outline(&known));

    let unknown = investigate(&[]);
    assert!(answers(&unknown, "actor-new-country").is_empty() && answers(&unknown, "actor-new-operator").is_empty());
    let network = answers(&unknown, "actor-new-network");
    assert!(network[0].contains("from 89.160.20.113, a network not seen"), "{network:?}");

    // The operator's other prefix: no new country, and what is new is the prefix alone.
    work_and_a_rule(&log, "81.2.70.9");
    let same = investigate(&["--places", places]);
    assert!(answers(&same, "actor-new-country")[0].starts_with("No:"), "{same}");
    assert!(answers(&same, "actor-new-operator")[0].starts_with("No:"), "{same}");
    assert!(answers(&same, "actor-new-network")[0].starts_with("Yes:"), "{same}");
}

fn evidence(path: &Path) {
    let addresses = ["81.2.69.160:51820", "89.160.20.113", "10.1.2.3", "40.92.0.9", "203.0.113.9", "9.9.9.9", ""];
    let lines = addresses
        .iter()
        .enumerate()
        .map(|(number, address)| format!("{}\n", record(number, "2026-03-01T08:00:00", "Update", address, &json!({}))));
    fs::write(path.join("audit.ndjson"), lines.collect::<String>()).unwrap();
    let sign_in = |id: u32, address: &str, location: Value| {
        json!({
            "id": format!("s{id}"), "createdDateTime": "2026-03-01T08:00:00Z", "userPrincipalName": "ann@contoso.example",
            "userId": "u", "appId": "a", "appDisplayName": "Outlook", "ipAddress": address, "clientAppUsed": "Browser",
            "status": {"errorCode": 0}, "location": location,
        })
    };
    let nowhere = json!({"city": "", "state": "", "countryOrRegion": ""});
    let items = [
        // What the vendor says stands, also where a database says otherwise.
        sign_in(1, "89.160.20.113", json!({"city": "Turku", "state": "", "countryOrRegion": "FI"})),
        sign_in(2, "89.160.20.113", nowhere),
    ];
    fs::write(path.join("sign_ins.json"), json!({"value": items}).to_string()).unwrap();
}

const LOCATED: &str = "union (_AuditRecords | project Id, IPAddress, Country = CountryCode, City, ISP, Number = AutonomousSystemNumber, AddressKind, LookedUp), \
    (_EntraIdSignInEvents | project Id = RequestId, IPAddress, Country, City, ISP, AddressKind, LookedUp) | order by IPAddress asc, Id asc";

fn rows(store: &Path) -> String {
    postern(["hunt", "--data", store.to_str().unwrap(), "--format", "csv", LOCATED]).worked().stdout
}

#[test]
fn columns_say_where_public_addresses_are_and_a_new_database_can_be_applied() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("exports")).unwrap();
    evidence(&path("exports"));
    database(&path("old.mmdb"), false);
    database(&path("new.mmdb"), true);
    let at = |name: &str| path(name).to_str().unwrap().to_owned();
    let ingest = |store: &str, more: &[String]| {
        let arguments = ["ingest", "-q", "--data", &at(store), &at("exports")].map(str::to_owned);
        postern([&arguments[..], more].concat()).worked();
        rows(&path(store))
    };
    let places = |name: &str| ["--places".to_owned(), at(name)];

    let (none, old) = (ingest("none", &[]), ingest("old", &places("old.mmdb")));
    for line in none.lines().skip(1) {
        assert!(!line.contains("GB") && !line.contains("Bredband2") && line.ends_with(','), "{line}");
    }
    let line = |start: &str, of: &str| of.lines().find(|line| line.contains(start)).unwrap().to_owned();
    let found = line("81.2.69.160", &old);
    assert!(
        found.ends_with(
            r#",81.2.69.160,GB,,Andrews & Arnold Ltd,20712,public,"AutonomousSystemNumber,CountryCode,ISP""#
        ),
        "{found}"
    );
    assert!(line("s1,", &old).ends_with("s1,89.160.20.113,FI,Turku,Bredband2,,public,ISP"), "{old}");
    assert!(line("s2,", &old).ends_with(r#"s2,89.160.20.113,SE,,Bredband2,,public,"Country,ISP""#), "{old}");
    for (address, kind) in
        [("10.1.2.3", "reserved"), ("203.0.113.9", "reserved"), ("40.92.0.9", "vendor"), ("9.9.9.9", "public")]
    {
        let nothing = format!(",{address},,,,,{kind},");
        assert!(line(address, &old).ends_with(&nothing) && line(address, &none).ends_with(&nothing), "{old}");
    }

    // A store becomes what it would be, had the database been there from the beginning, from whatever it was before.
    let new = ingest("new", &places("new.mmdb"));
    assert!(new != old && line("s2,", &new).contains(",NO,") && line("s1,", &new).contains(",FI,"));
    for store in ["none", "old", "new"] {
        let update = |name: &str| {
            let arguments = ["places", "update", "--json", "--data", &at(store)].map(str::to_owned);
            postern([&arguments[..], &places(name)].concat()).worked().json()
        };
        let done = update("new.mmdb");
        assert_eq!((&done["rows"], done["changed"] == 0), (&json!(9), store == "new"), "{done}");
        assert_eq!(rows(&path(store)), new);
        update("old.mmdb");
        assert_eq!(rows(&path(store)), old);
    }
    // Taking the same files in again changes nothing.
    assert_eq!(ingest("none", &places("new.mmdb")), old);
    let refused = postern(["places", "update", "--data", &at("none")]);
    assert!(refused.code == 1 && refused.stderr.contains("POSTERN_PLACES names no address database"), "{refused:?}");
}

#[test]
fn every_row_of_a_line_with_several_says_where_its_address_is() {
    let folder = tempfile::tempdir().unwrap();
    let (store, base, file) = (folder.path().join("s"), folder.path().join("a.mmdb"), folder.path().join("report.csv"));
    database(&base, false);
    let report = "Origin timestamp utc,Sender address,Recipient status,Message id,Network message id,Original client ip\n\
        3/14/2026 10:01:22 PM,a@partner.example,ann@contoso.example##Deliver;bob@contoso.example##Fail,<1@partner.example>,1,81.2.69.160\n";
    fs::write(&file, report).unwrap();
    let [store, base, file] = [&store, &base, &file].map(|path| path.to_str().unwrap());
    postern(["ingest", "-q", "--data", store, "--places", base, file]).worked();
    let query = "MessageTrace | project RecipientAddress, FromCountry, FromISP | sort by RecipientAddress asc";
    let rows = postern(["hunt", "--data", store, "--format", "csv", query]).worked().stdout;
    let place = "GB,Andrews & Arnold Ltd";
    assert_eq!(
        rows.lines().skip(1).collect::<Vec<_>>(),
        [format!("ann@contoso.example,{place}"), format!("bob@contoso.example,{place}")]
    );
}

#[test]
fn the_program_says_which_databases_it_uses_and_takes_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("networks.csv");
    fs::write(&table, "81.2.69.0,81.2.69.255,20712,Andrews & Arnold Ltd\n2001:218::,2001:218:ffff::,2914,NTT\n")
        .unwrap();
    let run = |arguments: &[&str]| {
        let mut command = program();
        command.env_remove("POSTERN_PLACES").env("XDG_DATA_HOME", folder.path()).env("LOCALAPPDATA", folder.path());
        let output = command.args(arguments).output().unwrap();
        let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), out, error)
    };
    let (code, out, _) = run(&["places"]);
    assert!(code == Some(0) && out.contains("there is no address database in"), "{out}");

    let (code, _, error) = run(&["places", "add", "--built", "2026-06-17", table.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{error}");
    let (_, out, _) = run(&["places"]);
    assert!(
        out.contains("networks.mmdb") && out.contains("2026-06-17") && out.trim_end().ends_with("network"),
        "{out}"
    );
    let (_, out, _) = run(&["places", "--json", "[2001:218::7]:443", "192.168.0.1"]);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["addresses"][0]["place"]["network"], "NTT");
    assert_eq!(value["addresses"][1]["place"]["kind"], "reserved");
    assert_eq!(value["databases"][0]["built"], "2026-06-17");

    // What is no database is not taken; one that became useless is left out, but not when it was asked for.
    let other = folder.path().join("other.mmdb");
    fs::write(&other, "GIF89a").unwrap();
    let other = other.to_str().unwrap();
    let (code, _, error) = run(&["places", "add", other]);
    assert!(code == Some(1) && error.contains("is not an address database"), "{error}");
    fs::copy(other, folder.path().join("postern/places/other.mmdb")).unwrap();
    let (code, out, error) = run(&["places"]);
    assert!(code == Some(0) && out.contains("networks.mmdb") && error.contains("left out"), "{out}{error}");
    let (code, _, error) = run(&["places", "--places", other]);
    assert!(code == Some(1) && error.contains("is not an address database"), "{error}");
    let (code, _, error) = run(&["places", "contoso.example"]);
    assert!(code == Some(2) && error.contains("names are never looked up"), "{error}");
}

#[test]
fn queries_may_ask_where_an_address_is() {
    let folder = tempfile::tempdir().unwrap();
    let places = folder.path().join("places.mmdb");
    database(&places, false);
    let query = "datatable(A:string)['81.2.69.160', '10.0.0.1', '40.92.0.1', '9.9.9.9', 'x', ''] \
        | extend G = geo_info_from_ip_address(A) | project A, Country = tostring(G.country), Known = isnotnull(G)";
    let ask = |more: &[&str]| postern([&["hunt", "--format", "csv", query], more].concat()).worked().stdout;
    let given = ask(&["--places", places.to_str().unwrap()]);
    assert!(given.contains("81.2.69.160,United Kingdom,true"), "{given}");
    assert_eq!(given.matches(",,false").count(), 5, "{given}");
    assert_eq!(ask(&[]).matches(",,false").count(), 6);
    let variable = program().env("POSTERN_PLACES", &places).args(["hunt", "--format", "csv", query]).output().unwrap();
    assert_eq!(String::from_utf8(variable.stdout).unwrap(), given);
}

/// Needs recorded exports and real databases, in the folder that `POSTERN_TEST_PLACES` names.
#[test]
fn public_addresses_of_recorded_exports_have_a_country() {
    let Some(data) = shared("data") else { return };
    let Some(places) = std::env::var_os("POSTERN_TEST_PLACES").map(PathBuf::from).filter(|path| path.is_dir()) else {
        println!("skipped: POSTERN_TEST_PLACES names no folder of address databases");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (store, places) = (folder.path().to_str().unwrap(), places.to_str().unwrap());
    postern(["ingest", "-q", "--data", store, "--places", places, data.to_str().unwrap()]).worked();
    let held = postern(["places", "--json", "--data", store, "--places", places]).worked().json()["store"].clone();
    let count = |of: &str, what: &str| held[of][what].as_f64().unwrap();
    for of in ["addresses", "rows"] {
        let share = |what: &str| 100.0 * count(of, what) / count(of, "public");
        println!(
            "of {} public {of} in the recorded exports {:.1} % have a country and {:.1} % a network; \
             private {}, the vendor's {}",
            count(of, "public"),
            share("with_country"),
            share("with_network"),
            count(of, "reserved"),
            count(of, "vendor"),
        );
        assert!(count(of, "public") > 0.0 && share("with_country") >= 95.0 && share("with_network") >= 90.0, "{held}");
    }
    let wrong = "union (_AuditRecords | project AddressKind, LookedUp), (_EntraIdSignInEvents | project AddressKind, LookedUp) \
        | where AddressKind != 'public' and isnotempty(LookedUp) | count";
    let wrong = postern(["hunt", "--data", store, "--format", "csv", wrong]).worked().stdout;
    assert_eq!(wrong.lines().last(), Some("0"), "private and vendor addresses are nowhere");
}
