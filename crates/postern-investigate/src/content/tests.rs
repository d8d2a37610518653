//! The built-in content: complete, consistent, and every query of it binds.

use std::path::Path;

use super::*;
use crate::params::Params;

fn content() -> Content {
    Content::builtin().unwrap()
}

#[test]
fn every_detection_of_ours_is_complete_and_its_cases_lie_beside_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/detections");
    let mut count = 0;
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        let text = std::fs::read_to_string(folder.join("detection.yaml")).unwrap();
        let detection: Detection = serde_saphyr::from_str(&text).unwrap();
        let ours = detection.postern.as_ref().unwrap();
        assert!(!ours.lookalikes.is_empty(), "{}", detection.name);
        assert!(!ours.tests.fires.is_empty() && !ours.tests.quiet.is_empty(), "{}", detection.name);
        for file in ours.tests.fires.iter().chain(&ours.tests.quiet) {
            let text = std::fs::read_to_string(folder.join(file));
            assert!(text.is_ok_and(|t| !t.trim().is_empty()), "{}: {file}", folder.display());
        }
        assert!(!detection.relevant_techniques.is_empty() && detection.severity.is_some());
        count += 1;
    }
    assert_eq!(count, content().detections().count(), "two detections share an id");
}

#[test]
fn a_community_rule_loads_as_it_is_and_a_wrong_key_of_ours_does_not() {
    let rule = "id: 1\nname: n\nseverity: High\nrequiredDataConnectors:\n  - connectorId: x\n    dataTypes: [y]\nqueryFrequency: 1d\nqueryPeriod: 1d\ntriggerOperator: gt\ntriggerThreshold: 5\ntactics: [Impact]\nquery: |\n  T\n  | take 1\nentityMappings:\n  - entityType: Account\n    fieldMappings:\n      - identifier: Name\n        columnName: N\ncustomDetails:\n  a: b\nversion: 1.0.1\nkind: Scheduled\n";
    let detection: Detection = serde_saphyr::from_str(rule).unwrap();
    assert!(detection.triggers(6) && !detection.triggers(5));
    assert!(detection.postern.is_none());
    let ours =
        format!("{rule}postern:\n  case: forwarding\n  playbook: forwarding\n  tests: {{fires: [], quiet: []}}\n");
    serde_saphyr::from_str::<Detection>(&ours).unwrap();
    let wrong = format!("{ours}  playbok: x\n");
    assert!(serde_saphyr::from_str::<Detection>(&wrong).is_err());
}

#[test]
fn an_overlay_replaces_by_id_and_by_name() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("lists")).unwrap();
    std::fs::create_dir_all(dir.path().join("detections")).unwrap();
    std::fs::write(
        dir.path().join("lists/approved.toml"),
        "name='approved_targets'\nsummary='s'\nmatch='suffix'\nvalues=['tickets.example.com']\n",
    )
    .unwrap();
    std::fs::write(dir.path().join("detections/own.yaml"), "id: own\nname: Own\nquery: AuditRecords\n").unwrap();
    let before = content().detections().count();
    let content = content().with_overlay(dir.path()).unwrap();
    assert!(content.list("approved_targets").unwrap().hits("queue@tickets.example.com"));
    assert_eq!(content.detections().count(), before + 1);
    std::fs::write(dir.path().join("lists/bad.toml"), "name='x'\nwrong=1\n").unwrap();
    assert!(matches!(super::Content::builtin().unwrap().with_overlay(dir.path()), Err(ContentError::Invalid { .. })));
}

