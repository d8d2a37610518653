//! KQL on DataFusion: text to a checked `LogicalPlan`.
//!
//! | stage | type | file |
//! | --- | --- | --- |
//! | text → tree | `postern_kql_syntax::ast::Query` | the syntax crate |
//! | tree → names and types checked, lowered | `LogicalPlan` over engine types | [`bind`], [`operators`], [`functions`] |
//! | rows → JSON | `serde_json::Value` | [`output`] |

pub mod functions;
pub mod types;
