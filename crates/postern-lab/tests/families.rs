//! Every family can be planted, alone and all together, and a new seed makes a new tenant.

#![allow(clippy::unwrap_used, reason = "a test may stop anywhere")]

use std::collections::BTreeSet;

use chrono::NaiveDate;
use postern_lab::families::FAMILIES;
use postern_lab::{LabError, Options, Span, generate};

fn options(families: &[&str]) -> Options {
    let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).unwrap();
    Options {
        span: Span { from: day(1, 5), to: day(2, 27) },
        families: families.iter().map(|name| (*name).to_owned()).collect(),
    }
}

#[test]
fn every_family_is_planted_alone_and_tells_the_truth_about_itself() {
    for family in FAMILIES {
        let folder = tempfile::tempdir().unwrap();
        let summary = generate(5, &options(&[family.name]), &folder.path().join("tenant")).unwrap();
        assert_eq!(summary.cases, [family.name]);
        let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(&summary.truth).unwrap()).unwrap();
        assert_eq!(truth["cases"][0]["classification"], serde_json::to_value(family.classification).unwrap());
        assert_eq!(truth["cases"][0]["kind"], serde_json::to_value(family.kind).unwrap());
        assert!(!truth["cases"][0]["why"].as_str().unwrap().is_empty());
    }
}

#[test]
fn names_are_unique_and_all_families_fit_into_one_tenant() {
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    let folder = tempfile::tempdir().unwrap();
    let summary = generate(6, &options(&names), &folder.path().join("tenant")).unwrap();
    assert_eq!(summary.cases, names);
}

#[test]
fn another_seed_makes_another_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let write = |seed: u64, name: &str| {
        let summary = generate(seed, &options(&[]), &folder.path().join(name)).unwrap();
        let (path, _) = summary.files.iter().find(|(path, _)| path.ends_with("Get-Mailbox.json")).unwrap().clone();
        std::fs::read(path).unwrap()
    };
    let first = write(1, "first");
    assert_eq!(first, write(1, "again"));
    assert_ne!(first, write(2, "other"));
}

#[test]
fn a_family_changes_nothing_but_its_own_records() {
    let folder = tempfile::tempdir().unwrap();
    let without = generate(5, &options(&[]), &folder.path().join("without")).unwrap();
    let with = generate(5, &options(&["forward-ticket-desk"]), &folder.path().join("with")).unwrap();
    // One sign-in of the owner and one rule, both early enough to be in the first export only.
    assert_eq!(with.audit_records, without.audit_records + 2);
    assert_eq!(with.sign_ins, without.sign_ins + 1);
}

#[test]
fn wrong_wishes_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("tenant");
    let error = generate(1, &options(&["no-such-family"]), &out).unwrap_err();
    assert!(matches!(&error, LabError::UnknownFamily(name) if name == "no-such-family"), "{error}");
    let mut short = options(&[]);
    short.span.to = short.span.from;
    assert!(matches!(generate(1, &short, &out), Err(LabError::SpanTooShort { .. })));
    assert!(!out.exists());
    std::fs::create_dir_all(&out).unwrap();
    std::fs::write(out.join("mine.csv"), "x").unwrap();
    assert!(matches!(generate(1, &options(&[]), &out), Err(LabError::NotEmpty { .. })));
}
