//! Running the program and finding things.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }

    /// The run, which must have worked.
    #[track_caller]
    pub(crate) fn worked(self) -> Self {
        assert_eq!(self.code, 0, "standard error: {}\nstandard output: {}", self.stderr, self.stdout);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }

    /// Standard output as JSON lines.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The program, not run yet.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
    command.stdin(Stdio::null()).env_remove("NO_COLOR").env("POSTERN_PLACES", "");
    command
}

/// Runs the program with arguments.
pub(crate) fn postern<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    Ran::new(program().args(arguments).output().expect("the program starts"))
}

/// Investigates files and gives the report.
#[track_caller]
pub(crate) fn report(paths: &[&Path]) -> Value {
    let mut arguments: Vec<&OsStr> = vec![OsStr::new("investigate")];
    arguments.extend(paths.iter().map(|p| p.as_os_str()));
    arguments.extend([OsStr::new("--json"), OsStr::new("-")]);
    postern(arguments).worked().json()
}

/// The folder of the whole tree.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate is two folders deep").to_owned()
}

/// The folder of the example tenant's evidence.
pub(crate) fn example() -> PathBuf {
    root().join("examples/contoso")
}

/// The folder of recorded exports that are no part of the tree; `None`, with a printed line, when it is not there.
pub(crate) fn shared(inside: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("POSTERN_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = folder.join(inside);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: there is no {}", path.display());
    None
}

/// The list at a member of a JSON object.
#[track_caller]
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("`{name}` is no list in {value}"))
}

/// The text at a member of a JSON object.
#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("`{name}` is no text in {value}"))
}

/// The whole number at a member of a JSON object.
#[track_caller]
pub(crate) fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("`{name}` is no number in {value}"))
}

/// The cases with a verdict.
pub(crate) fn cases<'a>(report: &'a Value, classification: &str) -> Vec<&'a Value> {
    list(report, "cases").iter().filter(|case| case["classification"] == classification).collect()
}

/// One line per case, for messages.
pub(crate) fn outline(report: &Value) -> String {
    let lines: Vec<String> = list(report, "cases")
        .iter()
        .map(|case| {
            let objects: Vec<String> = list(case, "entities")
                .iter()
                .map(|e| format!("{} {:?} {} {}", e["type"], e["name"], e["mailbox"], e["classification"]))
                .collect();
            format!(
                "{} {} {} score {} {:?}",
                case["classification"], case["kind"], case["title"], case["score"], objects
            )
        })
        .collect();
    lines.join("\n")
}

/// Every file's account adds up, and the totals are those of the files.
#[track_caller]
pub(crate) fn accounts_add_up(ingest: &Value) {
    let mut rejected = 0;
    for file in list(ingest, "files") {
        let rows: u64 = file["rows"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        let sum = rows + number(file, "duplicates") + number(file, "rejected_count");
        assert_eq!(number(file, "records"), sum, "{file}");
        assert!(list(file, "rejected").len() as u64 <= number(file, "rejected_count").min(20), "{file}");
        rejected += number(file, "rejected_count");
        let format = text(file, "format");
        if format == "not recognised" || format == "unreadable" {
            assert!(!list(file, "notes").is_empty(), "no reason is given: {file}");
        }
    }
    assert_eq!(number(ingest, "rejected_rows"), rejected);
}
