//! The matches of a pattern: which nodes and edges its variables stand for.
//!
//! A search goes along the paths of the pattern one after the other, from the end of a path with fewer candidates.
//! Its work and its results are bounded.

use std::collections::VecDeque;

use postern_kql_syntax::ast::GraphDirection;

use super::data::GraphData;

/// The most edges that a search may look at.
const MAX_WORK: usize = 50_000_000;
/// The most matches.
pub const MAX_MATCHES: usize = 500_000;
/// The most nodes and edges in all matches together.
const MAX_PARTS: usize = 20_000_000;

/// Which repetitions a match may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cycles {
    /// Any.
    All,
    /// No edge twice.
    UniqueEdges,
    /// No node twice.
    None,
}

/// A variable of the pattern that stands for a node; `allowed` tells which.
#[derive(Debug, Clone)]
pub struct NodeVar {
    /// For each node, whether it may be this one.
    pub allowed: Vec<bool>,
}

/// A variable that stands for an edge or a run of edges.
#[derive(Debug, Clone)]
pub struct EdgeVar {
    /// For each edge, whether it may be here.
    pub allowed: Vec<bool>,
    /// For each node, whether it may be between two edges of a run.
    pub inner: Vec<bool>,
    /// The least and the most edges.
    pub length: (usize, usize),
}

/// One step of a path.
#[derive(Debug, Clone, Copy)]
pub struct Hop {
    /// The edge variable.
    pub edge: usize,
    /// The node variable behind it.
    pub node: usize,
    /// Which way the edge leads, seen along the path.
    pub direction: GraphDirection,
    /// The path is walked from its end: the run of edges must be turned round.
    pub turned: bool,
}

/// A path: the node variable it begins with, and its steps.
#[derive(Debug, Clone)]
pub struct Route {
    /// The first node variable.
    pub first: usize,
    /// The steps.
    pub hops: Vec<Hop>,
}

/// What is looked for.
pub struct Pattern {
    /// The node variables.
    pub nodes: Vec<NodeVar>,
    /// The edge variables.
    pub edges: Vec<EdgeVar>,
    /// The paths.
    pub routes: Vec<Route>,
    /// Which repetitions are allowed.
    pub cycles: Cycles,
}

/// One match: a node for each node variable, a run of edges and of the nodes between them for each edge variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// Nodes.
    pub nodes: Vec<u32>,
    /// Edges.
    pub edges: Vec<Vec<u32>>,
    /// The nodes between the edges of each run.
    pub inner: Vec<Vec<u32>>,
}

/// The search was too much work, or found too much.
#[derive(Debug, PartialEq, Eq)]
pub struct TooMuch;

struct Walk<'a> {
    pattern: &'a Pattern,
    out: Vec<Vec<(u32, u32)>>,
    into: Vec<Vec<(u32, u32)>>,
    nodes: Vec<Option<u32>>,
    edges: Vec<Vec<u32>>,
    inner: Vec<Vec<u32>>,
    used_edges: Vec<bool>,
    used_nodes: Vec<u32>,
    work: usize,
    parts: usize,
    found: Vec<Match>,
}

/// All matches of a pattern.
pub fn matches(graph: &GraphData, pattern: &Pattern) -> Result<Vec<Match>, TooMuch> {
    let (out, into) = graph.neighbours();
    let mut walk = Walk {
        pattern,
        out,
        into,
        nodes: vec![None; pattern.nodes.len()],
        edges: vec![vec![]; pattern.edges.len()],
        inner: vec![vec![]; pattern.edges.len()],
        used_edges: vec![false; graph.ends.len()],
        used_nodes: vec![0; graph.nodes.rows],
        work: 0,
        parts: 0,
        found: vec![],
    };
    walk.route(0)?;
    Ok(walk.found)
}

