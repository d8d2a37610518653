//! Every table of advanced hunting, as the portal's CSV, rows of the API, and records of the stream.

use postern_model::schema::{ColumnType, Schemas, TableSchema};
use serde_json::{Map, Value, json};

use crate::texts::{array, lines, table};
use crate::{encodings, gives, read, rows};

/// A row with every cell filled.
fn row(schema: &TableSchema, number: u32) -> Vec<(&'static str, Value)> {
    let cell = |name: &str, kind: ColumnType| match kind {
        ColumnType::Bool => json!(number == 1),
        ColumnType::Int | ColumnType::Long => json!(number + 40),
        ColumnType::Real => json!(0.5),
        ColumnType::DateTime => json!(format!("2026-03-{:02}T10:01:02.345Z", number + 12)),
        ColumnType::TimeSpan => json!("00:00:01"),
        ColumnType::Dynamic => json!({"a": [number, "b;c,d\t\"e\"\né"]}),
        _ => json!(format!("{name} {number}; b, c\t\"d\"\né")),
    };
    let columns = schema.columns.iter().filter(|column| !OURS.contains(&column.name.as_str()));
    columns.map(|column| (&*column.name.clone().leak(), cell(&column.name, column.kind))).collect()
}

/// Columns that no export has: what this program adds.
const OURS: &[&str] = &[];

#[test]
fn every_table_of_advanced_hunting_is_read_in_every_shape() {
    let schemas = Schemas::builtin().unwrap();
    let mut tables = 0;
    for schema in schemas.iter().filter(|schema| schema.family == "advanced-hunting") {
        // Rows of CloudAppEvents are audit records, those of AADSignInEventsBeta sign-ins: see the other sets.
        if ["CloudAppEvents", "AADSignInEventsBeta"].contains(&schema.name.as_str()) {
            continue;
        }
        tables += 1;
        let records: Vec<Vec<(&str, Value)>> = (1..=2).map(|number| row(schema, number)).collect();
        let objects: Vec<Value> = records
            .iter()
            .map(|row| Value::Object(row.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect::<Map<_, _>>()))
            .collect();
        let api = json!({"schema": [{"name": "x", "type": "String"}], "results": objects}).to_string();
        let streamed: Vec<Value> = objects
            .iter()
            .map(|row| {
                json!({"time": "2026-03-30T00:00:00Z", "tenantId": "t", "operationName": "Publish",
                    "category": format!("AdvancedHunting-{}", schema.name), "properties": row, "Tenant": "DefaultTenant"})
            })
            .collect();
        let expected = rows(&read(lines(&streamed).as_bytes()), None);
        assert_eq!(expected.len(), 2, "{}", schema.name);
        assert!(expected.iter().all(|row| row.starts_with(&format!("{} ", schema.name))), "{expected:?}");
        let texts: Vec<Vec<(&'static str, String)>> = records
            .iter()
            .map(|row| {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                row.iter().map(|(name, value)| (*name, text(value))).collect()
            })
            .collect();
        let mut shapes = vec![
            ("stream", "advanced_hunting_json", json!({"records": streamed}).to_string()),
            ("API", "advanced_hunting_json", api),
            ("rows", "advanced_hunting_json", lines(&objects)),
            ("array", "advanced_hunting_json", array(&objects)),
        ];
        for delimiter in [',', ';', '\t'] {
            shapes.push(("portal", "advanced_hunting_csv", table(&texts, delimiter, false)));
        }
        for (shape, format, text) in shapes {
            for (encoding, bytes) in encodings(&text) {
                gives(&format!("{}, {shape}, {encoding}", schema.name), format, &bytes, None, &expected);
            }
        }
    }
    assert!(tables >= 10, "{tables}");
}
