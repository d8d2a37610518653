//! A row is there once, whichever way and however often it comes.

use datafusion::prelude::{DataFrame, ident, lit};
use postern_model::row::{Rank, Row, RowKey, Value};

use super::*;

fn content(lake: &Lake, position: u64, text: &str) -> Row {
    let mut row = thing(lake, position, text, "2024-01-01");
    row.key = RowKey::Content(text.to_owned());
    row
}

fn ranked(lake: &Lake, position: u64, name: &str, rank: Rank, time: &str) -> Row {
    let mut row = thing(lake, position, name, time);
    row.rank = rank;
    row.set("Share", Value::Real(f64::from(rank as u8)));
    row
}

#[tokio::test]
async fn within_a_file_across_files_and_across_runs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    {
        let lake = Lake::open_with(&path, options()).await.unwrap();
        let mut writer = lake.writer().await.unwrap();
        let a = begin(&mut writer, "a").await;
        assert_eq!(writer.push(a, thing(&lake, 1, "x", "2024-01-01")).unwrap(), Pushed::New);
        assert_eq!(writer.push(a, thing(&lake, 2, "x", "2024-01-02")).unwrap(), Pushed::Duplicate);
        let b = begin(&mut writer, "b").await;
        assert_eq!(writer.push(b, thing(&lake, 1, "x", "2024-01-01")).unwrap(), Pushed::Duplicate);
        assert_eq!(writer.push(b, thing(&lake, 2, "y", "2024-01-03")).unwrap(), Pushed::New);
        writer.commit().await.unwrap();
        // The same writer still knows what it committed.
        assert_eq!(writer.push(b, thing(&lake, 2, "y", "2024-01-03")).unwrap(), Pushed::Duplicate);
        writer.commit().await.unwrap();
    }
    let lake = Lake::open_existing_with(&path, options()).await.unwrap();
    let again = [thing(&lake, 1, "x", "2024-01-01"), thing(&lake, 2, "y", "2024-01-03")];
    assert_eq!(store(&lake, "c", again).await, [Pushed::Duplicate, Pushed::Duplicate]);
    assert_eq!(lake.rows("Things").await.unwrap(), 2);
    assert_eq!(texts(&lake, "Things", "Name").await, ["x", "y"]);
    let files = lake.files().await.unwrap();
    assert_eq!(
        files.iter().map(|f| (f.path.as_str(), f.rows)).collect::<Vec<_>>(),
        [("a.json", 1), ("b.json", 1), ("c.json", 0)]
    );
    assert!(lake.file_by_digest("digest of c").await.unwrap().unwrap().complete);
    assert!(!lake.file_by_digest("digest of a").await.unwrap().unwrap().complete);
}

#[tokio::test]
async fn the_same_key_in_another_table_is_another_row() {
    let lake = temporary().await;
    let mut other = thing(&lake, 1, "x", "2024-01-01");
    other.table = table(&lake, "Snapshots");
    let rows = [thing(&lake, 1, "x", "2024-01-01"), other];
    assert_eq!(store(&lake, "a", rows).await, [Pushed::New, Pushed::New]);
}

#[tokio::test]
async fn equal_records_of_one_file_stay_apart_and_a_second_reading_adds_nothing() {
    let lake = temporary().await;
    let rows =
        || ["a", "a", "b", "a"].into_iter().zip(1..).map(|(text, at)| content(&lake, at, text)).collect::<Vec<_>>();
    assert!(store(&lake, "one", rows()).await.iter().all(|p| *p == Pushed::New));
    assert!(store(&lake, "one", rows()).await.iter().all(|p| *p == Pushed::Duplicate));
    // Another file with the same records, one of them once more.
    let more = rows().into_iter().chain([content(&lake, 5, "a")]);
    let pushed = store(&lake, "two", more).await;
    assert_eq!(pushed.iter().filter(|p| **p == Pushed::New).count(), 1);
    assert_eq!(lake.rows("Things").await.unwrap(), 5);
}