impl Walk<'_> {
    fn spend(&mut self) -> Result<(), TooMuch> {
        self.work += 1;
        if self.work > MAX_WORK { Err(TooMuch) } else { Ok(()) }
    }

    #[recursive::recursive]
    fn route(&mut self, at: usize) -> Result<(), TooMuch> {
        let pattern = self.pattern;
        let Some(route) = pattern.routes.get(at) else { return self.note() };
        if let Some(Some(node)) = self.nodes.get(route.first).copied() {
            return self.hop(at, 0, node);
        }
        let count = self.out.len() as u32;
        for node in 0..count {
            self.spend()?;
            if self.enter(route.first, node) {
                self.hop(at, 0, node)?;
                self.leave(route.first, node);
            }
        }
        Ok(())
    }

    /// Lets a node variable stand for a node; false when it may not.
    fn enter(&mut self, variable: usize, node: u32) -> bool {
        let allowed = self.pattern.nodes.get(variable).and_then(|v| v.allowed.get(node as usize)) == Some(&true);
        if !allowed || !self.visit(node) {
            return false;
        }
        if let Some(slot) = self.nodes.get_mut(variable) {
            *slot = Some(node);
        }
        true
    }

    fn leave(&mut self, variable: usize, node: u32) {
        self.unvisit(node);
        if let Some(slot) = self.nodes.get_mut(variable) {
            *slot = None;
        }
    }

    fn visit(&mut self, node: u32) -> bool {
        let Some(count) = self.used_nodes.get_mut(node as usize) else { return false };
        if self.pattern.cycles == Cycles::None && *count > 0 {
            return false;
        }
        *count += 1;
        true
    }

    fn unvisit(&mut self, node: u32) {
        if let Some(count) = self.used_nodes.get_mut(node as usize) {
            *count = count.saturating_sub(1);
        }
    }

    fn hop(&mut self, route: usize, hop: usize, from: u32) -> Result<(), TooMuch> {
        let pattern = self.pattern;
        match pattern.routes.get(route).and_then(|r| r.hops.get(hop)) {
            None => self.route(route + 1),
            Some(step) => self.run(route, hop, *step, from, 0),
        }
    }

    /// Goes on with a run of edges that has `length` edges so far and stands at `from`.
    #[recursive::recursive]
    fn run(&mut self, route: usize, hop: usize, step: Hop, from: u32, length: usize) -> Result<(), TooMuch> {
        let pattern = self.pattern;
        let Some(edge_var) = pattern.edges.get(step.edge) else { return Ok(()) };
        if length >= edge_var.length.0 {
            self.arrive(route, hop, step, from, length)?;
        }
        if length >= edge_var.length.1 {
            return Ok(());
        }
        // The node that the run goes on from lies between two of its edges.
        if length > 0 && edge_var.inner.get(from as usize) != Some(&true) {
            return Ok(());
        }
        if length > 0 && !self.visit(from) {
            return Ok(());
        }
        if length > 0
            && let Some(inner) = self.inner.get_mut(step.edge)
        {
            inner.push(from);
        }
        for (edge, to) in self.ways(step.direction, from) {
            self.spend()?;
            let used = self.used_edges.get(edge as usize) == Some(&true);
            if edge_var.allowed.get(edge as usize) != Some(&true) || (used && pattern.cycles != Cycles::All) {
                continue;
            }
            self.mark(edge, true);
            if let Some(list) = self.edges.get_mut(step.edge) {
                list.push(edge);
            }
            self.run(route, hop, step, to, length + 1)?;
            if let Some(list) = self.edges.get_mut(step.edge) {
                list.pop();
            }
            self.mark(edge, used);
        }
        if length > 0 {
            self.unvisit(from);
            if let Some(inner) = self.inner.get_mut(step.edge) {
                inner.pop();
            }
        }
        Ok(())
    }

    fn mark(&mut self, edge: u32, used: bool) {
        if let Some(flag) = self.used_edges.get_mut(edge as usize) {
            *flag = used;
        }
    }

    /// The edges from a node, and where they lead.
    fn ways(&self, direction: GraphDirection, from: u32) -> Vec<(u32, u32)> {
        ways(&self.out, &self.into, direction, from)
    }

    /// Ends a run of edges at a node.
    fn arrive(&mut self, route: usize, hop: usize, step: Hop, node: u32, length: usize) -> Result<(), TooMuch> {
        if let Some(Some(known)) = self.nodes.get(step.node).copied() {
            // A variable that is bound already: the way closes there.
            let fine = self.pattern.cycles != Cycles::None || length == 0;
            return if known == node && fine { self.hop(route, hop + 1, node) } else { Ok(()) };
        }
        if length == 0 {
            // No edge at all: both variables stand for the same node, which is entered once.
            let allowed = self.pattern.nodes.get(step.node).and_then(|v| v.allowed.get(node as usize));
            if allowed != Some(&true) {
                return Ok(());
            }
            if let Some(slot) = self.nodes.get_mut(step.node) {
                *slot = Some(node);
            }
            self.hop(route, hop + 1, node)?;
            if let Some(slot) = self.nodes.get_mut(step.node) {
                *slot = None;
            }
            return Ok(());
        }
        if self.enter(step.node, node) {
            self.hop(route, hop + 1, node)?;
            self.leave(step.node, node);
        }
        Ok(())
    }

    fn note(&mut self) -> Result<(), TooMuch> {
        let mut found = Match {
            nodes: self.nodes.iter().map(|n| n.unwrap_or_default()).collect(),
            edges: self.edges.clone(),
            inner: self.inner.clone(),
        };
        for hop in self.pattern.routes.iter().flat_map(|r| &r.hops).filter(|h| h.turned) {
            found.edges.iter_mut().skip(hop.edge).take(1).for_each(|e| e.reverse());
            found.inner.iter_mut().skip(hop.edge).take(1).for_each(|e| e.reverse());
        }
        self.parts += found.nodes.len() + found.edges.iter().map(Vec::len).sum::<usize>() * 2;
        self.found.push(found);
        if self.found.len() > MAX_MATCHES || self.parts > MAX_PARTS { Err(TooMuch) } else { Ok(()) }
    }
}

