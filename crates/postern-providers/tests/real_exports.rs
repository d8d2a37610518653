//! Real exports beside the repository, where they are: counts that are known from elsewhere.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test may fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use postern_ingest::{IngestOptions, Lake, ingest};
use postern_model::account::{FileAccount, IngestAccount};
use postern_providers::formats;

/// The folder of real exports; `None`, with a line that says so, where it is not.
fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let data = std::env::var_os("POSTERN_SHARED").map_or(beside, PathBuf::from).join("data");
    if data.is_dir() {
        return Some(data);
    }
    println!("skipped: {} is not there", data.display());
    None
}

async fn load(lake: &Lake, paths: &[PathBuf]) -> IngestAccount {
    let account = ingest(paths, formats(), lake, &IngestOptions::default()).await.unwrap();
    for file in &account.files {
        assert!(file.adds_up(), "{file:?}");
    }
    account
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_records_in_three_formats_have_the_same_counts() {
    let Some(data) = data() else { return };
    for (file, format, total) in [
        ("ual_search_csv/invictus_ual_2021-06_2021-07.export-csv.csv.zst", "search_unified_audit_log_csv", 4842),
        ("ual_search_csv/invictus_ual_2021-06_2021-07.splunk.csv.zst", "search_unified_audit_log_csv", 4842),
        ("ual_auditdata_ndjson/invictus_ual_2021-06_2021-07.ndjson.zst", "audit_data_json", 2259),
    ] {
        let lake = Lake::temporary().await.unwrap();
        let account = load(&lake, &[data.join(file)]).await;
        assert_eq!(account.files[0].format, format);
        assert_eq!(account.files[0].encoding, "utf-8, zstd");
        let counts = (account.audit_rows_total, account.audit_records_unique, account.rejected_rows);
        assert_eq!(counts, (total, 2259, 0), "{file}");
        assert_eq!(account.files[0].from.unwrap().to_string(), "2021-06-01T16:24:17.0000000Z");
    }
}

/// File, format, records, rejects.
const FILES: &[(&str, &str, u64, u64)] = &[
    ("ual_purview_csv/huntress2023_rogue_inbox_part1.csv", "purview_audit_csv", 161, 0),
    ("ual_search_csv/cdx_tenant_ual_part1.csv", "search_unified_audit_log_csv", 250, 0),
    ("ual_search_csv/cdx_prettyprinted_auditdata.csv", "search_unified_audit_log_csv", 4, 0),
    ("ual_wrapped_json/cdx_wrapped_array_a.json", "search_unified_audit_log_json", 2, 0),
    ("ual_flattened_csv/cdx_flattened_parameters.csv", "audit_flattened_csv", 3, 0),
    ("ual_auditdata_ndjson/sekoia_o365.ndjson", "audit_data_json", 28, 0),
    ("graph_auditlogquery_json/records.json", "graph_audit_query_json", 2, 0),
    ("graph_signins_json/signins.json", "graph_sign_ins_json", 1, 0),
    ("graph_directory_ndjson/sekoia_entraid_graph.ndjson", "graph_directory_audits_json", 39, 0),
    // Risk events and Graph activity are not kept.
    ("signins_diagnostic_ndjson/sekoia_azure_ad.ndjson", "entra_diagnostic_json", 10, 3),
    ("signins_portal_csv/InteractiveSignIns_2025-03-11_2025-03-18.part1.csv", "entra_sign_ins_csv", 107, 0),
    ("message_trace_json/get-messagetracev2.json", "message_trace_json", 1, 0),
    ("message_trace_json/sekoia_reporting_webservice.ndjson", "message_trace_json", 1, 0),
    // Rows of DeviceEvents and CloudAuditEvents are not kept.
    ("defender_hunting_ndjson/otrf_goldensaml_m365defender.ndjson", "advanced_hunting_json", 9, 5),
    ("defender_streaming_ndjson/sekoia_advanced_hunting.ndjson", "advanced_hunting_json", 18, 1),
    ("defender_streaming_ndjson/g2o_emailevents_cloudappevents.json", "advanced_hunting_json", 2, 0),
    ("officeactivity_csv/demo_exchange_2020-03_2020-04.csv", "office_activity_csv", 564, 0),
    ("exchange_config_json/get-inboundconnector.json", "get_inbound_connector", 1, 0),
    ("exchange_config_json/get-outboundconnector.json", "get_outbound_connector", 1, 0),
    ("exchange_config_json/get-transportrule.json", "get_transport_rule", 1, 0),
    ("exchange_config_json/get-inboxrule.json", "get_inbox_rule", 1, 0),
    ("exchange_config_json/get-mailbox.json", "get_mailbox", 1, 0),
    ("exchange_config_json/get-remotedomain.json", "get_remote_domain", 1, 0),
    ("exchange_config_json/get-hostedoutboundspamfilterpolicy.json", "get_hosted_outbound_spam_filter_policy", 1, 0),
    ("exchange_config_json/scubagear_ProviderSettingsExport_2026-05.json", "scubagear_settings_json", 10, 0),
    ("ual_search_csv/invictus_ual_2021-06_2021-07.export-csv.csv.zst", "search_unified_audit_log_csv", 4842, 0),
    ("ual_search_csv/invictus_ual_2021-06_2021-07.splunk.csv.zst", "search_unified_audit_log_csv", 4842, 0),
    ("ual_auditdata_ndjson/invictus_ual_2021-06_2021-07.ndjson.zst", "audit_data_json", 2259, 0),
    // Cases of detections with records in them, which is no export.
    ("labelled_cases_dev.jsonl", "not recognised", 0, 0),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_file_is_what_its_index_says_and_has_its_count() {
    let Some(data) = data() else { return };
    let index = std::fs::read_to_string(data.join("INDEX.md")).unwrap();
    // `| `file` (size) | records, … |`
    let listed: BTreeMap<&str, u64> = index
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let file = cells.next()?.split_once("` (")?.0;
            let count = cells.next()?.trim().split([' ', ',']).next()?.parse().ok()?;
            Some((file, count))
        })
        .collect();
    let known: BTreeSet<&str> = FILES.iter().map(|(file, ..)| *file).collect();
    assert_eq!(listed.keys().copied().collect::<BTreeSet<_>>(), known, "the files of the index");
    for (file, format, records, rejected) in FILES {
        let lake = Lake::temporary().await.unwrap();
        let account = load(&lake, &[data.join(file)]).await;
        let found: &FileAccount = &account.files[0];
        let counts = (found.format.as_str(), found.records, found.rejected_count);
        assert_eq!(counts, (*format, *records, *rejected), "{file}: {found:#?}");
        // The index counts a settings file as one record, of which each setting is one here.
        if found.recognised() && *format != "scubagear_settings_json" {
            assert_eq!(listed[file], found.records, "{file}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_is_accounted_for_and_a_second_time_adds_nothing() {
    let Some(data) = data() else { return };
    let lake = Lake::temporary().await.unwrap();
    let first = load(&lake, std::slice::from_ref(&data)).await;
    for file in &first.files {
        let known = file.recognised()
            || file.path.ends_with(".txt")
            || file.path.ends_with(".md")
            || file.path.contains("labelled");
        assert!(known, "{file:?}");
        assert!(!file.notes.is_empty(), "{file:?}");
        println!(
            "{} {}: {} records, {} rejected, {:?}",
            file.format, file.path, file.records, file.rejected_count, file.notes
        );
    }
    let before = lake.summaries().await.unwrap();
    let second = load(&lake, &[data]).await;
    assert_eq!(lake.summaries().await.unwrap(), before);
    assert_eq!(second.files.iter().map(|f| f.rows.values().sum::<u64>()).sum::<u64>(), 0);
    assert_eq!(second.audit_records_unique, first.audit_records_unique);
    assert_eq!(second.message_rows, first.message_rows);
    assert_eq!(second.signins, first.signins);
}
