//! What two areas or lines have in common, and what they cover together.

use std::collections::{HashMap, HashSet};

use super::geojson::{Collection, Lines};
use super::noding::{Net, Piece, SNAP, Side};
use super::ring::{Area, Part, Ring, curvature, edges};
use super::sphere::{Point, azimuth, distance, turn};

/// A shape could not be combined: too many edges, or borders that rounding left without a sound result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsound;

/// Closed borders with the area to their left, which may be several and have holes.
#[derive(Debug, Clone)]
pub struct Region {
    /// Each border's vertices.
    pub borders: Vec<Vec<Point>>,
    rings: Vec<Ring>,
}

impl Region {
    fn new(borders: Vec<Vec<Point>>) -> Result<Self, Unsound> {
        let rings = borders.iter().map(|b| Ring::new(b.clone())).collect::<Option<_>>().ok_or(Unsound)?;
        Ok(Self { borders, rings })
    }

    /// The region of one polygon. Rings without an inside, whose vertices lie on one line, bound nothing.
    fn of(part: &Part) -> Self {
        let mut region = Self { borders: Vec::new(), rings: Vec::new() };
        for (index, (border, ring)) in part.oriented().zip(&part.rings).enumerate() {
            let around: f64 = edges(&border).map(|(a, b)| distance(a, b)).sum();
            if ring.area() > 10.0 * SNAP * around {
                region.borders.push(border);
                region.rings.push(ring.clone());
            } else if index == 0 {
                break;
            }
        }
        region
    }

    fn vertices(&self) -> usize {
        self.borders.iter().map(Vec::len).sum()
    }

    fn contains(&self, place: Point) -> bool {
        self.rings.iter().fold(false, |inside, ring| inside ^ ring.contains(place))
    }

    fn edges(&self, side: Side) -> impl Iterator<Item = (Point, Point, Side)> + '_ {
        self.borders.iter().flat_map(move |border| edges(border).map(move |(a, b)| (a, b, side)))
    }

    /// The polygons of the region: each shell with the holes in it.
    pub fn polygons(&self) -> Result<Vec<Vec<Vec<Point>>>, Unsound> {
        let mut polygons: Vec<(Ring, Vec<Vec<Point>>)> = Vec::new();
        let mut holes = Vec::new();
        for (border, ring) in self.borders.iter().zip(&self.rings) {
            if curvature(border) >= -1e-14 {
                polygons.push((ring.clone(), vec![border.clone()]));
            } else {
                holes.push(border);
            }
        }
        for hole in holes {
            // A vertex may lie on the shell; the midst of an edge does not.
            let Some((a, b)) = edges(hole).next() else { continue };
            let place = a.plus(b).unit();
            let around = polygons.iter_mut().filter(|(shell, _)| shell.contains(place));
            let smallest = around.min_by(|one, other| one.0.area().total_cmp(&other.0.area()));
            smallest.ok_or(Unsound)?.1.push(hole.clone());
        }
        Ok(polygons.into_iter().map(|(_, rings)| rings).collect())
    }

    /// The region as an area to measure.
    pub fn area(&self) -> Result<Area, Unsound> {
        let part =
            |rings: Vec<Vec<Point>>| Some(Part { rings: rings.into_iter().map(Ring::new).collect::<Option<_>>()? });
        let parts = self.polygons()?.into_iter().map(part).collect::<Option<_>>().ok_or(Unsound)?;
        Ok(Area { parts })
    }
}

/// Two regions together, or what both hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operation {
    Union,
    Intersection,
}

