//! The parts that operators share: lists, names with values, options, schemas.

use super::Parser;
use crate::ast::{
    ColumnDecl, Expr, ExprKind, Literal, Name, NamedExpr, NullsOrder, Property, RowSchema, ScalarType, SortKey,
    SortOrder, StringLiteral, Target, TypeRef,
};
use crate::diagnostic::Code;
use crate::token::Token;

impl Parser<'_> {
    /// Items between commas up to a closing bracket, which is left. A comma
    /// before the bracket is allowed.
    pub(super) fn list<T>(&mut self, close: Token, item: impl Fn(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        while !self.at(close) && !matches!(self.peek(), Token::End | Token::Semicolon) {
            let before = self.at;
            items.push(self.part(|parser| item(parser)));
            if !self.eat(Token::Comma) || self.at == before {
                break;
            }
        }
        items
    }

    /// At least one item, with commas between.
    pub(super) fn commas<T>(&mut self, item: impl Fn(&mut Self) -> T) -> Vec<T> {
        let mut items = vec![self.part(|parser| item(parser))];
        while self.eat(Token::Comma) {
            items.push(self.part(|parser| item(parser)));
        }
        items
    }

    pub(super) fn named_exprs(&mut self) -> Vec<NamedExpr> {
        self.commas(Self::named_expr)
    }

    /// `value`, `name = value` or `(a, b) = value`.
    pub(super) fn named_expr(&mut self) -> NamedExpr {
        let start = self.span();
        let target = self.target();
        let expr = self.expr();
        NamedExpr { target, expr, span: self.since(start) }
    }

    fn target(&mut self) -> Target {
        let name = self.name_length(0);
        if name > 0 && self.ahead(name) == Token::Assign {
            let name = self.name("a name");
            self.bump();
            return Target::Name(name);
        }
        if self.at_tuple_target() {
            self.bump();
            let mut names = vec![self.name("a name")];
            while self.eat(Token::Comma) {
                names.push(self.name("a name"));
            }
            self.bump();
            self.bump();
            return Target::Tuple(names);
        }
        Target::Auto
    }

    /// Whether `(a, b) =` stands here.
    fn at_tuple_target(&self) -> bool {
        if !self.at(Token::LeftParen) {
            return false;
        }
        let mut ahead = 1;
        loop {
            let name = self.name_length(ahead);
            if name == 0 {
                return false;
            }
            ahead += name;
            match self.ahead(ahead) {
                Token::Comma => ahead += 1,
                Token::RightParen => return self.ahead(ahead + 1) == Token::Assign,
                _ => return false,
            }
        }
    }

    /// `expr asc nulls last`.
    pub(super) fn sort_key(&mut self) -> SortKey {
        let start = self.span();
        let value = self.named_expr();
        let order = self.sort_order();
        let nulls = if self.eat_word("nulls") {
            if self.eat_word("first") {
                Some(NullsOrder::First)
            } else if self.eat_word("last") {
                Some(NullsOrder::Last)
            } else {
                self.error_here(Code::MissingPart, "`nulls` needs `first` or `last`", None);
                None
            }
        } else {
            None
        };
        SortKey { value, order, nulls, span: self.since(start) }
    }

    pub(super) fn sort_order(&mut self) -> Option<SortOrder> {
        let order = match self.word_at(0).to_ascii_lowercase().as_str() {
            "asc" => SortOrder::Asc,
            "desc" => SortOrder::Desc,
            "ascending" | "descending" => {
                let hint = if self.word_at(0).starts_with(['a', 'A']) { "asc" } else { "desc" };
                let message = format!("`{}` is not a direction", self.word_at(0));
                self.error_here(Code::Unexpected, message, Some(&format!("write `{hint}`")));
                if hint == "asc" { SortOrder::Asc } else { SortOrder::Desc }
            }
            _ => return None,
        };
        self.lower_case();
        self.bump();
        Some(order)
    }

    /// Reports the word here when it is not in lower case.
    pub(super) fn lower_case(&mut self) {
        let word = self.word_at(0);
        if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            let lower = word.to_ascii_lowercase();
            let message = format!("`{word}` must be written in lower case");
            self.error_here(Code::Case, message, Some(&format!("write `{lower}`")));
        }
    }

    /// `name = value` options after an operator: those named, and every `hint.…`.
    pub(super) fn hints(&mut self, names: &[&str]) -> Vec<Property> {
        let mut found = Vec::new();
        loop {
            let word = self.word_at(0);
            let dotted = word == "hint" && self.ahead(1) == Token::Dot;
            let known = names.contains(&word) && self.ahead(1) == Token::Assign;
            if !dotted && !known {
                return found;
            }
            let start = self.span();
            let mut name = self.bump().span().text(self.text).to_owned();
            while self.eat(Token::Dot) {
                name.push('.');
                name.push_str(&self.name("the name of a hint").text);
            }
            if !self.need(Token::Assign, "`=`", "after the name of an option") {
                return found;
            }
            let value = self.option_value();
            found.push(Property { name, value, span: self.since(start) });
        }
    }

    /// The value of an option: a word, a constant, a list in brackets.
    fn option_value(&mut self) -> Expr {
        let start = self.span();
        match self.peek() {
            Token::LeftParen | Token::LeftBracket if self.name_length(0) == 0 => {
                let close = if self.at(Token::LeftParen) { Token::RightParen } else { Token::RightBracket };
                self.bump();
                let values = self.list(close, Self::expr);
                self.close(close, start);
                Expr { kind: ExprKind::Tuple(values), span: self.since(start) }
            }
            Token::Word if self.word_at(0) != "dynamic" && crate::parser::expr::boolean(self.word_at(0)).is_none() => {
                let name = self.name("a value");
                Expr { span: name.span, kind: ExprKind::Name(name) }
            }
            Token::Minus | Token::Plus => self.operand(),
            // Brackets behind the value are the quoted name of what comes next, not an index.
            _ => self.primary(),
        }
    }

    /// `with (name = value, …)`.
    pub(super) fn with_properties(&mut self) -> Vec<Property> {
        self.need_word("with", "this operator");
        let open = self.span();
        if !self.need(Token::LeftParen, "`(`", "after `with`") {
            return Vec::new();
        }
        let properties = self.list(Token::RightParen, Self::property);
        self.close(Token::RightParen, open);
        properties
    }

    /// `name = value`, where the value may be a list of names: `ycolumns = a, b`.
    pub(super) fn property(&mut self) -> Property {
        let start = self.span();
        let name = self.name("the name of a property").text;
        self.need(Token::Assign, "`=`", "after the name of a property");
        let first = self.expr();
        let mut values = vec![first];
        while self.at(Token::Comma) && self.name_length(1) > 0 {
            let after = self.ahead(1 + self.name_length(1));
            if !matches!(after, Token::Comma | Token::RightParen) {
                break;
            }
            self.bump();
            values.push(self.expr());
        }
        let span = self.since(start);
        let value = match values.pop() {
            Some(only) if values.is_empty() => only,
            last => {
                values.extend(last);
                let list_start = values.first().map_or(span, |value| value.span);
                Expr { kind: ExprKind::Tuple(values), span: list_start.to(span) }
            }
        };
        Property { name, value, span }
    }

    /// Takes the property called `name` out of a list of options.
    pub(super) fn take_option(options: &mut Vec<Property>, names: &[&str]) -> Option<Property> {
        let at = options.iter().position(|option| names.contains(&option.name.as_str()))?;
        Some(options.remove(at))
    }

    /// The word that is the value of an option.
    pub(super) fn option_name(&mut self, option: Property) -> Option<Name> {
        match option.value.kind {
            ExprKind::Name(name) => Some(name),
            ExprKind::Literal(Literal::String(text)) => {
                Some(Name { text: text.value, quoted: false, span: option.value.span })
            }
            _ => {
                let message = format!("`{}` needs a name as its value", option.name);
                self.error(Code::OptionValue, option.value.span, message, None);
                None
            }
        }
    }

    /// Takes an option whose value is one of some words.
    pub(super) fn choice<T>(
        &mut self,
        options: &mut Vec<Property>,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
        known: &[&str],
    ) -> Option<T> {
        let option = Self::take_option(options, &[name])?;
        let value = self.option_name(option)?;
        let choice = read(&value.text);
        if choice.is_none() {
            let message = format!("`{}` is not a value of `{name}`", value.text);
            let hint = match super::advise::nearest(&value.text, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it can be {}", known.join(", ")),
            };
            self.error(Code::OptionValue, value.span, message, Some(&hint));
        }
        choice
    }

    /// `(name:type, …)` or `(*, name:type)`.
    pub(super) fn row_schema(&mut self) -> RowSchema {
        let start = self.span();
        let mut schema = RowSchema { star: false, columns: Vec::new(), span: start };
        if !self.need(Token::LeftParen, "`(`", "before the columns") {
            return schema;
        }
        while !matches!(self.peek(), Token::RightParen | Token::End | Token::Semicolon) {
            let before = self.at;
            if self.eat(Token::Star) {
                schema.star = true;
            } else {
                schema.columns.push(self.column_decl());
            }
            if !self.eat(Token::Comma) || self.at == before {
                break;
            }
        }
        self.close(Token::RightParen, start);
        schema.span = self.since(start);
        schema
    }

    /// `(name:type, …)`.
    pub(super) fn columns(&mut self) -> Vec<ColumnDecl> {
        let schema = self.row_schema();
        if schema.star {
            self.error(Code::Unexpected, schema.span, "`*` has no meaning in this list of columns", None);
        }
        schema.columns
    }

    pub(super) fn column_decl(&mut self) -> ColumnDecl {
        let start = self.span();
        let name = self.name("the name of a column");
        self.need(Token::Colon, "`:` and a type", "after the name of a column");
        let ty = self.type_ref();
        ColumnDecl { name, ty, span: self.since(start) }
    }

    pub(super) fn type_ref(&mut self) -> TypeRef {
        let span = self.span();
        let word = self.word_at(0);
        if let Some(ty) = ScalarType::from_name(word) {
            self.bump();
            return TypeRef { ty, span };
        }
        let hint = match super::advise::nearest(word, TYPES) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("types are {}", TYPES.join(", ")),
        };
        let message = format!("expected a type, not {}", self.found());
        self.error_here(Code::ExpectedType, message, Some(&hint));
        if self.at(Token::Word) {
            self.bump();
        }
        TypeRef { ty: ScalarType::Dynamic, span }
    }

    /// `to typeof(type)`.
    pub(super) fn conversion(&mut self) -> Option<TypeRef> {
        if !self.eat_word("to") {
            return None;
        }
        if !self.need_word("typeof", "to") {
            return None;
        }
        let open = self.span();
        if !self.need(Token::LeftParen, "`(`", "after `typeof`") {
            return None;
        }
        let ty = self.type_ref();
        self.close(Token::RightParen, open);
        Some(ty)
    }

    /// Texts that stand side by side, as one.
    pub(super) fn texts(&mut self) -> StringLiteral {
        let mut literal = StringLiteral { value: String::new(), obfuscated: false };
        while self.at(Token::Text) {
            let span = self.bump().span();
            literal.obfuscated |= span.text(self.text).starts_with(['h', 'H']);
            literal.value.push_str(&self.unquote(span));
        }
        literal
    }
}

const TYPES: &[&str] = &["bool", "datetime", "decimal", "dynamic", "guid", "int", "long", "real", "string", "timespan"];
