//! Graphs: `make-graph`, `graph-match`, `graph-shortest-paths`, `graph-mark-components`, `graph-to-table`.
//!
//! A graph is made in memory, of at most [`MAX_ROWS`] edges and nodes each, when the query is planned; its matches are
//! found there too, within a bound of work. Conditions that speak of one node, one edge, or all edges of a run are
//! applied while searching, all others to what was found.

pub mod data;
pub mod matches;
pub mod rewrite;
pub mod search;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, UInt32Array, new_empty_array};
use arrow::compute::{concat, interleave, take};
use datafusion::logical_expr::LogicalPlanBuilder;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{Expr, ExprKind, GraphTable, MakeGraph, Name, Pipeline, Property};

use super::datatable::of_arrays;
use super::plugins::timeline::numbered;
use crate::bind::Binder;
use crate::bind::env::{Env, Named};
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::{Relation, nearest};
use crate::plan::rows;
use crate::plan::union::{union, unused};
use crate::types::KqlType;

pub use data::{GraphData, Side};
pub use matches::matched;

/// The column of the nodes' ids, whatever the query calls them.
const ID: &str = "#id";
/// The most edges, and the most rows of a table of nodes.
const MAX_ROWS: usize = 1_000_000;
/// The most parts of a partitioned graph.
const MAX_PARTS: usize = 1_000;

/// A relation that is a graph.
fn relation_of(binder: &Binder, graph: GraphData) -> Relation {
    let mut relation = binder.nowhere();
    relation.graph = Some(Arc::new(graph));
    relation
}

/// The graph that an operator works on.
fn graph_of(input: &Relation, operator: &str, span: Span) -> Bound<Arc<GraphData>> {
    input.graph.clone().ok_or_else(|| {
        Fault::new(codes::WRONG_KIND, span, format!("`{operator}` works on a graph, not on a table"))
            .hint("make a graph with `make-graph` first")
    })
}

/// Applies `make-graph`.
pub fn make(binder: &Binder, input: Relation, graph: &MakeGraph, env: &Env, span: Span) -> Bound<Relation> {
    let edges = load(binder, input, span)?;
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    for (table, id) in &graph.nodes {
        nodes.push((load(binder, binder.table(table, env, None)?, table.span)?, id.clone()));
    }
    let Some((column, body)) = &graph.partition else {
        return Ok(relation_of(binder, build(graph, edges, nodes, span)?));
    };
    partitioned(binder, graph, (&edges, nodes.as_slice()), (column, body.as_ref()), env, span)
}

/// All rows of a table.
fn load(binder: &Binder, relation: Relation, span: Span) -> Bound<Side> {
    if relation.groups.is_some() || relation.graph.is_some() {
        return Err(Fault::unsupported(span, "a graph at this place"));
    }
    let columns: Vec<(String, KqlType)> = relation.visible().map(|c| (c.name.clone(), c.ty)).collect();
    let plan = LogicalPlanBuilder::from(rows::finish(relation, false).at(span)?.plan)
        .limit(0, Some(MAX_ROWS + 1))
        .and_then(LogicalPlanBuilder::build)
        .at(span)?;
    let batches = binder.ask(plan)?;
    let rows: usize = batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
    if rows > MAX_ROWS {
        return Err(Fault::new(codes::EXECUTION, span, format!("a graph has at most {MAX_ROWS} edges and nodes"))
            .hint("filter before `make-graph`"));
    }
    let mut arrays = Vec::with_capacity(columns.len());
    for (at, (_, ty)) in columns.iter().enumerate() {
        let parts: Vec<&dyn Array> = batches.iter().filter_map(|b| b.columns().get(at)).map(AsRef::as_ref).collect();
        arrays.push(if parts.is_empty() {
            new_empty_array(&ty.arrow())
        } else {
            concat(&parts).map_err(Into::into).at(span)?
        });
    }
    Ok(Side { columns, arrays, rows })
}

