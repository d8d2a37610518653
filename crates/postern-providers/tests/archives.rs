//! Archives, whole, damaged and hostile: every member a file of its own, read once, and nothing written by its name.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[allow(dead_code, reason = "of all kinds of containers only one is written here")]
#[path = "matrix/containers.rs"]
mod containers;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use postern_ingest::{IngestOptions, Lake, Limits, ingest};
use postern_model::account::{FileAccount, IngestAccount};
use postern_providers::formats;
use proptest::prelude::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/archives").join(name)
}

async fn load_with(lake: &Lake, path: &Path, options: &IngestOptions) -> IngestAccount {
    let account = ingest(&[path.to_owned()], formats(), lake, options).await.unwrap();
    assert!(account.files.iter().all(FileAccount::adds_up), "{account:#?}");
    account
}

async fn load(lake: &Lake, path: &Path) -> IngestAccount {
    load_with(lake, path, &IngestOptions::default()).await
}

async fn load_bytes(bytes: &[u8]) -> IngestAccount {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.zip");
    fs::write(&path, bytes).unwrap();
    let lake = Lake::temporary().await.unwrap();
    load(&lake, &path).await
}

/// One line a file: path from the archive on, format, and counts or the first note.
fn lines(account: &IngestAccount, archive: &Path) -> Vec<String> {
    let folder = archive.parent().unwrap();
    let line = |file: &FileAccount| {
        let path = Path::new(&file.path).strip_prefix(folder).unwrap().display();
        if !file.recognised() {
            return format!("{path}: {}: {}", file.format, file.notes[0]);
        }
        let new: u64 = file.rows.values().sum();
        let (format, encoding) = (&file.format, &file.encoding);
        format!("{path}: {format} ({encoding}): {new} new, {} known, {} rejected", file.duplicates, file.rejected_count)
    };
    account.files.iter().map(line).collect()
}

