//! A run that breaks off, at whatever moment, leaves the store as it was or as it should be.

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use postern_model::row::{Rank, RowKey, Value};

use super::*;
use crate::{LakeError, Step};

fn data_files(lake: &Lake) -> usize {
    let tables = lake.path().join("tables");
    let folders = std::fs::read_dir(tables).unwrap().map(|entry| entry.unwrap().path());
    folders.map(|folder| std::fs::read_dir(folder).unwrap().count()).sum()
}

/// Fails once at the n-th time that the step is reached.
fn failing(step: Step, nth: usize, error: io::ErrorKind) -> LakeOptions {
    let met = AtomicUsize::new(0);
    let mut options = options();
    options.on_step = Some(Arc::new(move |at| {
        if at == step && met.fetch_add(1, Ordering::SeqCst) + 1 == nth { Err(error.into()) } else { Ok(()) }
    }));
    options
}

#[tokio::test]
async fn files_without_a_commit_are_invisible_and_the_next_writer_removes_them() {
    let lake = temporary().await;
    store(&lake, "a", [thing(&lake, 1, "x", "2024-01-01")]).await;
    let digest = lake.store_digest("Things").await.unwrap();

    let mut writer = lake.writer().await.unwrap();
    let file = begin(&mut writer, "b").await;
    writer.push(file, thing(&lake, 1, "y", "2024-01-02")).unwrap();
    writer.flush_all().await;
    assert_eq!(data_files(&lake), 2);
    writer.leave_files = true;
    drop(writer);
    assert_eq!(data_files(&lake), 2, "left behind, as by a crash");
    assert_eq!(lake.rows("Things").await.unwrap(), 1);
    assert_eq!(lake.store_digest("Things").await.unwrap(), digest);
    assert_eq!(data_files(&lake), 2, "readers remove nothing");

    let writer = lake.writer().await.unwrap();
    assert_eq!(data_files(&lake), 1);
    drop(writer);
    assert_eq!(store(&lake, "b", [thing(&lake, 1, "y", "2024-01-02")]).await, [Pushed::New]);
}

