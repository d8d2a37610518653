//! The command line: help, usage errors, and what each command prints.

use insta::assert_snapshot;

use crate::common::{list, postern, text};

#[test]
fn the_version_is_one_line() {
    let ran = postern(["--version"]).worked();
    assert_eq!(ran.stdout, format!("postern {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_lists_the_commands_that_are_there() {
    let ran = postern(["--help"]).worked();
    assert_snapshot!(ran.stdout, @r"
    Finds, proves and closes the back doors in an organisation's mail flow

    Usage: postern [OPTIONS] <COMMAND>

    Commands:
      audit        Show records of the audit log
      detections   Show the built-in detections
      explore      Show mail over time and by what it has in common
      hunt         Ask the evidence a question in KQL
      ingest       Load evidence into a store
      investigate  Load evidence, detect, grade, propose: the main job
      lab          Make simulated evidence
      places       Show where addresses are, and by which databases
      tables       Show the tables that queries can use
      trace        Show where messages went
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Global options:
          --data <DIR>     The store; made when it is not there
          --places <FILE>  Address databases (MMDB files, or folders of them) to use instead of your own
                           folder's; may be repeated
          --no-color       No colours, even on a terminal
      -q, --quiet          Errors only on standard error
      -v, --verbose        More detail

    Exit codes: 0 worked, 1 failed, 2 wrong usage or bad query.
    ");
    for command in
        ["audit", "detections", "explore", "hunt", "ingest", "investigate", "lab", "places", "tables", "trace"]
    {
        let ran = postern([command, "--help"]).worked();
        assert!(ran.stdout.contains(&format!("Usage: postern {command}")), "{}", ran.stdout);
    }
}

#[test]
fn wrong_usage_is_exit_code_two() {
    for arguments in [
        vec!["frobnicate"],
        vec!["hunt"],
        vec!["hunt", "print 1", "--format", "xml"],
        vec!["hunt", "print 1", "--param", "novalue"],
        vec!["hunt", "print 1", "--timespan", "soon"],
        vec!["hunt", "print 1", "--from", "yesterday"],
        vec!["ingest"],
        vec!["ingest", "."],
        vec!["investigate"],
        vec!["tables", "NoSuchTable"],
        vec!["-q", "-v", "tables"],
    ] {
        let ran = postern(&arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("error"), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
        assert!(!ran.stderr.contains('\u{1b}'), "{arguments:?}: colours without a terminal");
    }
}

#[test]
fn a_missing_store_is_said_with_what_to_do() {
    let ran = postern(["ingest", "."]);
    assert_snapshot!(ran.stderr, @r"
    error[CLI0001]: `ingest` needs a store to load into
      help: give its folder with --data DIR; it is made when it is not there
    ");
    let ran = postern(["tables", "emailevents"]);
    assert_snapshot!(ran.stderr, @r"
    error[CLI0007]: there is no table `emailevents`
      help: did you mean EmailEvents?
    ");
}

#[test]
fn tables_come_from_the_schema() {
    let ran = postern(["tables"]).worked();
    assert!(ran.stdout.lines().any(|line| line.starts_with("EmailEvents")), "{}", ran.stdout);
    let all = postern(["tables", "--json"]).worked().json();
    let email = all.as_array().unwrap().iter().find(|t| t["name"] == "EmailEvents").unwrap();
    assert_eq!(text(email, "time_column"), "Timestamp");
    let one = postern(["tables", "EmailEvents", "--json"]).worked().json();
    assert_eq!(&one, email);
    assert!(list(&one, "columns").iter().any(|c| c["name"] == "NetworkMessageId" && c["type"] == "string"));
    let ran = postern(["tables", "AcceptedDomain"]).worked();
    assert!(ran.stdout.starts_with("AcceptedDomain: "), "{}", ran.stdout);
}

#[test]
fn detections_are_listed() {
    let ran = postern(["detections", "list"]).worked();
    assert!(ran.stdout.contains("T1114.003"), "{}", ran.stdout);
    let all = postern(["detections", "list", "--json"]).worked().json();
    let all = all.as_array().unwrap();
    assert!(all.len() >= 6);
    for detection in all {
        assert!(!text(detection, "id").is_empty() && !text(detection, "name").is_empty(), "{detection}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_command_puts_its_things_away() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let rows = "range x from 1 to 30000 step 1 | extend k = 1";
    let query = format!("{rows} | join kind=inner ({rows}) on k | summarize sum(x)");
    let child = crate::common::program()
        .args(["hunt", &query, "--timeout", "5m"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let started = Instant::now();
    while files() == 0 && started.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(files(), 1, "the temporary store");
    std::thread::sleep(Duration::from_millis(300));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("error[CLI0009]: stopped; the query was cancelled"));
    assert_eq!(files(), 0, "the temporary store is left behind");
    assert!(started.elapsed() < Duration::from_mins(1), "{:?}", started.elapsed());
}
