//! Edges of two shapes cut where they meet: afterwards any two pieces share an end, are the same piece, or are apart.
//!
//! Places nearer than [`SNAP`] are one node, so that borders which were computed twice still fit.

use std::collections::HashMap;

use super::ring::Reach;
use super::sphere::{Meeting, Point, crossing, distance, distance_to_edge, meeting};

/// The angle below which places are one: some 60 nanometres, well above the rounding of coordinates in degrees.
pub const SNAP: f64 = 1e-14;

/// The most edges that are cut against each other at once.
pub const MAX_EDGES: usize = 10_000;

/// The most pairs of edges near each other that are cut.
const MAX_PAIRS: usize = 1_000_000;

/// Which of the two shapes an edge belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

/// A piece of an edge.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// The node where it starts.
    pub from: usize,
    /// The node where it ends.
    pub to: usize,
    /// Its shape.
    pub side: Side,
    /// The number of the edge that it is a piece of, in order of the input.
    pub edge: usize,
}

/// Nodes and pieces.
#[derive(Debug, Default)]
pub struct Net {
    /// The places.
    pub nodes: Vec<Point>,
    /// The pieces in order of their edges, and along each edge.
    pub pieces: Vec<Piece>,
    grid: HashMap<[i64; 3], Vec<usize>>,
}

impl Net {
    /// Cuts the edges; `None` when there are too many.
    pub fn new(edges: &[(Point, Point, Side)]) -> Option<Self> {
        if edges.len() > MAX_EDGES {
            return None;
        }
        let mut net = Self::default();
        let ends: Vec<(usize, usize)> = edges.iter().map(|(a, b, _)| (net.node(*a), net.node(*b))).collect();
        let mut cuts: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
        let span = |index: &usize| ends.get(*index).copied().unwrap_or_default();
        let mut order: Vec<(usize, Reach)> = (0..edges.len())
            .map(|index| {
                let (a, b) = span(&index);
                (index, Reach::of((net.place(a), net.place(b))))
            })
            .collect();
        order.sort_by(|one, other| one.1.x.0.total_cmp(&other.1.x.0));
        let mut pairs = 0;
        for (at, (e, reach)) in order.iter().enumerate() {
            for (f, near) in order.iter().skip(at + 1) {
                if near.x.0 > reach.x.1 {
                    break;
                }
                if reach.beside(near) {
                    pairs += 1;
                    if pairs > MAX_PAIRS {
                        return None;
                    }
                    net.cut((*e, span(e)), (*f, span(f)), &mut cuts);
                }
            }
        }
        for (index, ((_, _, side), mut inner)) in edges.iter().zip(cuts).enumerate() {
            let (from, to) = span(&index);
            let start = net.place(from);
            inner.sort_by(|a, b| distance(start, net.place(*a)).total_cmp(&distance(start, net.place(*b))));
            inner.push(to);
            let mut last = from;
            for node in inner {
                if node != last {
                    net.pieces.push(Piece { from: last, to: node, side: *side, edge: index });
                    last = node;
                }
            }
        }
        Some(net)
    }

    /// The place of a node.
    pub fn place(&self, node: usize) -> Point {
        self.nodes.get(node).copied().unwrap_or(Point::new(0.0, 0.0, 1.0))
    }

    /// The place in the midst of a piece.
    pub fn middle(&self, piece: &Piece) -> Point {
        self.place(piece.from).plus(self.place(piece.to)).unit()
    }

    /// The node of a place: the one that is there, or a new one.
    fn node(&mut self, place: Point) -> usize {
        let cell = |value: f64| (value / (8.0 * SNAP)).round() as i64;
        let [x, y, z] = [cell(place.x), cell(place.y), cell(place.z)];
        for (dx, dy, dz) in (0..27).map(|n| (n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1)) {
            let near = self.grid.get(&[x + dx, y + dy, z + dz]).into_iter().flatten();
            if let Some(found) = near.copied().find(|n| self.place(*n).minus(place).norm() <= SNAP) {
                return found;
            }
        }
        self.nodes.push(place);
        self.grid.entry([x, y, z]).or_default().push(self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn cut(
        &mut self,
        (e, e_ends): (usize, (usize, usize)),
        (f, f_ends): (usize, (usize, usize)),
        cuts: &mut [Vec<usize>],
    ) {
        let (a, b, c, d) = (self.place(e_ends.0), self.place(e_ends.1), self.place(f_ends.0), self.place(f_ends.1));
        let mut touched = false;
        for (edge, ends, others) in [(e, e_ends, f_ends), (f, f_ends, e_ends)] {
            for node in [others.0, others.1] {
                if node == ends.0 || node == ends.1 {
                    touched = true;
                } else if distance_to_edge(self.place(node), self.place(ends.0), self.place(ends.1)) <= SNAP {
                    touched = true;
                    if let Some(list) = cuts.get_mut(edge) {
                        list.push(node);
                    }
                }
            }
        }
        if touched || meeting(a, b, c, d) != Meeting::Cross {
            return;
        }
        let node = self.node(crossing(a, b, c, d));
        for (edge, ends) in [(e, e_ends), (f, f_ends)] {
            if node != ends.0
                && node != ends.1
                && let Some(list) = cuts.get_mut(edge)
            {
                list.push(node);
            }
        }
    }
}
