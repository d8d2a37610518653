//! Query text to tokens.
//!
//! One pass, no backtracking beyond the token at hand. White space and
//! comments leave no token; whether two tokens touch is told by their spans.

use crate::ast::{ScalarType, Span};
use crate::diagnostic::{Code, Diagnostic};
use crate::literal;
use crate::parser::MAX_DIAGNOSTICS;
use crate::token::{Lexeme, Token};

/// Splits a text into tokens, always ending with [`Token::End`].
pub(crate) fn tokenize(text: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Lexeme> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0, tokens: Vec::new(), diagnostics };
    lexer.run();
    lexer.tokens
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Lexeme>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Lexer<'_> {
    fn run(&mut self) {
        loop {
            self.skip_blank();
            let start = self.at;
            let Some(byte) = self.peek(0) else { break };
            let token = match byte {
                b'"' | b'\'' => self.quoted(start),
                b'`' if self.starts("```") => self.multiline(start, "```"),
                b'~' if self.starts("~~~") => self.multiline(start, "~~~"),
                b'@' if matches!(self.peek(1), Some(b'"' | b'\'')) => self.quoted(start),
                b'h' | b'H' if self.is_obfuscated_text() => self.obfuscated(start),
                b'0'..=b'9' => self.number(start),
                b'_' | b'$' | b'a'..=b'z' | b'A'..=b'Z' => self.word(start),
                _ => self.symbol_or_word(start, byte),
            };
            self.push(token, start);
        }
        self.push(Token::End, self.text.len());
    }

    fn push(&mut self, token: Token, start: usize) {
        self.tokens.push(Lexeme { token, start: start as u32, end: self.at as u32 });
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn starts(&self, prefix: &str) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(prefix.as_bytes()))
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>, hint: Option<&str>) {
        if self.diagnostics.len() <= MAX_DIAGNOSTICS {
            let mut diagnostic = code.error(span, message);
            diagnostic.hint = hint.map(str::to_owned);
            self.diagnostics.push(diagnostic);
        }
    }

    /// Skips white space and comments.
    fn skip_blank(&mut self) {
        while let Some(byte) = self.peek(0) {
            if byte == b'/' && self.peek(1) == Some(b'*') {
                self.foreign_comment("*/");
            } else if self.at_line_start()
                && (byte == b'#' || byte == b'-' && self.peek(1) == Some(b'-') && self.blank_follows(2))
            {
                self.foreign_comment("\n");
            } else if byte == b'/' && self.peek(1) == Some(b'/') {
                self.at += self.rest().find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(self.rest().len());
            } else if byte.is_ascii_whitespace() || byte == 0x0b {
                self.at += 1;
            } else if byte < 0x80 {
                return;
            } else {
                match self.rest().chars().next() {
                    Some(next) if is_blank(next) => self.at += next.len_utf8(),
                    _ => return,
                }
            }
        }
    }

    /// Reports a comment of another language and skips it up to its end.
    fn foreign_comment(&mut self, end: &str) {
        let start = self.at;
        let length = self.rest().find(end).map_or(self.rest().len(), |at| at + end.len());
        self.at += length;
        let shown = Span::new(start, start + 2.min(length));
        self.error(Code::Character, shown, "this does not start a comment", Some("a comment starts with //"));
    }

    /// Whether only blanks stand before this place in its line.
    fn at_line_start(&self) -> bool {
        let before = self.bytes.get(..self.at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte != b'\n').all(u8::is_ascii_whitespace)
    }

    fn blank_follows(&self, ahead: usize) -> bool {
        self.peek(ahead).is_none_or(|byte| byte.is_ascii_whitespace())
    }

    /// `h"…"`, `H'…'`, `h@"…"`, `h```…```` and not a word that starts with h.
    fn is_obfuscated_text(&self) -> bool {
        match (self.peek(1), self.peek(2)) {
            (Some(b'"' | b'\''), _) | (Some(b'@'), Some(b'"' | b'\'')) => true,
            (Some(b'`'), Some(b'`')) => self.peek(3) == Some(b'`'),
            (Some(b'~'), Some(b'~')) => self.peek(3) == Some(b'~'),
            _ => false,
        }
    }

    fn obfuscated(&mut self, start: usize) -> Token {
        self.at += 1;
        match self.peek(0) {
            Some(b'`') => self.multiline(start, "```"),
            Some(b'~') => self.multiline(start, "~~~"),
            _ => self.quoted(start),
        }
    }

    /// A text in single or double quotes, verbatim after `@`. It ends at the
    /// end of its line at the latest.
    fn quoted(&mut self, start: usize) -> Token {
        let verbatim = self.peek(0) == Some(b'@');
        if verbatim {
            self.at += 1;
        }
        let quote = self.peek(0);
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' | b'\r' => break,
                b'\\' if !verbatim => {
                    self.at += 1;
                    match self.peek(0) {
                        Some(b'\n' | b'\r') | None => {}
                        Some(_) => self.at += self.rest().chars().next().map_or(1, char::len_utf8),
                    }
                }
                _ if Some(byte) == quote => {
                    self.at += 1;
                    if verbatim && self.peek(0) == quote {
                        self.at += 1;
                        continue;
                    }
                    return Token::Text;
                }
                _ => self.at += 1,
            }
        }
        // The rest of the line is taken as the text, so that the next line is read as it stands.
        let span = Span::new(start, self.at);
        let quote = if quote == Some(b'"') { "\"" } else { "'" };
        let hint = format!("close it with {quote}; a text of several lines is written in ```");
        self.error(Code::UnterminatedText, span, "this text has no closing quote", Some(&hint));
        Token::Text
    }

    fn multiline(&mut self, start: usize, fence: &str) -> Token {
        self.at += fence.len();
        if let Some(length) = self.rest().find(fence) {
            self.at += length + fence.len();
        } else {
            self.error(
                Code::UnterminatedText,
                Span::new(start, self.at),
                format!("this text is not closed by {fence}"),
                None,
            );
            self.at = self.text.len();
        }
        Token::Text
    }

    fn digits(&mut self) {
        while matches!(self.peek(0), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    /// A number, a number with a unit of time, or a word that starts with digits.
    fn number(&mut self, start: usize) -> Token {
        if self.peek(0) == Some(b'0')
            && matches!(self.peek(1), Some(b'x' | b'X'))
            && self.peek(2).is_some_and(|byte| byte.is_ascii_hexdigit())
        {
            self.at += 2;
            while self.peek(0).is_some_and(|byte| byte.is_ascii_hexdigit()) {
                self.at += 1;
            }
            return if self.word_tail() { Token::Word } else { Token::Long };
        }
        self.digits();
        let mut real = false;
        if self.peek(0) == Some(b'.') && self.peek(1) != Some(b'.') {
            let digit_follows = matches!(self.peek(1), Some(b'0'..=b'9'));
            let word_follows = self.text.get(self.at + 1..).and_then(|t| t.chars().next()).is_some_and(is_word);
            if digit_follows || !word_follows && self.peek(1) != Some(b'[') {
                real = true;
                self.at += 1;
                self.digits();
            }
        }
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            let signed = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
            if matches!(self.peek(1 + signed), Some(b'0'..=b'9')) {
                let before = self.at;
                self.at += 1 + signed;
                self.digits();
                if signed == 0 && self.rest().chars().next().is_some_and(is_word) {
                    self.at = before;
                } else {
                    return Token::Real;
                }
            }
        }
        let unit_start = self.at;
        if !self.word_tail() {
            return if real { Token::Real } else { Token::Long };
        }
        let unit = self.text.get(unit_start..self.at).unwrap_or_default();
        if literal::ticks_of_unit(unit).is_some() {
            return Token::TimeSpan;
        }
        if real {
            let message = format!("`{unit}` is no unit of time");
            self.error(
                Code::Number,
                Span::new(start, self.at),
                message,
                Some("units are d, h, m, s, ms, microsecond, tick"),
            );
            return Token::Unknown;
        }
        Token::Word
    }

    /// Takes what is left of a word; false when there is nothing.
    fn word_tail(&mut self) -> bool {
        let length: usize = self.rest().chars().take_while(|next| is_word(*next)).map(char::len_utf8).sum();
        self.at += length;
        length > 0
    }

    fn word(&mut self, start: usize) -> Token {
        self.at += 1;
        self.word_tail();
        let word = self.text.get(start..self.at).unwrap_or_default();
        self.typed(word).unwrap_or(Token::Word)
    }

    /// After the name of a type: takes a constant in parentheses as a whole.
    /// Contents with a bracket or a bar are none.
    fn typed(&mut self, word: &str) -> Option<Token> {
        let ty = ScalarType::from_name(word).filter(|ty| !matches!(ty, ScalarType::String | ScalarType::Dynamic))?;
        let mut rest = self.bytes.get(self.at..)?.iter().enumerate().skip_while(|(_, b)| b.is_ascii_whitespace());
        if rest.next().is_none_or(|(_, byte)| *byte != b'(') {
            return None;
        }
        for (offset, byte) in rest.take(MAX_TYPED) {
            match byte {
                b')' => {
                    self.at += offset + 1;
                    return Some(Token::Typed(ty));
                }
                b'(' | b'[' | b'{' | b'|' | b';' => return None,
                _ => {}
            }
        }
        None
    }

    fn symbol_or_word(&mut self, start: usize, byte: u8) -> Token {
        if let Some(next) = self.rest().chars().next()
            && !next.is_ascii()
        {
            if next.is_alphabetic() {
                self.word_tail();
                return Token::Word;
            }
            return self.unknown(start);
        }
        let next = self.peek(1);
        let (token, length) = match (byte, next) {
            (b'(', _) => (Token::LeftParen, 1),
            (b')', _) => (Token::RightParen, 1),
            (b'[', _) => (Token::LeftBracket, 1),
            (b']', _) => (Token::RightBracket, 1),
            (b'{', _) => (Token::LeftBrace, 1),
            (b'}', _) => (Token::RightBrace, 1),
            (b',', _) => (Token::Comma, 1),
            (b';', _) => (Token::Semicolon, 1),
            (b':', _) => (Token::Colon, 1),
            (b'|', Some(b'|')) => (Token::DoubleBar, 2),
            (b'|', _) => (Token::Bar, 1),
            (b'&', Some(b'&')) => (Token::DoubleAmpersand, 2),
            (b'.', Some(b'.')) => (Token::DotDot, 2),
            (b'.', _) => (Token::Dot, 1),
            (b'+', _) => (Token::Plus, 1),
            (b'-', _) => (Token::Minus, 1),
            (b'*', _) => (Token::Star, 1),
            (b'/', _) => (Token::Slash, 1),
            (b'%', _) => (Token::Percent, 1),
            (b'=', Some(b'=')) => (Token::Equal, 2),
            (b'=', Some(b'~')) => (Token::EqualTilde, 2),
            (b'=', Some(b'>')) => (Token::Arrow, 2),
            (b'=', _) => (Token::Assign, 1),
            (b'!', Some(b'=')) | (b'<', Some(b'>')) => (Token::NotEqual, 2),
            (b'!', Some(b'~')) => (Token::NotTilde, 2),
            (b'!', _) => (Token::Exclamation, 1),
            (b'<', Some(b'=')) => (Token::LessOrEqual, 2),
            (b'<', _) => (Token::Less, 1),
            (b'>', Some(b'=')) => (Token::GreaterOrEqual, 2),
            (b'>', _) => (Token::Greater, 1),
            (b'~', _) => (Token::Tilde, 1),
            _ => return self.unknown(start),
        };
        self.at += length;
        token
    }

    /// The length of a text between curly quotes that closes on its line.
    fn curly_text(&self, first: char) -> Option<usize> {
        let closing: &[char] = match first {
            '“' | '”' | '„' | '«' | '»' => &['“', '”', '«', '»', '"'],
            '‘' | '’' | '‚' => &['‘', '’', '\''],
            _ => return None,
        };
        let inner = self.rest().get(first.len_utf8()..)?;
        let near = inner.get(..inner.floor_char_boundary(LONGEST_CURLY))?;
        let line = near.split(['\n', '\r']).next()?;
        let at = line.find(closing)?;
        let close = line.get(at..)?.chars().next()?;
        Some(first.len_utf8() + at + close.len_utf8())
    }

    /// Takes a run of characters without a meaning, up to something known.
    fn unknown(&mut self, start: usize) -> Token {
        let known =
            |next: char| next.is_alphanumeric() || is_blank(next) || "_$\"'()[]{},;:|.+-*/%=!<>~\n".contains(next);
        let first = self.rest().chars().next().unwrap_or(' ');
        if let Some(length) = self.curly_text(first) {
            self.at += length;
            let message = "these quotes are not straight".to_owned();
            self.error(Code::Character, Span::new(start, self.at), message, Some("use straight quotes, \" or '"));
            return Token::Text;
        }
        let length: usize = self
            .rest()
            .chars()
            .enumerate()
            .take_while(|(at, c)| *at == 0 || !known(*c))
            .map(|(_, c)| c.len_utf8())
            .sum();
        self.at += length;
        let hint = match first {
            '“' | '”' | '„' | '‘' | '’' | '‚' | '«' | '»' => Some("use straight quotes, \" or '"),
            '–' | '—' | '−' => Some("use a plain hyphen, -"),
            '&' => Some("the operator is `and`"),
            '`' => Some("a text of several lines stands between ``` and ```; names are quoted as ['name']"),
            '?' => Some("a choice is written `iff(condition, then, else)`"),
            '^' => Some("powers are written `pow(a, b)`, bits `binary_xor(a, b)`"),
            '#' => Some("a comment starts with //"),
            '\\' | '@' => None,
            _ => Some("if it belongs to a name, quote the name as ['name']"),
        };
        self.error(
            Code::Character,
            Span::new(start, self.at),
            format!("the character `{}` has no meaning here", first.escape_debug()),
            hint,
        );
        Token::Unknown
    }
}

