//! What became of every record of every input file.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::time::Ticks;

/// How many rejected records a [`FileAccount`] lists one by one; all are counted and kept in the store's rejects files.
pub const LISTED_REJECTS: usize = 20;

/// A record that could not become a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// The record's number in the file, counted from 1; 0 when the file as a whole is meant.
    pub position: u64,
    /// Why, in one sentence.
    pub reason: String,
}

/// The account of one file: `records` = sum of `rows` + `duplicates` + `rejected_count`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FileAccount {
    /// The path as given; for a member of an archive `archive/member`.
    pub path: String,
    /// The format's name, or `not recognised`, or `unreadable`.
    pub format: String,
    /// Encoding and container, for example `utf-8`, `utf-16le`, `utf-8, gzip, tar`.
    pub encoding: String,
    /// Records met.
    pub records: u64,
    /// New rows by table.
    pub rows: BTreeMap<String, u64>,
    /// Records whose row was there already, from this file or an earlier one.
    pub duplicates: u64,
    /// The first [`LISTED_REJECTS`] records that could not be read.
    pub rejected: Vec<Reject>,
    /// Records that could not be read.
    pub rejected_count: u64,
    /// Where the store keeps them whole, relative to its folder; none in a store that goes away by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejects_file: Option<String>,
    /// Time of the earliest row.
    pub from: Option<Ticks>,
    /// Time of the latest row.
    pub to: Option<Ticks>,
    /// What the reader should know: what the format cannot say, what was decided, why a file was not recognised.
    pub notes: Vec<String>,
    /// Records by table they were meant for, duplicates included.
    #[serde(skip)]
    pub records_by_table: BTreeMap<String, u64>,
}

impl FileAccount {
    /// True when every record is a row, a duplicate or a reject.
    pub fn adds_up(&self) -> bool {
        self.records == self.rows.values().sum::<u64>() + self.duplicates + self.rejected_count
    }

    /// True when the file was read as one of the known formats.
    pub fn recognised(&self) -> bool {
        self.format != NOT_RECOGNISED && self.format != UNREADABLE
    }
}

/// [`FileAccount::format`] of a file that is none of the known formats.
pub const NOT_RECOGNISED: &str = "not recognised";

/// [`FileAccount::format`] of a file that could not be opened or decoded.
pub const UNREADABLE: &str = "unreadable";

/// The account of one run over many files.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IngestAccount {
    /// One account per file, in order of path.
    pub files: Vec<FileAccount>,
    /// Audit rows read, duplicates included.
    pub audit_rows_total: u64,
    /// Audit records in the store after deduplication.
    pub audit_records_unique: u64,
    /// Distinct message and recipient pairs in the store.
    pub message_rows: u64,
    /// Distinct rows of sign-in exports in the store; sign-in records of the audit log are not counted here.
    pub signins: u64,
    /// Rows that could not be read.
    pub rejected_rows: u64,
}
