//! Files that are broken, cut, empty, strange or hostile: a clear account each, never a failure, never a panic.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use postern_ingest::{IngestError, IngestOptions, Lake, dry_run, ingest};
use postern_model::account::{FileAccount, IngestAccount};
use postern_model::schema::Schemas;
use postern_providers::formats;
use proptest::prelude::*;

const RECORD: &str = r#"{"CreationTime":"2026-03-04T10:09:55","Id":"ID","Operation":"New-InboxRule","RecordType":1,"Workload":"Exchange","UserId":"ann@contoso.example","Parameters":[{"Name":"ForwardTo","Value":"drop@example.com"}]}"#;

fn record(id: &str) -> String {
    RECORD.replace("\"ID\"", &format!("\"{id}\""))
}

async fn load(lake: &Lake, path: &Path) -> IngestAccount {
    let account = ingest(&[path.to_owned()], formats(), lake, &IngestOptions::default()).await.unwrap();
    assert!(account.files.iter().all(FileAccount::adds_up), "{account:#?}");
    account
}

async fn one(bytes: &[u8]) -> FileAccount {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("input");
    fs::write(&path, bytes).unwrap();
    let lake = Lake::temporary().await.unwrap();
    load(&lake, &path).await.files.remove(0)
}

#[tokio::test]
async fn what_cannot_be_read_is_named_with_the_reason() {
    let wide: Vec<u8> = "\u{feff}hello".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, format, note) in [
        (&b""[..], "not recognised", "the file is empty"),
        (b"\x7fELF\x00\x01\x02\x03", "not recognised", "saw binary, 8 bytes, begins 7f 45 4c 46"),
        (b"A,B\n1,2\n", "not recognised", "saw delimited text with columns `A`, `B`"),
        (b"{\"a\":1}", "not recognised", "saw JSON object with keys `a`"),
        (b"{a:1}", "not recognised", "saw JSON that cannot be read"),
        (&wide, "not recognised", "begins `hello`"),
        (
            b"PK\x03\x04....",
            "unreadable",
            "a zip archive of which not everything could be read: its directory is missing",
        ),
        (b"\x28\xB5\x2F\xFDjunk", "unreadable", ""),
        (b"\x1f\x8bjunk", "unreadable", ""),
    ] {
        let account = one(bytes).await;
        assert_eq!((account.format.as_str(), account.records), (format, 0), "{account:?}");
        assert!(account.notes[0].contains(note), "{account:?}");
    }
}

