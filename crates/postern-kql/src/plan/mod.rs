//! Building blocks of plans: table scans in engine types, joins, unions, row windows.
//!
//! Nothing here knows the syntax tree; the operators give these functions bound expressions.

pub mod aggregate;
pub mod capture;
pub mod execute;
pub mod expand;
pub mod fresh;
pub mod gather;
pub mod growth;
pub mod guard;
pub mod join;
pub mod rows;
pub mod scan;
pub mod sequence;
pub mod series;
pub mod session;
pub mod shared;
pub mod steps;
pub mod stream;
pub mod ticks;
pub mod union;
pub mod window;
