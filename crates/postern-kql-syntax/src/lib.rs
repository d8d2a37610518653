//! Query text to syntax tree.

pub mod ast;

pub use ast::Span;