/// The pieces of both borders that bound the result, in order of their edges.
fn chosen(net: &Net, a: &Region, b: &Region, operation: Operation) -> Vec<Piece> {
    let of = |side: Side| -> HashSet<(usize, usize)> {
        net.pieces.iter().filter(|p| p.side == side).map(|p| (p.from, p.to)).collect()
    };
    let (of_a, of_b) = (of(Side::A), of(Side::B));
    let keep = |piece: &&Piece| {
        let (own, others, region) = if piece.side == Side::A { (&of_a, &of_b, b) } else { (&of_b, &of_a, a) };
        if own.contains(&(piece.to, piece.from)) {
            // There and back: nothing lies between.
            return false;
        }
        if others.contains(&(piece.from, piece.to)) {
            // A border that both have is taken once.
            return piece.side == Side::A;
        }
        if others.contains(&(piece.to, piece.from)) {
            return false;
        }
        region.contains(net.middle(piece)) == (operation == Operation::Intersection)
    };
    net.pieces.iter().filter(keep).copied().collect()
}

/// Joins pieces to closed borders. Where several lead on, the sharpest left is taken, which keeps apart what only
/// touches.
fn borders(net: &Net, pieces: &[Piece]) -> Result<Vec<Vec<Point>>, Unsound> {
    let mut leaving: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        leaving.entry(piece.from).or_default().push(index);
    }
    let mut used = vec![false; pieces.len()];
    let mut found: Vec<Vec<Piece>> = Vec::new();
    for start in 0..pieces.len() {
        if used.get(start).copied().unwrap_or(true) {
            continue;
        }
        let mut way = Vec::new();
        let mut at = start;
        loop {
            let (Some(piece), Some(mark)) = (pieces.get(at), used.get_mut(at)) else { return Err(Unsound) };
            *mark = true;
            way.push(*piece);
            let here = net.place(piece.to);
            let back = azimuth(here, net.place(piece.from));
            let sharpness = |next: &usize| {
                let ahead = pieces.get(*next).map_or(0.0, |p| azimuth(here, net.place(p.to)));
                let angle = turn(ahead - back);
                if angle == 0.0 { f64::INFINITY } else { angle }
            };
            let choices = leaving.get(&piece.to).into_iter().flatten();
            let next = choices
                .copied()
                .filter(|n| *n == start || !used.get(*n).copied().unwrap_or(true))
                .min_by(|one, other| sharpness(one).total_cmp(&sharpness(other)))
                .ok_or(Unsound)?;
            if next == start {
                break;
            }
            at = next;
        }
        split(way, &mut found);
    }
    for border in &mut found {
        rotate(border);
    }
    found.sort_by_key(|border| border.first().map(|p| p.edge));
    Ok(found.into_iter().map(|border| border.iter().map(|p| net.place(p.from)).collect()).collect())
}

/// Takes a border apart where it comes back to a node; what has fewer than three corners encloses nothing.
fn split(way: Vec<Piece>, found: &mut Vec<Vec<Piece>>) {
    let mut path: Vec<Piece> = Vec::new();
    for piece in way {
        path.push(piece);
        if let Some(at) = path.iter().position(|p| p.from == piece.to) {
            let closed = path.split_off(at);
            if closed.len() > 2 {
                found.push(closed);
            }
        }
    }
}

/// Starts a border after the edge that came last in the input; of its pieces in a row, after the last.
fn rotate(border: &mut [Piece]) {
    let mut last = 0;
    let mut gap = false;
    let edge = |border: &[Piece], at: usize| border.get(at).map_or(0, |p| p.edge);
    for at in 1..border.len() {
        let order = edge(border, at).cmp(&edge(border, last));
        if order.is_lt() {
            gap = true;
        } else if order.is_gt() || !gap {
            last = at;
            gap = false;
        }
    }
    if last + 1 < border.len() {
        border.rotate_left(last + 1);
    }
}

fn net_of(a: &Region, b: &Region) -> Result<Net, Unsound> {
    let all: Vec<_> = a.edges(Side::A).chain(b.edges(Side::B)).collect();
    Net::new(&all).ok_or(Unsound)
}

fn both(a: &Region, b: &Region) -> Result<Region, Unsound> {
    let net = net_of(a, b)?;
    Region::new(borders(&net, &chosen(&net, a, b, Operation::Union))?)
}

