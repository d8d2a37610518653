//! A check finds whatever is not as it was written.

use std::fs;
use std::path::PathBuf;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::{begin, options, temporary, thing};
use crate::{CheckReport, Lake};

async fn filled() -> Lake {
    let lake = temporary().await;
    let mut writer = lake.writer().await.unwrap();
    for name in ["a", "b"] {
        let file = begin(&mut writer, name).await;
        for n in 1..=200 {
            let mut row = thing(&lake, n, &format!("{name} {n}"), "2026-04-08");
            row.set("Bag", postern_model::row::Value::Dynamic(format!("{{\"n\":{n}}}")));
            writer.push(file, row).unwrap();
        }
        writer.end_file(file);
        writer.commit().await.unwrap();
    }
    drop(writer);
    lake
}

fn data_files(lake: &Lake) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(lake.path().join("tables/Things")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

async fn sql(lake: &Lake, text: &'static str) {
    let options = SqliteConnectOptions::new().filename(lake.path().join("manifest.sqlite"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn said(report: &CheckReport) -> String {
    report.problems.iter().map(|problem| format!("{}: {}\n", problem.path, problem.what)).collect()
}

#[tokio::test]
async fn a_sound_store_is_clean() {
    let lake = filled().await;
    let report = lake.check().await.unwrap();
    assert_eq!((report.files, report.rows, report.without_digest), (2, 400, 0));
    assert_eq!((report.problems, report.leftovers), (Vec::new(), Vec::<String>::new()));
    // What nobody committed is told, and is no fault of the store.
    fs::write(lake.path().join("tables/Things/stray.parquet"), b"PAR1").unwrap();
    let report = lake.check().await.unwrap();
    assert_eq!((said(&report).as_str(), report.leftovers), ("", vec!["tables/Things/stray.parquet".to_owned()]));
}

#[tokio::test]
async fn every_changed_byte_is_found() {
    let lake = filled().await;
    let file = &data_files(&lake)[0];
    let whole = fs::read(file).unwrap();
    for at in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(file, &bytes).unwrap();
        let report = lake.check().await.unwrap();
        assert_eq!(report.problems.len(), 1, "byte {at}");
        assert!(said(&report).contains("the digest differs"), "{}", said(&report));
    }
    fs::write(file, &whole[..whole.len() - 1]).unwrap();
    assert!(said(&lake.check().await.unwrap()).contains("bytes, and"));
    fs::remove_file(file).unwrap();
    assert!(said(&lake.check().await.unwrap()).contains("it is missing"));
    fs::write(file, &whole).unwrap();
    assert_eq!(said(&lake.check().await.unwrap()), "");
}

#[tokio::test]
async fn keys_that_do_not_fit_are_found() {
    let lake = filled().await;
    sql(&lake, "UPDATE data_keys SET keys = (SELECT keys FROM data_keys WHERE data_file = 1)").await;
    let report = lake.check().await.unwrap();
    assert_eq!(said(&report), "tables/Things/*.parquet: 200 of its 400 rows have the key of another row\n");
    sql(&lake, "UPDATE data_keys SET keys = x'0102' WHERE data_file = 1").await;
    assert!(said(&lake.check().await.unwrap()).contains("its keys cannot be read"));
    sql(&lake, "DELETE FROM data_keys WHERE data_file = 1").await;
    assert!(said(&lake.check().await.unwrap()).contains("keys of data file 1 are missing"));
}

#[tokio::test]
async fn a_store_of_an_earlier_program_is_read_through_and_goes_on() {
    let lake = filled().await;
    sql(&lake, "DROP TABLE data_digests").await;
    let report = lake.check().await.unwrap();
    assert_eq!((said(&report).as_str(), report.without_digest, report.rows), ("", 2, 400));
    // A broken page is found without a digest too.
    let file = &data_files(&lake)[0];
    let whole = fs::read(file).unwrap();
    let mut bytes = whole.clone();
    bytes[4..60].fill(0xff);
    fs::write(file, &bytes).unwrap();
    assert!(said(&lake.check().await.unwrap()).contains("it is not sound"));
    fs::write(file, &whole).unwrap();
    let again = Lake::open_with(lake.path(), options()).await.unwrap();
    let mut writer = again.writer().await.unwrap();
    let file = begin(&mut writer, "c").await;
    writer.push(file, thing(&again, 1, "c", "2026-04-09")).unwrap();
    writer.commit().await.unwrap();
    let report = again.check().await.unwrap();
    assert_eq!((said(&report).as_str(), report.without_digest, report.files), ("", 2, 3));
}
