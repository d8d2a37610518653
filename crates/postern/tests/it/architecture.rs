//! The rules of the tree: which crate may use which, that every list is complete, that files stay readable.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::{list, root, text};

/// Which crates of ours a crate may use. A new arrow needs a decision record and a line here.
const EDGES: [(&str, &[&str]); 11] = [
    ("postern-features", &[]),
    ("postern-model", &[]),
    ("postern-kql-syntax", &[]),
    ("postern-places", &[]),
    ("postern-kql", &["postern-features", "postern-kql-syntax"]),
    ("postern-lake", &["postern-features", "postern-model"]),
    ("postern-ingest", &["postern-lake", "postern-model", "postern-places"]),
    ("postern-investigate", &["postern-kql", "postern-lake", "postern-model"]),
    ("postern-providers", &["postern-ingest", "postern-model"]),
    ("postern-lab", &[]),
    (
        "postern",
        &[
            "postern-ingest",
            "postern-investigate",
            "postern-kql",
            "postern-kql-syntax",
            "postern-lab",
            "postern-lake",
            "postern-model",
            "postern-places",
            "postern-providers",
        ],
    ),
];

/// Most lines of a file before its tests.
const LONGEST: usize = 600;

/// Files that may be longer, each with its reason.
const LONGER: [(&str, &str); 0] = [];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--locked", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

/// The arrows between our crates that are not allowed, and the crates that are not on the list.
fn violations(metadata: &Value) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.into_iter().collect();
    let packages = list(metadata, "packages");
    let ours: BTreeSet<&str> = packages.iter().map(|package| text(package, "name")).collect();
    let mut found = Vec::new();
    for package in packages {
        let name = text(package, "name");
        let Some(may_use) = allowed.get(name) else {
            found.push(format!("{name} is not on the list"));
            continue;
        };
        for dependency in list(package, "dependencies") {
            let used = text(dependency, "name");
            if ours.contains(used) && !may_use.contains(&used) {
                found.push(format!("{name} → {used}"));
            }
        }
    }
    found
}

#[test]
fn crates_use_only_what_is_below_them() {
    let metadata = metadata();
    assert_eq!(violations(&metadata), Vec::<String>::new());
    assert_eq!(list(&metadata, "packages").len(), EDGES.len(), "a crate on the list is gone");
}

#[test]
fn a_forbidden_arrow_is_noticed() {
    let mut metadata = metadata();
    let packages = metadata["packages"].as_array_mut().unwrap();
    let kql = packages.iter_mut().find(|package| package["name"] == "postern-kql").unwrap();
    kql["dependencies"].as_array_mut().unwrap().push(serde_json::json!({"name": "postern-lake", "kind": null}));
    assert_eq!(violations(&metadata), ["postern-kql → postern-lake"]);
    metadata["packages"].as_array_mut().unwrap().push(serde_json::json!({"name": "postern-new", "dependencies": []}));
    assert!(violations(&metadata).contains(&"postern-new is not on the list".to_owned()));
}

/// Features of every package that a selection builds.
fn features(selection: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p}|{f}"])
        .args(selection)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let line = line.trim_end_matches(" (*)");
        let Some((package, features)) = line.split_once('|') else { continue };
        let name = package.trim_end_matches(" (proc-macro)").to_owned();
        found.entry(name).or_default().extend(features.split(',').map(str::to_owned));
    }
    found
}

/// What the query engine and the manifest stand on is built once: running and testing ask for the same features.
#[test]
fn running_and_testing_share_the_compiled_engine() {
    let running = features(&["-p", "postern", "-e", "normal,build"]);
    let testing = features(&["--workspace", "-e", "normal,build,dev"]);
    let below = features(&["-p", "datafusion", "-p", "sqlx", "-e", "normal,build"]);
    let differing: Vec<String> = below
        .keys()
        .filter_map(|package| {
            let (running, testing) = (running.get(package)?, testing.get(package)?);
            (running != testing).then(|| {
                let missing: Vec<&String> = running.symmetric_difference(testing).collect();
                format!("{package}: add {missing:?} to the manifest of postern-features")
            })
        })
        .collect();
    assert_eq!(differing, Vec::<String>::new());
    assert!(below.keys().any(|package| package.starts_with("datafusion ")), "DataFusion is not found");
}

