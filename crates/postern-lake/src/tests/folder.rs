//! The folder: what is accepted, who may read it, who may write.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::LakeError;

#[tokio::test]
async fn a_folder_with_something_else_in_it_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("holiday.jpg"), "x").unwrap();
    let error = Lake::open_with(dir.path(), options()).await.unwrap_err();
    assert!(matches!(&error, LakeError::NotAStore { found, .. } if found == "holiday.jpg"));
    assert!(error.to_string().contains("is not a Postern store and not empty (it holds `holiday.jpg`)"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was added");
    assert!(matches!(Lake::open_existing_with(dir.path(), options()).await, Err(LakeError::NoStore { .. })));
    let nowhere = dir.path().join("nowhere");
    assert!(matches!(Lake::open_existing_with(&nowhere, options()).await, Err(LakeError::NoStore { .. })));
    assert!(!nowhere.exists());
}

#[tokio::test]
async fn another_database_of_that_name_is_refused_and_left_alone() {
    use sqlx::Connection;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("manifest.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("CREATE TABLE photos (name TEXT)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let error = Lake::open_with(dir.path(), super::options()).await.unwrap_err();
    assert!(matches!(error, LakeError::NotAStore { .. }), "{error}");

    fs::write(&path, "this is no database, and long enough to be told from one").unwrap();
    let error = Lake::open_with(dir.path(), super::options()).await.unwrap_err();
    assert!(matches!(error, LakeError::Manifest { .. }), "{error}");
    assert!(error.to_string().contains("manifest.sqlite"), "{error}");
}

#[tokio::test]
async fn a_newer_format_is_refused_and_a_half_made_store_is_made() {
    use sqlx::Connection;
    let dir = tempfile::tempdir().unwrap();
    // What a first opening that broke off leaves.
    fs::write(dir.path().join("lock"), "").unwrap();
    fs::create_dir(dir.path().join("tables")).unwrap();
    fs::write(dir.path().join("manifest.sqlite"), "").unwrap();
    assert!(matches!(Lake::open_existing_with(dir.path(), options()).await, Err(LakeError::NoStore { .. })));
    let lake = Lake::open_with(dir.path(), options()).await.unwrap();
    store(&lake, "a", [thing(&lake, 1, "x", "2024-01-01")]).await;
    drop(lake);

    let path = dir.path().join("manifest.sqlite");
    let connect = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut connection = sqlx::SqliteConnection::connect_with(&connect).await.unwrap();
    sqlx::raw_sql("UPDATE store SET value = '99' WHERE key = 'postern_store_format'")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    for error in [
        Lake::open_with(dir.path(), options()).await.unwrap_err(),
        Lake::open_existing_with(dir.path(), options()).await.unwrap_err(),
    ] {
        assert!(matches!(error, LakeError::TooNew { found: 99, known: 1, .. }), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_that_another_took_the_place_of_is_not_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let old = Lake::open_with(&path, options()).await.unwrap();
    fs::rename(&path, dir.path().join("moved")).unwrap();
    let new = Lake::open_with(&path, options()).await.unwrap();
    store(&new, "a", [thing(&new, 1, "x", "2024-01-01")]).await;
    let error = old.writer().await.err().unwrap();
    assert!(matches!(error, LakeError::Damaged { .. }), "{error}");
    assert_eq!(texts(&new, "Things", "Name").await, ["x"]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_anything() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let existing = dir.path().join("existing");
    fs::create_dir(&existing).unwrap();
    fs::set_permissions(&existing, fs::Permissions::from_mode(0o755)).unwrap();
    for path in [dir.path().join("new/store"), existing] {
        let lake = Lake::open_with(&path, options()).await.unwrap();
        store(&lake, "a", [thing(&lake, 1, "x", "2024-01-01")]).await;
        let mut files = 0;
        let mut todo = vec![path.clone()];
        while let Some(entry) = todo.pop() {
            let mode = fs::metadata(&entry).unwrap().permissions().mode() & 0o777;
            if entry.is_dir() {
                assert_eq!(mode, 0o700, "{}", entry.display());
                todo.extend(fs::read_dir(&entry).unwrap().map(|e| e.unwrap().path()));
            } else {
                assert_eq!(mode, 0o600, "{}", entry.display());
                files += 1;
            }
        }
        assert!(files >= 3, "manifest, lock, data");
    }
}

#[tokio::test]
async fn a_temporary_store_goes_with_its_last_user() {
    let lake = temporary().await;
    let path = lake.path().to_owned();
    store(&lake, "a", [thing(&lake, 1, "x", "2024-01-01")]).await;
    let provider = lake.provider("Things").await.unwrap();
    drop(lake);
    assert_eq!(context().read_table(provider).unwrap().count().await.unwrap(), 1);
    // The provider was consumed by the query; nothing holds the store now.
    for _ in 0..100 {
        if !path.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} is still there", path.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_take_turns_and_the_second_is_told_that_it_waits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let first = Lake::open_with(&path, options()).await.unwrap();
    let mut writer = first.writer().await.unwrap();
    let file = begin(&mut writer, "a").await;
    writer.push(file, thing(&first, 1, "x", "2024-01-01")).unwrap();

    let waits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&waits);
    let mut telling = options();
    telling.on_wait = Some(Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    }));
    // Opening and reading do not wait.
    let second = Lake::open_with(&path, telling).await.unwrap();
    assert_eq!(second.rows("Things").await.unwrap(), 0);
    let waiting = tokio::spawn(async move {
        let pushed = store(&second, "b", [thing(&second, 1, "x", "2024-01-01")]).await;
        (second, pushed)
    });
    while waits.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    writer.commit().await.unwrap();
    assert!(!waiting.is_finished(), "a commit does not give the turn away");
    drop(writer);
    let (second, pushed) = waiting.await.unwrap();
    assert_eq!(pushed, [Pushed::Duplicate], "the second sees what the first committed");
    assert_eq!(waits.load(Ordering::SeqCst), 1);
    assert_eq!(second.rows("Things").await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_open_a_new_store_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let openings: Vec<_> = (0..8)
        .map(|n| {
            let path = path.clone();
            tokio::spawn(async move {
                let lake = Lake::open_with(&path, options()).await.unwrap();
                let name = n.to_string();
                store(&lake, &name, [thing(&lake, 1, &name, "2024-01-01")]).await;
            })
        })
        .collect();
    for opening in openings {
        opening.await.unwrap();
    }
    let lake = Lake::open_existing_with(&path, options()).await.unwrap();
    assert_eq!(lake.rows("Things").await.unwrap(), 8);
    assert_eq!(lake.files().await.unwrap().len(), 8);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_without_write_permission_reads_but_does_not_write() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let lake = Lake::open_with(&path, options()).await.unwrap();
    store(&lake, "a", [thing(&lake, 1, "x", "2024-01-01")]).await;
    lake.inner.manifest.close().await;
    drop(lake);
    let set = |mode| {
        for path in [path.join("lock"), path.join("manifest.sqlite")] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o600)).unwrap();
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set(0o500);
    if fs::write(path.join("probe"), "").is_ok() {
        fs::remove_file(path.join("probe")).unwrap();
        eprintln!("skipped: this user may write anywhere");
        return;
    }
    let lake = Lake::open_with(&path, options()).await.unwrap();
    assert_eq!(texts(&lake, "Things", "Name").await, ["x"]);
    let error = lake.writer().await.err().unwrap();
    assert!(error.is_about_the_place(), "{error}");
    assert!(error.to_string().contains("lock"), "{error}");
    let inside = Lake::open_with(path.join("new"), options()).await.unwrap_err();
    assert!(inside.is_about_the_place(), "{inside}");
    set(0o700);
    let error = lake.writer().await.err().unwrap();
    assert!(error.is_about_the_place(), "opened as unchangeable, it stays so: {error}");
    let lake = Lake::open_with(&path, options()).await.unwrap();
    store(&lake, "b", [thing(&lake, 1, "y", "2024-01-02")]).await;
    assert_eq!(texts(&lake, "Things", "Name").await, ["x", "y"]);
}
