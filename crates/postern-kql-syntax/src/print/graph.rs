//! Graph operators as text.

use super::Printer;
use crate::ast::{GraphDirection, GraphEdge, GraphMatch, GraphNode, GraphTable, MakeGraph, Property};

impl Printer {
    pub(super) fn make_graph(&mut self, graph: &MakeGraph) {
        self.push("make-graph ");
        self.name(&graph.source);
        self.push(" --> ");
        self.name(&graph.target);
        if !graph.nodes.is_empty() {
            self.push(" with ");
            self.join(&graph.nodes, |printer, (table, id)| {
                printer.table(table);
                printer.push(" on ");
                printer.name(id);
            });
        }
        if let Some(name) = &graph.node_id {
            self.push(" with_node_id=");
            self.name(name);
        }
        if let Some((column, body)) = &graph.partition {
            self.push(" partitioned-by ");
            self.name(column);
            self.push(" ");
            self.parenthesised(body);
        }
    }

    pub(super) fn graph_match(&mut self, graph: &GraphMatch) {
        self.push(if graph.shortest { "graph-shortest-paths" } else { "graph-match" });
        self.hints(&graph.options);
        self.push(" ");
        self.join(&graph.paths, |printer, path| {
            printer.graph_node(&path.first);
            for (edge, node) in &path.steps {
                printer.graph_edge(edge);
                printer.graph_node(node);
            }
        });
        if let Some(predicate) = &graph.predicate {
            self.push(" where ");
            self.expr(predicate);
        }
        if !graph.project.is_empty() {
            self.push(" project ");
            self.join(&graph.project, Self::named);
        }
    }

    fn graph_node(&mut self, node: &GraphNode) {
        self.push("(");
        if let Some(name) = &node.name {
            self.name(name);
        }
        self.push(")");
    }

    fn graph_edge(&mut self, edge: &GraphEdge) {
        self.push(if edge.direction == GraphDirection::Left { "<-" } else { "-" });
        if edge.name.is_some() || edge.length.is_some() {
            self.push("[");
            if let Some(name) = &edge.name {
                self.name(name);
            }
            if let Some((least, most)) = &edge.length {
                self.push("*");
                self.expr(least);
                self.push("..");
                self.expr(most);
            }
            self.push("]");
        }
        self.push(if edge.direction == GraphDirection::Right { "->" } else { "-" });
    }

    pub(super) fn mark_components(&mut self, options: &[Property]) {
        self.push("graph-mark-components");
        self.hints(options);
    }

    pub(super) fn graph_to_table(&mut self, tables: &[GraphTable]) {
        self.push("graph-to-table ");
        self.join(tables, |printer, table| {
            printer.push(if table.edges { "edges" } else { "nodes" });
            if let Some(name) = &table.name {
                printer.push(" as ");
                printer.name(name);
            }
            printer.hints(&table.options);
        });
    }
}
