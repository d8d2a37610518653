//! The example tenant: four stories, the right verdicts, and a report that holds them.

use serde_json::Value;

use crate::common::{accounts_add_up, example, list, number, outline, postern, report, root, text};

fn truth() -> Value {
    let file = std::fs::read_to_string(root().join("examples/contoso.truth.json")).unwrap();
    serde_json::from_str(&file).unwrap()
}

/// True when the case has the object of that kind, name and mailbox.
fn has_object(case: &Value, wanted: &Value) -> bool {
    list(case, "entities").iter().any(|object| {
        let same = |name: &str| {
            let wanted = wanted[name].as_str().unwrap_or_default();
            object[name].as_str().unwrap_or_default().eq_ignore_ascii_case(wanted)
        };
        same("type") && same("name") && (wanted["mailbox"].is_null() || same("mailbox"))
    })
}

#[test]
fn the_four_stories_have_the_right_verdicts() {
    let report = report(&[&example()]);
    accounts_add_up(&report["ingest"]);
    for file in list(&report["ingest"], "files") {
        assert_ne!(file["format"], "not recognised", "{file}");
        assert_eq!(file["rejected_count"], 0, "{file}");
    }
    let truth = truth();
    let mut wrong = Vec::new();
    for story in list(&truth, "cases") {
        let family = text(story, "family");
        let Some(case) = list(&report, "cases").iter().find(|case| has_object(case, &story["entity"])) else {
            wrong.push(format!("{family}: no case has {}", story["entity"]));
            continue;
        };
        let verdict = text(case, "classification");
        let right =
            verdict == text(story, "classification") || list(story, "also_right").iter().any(|other| other == verdict);
        if !right {
            wrong.push(format!("{family}: {verdict}, not {}", text(story, "classification")));
        }
        for object in list(story, "entities") {
            if !has_object(case, object) {
                wrong.push(format!("{family}: {object} is not in its case"));
            }
        }
        if text(story, "classification") == "truePositive" {
            for target in list(story, "forward_targets") {
                assert!(list(case, "forward_targets").contains(target), "{family}: {target}");
            }
            assert!(!list(case, "actions").is_empty(), "{family} has no actions");
        }
    }
    let planted: usize =
        list(&truth, "cases").iter().filter(|story| text(story, "classification") == "truePositive").count();
    let found = crate::common::cases(&report, "truePositive").len();
    if found != planted {
        wrong.push(format!("{found} true positives, {planted} planted"));
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), outline(&report));
}

#[test]
fn every_case_explains_itself() {
    let report = report(&[&example()]);
    let alerts: Vec<&str> = list(&report, "alerts").iter().map(|alert| text(alert, "id")).collect();
    for case in list(&report, "cases") {
        let title = text(case, "title");
        assert!(!title.is_empty() && !text(case, "summary").is_empty());
        assert!(list(case, "entities").iter().any(|e| e["name"] == case["entity"]["name"]), "{title}");
        let confidence = case["confidence"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&confidence), "{title}: {confidence}");
        assert!(!list(case, "findings").is_empty(), "{title}");
        for finding in list(case, "findings") {
            let weight = finding["weight"].as_f64().unwrap();
            let supports = text(finding, "supports");
            // A finding that another one already tells weighs nothing and still points somewhere.
            let fits = weight == 0.0 || (weight > 0.0) == (supports == "malicious") && supports != "neutral";
            assert!(fits, "{title}: {finding}");
            for evidence in list(finding, "evidence") {
                assert!(list(evidence, "rows").len() <= 5);
                assert!(list(evidence, "rows").len() as u64 <= number(evidence, "count"), "{evidence}");
                for source in list(evidence, "sources") {
                    assert!(text(source, "file").contains("contoso"), "{source}");
                    assert!(number(source, "position") >= 1, "{source}");
                }
            }
        }
        for alert in list(case, "alerts") {
            assert!(alerts.contains(&alert.as_str().unwrap()), "{title}: {alert}");
        }
        let orders: Vec<u64> = list(case, "actions").iter().map(|action| number(action, "order")).collect();
        assert_eq!(orders, (1..=orders.len() as u64).collect::<Vec<_>>(), "{title}");
        let times: Vec<&str> = list(case, "timeline").iter().filter_map(|step| step["time"].as_str()).collect();
        assert!(times.is_sorted(), "{title}: {times:?}");
    }
}

#[test]
fn evidence_queries_can_be_run_again() {
    let store = tempfile::tempdir().unwrap();
    let data = store.path().to_str().unwrap();
    let folder = example();
    let report = postern(["investigate", folder.to_str().unwrap(), "--data", data, "--json", "-"]).worked().json();
    let now = text(&report["evidence"], "to");
    let mut lines = String::new();
    let mut counts = Vec::new();
    for case in list(&report, "cases") {
        for finding in list(case, "findings") {
            for evidence in list(finding, "evidence") {
                let id = format!("{} {}", text(case, "id"), text(finding, "id"));
                lines.push_str(&serde_json::json!({"id": id, "query": text(evidence, "query")}).to_string());
                lines.push('\n');
                counts.push(number(evidence, "count"));
            }
        }
    }
    let batch = store.path().with_extension("jsonl");
    std::fs::write(&batch, lines).unwrap();
    let answers =
        postern(["hunt", "--batch", batch.to_str().unwrap(), "--data", data, "--now", now]).worked().json_lines();
    std::fs::remove_file(&batch).unwrap();
    for (answer, count) in answers.iter().zip(counts) {
        assert!(answer["error"].is_null(), "{answer}");
        assert_eq!(list(answer, "rows").len() as u64, count, "{}", answer["id"]);
    }
}

#[test]
fn a_report_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let html = folder.path().join("report.html");
    let json = folder.path().join("report.json");
    let evidence = example();
    let ran = postern([
        "investigate",
        evidence.to_str().unwrap(),
        "--html",
        html.to_str().unwrap(),
        "--json",
        json.to_str().unwrap(),
    ])
    .worked();
    assert!(ran.stdout.contains("TRUE POSITIVE"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "colours without a terminal");
    assert!(ran.stderr.contains("HTML report in "), "{}", ran.stderr);
    let page = std::fs::read_to_string(&html).unwrap();
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(page.matches("<article").count(), list(&report, "cases").len());
    assert!(page.contains("default-src &#x27;none&#x27;") || page.contains("default-src 'none'"));
    for forbidden in ["<script", "http-equiv=\"refresh\"", " src=", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    // The same evidence gives the same report, byte for byte.
    let again = postern(["investigate", evidence.to_str().unwrap(), "--json", "-"]).worked();
    let before = std::fs::read_to_string(&json).unwrap();
    let differing: Vec<_> = before.lines().zip(again.stdout.lines()).filter(|(a, b)| a != b).take(5).collect();
    assert!(differing.is_empty(), "{differing:#?}");
}