#[tokio::test]
async fn every_member_is_a_file_of_its_own() {
    let csv = "purview_audit_csv";
    let json = "audit_data_json";
    let long = format!("audit/{}/records.json", "long".repeat(40));
    let readme = "not recognised: saw text, 39 bytes, begins `Notes of the person who exported this.`";
    for (name, expected) in [
        (
            "plain.zip",
            [
                format!("plain.zip/audit/purview.csv: {csv} (utf-8, zip): 2 new, 0 known, 0 rejected"),
                format!("plain.zip/audit/records.json: {json} (utf-8, zip): 1 new, 1 known, 0 rejected"),
                format!("plain.zip/readme.txt: {readme}"),
            ]
            .to_vec(),
        ),
        (
            "stored.zip",
            [
                format!("stored.zip/audit/purview.csv: {csv} (utf-8, zip): 2 new, 0 known, 0 rejected"),
                format!("stored.zip/audit/records.json: {json} (utf-8, zip): 1 new, 1 known, 0 rejected"),
                format!("stored.zip/readme.txt: {readme}"),
            ]
            .to_vec(),
        ),
        (
            "streamed.zip",
            [
                format!("streamed.zip/audit/purview.csv: {csv} (utf-8, zip): 2 new, 0 known, 0 rejected"),
                format!("streamed.zip/audit/records.json: {json} (utf-8, zip): 1 new, 1 known, 0 rejected"),
                format!("streamed.zip/readme.txt: {readme}"),
            ]
            .to_vec(),
        ),
        (
            "zip64.zip",
            [
                format!("zip64.zip/audit/purview.csv: {csv} (utf-8, zip): 2 new, 0 known, 0 rejected"),
                format!("zip64.zip/audit/records.json: {json} (utf-8, zip): 1 new, 1 known, 0 rejected"),
            ]
            .to_vec(),
        ),
        (
            "names.zip",
            [
                format!("names.zip/audit/purview.csv: {csv} (utf-8, zip): 2 new, 0 known, 0 rejected"),
                format!("names.zip/Boîte/records.json: {json} (utf-8, zip): 1 new, 1 known, 0 rejected"),
            ]
            .to_vec(),
        ),
        (
            "encrypted.zip",
            [
                "encrypted.zip/audit/purview.csv: unreadable: encrypted: unpack it with its password".to_owned(),
                format!("encrypted.zip/audit/records.json: {json} (utf-8, zip): 2 new, 0 known, 0 rejected"),
            ]
            .to_vec(),
        ),
        (
            "bzip2.zip",
            [
                "bzip2.zip/audit/purview.csv: unreadable: compressed with bzip2, which is not read: unpack it"
                    .to_owned(),
                format!("bzip2.zip/audit/records.json: {json} (utf-8, zip): 2 new, 0 known, 0 rejected"),
            ]
            .to_vec(),
        ),
        (
            "nested.zip",
            [
                format!("nested.zip/inner.zip/inner/purview.csv: {csv} (utf-8, zip, zip): 2 new, 0 known, 0 rejected"),
                format!(
                    "nested.zip/inner.zip/records.json.gz: {json} (utf-8, zip, zip, gzip): 1 new, 1 known, 0 rejected"
                ),
                format!("nested.zip/records.json: {json} (utf-8, zip): 0 new, 2 known, 0 rejected"),
            ]
            .to_vec(),
        ),
        (
            "solid.7z",
            [
                format!("solid.7z/audit/purview.csv: {csv} (utf-8, 7z): 2 new, 0 known, 0 rejected"),
                format!("solid.7z/audit/records.json: {json} (utf-8, 7z): 1 new, 1 known, 0 rejected"),
                format!("solid.7z/readme.txt: {readme}"),
            ]
            .to_vec(),
        ),
        (
            "ppmd.7z",
            [
                format!("ppmd.7z/audit/purview.csv: {csv} (utf-8, 7z): 2 new, 0 known, 0 rejected"),
                format!("ppmd.7z/audit/records.json: {json} (utf-8, 7z): 1 new, 1 known, 0 rejected"),
                format!("ppmd.7z/readme.txt: {readme}"),
            ]
            .to_vec(),
        ),
        (
            "encrypted.7z",
            ["encrypted.7z/audit/records.json: unreadable: encrypted: unpack it with its password".to_owned()].to_vec(),
        ),
        (
            "ustar.tar.gz",
            [
                format!("ustar.tar.gz/audit/purview.csv: {csv} (utf-8, gzip, tar): 2 new, 0 known, 0 rejected"),
                format!("ustar.tar.gz/audit/records.json: {json} (utf-8, gzip, tar): 1 new, 1 known, 0 rejected"),
                format!("ustar.tar.gz/readme.txt: {readme}"),
            ]
            .to_vec(),
        ),
        (
            "v7.tar.zst",
            [
                format!("v7.tar.zst/audit/purview.csv: {csv} (utf-8, zstd, tar): 2 new, 0 known, 0 rejected"),
                format!("v7.tar.zst/audit/records.json: {json} (utf-8, zstd, tar): 1 new, 1 known, 0 rejected"),
                format!("v7.tar.zst/readme.txt: {readme}"),
            ]
            .to_vec(),
        ),
        (
            "long_names_gnu.tar",
            [
                format!("long_names_gnu.tar/{long}: {json} (utf-8, tar): 2 new, 0 known, 0 rejected"),
                format!("long_names_gnu.tar/audit/purview.csv: {csv} (utf-8, tar): 1 new, 1 known, 0 rejected"),
            ]
            .to_vec(),
        ),
        (
            "long_names_pax.tar",
            [
                format!("long_names_pax.tar/{long}: {json} (utf-8, tar): 2 new, 0 known, 0 rejected"),
                format!("long_names_pax.tar/audit/purview.csv: {csv} (utf-8, tar): 1 new, 1 known, 0 rejected"),
            ]
            .to_vec(),
        ),
    ] {
        let path = fixture(name);
        let lake = Lake::temporary().await.unwrap();
        let account = load(&lake, &path).await;
        assert_eq!(lines(&account, &path), expected, "{name}");
        let unique = account.audit_records_unique;
        // Read again, also under another name, nothing is new.
        let again = load(&lake, &path).await;
        assert_eq!(again.audit_records_unique, unique, "{name}");
        assert!(again.files.iter().all(|file| file.rows.is_empty()), "{again:#?}");
    }
}

