//! The shared words of Postern: table schemas, rows, accounts of what was read, alerts, findings, verdicts, actions.
//!
//! Plain data and no input or output: this crate knows neither a query engine nor a mail provider.
//! Every other crate except the two KQL ones builds on it.
//!
//! - [`schema`]: tables and columns, read from the TOML files under `schema/tables/`.
//! - [`row`]: one row on its way into the store, and [`time`] for the instants in it.
//! - [`account`]: what became of every record of every input file.
//! - [`report`]: alerts, cases, findings, verdicts and actions, shaped as `postern investigate --json` prints them.

pub mod account;
pub mod report;
pub mod row;
pub mod schema;
pub mod time;
