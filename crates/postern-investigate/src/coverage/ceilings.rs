//! Files that hold exactly as many records as their source gives at most: more may exist.
//!
//! Sources, as documented by the vendor: `Search-UnifiedAuditLog` (ResultSize 100 by default, 5,000 at most, 50,000 with
//! `ReturnLargeSet`), audit search of the Purview portal (50,000 per export), `runHuntingQuery` and the hunting page
//! (100,000; the page 10,000 and 30,000 earlier), sign-ins of the Entra portal (100,000 per download), message trace
//! (1,000 by default, 5,000 at most; 100,000 per extended report), `Get-Mailbox` and its like (ResultSize 1,000 by
//! default).

use postern_lake::FileRecord;

/// Most records that a source gives in one file.
struct Ceiling {
    /// Beginnings of format names.
    formats: &'static [&'static str],
    /// The ceilings, each with whose it is.
    records: &'static [(u64, &'static str)],
    /// The tables that lack rows then.
    tables: &'static [&'static str],
}

const CEILINGS: [Ceiling; 6] = [
    Ceiling {
        formats: &["search_unified_audit_log_"],
        records: &[
            (100, "Search-UnifiedAuditLog returns when no ResultSize is given"),
            (5_000, "one call of Search-UnifiedAuditLog returns at most"),
            (50_000, "one session of Search-UnifiedAuditLog returns at most"),
        ],
        tables: &["AuditRecords"],
    },
    Ceiling {
        formats: &["purview_audit_csv"],
        records: &[(50_000, "one export of the Purview portal holds at most")],
        tables: &["AuditRecords"],
    },
    Ceiling {
        formats: &["advanced_hunting_"],
        records: &[
            (10_000, "the hunting page exported at most in former years"),
            (30_000, "the hunting page exported at most in former years"),
            (100_000, "one hunting query returns at most"),
        ],
        tables: &[],
    },
    Ceiling {
        formats: &["entra_sign_ins_csv"],
        records: &[(100_000, "one download of the Entra portal holds at most")],
        tables: &["EntraIdSignInEvents"],
    },
    Ceiling {
        formats: &["message_trace_"],
        records: &[
            (1_000, "one message trace returns when no ResultSize is given"),
            (5_000, "one message trace returns at most"),
            (100_000, "one extended message trace report holds at most"),
        ],
        tables: &["MessageTrace", "EmailEvents"],
    },
    Ceiling {
        formats: &["get_mailbox", "get_transport_rule", "get_inbox_rule"],
        records: &[(1_000, "such a cmdlet returns when no ResultSize is given")],
        tables: &["MailboxForwarding", "TransportRule", "InboxRule"],
    },
];

/// A file that reached its ceiling.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The tables that may lack rows; empty where only the file's rows tell.
    pub(crate) tables: &'static [&'static str],
    /// In one sentence.
    pub(crate) why: String,
}

/// What a file's number of records says. A file that was not read to its end says nothing.
pub(crate) fn reached(file: &FileRecord) -> Option<Reached> {
    if !file.complete {
        return None;
    }
    CEILINGS.iter().find_map(|ceiling| {
        ceiling.formats.iter().find(|format| file.format.starts_with(**format))?;
        let (count, whose) = ceiling.records.iter().find(|(count, _)| *count == file.last_position)?;
        let name = file.path.rsplit(['/', '\\']).next().unwrap_or(&file.path);
        Some(Reached {
            tables: ceiling.tables,
            why: format!("{name} holds exactly the {count} records that {whose}: more may exist."),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(format: &str, records: u64) -> FileRecord {
        FileRecord {
            id: 1,
            path: "case/audit.csv".to_owned(),
            digest: String::new(),
            format: format.to_owned(),
            rows: 0,
            better_rows: 0,
            rejected: 0,
            last_position: records,
            complete: true,
            lost_cells: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn a_full_file_is_told_and_one_record_less_is_not() {
        let reached = |format, records| super::reached(&file(format, records));
        let full = reached("purview_audit_csv", 50_000).unwrap();
        assert_eq!(full.tables, ["AuditRecords"]);
        assert_eq!(
            full.why,
            "audit.csv holds exactly the 50000 records that one export of the Purview portal holds at most: more may exist."
        );
        assert_eq!(reached("purview_audit_csv", 49_999), None);
        assert_eq!(reached("purview_audit_csv", 5_000), None);
        assert!(reached("search_unified_audit_log_csv", 5_000).is_some());
        assert!(reached("advanced_hunting_json", 100_000).is_some());
        assert_eq!(reached("get_accepted_domain", 1_000), None);
        assert_eq!(super::reached(&FileRecord { complete: false, ..file("purview_audit_csv", 50_000) }), None);
    }
}
