//! Other text in stored rows: all of it or none, and everything else as before.

use std::collections::BTreeMap;

use postern_model::row::{Rank, Value};

use super::*;
use crate::{Change, LakeError, Rewritten, Step, TextRow};

fn subjects() -> BTreeMap<String, Vec<String>> {
    [("Mail".to_owned(), vec!["NetworkMessageId".to_owned(), "Subject".to_owned()])].into()
}

/// Puts the message's id before the subject, but for those that end in `0`.
fn change() -> Change {
    Arc::new(|table: &str, row: &mut TextRow<'_>| {
        assert_eq!(table, "Mail");
        if !row.get(0).ends_with('0') {
            row.replace(1, format!("{} {}", row.get(0), row.get(1)));
        }
    })
}

fn mail(lake: &Lake, number: u64, rank: Rank) -> Row {
    let key = postern_model::row::RowKey::Record(format!("m{number}"));
    let mut row = Row::new(table(lake, "Mail"), key, rank, number + 1);
    row.set("Timestamp", Value::DateTime(Ticks(ticks("2024-01-01").0 + number as i64)));
    row.set("NetworkMessageId", Value::String(format!("m{number}")));
    row.set("Subject", Value::String(format!("{rank:?}")));
    row
}

async fn filled(lake: &Lake) {
    store(lake, "a", (0..50).map(|number| mail(lake, number, Rank::Record))).await;
    // Three rows of the first file no longer count.
    store(lake, "b", [3, 10, 49].map(|number| mail(lake, number, Rank::Native))).await;
    store(lake, "c", [thing(lake, 1, "x", "2024-01-01")]).await;
}

#[tokio::test]
async fn rows_get_other_text_and_stay_the_rows_they_are() {
    let lake = temporary().await;
    filled(&lake).await;
    let before = lake.snapshot().await.unwrap();
    let things = lake.store_digest("Things").await.unwrap();
    let done = lake.rewrite(subjects(), change()).await.unwrap();
    assert_eq!(done, Rewritten { rows: 50, changed: 45, files: 2 });

    let expected: Vec<String> = (0..50)
        .map(|number| match number {
            10 => "Native".to_owned(),
            3 | 49 => format!("m{number} Native"),
            _ if number % 10 == 0 => "Record".to_owned(),
            _ => format!("m{number} Record"),
        })
        .collect();
    assert_eq!(texts(&lake, "Mail", "Subject").await, expected);
    assert_eq!(lake.store_digest("Things").await.unwrap(), things);
    // Who began to read before still reads what was there then.
    let batches = context().read_table(before.provider("Mail").unwrap()).unwrap().collect().await.unwrap();
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 50);

    // The rows are known by their keys as before, and a better one finds the one it replaces.
    let pushed = store(&lake, "d", [mail(&lake, 3, Rank::Record), mail(&lake, 5, Rank::Native)]).await;
    assert_eq!(pushed, [Pushed::Duplicate, Pushed::Superseded]);
    assert_eq!(lake.rows("Mail").await.unwrap(), 50);
    assert_eq!(texts(&lake, "Mail", "Subject").await[5], "Native");
}

#[tokio::test]
async fn what_says_the_same_is_not_written_again() {
    let lake = temporary().await;
    filled(&lake).await;
    let none: Change = Arc::new(|_: &str, row: &mut TextRow<'_>| row.replace(1, row.get(1).to_owned()));
    assert_eq!(lake.rewrite(subjects(), none).await.unwrap(), Rewritten { rows: 50, changed: 0, files: 0 });
}

#[tokio::test]
async fn a_rewriting_that_breaks_off_leaves_the_store_as_it_was() {
    for (step, after) in [
        (Step::RowsWritten, false),
        (Step::FileClosed, false),
        (Step::TransactionFilled, false),
        (Step::Committed, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open_with(folder.path(), options()).await.unwrap();
        filled(&lake).await;
        let digest = lake.store_digest("Mail").await.unwrap();
        let mut failing = options();
        failing.on_step =
            Some(Arc::new(move |at| if at == step { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(()) }));
        let broken = Lake::open_with(folder.path(), failing).await.unwrap();
        let error = broken.rewrite(subjects(), change()).await.unwrap_err();
        assert!(matches!(error, LakeError::Io { .. }), "{step:?}: {error}");
        assert_eq!(lake.store_digest("Mail").await.unwrap() != digest, after, "{step:?}");
        assert_eq!(lake.rows("Mail").await.unwrap(), 50, "{step:?}");
        drop(lake.writer().await.unwrap());
        let done = lake.rewrite(subjects(), change()).await.unwrap();
        assert_eq!(done.changed, 45, "{step:?}");
    }
}
