//! Reading: what is left out is really left out, and only that.

use arrow::array::AsArray;
use datafusion::functions_aggregate::expr_fn::{count, max};
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::{Expr, ident, lit};
use postern_model::row::{Rank, Row, RowKey, Value};

use super::*;

fn mail(lake: &Lake, n: u64) -> Row {
    let mut row = Row::new(table(lake, "Mail"), RowKey::Record(n.to_string()), Rank::Record, n);
    let start = ticks("2024-01-01").0;
    row.set("Timestamp", Value::DateTime(Ticks(start + n as i64 * 10_000_000)));
    row.set("NetworkMessageId", Value::String(format!("{:032x}", u128::from(n) * 0x9e37_79b9_7f4a_7c15_f39c)));
    row.set("SenderFromAddress", Value::String(format!("user{}@contoso.example", n % 1000)));
    row.set("Subject", Value::String(format!("Message {n}")));
    row
}

fn metric(plan: &Arc<dyn ExecutionPlan>, name: &str) -> usize {
    let own = plan.metrics().and_then(|metrics| metrics.sum_by_name(name)).map_or(0, |value| value.as_usize());
    own + plan.children().into_iter().map(|child| metric(child, name)).sum::<usize>()
}

fn scans(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let text = displayable(plan.as_ref()).indent(true).to_string();
    // A large file is read in several ranges and so named several times.
    let words = text.split([' ', '/', '[', ']', ':', ',']).filter(|word| word.ends_with(".parquet"));
    words.collect::<std::collections::BTreeSet<_>>().len()
}

/// The rows for a filter, the files in the plan, the bytes read.
async fn ask(lake: &Lake, filter: Expr) -> (usize, usize, usize) {
    let context = context();
    let frame = context.read_table(lake.provider("Mail").await.unwrap()).unwrap().filter(filter).unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let files = scans(&plan);
    let batches = collect(Arc::clone(&plan), context.task_ctx()).await.unwrap();
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    (rows, files, metric(&plan, "bytes_scanned"))
}

#[tokio::test]
async fn files_groups_and_pages_without_answers_are_not_read() {
    let lake = temporary().await;
    // Three files of an hour and more each, the first of several row groups and pages.
    for (file, rows) in [("a", 0..200_000u64), ("b", 200_000..210_000), ("c", 210_000..220_000)] {
        store(&lake, file, rows.map(|n| mail(&lake, n))).await;
    }
    let at = |n: u64| instant(&Ticks(ticks("2024-01-01").0 + n as i64 * 10_000_000).to_string());
    let (rows, files, everything) = ask(&lake, ident("Subject").not_eq(lit(""))).await;
    assert_eq!((rows, files), (220_000, 3));

    let (rows, files, bytes) = ask(&lake, ident("Timestamp").gt_eq(at(215_000))).await;
    assert_eq!((rows, files), (5_000, 1), "two files are left out by the manifest alone");
    assert!(bytes * 10 < everything, "{bytes} of {everything}");

    // Its row group is more than half of everything: what remains of it is pages.
    let (rows, files, bytes) = ask(&lake, ident("Timestamp").between(at(1_000), at(1_999))).await;
    assert_eq!((rows, files), (1_000, 1));
    assert!(bytes * 12 < everything, "{bytes} of {everything}");

    let (rows, files, ..) = ask(&lake, ident("Timestamp").lt(instant("2023-01-01"))).await;
    assert_eq!((rows, files), (0, 0));

    // One message in three files: Bloom filters, as the ids have no order.
    let wanted = format!("{:032x}", 123_456u128 * 0x9e37_79b9_7f4a_7c15_f39c);
    let (rows, files, bytes) = ask(&lake, ident("NetworkMessageId").eq(lit(wanted))).await;
    assert_eq!((rows, files), (1, 3));
    let absent = format!("{:032x}", 500_000u128 * 0x9e37_79b9_7f4a_7c15_f39c);
    let (rows, _, none) = ask(&lake, ident("NetworkMessageId").eq(lit(absent))).await;
    assert_eq!(rows, 0);
    assert!(none * 4 < everything && none < bytes, "nothing but filters: {none}, one hit: {bytes}, all: {everything}");
}

