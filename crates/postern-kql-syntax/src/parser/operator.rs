//! Operators behind a bar.

use super::Parser;
use super::advise;
use crate::ast::{
    BagExpansion, Call, Expr, ExprKind, ForkBranch, MakeSeries, MvApply, MvColumn, MvExpand, Name, NamePattern,
    NamedExpr, Operator, OperatorKind, Parse, ParseItem, ParseKind, ParseKv, Partition, Pipeline, Property, Rename,
    Render, ReorderColumn, ReorderOrder, ScalarType, SeriesAggregate, SortKey, Source, Span, Summarize, Target,
    TopNested,
};
use crate::diagnostic::Code;
use crate::token::Token;

impl Parser<'_> {
    pub(super) fn operator(&mut self) -> Operator {
        let start = self.span();
        let outer = (self.searching, self.condition, self.no_in);
        (self.searching, self.condition, self.no_in) = (false, false, false);
        let kind = if self.enter() { self.operator_kind() } else { OperatorKind::Error };
        self.leave();
        (self.searching, self.condition, self.no_in) = outer;
        Operator { kind, span: self.since(start) }
    }

    fn operator_kind(&mut self) -> OperatorKind {
        if !self.at(Token::Word) {
            let message = format!("expected an operator after `|`, not {}", self.found());
            let hint = matches!(self.peek(), Token::End | Token::Bar)
                .then_some("remove the bar, or write an operator such as `where`");
            self.error_here(Code::UnknownOperator, message, hint);
            return OperatorKind::Error;
        }
        let start = self.span();
        let (name, length) = self.operator_name();
        let known = advise::OPERATORS.contains(&name.as_str());
        if advise::UNSUPPORTED.contains(&name.as_str()) || (name.starts_with("graph-") && !known) {
            return OperatorKind::Unsupported(self.unsupported(&name, start, Self::skip_to_bar));
        }
        if advise::OPERATORS.contains(&name.as_str()) {
            self.at += length;
            return self.known_operator(&name);
        }
        self.unknown_operator(&name, length)
    }

    /// Reports an operator that does not exist, and reads on as the one most likely meant.
    fn unknown_operator(&mut self, name: &str, length: usize) -> OperatorKind {
        let near = advise::nearest(name, advise::OPERATORS);
        let hint = match (advise::foreign(name), near) {
            (Some(foreign), _) => Some(foreign.to_owned()),
            (None, Some(near)) => Some(format!("did you mean `{near}`?")),
            (None, None) => None,
        };
        let code = if advise::foreign(name).is_some() {
            Code::Sql
        } else if advise::OPERATORS.contains(&name.to_ascii_lowercase().as_str()) {
            Code::Case
        } else {
            Code::UnknownOperator
        };
        let end = self.lexeme(length - 1).span();
        let message = format!("there is no operator `{name}`");
        self.error(code, self.span().to(end), message, hint.as_deref());
        self.last_error = Some(self.lexeme(0).start);
        match near {
            Some(near) if code != Code::Sql => {
                self.at += length;
                self.known_operator(near)
            }
            _ => {
                self.skip_to_bar();
                OperatorKind::Error
            }
        }
    }

    /// Reads the operator whose name was just taken.
    fn known_operator(&mut self, name: &str) -> OperatorKind {
        // One function each, so that nested operators do not stack the room of all of them.
        let read: fn(&mut Self) -> OperatorKind = match name {
            "as" => Self::as_operator,
            "assert-schema" => |parser| OperatorKind::AssertSchema(parser.row_schema()),
            "consume" => |parser| OperatorKind::Consume(parser.hints(&["decodeblocks"])),
            "count" => Self::count,
            "distinct" => Self::distinct,
            "evaluate" => |parser| OperatorKind::Evaluate(parser.evaluate()),
            "extend" => |parser| OperatorKind::Extend(parser.named_exprs()),
            "facet" => Self::facet,
            "fork" => Self::fork,
            "getschema" => |_| OperatorKind::GetSchema,
            "graph-mark-components" => Self::mark_components,
            "graph-match" => |parser| parser.graph_match(false),
            "graph-shortest-paths" => |parser| parser.graph_match(true),
            "graph-to-table" => Self::graph_to_table,
            "invoke" => |parser| OperatorKind::Invoke(parser.required_call("invoke")),
            "join" => |parser| OperatorKind::Join(parser.join()),
            "limit" | "take" => Self::take,
            "lookup" => |parser| OperatorKind::Lookup(parser.lookup()),
            "make-graph" => Self::make_graph,
            "make-series" => |parser| OperatorKind::MakeSeries(parser.make_series()),
            "mv-apply" | "mvapply" => |parser| OperatorKind::MvApply(parser.mv_apply()),
            "mv-expand" => |parser| OperatorKind::MvExpand(parser.mv_expand(false)),
            "mvexpand" => |parser| OperatorKind::MvExpand(parser.mv_expand(true)),
            "order" => |parser| parser.sort("order"),
            "sort" => |parser| parser.sort("sort"),
            "parse" => |parser| OperatorKind::Parse(parser.parse_operator(false)),
            "parse-where" => |parser| OperatorKind::Parse(parser.parse_operator(true)),
            "parse-kv" => |parser| OperatorKind::ParseKv(parser.parse_kv()),
            "partition" => |parser| OperatorKind::Partition(parser.partition(true)),
            "partition-by" => |parser| OperatorKind::Partition(parser.partition(false)),
            "project" => |parser| OperatorKind::Project(parser.optional_named_exprs()),
            "project-away" => |parser| OperatorKind::ProjectAway(parser.patterns()),
            "project-by-names" => |parser| OperatorKind::ProjectByNames(parser.commas(Self::expr)),
            "project-keep" => |parser| OperatorKind::ProjectKeep(parser.patterns()),
            "project-rename" => |parser| OperatorKind::ProjectRename(parser.commas(Self::rename)),
            "project-reorder" => |parser| OperatorKind::ProjectReorder(parser.commas(Self::reorder)),
            "reduce" => Self::reduce,
            "render" => |parser| OperatorKind::Render(parser.render()),
            "sample" => |parser| OperatorKind::Sample(parser.expr()),
            "sample-distinct" => Self::sample_distinct,
            "scan" => |parser| OperatorKind::Scan(Box::new(parser.scan())),
            "search" => |parser| OperatorKind::Search(Box::new(parser.search())),
            "serialize" => |parser| {
                parser.hints(&[]);
                OperatorKind::Serialize(parser.optional_named_exprs())
            },
            "summarize" => |parser| OperatorKind::Summarize(parser.summarize()),
            "top" => Self::top,
            "top-hitters" => Self::top_hitters,
            "top-nested" => Self::top_nested,
            "union" => |parser| OperatorKind::Union(parser.union()),
            _ => Self::where_operator,
        };
        read(self)
    }

    fn as_operator(&mut self) -> OperatorKind {
        let hints = self.hints(&[]);
        OperatorKind::As { name: self.name("a name for the rows"), hints }
    }

    /// `count`; with `as name` it is `summarize name = count()`.
    fn count(&mut self) -> OperatorKind {
        if !self.at_word("as") || self.name_length(1) == 0 {
            return OperatorKind::Count;
        }
        let start = self.bump().span();
        let name = self.name("a name for the number");
        let span = self.since(start);
        let function = Name { text: "count".to_owned(), quoted: false, span };
        let expr = Expr { kind: ExprKind::Call(Call { name: function, args: Vec::new(), span }), span };
        let number = NamedExpr { target: Target::Name(name), expr, span };
        OperatorKind::Summarize(Summarize { aggregates: vec![number], by: Vec::new(), bin: None, hints: Vec::new() })
    }

    fn take(&mut self) -> OperatorKind {
        self.hints(&[]);
        if self.at_end_of_operator() {
            let message = format!("expected a number of rows, not {}", self.found());
            self.error_here(Code::MissingPart, message, Some("write `take 10`"));
        }
        OperatorKind::Take(self.expr())
    }

    fn where_operator(&mut self) -> OperatorKind {
        self.hints(&[]);
        self.condition = true;
        OperatorKind::Where(self.expr())
    }

    fn sample_distinct(&mut self) -> OperatorKind {
        let count = self.expr();
        self.need_word("of", "sample-distinct");
        OperatorKind::SampleDistinct { count, of: self.expr() }
    }

    fn top_hitters(&mut self) -> OperatorKind {
        let count = self.expr();
        self.need_word("of", "top-hitters");
        let of = self.expr();
        let by = self.eat_word("by").then(|| self.expr());
        OperatorKind::TopHitters { count, of, by }
    }

    fn optional_named_exprs(&mut self) -> Vec<NamedExpr> {
        if self.at_end_of_operator() { Vec::new() } else { self.named_exprs() }
    }

    fn at_end_of_operator(&self) -> bool {
        matches!(
            self.peek(),
            Token::Bar | Token::End | Token::Semicolon | Token::RightParen | Token::RightBrace | Token::RightBracket
        )
    }

    fn patterns(&mut self) -> Vec<NamePattern> {
        self.commas(|parser| parser.name_pattern("a column"))
    }

    fn rename(&mut self) -> Rename {
        let start = self.span();
        let new = self.name("the new name");
        self.need(Token::Assign, "`=` and the old name", "after the new name");
        let old = self.name("the old name");
        Rename { new, old, span: self.since(start) }
    }

    fn reorder(&mut self) -> ReorderColumn {
        let pattern = self.name_pattern("a column");
        let (name, length) = self.operator_name();
        let order = match name.as_str() {
            "asc" => ReorderOrder::Asc,
            "desc" => ReorderOrder::Desc,
            "granny-asc" => ReorderOrder::GrannyAsc,
            "granny-desc" => ReorderOrder::GrannyDesc,
            _ => return ReorderColumn { pattern, order: None },
        };
        self.at += length;
        ReorderColumn { pattern, order: Some(order) }
    }

    fn distinct(&mut self) -> OperatorKind {
        let hints = self.hints(&[]);
        let star = self.span();
        let columns = if self.eat(Token::Star) {
            vec![Expr { kind: ExprKind::Star, span: star }]
        } else {
            self.commas(Self::expr)
        };
        OperatorKind::Distinct { columns, hints }
    }

    fn facet(&mut self) -> OperatorKind {
        self.need_word("by", "facet");
        let by = self.commas(Self::expr);
        if !self.eat_word("with") {
            return OperatorKind::Facet { by, with: None };
        }
        let pipeline = if self.at(Token::LeftParen) {
            self.subquery("facet")
        } else {
            let start = self.span();
            let operators = vec![self.part(Self::operator)];
            let source = Source::Input(Span::new(start.start, start.start));
            Pipeline { source, operators, span: self.since(start) }
        };
        OperatorKind::Facet { by, with: Some(Box::new(pipeline)) }
    }

    fn fork(&mut self) -> OperatorKind {
        let mut branches = Vec::new();
        loop {
            let named = self.name_length(0);
            let name = (named > 0 && self.ahead(named) == Token::Assign).then(|| {
                let name = self.name("the name of a branch");
                self.bump();
                name
            });
            if name.is_none() && !self.at(Token::LeftParen) && !branches.is_empty() {
                return OperatorKind::Fork(branches);
            }
            let before = self.at;
            let pipeline = self.part(|parser| parser.subquery("fork"));
            branches.push(ForkBranch { name, pipeline });
            self.eat(Token::Comma);
            if self.at == before {
                return OperatorKind::Fork(branches);
            }
        }
    }

    fn sort(&mut self, name: &str) -> OperatorKind {
        let hints = self.hints(&[]);
        self.need_word("by", name);
        OperatorKind::Sort { keys: self.commas(Self::sort_key), hints }
    }

    fn top(&mut self) -> OperatorKind {
        let hints = self.hints(&[]);
        let count = self.expr();
        if !self.need_word("by", "top") {
            let span = self.span();
            let expr = Expr { kind: ExprKind::Error, span };
            let value = NamedExpr { target: Target::Auto, expr, span };
            return OperatorKind::Top { count, by: SortKey { value, order: None, nulls: None, span }, hints };
        }
        OperatorKind::Top { count, by: self.sort_key(), hints }
    }

    fn top_nested(&mut self) -> OperatorKind {
        let mut levels = Vec::new();
        loop {
            levels.push(self.part(Self::top_nested_level));
            if !self.eat(Token::Comma) {
                return OperatorKind::TopNested(levels);
            }
            match self.operator_name() {
                (name, length) if name == "top-nested" => self.at += length,
                _ => {
                    self.error_here(Code::MissingPart, "every level starts with `top-nested`", None);
                    return OperatorKind::TopNested(levels);
                }
            }
        }
    }

    fn top_nested_level(&mut self) -> TopNested {
        let start = self.span();
        let count = (!self.at_word("of")).then(|| self.expr());
        self.need_word("of", "top-nested");
        let of = self.named_expr();
        let others = self.eat_word("with").then(|| {
            self.need_word("others", "with");
            self.need(Token::Assign, "`=`", "after `others`");
            self.expr()
        });
        self.need_word("by", "top-nested");
        let by = self.named_expr();
        let order = self.sort_order();
        TopNested { count, of, others, by, order, span: self.since(start) }
    }

    fn summarize(&mut self) -> Summarize {
        let hints = self.hints(&[]);
        let aggregates = if self.at_word("by") || self.at_end_of_operator() { Vec::new() } else { self.named_exprs() };
        let (mut by, mut bin) = (Vec::new(), None);
        if self.eat_word("by") {
            by = self.named_exprs();
            if self.at_word("bin") && self.ahead(1) == Token::Assign {
                self.bump();
                self.bump();
                bin = Some(self.expr());
            }
        } else if aggregates.is_empty() {
            let hint = Some("write `summarize count() by column`");
            self.error_here(Code::MissingPart, "`summarize` needs aggregates, `by` and columns, or both", hint);
        }
        Summarize { aggregates, by, bin, hints }
    }

    fn mv_columns(&mut self) -> Vec<MvColumn> {
        self.commas(|parser| {
            let start = parser.span();
            let value = parser.named_expr();
            let to = parser.conversion();
            MvColumn { value, to, span: parser.since(start) }
        })
    }

    fn mv_expand(&mut self, older: bool) -> MvExpand {
        let mut hints = self.hints(&["bagexpansion", "kind", "with_itemindex"]);
        let bag = |word: &str| match word {
            "bag" => Some(BagExpansion::Bag),
            "array" => Some(BagExpansion::Array),
            _ => None,
        };
        let bag_expansion = self
            .choice(&mut hints, "bagexpansion", bag, &["bag", "array"])
            .or_else(|| self.choice(&mut hints, "kind", bag, &["bag", "array"]));
        let item_index = Self::take_option(&mut hints, &["with_itemindex"]).and_then(|option| self.option_name(option));
        let columns = self.mv_columns();
        let limit = self.eat_word("limit").then(|| self.expr());
        MvExpand { older, bag_expansion, item_index, hints, columns, limit }
    }

    fn mv_apply(&mut self) -> Box<MvApply> {
        let mut hints = self.hints(&["with_itemindex"]);
        let item_index = Self::take_option(&mut hints, &["with_itemindex"]).and_then(|option| self.option_name(option));
        let columns = self.mv_columns();
        let limit = self.eat_word("limit").then(|| self.expr());
        if self.at_word("id") && matches!(self.ahead(1), Token::Typed(ScalarType::Guid)) {
            self.bump();
            self.bump();
        }
        self.need_word("on", "mv-apply");
        let subquery = self.subquery("mv-apply");
        Box::new(MvApply { item_index, hints, columns, limit, subquery })
    }

    fn make_series(&mut self) -> Box<MakeSeries> {
        let mut properties = self.hints(&[]);
        if self.at_word("kind") && self.ahead(1) == Token::Assign && self.word_at(2) == "nonempty" {
            properties.extend(self.hints(&["kind"]));
        }
        let aggregates = self.commas(|parser| {
            let start = parser.span();
            let value = parser.named_expr();
            let default = (parser.at_word("default") && parser.ahead(1) == Token::Assign).then(|| {
                parser.bump();
                parser.bump();
                parser.expr()
            });
            SeriesAggregate { value, default, span: parser.since(start) }
        });
        self.need_word("on", "make-series");
        self.no_in = true;
        let on = self.named_expr();
        self.no_in = false;
        let (mut from, mut to, mut step, mut in_range) = (None, None, None, false);
        loop {
            match self.word_at(0) {
                "from" if from.is_none() => {
                    self.bump();
                    from = Some(self.expr());
                }
                "to" if to.is_none() => {
                    self.bump();
                    to = Some(self.expr());
                }
                "step" if step.is_none() => {
                    self.bump();
                    step = Some(self.expr());
                }
                "in" if self.word_at(1) == "range" && step.is_none() => {
                    self.bump();
                    self.bump();
                    in_range = true;
                    let open = self.span();
                    if self.need(Token::LeftParen, "`(`", "after `in range`") {
                        let mut bounds = self.list(Token::RightParen, Self::expr).into_iter();
                        (from, to, step) = (bounds.next(), bounds.next(), bounds.next());
                        self.close(Token::RightParen, open);
                    }
                }
                _ => break,
            }
        }
        let step = step.unwrap_or_else(|| {
            let message = format!("`make-series` needs `step` and the size of a bin, not {}", self.found());
            self.error_here(Code::MissingPart, message, Some("write `on Time from a to b step 1d`"));
            Expr { kind: ExprKind::Error, span: self.span() }
        });
        let by = if self.eat_word("by") { self.named_exprs() } else { Vec::new() };
        Box::new(MakeSeries { properties, aggregates, on, from, to, step, in_range, by })
    }

    fn parse_operator(&mut self, filter: bool) -> Box<Parse> {
        let mut options = self.hints(&["kind", "flags"]);
        let kind = self.choice(
            &mut options,
            "kind",
            |word| match word {
                "simple" => Some(ParseKind::Simple),
                "regex" => Some(ParseKind::Regex),
                "relaxed" => Some(ParseKind::Relaxed),
                _ => None,
            },
            &["simple", "regex", "relaxed"],
        );
        let flags = Self::take_option(&mut options, &["flags"])
            .and_then(|option| self.option_name(option))
            .map(|flags| flags.text);
        let expr = self.expr();
        self.need_word("with", if filter { "parse-where" } else { "parse" });
        let mut pattern = Vec::new();
        loop {
            let span = self.span();
            match self.peek() {
                Token::Star => {
                    self.bump();
                    pattern.push(ParseItem::Star(span));
                }
                Token::Text => {
                    let text = self.texts().value;
                    pattern.push(ParseItem::Text(text, self.since(span)));
                }
                _ if self.at_name() && !self.missing_bar_in_pattern() => {
                    let name = self.name("a column");
                    let ty = self.eat(Token::Colon).then(|| self.type_ref());
                    pattern.push(ParseItem::Column { name, ty });
                }
                _ => break,
            }
        }
        if pattern.is_empty() {
            let message = format!("expected a pattern of texts, columns and `*`, not {}", self.found());
            self.error_here(Code::MissingPart, message, None);
        }
        Box::new(Parse { filter, kind, flags, expr, pattern })
    }

    /// Whether what looks like a column of a pattern is an operator whose bar was left out.
    fn missing_bar_in_pattern(&self) -> bool {
        advise::is_operator(&self.operator_name().0)
            && !matches!(self.ahead(1), Token::Text | Token::Star | Token::Colon | Token::Bar | Token::End)
    }

    fn parse_kv(&mut self) -> Box<ParseKv> {
        let expr = self.expr();
        self.need_word("as", "parse-kv");
        let columns = self.columns();
        let properties = if self.at_word("with") { self.with_properties() } else { Vec::new() };
        Box::new(ParseKv { expr, columns, properties })
    }

    fn partition(&mut self, with_by: bool) -> Box<Partition> {
        let mut hints = self.hints(&[]);
        if with_by {
            self.need_word("by", "partition");
        }
        let by = self.path();
        hints.extend(self.hints(&[]));
        if !self.at(Token::LeftBrace) {
            return Box::new(Partition { hints, by, body: self.subquery("partition"), braces: false });
        }
        let open = self.bump().span();
        let body = self.pipeline();
        self.close(Token::RightBrace, open);
        Box::new(Partition { hints, by, body, braces: true })
    }

    fn reduce(&mut self) -> OperatorKind {
        let mut properties = self.hints(&["kind"]);
        self.need_word("by", "reduce");
        let by = self.expr();
        if self.eat_word("with") {
            properties.extend(self.commas(Self::property));
        }
        OperatorKind::Reduce { by, properties }
    }

    fn render(&mut self) -> Render {
        let kind = self.name("the kind of chart");
        if self.at_word("with") && self.ahead(1) == Token::LeftParen {
            return Render { kind, properties: self.with_properties() };
        }
        let mut properties = Vec::new();
        while self.at(Token::Word) && self.ahead(1) == Token::Assign {
            properties.push(self.property());
            self.eat(Token::Comma);
        }
        if self.at_word("by") {
            let start = self.bump().span();
            let names = self.commas(Self::expr);
            let span = self.since(start);
            let value = Expr { kind: ExprKind::Tuple(names), span };
            properties.push(Property { name: "series".to_owned(), value, span });
        }
        Render { kind, properties }
    }
}