fn ways(out: &[Vec<(u32, u32)>], into: &[Vec<(u32, u32)>], direction: GraphDirection, from: u32) -> Vec<(u32, u32)> {
    let here = |list: &[Vec<(u32, u32)>]| list.get(from as usize).cloned().unwrap_or_default();
    match direction {
        GraphDirection::Right => here(out),
        GraphDirection::Left => here(into),
        GraphDirection::Any => {
            let mut both = here(out);
            // An edge from a node to itself leads there once.
            both.extend(here(into).into_iter().filter(|(_, to)| *to != from));
            both
        }
    }
}

/// The shortest paths of a pattern of one run of edges: for each pair of ends one of them, or all.
pub fn shortest(graph: &GraphData, pattern: &Pattern, all: bool) -> Result<Vec<Match>, TooMuch> {
    let (out, into) = graph.neighbours();
    let (Some(route), Some(run)) = (pattern.routes.first(), pattern.edges.first()) else { return Ok(vec![]) };
    let Some(hop) = route.hops.first() else { return Ok(vec![]) };
    let allowed =
        |variable: usize, node: usize| pattern.nodes.get(variable).and_then(|v| v.allowed.get(node)) == Some(&true);
    let (mut work, mut parts, mut found) = (0usize, 0usize, Vec::new());
    for start in (0..graph.nodes.rows).filter(|n| allowed(route.first, *n)) {
        work += graph.nodes.rows;
        if work > MAX_WORK {
            return Err(TooMuch);
        }
        // How far each node is, and the edges over which it is reached first.
        let mut far = vec![usize::MAX; graph.nodes.rows];
        let mut from: Vec<Vec<(u32, u32)>> = vec![vec![]; graph.nodes.rows];
        far.iter_mut().skip(start).take(1).for_each(|f| *f = 0);
        let mut open = VecDeque::from([start as u32]);
        while let Some(node) = open.pop_front() {
            let distance = far.get(node as usize).copied().unwrap_or(usize::MAX);
            let between = distance == 0 || run.inner.get(node as usize) == Some(&true);
            if distance >= run.length.1 || !between {
                continue;
            }
            for (edge, to) in ways(&out, &into, hop.direction, node) {
                work += 1;
                if work > MAX_WORK {
                    return Err(TooMuch);
                }
                if run.allowed.get(edge as usize) != Some(&true) {
                    continue;
                }
                let Some(known) = far.get_mut(to as usize) else { continue };
                if *known == usize::MAX {
                    *known = distance + 1;
                    open.push_back(to);
                }
                if *known == distance + 1
                    && let Some(list) = from.get_mut(to as usize)
                    && (all || list.is_empty())
                {
                    list.push((edge, node));
                }
            }
        }
        for (end, distance) in far.iter().enumerate() {
            if *distance == usize::MAX || *distance < run.length.0 || !allowed(hop.node, end) {
                continue;
            }
            for (edges, inner) in backwards(&from, start as u32, end as u32, *distance)? {
                let mut nodes = vec![0; pattern.nodes.len()];
                nodes.iter_mut().skip(hop.node).take(1).for_each(|n| *n = end as u32);
                nodes.iter_mut().skip(route.first).take(1).for_each(|n| *n = start as u32);
                parts += edges.len() * 2 + 2;
                found.push(Match { nodes, edges: vec![edges], inner: vec![inner] });
                if found.len() > MAX_MATCHES || parts > MAX_PARTS {
                    return Err(TooMuch);
                }
            }
        }
    }
    Ok(found)
}

