//! Graphs: what they are made of, and the patterns that are looked for in them.

use super::{Expr, Name, NamedExpr, Pipeline, Property, Span};

/// `make-graph source --> target with Nodes on id`.
#[derive(Debug, Clone, PartialEq)]
pub struct MakeGraph {
    /// The edge column with the id of the node that an edge starts from.
    pub source: Name,
    /// The edge column with the id of the node that it leads to.
    pub target: Name,
    /// The tables of nodes, each with its id column.
    pub nodes: Vec<(Pipeline, Name)>,
    /// `with_node_id = name`: the column of the ids when there is no table of nodes.
    pub node_id: Option<Name>,
    /// `partitioned-by column ( … )`: the operators run for each value of the column on its own.
    pub partition: Option<(Name, Box<Pipeline>)>,
}

/// `graph-match` and `graph-shortest-paths`.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphMatch {
    /// Only the shortest paths.
    pub shortest: bool,
    /// `cycles=…`, `output=…` and hints.
    pub options: Vec<Property>,
    /// The paths that must all be there.
    pub paths: Vec<GraphPath>,
    /// The condition.
    pub predicate: Option<Expr>,
    /// The columns of the result; empty when `project` is left out.
    pub project: Vec<NamedExpr>,
}

/// `(a)-[e]->(b)<--(c)`.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphPath {
    /// The first node.
    pub first: GraphNode,
    /// The edges, each with the node behind it.
    pub steps: Vec<(GraphEdge, GraphNode)>,
}

/// `(name)` or `()`.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphNode {
    /// The variable.
    pub name: Option<Name>,
    /// Where.
    pub span: Span,
}

/// `-[name*1..5]->` and its other forms.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphEdge {
    /// The variable.
    pub name: Option<Name>,
    /// How often the edge is repeated, least and most; absent means once.
    pub length: Option<(Expr, Expr)>,
    /// Which way it leads, as written.
    pub direction: GraphDirection,
    /// Where.
    pub span: Span,
}

/// Which way an edge leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphDirection {
    /// `-->`.
    Right,
    /// `<--`.
    Left,
    /// `--`.
    Any,
}

/// One item of `graph-to-table`.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphTable {
    /// `edges`; otherwise `nodes`.
    pub edges: bool,
    /// `as name`.
    pub name: Option<Name>,
    /// `with_node_id=…`, `with_source_id=…`, `with_target_id=…`.
    pub options: Vec<Property>,
}
