//! Instants and spans of time. Everything is UTC and exact to 100 ns.

pub mod parts;
pub mod periods;
pub mod rounding;
pub mod text;
pub mod zone;
