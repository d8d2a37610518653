//! Hunt, detect, decide: runs KQL over the store under limits, finds what happened, and says whether it is an attack.
//!
//! ```text
//! hunt            the one join of KQL and the store; limits on time, rows and memory
//! guarded         the same on a thread of its own: there is an answer in time, whatever the query does
//! catalog         what a query may read: stored tables and those derived from them
//! content         detections, playbooks and lists, as data
//! detect          detections → alert rows
//! story           alert rows → stories: one attacker, one change, one campaign
//! ask, grade      questions of a playbook → findings, missing evidence → a verdict and what would flip it
//! respond         a verdict → proposed steps, as data
//! investigate     all of it in order
//! ```

pub mod addresses;
pub mod ask;
pub mod case;
pub mod catalog;
pub mod changes;
pub mod content;
pub mod coverage;
pub mod detect;
pub mod domains;
pub mod flips;
pub mod grade;
mod guarded;
pub mod hunt;
pub mod investigate;
pub mod params;
pub mod powershell;
pub mod respond;
pub mod story;
pub mod telling;
pub mod timeline;

pub use catalog::{LakeCatalog, catalog};
pub use content::{Content, ContentError};
pub use guarded::hunt_guarded;
pub use hunt::{HuntError, HuntOptions, HuntResult, HuntTable, Results, hunt, hunt_in};
pub use investigate::{InvestigateError, InvestigateOptions, Investigation, investigate};
