//! Tokens to syntax tree.
//!
//! A parser by recursive descent with one look-ahead position and no
//! backtracking; expressions by binding power. Every function returns a node
//! whatever it meets: where nothing fits, a diagnostic is given once and the
//! node is an error node. After a mistake reading goes on at the next bar or
//! semicolon of the same bracket.

mod advise;
mod call;
mod clause;
mod constant;
mod expr;
mod graph;
mod infix;
mod operator;
mod pipeline;
mod scan;
mod source;
mod sql;
mod statement;
mod table;

pub use advise::{OPERATORS, UNSUPPORTED};
pub use infix::WORDS;
pub(crate) use infix::power;
pub use sql::like_hint;

use crate::ast::{Name, NamePattern, Query, Span};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::tokenize;
use crate::literal;
use crate::token::{Lexeme, Token};

/// The longest query text, in bytes.
pub const MAX_TEXT: usize = 2_000_000;
/// The deepest nesting of brackets and subqueries: what a stack of 2 MiB holds even without optimisation.
pub const MAX_NESTING: u32 = 200;
/// The highest tree an expression may form, long chains like `a + b + c + …` included.
/// A chain of `and` or `or` is one level.
pub const MAX_HEIGHT: u32 = 768;
/// The most messages given for one text.
pub const MAX_DIAGNOSTICS: usize = 50;

/// A query with what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The tree; where the text is wrong it holds error nodes.
    pub query: Query,
    /// What is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Whether the query cannot run as it is written.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Parses a query text. Never fails and never panics: what is wrong is told in
