//! Simulated tenants in the real export formats, with the truth beside the data.
//!
//! A tenant is made in four steps, each with its own module:
//!
//! ```text
//! world     who works there, where from, with which device, at what hours
//! noise     what every tenant does anyway: sign-ins, files, mail, service records
//! families  the stories planted into it, one file each, listed in families::FAMILIES
//! writers   one file per export format, listed in writers::WRITERS
//! ```
//!
//! Everything follows from the seed and the options: there is no clock and no environment, so the same call writes
//! the same bytes. Each part draws from a random stream of its own name ([`dice`]), so a new family or a new kind of
//! noise leaves the others as they were.
//!
//! All names are under reserved domains and all addresses from documentation ranges.

#![recursion_limit = "256"]

pub mod dice;
pub mod families;
pub mod load;
pub mod truth;
pub mod world;

mod audit;
mod example;
mod noise;
mod span;
mod state;
mod tenant;
mod timeline;
mod writers;

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

pub use span::Span;
pub use truth::{Case, Truth};

use families::Family;
use tenant::Tenant;

/// Why a tenant could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A file or folder could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder for the evidence has files in it already.
    #[error("{} is not empty: what lies there would be read as evidence", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The folder to be replaced was not made by this crate.
    #[error("{} exists and was not written by `postern lab example`: there is no truth file beside it", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// A record could not be turned into JSON.
    #[error("cannot encode a record as JSON: {0}")]
    Encode(#[from] serde_json::Error),
    /// A family was asked for that is not on the list.
    #[error("no family is called \"{0}\"; see families::FAMILIES for the list")]
    UnknownFamily(String),
    /// The simulated organisation lacks somebody a story needs.
    #[error("the story needs a person whose duty is {0:?}, and nobody has it")]
    NobodyFor(world::Duty),
    /// The time span is too short to hold the stories.
    #[error("the span from {from} to {to} is too short: at least four weeks are needed")]
    SpanTooShort {
        /// First day.
        from: NaiveDate,
        /// Last day.
        to: NaiveDate,
    },
}

/// What to put into a tenant.
#[derive(Debug, Clone)]
pub struct Options {
    /// First and last day of the evidence.
    pub span: Span,
    /// Names of the families to plant, in any order; see [`families::FAMILIES`].
    pub families: Vec<String>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The folder that holds the evidence and nothing else.
    pub evidence: PathBuf,
    /// The file with the expected verdicts.
    pub truth: PathBuf,
    /// Evidence files with their sizes in bytes, in name order.
    pub files: Vec<(PathBuf, u64)>,
    /// Rows over all audit exports, repeats counted.
    pub audit_rows: usize,
    /// Distinct audit records in those rows.
    pub audit_records: usize,
    /// Sign-ins in the sign-in export.
    pub sign_ins: usize,
    /// Message-recipient rows of the message trace.
    pub message_rows: usize,
    /// Rows of the EmailEvents export; each is also in the message trace.
    pub email_events: usize,
    /// Names of the planted cases.
    pub cases: Vec<String>,
}

/// Writes the example tenant: `contoso/` with the evidence, `contoso.truth.json` and `README.md`, all under `out`.
///
/// A `contoso/` of an earlier run is replaced whole; one that is not ours is left alone and reported.
pub fn example(out: &Path) -> Result<Summary, LabError> {
    example::write(out)
}

/// Writes a tenant of this seed into the folder `out`, and the truth into `<out>.truth.json` beside it.
///
/// The folder must be new or empty. It gets evidence only, so a whole folder can be handed to an investigation.
pub fn generate(seed: u64, options: &Options, out: &Path) -> Result<Summary, LabError> {
    let families = options
        .families
        .iter()
        .map(|name| families::find(name).ok_or_else(|| LabError::UnknownFamily(name.clone())))
        .collect::<Result<Vec<&Family>, _>>()?;
    if options.span.days() < 28 {
        return Err(LabError::SpanTooShort { from: options.span.from, to: options.span.to });
    }
    if std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(LabError::NotEmpty { path: out.to_owned() });
    }
    let mut tenant = Tenant::new(seed, options.span);
    noise::fill(&mut tenant)?;
    let mut cases = Vec::new();
    for family in families {
        cases.push((family.plant)(family, &mut tenant)?);
    }
    tenant.timeline.sort();
    let truth = Truth::new(seed, &tenant, cases);
    writers::write(&tenant, &truth, out)
}