fn find<'s>(side: &'s Side, name: &Name) -> Bound<(KqlType, &'s ArrayRef)> {
    side.find(&name.text).ok_or_else(|| {
        let hint = nearest(&name.text, side.columns.iter().map(|(n, _)| n.as_str()));
        Fault::new(codes::UNKNOWN_NAME, name.span, format!("no column is named `{}`", name.text))
            .maybe_hint(hint.map(|n| format!("did you mean `{n}`?")))
    })
}

/// Puts a graph together.
fn build(graph: &MakeGraph, edges: Side, nodes: Vec<(Side, Name)>, span: Span) -> Bound<GraphData> {
    let (ty, source) = find(&edges, &graph.source)?;
    let (target_ty, target) = find(&edges, &graph.target)?;
    let clash = |other: KqlType, place: Span| {
        Fault::new(codes::WRONG_TYPE, place, format!("the ids of a graph have one type; here are `{ty}` and `{other}`"))
    };
    if target_ty != ty {
        return Err(clash(target_ty, graph.target.span));
    }
    // Ids in the order in which they are met: tables of nodes, then the ends of the edges.
    let mut parts: Vec<ArrayRef> = Vec::with_capacity(nodes.len() + 1);
    for (side, id) in &nodes {
        let (id_ty, ids) = find(side, id)?;
        if id_ty != ty {
            return Err(clash(id_ty, id.span));
        }
        parts.push(Arc::clone(ids));
    }
    let both: Vec<(usize, usize)> = (0..edges.rows).flat_map(|row| [(0, row), (1, row)]).collect();
    if edges.rows > 0 {
        parts.push(interleave(&[source.as_ref(), target.as_ref()], &both).map_err(Into::into).at(span)?);
    }
    let all: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let all = if all.is_empty() { new_empty_array(&ty.arrow()) } else { concat(&all).map_err(Into::into).at(span)? };
    let (numbers, firsts) = numbered(&[Arc::clone(&all)], all.len()).at(span)?;
    let count = firsts.len();
    let ids = take(&all, &UInt32Array::from(firsts), None).map_err(Into::into).at(span)?;
    // Where each node stands in each table.
    let mut at = 0;
    let mut places: Vec<Vec<Option<usize>>> = Vec::with_capacity(nodes.len());
    for (side, _) in &nodes {
        let mut place = vec![None; count];
        for (row, number) in numbers.iter().skip(at).take(side.rows).enumerate() {
            if let Some(slot) = place.get_mut(*number as usize).filter(|slot| slot.is_none()) {
                *slot = Some(row);
            }
        }
        at += side.rows;
        places.push(place);
    }
    let ends: Vec<(u32, u32)> = numbers
        .iter()
        .skip(at)
        .copied()
        .collect::<Vec<u32>>()
        .chunks(2)
        .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
        .collect();
    let mut made = Side { rows: count, ..Side::default() };
    for (side, _) in &nodes {
        for (name, column_ty) in &side.columns {
            if made.find(name).is_none() {
                made.set(name, *column_ty, property(&nodes, &places, name, *column_ty, count, span)?);
            }
        }
    }
    if let Some(name) = nodes.first().map(|(_, id)| id).or(graph.node_id.as_ref()) {
        made.set(&name.text, ty, Arc::clone(&ids));
    }
    made.set(ID, ty, ids);
    let mut graph = GraphData { nodes: made, edges, ends };
    graph.count_degrees();
    Ok(graph)
}

