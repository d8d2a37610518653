//! Exchange configuration gives the same rows as JSON, as CSV in every dress and as Clixml.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};

use postern_ingest::{DryRun, IngestOptions, Lake, dry_run, ingest};
use postern_model::account::FileAccount;
use postern_model::row::Value as Cell;
use postern_model::schema::Schemas;
use postern_providers::formats;
use serde_json::{Map, Value};

/// The JSON fixtures of all cmdlets: name of the format, path of the input.
fn inputs() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/m365");
    let mut inputs = Vec::new();
    for format in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        let name = format.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("get_") {
            let cases = fs::read_dir(&format).unwrap().map(|entry| entry.unwrap().path().join("input.json"));
            inputs.extend(cases.filter(|path| path.is_file()).map(|path| (name.clone(), path)));
        }
    }
    inputs.sort();
    assert_eq!(inputs.len(), 10);
    inputs
}

/// The objects of a fixture, as far as they are of its cmdlet, without the keys that say types.
fn objects(path: &Path) -> Vec<Map<String, Value>> {
    let list = match serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap() {
        Value::Object(mut page) if page.contains_key("value") => page.remove("value").unwrap(),
        other => other,
    };
    let list = if let Value::Array(list) = list { list } else { vec![list] };
    let objects = list.into_iter().filter_map(|object| if let Value::Object(o) = object { Some(o) } else { None });
    let objects = objects.map(|o| o.into_iter().filter(|(name, _)| !name.contains('@')).collect());
    objects.filter(|o: &Map<String, Value>| o.len() > 1).collect()
}

/// Everything that the rows say, apart from what an empty cell of a CSV cannot.
fn rows(run: &DryRun) -> Vec<String> {
    let row = |row: &postern_model::row::Row| {
        let cells = row.table.columns.iter().zip(&row.values).filter_map(|(column, cell)| {
            let text = match cell {
                Cell::Null => return None,
                Cell::String(text) if text.is_empty() => return None,
                Cell::Dynamic(json) => match serde_json::from_str::<Value>(json).unwrap() {
                    Value::Array(list) if list.is_empty() => return None,
                    json => json.to_string(),
                },
                cell => format!("{cell:?}"),
            };
            Some(format!("{}={text}", column.name))
        });
        format!("{} {}", row.table.name, cells.collect::<Vec<_>>().join(" "))
    };
    run.rows.iter().map(row).collect()
}

fn read(bytes: &[u8]) -> DryRun {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("input");
    fs::write(&path, bytes).unwrap();
    let run = dry_run(&path, formats(), Schemas::builtin().unwrap(), &IngestOptions::default()).unwrap();
    assert!(run.account.adds_up());
    run
}

/// The list in a value, also in the object that PowerShell 5.1 wraps lists in.
fn list_in(value: &Value) -> Option<&Vec<Value>> {
    value.as_array().or_else(|| value.get("value").and_then(Value::as_array))
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        // A time span, which JSON has as an object.
        Value::Object(object) if object.contains_key("Days") => format!("{}.00:00:00", object["Days"]),
        other => other.to_string(),
    }
}

/// As `Export-Csv` writes the objects; values of lists side by side.
fn csv(objects: &[Map<String, Value>], delimiter: char, type_line: bool, between: &str) -> String {
    let mut names: Vec<&String> = Vec::new();
    for name in objects.iter().flat_map(Map::keys) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let line = |cells: Vec<String>| cells.join(&delimiter.to_string()) + "\r\n";
    let mut out = String::new();
    if type_line {
        out += "#TYPE Deserialized.Microsoft.Exchange.Data.Directory\r\n";
    }
    out += &line(names.iter().map(|name| quoted(name)).collect());
    for object in objects {
        out += &line(
            names
                .iter()
                .map(|name| match object.get(*name) {
                    None => String::new(),
                    Some(value) => quoted(&match list_in(value) {
                        Some(list) => list.iter().map(plain).collect::<Vec<_>>().join(between),
                        None => plain(value),
                    }),
                })
                .collect(),
        );
    }
    out
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text.replace('\r', "_x000D_").replace('\n', "_x000A_").replace('\t', "_x0009_")
}