#[tokio::test]
async fn a_member_and_the_same_file_beside_it_are_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(fixture("plain.zip"), dir.path().join("b.zip")).unwrap();
    fs::copy(fixture("ustar.tar.gz"), dir.path().join("a.tgz")).unwrap();
    let lake = Lake::temporary().await.unwrap();
    let account = load(&lake, dir.path()).await;
    assert_eq!((account.audit_rows_total, account.audit_records_unique), (8, 3), "{account:#?}");
}

/// A member for a zip archive made by [`zip_of`].
#[derive(Clone)]
struct Packed<'a> {
    name: &'a str,
    content: Vec<u8>,
    deflated: bool,
    mode: u32,
}

fn member(name: &str, content: impl Into<Vec<u8>>) -> Packed<'_> {
    Packed { name, content: content.into(), deflated: true, mode: 0o100_644 }
}

fn zip_of(members: &[Packed<'_>]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for one in members {
        let mut crc = flate2::Crc::new();
        crc.update(&one.content);
        let mut packed = one.content.clone();
        if one.deflated {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&one.content).unwrap();
            packed = encoder.finish().unwrap();
        }
        let mut common = vec![20, 0, 0, 8, if one.deflated { 8 } else { 0 }, 0, 0, 0, 0, 0];
        for number in [crc.sum(), packed.len() as u32, one.content.len() as u32] {
            common.extend(number.to_le_bytes());
        }
        common.extend((one.name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend((one.mode << 16).to_le_bytes());
        directory.extend((out.len() as u32).to_le_bytes());
        directory.extend(one.name.as_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(one.name.as_bytes());
        out.extend(packed);
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([(members.len() as u16).to_le_bytes(), (members.len() as u16).to_le_bytes()].concat());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn tar_header(name: &str, kind: u8, size: &str) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..124 + size.len()].copy_from_slice(size.as_bytes());
    header[156] = kind;
    header[257..263].copy_from_slice(b"ustar\0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

fn tar_of(members: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, kind, content) in members {
        out.extend(tar_header(name, *kind, &format!("{:011o}", content.len())));
        out.extend(*content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn records(count: usize) -> Vec<u8> {
    let line = |n| {
        format!(
            "{{\"CreationTime\":\"2026-03-04T10:09:55\",\"Id\":\"id-{n}\",\"Operation\":\"Send\",\"RecordType\":2,\"Note\":\"{}\"}}\n",
            n * 7919 % 104_729
        )
    };
    (0..count).map(line).collect::<String>().into_bytes()
}

fn notes(account: &IngestAccount) -> Vec<&str> {
    account.files.iter().map(|file| file.notes[0].as_str()).collect()
}

#[tokio::test]
async fn names_that_lead_out_and_links_are_refused() {
    let names = ["../out.json", "/abs.json", "a/../../b.json", "C:\\x.json", "..\\y.json"];
    let mut members: Vec<_> = names.iter().map(|name| member(name, records(1))).collect();
    members.push(Packed { mode: 0o120_777, deflated: false, ..member("link", "/etc/passwd") });
    members.push(member("good.json", records(1)));
    let account = load_bytes(&zip_of(&members)).await;
    assert_eq!(account.files.len(), 7);
    for file in &account.files[..5] {
        assert_eq!(file.format, "unreadable");
        assert_eq!(file.notes, ["its name leads out of the archive: it is not read"]);
    }
    assert_eq!(account.files[5].notes, ["a link, not followed"]);
    assert_eq!(account.audit_rows_total, 1);

    let records = records(1);
    let mut members: Vec<_> = names.iter().map(|name| (*name, records.as_slice())).collect();
    members.extend([(".hidden.json", records.as_slice()), ("good.json", &records)]);
    let account = load_bytes(&containers::seven_zip(&members)).await;
    let out = "its name leads out of the archive: it is not read";
    assert_eq!(notes(&account)[..6], [out, out, out, out, out, "hidden, not read"]);
    assert_eq!((account.files.len(), account.audit_rows_total), (7, 1), "{account:#?}");

    let mut members: Vec<_> = names.iter().map(|name| (*name, b'0', records.as_slice())).collect();
    members.extend([("link", b'2', &b""[..]), ("hard", b'1', b""), ("pipe", b'6', b""), ("sparse", b'S', b"")]);
    members.push(("good.json", b'0', &records));
    let account = load_bytes(&tar_of(&members)).await;
    let link = "a link, not followed";
    assert_eq!(
        notes(&account)[..9],
        [out, out, out, out, out, link, link, "neither a file nor a folder", "a sparse file: unpack it"]
    );
    assert_eq!(account.audit_rows_total, 1);
}

#[tokio::test]
async fn a_damaged_archive_gives_what_it_holds() {
    let whole = zip_of(&[member("a.json", records(3000)), member("b.json", records(6000)), member("c.json", "{}")]);
    // Without its end, and so without its directory.
    let account = load_bytes(&whole[..whole.len() - 200]).await;
    assert!(notes(&account)[0].starts_with("a zip archive of which not everything could be read: its directory is"));
    assert_eq!(account.files[1].rows["AuditRecords"], 3000, "{account:#?}");
    assert_eq!((account.files[2].rows["AuditRecords"], account.files[2].duplicates), (3000, 3000));
    // Cut within the second member.
    let account = load_bytes(&whole[..whole.len() / 2]).await;
    assert_eq!(account.files.len(), 3, "{account:#?}");
    assert_eq!(account.files[1].rows["AuditRecords"], 3000);
    let last = &account.files[2];
    assert!(last.duplicates > 1000 && last.rejected_count > 0, "{last:?}");
    assert!(last.rejected.iter().any(|r| r.reason.contains("the archive ends within it")), "{last:?}");
    // A byte changed within the first member.
    let mut damaged =
        zip_of(&[Packed { deflated: false, ..member("a.json", records(100)) }, member("b.json", records(1))]);
    damaged[100] ^= 1;
    let account = load_bytes(&damaged).await;
    assert!(account.files[0].rejected.iter().any(|r| r.reason.contains("its checksum is wrong")), "{account:#?}");
    assert!(account.audit_rows_total >= 100);

    // Of a 7z archive the directory stands at the end: cut, it gives nothing, and damaged what stands before the damage.
    let whole =
        containers::seven_zip(&[("a.json", &records(100)), ("b.json", &records(200)), ("c.json", &records(300))]);
    let account = load_bytes(&whole[..whole.len() - 20]).await;
    assert_eq!(account.files.len(), 1, "{account:#?}");
    assert!(notes(&account)[0].contains("its directory is missing or damaged"), "{account:#?}");
    let mut damaged = whole;
    damaged[40 + records(100).len()] ^= 1;
    let account = load_bytes(&damaged).await;
    assert_eq!(account.files.len(), 3, "{account:#?}");
    assert_eq!(notes(&account)[1], "its checksum is wrong: the archive is damaged");
    assert_eq!(notes(&account)[2], "what stands before it in the archive is damaged");
    assert_eq!(account.audit_rows_total, 100, "{account:#?}");

    let tar = tar_of(&[("a.json", b'0', &records(100)), ("b.json", b'0', &records(200))]);
    let account = load_bytes(&tar[..tar.len() / 2]).await;
    assert!(notes(&account)[0].contains("it is cut"), "{account:#?}");
    assert_eq!(account.files[1].rows["AuditRecords"], 100);
    assert!(account.files[2].rejected.iter().any(|r| r.reason.contains("the archive ends within it")));
    let mut tar = tar;
    let second = 512 + records(100).len().next_multiple_of(512);
    tar[second] ^= 1;
    let account = load_bytes(&tar).await;
    assert!(notes(&account)[0].contains("a header within it is damaged"), "{account:#?}");
    assert_eq!(account.audit_rows_total, 100);
    // A size beyond all bounds, and a name of which as much is claimed.
    let account = load_bytes(&tar_header("a", b'0', "77777777777")).await;
    assert_eq!(account.audit_rows_total, 0);
    let account = load_bytes(&tar_header("a", b'L', "77777777777")).await;
    assert!(notes(&account)[0].contains("longer than a megabyte"), "{account:#?}");
    let account = load_bytes(&zip_of(&[])).await;
    assert_eq!(notes(&account), ["a zip archive without files"]);
}

#[tokio::test]
async fn bombs_end_in_a_clear_reject() {
    // 100 MiB of nothing in 100 kB.
    let bomb = zip_of(&[member("a.json", records(1)), member("zeros", vec![0; 100 << 20]), member("b", records(1))]);
    let account = load_bytes(&bomb).await;
    assert_eq!(account.files.len(), 3, "{account:#?}");
    assert!(notes(&account)[0].contains("expands more than 250 times: the rest is not read"), "{account:#?}");
    assert_eq!((account.files[2].format.as_str(), account.audit_rows_total), ("unreadable", 1));

    let lake = Lake::temporary().await.unwrap();
    let account = load(&lake, &fixture("bomb.7z")).await;
    assert!(account.files.iter().any(|file| file.notes[0].contains("expands more than 250 times")), "{account:#?}");
    assert_eq!(account.audit_rows_total, 2, "{account:#?}");

    // The same in layers: each of them is modest, together they are not.
    let layer = zip_of(&vec![member("zeros", vec![b' '; 9 << 20]); 9]);
    let account = load_bytes(&zip_of(&[member("layer.zip", layer), member("b", records(1))])).await;
    assert!(account.files.iter().any(|file| file.notes[0].contains("expands more than 250 times")), "{account:#?}");

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&tar_of(&[("a", b'0', &vec![b' '; 100 << 20])])).unwrap();
    let account = load_bytes(&gzip.finish().unwrap()).await;
    assert!(account.files.iter().any(|file| file.notes[0].contains("expands more than 250 times")), "{account:#?}");

    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.zip"), zip_of(&[member("a.json", records(10_000))])).unwrap();
    let limits = Limits { expanded_bytes: 100_000, ..Limits::default() };
    let lake = Lake::temporary().await.unwrap();
    let account = load_with(&lake, dir.path(), &IngestOptions { limits, ..IngestOptions::default() }).await;
    assert!(notes(&account)[0].contains("expands to more than 100000 bytes"), "{account:#?}");
}

#[tokio::test]
async fn archives_within_archives_end_somewhere() {
    let mut bytes = records(1);
    for name in ["1.json", "2.zip", "3.zip", "4.zip", "5.zip"] {
        bytes = zip_of(&[member(name, bytes)]);
    }
    let account = load_bytes(&bytes).await;
    assert_eq!(notes(&account), ["a zip archive within 3 others: unpack it"]);
    assert!(account.files[0].path.ends_with("a.zip/5.zip/4.zip/3.zip"), "{account:#?}");
}

#[tokio::test]
async fn names_with_control_characters_are_escaped() {
    let account = load_bytes(&zip_of(&[member("\u{1b}[2J\n\u{202e}.json", records(1))])).await;
    assert!(account.files[0].path.ends_with("/\\u{1b}[2J\\u{a}\\u{202e}.json"), "{account:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damaged_archives_are_accounted_for(
        choice in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        keep in any::<bool>(),
    ) {
        let mut inputs: Vec<PathBuf> = fs::read_dir(fixture("")).unwrap().map(|entry| entry.unwrap().path()).collect();
        inputs.sort();
        let mut bytes = fs::read(&inputs[choice.index(inputs.len())]).unwrap();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !keep {
            bytes.truncate(cut.index(bytes.len()));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async { load_bytes(&bytes).await });
    }
}
