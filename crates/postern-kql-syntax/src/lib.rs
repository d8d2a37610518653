//! Query text to syntax tree.
pub mod ast;
mod diagnostic;
mod lexer;
pub mod literal;
mod parser;
mod token;

pub use ast::Span;
pub use diagnostic::{Code, Diagnostic, Severity, line_column};
pub use parser::{MAX_DIAGNOSTICS, MAX_HEIGHT, MAX_NESTING, MAX_TEXT, Parsed, parse};