/// The paths that end at a node, with the nodes between their edges.
fn backwards(
    from: &[Vec<(u32, u32)>],
    start: u32,
    end: u32,
    length: usize,
) -> Result<Vec<(Vec<u32>, Vec<u32>)>, TooMuch> {
    let mut ways: Vec<(u32, Vec<u32>, Vec<u32>)> = vec![(end, vec![], vec![])];
    for left in (0..length).rev() {
        let mut longer = Vec::new();
        for (node, edges, inner) in ways {
            for (edge, before) in from.get(node as usize).into_iter().flatten() {
                let (mut edges, mut inner) = (edges.clone(), inner.clone());
                edges.push(*edge);
                if left > 0 {
                    inner.push(*before);
                }
                longer.push((*before, edges, inner));
                if longer.len() > MAX_MATCHES {
                    return Err(TooMuch);
                }
            }
        }
        ways = longer;
    }
    let done = ways.into_iter().filter(|(node, ..)| *node == start);
    Ok(done
        .map(|(_, mut edges, mut inner)| {
            edges.reverse();
            inner.reverse();
            (edges, inner)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::data::Side;
    use super::*;

    fn pattern(nodes: usize, edges: usize, length: (usize, usize), cycles: Cycles) -> Pattern {
        let edge = EdgeVar { allowed: vec![true; edges], inner: vec![true; nodes], length };
        let node = NodeVar { allowed: vec![true; nodes] };
        let hop = Hop { edge: 0, node: 1, direction: GraphDirection::Right, turned: false };
        let routes = vec![Route { first: 0, hops: vec![hop] }];
        Pattern { nodes: vec![node.clone(), node], edges: vec![edge], routes, cycles }
    }

    fn graph(nodes: usize, ends: &[(u32, u32)]) -> GraphData {
        let side = |rows| Side { rows, ..Side::default() };
        GraphData { nodes: side(nodes), edges: side(ends.len()), ends: ends.to_vec() }
    }

    #[test]
    fn cycles_are_walked_as_far_as_they_may_be() {
        let ring = graph(2, &[(0, 1), (1, 0)]);
        let count = |cycles| matches(&ring, &pattern(2, 2, (1, 3), cycles)).unwrap().len();
        // From each of two nodes: one way of each length.
        assert_eq!(count(Cycles::All), 6);
        assert_eq!(count(Cycles::UniqueEdges), 4);
        assert_eq!(count(Cycles::None), 2);
    }

    #[test]
    fn shortest_paths_one_or_all() {
        let diamond = graph(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
        let mut wanted = pattern(4, 4, (1, 5), Cycles::UniqueEdges);
        wanted.nodes[0].allowed = vec![true, false, false, false];
        wanted.nodes[1].allowed = vec![false, false, false, true];
        assert_eq!(shortest(&diamond, &wanted, false).unwrap().len(), 1);
        let all = shortest(&diamond, &wanted, true).unwrap();
        assert_eq!(all.iter().map(|m| m.inner[0].clone()).collect::<Vec<_>>(), [vec![1], vec![2]]);
        assert_eq!(all[0].edges[0], vec![0, 2]);
    }
}
