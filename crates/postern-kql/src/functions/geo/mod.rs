//! Places on the earth.

pub mod distance;
pub mod ip;
