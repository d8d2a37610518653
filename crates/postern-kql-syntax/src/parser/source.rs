//! Heads of pipelines.

use super::Parser;
use crate::ast::*;
use crate::token::Token;

impl Parser<'_> {
    pub(super) fn source(&mut self) -> Source {
        let start = self.span();
        match self.word_at(0) {
            "print" if self.starts_operand(1) => {
                self.bump();
                Source::Print(self.named_exprs())
            }
            "range" if self.at_range() => Source::Range(Box::new(self.range())),
            "union" if self.starts_operand(1) => {
                self.bump();
                Source::Union(self.union())
            }
            "search" if self.starts_operand(1) || self.word_at(1) == "in" => {
                self.bump();
                Source::Search(Box::new(self.search()))
            }
            "find" if self.starts_operand(1) || self.word_at(1) == "in" => {
                self.bump();
                Source::Find(Box::new(self.find()))
            }
            "evaluate" if self.ahead(1) == Token::Word && self.infix_at(1).is_none() => {
                self.bump();
                Source::Evaluate(self.evaluate())
            }
            "macro" if self.operator_name().0 == "macro-expand" => {
                Source::Unsupported(self.unsupported("macro-expand", start, Self::skip_to_bar))
            }
            "inline_external_table" if self.ahead(1) == Token::LeftParen => {
                Source::Unsupported(self.unsupported("inline_external_table", start, Self::skip_to_bar))
            }
            "entity_group" if self.ahead(1) == Token::LeftBracket => {
                Source::Unsupported(self.unsupported("entity_group", start, Self::skip_to_bar))
            }
            _ => match self.expr() {
                Expr { kind: ExprKind::Tabular(inner), .. } => {
                    if inner.operators.is_empty() && !matches!(inner.source, Source::Expr(_)) {
                        inner.source
                    } else {
                        Source::Paren(inner)
                    }
                }
                expr => Source::Expr(expr),
            },
        }
    }

    /// Whether the token at `ahead` can start what an operator works on.
    fn starts_operand(&self, ahead: usize) -> bool {
        match self.ahead(ahead) {
            Token::Word => {
                self.infix_at(ahead).is_none()
                    || self.ahead(ahead + 1) == Token::Assign
                    || matches!(self.ahead(ahead + 1), Token::Bar | Token::End | Token::Comma)
            }
            Token::Text
            | Token::Long
            | Token::Real
            | Token::TimeSpan
            | Token::Typed(_)
            | Token::LeftParen
            | Token::Minus
            | Token::Plus
            | Token::Star
            | Token::Exclamation => true,
            Token::LeftBracket => self.name_length(ahead) > 0,
            _ => false,
        }
    }

    fn at_range(&self) -> bool {
        let name = self.name_length(1);
        name > 0 && self.word_at(1 + name) == "from"
    }

    fn range(&mut self) -> RangeSource {
        self.bump();
        let name = self.name("the name of the column");
        self.need_word("from", "range");
        let from = self.expr();
        self.need_word("to", "range");
        let to = self.expr();
        self.need_word("step", "range");
        let step = self.expr();
        RangeSource { name, from, to, step }
    }

    /// `datatable(…)[…]` or `externaldata(…)[…]` as a value.
    pub(super) fn inline_table(&mut self) -> Expr {
        let start = self.span();
        let literal = self.bump().span().text(self.text) == "datatable";
        self.hints(&["kind"]);
        let columns = self.columns();
        let source = if literal {
            Source::DataTable(DataTable { columns, values: self.bracketed("the values") })
        } else {
            let addresses = self.bracketed("the addresses");
            let properties = if self.at_word("with") { self.with_properties() } else { Vec::new() };
            Source::ExternalData(ExternalData { columns, addresses, properties })
        };
        let span = self.since(start);
        let pipeline = Pipeline { source, operators: Vec::new(), span };
        Expr { kind: ExprKind::Tabular(Box::new(pipeline)), span }
    }

    /// `[a, b, …]`.
    fn bracketed(&mut self, what: &str) -> Vec<Expr> {
        let open = self.span();
        if !self.need(Token::LeftBracket, "`[`", &format!("before {what}")) {
            return Vec::new();
        }
        let values = self.list(Token::RightBracket, Self::expr);
        self.close(Token::RightBracket, open);
        values
    }
}