/// A property of all nodes: from the first table that has the node.
fn property(
    nodes: &[(Side, Name)],
    places: &[Vec<Option<usize>>],
    name: &str,
    ty: KqlType,
    count: usize,
    span: Span,
) -> Bound<ArrayRef> {
    let missing = ty.missing().to_array_of_size(1).at(span)?;
    let mut arrays: Vec<&dyn Array> = vec![missing.as_ref()];
    let mut tables = Vec::new();
    for ((side, id), place) in nodes.iter().zip(places) {
        match side.find(name) {
            Some((found, array)) if found == ty => {
                tables.push((arrays.len(), place));
                arrays.push(array.as_ref());
            }
            Some((found, _)) => {
                return Err(Fault::new(
                    codes::WRONG_TYPE,
                    id.span,
                    format!("the property `{name}` of the nodes is `{ty}` in one table and `{found}` in another"),
                ));
            }
            None => {}
        }
    }
    let rows: Vec<(usize, usize)> = (0..count)
        .map(|node| {
            let found = tables.iter().find_map(|(at, place)| Some((*at, place.get(node).copied().flatten()?)));
            found.unwrap_or((0, 0))
        })
        .collect();
    if rows.is_empty() {
        return Ok(new_empty_array(&ty.arrow()));
    }
    interleave(&arrays, &rows).map_err(Into::into).at(span)
}

/// Some rows of a side.
fn some(side: &Side, rows: &[u32], span: Span) -> Bound<Side> {
    let indices = UInt32Array::from(rows.to_vec());
    let mut arrays = Vec::with_capacity(side.arrays.len());
    for array in &side.arrays {
        arrays.push(take(array, &indices, None).map_err(Into::into).at(span)?);
    }
    Ok(Side { columns: side.columns.clone(), arrays, rows: rows.len() })
}

/// `partitioned-by`: the operators of the body on the graph of each value of a column.
fn partitioned(
    binder: &Binder,
    graph: &MakeGraph,
    (edges, nodes): (&Side, &[(Side, Name)]),
    (column, body): (&Name, &Pipeline),
    env: &Env,
    span: Span,
) -> Bound<Relation> {
    let (ty, of_edges) = find(edges, column)?;
    let mut parts = vec![Arc::clone(of_edges)];
    for (side, _) in nodes {
        let (found, array) = find(side, column)?;
        if found != ty {
            return Err(Fault::wrong_type(column.span, "the column to part by", &format!("`{ty}`"), found));
        }
        parts.push(Arc::clone(array));
    }
    let arrays: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let all = concat(&arrays).map_err(Into::into).at(span)?;
    let (numbers, firsts) = numbered(&[Arc::clone(&all)], all.len()).at(span)?;
    if firsts.len() > MAX_PARTS {
        return Err(Fault::new(codes::EXECUTION, span, format!("a graph has at most {MAX_PARTS} parts")));
    }
    // The rows of each side that belong to each part.
    let mut at = 0;
    let mut sorted: Vec<Vec<Vec<u32>>> = Vec::with_capacity(parts.len());
    for part in &parts {
        let mut rows = vec![Vec::new(); firsts.len()];
        for (row, number) in numbers.iter().skip(at).take(part.len()).enumerate() {
            if let Some(list) = rows.get_mut(*number as usize) {
                list.push(row as u32);
            }
        }
        at += part.len();
        sorted.push(rows);
    }
    let mut results = Vec::new();
    // Without any part the body still tells the columns.
    for number in 0..firsts.len().max(1) {
        let mut sides = sorted.iter().map(|rows| rows.get(number).map(Vec::as_slice).unwrap_or_default());
        let own_edges = some(edges, sides.next().unwrap_or_default(), span)?;
        let mut own_nodes = Vec::with_capacity(nodes.len());
        for ((side, id), rows) in nodes.iter().zip(sides) {
            own_nodes.push((some(side, rows, span)?, id.clone()));
        }
        let own = relation_of(binder, build(graph, own_edges, own_nodes, span)?);
        let result = binder.table(body, env, Some(&own))?;
        if result.graph.is_some() {
            return Err(Fault::new(codes::WRONG_KIND, body.span, "the body of `partitioned-by` must end in a table"));
        }
        results.push((String::new(), result));
    }
    union(results, false, None, &binder.fresh).at(span)
}

