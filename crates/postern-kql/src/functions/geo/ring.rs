//! Rings, polygons and areas on the sphere: which points they hold, how big they are, whether they are sound.

use std::collections::HashSet;

use super::sphere::{
    Meeting, Point, QUARTER, antipodal, corner_holds, crosses, distance, distance_to_edge, meeting, normal, triangle,
    triangle_centre, turning,
};

/// A place whose membership is known for every ring; off every grid of degrees. Rings are tested by the number of
/// edges between it and the place in question.
const ORIGIN: Point = Point::new(-0.009_999_466_435_025_02, 0.002_592_454_260_932_412, 0.999_946_664_350_250_2);

/// A closed ring of edges around an area that is at most half the sphere, which lies to the left of each edge.
#[derive(Debug, Clone)]
pub struct Ring {
    /// The vertices, counterclockwise; the last edge leads back to the first.
    pub vertices: Vec<Point>,
    origin_inside: bool,
    centre: Point,
    radius: f64,
}

/// The edges of a closed sequence of vertices.
pub fn edges(vertices: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    vertices.iter().copied().zip(vertices.iter().copied().cycle().skip(1))
}

/// The sum of the turns of a closed sequence: 2π less the area to its left.
pub fn curvature(vertices: &[Point]) -> f64 {
    let next = vertices.iter().cycle().skip(1);
    let after = vertices.iter().cycle().skip(2);
    vertices.iter().zip(next).zip(after).map(|((a, b), c)| turning(*a, *b, *c)).sum()
}

impl Ring {
    /// The ring of at least three different vertices, turned so that it holds the smaller side.
    pub fn new(mut vertices: Vec<Point>) -> Option<Self> {
        if vertices.len() < 3 {
            return None;
        }
        let mut seen = HashSet::with_capacity(vertices.len());
        if !vertices.iter().all(|v| seen.insert(v.bits())) || edges(&vertices).any(|(a, b)| antipodal(a, b)) {
            return None;
        }
        // On a great circle both sides are equal; the tolerance keeps the order that was given.
        if curvature(&vertices) < -1e-14 {
            vertices.reverse();
        }
        Some(Self::turned(vertices))
    }

    /// A ring whose inside is to the left as it stands.
    pub fn turned(vertices: Vec<Point>) -> Self {
        let sum = vertices.iter().fold(Point::new(0.0, 0.0, 0.0), |sum, v| sum.plus(*v));
        let centre = sum.unit();
        let radius = vertices.iter().map(|v| centre.angle(*v)).fold(0.0, f64::max);
        // A cap below half a sphere holds every edge between its points, and so the smaller side of the ring.
        let radius = if sum.norm() < 1e-9 || radius > 1.5 { f64::INFINITY } else { radius + 1e-12 };
        let mut ring = Self { vertices, origin_inside: false, centre, radius };
        if let [a, b, c, ..] = ring.vertices.as_slice() {
            let held = a != b && c != b && corner_holds(*a, *b, *c);
            ring.origin_inside = held != ring.count(*b);
        }
        ring
    }

    fn count(&self, place: Point) -> bool {
        edges(&self.vertices).fold(self.origin_inside, |inside, (a, b)| inside ^ crosses(ORIGIN, place, a, b))
    }

    /// True when the place is inside. Of rings that share an edge, exactly one holds a place on it.
    pub fn contains(&self, place: Point) -> bool {
        self.centre.angle(place) <= self.radius && self.count(place)
    }

    /// The area on the unit sphere.
    pub fn area(&self) -> f64 {
        let Some((first, rest)) = self.vertices.split_first() else { return 0.0 };
        if rest.iter().any(|v| distance(*first, *v) > QUARTER) {
            return std::f64::consts::TAU - curvature(&self.vertices);
        }
        rest.windows(2).map(|pair| triangle(*first, pair[0], pair[1])).sum::<f64>().abs()
    }

    /// The centre of mass times the area.
    pub fn centre_of_mass(&self) -> Point {
        let Some((first, rest)) = self.vertices.split_first() else { return Point::new(0.0, 0.0, 0.0) };
        if rest.iter().any(|v| distance(*first, *v) > QUARTER) {
            // Half the sum of the edges' normals, each as long as its edge (Brock, 1975).
            let half = |(a, b): (Point, Point)| normal(a, b).times(0.5 * distance(a, b));
            return edges(&self.vertices).map(half).fold(Point::new(0.0, 0.0, 0.0), Point::plus);
        }
        rest.windows(2)
            .map(|pair| triangle_centre(*first, pair[0], pair[1]))
            .fold(Point::new(0.0, 0.0, 0.0), Point::plus)
    }
}

/// A polygon: a shell and holes.
#[derive(Debug, Clone)]
pub struct Part {
    /// The shell, then the holes; each around its own smaller side.
    pub rings: Vec<Ring>,
}

impl Part {
    /// The polygon, when no edges cross, none is shared, and the holes lie in the shell.
    pub fn new(rings: Vec<Ring>) -> Option<Self> {
        let part = Self { rings };
        part.sound().then_some(part)
    }

