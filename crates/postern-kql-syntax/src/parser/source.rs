//! Heads of pipelines.

use super::Parser;
use crate::ast::{DataTable, Expr, ExprKind, ExternalData, Pipeline, RangeSource, Source};
use crate::token::Token;

impl Parser<'_> {
    pub(super) fn source(&mut self) -> Source {
        // One function each, so that nested sources do not stack the room of all of them.
        let read: fn(&mut Self) -> Source = match self.word_at(0) {
            "print" if self.starts_operand(1) || matches!(self.ahead(1), Token::Bar | Token::End) => Self::print_source,
            "range" if self.at_range() => |parser| Source::Range(parser.range()),
            "union" if self.starts_operand(1) => Self::union_source,
            "search" if self.starts_operand(1) || self.word_at(1) == "in" => Self::search_source,
            "find" if self.starts_operand(1) || self.word_at(1) == "in" => Self::find_source,
            "evaluate" if self.ahead(1) == Token::Word && self.infix_at(1).is_none() => Self::evaluate_source,
            "macro" if self.operator_name().0 == "macro-expand" => |parser| parser.unsupported_source("macro-expand"),
            "inline_external_table" if self.ahead(1) == Token::LeftParen => {
                |parser| parser.unsupported_source("inline_external_table")
            }
            "entity_group" if self.ahead(1) == Token::LeftBracket => |parser| parser.unsupported_source("entity_group"),
            _ => Self::expr_source,
        };
        read(self)
    }

    fn expr_source(&mut self) -> Source {
        let expr = self.expr();
        if !matches!(expr.kind, ExprKind::Tabular(_)) {
            return Source::Expr(expr);
        }
        Self::tabular_source(expr)
    }

    /// A pipeline in parentheses as a source; a mere source loses its parentheses.
    fn tabular_source(expr: Expr) -> Source {
        match expr.kind {
            ExprKind::Tabular(inner) if inner.operators.is_empty() && !matches!(inner.source, Source::Expr(_)) => {
                inner.source
            }
            ExprKind::Tabular(inner) => Source::Paren(inner),
            kind => Source::Expr(Expr { kind, span: expr.span }),
        }
    }

    fn print_source(&mut self) -> Source {
        self.bump();
        Source::Print(self.named_exprs())
    }

    fn union_source(&mut self) -> Source {
        self.bump();
        Source::Union(self.union())
    }

    fn search_source(&mut self) -> Source {
        self.bump();
        Source::Search(Box::new(self.search()))
    }

    fn find_source(&mut self) -> Source {
        self.bump();
        Source::Find(Box::new(self.find()))
    }

    fn evaluate_source(&mut self) -> Source {
        self.bump();
        Source::Evaluate(self.evaluate())
    }

    fn unsupported_source(&mut self, name: &str) -> Source {
        let start = self.span();
        Source::Unsupported(self.unsupported(name, start, Self::skip_to_bar))
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

    fn range(&mut self) -> Box<RangeSource> {
        self.bump();
        let name = self.name("the name of the column");
        self.need_word("from", "range");
        let from = self.expr();
        self.need_word("to", "range");
        let to = self.expr();
        self.need_word("step", "range");
        let step = self.expr();
        Box::new(RangeSource { name, from, to, step })
    }

    /// `datatable(…)[…]` or `externaldata(…)[…]` as a value.
    pub(super) fn inline_table(&mut self) -> Expr {
        let start = self.span();
        if !self.enter() {
            self.leave();
            return Expr { kind: ExprKind::Error, span: start };
        }
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
        self.leave();
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