/// The longest text between curly quotes that is read as one, in bytes.
const LONGEST_CURLY: usize = 400;
/// The longest typed constant worth reading, in bytes.
const MAX_TYPED: usize = 256;

fn is_word(next: char) -> bool {
    next == '_' || next.is_alphanumeric()
}

/// White space, also of the invisible kinds that editors and pages leave in a text.
fn is_blank(next: char) -> bool {
    next.is_whitespace() || matches!(next, '\u{feff}' | '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{180e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(Token, &str)> {
        let mut diagnostics = Vec::new();
        let found = tokenize(text, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
        found.into_iter().map(|lexeme| (lexeme.token, lexeme.span().text(text))).collect()
    }

    fn first(text: &str) -> (Token, &str) {
        tokens(text).into_iter().next().unwrap()
    }

    #[test]
    fn numbers_units_and_words_that_start_with_digits() {
        assert_eq!(first("42"), (Token::Long, "42"));
        assert_eq!(first("0x1F"), (Token::Long, "0x1F"));
        assert_eq!(first("1.5e-3"), (Token::Real, "1.5e-3"));
        assert_eq!(first("1e10"), (Token::Real, "1e10"));
        assert_eq!(first("1."), (Token::Real, "1."));
        assert_eq!(first("30d"), (Token::TimeSpan, "30d"));
        assert_eq!(first("1.5h"), (Token::TimeSpan, "1.5h"));
        assert_eq!(first("3microseconds"), (Token::TimeSpan, "3microseconds"));
        assert_eq!(first("3Dchart"), (Token::Word, "3Dchart"));
        assert_eq!(first("1e5x"), (Token::Word, "1e5x"));
        let range: Vec<Token> = tokens("1..5").into_iter().map(|(token, _)| token).collect();
        assert_eq!(range, [Token::Long, Token::DotDot, Token::Long, Token::End]);
    }

    #[test]
    fn texts_of_every_kind() {
        for text in [
            r#""a\"b""#,
            r"'a\'b'",
            r#"@"a\""b""#,
            "@'it''s'",
            "h'x'",
            "H@\"x\"",
            "```a\nb```",
            "~~~a`b~~~",
            "h```x```",
        ] {
            assert_eq!(first(text), (Token::Text, text));
        }
        assert_eq!(first("hat"), (Token::Word, "hat"));
    }

    #[test]
    fn typed_constants_are_one_token() {
        assert_eq!(first("datetime(2024-01-02 03:04:05)").0, Token::Typed(ScalarType::DateTime));
        assert_eq!(first("guid(74be27de-1e4e-49d9-b579-fe0b331d3642)").0, Token::Typed(ScalarType::Guid));
        assert_eq!(first("int (null)").0, Token::Typed(ScalarType::Int));
        assert_eq!(first("time (top 1 by x | take (1))").0, Token::Word);
        assert_eq!(first("date desc").0, Token::Word);
        assert_eq!(first("dynamic([1])").0, Token::Word);
    }

    #[test]
    fn comments_and_odd_spaces_leave_nothing() {
        let found = tokens("\u{feff}T // x | where\r\n\u{a0}| count");
        let texts: Vec<&str> = found.iter().map(|(_, text)| *text).collect();
        assert_eq!(texts, ["T", "|", "count", ""]);
    }

    #[test]
    fn mistakes_are_named_and_lexing_goes_on() {
        let mut diagnostics = Vec::new();
        let text = "T | where a == \"x\n| where b == “y” | count ```z";
        let found = tokenize(text, &mut diagnostics);
        let codes: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, ["KQL0011", "KQL0010", "KQL0011"]);
        assert_eq!(found.iter().filter(|lexeme| lexeme.token == Token::Bar).count(), 3);
    }
}
