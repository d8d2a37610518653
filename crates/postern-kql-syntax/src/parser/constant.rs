//! Constants: numbers, typed constants, `dynamic(…)`.

use super::Parser;
use super::expr::boolean;
use crate::ast::{DynamicValue, Expr, ExprKind, Literal, ScalarType, Span};
use crate::diagnostic::Code;
use crate::literal;
use crate::token::Token;

impl Parser<'_> {
    /// A number or typed constant.
    pub(super) fn constant(&mut self) -> Literal {
        let lexeme = self.bump();
        let span = lexeme.span();
        let text = span.text(self.text);
        match lexeme.token {
            Token::Long => match literal::parse_long(text) {
                Some(value) => Literal::Long(value),
                None => self.bad_number(span, ScalarType::Long, "does not fit 64 bits"),
            },
            Token::Real => match literal::parse_real(text) {
                Some(value) => Literal::Real(value),
                None => self.bad_number(span, ScalarType::Real, "cannot be read as a number"),
            },
            Token::TimeSpan => match literal::parse_timespan(text) {
                Some(ticks) => Literal::TimeSpan(ticks),
                None => self.bad_number(span, ScalarType::TimeSpan, "is longer than a timespan can be"),
            },
            Token::Typed(ty) => self.typed(ty, span),
            _ => Literal::Null(ScalarType::Dynamic),
        }
    }

    fn bad_number(&mut self, span: Span, ty: ScalarType, why: &str) -> Literal {
        let shown: String = span.text(self.text).chars().take(40).collect();
        self.error(Code::Number, span, format!("`{shown}` {why}"), None);
        Literal::Null(ty)
    }

    /// `datetime(…)` and the like, taken as one token.
    fn typed(&mut self, ty: ScalarType, span: Span) -> Literal {
        let text = span.text(self.text);
        let inner = text.split_once('(').map_or("", |(_, rest)| rest).trim_end_matches(')').trim();
        let content = match inner.chars().next() {
            Some('"' | '\'') => literal::unquote(inner).0,
            _ => inner.to_owned(),
        };
        let content = content.trim();
        if content == "null" {
            return Literal::Null(ty);
        }
        let value = match ty {
            ScalarType::Bool => match content.to_ascii_lowercase().as_str() {
                "true" | "1" => Some(Literal::Bool(true)),
                "false" | "0" => Some(Literal::Bool(false)),
                _ => None,
            },
            ScalarType::Int => literal::parse_long(content).and_then(|v| i32::try_from(v).ok()).map(Literal::Int),
            ScalarType::Long => literal::parse_long(content).map(Literal::Long),
            ScalarType::Real => literal::parse_real(content).map(Literal::Real),
            ScalarType::Decimal => literal::parse_decimal(content).map(Literal::Decimal),
            ScalarType::DateTime => literal::parse_datetime(content).map(Literal::DateTime),
            ScalarType::TimeSpan => literal::parse_timespan(content).map(Literal::TimeSpan),
            ScalarType::Guid => literal::parse_guid(content).map(Literal::Guid),
            ScalarType::String | ScalarType::Dynamic => None,
        };
        value.unwrap_or_else(|| {
            let hint = if content.is_empty() {
                format!("a missing value is written as {}(null)", ty.name())
            } else if content.starts_with(|first: char| first.is_alphabetic() || first == '_') {
                format!("convert a value with `to{}(…)`", ty.name())
            } else {
                format!("it takes {}", example(ty))
            };
            let shown: String = content.chars().take(40).collect();
            self.error(Code::Constant, span, format!("`{shown}` is no constant of type {}", ty.name()), Some(&hint));
            Literal::Null(ty)
        })
    }

    /// `string(null)` or `string("…")`; any other `string(…)` is a call.
    pub(super) fn string_constant(&mut self) -> Expr {
        let start = self.span();
        let constant = self.ahead(2) == Token::Text || self.word_at(2) == "null";
        if !constant {
            let message = "`string(…)` takes a constant";
            self.error_here(Code::Constant, message, Some("convert with `tostring(…)`"));
            let call = self.call();
            return Expr { kind: ExprKind::Call(call), span: self.since(start) };
        }
        self.bump();
        let open = self.bump().span();
        let literal =
            if self.eat_word("null") { Literal::Null(ScalarType::String) } else { Literal::String(self.texts()) };
        self.close(Token::RightParen, open);
        Expr { kind: ExprKind::Literal(literal), span: self.since(start) }
    }

    /// `dynamic(…)`.
    pub(super) fn dynamic(&mut self) -> Literal {
        self.bump();
        let open = self.bump().span();
        let value = self.part(Self::json);
        self.close(Token::RightParen, open);
        match value {
            DynamicValue::Null => Literal::Null(ScalarType::Dynamic),
            value => Literal::Dynamic(value),
        }
    }

    fn json(&mut self) -> DynamicValue {
        if !self.enter() {
            self.leave();
            return DynamicValue::Null;
        }
        let value = self.json_value();
        self.leave();
        value
    }

    fn json_value(&mut self) -> DynamicValue {
        let open = self.span();
        match self.peek() {
            Token::LeftBracket => {
                self.bump();
                let items = self.list(Token::RightBracket, Self::json);
                self.close(Token::RightBracket, open);
                DynamicValue::Array(items)
            }
            Token::LeftBrace => {
                self.bump();
                let entries = self.list(Token::RightBrace, Self::json_entry);
                self.close(Token::RightBrace, open);
                DynamicValue::Object(entries)
            }
            Token::Text => DynamicValue::String(self.texts().value),
            Token::Minus | Token::Plus => {
                let negative = self.bump().token == Token::Minus;
                self.json_number(negative)
            }
            Token::Long | Token::Real => self.json_number(false),
            Token::TimeSpan | Token::Typed(_) => match self.constant() {
                Literal::Bool(value) => DynamicValue::Bool(value),
                Literal::Long(value) => DynamicValue::Long(value),
                literal => DynamicValue::Typed(Box::new(literal)),
            },
            Token::Word => self.json_word(),
            _ => self.bad_json(),
        }
    }

    fn json_word(&mut self) -> DynamicValue {
        let word = self.word_at(0);
        if let Some(value) = boolean(word) {
            self.bump();
            return DynamicValue::Bool(value);
        }
        if word == "null" {
            self.bump();
            return DynamicValue::Null;
        }
        if word == "dynamic" && self.ahead(1) == Token::LeftParen {
            return match self.dynamic() {
                Literal::Dynamic(value) => value,
                _ => DynamicValue::Null,
            };
        }
        self.bad_json()
    }

    fn json_number(&mut self, negative: bool) -> DynamicValue {
        let span = self.span();
        let text = span.text(self.text);
        let sign = if negative { "-" } else { "" };
        match self.peek() {
            Token::Long => {
                self.bump();
                let signed = format!("{sign}{text}");
                let long = literal::parse_long(&signed).map(DynamicValue::Long);
                let number = long.or_else(|| literal::parse_real(&signed).map(DynamicValue::Real));
                if number.is_none() {
                    self.error(Code::Number, span, "this number cannot be read", None);
                }
                number.unwrap_or(DynamicValue::Null)
            }
            Token::Real => match self.constant() {
                Literal::Real(value) => DynamicValue::Real(if negative { -value } else { value }),
                _ => DynamicValue::Null,
            },
            _ => self.bad_json(),
        }
    }

    fn json_entry(&mut self) -> (String, DynamicValue) {
        let key = match self.peek() {
            Token::Text => self.texts().value,
            Token::Word => self.name("a key").text,
            _ => {
                let message = format!("expected a key in quotes, not {}", self.found());
                self.error_here(Code::Constant, message, None);
                return (String::new(), DynamicValue::Null);
            }
        };
        self.need(Token::Colon, "`:` and a value", "after a key");
        (key, self.json())
    }

    fn bad_json(&mut self) -> DynamicValue {
        let message = format!("expected a constant inside `dynamic(…)`, not {}", self.found());
        let hint = match self.peek() {
            Token::Word => Some("names and calls have no place here; use pack_array(…), bag_pack(…) or todynamic(…)"),
            _ => None,
        };
        self.error_here(Code::Constant, message, hint);
        DynamicValue::Null
    }
}

fn example(ty: ScalarType) -> &'static str {
    match ty {
        ScalarType::Bool => "true or false",
        ScalarType::Int => "a whole number of 32 bits",
        ScalarType::Long => "a whole number of 64 bits",
        ScalarType::Real => "a number, nan, +inf or -inf",
        ScalarType::Decimal => "a number of at most 34 digits",
        ScalarType::DateTime => "a date such as 2024-01-31 or 2024-01-31T12:00:00Z",
        ScalarType::TimeSpan => "a length such as 1d, 12h or 1.02:03:04",
        ScalarType::Guid => "a guid such as 01234567-89ab-cdef-0123-456789abcdef",
        ScalarType::String | ScalarType::Dynamic => "a text",
    }
}