#[tokio::test]
async fn a_cut_file_gives_what_it_holds() {
    let text = format!("[{},{},{}", record("a"), record("b"), &record("c")[..60]);
    let account = one(text.as_bytes()).await;
    assert_eq!((account.records, account.rejected_count, account.rows["AuditRecords"]), (3, 1, 2));
    assert!(account.rejected[0].reason.starts_with("the file ends within this record"), "{account:?}");

    let lines: String = (0..50_000).map(|n| record(&format!("id-{n}")) + "\n").collect();
    let mut packed = gzip_of(lines.as_bytes());
    packed.truncate(packed.len() / 2);
    let account = one(&packed).await;
    assert!(account.rows["AuditRecords"] > 1000, "{account:?}");
    assert!(account.rejected.iter().any(|r| r.reason.contains("cannot be read further")), "{account:?}");
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn text_that_is_not_utf8_is_kept_with_a_note() {
    let mut bytes = record("a").replace("drop@", "dr\u{f8}p@").into_bytes();
    bytes.retain(|b| *b != 0xC3);
    let account = one(&bytes).await;
    assert_eq!(account.rows["AuditRecords"], 1);
    assert!(account.notes.iter().any(|note| note.contains("U+FFFD: 1")), "{account:?}");
}

#[tokio::test]
async fn a_value_nested_without_end_is_one_reject() {
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    let text = format!("{}\n{deep}\n{}\n", record("a"), record("b"));
    let account = one(text.as_bytes()).await;
    assert_eq!((account.rows["AuditRecords"], account.rejected_count), (2, 1), "{account:?}");
    // Whole and valid, but deeper than anything means: kept out, with what stands beside it.
    let deep = format!(
        "{{\"CreationTime\":\"2026-03-04T10:09:55\",\"Operation\":\"x\",\"Workload\":\"y\",\"a\":{}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let text = format!("{}\n{deep}\n{}\n", record("a"), record("b"));
    let account = one(text.as_bytes()).await;
    assert_eq!((account.rows["AuditRecords"], account.rejected_count), (2, 1), "{account:?}");
    assert!(account.rejected[0].reason.contains("nested"), "{account:?}");
    let cell = format!("{{\"CreationTime\":\"2026-03-04T10:09:55\",\"Operation\":\"x\",\"a\":{}", "[".repeat(100_000));
    let csv = format!("CreationDate,UserIds,Operations,AuditData\n2026-03-04,a,b,\"{}\"\n", cell.replace('"', "\"\""));
    let account = one(csv.as_bytes()).await;
    assert_eq!(account.records, 1, "{account:?}");
}

#[tokio::test]
async fn folders_are_walked_and_everything_in_them_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    fs::create_dir_all(root.join("case/empty")).unwrap();
    fs::write(root.join("case/b.json"), record("b")).unwrap();
    fs::write(root.join("case/a.json"), record("A") + "\n" + &record("a")).unwrap();
    fs::write(root.join("case/.hidden"), record("h")).unwrap();
    fs::write(root.join("case/noise"), [0_u8; 4096]).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root.join("case"), root.join("case/loop")).unwrap();
        // A link to itself.
        std::os::unix::fs::symlink(root.join("case/own"), root.join("case/own")).unwrap();
    }
    let lake = Lake::open(root.join("case/store")).await.unwrap();
    let account = load(&lake, &root.join("case")).await;
    let lines: Vec<String> = account
        .files
        .iter()
        .map(|f| format!("{} {} {}", Path::new(&f.path).file_name().unwrap().display(), f.format, f.notes[0]))
        .collect();
    assert_eq!(
        lines,
        [
            ".hidden not recognised hidden, not read",
            "a.json audit_data_json audit records as JSON: recognised by the members Operation, CreationTime and RecordType or Workload",
            "b.json audit_data_json audit records as JSON: recognised by the members Operation, CreationTime and RecordType or Workload",
            "empty not recognised the folder is empty",
            "loop not recognised this folder was read already under another path",
            "noise not recognised saw binary, 4096 bytes, begins 00 00 00 00 00 00 00 00",
            "own unreadable too many levels of symbolic links",
            "store not recognised this is the store",
        ]
    );
    // Ids are the same whatever their case.
    assert_eq!((account.audit_rows_total, account.audit_records_unique), (3, 2));
    let missing = ingest(&[root.join("nowhere")], formats(), &lake, &IngestOptions::default()).await;
    assert!(matches!(missing, Err(IngestError::Path { .. })), "{missing:?}");
    let empty = load(&lake, &root.join("case/empty")).await;
    assert_eq!(empty.files[0].notes, ["the folder is empty"]);
}

#[tokio::test]
async fn records_without_identity_stay_apart_and_are_not_read_twice() {
    let text = record("x").replace("\"Id\":\"x\",", "");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("input");
    fs::write(&path, format!("{text}\n{text}\n")).unwrap();
    let lake = Lake::temporary().await.unwrap();
    assert_eq!(load(&lake, &path).await.audit_records_unique, 2);
    let again = load(&lake, &path).await;
    assert_eq!((again.audit_rows_total, again.audit_records_unique, again.files[0].duplicates), (2, 2, 2));
    // The same content in another file is the same two records.
    fs::write(dir.path().join("copy"), format!("{text}\n{text}\n\n")).unwrap();
    assert_eq!(load(&lake, &dir.path().join("copy")).await.audit_records_unique, 2);
}

