//! The words of a query text.

use crate::ast::{ScalarType, Span};

/// What a token is. Its text is the slice of the query text under its span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// A word, also one that starts with digits or `$`.
    Word,
    /// A whole number, decimal or hexadecimal.
    Long,
    /// A number with a point or an exponent.
    Real,
    /// A number with a unit of time.
    TimeSpan,
    /// A text with its prefix and quotes.
    Text,
    /// A typed constant such as `datetime(…)`, whole.
    Typed(ScalarType),
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Comma,
    Semicolon,
    Colon,
    Bar,
    DoubleBar,
    DoubleAmpersand,
    Dot,
    DotDot,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Assign,
    Arrow,
    Equal,
    EqualTilde,
    NotEqual,
    NotTilde,
    Exclamation,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Tilde,
    /// Characters without a meaning; a diagnostic was given.
    Unknown,
    /// The end of the text.
    End,
}

/// A token and its place. Texts are shorter than 4 GiB by the size limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lexeme {
    pub(crate) token: Token,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Lexeme {
    pub(crate) const fn span(self) -> Span {
        Span::new(self.start as usize, self.end as usize)
    }
}
