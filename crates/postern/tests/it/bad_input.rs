//! Input that is not what it should be: a clear message each, and the right exit code.

use std::fs;
use std::path::Path;

use crate::common::{accounts_add_up, list, number, postern, program, text};

fn account(path: &Path) -> (crate::common::Ran, serde_json::Value) {
    let store = tempfile::tempdir().unwrap();
    let arguments = ["ingest", path.to_str().unwrap(), "--json", "--data", store.path().to_str().unwrap()];
    let ran = postern(arguments);
    let account = ran.json();
    accounts_add_up(&account);
    (ran, account)
}

#[test]
fn an_empty_folder_is_nothing_to_investigate() {
    let folder = tempfile::tempdir().unwrap();
    let ran = postern([Path::new("investigate"), folder.path()]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("error[CLI0003]: there is no file in `"), "{}", ran.stderr);
}

#[test]
fn a_path_that_is_not_there_is_named() {
    for command in ["investigate", "ingest"] {
        let store = tempfile::tempdir().unwrap();
        let ran = postern([command, "no/such/folder", "--data", store.path().to_str().unwrap()]);
        assert_eq!(ran.code, 1);
        assert!(ran.stderr.contains("error[CLI0002]: cannot read `no/such/folder`"), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn random_bytes_are_not_recognised_and_fail_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let bytes: Vec<u8> = (0..8192)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect();
    let file = folder.path().join("noise.csv");
    fs::write(&file, bytes).unwrap();
    let (ran, account) = account(&file);
    assert_eq!(ran.code, 0);
    let file_account = &list(&account, "files")[0];
    assert_eq!(text(file_account, "format"), "not recognised");
    let ran = postern([Path::new("investigate"), &file]).worked();
    assert!(ran.stdout.contains("not recognised"), "{}", ran.stdout);
    assert!(ran.stdout.contains("there is no evidence to judge by"), "{}", ran.stdout);
}

/// Two audit records as JSON.
fn audit_record(id: u32) -> String {
    format!(
        r#"{{"CreationTime":"2026-03-0{id}T10:00:00","Id":"00000000-0000-4000-8000-00000000000{id}","Operation":"Set-Mailbox","OrganizationId":"11111111-1111-4111-8111-111111111111","RecordType":1,"ResultStatus":"True","UserKey":"k","UserType":2,"Version":1,"Workload":"Exchange","UserId":"ann@contoso.example","ObjectId":"ann","Parameters":[{{"Name":"Identity","Value":"ann"}}]}}"#
    )
}

#[test]
fn a_truncated_array_gives_its_whole_records_and_says_where_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.json");
    let third = audit_record(3);
    fs::write(&file, format!("[{},\n{},\n{}", audit_record(1), audit_record(2), &third[..third.len() / 2])).unwrap();
    let (ran, account) = account(&file);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let file_account = &list(&account, "files")[0];
    assert_eq!(file_account["rows"]["AuditRecords"], 2, "{file_account}");
    assert_eq!(number(file_account, "rejected_count"), 1, "{file_account}");
    assert!(!text(&list(file_account, "rejected")[0], "reason").is_empty());
}

#[test]
fn a_truncated_json_line_is_one_reject() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.ndjson");
    let third = audit_record(3);
    fs::write(&file, format!("{}\n{}\n{}", audit_record(1), audit_record(2), &third[..third.len() / 2])).unwrap();
    let (_, account) = account(&file);
    let file_account = &list(&account, "files")[0];
    assert_eq!(file_account["rows"]["AuditRecords"], 2, "{file_account}");
    assert_eq!(list(file_account, "rejected")[0]["position"], 3, "{file_account}");
}

#[test]
fn a_store_keeps_rejected_records_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (file, store) = (folder.path().join("audit.ndjson"), folder.path().join("store"));
    let cut = format!("{{\"Operation\":\"{}", "x".repeat(200_000));
    fs::write(&file, format!("{}\n{cut}\n", audit_record(1))).unwrap();
    let (data, input) = (store.to_str().unwrap(), file.to_str().unwrap());
    // A second time changes nothing.
    for _ in 0..2 {
        let account = postern(["ingest", "--json", "--data", data, input]).worked().json();
        assert_eq!(account["files"][0]["rejects_file"], "rejects/000001-*.ndjson", "{account}");
    }
    let kept: Vec<_> = fs::read_dir(store.join("rejects")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1);
    let text = fs::read_to_string(&kept[0]).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["position"], lines[0]["raw"].as_str().map(str::trim_end)),
        (&serde_json::json!(2), Some(cut.as_str()))
    );
}

#[test]
fn a_broken_quote_is_a_reject_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.csv");
    let cell = |record: String| format!("\"{}\"", record.replace('"', "\"\""));
    let row = |id: u32| {
        format!(
            "00000000-0000-4000-8000-00000000000{id},2026-03-0{id}T10:00:00.0000000Z,1,Set-Mailbox,ann@contoso.example,{},,\r\n",
            cell(audit_record(id))
        )
    };
    let broken = row(3);
    let header = "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames\r\n";
    let end = broken.rfind('"').unwrap();
    fs::write(&file, format!("{header}{}{}{}", row(1), row(2), &broken[..end])).unwrap();
    let (ran, account) = account(&file);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let file_account = &list(&account, "files")[0];
    assert_eq!(file_account["rows"]["AuditRecords"], 2, "{file_account}");
    assert_eq!(number(file_account, "rejected_count"), 1, "{file_account}");
    assert_eq!(list(file_account, "rejected")[0]["position"], 3, "{file_account}");
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_named_with_the_reason() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.ndjson");
    fs::write(&file, audit_record(1)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&file).is_ok() {
        println!("skipped in part: this user may read everything");
        // A symbolic link to itself cannot be opened by anybody.
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("audit.ndjson", &file).unwrap();
    }
    let ran = postern([Path::new("investigate"), folder.path()]);
    assert_eq!(ran.code, 1, "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("nothing could be read"), "{}", ran.stderr);
    // With something readable beside it the run works, and the account names it.
    fs::write(folder.path().join("good.ndjson"), audit_record(2)).unwrap();
    let ran = postern([Path::new("investigate"), folder.path()]).worked();
    assert!(ran.stdout.contains("audit.ndjson: unreadable"), "{}", ran.stdout);
}

#[test]
fn a_folder_that_is_no_store_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letters.txt"), "dear diary").unwrap();
    let data = folder.path().to_str().unwrap();
    let evidence = folder.path().join("letters.txt");
    let ran = postern(["ingest", evidence.to_str().unwrap(), "--data", data]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("is not a Postern store"), "{}", ran.stderr);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let ran = postern(["hunt", "print 1", "--data", "no/such/store"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("error[CLI0005]"), "{}", ran.stderr);
    assert!(!Path::new("no").exists());
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let evidence = folder.path().join("audit.ndjson");
    fs::write(&evidence, audit_record(1)).unwrap();
    let ran = postern(["investigate", evidence.to_str().unwrap(), "--html", "no/such/folder/report.html"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("error[CLI0004]: cannot write `no/such/folder/report.html`"), "{}", ran.stderr);
}

#[test]
fn the_page_needs_a_file() {
    let ran = postern(["investigate", "Cargo.toml", "--html", "-"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("the HTML report goes to a file"), "{}", ran.stderr);
    assert!(!Path::new("-").exists());
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::io::Read;
    use std::process::Stdio;
    let mut child = program()
        .args(["hunt", "range x from 1 to 400000 step 1", "--format", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
