//! The lists: every function, aggregate and text operator, each sorted by name.

use super::{Aggregate, Function};

/// The scalar functions, sorted by name.
pub const FUNCTIONS: &[&dyn Function] = &[];

/// The aggregate functions, sorted by name.
pub const AGGREGATES: &[&dyn Aggregate] = &[];

/// The binary text operators `has`, `contains`, `startswith`, `=~`, `matches regex`, …: positive forms only, sorted by
/// name. Arguments are (text, needle); `has_any` and `has_all` take (text, dynamic array).
pub const OPERATORS: &[&dyn Function] = &[];