#[tokio::test]
async fn a_writer_that_is_dropped_takes_its_files_with_it() {
    let lake = temporary().await;
    let mut writer = lake.writer().await.unwrap();
    let file = begin(&mut writer, "a").await;
    writer.push(file, thing(&lake, 1, "x", "2024-01-01")).unwrap();
    writer.flush_all().await;
    assert_eq!(data_files(&lake), 1);
    drop(writer);
    assert_eq!(data_files(&lake), 0);
    assert!(lake.files().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_full_disk_is_named_and_changes_nothing() {
    for step in [Step::RowsWritten, Step::FileClosed] {
        let lake = Lake::temporary_with(failing(step, 2, io::ErrorKind::StorageFull)).await.unwrap();
        store(&lake, "a", [thing(&lake, 1, "x", "2024-01-01")]).await;
        let digest = lake.store_digest("Things").await.unwrap();
        let mut writer = lake.writer().await.unwrap();
        let file = begin(&mut writer, "b").await;
        writer.push(file, thing(&lake, 1, "y", "2024-01-02")).unwrap();
        let error = writer.commit().await.unwrap_err();
        assert!(error.is_about_the_place(), "{error}");
        assert!(error.to_string().contains(".parquet"), "{error}");
        let after = writer.push(file, thing(&lake, 2, "z", "2024-01-02")).unwrap_err();
        assert!(matches!(after, LakeError::WriterStopped { .. }));
        assert!(matches!(writer.commit().await, Err(LakeError::WriterStopped { .. })));
        drop(writer);
        assert_eq!(data_files(&lake), 1);
        assert_eq!(lake.store_digest("Things").await.unwrap(), digest);
        assert_eq!(store(&lake, "b", [thing(&lake, 1, "y", "2024-01-02")]).await, [Pushed::New]);
    }
}

#[tokio::test]
async fn a_commit_that_fails_in_its_transaction_can_be_repeated() {
    let lake = Lake::temporary_with(failing(Step::TransactionFilled, 1, io::ErrorKind::Other)).await.unwrap();
    let mut writer = lake.writer().await.unwrap();
    let file = begin(&mut writer, "a").await;
    writer.push(file, thing(&lake, 1, "x", "2024-01-01")).unwrap();
    writer.reject(file, 2, "no", None).unwrap();
    writer.commit().await.unwrap_err();
    assert_eq!(lake.rows("Things").await.unwrap(), 0);
    assert!(lake.files().await.unwrap().is_empty());
    let refused = writer.push(file, thing(&lake, 3, "y", "2024-01-01")).unwrap_err();
    assert!(matches!(refused, LakeError::WriterStopped { .. }), "{refused}");
    writer.commit().await.unwrap();
    assert_eq!(lake.rows("Things").await.unwrap(), 1);
    assert_eq!(lake.rejects(1).await.unwrap().len(), 1);
    assert_eq!(writer.push(file, thing(&lake, 3, "y", "2024-01-01")).unwrap(), Pushed::New);
}

#[tokio::test]
async fn a_batch_that_is_sent_again_after_it_arrived_changes_nothing() {
    let lake = Lake::temporary_with(failing(Step::Committed, 1, io::ErrorKind::Other)).await.unwrap();
    let mut writer = lake.writer().await.unwrap();
    let file = begin(&mut writer, "a").await;
    writer.push(file, thing(&lake, 1, "x", "2024-01-01")).unwrap();
    writer.reject(file, 2, "no", None).unwrap();
    writer.commit().await.unwrap_err();
    // It had arrived; the answer was lost.
    let (rows, digest) = (lake.rows("Things").await.unwrap(), lake.store_digest("Things").await.unwrap());
    assert_eq!(rows, 1);
    writer.commit().await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(lake.rows("Things").await.unwrap(), 1);
    assert_eq!(lake.store_digest("Things").await.unwrap(), digest);
    assert_eq!(lake.rejects(1).await.unwrap().len(), 1);
    assert_eq!(data_files(&lake), 1);
    // And the writer goes on.
    assert_eq!(writer.push(file, thing(&lake, 3, "y", "2024-01-02")).unwrap(), Pushed::New);
    writer.commit().await.unwrap();
    assert_eq!(lake.rows("Things").await.unwrap(), 2);
}

#[tokio::test]
async fn a_writer_dropped_in_doubt_leaves_a_commit_that_arrived_intact() {
    let lake = Lake::temporary_with(failing(Step::Committed, 1, io::ErrorKind::Other)).await.unwrap();
    let mut writer = lake.writer().await.unwrap();
    let file = begin(&mut writer, "a").await;
    writer.push(file, thing(&lake, 1, "x", "2024-01-01")).unwrap();
    writer.commit().await.unwrap_err();
    drop(writer);
    assert_eq!(texts(&lake, "Things", "Name").await, ["x"]);
}

const CHILD: &str = "POSTERN_LAKE_CRASH_TEST";

/// The work of the child process: three files, two commits, killed by itself at the given step and count.
async fn child_work(path: &Path, options: LakeOptions) {
    let lake = Lake::open_with(path, options).await.unwrap();
    let mut writer = lake.writer().await.unwrap();
    for (file, rows) in [("a", 0..40u64), ("b", 20..60), ("c", 0..80)] {
        let id = begin(&mut writer, file).await;
        for n in rows {
            let mut row = thing(&lake, n + 1, &n.to_string(), "2024-01-01");
            if file == "c" && n % 2 == 0 {
                row.rank = Rank::Native;
                row.set("Share", Value::Real(0.5));
            }
            if n % 5 == 0 {
                row.key = RowKey::Content(format!("fifth {}", n % 3));
            }
            writer.push(id, row).unwrap();
        }
        writer.reject(id, 1000, "bad", Some("x")).unwrap();
        writer.end_file(id);
        if file != "a" {
            writer.commit().await.unwrap();
        }
    }
}

/// Not a test of its own: what `killed_at_any_step_…` runs in a process that dies.
#[tokio::test]
async fn child_process() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let mut words = order.splitn(3, ' ');
    let step = words.next().unwrap().to_owned();
    let nth: usize = words.next().unwrap().parse().unwrap();
    let met = AtomicUsize::new(0);
    let mut options = options();
    options.on_step = Some(Arc::new(move |at| {
        if format!("{at:?}") == step && met.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            std::process::abort();
        }
        Ok(())
    }));
    child_work(Path::new(words.next().unwrap()), options).await;
}

async fn state(lake: &Lake) -> (String, u64, Vec<(String, u64, bool)>) {
    let files = lake.files().await.unwrap();
    let files = files.into_iter().map(|file| (file.path, file.rejected, file.complete)).collect();
    (lake.store_digest("Things").await.unwrap(), lake.rows("Things").await.unwrap(), files)
}

#[tokio::test]
async fn killed_at_any_step_and_run_again_the_store_is_as_after_one_run() {
    let dir = tempfile::tempdir().unwrap();
    let undisturbed = dir.path().join("undisturbed");
    child_work(&undisturbed, options()).await;
    let lake = Lake::open_existing_with(&undisturbed, options()).await.unwrap();
    let expected = state(&lake).await;

    let mut deaths = 0;
    for step in ["RowsWritten", "FileClosed", "TransactionFilled", "Committed"] {
        for nth in [1, 2] {
            let path = dir.path().join(format!("{step}{nth}"));
            let order = format!("{step} {nth} {}", path.display());
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "tests::crash::child_process", "--nocapture"])
                .env(CHILD, order)
                .output()
                .unwrap();
            assert!(!child.status.success(), "the child should have died at {step} {nth}");
            deaths += 1;
            let lake = Lake::open_with(&path, options()).await.unwrap();
            let rows = lake.rows("Things").await.unwrap();
            assert!(rows == 0 || rows <= expected.1, "{step} {nth}: {rows}");
            drop(lake);
            child_work(&path, options()).await;
            let lake = Lake::open_existing_with(&path, options()).await.unwrap();
            assert_eq!(state(&lake).await, expected, "{step} {nth}");
            let known = lake.inner.manifest.data_files().await.unwrap().len();
            assert_eq!(data_files(&lake), known, "{step} {nth}: no orphans");
        }
    }
    assert_eq!(deaths, 8);
}
