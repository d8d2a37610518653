//! Expressions, by binding power.

use super::Parser;
use super::infix::{Infix, LOOSEST};
use crate::ast::{BinaryOp, Expr, ExprKind, InList, InOp, Literal, LogicalOp, Pipeline, Source, Span, UnaryOp};
use crate::diagnostic::Code;
use crate::token::Token;

impl Parser<'_> {
    /// An expression; where none stands, an error node.
    pub(super) fn expr(&mut self) -> Expr {
        self.expr_from(LOOSEST)
    }

    /// An expression of operators that bind at least as tightly as `least`.
    fn expr_from(&mut self, least: u8) -> Expr {
        let start = self.span();
        let mut left = self.operand();
        loop {
            if self.stopped {
                return left;
            }
            self.slips();
            if self.null_test(left.span) {
                left = Expr { kind: ExprKind::Error, span: left.span };
                continue;
            }
            let Some((infix, length)) = self.infix_or_slip() else { return left };
            if infix.power() < least {
                return left;
            }
            let first = self.span();
            if let Infix::Binary(op) = infix {
                self.like(op, left.span, length);
            }
            self.lower_case();
            self.at += length;
            let op_span = self.since(first);
            left = match infix {
                Infix::Logical(op) => self.logical(left, op, infix.power()),
                Infix::Binary(op) => self.binary(left, op, op_span),
                Infix::In(op) => self.membership(left, op, op_span),
                Infix::Between { negated } => self.between(left, negated, start),
            };
            self.grow();
        }
    }

    fn binary(&mut self, left: Expr, op: BinaryOp, op_span: Span) -> Expr {
        let right = self.part(|parser| parser.expr_from(super::infix::power(op) + 1));
        let span = left.span.to(right.span);
        Expr { kind: ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) }, span }
    }

    fn membership(&mut self, left: Expr, op: InOp, op_span: Span) -> Expr {
        let start = left.span;
        let list = self.part(Self::in_list);
        Expr { kind: ExprKind::In { op, op_span, left: Box::new(left), list }, span: self.since(start) }
    }

    /// Reports operators of other languages.
    fn slips(&mut self) {
        match self.peek() {
            Token::DoubleAmpersand => {
                self.error_here(Code::SymbolicLogic, "`&&` is not an operator", Some("write `and`"));
            }
            Token::DoubleBar => self.error_here(Code::SymbolicLogic, "`||` is not an operator", Some("write `or`")),
            Token::Assign if self.condition => {
                self.error_here(Code::Assignment, "`=` does not compare", Some("write `==`, or `=~` to ignore case"));
            }
            Token::Word
                if self.word_at(0).eq_ignore_ascii_case("not")
                    && matches!(
                        self.word_at(1).to_ascii_lowercase().as_str(),
                        "in" | "has" | "contains" | "between" | "startswith" | "endswith"
                    ) =>
            {
                let hint = format!("write `!{}`", self.word_at(1).to_ascii_lowercase());
                let message = format!("`{} {}` is not an operator", self.word_at(0), self.word_at(1));
                self.error_here(Code::Sql, message, Some(&hint));
                self.bump();
                self.last_error = Some(self.lexeme(0).start);
            }
            _ => {}
        }
    }

    fn infix_or_slip(&self) -> Option<(Infix, usize)> {
        match self.peek() {
            Token::DoubleAmpersand => Some((Infix::Logical(LogicalOp::And), 1)),
            Token::DoubleBar => Some((Infix::Logical(LogicalOp::Or), 1)),
            Token::Assign if self.condition => Some((Infix::Binary(BinaryOp::Equal), 1)),
            _ => self.infix_at(0),
        }
    }

    /// `a and b and c`, as one node.
    fn logical(&mut self, left: Expr, op: LogicalOp, power: u8) -> Expr {
        let right = self.part(|parser| parser.expr_from(power + 1));
        let span = left.span.to(right.span);
        let mut operands = Vec::new();
        for side in [left, right] {
            match side.kind {
                ExprKind::Logical { op: inner, operands: more } if inner == op => {
                    operands.extend(more);
                    self.height = self.height.saturating_sub(1);
                }
                _ => operands.push(side),
            }
        }
        Expr { kind: ExprKind::Logical { op, operands }, span }
    }

    /// The right side of `in` and the like.
    fn in_list(&mut self) -> InList {
        if !self.at(Token::LeftParen) {
            let message = format!("expected a list in parentheses, not {}", self.found());
            self.error_here(Code::MissingPart, message, Some("write `in (\"a\", \"b\")` or `in (List)`"));
            return InList::Values(vec![self.operand()]);
        }
        let open = self.bump().span();
        let mut values = self.list(Token::RightParen, Self::value);
        if values.is_empty() && self.at(Token::RightParen) {
            self.error_here(Code::MissingPart, "this list is empty", None);
        }
        self.close(Token::RightParen, open);
        if values.len() == 1 {
            match values.pop() {
                Some(Expr { kind: ExprKind::Tabular(pipeline), .. }) => return InList::Tabular(pipeline),
                other => values.extend(other),
            }
        }
        InList::Values(values)
    }

    /// `between (low .. high)`.
    fn between(&mut self, value: Expr, negated: bool, start: Span) -> Expr {
        let open = self.span();
        if !self.at(Token::LeftParen) {
            let message = format!("expected `(` after `between`, not {}", self.found());
            self.error_here(Code::Unexpected, message, Some("write `between (low .. high)`"));
        }
        let (low, high) = if self.eat(Token::LeftParen) {
            let low = self.part(Self::value);
            if !self.eat(Token::DotDot) {
                let message = format!("expected `..` between the two bounds, not {}", self.found());
                self.error_here(Code::MissingPart, message, Some("write `between (low .. high)`"));
                if self.at(Token::Comma) || self.at_word("and") {
                    self.bump();
                }
            }
            let high = self.part(Self::value);
            self.close(Token::RightParen, open);
            (low, high)
        } else {
            let none = Expr { kind: ExprKind::Error, span: open };
            (none.clone(), none)
        };
        let kind = ExprKind::Between { negated, value: Box::new(value), low: Box::new(low), high: Box::new(high) };
        Expr { kind, span: self.since(start) }
    }

    /// An expression or, as a value, a pipeline.
    pub(super) fn value(&mut self) -> Expr {
        let start = self.span();
        if !self.enter() {
            self.leave();
            return Expr { kind: ExprKind::Error, span: start };
        }
        let source = self.head();
        let value = match source {
            Source::Expr(expr) if self.at_end_of_pipeline() => expr,
            source => self.tabular_value(source, start),
        };
        self.leave();
        value
    }

    /// A pipeline as a value, its source read.
    fn tabular_value(&mut self, source: Source, start: Span) -> Expr {
        let operators = self.operators();
        let span = self.since(start);
        let kind = match source {
            Source::Expr(expr) if operators.is_empty() => return expr,
            Source::Paren(inner) if operators.is_empty() => ExprKind::Tabular(inner),
            source => ExprKind::Tabular(Box::new(Pipeline { source, operators, span })),
        };
        Expr { kind, span }
    }

    /// A value with its sign and its path: what stands between two operators.
    pub(super) fn operand(&mut self) -> Expr {
        let start = self.span();
        let op = match self.peek() {
            Token::Minus => UnaryOp::Minus,
            Token::Plus => UnaryOp::Plus,
            _ => {
                let root = self.primary();
                return self.path_of(root, start);
            }
        };
        self.bump();
        if op == UnaryOp::Minus && self.at(Token::Long) && self.span().text(self.text) == "9223372036854775808" {
            self.bump();
            return Expr { kind: ExprKind::Literal(Literal::Long(i64::MIN)), span: self.since(start) };
        }
        let operand = if self.enter() { self.part(Self::operand) } else { Expr { kind: ExprKind::Error, span: start } };
        self.leave();
        Expr { kind: ExprKind::Unary { op, operand: Box::new(operand) }, span: self.since(start) }
    }

    /// A name and its path, without calls: the key of `partition`.
    pub(super) fn path(&mut self) -> Expr {
        let start = self.span();
        let name = self.name("a column");
        let root = Expr { span: name.span, kind: ExprKind::Name(name) };
        self.path_of(root, start)
    }

    /// What follows a value: `.name`, `.['name']`, `[index]`, `.f(…)`.
    fn path_of(&mut self, mut base: Expr, start: Span) -> Expr {
        while !self.stopped {
            let kind = match self.peek() {
                Token::LeftBracket => {
                    let index = Box::new(self.index());
                    ExprKind::Index { base: Box::new(base), index }
                }
                Token::Dot if self.ahead(1) == Token::LeftBracket && self.name_length(1) == 0 => {
                    self.bump();
                    let index = Box::new(self.index());
                    ExprKind::Index { base: Box::new(base), index }
                }
                Token::Dot if self.starred_path && self.at_starred_name() => return base,
                Token::Dot => {
                    self.bump();
                    self.member(base)
                }
                _ => return base,
            };
            base = Expr { kind, span: self.since(start) };
            self.grow();
        }
        base
    }

    /// Whether `.*` or `.Prefix*` stands here.
    fn at_starred_name(&self) -> bool {
        self.ahead(1) == Token::Star || self.ahead(1) == Token::Word && self.ahead(2) == Token::Star && self.touches(1)
    }

    fn index(&mut self) -> Expr {
        let open = self.bump().span();
        if self.at(Token::RightBracket) {
            self.error_here(Code::ExpectedExpression, "expected a position or a key between the brackets", None);
        }
        let index = self.part(Self::value);
        self.close(Token::RightBracket, open);
        index
    }

    fn member(&mut self, base: Expr) -> ExprKind {
        if let Token::Typed(_) = self.peek() {
            // A member that is called like a type is no constant; its arguments were taken as one token.
            let span = self.bump().span();
            self.error(Code::Unexpected, span, "a type cannot follow a dot", Some("quote the name as ['name']"));
            return base.kind;
        }
        if self.at(Token::Word) && self.ahead(1) == Token::LeftParen {
            let call = self.call();
            return ExprKind::MemberCall { base: Box::new(base), call };
        }
        let name = self.name("the name of a member");
        ExprKind::Member { base: Box::new(base), name }
    }
}

/// The value of a word that is a truth value.
pub(super) fn boolean(word: &str) -> Option<bool> {
    match word {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}
