//! The example tenant of the repository is read whole.

use std::path::Path;

use postern_ingest::{IngestOptions, Lake, ingest};
use postern_providers::formats;

#[tokio::test(flavor = "multi_thread")]
async fn every_export_of_the_example_tenant_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/contoso");
    let lake = Lake::temporary().await.unwrap();
    let account = ingest(&[folder], formats(), &lake, &IngestOptions::default()).await.unwrap();
    assert!(account.files.len() > 5);
    for file in &account.files {
        assert!(file.recognised() && file.adds_up() && file.records > 0, "{file:#?}");
    }
    assert_eq!(account.rejected_rows, 0, "{:#?}", account.files);
    assert!(account.audit_records_unique > 0 && account.message_rows > 0 && account.signins > 0);
}
