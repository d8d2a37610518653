//! `docs/reference/formats.md` is made from the formats and their fixtures. `POSTERN_BLESS=1` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use postern_providers::formats;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

fn page() -> String {
    let mut out = String::from(
        "# Export formats\n\n\
         Made from the formats and their fixtures by `crates/postern-providers/tests/reference.rs`; do not edit.\n\n\
         A file is recognised by its content, never by its name. Every format is read as UTF-8, with or without a byte \
         order mark, and as UTF-16 of either order; plain, gzip or zstd; in a folder, or as a member of a zip, 7z or tar \
         archive. Delimited text may have commas, semicolons or tabs, and a `#TYPE` line before its header. One set of \
         records in all of these is compared by `crates/postern-providers/tests/matrix`.\n\n\
         | format | what | tables | fixture | encoding | records | rows | rejected |\n\
         | --- | --- | --- | --- | --- | --: | --: | --: |\n",
    );
    for format in formats() {
        let info = format.info();
        let folder = root().join("fixtures/m365").join(info.name);
        for case in names(&folder) {
            let account = fs::read_to_string(folder.join(&case).join("account.json")).unwrap();
            let account: Value = serde_json::from_str(&account).unwrap();
            let rows: u64 = account["rows"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
            let rejected = account["rejected"].as_array().unwrap().len();
            writeln!(
                out,
                "| `{}` | {} | {} | [{case}](../../fixtures/m365/{}/{case}) | {} | {} | {rows} | {rejected} |",
                info.name,
                info.summary,
                info.tables.join(", "),
                info.name,
                account["encoding"].as_str().unwrap(),
                account["records"],
            )
            .unwrap();
        }
    }
    out
}

#[test]
fn the_reference_of_formats_is_up_to_date() {
    let path = root().join("docs/reference/formats.md");
    let page = page();
    if std::env::var_os("POSTERN_BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == page,
        "docs/reference/formats.md is stale; run POSTERN_BLESS=1 cargo test -p postern-providers --test reference"
    );
}
