//! Measured by hand: `cargo test --release -p postern-lake speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use postern_model::row::{Rank, Row, RowKey, Value};

use super::*;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, not a check"]
async fn speed_of_audit_records() {
    let lake = Lake::temporary().await.unwrap();
    let table = table(&lake, "AuditRecords");
    let count = 400_000u64;
    let start = ticks("2024-01-01").0;
    let make = |n: u64| {
        let key = format!("{:032x}", u128::from(n) * 0x9e37_79b9_7f4a_7c15_f39c);
        let user = format!("user{}@contoso.example", n % 5000);
        let raw = format!(
            "{{\"Id\":\"{key}\",\"UserId\":\"{user}\",\"Operation\":\"MailItemsAccessed\",\"n\":{n},\"Folders\":[{}]}}",
            (0..20)
                .map(|i| format!("{{\"Path\":\"\\\\Inbox{i}\",\"Id\":\"{}\"}}", n.wrapping_mul(0x9e37_79b9 + i)))
                .collect::<Vec<_>>()
                .join(",")
        );
        let mut row = Row::new(Arc::clone(&table), RowKey::Record(key.clone()), Rank::Record, n);
        row.set("Timestamp", Value::DateTime(Ticks(start + n as i64 * 10_000_000)));
        row.set("Id", Value::String(key));
        row.set("RecordType", Value::Long(50));
        row.set("Operation", Value::String("MailItemsAccessed".to_owned()));
        row.set("Workload", Value::String("Exchange".to_owned()));
        row.set("UserId", Value::String(user));
        row.set("ClientIP", Value::String(format!("192.0.2.{}", n % 256)));
        row.set("RawEventData", Value::Dynamic(raw));
        row
    };
    for round in ["new", "again"] {
        let opening = Instant::now();
        let mut writer = lake.writer().await.unwrap();
        let opened = opening.elapsed();
        let file = begin(&mut writer, "a").await;
        let mut pushing = Duration::ZERO;
        let mut bytes = 0;
        for chunk in 0..count / 10_000 {
            let rows: Vec<Row> = (0..10_000).map(|n| make(chunk * 10_000 + n)).collect();
            for row in &rows {
                if let Some(Value::Dynamic(raw)) = row.values.iter().find(|v| matches!(v, Value::Dynamic(_))) {
                    bytes += raw.len();
                }
            }
            let started = Instant::now();
            for row in rows {
                writer.push(file, row).unwrap();
            }
            pushing += started.elapsed();
        }
        let committing = Instant::now();
        writer.commit().await.unwrap();
        let total = pushing + committing.elapsed();
        println!(
            "{round}: {count} rows of {} raw bytes: open {opened:?}, push {pushing:?}, commit {:?}, {:.0} rows/s, {} MB stored",
            bytes / count as usize,
            committing.elapsed(),
            count as f64 / total.as_secs_f64(),
            lake.summaries().await.unwrap()[0].bytes >> 20,
        );
    }
}