/// The union of many polygons; the two with the fewest vertices are joined first, which keeps the work small.
pub fn union<'a>(parts: impl Iterator<Item = &'a Part>) -> Result<Region, Unsound> {
    let mut waiting: Vec<(usize, Region)> = parts.map(Region::of).map(|r| (r.vertices(), r)).collect();
    waiting.sort_by_key(|(size, _)| *size);
    let mut waiting = std::collections::VecDeque::from(waiting);
    loop {
        let Some((size, first)) = waiting.pop_front() else { return Region::new(Vec::new()) };
        let Some((more, second)) = waiting.pop_front() else { return Ok(first) };
        let joined = both(&first, &second)?;
        let at = waiting.partition_point(|(other, _)| *other <= size + more);
        waiting.insert(at, (size + more, joined));
    }
}

/// The region that an area covers.
pub fn region(area: &Area) -> Result<Region, Unsound> {
    union(area.parts.iter())
}

/// What two areas have in common: polygons, and lines and points where they only touch.
pub fn common_area(a: &Area, b: &Area) -> Result<Collection, Unsound> {
    let (a, b) = (region(a)?, region(b)?);
    let net = net_of(&a, &b)?;
    let inner = borders(&net, &chosen(&net, &a, &b, Operation::Intersection))?;
    let polygons = Region::new(inner)?.polygons()?;
    let of_b: HashSet<(usize, usize)> =
        net.pieces.iter().filter(|p| p.side == Side::B).map(|p| (p.from, p.to)).collect();
    // Borders that both have but with the areas on different sides.
    let touching: Vec<Piece> =
        net.pieces.iter().filter(|p| p.side == Side::A && of_b.contains(&(p.to, p.from))).copied().collect();
    let mut taken: HashSet<[u64; 3]> = polygons.iter().flatten().flatten().map(|p| p.bits()).collect();
    taken.extend(touching.iter().flat_map(|p| [net.place(p.from).bits(), net.place(p.to).bits()]));
    Ok(Collection { points: shared(&net, &taken), lines: chain(&net, &touching), polygons })
}

/// The nodes that belong to both sides and to nothing greater.
fn shared(net: &Net, taken: &HashSet<[u64; 3]>) -> Vec<Point> {
    let mut sides = vec![(false, false); net.nodes.len()];
    for piece in &net.pieces {
        for node in [piece.from, piece.to] {
            if let Some(mark) = sides.get_mut(node) {
                match piece.side {
                    Side::A => mark.0 = true,
                    Side::B => mark.1 = true,
                }
            }
        }
    }
    let both = net.nodes.iter().zip(sides).filter(|(_, (a, b))| *a && *b).map(|(place, _)| *place);
    both.filter(|place| !taken.contains(&place.bits())).collect()
}

/// Joins pieces end to start; a line ends where several come or go.
fn chain(net: &Net, pieces: &[Piece]) -> Lines {
    let mut leaving: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut coming: HashMap<usize, usize> = HashMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        leaving.entry(piece.from).or_default().push(index);
        *coming.entry(piece.to).or_default() += 1;
    }
    let through = |node: usize| coming.get(&node) == Some(&1) && leaving.get(&node).is_some_and(|l| l.len() == 1);
    let mut used = vec![false; pieces.len()];
    let mut lines = Vec::new();
    // First from the ends, then around what has none.
    for closed in [false, true] {
        for start in 0..pieces.len() {
            let Some(first) = pieces.get(start) else { continue };
            if used.get(start).copied().unwrap_or(true) || (!closed && through(first.from)) {
                continue;
            }
            let mut line = vec![net.place(first.from)];
            let mut at = start;
            while let (Some(piece), Some(mark @ false)) = (pieces.get(at), used.get_mut(at)) {
                *mark = true;
                line.push(net.place(piece.to));
                match leaving.get(&piece.to).map(Vec::as_slice) {
                    Some([next]) if through(piece.to) => at = *next,
                    _ => break,
                }
            }
            lines.push(line);
        }
    }
    lines
}

