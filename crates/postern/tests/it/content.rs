//! Detections against their own cases: real records through the real ingest.

use std::collections::BTreeSet;

use postern_investigate::Content;

use crate::common::{list, outline, report, root, text};

fn fired(report: &serde_json::Value) -> BTreeSet<String> {
    list(report, "alerts").iter().map(|alert| text(alert, "detection").to_owned()).collect()
}

#[test]
fn detections_fire_on_their_cases_and_stay_quiet_on_the_others() {
    let content = Content::builtin().unwrap();
    let folders = root().join("content/detections");
    let mut wrong = Vec::new();
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folders).unwrap() {
        let folder = entry.unwrap().path();
        let yaml = std::fs::read_to_string(folder.join("detection.yaml")).unwrap();
        let id = yaml.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().trim();
        let detection = content.detections().find(|detection| detection.id == id).unwrap();
        let tests = &detection.postern.as_ref().unwrap().tests;
        assert!(!tests.fires.is_empty() && !tests.quiet.is_empty(), "{}", detection.name);
        for (files, must_fire) in [(&tests.fires, true), (&tests.quiet, false)] {
            for file in files {
                let path = folder.join(file);
                let report = report(&[&path]);
                let read = &list(&report["ingest"], "files")[0];
                assert_eq!(read["rejected_count"], 0, "{}: {read}", path.display());
                assert!(read["records"].as_u64().unwrap() > 0, "{}: {read}", path.display());
                if fired(&report).contains(id) != must_fire {
                    let expected = if must_fire { "fire" } else { "stay quiet" };
                    wrong.push(format!("{} should {expected} on {file}; {}", detection.name, outline(&report)));
                }
                replayed += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(replayed >= 12, "{replayed} cases");
}