/// the diagnostics, and the tree holds whatever could be read.
pub fn parse(text: &str) -> Parsed {
    let mut diagnostics = Vec::new();
    let span = Span::new(0, text.len());
    if text.len() > MAX_TEXT {
        let message = format!("the query has {} bytes, more than the {MAX_TEXT} that are allowed", text.len());
        diagnostics.push(Code::TextTooLong.error(span, message));
        return Parsed { query: Query { statements: Vec::new(), span }, diagnostics };
    }
    let tokens = tokenize(text, &mut diagnostics);
    let mut parser = Parser::new(text, tokens, diagnostics);
    let statements = parser.query();
    let mut diagnostics = parser.finish();
    for diagnostic in &mut diagnostics {
        // A place never cuts a character in two, whoever reported it.
        diagnostic.span.start = text.floor_char_boundary(diagnostic.span.start);
        diagnostic.span.end = text.ceil_char_boundary(diagnostic.span.end);
    }
    Parsed { query: Query { statements, span }, diagnostics }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Lexeme>,
    /// The position of the next token; never beyond the last one, which is the end.
    at: usize,
    diagnostics: Vec<Diagnostic>,
    /// How many brackets and subqueries enclose this place.
    depth: u32,
    /// A bound of the height of the expression being built.
    height: u32,
    /// The limits were met: everything up to the end is passed over.
    stopped: bool,
    /// Inside the predicate of `search`, where `column:text` is an operator.
    searching: bool,
    /// Inside a condition, where `=` is most likely meant as `==`.
    condition: bool,
    /// Inside the `on` of `make-series`, where `in` starts a clause.
    no_in: bool,
    /// Inside a list of tables, where a path may end in a name with stars.
    starred_path: bool,
    /// How many errors were reported.
    errors: usize,
    /// Where the last error was reported, so that one mistake gives one message.
    last_error: Option<u32>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, tokens: Vec<Lexeme>, diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            text,
            tokens,
            at: 0,
            diagnostics,
            depth: 0,
            height: 0,
            stopped: false,
            searching: false,
            condition: false,
            no_in: false,
            starred_path: false,
            errors: 0,
            last_error: None,
        }
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        if self.diagnostics.len() > MAX_DIAGNOSTICS {
            self.diagnostics.truncate(MAX_DIAGNOSTICS);
            let span = self.diagnostics.last().map_or_else(Span::default, |last| last.span);
            let message = format!("there are more mistakes than these {MAX_DIAGNOSTICS}");
            self.diagnostics.push(Code::TooMany.error(span, message));
        }
        self.diagnostics
    }

    // Looking.

    fn lexeme(&self, ahead: usize) -> Lexeme {
        let end = Lexeme { token: Token::End, start: self.text.len() as u32, end: self.text.len() as u32 };
        self.tokens.get(self.at + ahead).or(self.tokens.last()).copied().unwrap_or(end)
    }

    fn peek(&self) -> Token {
        self.lexeme(0).token
    }

    fn ahead(&self, ahead: usize) -> Token {
        self.lexeme(ahead).token
    }

    fn span(&self) -> Span {
        self.lexeme(0).span()
    }

    /// The text of the token `ahead` of this place.
    fn word_at(&self, ahead: usize) -> &'a str {
        let lexeme = self.lexeme(ahead);
        if matches!(lexeme.token, Token::Word) { lexeme.span().text(self.text) } else { "" }
    }

    fn at(&self, token: Token) -> bool {
        self.peek() == token
    }

    fn at_word(&self, word: &str) -> bool {
        self.word_at(0) == word
    }

    /// Whether the tokens at `ahead` and `ahead + 1` stand without a gap.
    fn touches(&self, ahead: usize) -> bool {
        self.lexeme(ahead).end == self.lexeme(ahead + 1).start
    }

    /// The end of the last token taken.
    fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |lexeme| lexeme.end as usize)
    }

    /// From `start` to the last token taken.
    fn since(&self, start: Span) -> Span {
        Span::new(start.start, self.last_end().max(start.start))
    }

    // Taking.

    fn bump(&mut self) -> Lexeme {
        let lexeme = self.lexeme(0);
        if lexeme.token != Token::End {
            self.at += 1;
        }
        lexeme
    }

    fn eat(&mut self, token: Token) -> bool {
        let found = self.at(token);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.bump();
        }
        found
    }

    /// Takes a word that the operator cannot do without.
    fn need_word(&mut self, word: &str, operator: &str) -> bool {
        if self.eat_word(word) {
            return true;
        }
        let message = format!("`{operator}` needs `{word}` here, not {}", self.found());
        let hint = advise::shape(operator).map(|shape| format!("write `{shape}`"));
        self.error_here(Code::MissingPart, message, hint.as_deref());
        false
    }

    /// Takes a token that must be here.
    fn need(&mut self, token: Token, what: &str, place: &str) -> bool {
        if self.eat(token) {
            return true;
        }
        let message = format!("expected {what} {place}, not {}", self.found());
        self.error_here(Code::Unexpected, message, None);
        false
    }

    /// Takes the closing bracket of one opened at `open`, skipping what stands before it.
    fn close(&mut self, token: Token, open: Span) {
        if self.eat(token) {
            return;
        }
        let (open_text, close_text) = match token {
            Token::RightParen => ("(", ")"),
            Token::RightBracket => ("[", "]"),
            _ => ("{", "}"),
        };
        if matches!(self.peek(), Token::End | Token::Semicolon) {
            if !self.stopped && self.last_error != Some(self.lexeme(0).start) {
                self.last_error = Some(self.lexeme(0).start);
                self.error(Code::Unclosed, open, format!("this `{open_text}` is not closed"), None);
            }
            return;
        }
        let (line, column) = crate::diagnostic::line_column(self.text, open.start);
        let found = self.found();
        let message =
            format!("expected `{close_text}` for the `{open_text}` of line {line}, column {column}, not {found}");
        self.error_here(Code::Unclosed, message, None);
        self.skip_to_closer();
        self.eat(token);
    }

    // Telling.

    /// What stands here, for a message.
    fn found(&self) -> String {
        let text = self.span().text(self.text);
        match self.peek() {
            Token::End => "the end of the query".to_owned(),
            Token::Text => "a text".to_owned(),
            _ if text.chars().count() > 30 => format!("`{}…`", text.chars().take(29).collect::<String>()),
            _ => format!("`{text}`"),
        }
    }

    /// Reports an error at the next token, unless one was reported there.
    fn error_here(&mut self, code: Code, message: impl Into<String>, hint: Option<&str>) {
        let place = self.lexeme(0).start;
        if self.stopped || self.last_error == Some(place) || self.peek() == Token::Unknown {
            self.last_error = Some(place);
            return;
        }
        self.last_error = Some(place);
        self.error(code, self.span(), message, hint);
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>, hint: Option<&str>) {
        if self.stopped {
            return;
        }
        let mut diagnostic = code.error(span, message);
        diagnostic.hint = hint.map(str::to_owned);
        self.diagnostics.push(diagnostic);
        self.errors += 1;
        if self.errors > MAX_DIAGNOSTICS {
            // More would only cost time.
            self.give_up();
        }
    }

    // Limits.

    /// Enters a bracket or subquery; false when it is one too many.
    fn enter(&mut self) -> bool {
        self.depth += 1;
        if self.depth + self.height > MAX_HEIGHT || self.depth > MAX_NESTING {
            self.stop();
            return false;
        }
        true
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Notes that the expression being built grew by a level.
    fn grow(&mut self) {
        self.height += 1;
        if self.depth + self.height > MAX_HEIGHT {
            self.stop();
        }
    }

    /// Runs `build` for a part of the tree, keeping count of heights: what the
    /// part adds is compared with what stands beside it, not added to it.
    fn part<T>(&mut self, build: impl FnOnce(&mut Self) -> T) -> T {
        let beside = std::mem::take(&mut self.height);
        let built = build(self);
        self.height = beside.max(self.height + 1);
        built
    }

    /// Gives up: the rest of the text is passed over.
    fn stop(&mut self) {
        if !self.stopped {
            let message = format!("the query is nested deeper than {MAX_NESTING} levels or chains too many operations");
            self.error(
                Code::TooDeep,
                self.span(),
                message,
                Some("use `let` statements for parts, `in (…)` for long lists"),
            );
        }
        self.give_up();
    }

    fn give_up(&mut self) {
        self.stopped = true;
        self.at = self.tokens.len().saturating_sub(1);
    }

    // Going on after a mistake.

    /// Skips to the next bar or semicolon, or to the bracket that closes this place.
    fn skip_to_bar(&mut self) {
        self.skip_until(|token| matches!(token, Token::Bar | Token::Semicolon));
    }

    fn skip_to_semicolon(&mut self) {
        self.skip_until(|token| token == Token::Semicolon);
    }

    /// Skips to the bracket that closes this place; a semicolon means that it was forgotten.
    fn skip_to_closer(&mut self) {
        self.skip_to_semicolon();
    }

    /// Skips balanced text until `stop` holds outside all brackets opened on the way.
    fn skip_until(&mut self, stop: impl Fn(Token) -> bool) {
        let mut open = 0_usize;
        loop {
            let token = self.peek();
            match token {
                Token::End => return,
                _ if open == 0 && stop(token) => return,
                Token::LeftParen | Token::LeftBracket | Token::LeftBrace => open += 1,
                Token::RightParen | Token::RightBracket | Token::RightBrace => {
                    let Some(fewer) = open.checked_sub(1) else { return };
                    open = fewer;
                }
                _ => {}
            }
            self.bump();
        }
    }

    // Names.

    /// Whether a name stands here: a word, or a quoted name.
    fn at_name(&self) -> bool {
        self.name_length(0) > 0
    }

    /// How many tokens the name at `ahead` has; 0 when there is none.
    fn name_length(&self, ahead: usize) -> usize {
        match self.ahead(ahead) {
            Token::Word => 1,
            Token::LeftBracket
                if self.ahead(ahead + 1) == Token::Text && self.ahead(ahead + 2) == Token::RightBracket =>
            {
                3
            }
            _ => 0,
        }
    }

    /// Takes the name that stands here; `what` tells what it would be.
    fn name(&mut self, what: &str) -> Name {
        match self.name_length(0) {
            1 => {
                let span = self.bump().span();
                Name { text: span.text(self.text).to_owned(), quoted: false, span }
            }
            3 => {
                let start = self.bump().span();
                let text = self.bump().span();
                let end = self.bump().span();
                Name { text: self.unquote(text), quoted: true, span: start.to(end) }
            }
            _ => {
                let message = format!("expected {what}, not {}", self.found());
                let hint = matches!(self.peek(), Token::Text)
                    .then_some("a name with special characters is written as ['name']");
                self.error_here(Code::ExpectedName, message, hint);
                Name { text: String::new(), quoted: false, span: Span::new(self.span().start, self.span().start) }
            }
        }
    }

    /// Takes a name that may hold stars.
    fn name_pattern(&mut self, what: &str) -> NamePattern {
        let start = self.span();
        if self.name_length(0) == 3 {
            let name = self.name(what);
            return NamePattern { text: name.text, wildcard: false, span: name.span };
        }
        if !matches!(self.peek(), Token::Word | Token::Star) {
            let name = self.name(what);
            return NamePattern { text: name.text, wildcard: false, span: name.span };
        }
        let mut wildcard = self.bump().token == Token::Star;
        while self.lexeme(0).start as usize == self.last_end() {
            match self.peek() {
                Token::Star => wildcard = true,
                Token::Word | Token::Long | Token::TimeSpan => {}
                _ => break,
            }
            self.bump();
        }
        let span = self.since(start);
        NamePattern { text: span.text(self.text).to_owned(), wildcard, span }
    }

    /// Reads a text token, reporting escapes that are none.
    fn unquote(&mut self, span: Span) -> String {
        let (text, wrong) = literal::unquote(span.text(self.text));
        for at in wrong {
            let place = Span::new(span.start + at, (span.start + at + 2).min(span.end));
            self.error(
                Code::Escape,
                place,
                "this backslash starts no known escape",
                Some("write \\\\ for a backslash, or put @ in front of the opening quote"),
            );
        }
        text
    }
}
