//! What can be wrong with a query text, and where.

use crate::ast::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The query can run, but may not mean what it seems to.
    Warning,
    /// The query cannot run.
    Error,
}

/// One message about a place in the query text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable code such as `KQL0021`.
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where, in bytes of the query text.
    pub span: Span,
    /// What to write instead.
    pub hint: Option<String>,
    /// How bad it is.
    pub severity: Severity,
}

impl Diagnostic {
    /// Whether the query cannot run because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The messages of this crate. Codes from KQL0001 to KQL0099 are its own and
/// are never given a new meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The text is longer than the limit.
    TextTooLong,
    /// Expressions or subqueries are nested deeper than the limit.
    TooDeep,
    /// There are more messages than are worth reading.
    TooMany,
    /// A character that the language does not use.
    Character,
    /// A text without its closing quote.
    UnterminatedText,
    /// A backslash followed by something that is no escape.
    Escape,
    /// A number that cannot be read or does not fit.
    Number,
    /// A typed constant such as `datetime(…)` that cannot be read.
    Constant,
    /// Nothing to run.
    Empty,
    /// A statement that manages a database instead of querying it.
    Command,
    /// Something else was expected here.
    Unexpected,
    /// A closing bracket is missing.
    Unclosed,
    /// A value was expected.
    ExpectedExpression,
    /// A name was expected.
    ExpectedName,
    /// A type was expected.
    ExpectedType,
    /// A part that the operator cannot do without.
    MissingPart,
    /// An operator was expected after a bar.
    UnknownOperator,
    /// Two operators without a bar between them.
    MissingBar,
    /// `=` where `==` is meant.
    Assignment,
    /// `&&` or `||`.
    SymbolicLogic,
    /// `!` on its own.
    Exclamation,
    /// A word of SQL.
    Sql,
    /// A word in the wrong case.
    Case,
    /// An option with a value that it does not have.
    OptionValue,
}

impl Code {
    /// The code in text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TextTooLong => "KQL0001",
            Self::TooDeep => "KQL0002",
            Self::TooMany => "KQL0003",
            Self::Character => "KQL0010",
            Self::UnterminatedText => "KQL0011",
            Self::Escape => "KQL0012",
            Self::Number => "KQL0013",
            Self::Constant => "KQL0014",
            Self::Empty => "KQL0020",
            Self::Command => "KQL0021",
            Self::Unexpected => "KQL0022",
            Self::Unclosed => "KQL0023",
            Self::ExpectedExpression => "KQL0024",
            Self::ExpectedName => "KQL0025",
            Self::ExpectedType => "KQL0026",
            Self::MissingPart => "KQL0027",
            Self::UnknownOperator => "KQL0030",
            Self::MissingBar => "KQL0031",
            Self::Assignment => "KQL0040",
            Self::SymbolicLogic => "KQL0041",
            Self::Exclamation => "KQL0042",
            Self::Sql => "KQL0043",
            Self::Case => "KQL0044",
            Self::OptionValue => "KQL0045",
        }
    }

    /// An error with this code.
    pub fn error(self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code: self.as_str(), message: message.into(), span, hint: None, severity: Severity::Error }
    }
}

/// Line and column of a byte offset, both counted from 1; columns count
/// characters. An offset beyond the text counts as its end, one inside a
/// character as the start of it.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let offset = text.floor_char_boundary(offset);
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.get(line_start..).map_or(0, |part| part.chars().count()) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let text = "T\n| where ä == 'x'\n";
        assert_eq!(line_column(text, 0), (1, 1));
        assert_eq!(line_column(text, 2), (2, 1));
        assert_eq!(line_column(text, text.find("==").unwrap()), (2, 11));
        assert_eq!(line_column(text, 11), (2, 9), "inside the two bytes of ä");
        assert_eq!(line_column(text, 9999), (3, 1));
        assert_eq!(line_column("", 0), (1, 1));
    }
}
