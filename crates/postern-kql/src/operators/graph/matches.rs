//! `graph-match` and `graph-shortest-paths`: from the pattern to a table of its matches.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringViewBuilder, UInt32Array};
use arrow::compute::take;
use postern_kql_syntax::Span;
use postern_kql_syntax::ast::{
    Expr, ExprKind, GraphDirection, GraphMatch, GraphNode, LogicalOp, Name, NamedExpr, Target,
};

use super::data::{GraphData, Side, mask};
use super::rewrite::{Fold, Needed, Rewriter, Var, own_name};
use super::search::{Cycles, EdgeVar, Hop, MAX_MATCHES, Match, NodeVar, Pattern, Route, matches, shortest};
use super::{graph_of, word};
use crate::bind::Binder;
use crate::bind::env::Env;
use crate::bind::expr::Scope;
use crate::bind::fault::{Bound, Fault, Placed, codes};
use crate::bind::scope::Relation;
use crate::functions::BoundExpr;
use crate::operators::datatable::of_arrays;
use crate::operators::project::project;
use crate::types::{Const, KqlType};

/// The most edges that one edge of a pattern may be repeated to.
const MAX_LENGTH: usize = 128;
/// The most bytes of the lists that a column of matches may hold.
const MAX_LIST_BYTES: usize = 256 << 20;

/// Applies `graph-match` and `graph-shortest-paths`.
pub fn matched(binder: &Binder, input: &Relation, operator: &GraphMatch, env: &Env, span: Span) -> Bound<Relation> {
    let name = if operator.shortest { "graph-shortest-paths" } else { "graph-match" };
    let graph = graph_of(input, name, span)?;
    let (cycles, all) = options(operator)?;
    let mut work = Work { binder, env, graph: &graph, vars: HashMap::new(), span };
    let mut pattern = work.pattern(operator, cycles)?;
    let mut left = Vec::new();
    for condition in operator.predicate.iter().flat_map(conjuncts) {
        if !work.apply(&mut pattern, condition)? {
            left.push(condition);
        }
    }
    let mut rewriter = Rewriter::new(&work.vars);
    let left = left.into_iter().map(|c| rewriter.rewrite(c)).collect::<Bound<Vec<_>>>()?;
    let found = if operator.shortest {
        let of_pair = |needed: &Needed| matches!(needed, Needed::Property(Var::Node(_), _));
        let fits = matches!(pattern.edges.as_slice(), [run] if run.length.0 <= 1)
            && pattern.routes.len() == 1
            && rewriter.needed.iter().all(|(_, n)| of_pair(n));
        if !fits {
            return Err(Fault::unsupported(
                span,
                "`graph-shortest-paths` of another pattern than one edge of variable length from 0 or 1 on",
            ));
        }
        shortest(&graph, &pattern, all)
    } else {
        turn(&mut pattern);
        matches(&graph, &pattern)
    };
    let found = found.map_err(|_| {
        Fault::new(
            codes::EXECUTION,
            span,
            format!("the pattern has too many matches (the limit is {MAX_MATCHES}) or takes too long to search"),
        )
        .hint("make the edges shorter, or say more about nodes and edges in `where`")
    })?;
    let mut items = Vec::new();
    for item in work.items(operator) {
        let target = match (&item.target, own_name(&item.expr, &work.vars)) {
            (Target::Auto, Some(text)) => Target::Name(Name { text, quoted: true, span: item.span }),
            (target, _) => target.clone(),
        };
        items.push(NamedExpr { target, expr: rewriter.rewrite(&item.expr)?, span: item.span });
    }
    let mut relation = work.table(&rewriter.needed, &found)?;
    for condition in &left {
        let holds = binder.condition(condition, &mut Scope::row(&mut relation), env)?;
        relation.map(|plan| plan.filter(holds.expr)).at(span)?;
    }
    let mut result = project(binder, relation, &items, env, span)?;
    result.columns.retain(|c| !c.hidden);
    result.serialized = false;
    Ok(result)
}

fn options(operator: &GraphMatch) -> Bound<(Cycles, bool)> {
    let (mut cycles, mut all) = (Cycles::UniqueEdges, false);
    for option in &operator.options {
        match (option.name.as_str(), word(&option.value)) {
            ("cycles", Some("all")) => cycles = Cycles::All,
            ("cycles", Some("none")) => cycles = Cycles::None,
            ("cycles", Some("unique_edges")) => cycles = Cycles::UniqueEdges,
            ("output", Some("any")) if operator.shortest => all = false,
            ("output", Some("all")) if operator.shortest => all = true,
            (name, _) if name.starts_with("hint.") => {}
            _ => {
                return Err(Fault::new(codes::OPTION, option.span, "this option is not one of the operator").hint(
                    "`cycles` is `all`, `none` or `unique_edges`; `output`, of shortest paths, is `any` or `all`",
                ));
            }
        }
    }
    Ok((cycles, all))
}