#[test]
fn a_detection_has_one_result() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("detections")).unwrap();
    for (query, several) in [
        ("AuditRecords | fork (take 1) (count)", true),
        ("(AuditRecords | facet by Operation)", true),
        ("AuditRecords | evaluate preview(5)", true),
        ("AuditRecords; EmailEvents", true),
        ("let A = AuditRecords; A;", false),
        ("AuditRecords | evaluate narrow()", false),
    ] {
        let rule = format!("id: own\nname: Own\nquery: \"{query}\"\n");
        std::fs::write(dir.path().join("detections/own.yaml"), rule).unwrap();
        let loaded = content().with_overlay(dir.path());
        assert_eq!(loaded.is_err(), several, "{query}");
        if let Err(error) = loaded {
            assert!(error.to_string().contains("`detections/own.yaml`: the query gives several results"), "{error}");
        }
    }
}

#[test]
fn weights_have_reasons_and_malicious_proofs_exist() {
    for playbook in content().playbooks() {
        for question in &playbook.questions {
            for outcome in std::iter::once(&question.fires).chain(&question.quiet) {
                assert!(outcome.because.len() > 20, "{}", question.id);
                if outcome.weight <= -4.0 {
                    assert!(outcome.explains.is_some(), "{} weighs for harmless without explaining", question.id);
                }
            }
        }
        assert!(playbook.questions.iter().any(|q| q.fires.proves == Proof::Actor));
    }
}

/// Binds every query of the content and of the derived tables against an empty store.
#[tokio::test]
async fn every_query_binds() {
    let content = content();
    let lake = postern_lake::Lake::temporary().await.unwrap();
    let mut params = Params::new(content.list_params());
    for name in [
        "changes",
        "object_keys",
        "object_names",
        "mailboxes",
        "actors",
        "ips",
        "networks",
        "sessions",
        "targets",
        "own_targets",
        "doubtful_targets",
        "external_targets",
        "lookalike_targets",
        "namesake_targets",
        "freemail_targets",
        "throwaway_targets",
        "own_name_targets",
        "approved_targets_met",
        "unresolved_targets",
        "connector_addresses",
        "connector_senders",
        "own_domains",
        "accounts",
    ] {
        params.set_array(name, ["x@contoso.example"]);
    }
    params.set_time("first_change", Some(postern_model::time::Ticks::parse_iso("2024-05-01").unwrap()));
    params.set_time("last_change", Some(postern_model::time::Ticks::parse_iso("2024-05-02").unwrap()));
    params.set("own_domains_known", postern_kql::types::Const::Bool(true));
    let mut queries: Vec<(String, String)> = Vec::new();
    for table in postern_model::schema::Schemas::builtin().unwrap().iter() {
        for (index, derived) in table.derived.iter().enumerate() {
            let name = format!("{} [{index}]", table.name);
            let at = postern_model::time::Ticks::parse_iso("2024-05-03").unwrap();
            let options = crate::HuntOptions { check: true, ..crate::HuntOptions::at(at) };
            let result = crate::hunt(&lake, &derived.query, &options).await;
            let columns = result.unwrap_or_else(|e| panic!("{name}: {e}")).columns;
            let declared = crate::catalog::columns(table);
            for column in columns {
                let same = declared.iter().find(|d| d.name == column.name);
                assert!(same.is_none_or(|d| d.ty == column.ty), "{name}: `{}` is {}", column.name, column.ty);
            }
            queries.push((name, derived.query.clone()));
        }
    }
    for detection in content.detections() {
        queries.push((detection.name.clone(), detection.query.clone()));
    }
    for playbook in content.playbooks() {
        for question in &playbook.questions {
            queries.push((format!("{}/{}", playbook.id, question.id), question.query.clone()));
            if let Some(ready) = &question.ready {
                queries.push((format!("{}/{} ready", playbook.id, question.id), ready.clone()));
            }
        }
    }
    let mut wrong = Vec::new();
    for (name, query) in queries {
        let mut options = crate::HuntOptions::at(postern_model::time::Ticks::parse_iso("2024-05-03").unwrap())
            .with_params(params.used(&query));
        options.results = crate::Results::One;
        if let Err(error) = crate::hunt(&lake, &query, &options).await {
            wrong.push(format!("{name}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
