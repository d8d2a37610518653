//! Functions over `dynamic`: paths, arrays, sets and property bags.

pub mod array;
pub mod bag;
pub mod make;
pub mod order;
pub mod parse;
pub mod path;
pub mod set;
pub mod text;
pub mod url;
pub mod user_agent;
pub mod xml;
