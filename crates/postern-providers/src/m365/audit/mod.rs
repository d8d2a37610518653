//! The unified audit record and the row it becomes, whatever it was wrapped in.

pub(crate) mod activity;
mod delimited;
mod json;
mod names;
mod record;
mod rows;

pub(crate) use delimited::AuditCsv;
pub(crate) use json::AuditJson;
pub(crate) use record::AuditRecord;
pub(crate) use rows::{AuditRows, Wrapper, key};