/// Applies `graph-mark-components`.
pub fn mark(binder: &Binder, input: &Relation, options: &[Property], span: Span) -> Bound<Relation> {
    let mut graph = (*graph_of(input, "graph-mark-components", span)?).clone();
    let (mut strong, mut name) = (false, "ComponentId");
    for option in options {
        match (option.name.as_str(), word(&option.value)) {
            ("kind", Some("weak")) => strong = false,
            ("kind", Some("strong")) => strong = true,
            ("with_component_id", Some(word)) => name = word,
            (other, _) if other.starts_with("hint.") => {}
            _ => {
                return Err(Fault::new(
                    codes::OPTION,
                    option.span,
                    "the options of `graph-mark-components` are `kind=weak`, `kind=strong` and `with_component_id`",
                ));
            }
        }
    }
    let ids = graph.components(strong);
    graph.nodes.set(name, KqlType::Long, Arc::new(Int64Array::from(ids)));
    Ok(relation_of(binder, graph))
}

/// The word of an option.
fn word(value: &Expr) -> Option<&str> {
    match &value.kind {
        ExprKind::Name(name) => Some(&name.text),
        ExprKind::Literal(postern_kql_syntax::ast::Literal::String(text)) => Some(&text.value),
        _ => None,
    }
}

/// The hash of each node's id: what `hash()` gives for it.
fn hashes(binder: &Binder, graph: &GraphData, span: Span) -> Bound<ArrayRef> {
    let mut ids = Side { rows: graph.nodes.rows, ..Side::default() };
    if let Some((ty, array)) = graph.nodes.find(ID) {
        ids.set(ID, ty, Arc::clone(array));
    }
    ids.compute(binder, span, |columns| binder.builtin("hash", columns, span))
}

/// Applies `graph-to-table`; a table that is given a name is among the names from there on.
pub fn to_table(
    binder: &Binder,
    input: &Relation,
    tables: &[GraphTable],
    env: &Env,
    span: Span,
) -> Bound<(Relation, Env)> {
    let graph = graph_of(input, "graph-to-table", span)?;
    let [table] = tables else {
        return Err(Fault::unsupported(span, "`graph-to-table` with several tables")
            .hint("write one query for `nodes` and one for `edges`"));
    };
    let side = if table.edges { &graph.edges } else { &graph.nodes };
    let (mut columns, mut arrays) = (Vec::new(), Vec::new());
    for option in &table.options {
        let (Some(name), true) = (word(&option.value), (option.name == "with_node_id") != table.edges) else {
            return Err(Fault::new(codes::OPTION, option.span, "this option is not one of this table")
                .hint("nodes have `with_node_id`, edges have `with_source_id` and `with_target_id`"));
        };
        let rows = match option.name.as_str() {
            "with_source_id" => graph.ends.iter().map(|(source, _)| *source).collect(),
            "with_target_id" => graph.ends.iter().map(|(_, target)| *target).collect(),
            _ => (0..graph.nodes.rows as u32).collect::<Vec<u32>>(),
        };
        let hashes = hashes(binder, &graph, option.span)?;
        columns.push((name.to_owned(), KqlType::Long));
        arrays.push(take(&hashes, &UInt32Array::from(rows), None).map_err(Into::into).at(option.span)?);
    }
    let mut taken: Vec<String> = columns.iter().map(|(n, _)| n.clone()).collect();
    for ((name, ty), array) in side.visible() {
        let name = unused(name, &taken);
        taken.push(name.clone());
        columns.push((name, *ty));
        arrays.push(Arc::clone(array));
    }
    if columns.is_empty() {
        return Err(Fault::new(codes::WRONG_KIND, span, "the nodes of this graph have no properties")
            .hint("name their id: `make-graph a --> b with_node_id=name`"));
    }
    let mut relation = of_arrays(binder, &columns, vec![arrays], span)?;
    relation.serialized = false;
    let env = match &table.name {
        Some(name) => env.with(&name.text, Named::Table(Box::new(relation.clone()))),
        None => env.clone(),
    };
    Ok((relation, env))
}