fn line_edges(lines: &Lines, side: Side) -> impl Iterator<Item = (Point, Point, Side)> + '_ {
    lines.iter().flat_map(move |line| line.windows(2).map(move |pair| (pair[0], pair[1], side)))
}

fn ends(piece: &Piece) -> (usize, usize) {
    (piece.from.min(piece.to), piece.from.max(piece.to))
}

/// Lines as one set of lines: what is walked twice is there once.
pub fn union_lines(lines: &Lines) -> Result<Lines, Unsound> {
    let net = Net::new(&line_edges(lines, Side::A).collect::<Vec<_>>()).ok_or(Unsound)?;
    let mut seen = HashSet::new();
    let pieces: Vec<Piece> = net.pieces.iter().filter(|p| seen.insert(ends(p))).copied().collect();
    Ok(chain(&net, &pieces))
}

/// What two sets of lines have in common.
pub fn common_lines(a: &Lines, b: &Lines) -> Result<Collection, Unsound> {
    let all: Vec<_> = line_edges(a, Side::A).chain(line_edges(b, Side::B)).collect();
    let net = Net::new(&all).ok_or(Unsound)?;
    let of_b: HashSet<(usize, usize)> = net.pieces.iter().filter(|p| p.side == Side::B).map(ends).collect();
    Ok(lines_and_points(&net, |piece| of_b.contains(&ends(piece))))
}

/// The part of lines that lies in an area or on its border.
pub fn common_line_area(lines: &Lines, area: &Area) -> Result<Collection, Unsound> {
    let region = region(area)?;
    let all: Vec<_> = line_edges(lines, Side::A).chain(region.edges(Side::B)).collect();
    let net = Net::new(&all).ok_or(Unsound)?;
    let border: HashSet<(usize, usize)> = net.pieces.iter().filter(|p| p.side == Side::B).map(ends).collect();
    Ok(lines_and_points(&net, |piece| border.contains(&ends(piece)) || region.contains(net.middle(piece))))
}

fn lines_and_points(net: &Net, keep: impl Fn(&Piece) -> bool) -> Collection {
    let mut seen = HashSet::new();
    let first = net.pieces.iter().filter(|p| p.side == Side::A && keep(p));
    let pieces: Vec<Piece> = first.filter(|p| seen.insert(ends(p))).copied().collect();
    let taken = pieces.iter().flat_map(|p| [net.place(p.from).bits(), net.place(p.to).bits()]).collect();
    Collection { points: shared(net, &taken), lines: chain(net, &pieces), polygons: Vec::new() }
}

/// True when two sets of lines meet.
pub fn lines_meet(a: &Lines, b: &Lines) -> Result<bool, Unsound> {
    let common = common_lines(a, b)?;
    Ok(!common.points.is_empty() || !common.lines.is_empty())
}

/// True when lines meet an area.
pub fn line_meets_area(lines: &Lines, area: &Area) -> Result<bool, Unsound> {
    if lines.iter().flatten().any(|place| area.contains(*place)) {
        return Ok(true);
    }
    let common = common_line_area(lines, area)?;
    Ok(!common.points.is_empty() || !common.lines.is_empty())
}

/// True when two areas meet.
pub fn areas_meet(a: &Area, b: &Area) -> Result<bool, Unsound> {
    let holds = |outer: &Area, inner: &Area| inner.edges().any(|(place, _)| outer.contains(place));
    if holds(a, b) || holds(b, a) {
        return Ok(true);
    }
    let all: Vec<_> = a.edges().map(|(p, q)| (p, q, Side::A)).chain(b.edges().map(|(p, q)| (p, q, Side::B))).collect();
    let net = Net::new(&all).ok_or(Unsound)?;
    Ok(!shared(&net, &HashSet::new()).is_empty())
}

#[cfg(test)]
#[path = "overlay_tests.rs"]
mod tests;
