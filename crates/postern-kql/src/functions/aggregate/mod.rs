//! Aggregate functions.
//!
//! Nulls do not count, except in `count()`. Over a group without values: counts and sums are 0, averages NaN,
//! `stdev` and `variance` 0, sets and lists `[]`, `min`, `max` and percentiles null (`""` for text).

pub mod best;
pub mod collect;
pub mod define;
pub mod distinct;
pub mod gather;
pub mod groups;
pub mod numbers;
pub mod rows;
pub mod schema;
pub mod sketch;
pub mod sketches;
pub mod values;