#[tokio::test]
async fn a_better_row_replaces_a_worse_one_wherever_that_is() {
    let lake = temporary().await;
    let mut writer = lake.writer().await.unwrap();
    let file = begin(&mut writer, "a").await;
    let mut push = |name: &str, rank, time: &str| writer.push(file, ranked(&lake, 1, name, rank, time)).unwrap();
    // In the buffer.
    assert_eq!(push("buffered", Rank::Salvaged, "2024-01-01"), Pushed::New);
    assert_eq!(push("buffered", Rank::Record, "2024-01-02"), Pushed::Superseded);
    assert_eq!(push("buffered", Rank::Record, "2024-01-03"), Pushed::Duplicate);
    assert_eq!(push("stays", Rank::Record, "2024-01-04"), Pushed::New);
    assert_eq!(push("stays", Rank::Salvaged, "2024-01-05"), Pushed::Duplicate);
    writer.commit().await.unwrap();
    assert_eq!(texts(&lake, "Things", "Name").await, ["buffered", "stays"]);
    let before = lake.snapshot().await.unwrap();

    // In a data file, from the same writer and from a later one.
    let pushed = writer.push(file, ranked(&lake, 2, "stays", Rank::Native, "2024-01-06")).unwrap();
    assert_eq!(pushed, Pushed::Superseded);
    writer.commit().await.unwrap();
    drop(writer);
    let native = ranked(&lake, 1, "buffered", Rank::Native, "2024-01-07");
    assert_eq!(store(&lake, "b", [native]).await, [Pushed::Superseded]);

    assert_eq!(lake.rows("Things").await.unwrap(), 2);
    assert_eq!(texts(&lake, "Things", "Name").await, ["stays", "buffered"]);
    assert_eq!(lake.span("Things").await.unwrap(), Some((ticks("2024-01-06"), ticks("2024-01-07"))));
    let files = lake.files().await.unwrap();
    assert_eq!(files.iter().map(|f| (f.rows, f.better_rows)).collect::<Vec<_>>(), [(2, 2), (0, 1)]);
    // The snapshot from before does not move.
    assert_eq!(before.rows("Things"), 2);
    assert_eq!(before.span("Things"), Some((ticks("2024-01-02"), ticks("2024-01-04"))));
    let then = context().read_table(before.provider("Things").unwrap()).unwrap().count().await.unwrap();
    assert_eq!(then, 2);
    // Nor does a writer of later bring back what was replaced.
    let worse = ranked(&lake, 1, "stays", Rank::Salvaged, "2024-01-09");
    assert_eq!(store(&lake, "c", [worse]).await, [Pushed::Duplicate]);
}

type Question<'a> = &'a dyn Fn(DataFrame) -> DataFrame;

#[tokio::test]
async fn counts_limits_and_extents_leave_replaced_rows_out() {
    let lake = temporary().await;
    let day = |n: u64| format!("2024-01-{:02}", n + 1);
    let rows = |rank| (0..20).map(move |n: u64| (n, rank)).collect::<Vec<_>>();
    let make = |(n, rank): (u64, Rank)| ranked(&lake, n, &n.to_string(), rank, &day(n));
    store(&lake, "a", rows(Rank::Record).into_iter().map(make)).await;
    // Every row but the last five, and so whole pages at the front.
    store(&lake, "b", rows(Rank::Native).into_iter().take(15).map(make)).await;
    let early = instant("2024-01-11");
    let questions: [(&str, Question, usize); 6] = [
        ("all", &|t| t, 20),
        ("worse", &|t| t.filter(ident("Share").eq(lit(1.0))).unwrap(), 5),
        ("limited", &|t| t.limit(0, Some(12)).unwrap(), 12),
        ("early", &|t| t.filter(ident("Timestamp").lt(early.clone())).unwrap(), 10),
        ("better, limited", &|t| t.filter(ident("Share").eq(lit(0.0))).unwrap().limit(0, Some(7)).unwrap(), 7),
        ("names", &|t| t.select_columns(&["Name"]).unwrap().distinct().unwrap(), 20),
    ];
    for (name, question, expected) in questions {
        for pushdown in [false, true] {
            let mut config = SessionConfig::new().with_target_partitions(3);
            config.options_mut().execution.parquet.pushdown_filters = pushdown;
            config.options_mut().optimizer.repartition_file_min_size = 1;
            let context = SessionContext::new_with_config(config);
            let table = context.read_table(lake.provider("Things").await.unwrap()).unwrap();
            let answer = question(table);
            assert_eq!(answer.clone().count().await.unwrap(), expected, "{name}, pushdown {pushdown}");
            let rows: usize = answer.collect().await.unwrap().iter().map(RecordBatch::num_rows).sum();
            assert_eq!(rows, expected, "{name}, pushdown {pushdown}");
        }
    }
}

