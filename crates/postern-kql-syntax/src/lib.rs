//! The front end of the Kusto Query Language: query text to syntax tree.
//!
//! This crate knows the words and the grammar of the language and nothing else:
//! no tables, no types of columns, no execution. It depends on nothing and takes
//! any text from anybody: it never panics, and its time and memory grow in
//! proportion to the text, which may have [`MAX_TEXT`] bytes.
//!
//! | stage | module | does |
//! | --- | --- | --- |
//! | text → tokens | `lexer` | words, numbers, texts, typed constants; comments and blanks leave nothing |
//! | tokens → tree | `parser` | recursive descent; expressions by binding power; goes on after a mistake |
//! | tree | [`ast`] | every statement, operator and expression, each with its byte range |
//! | constants | [`literal`] | datetime, timespan, number, guid and quoted text, both ways |
//! | text → pieces | [`pieces`] | what an editor colours and completes |
//! | tree → text | [`print()`] | one canonical form, for tests and for showing what was understood |
//!
//! [`parse`] is the way in. What is wrong with a text comes as [`Diagnostic`]s
//! with a stable code ([`Code`]), a place and, where there is one, a hint;
//! [`line_column`] turns the place into line and column.
//!
//! Words of the grammar serve as names wherever that is not ambiguous. An
//! operator or statement that is known but not taken apart (graphs, patterns)
//! becomes an [`ast::Unsupported`] node, so that whoever runs the query can name it.
//!
//! ```
//! use postern_kql_syntax::{line_column, parse, print};
//!
//! let parsed = parse("EmailEvents | where Subject has 'invoice' | take 5");
//! assert!(!parsed.has_errors());
//! assert_eq!(print(&parsed.query), "EmailEvents\n| where Subject has \"invoice\"\n| take 5");
//!
//! let text = "EmailEvents\n| wher Subject = 'invoice'";
//! let mistakes = parse(text).diagnostics;
//! assert_eq!(line_column(text, mistakes[0].span.start), (2, 3));
//! assert_eq!(mistakes[0].hint.as_deref(), Some("did you mean `where`?"));
//! assert_eq!(mistakes[1].message, "`=` does not compare");
//! ```

pub mod ast;
mod diagnostic;
mod lexer;
pub mod literal;
mod parser;
pub mod pieces;
mod print;
mod token;

pub use ast::Span;
pub use diagnostic::{Code, Diagnostic, Severity, line_column};
pub use parser::{MAX_DIAGNOSTICS, MAX_HEIGHT, MAX_NESTING, MAX_TEXT, Parsed, parse};
/// The words of the grammar.
pub mod words {
    pub use crate::parser::{OPERATORS, UNSUPPORTED, WORDS as INFIX, like_hint};
}
pub use print::{print, print_expr};