#[tokio::test]
async fn projection_reads_only_what_is_asked() {
    let lake = temporary().await;
    store(&lake, "a", (0..20_000).map(|n| mail(&lake, n))).await;
    let context = context();
    let bytes = async |columns: &[&str]| {
        let frame = context.read_table(lake.provider("Mail").await.unwrap()).unwrap().select_columns(columns).unwrap();
        let plan = frame.create_physical_plan().await.unwrap();
        let batches = collect(Arc::clone(&plan), context.task_ctx()).await.unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 20_000);
        metric(&plan, "bytes_scanned")
    };
    let one = bytes(&["_File"]).await;
    let all = bytes(&["Timestamp", "NetworkMessageId", "SenderFromAddress", "Subject", "_File", "_Position"]).await;
    assert!(one * 10 < all, "{one} of {all}");
}

#[tokio::test]
async fn counts_and_extents_come_without_a_scan() {
    let lake = temporary().await;
    store(&lake, "a", (0..1000).map(|n| mail(&lake, n))).await;
    let context = context();
    let frame = context.read_table(lake.provider("Mail").await.unwrap()).unwrap();
    let frame = frame.aggregate(vec![], vec![count(lit(1i64)), max(ident("Timestamp"))]).unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    assert_eq!(scans(&plan), 0, "{}", displayable(plan.as_ref()).indent(true));
    let batch = collect(plan, context.task_ctx()).await.unwrap().remove(0);
    assert_eq!(batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().value(0), 1000);
}

