//! Detections, playbooks and lists: content as data, built in or laid over it from a folder.

mod detection;
mod list;
mod load;
mod playbook;
#[cfg(test)]
mod tests;

pub use detection::{Columns, Detection, EntityMapping, FieldMapping, Ours, TestCases};
pub use list::{List, Match};
pub use load::{Content, ContentError};
pub use playbook::{
    Determinations, Explains, Outcome, Playbook, Prior, Proof, Question, Scope, SharedQuestions, Thresholds, When,
};
