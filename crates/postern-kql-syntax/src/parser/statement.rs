//! Statements.

use super::Parser;
use super::advise;
use crate::ast::{
    Expr, ExprKind, Function, LetValue, Literal, Param, ParamKind, Pattern, PatternCase, Pipeline, Source, Span,
    Statement, StatementKind, StringLiteral, Unsupported,
};
use crate::diagnostic::Code;
use crate::token::Token;

impl Parser<'_> {
    /// All statements of the text.
    pub(super) fn query(&mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        loop {
            while self.eat(Token::Semicolon) {}
            if self.at(Token::End) {
                break;
            }
            statements.push(self.statement());
            if matches!(self.peek(), Token::Semicolon | Token::End) {
                continue;
            }
            self.after_statement();
            self.skip_to_semicolon();
            // A bracket without its partner stops the skipping.
            while !matches!(self.peek(), Token::Semicolon | Token::End) {
                self.bump();
                self.skip_to_semicolon();
            }
        }
        if statements.is_empty() && self.diagnostics.is_empty() {
            self.error_here(Code::Empty, "the query is empty", Some("name a table, such as `EmailEvents | take 10`"));
        }
        statements
    }

    fn after_statement(&mut self) {
        let message = format!("expected `;` or the end of the query, not {}", self.found());
        let hint = match self.peek() {
            Token::RightParen | Token::RightBracket | Token::RightBrace => Some("this bracket closes nothing"),
            _ if self.at_word("let") => Some("end the statement before with `;`"),
            _ => None,
        };
        self.error_here(Code::Unexpected, message, hint);
    }

    fn statement(&mut self) -> Statement {
        let start = self.span();
        let next_is_name = self.name_length(1) > 0;
        let kind = match self.word_at(0) {
            "let" if next_is_name => self.let_statement(),
            "set" if self.ahead(1) == Token::Word => self.set_statement(),
            "declare" if self.word_at(1) == "query_parameters" => {
                self.bump();
                self.bump();
                StatementKind::QueryParameters(self.params("query_parameters"))
            }
            "declare" if self.word_at(1) == "pattern" => {
                self.bump();
                self.bump();
                StatementKind::Pattern(self.pattern())
            }
            "restrict" if self.word_at(1) == "access" => self.restrict_statement(),
            "alias" if self.word_at(1) == "database" => self.alias_statement(),
            _ => self.query_statement(),
        };
        Statement { kind, span: self.since(start) }
    }

    fn query_statement(&mut self) -> StatementKind {
        if self.at(Token::Dot) && self.ahead(1) == Token::Word && self.touches(0) {
            let message = format!("`.{}` is a command that manages a database, not a query", self.word_at(1));
            self.error_here(Code::Command, message, None);
            self.skip_to_semicolon();
            return self.no_query();
        }
        if self.foreign_start() {
            self.skip_to_semicolon();
            return self.no_query();
        }
        StatementKind::Query(self.pipeline())
    }

    fn no_query(&self) -> StatementKind {
        let span = self.span();
        let source = Source::Expr(Expr { kind: ExprKind::Error, span });
        StatementKind::Query(Pipeline { source, operators: Vec::new(), span })
    }

    /// Reports a query that starts like one of another language.
    fn foreign_start(&mut self) -> bool {
        let word = self.word_at(0);
        let starts_like_sql =
            matches!(word.to_ascii_lowercase().as_str(), "select" | "insert" | "update" | "delete" | "from" | "with")
                && matches!(self.ahead(1), Token::Word | Token::Star | Token::Text | Token::Typed(_));
        if starts_like_sql {
            let hint = self.translated().map(|kql| format!("write `{kql}`"));
            let hint = hint.as_deref().or(advise::foreign(word));
            self.error_here(Code::Sql, format!("`{word}` is a word of SQL, not of KQL"), hint);
            true
        } else if advise::is_operator(word)
            && matches!(self.ahead(1), Token::Word | Token::Text | Token::Long)
            && !matches!(word, "search" | "find" | "union" | "evaluate")
            && self.infix_at(1).is_none()
        {
            let message = format!("`{word}` needs rows from a table in front of it");
            let hint = format!("write `Table | {word} …`");
            self.error_here(Code::Unexpected, message, Some(&hint));
            true
        } else {
            false
        }
    }

    fn let_statement(&mut self) -> StatementKind {
        let start = self.bump().span();
        let name = self.name("the name of the variable");
        self.need(Token::Assign, "`=`", "after the name of the variable");
        if self.at_word("entity_group") && self.ahead(1) == Token::LeftBracket {
            let group = self.unsupported("entity_group", start, super::Parser::skip_to_semicolon);
            return StatementKind::Unsupported(group);
        }
        let value = if self.at_function() { LetValue::Function(self.function()) } else { self.let_value() };
        StatementKind::Let { name, value }
    }

    fn let_value(&mut self) -> LetValue {
        let pipeline = self.pipeline();
        match pipeline.source {
            Source::Expr(expr) if pipeline.operators.is_empty() => LetValue::Expr(expr),
            Source::Paren(inner) if pipeline.operators.is_empty() => LetValue::Tabular(*inner),
            _ => LetValue::Tabular(pipeline),
        }
    }

    /// Whether `(…) {` with parameters starts here, or `view (…) {`.
    fn at_function(&self) -> bool {
        let open = usize::from(self.at_word("view"));
        if self.ahead(open) != Token::LeftParen {
            return false;
        }
        if self.ahead(open + 1) == Token::RightParen {
            return self.ahead(open + 2) == Token::LeftBrace;
        }
        let name = self.name_length(open + 1);
        name > 0 && self.ahead(open + 1 + name) == Token::Colon
    }

    fn function(&mut self) -> Function {
        let start = self.span();
        let view = self.eat_word("view");
        let params = self.params("the function");
        let open = self.span();
        let mut body = Vec::new();
        if self.need(Token::LeftBrace, "`{`", "before the body of the function") {
            if self.enter() {
                body = self.body();
            }
            self.leave();
            self.close(Token::RightBrace, open);
        }
        Function { view, params, body, span: self.since(start) }
    }

    /// The statements between braces.
    fn body(&mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        loop {
            while self.eat(Token::Semicolon) {}
            if matches!(self.peek(), Token::RightBrace | Token::End) {
                return statements;
            }
            let before = self.at;
            statements.push(self.part(Self::statement));
            if !matches!(self.peek(), Token::Semicolon | Token::RightBrace | Token::End) {
                self.after_statement();
                self.skip_to_semicolon();
                if matches!(self.peek(), Token::RightParen | Token::RightBracket) {
                    self.bump();
                }
            }
            if self.at == before {
                return statements;
            }
        }
    }

    /// `(name:type = default, name:(column:type, …), …)`.
    pub(super) fn params(&mut self, owner: &str) -> Vec<Param> {
        let open = self.span();
        if !self.need(Token::LeftParen, "`(`", &format!("before the parameters of {owner}")) {
            return Vec::new();
        }
        let params = self.list(Token::RightParen, Self::param);
        self.close(Token::RightParen, open);
        params
    }

    fn param(&mut self) -> Param {
        let start = self.span();
        let name = self.name("the name of a parameter");
        self.need(Token::Colon, "`:` and a type", "after the name of a parameter");
        let kind = if self.at(Token::LeftParen) {
            ParamKind::Tabular(self.row_schema())
        } else {
            let ty = self.type_ref();
            let default = self.eat(Token::Assign).then(|| self.expr());
            ParamKind::Scalar { ty, default }
        };
        Param { name, kind, span: self.since(start) }
    }

    fn set_statement(&mut self) -> StatementKind {
        self.bump();
        let name = self.name("the name of a request option");
        let value = self.eat(Token::Assign).then(|| self.expr());
        StatementKind::Set { name, value }
    }

    fn pattern(&mut self) -> Pattern {
        let name = self.name("the name of the pattern");
        let mut pattern = Pattern { name, params: Vec::new(), path: None, cases: Vec::new() };
        if !self.eat(Token::Assign) {
            return pattern;
        }
        pattern.params = self.columns();
        let open = self.span();
        if self.eat(Token::LeftBracket) {
            pattern.path = Some(self.column_decl());
            self.close(Token::RightBracket, open);
        }
        let open = self.span();
        if !self.need(Token::LeftBrace, "`{`", "before the tables of the pattern") {
            return pattern;
        }
        while self.at(Token::LeftParen) {
            let case = self.part(Self::pattern_case);
            pattern.cases.push(case);
            if !self.eat(Token::Semicolon) {
                break;
            }
        }
        self.close(Token::RightBrace, open);
        pattern
    }

    /// `("argument").["path"] = { body }`, also with `.path`.
    fn pattern_case(&mut self) -> PatternCase {
        let start = self.bump().span();
        let args = self.list(Token::RightParen, Self::expr);
        self.close(Token::RightParen, start);
        let path = self.eat(Token::Dot).then(|| {
            let open = self.span();
            if self.at(Token::LeftBracket) {
                self.bump();
                let path = self.expr();
                self.close(Token::RightBracket, open);
                return path;
            }
            let name = self.name("the path");
            let text = StringLiteral { value: name.text, obfuscated: false };
            Expr { kind: ExprKind::Literal(Literal::String(text)), span: name.span }
        });
        self.need(Token::Assign, "`=`", "before the table of the pattern");
        let open = self.span();
        let mut body = Vec::new();
        if self.need(Token::LeftBrace, "`{`", "before the table of the pattern") {
            if self.enter() {
                body = self.body();
            }
            self.leave();
            self.close(Token::RightBrace, open);
        }
        PatternCase { args, path, body, span: self.since(start) }
    }

    fn restrict_statement(&mut self) -> StatementKind {
        self.bump();
        self.bump();
        self.need_word("to", "restrict access");
        let open = self.span();
        let mut entities = Vec::new();
        if self.need(Token::LeftParen, "`(`", "before the tables") {
            entities = self.list(Token::RightParen, Self::entity);
            self.close(Token::RightParen, open);
        }
        StatementKind::Restrict(entities)
    }

    fn alias_statement(&mut self) -> StatementKind {
        self.bump();
        self.bump();
        let name = self.name("the alias");
        self.need(Token::Assign, "`=`", "after the alias");
        StatementKind::Alias { name, value: self.expr() }
    }

    /// Passes over a construct that is not taken apart, keeping its text.
    pub(super) fn unsupported(&mut self, name: &str, start: Span, skip: impl FnOnce(&mut Self)) -> Unsupported {
        skip(self);
        let span = self.since(start);
        Unsupported { name: name.to_owned(), text: span.text(self.text).to_owned(), span }
    }
}
