//! Numbers. Null in, null out; a result that is no real number is NaN, as in IEEE arithmetic.

pub mod bits;
pub mod real;
pub mod statistics;
pub mod units;

use super::support::define::param;
use crate::functions::Param;

pub(super) const NUMBER: &[Param] = &[param("number", "real", "The number.")];