#[tokio::test]
async fn a_snapshot_is_one_moment_over_all_tables() {
    let lake = temporary().await;
    store(&lake, "a", [thing(&lake, 1, "x", "2024-01-01")]).await;
    let before = lake.snapshot().await.unwrap();
    let rows = [thing(&lake, 1, "y", "2024-02-01"), mail(&lake, 1)];
    store(&lake, "b", rows).await;
    for (table, then, now) in [("Things", 1, 2), ("Mail", 0, 1), ("Snapshots", 0, 0)] {
        assert_eq!(before.rows(table), then);
        let provider = before.provider(table).unwrap();
        assert_eq!(context().read_table(provider).unwrap().count().await.unwrap() as u64, then);
        assert_eq!(lake.rows(table).await.unwrap(), now);
    }
    let names: Vec<_> = lake.summaries().await.unwrap().into_iter().map(|s| (s.table, s.rows)).collect();
    assert_eq!(names, [("Mail".to_owned(), 1), ("Things".to_owned(), 2)]);
    assert_eq!(before.summaries().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_beside_a_writer_see_whole_commits_only() {
    let lake = temporary().await;
    let writing = {
        let lake = lake.clone();
        tokio::spawn(async move {
            let mut writer = lake.writer().await.unwrap();
            for round in 0..20u64 {
                let file = begin(&mut writer, &round.to_string()).await;
                for n in round * 50..round * 50 + 50 {
                    writer.push(file, mail(&lake, n)).unwrap();
                    writer.push(file, thing(&lake, n, &n.to_string(), "2024-01-01")).unwrap();
                }
                writer.commit().await.unwrap();
            }
        })
    };
    let mut last = 0;
    while last < 1000 {
        let done = writing.is_finished();
        let snapshot = lake.snapshot().await.unwrap();
        let rows = snapshot.rows("Mail");
        assert_eq!((rows % 50, snapshot.rows("Things")), (0, rows));
        assert!(rows >= last);
        for table in ["Mail", "Things"] {
            let batches = context().read_table(snapshot.provider(table).unwrap()).unwrap().collect().await.unwrap();
            assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64, rows);
        }
        assert!(rows == 1000 || !done, "{rows}");
        last = rows;
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn a_limit_does_not_cut_rows_that_a_filter_above_would_keep() {
    let lake = temporary().await;
    store(&lake, "a", (0..100).map(|n| mail(&lake, n))).await;
    let context = context();
    let provider = lake.provider("Mail").await.unwrap();
    let filters = [ident("Subject").eq(lit("Message 99"))];
    let plan = provider.scan(&context.state(), None, &filters, Some(1)).await.unwrap();
    let batches = collect(plan, context.task_ctx()).await.unwrap();
    let subjects = batches.iter().flat_map(|b| b.column(3).as_string_view().iter().flatten().collect::<Vec<_>>());
    assert!(subjects.into_iter().any(|subject| subject == "Message 99"));
}

#[tokio::test]
async fn files_of_an_older_schema_have_the_new_columns_empty() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let lake = Lake::open_with(&path, options()).await.unwrap();
    store(&lake, "a", [thing(&lake, 1, "old", "2024-01-01")]).await;
    drop(lake);

    let mut newer = Schemas::clone(&schemas());
    let text = super::TABLES.replace(
        "{ name = 'Flag', type = 'bool' },",
        "{ name = 'Nick', type = 'string' }, { name = 'Age', type = 'long' }, { name = 'Flag', type = 'bool' },",
    );
    newer.add_toml("Things.toml", &text).unwrap();
    let newer = LakeOptions { schemas: Some(Arc::new(newer)), ..LakeOptions::default() };
    let lake = Lake::open_with(&path, newer).await.unwrap();
    let mut row = thing(&lake, 1, "new", "2024-01-02");
    row.set("Nick", Value::String("n".to_owned()));
    row.set("Age", Value::Long(7));
    store(&lake, "b", [row, thing(&lake, 2, "old", "2024-01-03")]).await;

    assert_eq!(texts(&lake, "Things", "Name").await, ["old", "new"]);
    assert_eq!(texts(&lake, "Things", "Nick").await, ["", "n"]);
    let batch = read(&lake, "Things").await;
    assert_eq!(batch.column_by_name("Age").unwrap().null_count(), 1);
    let context = context();
    for (filter, expected) in [
        (ident("Nick").eq(lit("")), 1),
        (ident("Nick").not_eq(lit("n")), 1),
        (ident("Age").is_null(), 1),
        (ident("Age").eq(lit(7i64)), 1),
    ] {
        for pushdown in [false, true] {
            let mut config = SessionConfig::new();
            config.options_mut().execution.parquet.pushdown_filters = pushdown;
            let context = SessionContext::new_with_config_rt(config, context.runtime_env());
            let frame = context.read_table(lake.provider("Things").await.unwrap()).unwrap();
            let found = frame.filter(filter.clone()).unwrap().count().await.unwrap();
            assert_eq!(found, expected, "{filter}, pushdown {pushdown}");
        }
    }
}

#[tokio::test]
async fn the_digest_sees_rows_and_not_their_order() {
    let make = async |order: &[u64], files: &[&str]| {
        let lake = temporary().await;
        for file in files {
            store(&lake, file, []).await;
        }
        for n in order {
            store(&lake, &format!("file {n}"), [thing(&lake, 1, &n.to_string(), "2024-01-01")]).await;
        }
        lake.store_digest("Things").await.unwrap()
    };
    let digest = make(&[1, 2, 3], &[]).await;
    assert_eq!(make(&[3, 1, 2], &["another"]).await, digest);
    assert_ne!(make(&[1, 2], &[]).await, digest);
    assert_ne!(make(&[1, 2, 4], &[]).await, digest);
}

#[tokio::test]
async fn a_missing_data_file_is_an_error_and_not_fewer_rows() {
    let lake = temporary().await;
    store(&lake, "a", [thing(&lake, 1, "x", "2024-01-01")]).await;
    let folder = lake.path().join("tables/Things");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(file).unwrap();
    let error = lake.store_digest("Things").await.unwrap_err().to_string();
    assert!(error.contains("Things") && error.contains(".parquet"), "{error}");
}
