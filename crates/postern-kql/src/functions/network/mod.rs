//! IP addresses: version 4, version 6, and finding them in text. Text that is no address gives null.

pub mod address;
pub mod find;
mod shared;
pub mod v4;
pub mod v6;
