//! Killed at any moment, a load leaves nothing half done: the next run gives what an undisturbed one gives.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use postern_lake::Lake;

use crate::common::{example, postern, program};

/// Rows and content digest of every table.
fn state(store: &Path) -> BTreeMap<String, (u64, String)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let lake = Lake::open_existing(store).await.unwrap();
        let mut state = BTreeMap::new();
        for summary in lake.summaries().await.unwrap() {
            let digest = lake.store_digest(&summary.table).await.unwrap();
            state.insert(summary.table, (summary.rows, digest));
        }
        state
    })
}

fn load(store: &Path) {
    postern([Path::new("ingest"), &example(), Path::new("--data"), store]).worked();
}

/// Starts a load and kills it after a while; true when it was still running.
fn load_and_kill(store: &Path, after: Duration) -> bool {
    let mut child = program()
        .args([Path::new("ingest"), &example(), Path::new("--data"), store])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

#[test]
fn a_killed_load_and_another_give_what_one_load_gives() {
    let undisturbed = tempfile::tempdir().unwrap();
    let started = Instant::now();
    load(undisturbed.path());
    let whole = started.elapsed();
    let expected = state(undisturbed.path());
    assert!(expected.len() > 3 && expected.values().all(|(rows, _)| *rows > 0), "{expected:?}");

    // A fixed seed: the moments differ from round to round and are the same in every run.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut killed = 0;
    for round in 0..8 {
        let store = tempfile::tempdir().unwrap();
        for _ in 0..=(round % 3) {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let share = f64::from((seed >> 40) as u32) / f64::from(1u32 << 24);
            killed += u32::from(load_and_kill(store.path(), whole.mul_f64(share)));
        }
        load(store.path());
        assert_eq!(state(store.path()), expected, "round {round}");
    }
    assert!(killed >= 6, "only {killed} loads were still running when they were killed");
}

#[test]
fn the_same_folder_twice_changes_nothing() {
    let store = tempfile::tempdir().unwrap();
    load(store.path());
    let once = state(store.path());
    load(store.path());
    assert_eq!(state(store.path()), once);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_store() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().unwrap();
    let store = outer.path().join("store");
    load(&store);
    let mut open = vec![store];
    while let Some(path) = open.pop() {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}
