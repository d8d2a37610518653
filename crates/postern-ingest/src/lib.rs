//! How exports get into the store: walking folders, opening containers, decoding, cutting files into records, and an
//! account of what became of each of them.
//!
//! ```text
//! paths ─walk─► files ─source, archive─► UTF-8 ─json | delimited─► records ─Format─► rows ─► store
//! ```
//!
//! This crate knows no provider. What a file means is said by [`Format`]s, which recognise a file by its content and
//! map one record to one row; everything else (reading, limits, threads, counting) is done here, once for all formats.
//! Start reading at [`ingest`].
//!
//! For each file `records = rows + duplicates + rejected`: nothing is dropped without a count.

mod archive;
mod batch;
mod clixml;
mod delimited;
mod files;
mod format;
mod head;
mod json;
mod pipeline;
mod places;
mod run;
mod source;
mod totals;
mod walk;

pub use delimited::Columns;
pub use format::{Content, Format, FormatInfo, Mapped, Mapper, MissingTable, Reader, Recognised, Record};
pub use head::{DelimitedHead, Head, JsonHead, JsonRecord, shown};
pub use json::{MAX_DEPTH, depth_is_bounded};
pub use pipeline::{DryRun, dry_run};
pub use places::{PlacesUpdate, update_places};
pub use postern_lake::Lake;
pub use run::{IngestError, IngestOptions, Progress, ingest};
pub use source::Limits;
pub use totals::stored;