/// The conditions that must all hold.
fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Logical { op: LogicalOp::And, operands } => operands.iter().collect(),
        _ => vec![expr],
    }
}

/// Walks the first path from its end when fewer nodes may stand there.
fn turn(pattern: &mut Pattern) {
    let count = |variable: usize| {
        pattern.nodes.get(variable).map_or(0, |v| v.allowed.iter().filter(|allowed| **allowed).count())
    };
    let Some(route) = pattern.routes.first() else { return };
    let Some(last) = route.hops.last().map(|hop| hop.node) else { return };
    if count(last) >= count(route.first) {
        return;
    }
    let before = std::iter::once(route.first).chain(route.hops.iter().map(|hop| hop.node));
    let mut hops: Vec<Hop> = route
        .hops
        .iter()
        .zip(before)
        .map(|(hop, node)| Hop {
            edge: hop.edge,
            node,
            direction: match hop.direction {
                GraphDirection::Right => GraphDirection::Left,
                GraphDirection::Left => GraphDirection::Right,
                GraphDirection::Any => GraphDirection::Any,
            },
            turned: true,
        })
        .collect();
    hops.reverse();
    let turned = Route { first: last, hops };
    if let Some(slot) = pattern.routes.first_mut() {
        *slot = turned;
    }
}

struct Work<'w, 'b> {
    binder: &'w Binder<'b>,
    env: &'w Env,
    graph: &'w GraphData,
    vars: HashMap<String, Var>,
    span: Span,
}

impl Work<'_, '_> {
    fn pattern(&mut self, operator: &GraphMatch, cycles: Cycles) -> Bound<Pattern> {
        let mut pattern = Pattern { nodes: vec![], edges: vec![], routes: vec![], cycles };
        for path in &operator.paths {
            let first = self.node(&mut pattern, &path.first)?;
            let mut hops = Vec::with_capacity(path.steps.len());
            for (edge, node) in &path.steps {
                let at = pattern.edges.len();
                let length = match &edge.length {
                    None => (1, 1),
                    Some((least, most)) => {
                        let least = self.binder.count(least, self.env, "the least number of edges")?;
                        let most = self.binder.count(most, self.env, "the most edges")?;
                        if least > most || most > MAX_LENGTH {
                            return Err(Fault::new(
                                codes::ARGUMENT,
                                edge.span,
                                format!("an edge may be repeated from few to more times, at most {MAX_LENGTH}"),
                            ));
                        }
                        (least, most)
                    }
                };
                pattern.edges.push(EdgeVar {
                    allowed: vec![true; self.graph.edges.rows],
                    inner: vec![true; self.graph.nodes.rows],
                    length,
                });
                if let Some(name) = &edge.name {
                    let var = if edge.length.is_some() { Var::Run(at) } else { Var::Edge(at) };
                    if self.vars.insert(name.text.clone(), var).is_some() {
                        return Err(twice(name));
                    }
                }
                let node = self.node(&mut pattern, node)?;
                hops.push(Hop { edge: at, node, direction: edge.direction, turned: false });
            }
            pattern.routes.push(Route { first, hops });
        }
        Ok(pattern)
    }

    fn node(&mut self, pattern: &mut Pattern, node: &GraphNode) -> Bound<usize> {
        let at = pattern.nodes.len();
        if let Some(name) = &node.name {
            match self.vars.get(&name.text) {
                Some(Var::Node(known)) => return Ok(*known),
                Some(_) => return Err(twice(name)),
                None => {
                    self.vars.insert(name.text.clone(), Var::Node(at));
                }
            }
        }
        pattern.nodes.push(NodeVar { allowed: vec![true; self.graph.nodes.rows] });
        Ok(at)
    }