    fn sound(&self) -> bool {
        let all: Vec<(Point, Point)> = self.rings.iter().flat_map(|r| edges(&r.vertices)).collect();
        let ends =
            |(a, b): &(Point, Point)| if a.order(*b).is_le() { [a.bits(), b.bits()] } else { [b.bits(), a.bits()] };
        let mut seen = HashSet::with_capacity(all.len());
        if !all.iter().all(|edge| seen.insert(ends(edge))) {
            return false;
        }
        // A vertex of a hole may lie on the shell; the midst of its edge does not.
        if let Some((shell, holes)) = self.rings.split_first()
            && !holes
                .iter()
                .flat_map(|hole| edges(&hole.vertices).next())
                .all(|(a, b)| shell.contains(a.plus(b).unit()))
        {
            return false;
        }
        !sweep(&all, |one, other| meeting(one.0, one.1, other.0, other.1) == Meeting::Cross)
    }

    /// True when the place is inside the shell and in no hole.
    pub fn contains(&self, place: Point) -> bool {
        self.rings.iter().fold(false, |inside, ring| inside ^ ring.contains(place))
    }

    /// The rings with the inside of the polygon to the left: holes turned around.
    pub fn oriented(&self) -> impl Iterator<Item = Vec<Point>> + '_ {
        self.rings.iter().enumerate().map(|(index, ring)| {
            let mut vertices = ring.vertices.clone();
            if index > 0 {
                vertices.reverse();
            }
            vertices
        })
    }
}

/// How far an edge may reach along each axis: its ends, and the bulge of the arc between them.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// From and to along x.
    pub x: (f64, f64),
    y: (f64, f64),
    z: (f64, f64),
}

impl Reach {
    /// The reach of an edge.
    pub fn of((a, b): (Point, Point)) -> Self {
        let bulge = a.minus(b).dot(a.minus(b)) / 2.0 + 1e-12;
        let span = |p: f64, q: f64| (p.min(q) - bulge, p.max(q) + bulge);
        Self { x: span(a.x, b.x), y: span(a.y, b.y), z: span(a.z, b.z) }
    }

    /// True when two edges are near enough along y and z to meet.
    pub fn beside(&self, other: &Self) -> bool {
        self.y.0 <= other.y.1 && other.y.0 <= self.y.1 && self.z.0 <= other.z.1 && other.z.0 <= self.z.1
    }
}

/// The most pairs of edges that are looked at to tell whether a polygon is sound. A shape so entangled that this does
/// not do counts as unsound.
const MAX_PAIRS: usize = 10_000_000;

/// Whether any two of the edges do `meet`; edges far from each other are not compared.
fn sweep(all: &[(Point, Point)], meet: impl Fn((Point, Point), (Point, Point)) -> bool) -> bool {
    let mut order: Vec<(Reach, (Point, Point))> = all.iter().map(|edge| (Reach::of(*edge), *edge)).collect();
    order.sort_by(|one, other| one.0.x.0.total_cmp(&other.0.x.0));
    let mut pairs = 0;
    for (index, (reach, edge)) in order.iter().enumerate() {
        for (near, other) in order.iter().skip(index + 1) {
            if near.x.0 > reach.x.1 {
                break;
            }
            pairs += 1;
            if pairs > MAX_PAIRS || (reach.beside(near) && meet(*edge, *other)) {
                return true;
            }
        }
    }
    false
}

/// One or several polygons.
#[derive(Debug, Clone)]
pub struct Area {
    /// The polygons.
    pub parts: Vec<Part>,
}

impl Area {
    /// True when one of the polygons holds the place.
    pub fn contains(&self, place: Point) -> bool {
        self.parts.iter().any(|part| part.contains(place))
    }

    /// All edges.
    pub fn edges(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        self.parts.iter().flat_map(|part| &part.rings).flat_map(|ring| edges(&ring.vertices))
    }

    /// The angle from a place to the area: 0 inside.
    pub fn distance(&self, place: Point) -> f64 {
        if self.contains(place) {
            return 0.0;
        }
        self.edges().map(|(a, b)| distance_to_edge(place, a, b)).fold(f64::INFINITY, f64::min)
    }

    /// The area on the unit sphere of polygons that do not overlap: shells less holes.
    pub fn size(&self) -> f64 {
        let signed = |(index, ring): (usize, &Ring)| if index == 0 { ring.area() } else { -ring.area() };
        self.parts.iter().flat_map(|part| part.rings.iter().enumerate()).map(signed).sum()
    }

    /// The centre of mass of polygons that do not overlap.
    pub fn centre(&self) -> Point {
        let signed = |(index, ring): (usize, &Ring)| {
            let mass = ring.centre_of_mass();
            if index == 0 { mass } else { mass.times(-1.0) }
        };
        let zero = Point::new(0.0, 0.0, 0.0);
        self.parts.iter().flat_map(|part| part.rings.iter().enumerate()).map(signed).fold(zero, Point::plus).unit()
    }
}
