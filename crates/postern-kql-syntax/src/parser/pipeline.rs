//! Pipelines: a source and the operators behind bars.

use super::Parser;
use super::advise;
use crate::ast::{Expr, ExprKind, Operator, OperatorKind, Pipeline, Source, Span};
use crate::diagnostic::Code;
use crate::token::Token;

impl Parser<'_> {
    /// A pipeline or a scalar expression, whichever stands here.
    pub(super) fn pipeline(&mut self) -> Pipeline {
        let start = self.span();
        if !self.enter() {
            self.leave();
            return self.no_pipeline();
        }
        let source = self.head();
        let operators = self.operators();
        self.leave();
        Pipeline { source, operators, span: self.since(start) }
    }

    /// The source of a pipeline that starts here.
    pub(super) fn head(&mut self) -> Source {
        let outer = (std::mem::take(&mut self.no_in), std::mem::take(&mut self.starred_path));
        let source = self.part(Self::source);
        (self.no_in, self.starred_path) = outer;
        source
    }

    /// Whether nothing follows that could continue a pipeline.
    pub(super) fn at_end_of_pipeline(&self) -> bool {
        matches!(
            self.peek(),
            Token::End
                | Token::Semicolon
                | Token::Comma
                | Token::DotDot
                | Token::RightParen
                | Token::RightBracket
                | Token::RightBrace
        )
    }

    fn no_pipeline(&self) -> Pipeline {
        let span = self.span();
        Pipeline { source: Source::Expr(Expr { kind: ExprKind::Error, span }), operators: Vec::new(), span }
    }

    /// A subquery in parentheses whose rows are handed in: it starts with an operator.
    pub(super) fn subquery(&mut self, operator: &str) -> Pipeline {
        let open = self.span();
        if !self.eat(Token::LeftParen) {
            let message = format!("expected `(` before the subquery of `{operator}`, not {}", self.found());
            self.error_here(Code::Unexpected, message, Some("a subquery is operators in parentheses: `(where … | …)`"));
            return self.no_pipeline();
        }
        let start = self.span();
        let mut operators = Vec::new();
        if self.enter() {
            self.eat(Token::Bar);
            let first = self.part(Self::operator);
            operators.push(first);
            operators.extend(self.operators());
        }
        self.leave();
        let span = self.since(start);
        self.close(Token::RightParen, open);
        let source = Source::Input(Span::new(start.start, start.start));
        Pipeline { source, operators, span }
    }

    /// The operators behind bars, up to something that ends the pipeline.
    pub(super) fn operators(&mut self) -> Vec<Operator> {
        let mut operators = Vec::new();
        loop {
            match self.peek() {
                Token::Bar => {
                    self.bump();
                }
                Token::DoubleBar => {
                    self.error_here(
                        Code::SymbolicLogic,
                        "`||` is not an operator",
                        Some("write `or`, or one bar between two operators"),
                    );
                    self.bump();
                }
                _ if self.at_end_of_pipeline() => return operators,
                _ if self.at_missing_bar() => {
                    let message = format!("a bar is missing before `{}`", self.operator_name().0);
                    let hint = format!("write `| {}`", self.operator_name().0);
                    self.error_here(Code::MissingBar, message, Some(&hint));
                }
                Token::Word if self.at_statement() => return operators,
                _ => {
                    let counted = operators.last().is_some_and(|last| matches!(last.kind, OperatorKind::Count));
                    if counted && (self.at_word("by") || self.at(Token::LeftParen)) {
                        let hint = "write `| summarize count() by column`";
                        self.error_here(Code::Unexpected, "`count` takes nothing and counts all rows", Some(hint));
                    }
                    self.unexpected();
                    let before = self.at;
                    self.skip_to_bar();
                    if self.at == before {
                        return operators;
                    }
                    continue;
                }
            }
            operators.push(self.part(Self::operator));
        }
    }

    /// Whether the next line starts a `let` statement: the semicolon before it is missing.
    fn at_statement(&self) -> bool {
        self.at_word("let") && self.name_length(1) > 0 && self.ahead(1 + self.name_length(1)) == Token::Assign
    }

    fn at_missing_bar(&self) -> bool {
        self.at(Token::Word) && advise::is_operator(&self.operator_name().0) && !self.at_word("as")
    }

    /// Reports a token that continues nothing.
    pub(super) fn unexpected(&mut self) {
        let word = self.word_at(0);
        let (code, hint): (Code, Option<String>) = match self.peek() {
            Token::Word if advise::foreign(word).is_some() => (Code::Sql, advise::foreign(word).map(str::to_owned)),
            Token::Assign => (
                Code::Unexpected,
                Some("compare with `==`; a column gets a name with `extend name = value`".to_owned()),
            ),
            Token::Arrow => (Code::Unexpected, Some("write `>=`".to_owned())),
            Token::Exclamation => (Code::Exclamation, Some("write `!=`, `!has`, `!in`, or `not(…)`".to_owned())),
            Token::Word if matches!(word, "is" | "IS") => {
                (Code::Sql, Some("test with `isnull(column)` or `isempty(column)`".to_owned()))
            }
            Token::Word if matches!(word, "as" | "AS" | "As") => {
                (Code::Sql, Some("a column gets its name in front: `name = value`".to_owned()))
            }
            Token::Word if word == "by" => {
                (Code::Unexpected, Some("groups are made with `summarize … by column`".to_owned()))
            }
            Token::Word if matches!(word, "not" | "NOT") => {
                (Code::Sql, Some("write `!in`, `!has`, `!between`, or `not(…)`".to_owned()))
            }
            Token::Word if advise::comparison(word).is_some() => {
                (Code::Unexpected, advise::comparison(word).map(str::to_owned))
            }
            Token::Word => match advise::nearest(word, super::infix::WORDS) {
                Some(near) => (Code::Unexpected, Some(format!("did you mean `{near}`?"))),
                None => (Code::Unexpected, None),
            },
            Token::Long | Token::Real | Token::Text | Token::TimeSpan | Token::Typed(_) | Token::LeftParen => {
                (Code::Unexpected, Some("an operator or a comma is missing before it".to_owned()))
            }
            _ => (Code::Unexpected, None),
        };
        let message = format!("{} is not expected here", self.found());
        self.error_here(code, message, hint.as_deref());
    }

    /// The operator name here (words joined by hyphens), and its length in tokens.
    pub(super) fn operator_name(&self) -> (String, usize) {
        let mut name = self.word_at(0).to_owned();
        let mut length = 1;
        while self.ahead(length) == Token::Minus
            && self.touches(length - 1)
            && self.ahead(length + 1) == Token::Word
            && self.touches(length)
        {
            name.push('-');
            name.push_str(self.word_at(length + 1));
            length += 2;
        }
        (name, length)
    }
}