    /// Uses a condition in the search, when it speaks of one thing alone.
    fn apply(&self, pattern: &mut Pattern, condition: &Expr) -> Bound<bool> {
        let mut rewriter = Rewriter::new(&self.vars);
        let rewritten = rewriter.rewrite(condition)?;
        let narrow = |allowed: Option<&mut Vec<bool>>, holds: Vec<bool>| {
            allowed.into_iter().flat_map(|a| a.iter_mut()).zip(holds).for_each(|(slot, holds)| *slot &= holds);
        };
        if let [(name, Needed::Fold(Fold::All, run, inner, Some(each)))] = rewriter.needed.as_slice()
            && matches!(&rewritten.kind, ExprKind::Name(n) if n.text == *name)
        {
            let side = if *inner { &self.graph.nodes } else { &self.graph.edges };
            let holds = self.holds(side, each)?;
            let var = pattern.edges.get_mut(*run);
            narrow(var.map(|v| if *inner { &mut v.inner } else { &mut v.allowed }), holds);
            return Ok(true);
        }
        let mut of: Option<Var> = None;
        for (_, needed) in &rewriter.needed {
            match needed {
                Needed::Property(var @ (Var::Node(_) | Var::Edge(_)), _) if of.is_none_or(|o| o == *var) => {
                    of = Some(*var);
                }
                _ => return Ok(false),
            }
        }
        let Some(var) = of else { return Ok(false) };
        let side = if matches!(var, Var::Node(_)) { &self.graph.nodes } else { &self.graph.edges };
        let mut own = Side { rows: side.rows, ..Side::default() };
        for (name, needed) in &rewriter.needed {
            if let Needed::Property(_, property) = needed {
                let (ty, array) = self.values(side, property.as_deref(), condition.span)?;
                own.set(name, ty, array);
            }
        }
        let holds = self.holds(&own, &rewritten)?;
        match var {
            Var::Node(at) => narrow(pattern.nodes.get_mut(at).map(|v| &mut v.allowed), holds),
            Var::Edge(at) | Var::Run(at) => narrow(pattern.edges.get_mut(at).map(|v| &mut v.allowed), holds),
        }
        Ok(true)
    }

    /// Whether a condition holds for each row of a side.
    fn holds(&self, side: &Side, condition: &Expr) -> Bound<Vec<bool>> {
        let (ty, array) = side.evaluate(self.binder, condition, self.env)?;
        if ty != KqlType::Bool {
            return Err(Fault::wrong_type(condition.span, "a condition", "`bool`", ty));
        }
        Ok(mask(&array))
    }

    /// A property of each row, or a bag of all.
    fn values(&self, side: &Side, property: Option<&str>, span: Span) -> Bound<(KqlType, ArrayRef)> {
        if let Some(name) = property {
            return side.find(name).map(|(ty, array)| (ty, Arc::clone(array))).ok_or_else(|| {
                let names = side.visible().map(|((n, _), _)| n.as_str());
                let hint = crate::bind::scope::nearest(name, names).map(|n| format!("did you mean `{n}`?"));
                Fault::new(codes::UNKNOWN_NAME, span, format!("no property is named `{name}`")).maybe_hint(hint)
            });
        }
        let names: Vec<String> = side.columns.iter().map(|(n, _)| n.clone()).collect();
        let bags = side.compute(self.binder, span, |columns| {
            let mut args = Vec::new();
            for (name, column) in names.iter().zip(columns).filter(|(n, _)| !n.starts_with('#')) {
                args.push(BoundExpr::constant(Const::String(name.clone())));
                args.push(column.clone());
            }
            if args.is_empty() {
                return Ok(BoundExpr::constant(Const::Dynamic("{}".to_owned())));
            }
            self.binder.builtin("bag_pack", &args, span)
        })?;
        Ok((KqlType::Dynamic, bags))
    }

    /// Values as pieces of JSON.
    fn pieces(&self, ty: KqlType, array: ArrayRef, span: Span) -> Bound<Vec<String>> {
        let rows = array.len();
        let mut side = Side { rows, ..Side::default() };
        side.set("v", ty, array);
        let lists = side.compute(self.binder, span, |columns| {
            let value: Vec<BoundExpr> = columns.iter().take(1).cloned().collect();
            self.binder.builtin("pack_array", &value, span)
        })?;
        let Some(texts) = lists.as_string_view_opt() else {
            return Err(Fault::new(codes::INTERNAL, span, "values could not be made a list"));
        };
        let inner = |text: &str| text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or("null").to_owned();
        Ok((0..rows).map(|row| if texts.is_valid(row) { inner(texts.value(row)) } else { "null".to_owned() }).collect())
    }

    /// What the result is made of: the columns of `project`, or else every named variable.
    fn items(&self, operator: &GraphMatch) -> Vec<NamedExpr> {
        if !operator.project.is_empty() {
            return operator.project.clone();
        }
        let named = operator.paths.iter().flat_map(|path| {
            let steps = path.steps.iter().flat_map(|(edge, node)| [edge.name.as_ref(), node.name.as_ref()]);
            std::iter::once(path.first.name.as_ref()).chain(steps).flatten()
        });
        let mut items: Vec<NamedExpr> = Vec::new();
        for name in named {
            let expr = Expr { kind: ExprKind::Name(name.clone()), span: name.span };
            if !items.iter().any(|i| matches!(&i.expr.kind, ExprKind::Name(n) if n.text == name.text)) {
                items.push(NamedExpr { target: Target::Auto, expr, span: name.span });
            }
        }
        items
    }

