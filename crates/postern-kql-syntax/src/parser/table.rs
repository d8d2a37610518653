//! Operators that bring in other tables, and the searches.

use super::Parser;
use crate::ast::{
    Evaluate, Expr, ExprKind, Find, FindColumn, FindOutput, Join, JoinKind, Literal, Lookup, Pipeline, Search, Source,
    Union, UnionKind,
};
use crate::diagnostic::Code;
use crate::token::Token;

const JOINS: &[&str] = &[
    "innerunique",
    "inner",
    "leftouter",
    "rightouter",
    "fullouter",
    "leftsemi",
    "rightsemi",
    "leftanti",
    "rightanti",
    "anti",
    "leftantisemi",
    "rightantisemi",
];

impl Parser<'_> {
    pub(super) fn join(&mut self) -> Box<Join> {
        let mut hints = self.hints(&["kind", "withsource"]);
        let kind = self.choice(&mut hints, "kind", JoinKind::from_name, JOINS);
        let right = self.joined("join");
        let on = self.on("join");
        Box::new(Join { kind, hints, right, on })
    }

    pub(super) fn lookup(&mut self) -> Box<Lookup> {
        let mut hints = self.hints(&["kind"]);
        let kinds =
            |word: &str| JoinKind::from_name(word).filter(|kind| matches!(kind, JoinKind::Inner | JoinKind::LeftOuter));
        let kind = self.choice(&mut hints, "kind", kinds, &["leftouter", "inner"]);
        let right = self.joined("lookup");
        let on = self.on("lookup");
        Box::new(Lookup { kind, hints, right, on })
    }

    /// The table on the right: in parentheses, a name or a call.
    fn joined(&mut self, operator: &str) -> Pipeline {
        if self.at_word("on") || matches!(self.peek(), Token::Bar | Token::End) {
            let message = format!("`{operator}` needs the other table here, not {}", self.found());
            self.error_here(Code::MissingPart, message, Some("write `join (Other | where …) on key`"));
        }
        self.entity_pipeline()
    }

    fn on(&mut self, operator: &str) -> Vec<Expr> {
        if self.at_word("where") {
            self.error_here(
                Code::Unexpected,
                "conditions of a join stand behind `on`",
                Some("filter before or after the join"),
            );
            return Vec::new();
        }
        if !self.eat_word("on") {
            let message = format!("`{operator}` needs `on` and the columns to compare, not {}", self.found());
            self.error_here(Code::MissingPart, message, Some("write `on Key`, or `on $left.a == $right.b`"));
            return Vec::new();
        }
        let outer = std::mem::replace(&mut self.condition, true);
        let on = self.commas(Self::expr);
        self.condition = outer;
        on
    }

    pub(super) fn union(&mut self) -> Union {
        let mut hints = self.hints(&["kind", "withsource", "with_source", "isfuzzy"]);
        let kind = self.choice(
            &mut hints,
            "kind",
            |word| match word {
                "inner" => Some(UnionKind::Inner),
                "outer" => Some(UnionKind::Outer),
                _ => None,
            },
            &["inner", "outer"],
        );
        let with_source =
            Self::take_option(&mut hints, &["withsource", "with_source"]).and_then(|option| self.option_name(option));
        let fuzzy = Self::take_option(&mut hints, &["isfuzzy"]).and_then(|option| {
            if let ExprKind::Literal(Literal::Bool(value)) = option.value.kind {
                Some(value)
            } else {
                self.error(Code::OptionValue, option.value.span, "`isfuzzy` is `true` or `false`", None);
                None
            }
        });
        let parts = self.commas(Self::entity_pipeline);
        Union { kind, with_source, fuzzy, hints, parts }
    }

    /// A table of a list: a name, a name with stars, a call, or a pipeline in parentheses.
    pub(super) fn entity_pipeline(&mut self) -> Pipeline {
        let entity = self.entity();
        match entity.kind {
            ExprKind::Tabular(inner) => *inner,
            _ => Pipeline { span: entity.span, source: Source::Expr(entity), operators: Vec::new() },
        }
    }

    /// A table or database path, stars allowed.
    pub(super) fn entity(&mut self) -> Expr {
        let start = self.span();
        let starred = self.at(Token::Star) || self.at(Token::Word) && self.ahead(1) == Token::Star && self.touches(0);
        if starred {
            let pattern = self.name_pattern("a table");
            return Expr { span: pattern.span, kind: ExprKind::Wildcard(pattern.text) };
        }
        let outer = std::mem::replace(&mut self.starred_path, true);
        let mut entity = self.operand();
        self.starred_path = outer;
        while self.at(Token::Dot) {
            // The operand stops before a star.
            self.bump();
            let pattern = self.name_pattern("a table").text;
            let base = Box::new(entity);
            entity = Expr { kind: ExprKind::MemberWildcard { base, pattern }, span: self.since(start) };
        }
        entity
    }

    /// `in (T1, T2*)`.
    fn in_tables(&mut self) -> Vec<Pipeline> {
        if !(self.at_word("in") && self.ahead(1) == Token::LeftParen) {
            return Vec::new();
        }
        self.bump();
        let open = self.bump().span();
        let tables = self.list(Token::RightParen, Self::listed_table);
        self.close(Token::RightParen, open);
        tables
    }

    fn listed_table(&mut self) -> Pipeline {
        let start = self.span();
        let mut table = self.entity_pipeline();
        if self.at(Token::Bar) {
            table.operators.extend(self.operators());
            table.span = self.since(start);
        }
        table
    }

    pub(super) fn search(&mut self) -> Search {
        let mut options = self.hints(&["kind", "datascope"]);
        let kind = Self::take_option(&mut options, &["kind"]).and_then(|option| self.option_name(option));
        let tables = self.in_tables();
        let outer = (self.searching, self.condition);
        (self.searching, self.condition) = (true, true);
        let predicate = self.expr();
        (self.searching, self.condition) = outer;
        Search { kind, tables, predicate }
    }

    pub(super) fn find(&mut self) -> Find {
        let properties = self.hints(&["withsource", "with_source", "datascope"]);
        let tables = self.in_tables();
        self.eat_word("where");
        let outer = (self.searching, self.condition);
        (self.searching, self.condition) = (true, true);
        let predicate = self.expr();
        (self.searching, self.condition) = outer;
        let output = match self.operator_name() {
            (name, length) if name == "project-smart" => {
                self.at += length;
                FindOutput::Smart
            }
            (name, length) if name == "project-away" => {
                self.at += length;
                FindOutput::ProjectAway(self.commas(|parser| parser.name_pattern("a column")))
            }
            (name, _) if name == "project" => {
                self.bump();
                self.find_columns()
            }
            _ => FindOutput::Smart,
        };
        Find { properties, tables, predicate, output }
    }

    fn find_columns(&mut self) -> FindOutput {
        let (mut columns, mut pack) = (Vec::new(), false);
        loop {
            if matches!(self.word_at(0), "pack" | "pack_all") && self.ahead(1) == Token::LeftParen {
                self.bump();
                let open = self.bump().span();
                self.eat(Token::Star);
                self.close(Token::RightParen, open);
                pack = true;
            } else {
                let name = self.name("a column");
                let ty = self.eat(Token::Colon).then(|| self.type_ref());
                columns.push(FindColumn { name, ty });
            }
            if !self.eat(Token::Comma) {
                return FindOutput::Project { columns, pack };
            }
        }
    }

    pub(super) fn evaluate(&mut self) -> Evaluate {
        let hints = self.hints(&[]);
        let call = self.required_call("evaluate");
        let schema = self.eat(Token::Colon).then(|| self.row_schema());
        Evaluate { hints, call, schema }
    }
}