#[tokio::test]
async fn a_whole_record_replaces_a_salvaged_one_whatever_comes_first() {
    let csv = "CreationDate,UserIds,Operations,AuditData,Identity\n2026-03-04T10:09:55,a,New-InboxRule,,ID-1\n";
    for whole_first in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let names = if whole_first { ["b", "a"] } else { ["a", "b"] };
        fs::write(dir.path().join(names[0]), csv).unwrap();
        fs::write(dir.path().join(names[1]), record("id-1")).unwrap();
        let lake = Lake::temporary().await.unwrap();
        let account = load(&lake, dir.path()).await;
        assert_eq!((account.audit_rows_total, account.audit_records_unique), (2, 1), "{account:?}");
        let replaced = account.files[1].notes.iter().any(|note| note.contains("less complete row: 1"));
        assert_eq!(replaced, !whole_first);
    }
}

#[tokio::test]
async fn message_rows_are_counted_once_over_both_tables() {
    let trace = r#"[{"MessageTraceId":"M-1","RecipientAddress":"A@contoso.example","Received":"2026-03-04T10:00:00Z"},
        {"MessageTraceId":"m-2","RecipientAddress":"a@contoso.example","Received":"2026-03-04T10:00:00Z"}]"#;
    let events = r#"[{"Timestamp":"2026-03-04T10:00:00Z","NetworkMessageId":"m-1","RecipientEmailAddress":"a@contoso.example","Subject":"x","SenderFromAddress":"b@example.com"}]"#;
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("trace.json"), trace).unwrap();
    fs::write(dir.path().join("events.json"), events).unwrap();
    let lake = Lake::temporary().await.unwrap();
    let account = load(&lake, dir.path()).await;
    assert_eq!(account.message_rows, 2, "{account:#?}");
}

fn read_bytes(bytes: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("input");
    fs::write(&path, bytes).unwrap();
    let run = dry_run(&path, formats(), Schemas::builtin().unwrap(), &IngestOptions::default()).unwrap();
    assert!(run.account.adds_up());
    let mut positions: Vec<u64> = run.rows.iter().map(|r| r.position).collect();
    assert_eq!(positions.len() + run.account.rejected.len(), usize::try_from(run.account.records).unwrap());
    positions.extend(run.account.rejected.iter().map(|r| r.position));
    positions.sort_unstable();
    let last = positions.last().copied().unwrap_or(0);
    // A line may hold several records, each of which is one.
    positions.dedup();
    assert!(positions.iter().copied().eq(1..=last), "every record once: {positions:?}");
}

fn inputs() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/m365");
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap().to_string_lossy().starts_with("input.") {
                inputs.push(fs::read(path).unwrap());
            }
        }
    }
    assert!(inputs.len() >= 30);
    inputs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn no_bytes_cause_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read_bytes(&bytes);
    }

    #[test]
    fn no_text_of_brackets_and_quotes_causes_a_panic(text in "[\\[\\]{}\",:;\\\\\n a1]{0,200}") {
        read_bytes(text.as_bytes());
        read_bytes(format!("[{{\"Operation\":\"x\",\"CreationTime\":\"2026-01-01\",\"Workload\":1}},{text}").as_bytes());
        read_bytes(format!("CreationDate,UserIds,Operations,AuditData\n{text}").as_bytes());
    }

    #[test]
    fn damaged_exports_are_accounted_for(
        choice in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        keep in any::<bool>(),
    ) {
        let inputs = inputs();
        let mut bytes = inputs[choice.index(inputs.len())].clone();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !keep {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_bytes(&bytes);
        // Two damaged files, one after the other.
        let mut joined = bytes.clone();
        joined.extend(&inputs[cut.index(inputs.len())]);
        read_bytes(&joined);
    }
}
