//! What goes in comes out, exactly.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, DurationNanosecondType, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampNanosecondType,
};
use postern_model::row::{Rank, Row, RowKey, Value};

use super::*;
use crate::{FILE_COLUMN, POSITION_COLUMN, TYPE_KEY};

#[tokio::test]
async fn every_type_comes_back_as_it_went_in() {
    let lake = temporary().await;
    let mut full = thing(&lake, 7, "Ünïcødé 📧 \u{0}\u{202e} 漢字", "2021-08-02T13:11:39.7724491Z");
    full.set("Flag", Value::Bool(true));
    full.set("Small", Value::Long(i64::from(i32::MIN)));
    full.set("Large", Value::Long(i64::MAX));
    full.set("Share", Value::Real(-0.1));
    full.set("Later", Value::DateTime(ticks("1677-09-22T00:00:00.0000001Z")));
    full.set("Took", Value::TimeSpan(-1));
    full.set("Id", Value::String("6f1f1f0e-0000-4000-8000-000000000001".to_owned()));
    full.set("Bag", Value::Dynamic(r#"{"a":[1,null,"é"]}"#.to_owned()));
    let empty = thing(&lake, 8, "", "2021-08-02T13:11:39.7724492Z");
    assert_eq!(store(&lake, "a", [full, empty]).await, [Pushed::New, Pushed::New]);

    let batch = read(&lake, "Things").await;
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let times = column("Timestamp").as_primitive::<TimestampNanosecondType>();
    assert_eq!(times.value(1) - times.value(0), 100);
    assert_eq!(Ticks::from_unix_nanos(times.value(0)), ticks("2021-08-02T13:11:39.7724491Z"));
    assert_eq!(column("Name").as_string_view().value(0), "Ünïcødé 📧 \u{0}\u{202e} 漢字");
    assert_eq!(column("Name").as_string_view().value(1), "");
    assert_eq!(column("Name").null_count(), 0);
    assert!(column("Flag").as_boolean().value(0));
    assert_eq!(column("Small").as_primitive::<Int32Type>().value(0), i32::MIN);
    assert_eq!(column("Large").as_primitive::<Int64Type>().value(0), i64::MAX);
    assert_eq!(column("Share").as_primitive::<Float64Type>().value(0).to_bits(), (-0.1f64).to_bits());
    let later = column("Later").as_primitive::<TimestampNanosecondType>().value(0);
    assert_eq!(Ticks::from_unix_nanos(later), ticks("1677-09-22T00:00:00.0000001Z"));
    assert_eq!(column("Took").as_primitive::<DurationNanosecondType>().value(0), -100);
    assert_eq!(column("Id").as_string_view().value(0), "6f1f1f0e-0000-4000-8000-000000000001");
    assert_eq!(column("Bag").as_string_view().value(0), r#"{"a":[1,null,"é"]}"#);
    for name in ["Flag", "Small", "Large", "Share", "Later", "Took", "Id", "Bag"] {
        assert!(column(name).is_null(1), "{name}");
        assert!(column(name).is_valid(0), "{name}");
    }
    assert_eq!(column(FILE_COLUMN).as_primitive::<Int32Type>().values(), &[1, 1]);
    assert_eq!(column(POSITION_COLUMN).as_primitive::<Int64Type>().values(), &[7, 8]);
}

#[tokio::test]
async fn the_seam_has_the_agreed_types_and_names_them() {
    let lake = temporary().await;
    let empty = lake.provider("Things").await.unwrap().schema();
    store(&lake, "a", [thing(&lake, 1, "x", "2024-01-01")]).await;
    let filled = lake.provider("Things").await.unwrap();
    assert_eq!(empty, filled.schema());
    let from_disk = read(&lake, "Things").await.schema();
    let utc = Some("UTC".into());
    for (name, kind, data_type, nullable) in [
        ("Timestamp", "datetime", DataType::Timestamp(TimeUnit::Nanosecond, utc), true),
        ("Name", "string", DataType::Utf8View, false),
        ("Flag", "bool", DataType::Boolean, true),
        ("Small", "int", DataType::Int32, true),
        ("Large", "long", DataType::Int64, true),
        ("Share", "real", DataType::Float64, true),
        ("Took", "timespan", DataType::Duration(TimeUnit::Nanosecond), true),
        ("Id", "guid", DataType::Utf8View, true),
        ("Bag", "dynamic", DataType::Utf8View, true),
        (FILE_COLUMN, "int", DataType::Int32, false),
        (POSITION_COLUMN, "long", DataType::Int64, false),
    ] {
        for schema in [&empty, &from_disk] {
            let field = schema.field_with_name(name).unwrap();
            assert_eq!((field.data_type(), field.is_nullable()), (&data_type, nullable), "{name}");
            assert_eq!(field.metadata().get(TYPE_KEY).map(String::as_str), Some(kind), "{name}");
        }
    }
}

#[tokio::test]
async fn what_a_cell_cannot_hold_is_null_and_counted_once() {
    let lake = temporary().await;
    let mut row = thing(&lake, 1, "x", "2024-01-01");
    row.set("Later", Value::DateTime(ticks("9999-12-31T23:59:59.9999999Z")));
    row.set("Small", Value::Long(i64::from(i32::MAX) + 1));
    row.set("Took", Value::TimeSpan(i64::MAX));
    let mut odd = thing(&lake, 2, "y", "2024-01-01");
    odd.set("Later", Value::DateTime(Ticks(i64::MIN)));
    let rows = [row, odd];
    store(&lake, "a", rows.clone()).await;
    assert_eq!(store(&lake, "a", rows).await, [Pushed::Duplicate, Pushed::Duplicate]);

    let batch = read(&lake, "Things").await;
    for name in ["Later", "Small", "Took"] {
        assert_eq!(batch.column_by_name(name).unwrap().null_count(), 2, "{name}");
    }
    let file = lake.files().await.unwrap().remove(0);
    let counts: Vec<_> = file.lost_cells.iter().map(|(k, v)| (k.as_str(), *v)).collect();
    assert_eq!(counts, [("Things.Later", 2), ("Things.Small", 1), ("Things.Took", 1)]);
}

#[tokio::test]
async fn a_row_needs_a_time_unless_it_is_a_configuration_snapshot() {
    let lake = temporary().await;
    let mut none = thing(&lake, 1, "x", "2024-01-01");
    none.set("Timestamp", Value::Null);
    let early = thing(&lake, 2, "y", "0001-01-01");
    let pushed = store(&lake, "a", [none, early]).await;
    assert_eq!(pushed[0], Pushed::Rejected("no time in Timestamp".to_owned()));
    assert!(matches!(&pushed[1], Pushed::Rejected(why) if why.contains("0001-01-01T00:00:00")), "{pushed:?}");
    assert_eq!(lake.rows("Things").await.unwrap(), 0);

    let snapshot = |key: &str| Row::new(table(&lake, "Snapshots"), RowKey::Record(key.to_owned()), Rank::Record, 1);
    let mut dated = snapshot("b");
    dated.set("Timestamp", Value::DateTime(ticks("2024-05-01")));
    let mut early = snapshot("c");
    early.set("Timestamp", Value::DateTime(ticks("0001-01-01")));
    assert_eq!(store(&lake, "b", [snapshot("a"), dated, early]).await, [Pushed::New, Pushed::New, Pushed::New]);
    let day = ticks("2024-05-01");
    assert_eq!(lake.span("Snapshots").await.unwrap(), Some((day, day)));
    assert_eq!(read(&lake, "Snapshots").await.column(0).null_count(), 2);
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_refused_by_name() {
    let lake = temporary().await;
    let mut row = thing(&lake, 1, "x", "2024-01-01");
    row.set("Large", Value::String("12".to_owned()));
    let pushed = store(&lake, "a", [row]).await;
    assert_eq!(pushed, [Pushed::Rejected("column `Large` is a long and was given a text".to_owned())]);
}

#[tokio::test]
async fn a_row_of_another_shape_or_table_or_file_is_an_error() {
    let lake = temporary().await;
    let mut writer = lake.writer().await.unwrap();
    let file = begin(&mut writer, "a").await;
    let mut short = thing(&lake, 1, "x", "2024-01-01");
    short.values.pop();
    assert!(matches!(writer.push(file, short), Err(crate::LakeError::RowShape { .. })));
    let elsewhere = Arc::clone(Schemas::builtin().unwrap().get("EmailEvents").unwrap());
    let row = Row::new(elsewhere, RowKey::Record("x".to_owned()), Rank::Record, 1);
    assert!(matches!(writer.push(file, row), Err(crate::LakeError::UnknownTable { .. })));
    let row = thing(&lake, 1, "x", "2024-01-01");
    assert!(matches!(writer.push(FileId(99), row), Err(crate::LakeError::UnknownFile { id: 99 })));
    assert!(matches!(lake.provider("Nothing").await, Err(crate::LakeError::UnknownTable { .. })));
}

#[tokio::test]
async fn rows_are_in_order_of_time_within_a_file_and_many_survive_the_buffers() {
    let lake = temporary().await;
    let count = 300_000u64;
    let rows = (0..count).map(|n| {
        let mut row = Row::new(table(&lake, "Mail"), RowKey::Record(n.to_string()), Rank::Record, n + 1);
        // Newest first, as exports are.
        row.set("Timestamp", Value::DateTime(Ticks(ticks("2024-01-01").0 - n as i64)));
        row.set("NetworkMessageId", Value::String(format!("message-{n}")));
        row
    });
    store(&lake, "a", rows).await;
    assert_eq!(lake.rows("Mail").await.unwrap(), count);
    let (from, to) = lake.span("Mail").await.unwrap().unwrap();
    assert_eq!(to.0 - from.0, count as i64 - 1);
    let batch = read(&lake, "Mail").await;
    assert_eq!(batch.num_rows() as u64, count);
    let positions = batch.column_by_name(POSITION_COLUMN).unwrap().as_primitive::<Int64Type>();
    assert!(positions.values().iter().enumerate().all(|(i, p)| *p == (count - i as u64) as i64));
    let ids = batch.column_by_name("NetworkMessageId").unwrap().as_string_view();
    assert_eq!((ids.value(0), ids.value(batch.num_rows() - 1)), ("message-299999", "message-0"));
    let summary = lake.summaries().await.unwrap().remove(0);
    assert_eq!((summary.table.as_str(), summary.rows), ("Mail", count));
    assert!(summary.bytes > 0);
}