fn element(name: Option<&str>, value: &Value, reference: &mut usize) -> String {
    let name = name.map(|name| format!(" N=\"{}\"", escaped(name))).unwrap_or_default();
    if let Some(list) = list_in(value) {
        *reference += 1;
        let own = *reference;
        let items: String = list.iter().map(|item| element(None, item, reference)).collect();
        return format!(
            "<Obj{name} RefId=\"{own}\"><TN RefId=\"{own}\"><T>System.Collections.ArrayList</T></TN><LST>{items}</LST></Obj>"
        );
    }
    match value {
        Value::Null => format!("<Nil{name} />"),
        Value::Bool(value) => format!("<B{name}>{value}</B>"),
        Value::Number(number) => format!("<U64{name}>{number}</U64>"),
        Value::String(text) => format!("<S{name}>{}</S>", escaped(text)),
        Value::Object(object) if object.contains_key("Days") => format!("<TS{name}>P{}D</TS>", object["Days"]),
        other => {
            *reference += 1;
            let own = *reference;
            let members: String =
                other.as_object().unwrap().iter().map(|(n, v)| element(Some(n), v, reference)).collect();
            format!("<Obj{name} RefId=\"{own}\"><Props>{members}</Props></Obj>")
        }
    }
}

/// As `Export-Clixml` writes the objects.
fn clixml(objects: &[Map<String, Value>]) -> String {
    let mut reference = 0;
    let objects: String =
        objects.iter().map(|object| element(None, &Value::Object(object.clone()), &mut reference) + "\r\n").collect();
    format!("<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\r\n{objects}</Objs>")
}

fn utf16(text: &str) -> Vec<u8> {
    ["\u{feff}", text].concat().encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[tokio::test]
async fn every_cmdlet_gives_the_same_rows_in_every_shape() {
    for (format, path) in inputs() {
        let objects = objects(&path);
        let expected = rows(&read(serde_json::to_string(&objects).unwrap().as_bytes()));
        assert_eq!(expected.len(), objects.len(), "{format}");
        let xml = clixml(&objects);
        let mut shapes = vec![xml.clone().into_bytes(), utf16(&xml)];
        for (delimiter, type_line, between) in [(',', false, " "), (';', true, ", "), ('\t', false, " ")] {
            let text = csv(&objects, delimiter, type_line, between);
            shapes.extend([utf16(&text), text.into_bytes()]);
        }
        let folder = tempfile::tempdir().unwrap();
        fs::copy(&path, folder.path().join("0.json")).unwrap();
        for (number, bytes) in shapes.iter().enumerate() {
            let run = read(bytes);
            assert_eq!((run.account.format.as_str(), run.account.rejected_count), (format.as_str(), 0), "{run:#?}");
            assert_eq!(rows(&run), expected, "{format}, shape {number}");
            fs::write(folder.path().join((number + 1).to_string()), bytes).unwrap();
        }
        // One object is one row, in whatever shape it comes again.
        let lake = Lake::temporary().await.unwrap();
        let account = ingest(&[folder.path().to_owned()], formats(), &lake, &IngestOptions::default()).await.unwrap();
        let new: u64 = account.files.iter().skip(1).flat_map(|file| file.rows.values()).sum();
        assert_eq!(new, 0, "{format}: {account:#?}");
        assert!(account.files.iter().all(FileAccount::adds_up));
    }
}

#[tokio::test]
async fn hostile_xml_ends_in_a_clear_account() {
    let head = "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">";
    let good = "<Obj RefId=\"0\"><Props><S N=\"DomainName\">contoso.example</S><S N=\"DomainType\">Authoritative</S></Props></Obj>";
    let deep = "<Obj><LST>".repeat(10_000) + &"</LST></Obj>".repeat(10_000);
    let run = read(format!("{head}{good}{deep}{}</Objs>", good.replace("contoso", "fabrikam")).as_bytes());
    assert_eq!((run.rows.len(), run.account.rejected_count), (2, 1), "{run:#?}");

    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    let run = read(format!("{head}{good}{laughs}<S>&b;</S></Objs>").as_bytes());
    assert_eq!((run.rows.len(), run.account.rejected_count), (1, 1), "{run:#?}");
    assert!(run.account.rejected[0].reason.contains("defines a document type"), "{run:#?}");
    let run = read(format!("{laughs}{head}{good}</Objs>").as_bytes());
    assert_eq!((run.rows.len(), run.account.format.as_str()), (0, "not recognised"), "{run:#?}");

    let run = read(format!("{head}{good}<Obj><Props><S N=\"DomainName\">cut").as_bytes());
    assert_eq!((run.rows.len(), run.account.rejected_count), (1, 1), "{run:#?}");
    assert!(run.account.rejected[0].reason.contains("the XML ends within an object"), "{run:#?}");

    // One value of 80 MiB.
    let long = format!("{head}{good}<Obj><Props><S N=\"DomainName\">{}</S></Props></Obj></Objs>", "x".repeat(80 << 20));
    let run = read(long.as_bytes());
    assert_eq!((run.rows.len(), run.account.rejected_count), (1, 1), "{:?}", run.account);
    assert!(run.account.rejected[0].reason.contains("larger than 64 MiB"), "{:?}", run.account);
}
