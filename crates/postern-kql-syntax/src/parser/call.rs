//! What an expression is made of: calls, names, constants, parentheses.

use super::Parser;
use super::advise;
use super::expr::boolean;
use crate::ast::{Arg, Call, Expr, ExprKind, Literal, ScalarType, Side, Span, TypeOf};
use crate::diagnostic::Code;
use crate::token::Token;

/// Words that are no names unless quoted.
const RESERVED: &[&str] = &[
    "and",
    "or",
    "by",
    "to",
    "of",
    "in",
    "between",
    "has",
    "has_any",
    "has_all",
    "contains",
    "startswith",
    "endswith",
    "where",
    "extend",
    "summarize",
    "distinct",
];

impl Parser<'_> {
    /// A value without sign and path.
    pub(super) fn primary(&mut self) -> Expr {
        let start = self.span();
        let kind = match self.peek() {
            Token::Long | Token::Real | Token::TimeSpan | Token::Typed(_) => ExprKind::Literal(self.constant()),
            Token::Text => ExprKind::Literal(Literal::String(self.texts())),
            Token::Word => return self.word(),
            Token::LeftBracket if self.at_name() => ExprKind::Name(self.name("a name")),
            Token::LeftParen => return self.parenthesised(),
            Token::Star if self.star_stands_alone() => {
                self.bump();
                ExprKind::Star
            }
            Token::Exclamation => {
                self.error_here(Code::Exclamation, "`!` does not negate a value", Some("write `not(…)`"));
                self.bump();
                return self.primary_after_slip();
            }
            _ => return self.no_value(),
        };
        Expr { kind, span: self.since(start) }
    }

    /// Reads on after a `!`, with the depth counted, as many may follow each other.
    fn primary_after_slip(&mut self) -> Expr {
        while self.eat(Token::Exclamation) {}
        let value = if self.enter() && !self.at(Token::End) { self.primary() } else { self.no_value() };
        self.leave();
        value
    }

    /// Whether the star here is a value: an argument of its own, or the left side of a search.
    fn star_stands_alone(&self) -> bool {
        matches!(
            self.ahead(1),
            Token::Comma | Token::RightParen | Token::RightBracket | Token::Equal | Token::EqualTilde | Token::NotEqual
        ) || matches!(self.ahead(1), Token::Bar | Token::End | Token::Semicolon | Token::RightBrace)
            || self.ahead(1) == Token::Word
            || self.ahead(1) == Token::Exclamation
    }

    fn no_value(&mut self) -> Expr {
        let span = self.span();
        let message = format!("expected a value, not {}", self.found());
        let hint = match self.peek() {
            Token::Comma => Some("there is a comma too many, or a value too few"),
            Token::Assign => Some("equality is written `==`"),
            Token::Less if self.at > 0 && self.touches_before() => Some("write `<=`"),
            Token::End => Some("the query ends in the middle of an operator"),
            Token::Bar => Some("the operator before this bar is incomplete"),
            Token::Equal => Some("a value is missing on the left of `==`"),
            Token::LeftBrace => Some("an object is written as dynamic({…})"),
            Token::LeftBracket => Some("an array is written as dynamic([…])"),
            Token::Word if RESERVED.contains(&self.word_at(0)) => {
                Some("a name like this one must be quoted as ['name']")
            }
            _ => None,
        };
        self.error_here(Code::ExpectedExpression, message, hint);
        Expr { kind: ExprKind::Error, span: Span::new(span.start, span.start) }
    }

    /// Whether the token before this one touches it.
    fn touches_before(&self) -> bool {
        self.last_end() == self.lexeme(0).start as usize
    }

    fn parenthesised(&mut self) -> Expr {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or("", |t| t.span().text(self.text));
        let open = self.bump().span();
        let value = self.part(Self::value);
        if self.at(Token::Comma) {
            let hint = match before {
                "has" => "write `has_any (…)` to find one of several words",
                "contains" | "startswith" | "endswith" | "hasprefix" | "hassuffix" | "contains_cs" | "has_cs" => {
                    "write `has_any (…)` for whole words, or one condition for each text, joined by `or`"
                }
                "==" | "=~" | "=" => "write `in (…)`, or `in~ (…)` to ignore case",
                "!=" | "!~" | "<>" => "write `!in (…)`, or `!in~ (…)` to ignore case",
                _ => "an array is written as dynamic([…]) or pack_array(…)",
            };
            self.error_here(
                Code::Unexpected,
                "a list in parentheses stands only behind `in`, `has_any` and the like",
                Some(hint),
            );
            self.skip_to_closer();
        }
        self.close(Token::RightParen, open);
        value
    }

    fn word(&mut self) -> Expr {
        let start = self.span();
        let word = self.word_at(0);
        let called = self.ahead(1) == Token::LeftParen;
        let kind = match word {
            _ if boolean(word).is_some() => {
                self.bump();
                ExprKind::Literal(Literal::Bool(boolean(word) == Some(true)))
            }
            "dynamic" if called => ExprKind::Literal(self.dynamic()),
            "string" if called => return self.string_constant(),
            "typeof" if called => self.type_of(),
            "datatable" | "externaldata" | "external_data" if called || self.word_at(1) == "hint" => {
                return self.inline_table();
            }
            _ if word.eq_ignore_ascii_case("case") && self.word_at(1).eq_ignore_ascii_case("when") => {
                self.case_when();
                ExprKind::Error
            }
            "$left" | "$right" if !called => {
                self.bump();
                ExprKind::Side(if word == "$left" { Side::Left } else { Side::Right })
            }
            "toscalar" | "totable" if self.word_at(1) == "kind" && self.ahead(2) == Token::Assign => {
                let name = self.name("a function");
                self.at += 3;
                let args = self.args();
                let span = self.since(start);
                ExprKind::Call(Call { name, args, span })
            }
            "not" | "NOT" if !called && self.at_operand_after_not() => {
                self.error_here(Code::Sql, format!("`{word}` is a function"), Some("write `not(…)`"));
                self.bump();
                while matches!(self.word_at(0), "not" | "NOT") && !(self.ahead(1) == Token::LeftParen) {
                    self.bump();
                }
                let operand = self.primary_after_slip();
                return operand;
            }
            _ if called && (!RESERVED.contains(&word)) => {
                if advise::foreign(word).is_none() {
                    self.type_as_function();
                }
                ExprKind::Call(self.call())
            }
            _ if RESERVED.contains(&word) => return self.no_value(),
            _ => ExprKind::Name(self.name("a name")),
        };
        Expr { kind, span: self.since(start) }
    }

    /// Reports `CASE WHEN … END` and passes over it.
    fn case_when(&mut self) {
        let hint = "write `case(condition, value, …, else)` or `iff(condition, value, else)`";
        self.error_here(Code::Sql, "`case when` is a form of SQL", Some(hint));
        while !matches!(self.peek(), Token::End | Token::Bar | Token::Semicolon)
            && !self.word_at(0).eq_ignore_ascii_case("end")
        {
            self.bump();
        }
        if self.at(Token::Word) {
            self.bump();
        }
    }

    fn at_operand_after_not(&self) -> bool {
        matches!(self.ahead(1), Token::Word | Token::Text | Token::Long) && self.infix_at(1).is_none()
    }

    /// Reports the name of a type that is called like a function.
    fn type_as_function(&mut self) {
        let word = self.word_at(0);
        if let Some(ty) = ScalarType::from_name(word) {
            let message = format!("`{word}(…)` takes a constant");
            let hint = format!("convert with `to{}(…)`", if ty == ScalarType::Real { "real" } else { ty.name() });
            self.error_here(Code::Constant, message, Some(&hint));
        }
    }

    /// `f(a, name = b)`; the name and the parenthesis are known to stand here.
    pub(super) fn call(&mut self) -> Call {
        let start = self.span();
        let name = self.name("a function");
        let args = self.args();
        Call { name, args, span: self.since(start) }
    }

    /// A call that an operator cannot do without.
    pub(super) fn required_call(&mut self, operator: &str) -> Call {
        if self.at(Token::Word) && self.ahead(1) == Token::LeftParen {
            return self.call();
        }
        let start = self.span();
        let name = self.name(&format!("the function of `{operator}`"));
        let message = format!("`{operator}` needs a call such as `f(…)`, not {}", self.found());
        self.error_here(Code::MissingPart, message, None);
        Call { name, args: Vec::new(), span: self.since(start) }
    }

    fn args(&mut self) -> Vec<Arg> {
        let open = self.span();
        if !self.need(Token::LeftParen, "`(`", "before the arguments") {
            return Vec::new();
        }
        let args = self.list(Token::RightParen, Self::arg);
        self.close(Token::RightParen, open);
        args
    }

    fn arg(&mut self) -> Arg {
        let start = self.span();
        let length = self.name_length(0);
        let name = (length > 0 && self.ahead(length) == Token::Assign).then(|| {
            let name = self.name("the name of an argument");
            self.bump();
            name
        });
        let value = self.value();
        Arg { name, value, span: self.since(start) }
    }

    /// `typeof(type)` or `typeof(*, column:type)`.
    fn type_of(&mut self) -> ExprKind {
        self.bump();
        let name = if self.ahead(1) == Token::LeftBracket { 3 } else { 1 };
        if self.ahead(1) == Token::Star || self.ahead(1 + name) == Token::Colon {
            return ExprKind::TypeOf(TypeOf::Row(self.row_schema()));
        }
        let open = self.bump().span();
        let ty = self.type_ref();
        self.close(Token::RightParen, open);
        ExprKind::TypeOf(TypeOf::Scalar(ty))
    }
}