#[tokio::test]
async fn rejects_are_kept_once_with_their_text_cut() {
    let lake = temporary().await;
    for _ in 0..2 {
        let mut writer = lake.writer().await.unwrap();
        let file = begin(&mut writer, "a").await;
        writer.push(file, thing(&lake, 1, "x", "2024-01-01")).unwrap();
        writer.reject(file, 2, "not JSON", Some("{\"half\":")).unwrap();
        writer.reject(file, 3, "too long", Some(&"é".repeat(40_000))).unwrap();
        writer.reject(file, 0, "cut off", None).unwrap();
        writer.end_file(file);
        writer.commit().await.unwrap();
    }
    let rejects = lake.rejects(1).await.unwrap();
    assert_eq!(
        rejects.iter().map(|r| (r.position, r.reason.as_str())).collect::<Vec<_>>(),
        [(0, "cut off"), (2, "not JSON"), (3, "too long")]
    );
    assert_eq!(rejects[1].raw.as_deref(), Some("{\"half\":"));
    assert_eq!(rejects[2].raw.as_ref().unwrap().len(), 64 << 10);
    assert_eq!(rejects[0].raw, None);
    let file = lake.files().await.unwrap().remove(0);
    assert_eq!((file.rejected, file.rows, file.last_position, file.complete), (3, 1, 3, true));
    assert!(lake.rejects(2).await.unwrap().is_empty());
    // The files beside the tables have each of them once and whole.
    let files = lake.rejects_files(1).unwrap();
    assert_eq!(files.len(), 1);
    let lines: Vec<serde_json::Value> =
        std::fs::read_to_string(&files[0]).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines,
        [
            serde_json::json!({"position": 2, "reason": "not JSON", "raw": "{\"half\":"}),
            serde_json::json!({"position": 3, "reason": "too long", "raw": "é".repeat(40_000)}),
            serde_json::json!({"position": 0, "reason": "cut off", "raw": null}),
        ]
    );
    assert!(lake.rejects_files(2).unwrap().is_empty());
}

#[tokio::test]
async fn rejects_without_a_commit_leave_no_file() {
    let lake = temporary().await;
    for settled in [false, true] {
        let mut writer = lake.writer().await.unwrap();
        for name in ["a", "b", "a"] {
            let file = begin(&mut writer, name).await;
            writer.reject(file, 2, &format!("bad {settled}"), Some("x")).unwrap();
        }
        writer.leave_files = settled;
        drop(writer);
        assert_eq!(lake.rejects_files(1).unwrap().len(), usize::from(settled));
    }
    let mut writer = lake.writer().await.unwrap();
    assert_eq!(lake.rejects_files(1).unwrap(), Vec::<std::path::PathBuf>::new());
    // Input files take turns; each has a file of its own.
    for (position, name) in [(1, "a"), (1, "b"), (2, "a"), (2, "b")] {
        let file = begin(&mut writer, name).await;
        writer.reject(file, position, "bad", Some(name)).unwrap();
    }
    writer.commit().await.unwrap();
    for (id, name) in [(1, "a"), (2, "b")] {
        let text = std::fs::read_to_string(&lake.rejects_files(id).unwrap()[0]).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains(&format!("\"raw\":\"{name}\"")), "{text}");
    }
}
