//! Summaries that can be kept and merged: `hll` for distinct counts, `tdigest` for percentiles.
//!
//! A sketch is a dynamic value. It is exact as long as it is small (1,024 different values) and an estimate beyond
//! that. Its text is this engine's own: sketches that another engine wrote are not read.

pub mod digest;
pub mod functions;
pub mod hll;
