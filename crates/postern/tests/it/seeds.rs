//! The forwarding playbook's seven published queries, verbatim, with their holes filled by `--param`.

use std::fs;

use serde_json::Value;

use crate::common::{example, postern, shared, text};

/// The queries in the document, in order: each begins with `let` and ends before the next line of prose.
fn published() -> Option<Vec<String>> {
    let folder = shared("reference/seeds")?;
    let document = fs::read_dir(folder)
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .find(|text| text.contains("let srl=pack_array"))
        .expect("a document with queries");
    let mut queries: Vec<Vec<&str>> = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        let begins = line.starts_with("let ") && !(inside && queries.last().is_some_and(|q| q.len() == 1));
        let continues = line.starts_with(['|', '"'])
            || line.starts_with("let ")
            || (!line.is_empty() && line.chars().all(char::is_alphanumeric) && line.starts_with(['E', 'C', 'I']));
        if begins {
            queries.push(vec![line]);
            inside = true;
        } else if inside && continues {
            queries.last_mut().unwrap().push(line);
        } else {
            inside = false;
        }
    }
    Some(queries.into_iter().map(|lines| lines.join("\n")).collect())
}

#[test]
fn the_seven_queries_run_as_they_are_published() {
    let Some(queries) = published() else { return };
    assert_eq!(queries.len(), 7, "{queries:#?}");
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let data = store.to_str().unwrap();
    postern(["ingest", example().to_str().unwrap(), "--data", data]).worked();
    let ask = |query: &str, params: &[&str]| -> Vec<Value> {
        let file = folder.path().join("query.kql");
        fs::write(&file, query).unwrap();
        let mut arguments = vec!["hunt", "-f", file.to_str().unwrap(), "--data", data, "--format", "ndjson"];
        for param in params {
            arguments.extend(["--param", param]);
        }
        let ran = postern(arguments).worked();
        assert_eq!(ran.stderr, "", "{query}");
        ran.json_lines()
    };
    // Somebody who gets mail, and one message to them.
    let known = ask(
        "EmailEvents | where isnotempty(RecipientEmailAddress) | summarize Messages = dcount(NetworkMessageId) by RecipientEmailAddress | top 2 by Messages",
        &[],
    );
    let recipients: Vec<String> =
        known.iter().map(|row| format!("SRL={}", text(row, "RecipientEmailAddress"))).collect();
    let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();

    let who = ask(&queries[0], &recipients);
    assert!(!who.is_empty());
    assert!(who.iter().all(|row| row.get("SenderFromAddress").is_some() && row.get("SenderObjectId").is_some()));
    let how_many = ask(&queries[1], &recipients);
    assert_eq!(how_many.len(), 2);
    for row in &how_many {
        let same = known.iter().find(|k| k["RecipientEmailAddress"] == row["RecipientEmailAddress"]).unwrap();
        assert_eq!(row["Count"], same["Messages"]);
    }
    let how_often = ask(&queries[2], &recipients);
    assert!(how_often.len() > 2, "{how_often:?}");
    assert!(how_often.iter().all(|row| text(row, "Timestamp").ends_with("T00:00:00.0000000Z")), "{how_often:?}");

    let message = ask("EmailEvents | where isnotempty(NetworkMessageId) | take 1 | project NetworkMessageId", &[]);
    let message = format!("MTI={}", text(&message[0], "NetworkMessageId"));
    // The example has no rows about links and attachments: the queries run and give none.
    assert_eq!(ask(&queries[3], &[&message]).len(), 0);
    assert_eq!(ask(&queries[4], &[&message]).len(), 0);

    let makers = ask(
        "CloudAppEvents | where ActionType == 'New-InboxRule' | summarize Rules = count() by AccountDisplayName",
        &[],
    );
    assert!(!makers.is_empty(), "no rule was made by anybody");
    for maker in &makers {
        let sender = format!("SENDER={}", text(maker, "AccountDisplayName"));
        let rules = ask(&queries[5], &[&sender]);
        assert!(rules.len() as u64 >= maker["Rules"].as_u64().unwrap(), "{maker}");
    }
    let sign_ins = ask(&queries[6], &["SENDER=priya.nair@contoso.example"]);
    assert!(sign_ins.iter().any(|row| row["ActionType"] == "LogonFailed"), "{} sign-ins", sign_ins.len());
}