    /// For each match the list of the pieces of its run.
    fn lists(&self, pieces: &[String], found: &[Match], at: usize, inner: bool) -> Bound<ArrayRef> {
        let mut lists = StringViewBuilder::with_capacity(found.len());
        let mut bytes = 0usize;
        for one in found {
            let run = if inner { one.inner.get(at) } else { one.edges.get(at) };
            let parts: Vec<&str> =
                run.into_iter().flatten().map(|row| pieces.get(*row as usize).map_or("null", String::as_str)).collect();
            bytes = bytes.saturating_add(parts.iter().map(|p| p.len() + 1).sum());
            if bytes > MAX_LIST_BYTES {
                return Err(Fault::new(
                    codes::EXECUTION,
                    self.span,
                    format!("the lists of the matches have more than {} MiB", MAX_LIST_BYTES >> 20),
                )
                .hint("take fewer properties, or make the edges shorter"));
            }
            lists.append_value(format!("[{}]", parts.join(",")));
        }
        Ok(Arc::new(lists.finish()))
    }

    /// The matches as a table of the columns that are needed.
    fn table(&self, needed: &[(String, Needed)], found: &[Match]) -> Bound<Relation> {
        let mut columns = vec![("#row".to_owned(), KqlType::Long)];
        let mut arrays: Vec<ArrayRef> = vec![Arc::new((0..found.len() as i64).collect::<Int64Array>())];
        for (name, needed) in needed {
            let (ty, array) = self.column(needed, found)?;
            columns.push((name.clone(), ty));
            arrays.push(array);
        }
        of_arrays(self.binder, &columns, vec![arrays], self.span)
    }

    fn column(&self, needed: &Needed, found: &[Match]) -> Bound<(KqlType, ArrayRef)> {
        let span = self.span;
        let taken = |array: &ArrayRef, rows: UInt32Array| take(array, &rows, None).map_err(Into::into).at(span);
        match needed {
            Needed::Property(Var::Node(at), property) => {
                let (ty, array) = self.values(&self.graph.nodes, property.as_deref(), span)?;
                let rows = found.iter().map(|m| m.nodes.get(*at).copied()).collect();
                Ok((ty, taken(&array, rows)?))
            }
            Needed::Property(Var::Edge(at), property) => {
                let (ty, array) = self.values(&self.graph.edges, property.as_deref(), span)?;
                let rows = found.iter().map(|m| m.edges.get(*at).and_then(|e| e.first()).copied()).collect();
                Ok((ty, taken(&array, rows)?))
            }
            Needed::Property(Var::Run(at), property) => {
                let (ty, array) = self.values(&self.graph.edges, property.as_deref(), span)?;
                Ok((KqlType::Dynamic, self.lists(&self.pieces(ty, array, span)?, found, *at, false)?))
            }
            Needed::Fold(Fold::Map, at, inner, value) => {
                let side = if *inner { &self.graph.nodes } else { &self.graph.edges };
                let (ty, array) = match value {
                    Some(value) => side.evaluate(self.binder, value, self.env)?,
                    None => self.values(side, None, span)?,
                };
                Ok((KqlType::Dynamic, self.lists(&self.pieces(ty, array, span)?, found, *at, *inner)?))
            }
            Needed::Fold(fold, at, inner, value) => {
                let side = if *inner { &self.graph.nodes } else { &self.graph.edges };
                let Some(value) = value else {
                    return Err(Fault::new(codes::INTERNAL, span, "a condition over a run is lost"));
                };
                let holds = self.holds(side, value)?;
                let is = |row: &u32| holds.get(*row as usize) == Some(&true);
                let value = |m: &Match| {
                    let run = if *inner { m.inner.get(*at) } else { m.edges.get(*at) };
                    let mut run = run.into_iter().flatten();
                    if *fold == Fold::All { run.all(is) } else { run.any(is) }
                };
                Ok((KqlType::Bool, Arc::new(found.iter().map(|m| Some(value(m))).collect::<BooleanArray>())))
            }
        }
    }
}

fn twice(name: &Name) -> Fault {
    Fault::new(codes::DUPLICATE, name.span, format!("`{}` stands for two things in the pattern", name.text))
}
