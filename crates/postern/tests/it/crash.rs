//! Killed at any moment, a load leaves nothing half done: the next run gives what an undisturbed one gives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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

/// How many loads are killed: few each time the tests run, as many as `POSTERN_KILLS` says in the project's own check.
fn kills() -> u32 {
    std::env::var("POSTERN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12)
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
    let wanted = kills();
    let (mut killed, mut started) = (0, 0);
    for round in 0.. {
        let store = tempfile::tempdir().unwrap();
        for _ in 0..=(round % 5) {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let share = f64::from((seed >> 40) as u32) / f64::from(1u32 << 24);
            killed += u32::from(load_and_kill(store.path(), whole.mul_f64(share)));
            started += 1;
        }
        load(store.path());
        assert_eq!(state(store.path()), expected, "round {round}");
        postern([Path::new("store"), Path::new("check"), Path::new("--data"), store.path()]).worked();
        if killed >= wanted {
            break;
        }
        assert!(started < 4 * wanted, "only {killed} of {started} loads were still running when they were killed");
    }
}

#[test]
fn two_loads_of_overlapping_folders_at_once_give_what_one_after_the_other_gives() {
    let all = example();
    let mut files = Vec::new();
    let mut open = vec![all.clone()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let some: Vec<_> = files.iter().step_by(2).cloned().collect();
    let start = |store: &Path, paths: &[PathBuf]| {
        let mut command = program();
        command.arg("ingest").args(paths).arg("--data").arg(store);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let whole = [all];
    // Which of two files a row is said to come from depends on which was read first: either order is right.
    let orders = [[&whole[..], &some[..]], [&some[..], &whole[..]]].map(|order| {
        let store = tempfile::tempdir().unwrap();
        for paths in order {
            assert!(start(store.path(), paths).wait().unwrap().success());
        }
        state(store.path())
    });
    for round in 0..3 {
        let store = tempfile::tempdir().unwrap();
        let loads = [start(store.path(), &whole), start(store.path(), &some)];
        for mut load in loads {
            assert!(load.wait().unwrap().success(), "round {round}");
        }
        assert!(orders.contains(&state(store.path())), "round {round}");
        postern([Path::new("store"), Path::new("check"), Path::new("--data"), store.path()]).worked();
    }
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