/// Every file with this ending under a folder, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The source files of every crate, with their text.
fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut all = Vec::new();
    for (name, _) in EDGES {
        for path in files(&root.join("crates").join(name).join("src"), "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let short = path.strip_prefix(&root).unwrap().display().to_string();
            all.push((short, text));
        }
    }
    all
}

#[test]
fn files_stay_readable() {
    let mut too_long = Vec::new();
    for (path, text) in sources() {
        if path.ends_with("/tests.rs") || path.contains("/tests/") || LONGER.iter().any(|(long, _)| *long == path) {
            continue;
        }
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]\nmod tests")).collect::<Vec<_>>();
        let tests = lines.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod tests {"));
        let count = tests.unwrap_or(lines.len());
        if count > LONGEST {
            too_long.push(format!("{path}: {count} lines"));
        }
    }
    assert_eq!(too_long, Vec::<String>::new());
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| !text.starts_with("//!") && !path.ends_with("/tests.rs"))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(silent, Vec::<String>::new());
}

/// A source file that no `mod` line names is not compiled, and nobody is told.
#[test]
fn every_source_file_is_on_the_list_of_its_folder() {
    let all: BTreeMap<String, String> = sources().into_iter().collect();
    let mut forgotten = Vec::new();
    for path in all.keys() {
        let (folder, file) = path.rsplit_once('/').unwrap();
        let (folder, stem) = match file.strip_suffix(".rs").unwrap() {
            "lib" | "main" => continue,
            "mod" => folder.rsplit_once('/').unwrap(),
            stem => (folder, stem),
        };
        let parents = [
            format!("{folder}/mod.rs"),
            format!("{folder}/lib.rs"),
            format!("{folder}/main.rs"),
            format!("{folder}.rs"),
        ];
        let named = parents.iter().filter_map(|parent| all.get(parent)).any(|text| {
            text.lines().any(|line| {
                let line = line.trim().trim_end_matches(';');
                let name = line.rsplit(' ').next().unwrap_or_default();
                name == stem && (line.starts_with("mod ") || line.starts_with("pub mod ") || line.starts_with("pub("))
            })
        });
        let attribute = format!("#[path = \"{file}\"]");
        let beside = |other: &str| other.rsplit_once('/').is_some_and(|(other, _)| other == folder);
        let named = named || all.iter().any(|(other, text)| beside(other) && text.contains(&attribute));
        if !named {
            forgotten.push(path.clone());
        }
    }
    assert_eq!(forgotten, Vec::<String>::new());
}

#[test]
fn every_format_is_on_the_list() {
    let folder = root().join("crates/postern-providers/src/m365/formats");
    let listed = fs::read_to_string(folder.join("mod.rs")).unwrap();
    let (_, list) = listed.split_once("FORMATS: &[&dyn Format] = &[").expect("the list of formats");
    let entries: Vec<&str> = list.lines().filter_map(|line| line.trim().strip_prefix('&')).collect();
    assert!(entries.is_sorted(), "the list is not in order of name: {entries:?}");
    for path in files(&folder, "rs") {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let listed = entries.iter().any(|entry| entry.split("::").next() == Some(stem));
        assert!(stem == "mod" || listed, "{} is not on the list", path.display());
    }
}

#[test]
fn every_detection_has_cases_that_fire_and_cases_that_stay_quiet() {
    let folder = root().join("content/detections");
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let folder = entry.unwrap().path();
        assert!(folder.join("detection.yaml").is_file(), "{}", folder.display());
        for kind in ["fires", "quiet"] {
            let present = fs::read_dir(&folder)
                .unwrap()
                .any(|file| file.unwrap().file_name().to_string_lossy().starts_with(kind));
            assert!(present, "{} has no case that {kind}", folder.display());
        }
        count += 1;
    }
    assert!(count >= 6, "{count} detections");
}

#[test]
fn no_text_of_the_tree_names_a_machine_or_a_registry_host() {
    let root = root();
    let mut found = Vec::new();
    let mut paths = files(&root.join("crates"), "rs");
    for folder in ["content", "docs", "schema"] {
        for ending in ["md", "toml", "yaml"] {
            paths.extend(files(&root.join(folder), ending));
        }
    }
    let home = format!("/{}/", "root");
    let work = format!("/{}/", "work");
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        for word in [home.as_str(), work.as_str()] {
            if text.contains(word) {
                found.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
