//! Graph operators.

use super::Parser;
use crate::ast::{
    Expr, ExprKind, GraphDirection, GraphEdge, GraphMatch, GraphNode, GraphPath, GraphTable, MakeGraph, OperatorKind,
};
use crate::diagnostic::Code;
use crate::token::Token;

impl Parser<'_> {
    pub(super) fn make_graph(&mut self) -> OperatorKind {
        self.hints(&[]);
        let source = self.name("the column of the source");
        for token in [Token::Minus, Token::Minus, Token::Greater] {
            if !self.need(token, "`-->`", "between source and target") {
                break;
            }
        }
        let target = self.name("the column of the target");
        let mut graph = MakeGraph { source, target, nodes: Vec::new(), node_id: None, partition: None };
        if self.eat_word("with") {
            graph.nodes = self.commas(|parser| {
                let table = parser.entity_pipeline();
                parser.need_word("on", "the nodes of `make-graph`");
                (table, parser.name("the id column of the nodes"))
            });
        }
        let mut options = self.hints(&["with_node_id"]);
        graph.node_id = Self::take_option(&mut options, &["with_node_id"]).and_then(|option| self.option_name(option));
        let (name, length) = self.operator_name();
        if name == "partitioned-by" {
            self.at += length;
            let column = self.name("the column to part by");
            graph.partition = Some((column, Box::new(self.subquery("make-graph"))));
        }
        OperatorKind::MakeGraph(Box::new(graph))
    }

    pub(super) fn graph_match(&mut self, shortest: bool) -> OperatorKind {
        let options = self.hints(&["cycles", "output"]);
        let paths = self.commas(Self::graph_path);
        let outer = std::mem::replace(&mut self.condition, true);
        let predicate = self.eat_word("where").then(|| self.expr());
        self.condition = outer;
        let project = if self.eat_word("project") { self.named_exprs() } else { Vec::new() };
        OperatorKind::GraphMatch(Box::new(GraphMatch { shortest, options, paths, predicate, project }))
    }

    fn graph_path(&mut self) -> GraphPath {
        let first = self.graph_node();
        let mut steps = Vec::new();
        while self.at(Token::Minus) || (self.at(Token::Less) && self.ahead(1) == Token::Minus) {
            let before = self.at;
            let edge = self.graph_edge();
            steps.push((edge, self.graph_node()));
            if self.at == before {
                break;
            }
        }
        GraphPath { first, steps }
    }

    fn graph_node(&mut self) -> GraphNode {
        let start = self.span();
        if !self.need(Token::LeftParen, "`(`", "before a node") {
            return GraphNode { name: None, span: start };
        }
        let name = (self.name_length(0) > 0).then(|| self.name("a node"));
        self.close(Token::RightParen, start);
        GraphNode { name, span: self.since(start) }
    }

    fn graph_edge(&mut self) -> GraphEdge {
        let start = self.span();
        let left = self.eat(Token::Less);
        self.need(Token::Minus, "`-`", "in an edge");
        let (mut name, mut length) = (None, None);
        let open = self.span();
        if self.eat(Token::LeftBracket) {
            name = (self.name_length(0) > 0).then(|| self.name("an edge"));
            if self.eat(Token::Star) {
                let least = self.graph_bound();
                let most = if self.eat(Token::DotDot) { self.graph_bound() } else { least.clone() };
                length = Some((least, most));
            }
            self.close(Token::RightBracket, open);
        }
        self.need(Token::Minus, "`-`", "in an edge");
        let right = self.eat(Token::Greater);
        let span = self.since(start);
        if left && right {
            self.error(Code::Unexpected, span, "an edge leads one way", Some("write `--` for either way"));
        }
        let direction = match (left, right) {
            (true, _) => GraphDirection::Left,
            (_, true) => GraphDirection::Right,
            _ => GraphDirection::Any,
        };
        GraphEdge { name, length, direction, span }
    }

    fn graph_bound(&mut self) -> Expr {
        match self.peek() {
            Token::Long => self.operand(),
            _ if self.name_length(0) > 0 => {
                let name = self.name("a number");
                Expr { span: name.span, kind: ExprKind::Name(name) }
            }
            _ => {
                let message = format!("the least and the most steps of an edge must stand here, not {}", self.found());
                self.error_here(Code::MissingPart, message, Some("write `-[e*1..5]->`"));
                Expr { kind: ExprKind::Error, span: self.span() }
            }
        }
    }

    pub(super) fn mark_components(&mut self) -> OperatorKind {
        OperatorKind::GraphMarkComponents(self.hints(&["kind", "with_component_id"]))
    }

    pub(super) fn graph_to_table(&mut self) -> OperatorKind {
        OperatorKind::GraphToTable(self.commas(|parser| {
            let edges = parser.eat_word("edges");
            if !edges {
                parser.need_word("nodes", "graph-to-table");
            }
            let name = parser.eat_word("as").then(|| parser.name("a name for the table"));
            let options = parser.hints(&["with_node_id", "with_source_id", "with_target_id"]);
            GraphTable { edges, name, options }
        }))
    }
}
