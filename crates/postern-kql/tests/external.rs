//! `externaldata` reads files of the folders that were allowed, and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write as _;
use std::path::{Path, PathBuf};

use postern_kql::catalog::Tables;
use postern_kql::{PlanOptions, output};
use serde_json::{Value, json};

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("postern-external-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The rows of a query, or the message that it ends with.
async fn run(query: &str, folders: &[&Path]) -> Result<Vec<Vec<Value>>, String> {
    let external = folders.iter().map(|f| f.to_path_buf()).collect();
    let options = PlanOptions { external, ..PlanOptions::default() };
    let session = postern_kql::session();
    let planned = postern_kql::plan(query, &Tables::new(), &options, &session)
        .await
        .map_err(|d| d.first().map(|d| d.message.clone()).unwrap_or_default())?;
    let batches = postern_kql::collect(&session, planned.plan).await.map_err(|e| e.to_string())?;
    Ok(output::rows(&batches, &planned.columns))
}

#[tokio::test]
async fn separated_text_is_read_by_position_and_type() {
    let folder = Folder::new("csv");
    folder.write("list.csv", "\u{feff}name,size,seen\n\"a, b\",5,2024-05-01\nc,,x\n".as_bytes());
    let query =
        "externaldata(name:string, size:long, seen:datetime)['list.csv'] with (format=csv, ignoreFirstRecord=True)";
    let rows = run(query, &[&folder.0]).await.unwrap();
    assert_eq!(
        rows,
        [
            vec![json!("a, b"), json!(5), json!("2024-05-01T00:00:00.0000000Z")],
            vec![json!("c"), Value::Null, Value::Null]
        ]
    );
}

#[tokio::test]
async fn the_name_of_a_file_tells_its_format_and_gzip_is_unpacked() {
    let folder = Folder::new("formats");
    folder.write("a.tsv", b"x\t1\n");
    folder.write("b.txt", b"p,q\n\nr\n");
    folder.write("c.json", b"{\"v\":{\"k\":[1]},\"n\":2}\n{\"n\":\"3\"}\n");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(b"[{\"n\":7}]").unwrap();
    folder.write("d.multijson.gz", &gz.finish().unwrap());
    let all = [&*folder.0];
    assert_eq!(run("externaldata(a:string, b:int)['a.tsv']", &all).await.unwrap(), [[json!("x"), json!(1)]]);
    assert_eq!(run("externaldata(l:string)['b.txt']", &all).await.unwrap(), [[json!("p,q")], [json!("r")]]);
    let rows = run("externaldata(v:dynamic, n:long)['c.json']", &all).await.unwrap();
    assert_eq!(rows, [[json!({"k": [1]}), json!(2)], [Value::Null, json!(3)]]);
    let rows = run("externaldata(n:long)['d.multijson.gz', 'c.json'] | summarize s = sum(n)", &all).await.unwrap();
    assert_eq!(rows, [[json!(12)]]);
    let raw = run("externaldata(t:string)['b.txt'] with (format='raw')", &all).await.unwrap();
    assert_eq!(raw, [[json!("p,q\n\nr\n")]]);
}

#[tokio::test]
async fn no_path_leads_out_of_the_folders() {
    let (folder, secret) = (Folder::new("inside"), Folder::new("outside"));
    folder.write("ok.txt", b"fine\n");
    let outside = secret.write("secret.txt", b"secret\n");
    let name = secret.0.file_name().unwrap().to_str().unwrap();
    let wanted = [
        outside.display().to_string(),
        format!("../{name}/secret.txt"),
        "link.txt".to_owned(),
        "dir/secret.txt".to_owned(),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, folder.0.join("link.txt")).unwrap();
        std::os::unix::fs::symlink(&secret.0, folder.0.join("dir")).unwrap();
    }
    for path in wanted {
        let message = run(&format!("externaldata(l:string)[@'{path}']"), &[&folder.0]).await.unwrap_err();
        assert!(message.contains("no file in the folders"), "{path}: {message}");
    }
    // A folder is no file, and inside is inside however it is written.
    assert!(run("externaldata(l:string)['.']", &[&folder.0]).await.is_err());
    for path in
        ["ok.txt".to_owned(), "./dir/../ok.txt".to_owned(), format!("file://{}", folder.0.join("ok.txt").display())]
    {
        let rows = run(&format!("externaldata(l:string)['{path}']"), &[&folder.0]).await;
        // `dir/..` follows the link first, so it may lead elsewhere: then it is refused.
        if !path.contains("dir/..") {
            assert_eq!(rows.unwrap(), [[json!("fine")]], "{path}");
        }
    }
}

#[tokio::test]
async fn without_a_folder_and_over_the_network_nothing_is_read() {
    let message = run("externaldata(l:string)['/etc/hostname']", &[]).await.unwrap_err();
    assert!(message.contains("only from folders that are allowed"), "{message}");
    let folder = Folder::new("network");
    let query = "externaldata(l:string)[h@'https://store.contoso.example/c/list.csv?sig=secret;key']";
    let message = run(query, &[&folder.0]).await.unwrap_err();
    assert!(message.contains("https://store.contoso.example/c/list.csv") && !message.contains("secret"), "{message}");
    for query in [
        "externaldata(l:string)['x.parquet']",
        "externaldata(l:string)['x.csv'] with (format='orc')",
        "externaldata(l:string)['x.csv'] with (ingestionMapping='[]')",
    ] {
        folder.write("x.parquet", b"PAR1");
        folder.write("x.csv", b"1\n");
        let message = run(query, &[&folder.0]).await.unwrap_err();
        assert!(message.contains("is not supported"), "{query}: {message}");
    }
}

#[tokio::test]
async fn a_file_that_unpacks_without_end_is_given_up() {
    let folder = Folder::new("bomb");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..65 {
        gz.write_all(&zeros).unwrap();
    }
    folder.write("bomb.txt.gz", &gz.finish().unwrap());
    let message = run("externaldata(l:string)['bomb.txt.gz']", &[&folder.0]).await.unwrap_err();
    assert!(message.contains("64 MiB"), "{message}");
}
