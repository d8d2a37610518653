//! Points and arcs on the unit sphere: the one model of the earth that these functions know.
//!
//! An edge is the shortest arc between its ends. The formulas are the stable ones of vector geometry: differences of
//! near points are taken before products, so that metres are told apart on a sphere of thousands of kilometres.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use super::sign::sign;

/// The earth's mean radius in metres.
pub const RADIUS: f64 = 6_371_010.0;

/// A vector; on the sphere a vector of length 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Towards 0° east on the equator.
    pub x: f64,
    /// Towards 90° east on the equator.
    pub y: f64,
    /// Towards the north pole.
    pub z: f64,
}

/// True for coordinates that exist, in degrees.
pub fn valid(lon: f64, lat: f64) -> bool {
    (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)
}

impl Point {
    /// A vector from its parts.
    pub const fn new(x: f64, y: f64, z: f64) -> Self {
        Self { x, y, z }
    }

    /// The place at these degrees; `None` when they do not exist.
    pub fn from_degrees(lon: f64, lat: f64) -> Option<Self> {
        valid(lon, lat).then(|| Self::from_radians(lon.to_radians(), lat.to_radians()))
    }

    /// The place at these radians.
    pub fn from_radians(lon: f64, lat: f64) -> Self {
        Self::new(lon.cos() * lat.cos(), lon.sin() * lat.cos(), lat.sin())
    }

    /// Longitude and latitude in degrees.
    pub fn degrees(self) -> (f64, f64) {
        // Adding zero turns a negative zero into zero.
        (self.y.atan2(self.x).to_degrees() + 0.0, self.z.atan2(self.x.hypot(self.y)).to_degrees() + 0.0)
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y, self.z + other.z)
    }

    /// The difference.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y, self.z - other.z)
    }

    /// The multiple.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self::new(self.x * factor, self.y * factor, self.z * factor)
    }

    /// The scalar product.
    pub fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    /// The vector product.
    #[must_use]
    pub fn cross(self, other: Self) -> Self {
        Self::new(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    /// The length.
    pub fn norm(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The vector of length 1 in the same direction; the zero vector stays.
    #[must_use]
    pub fn unit(self) -> Self {
        let norm = self.norm();
        if norm > 0.0 { self.times(1.0 / norm) } else { self }
    }

    /// The angle to another vector.
    pub fn angle(self, other: Self) -> f64 {
        self.cross(other).norm().atan2(self.dot(other))
    }

    /// The opposite place.
    #[must_use]
    pub fn opposite(self) -> Self {
        self.times(-1.0)
    }

    /// Some direction at a right angle to this one.
    #[must_use]
    pub fn across(self) -> Self {
        let (x, y, z) = (self.x.abs(), self.y.abs(), self.z.abs());
        // A slant keeps the direction away from the grid of degrees.
        let way = if x >= y && x >= z {
            Self::new(0.012, 0.005_3, 1.0)
        } else if y >= z {
            Self::new(1.0, 0.005_3, 0.004_57)
        } else {
            Self::new(0.012, 1.0, 0.004_57)
        };
        self.cross(way).unit()
    }

    /// Lexicographic order of the parts.
    pub fn order(self, other: Self) -> std::cmp::Ordering {
        self.x.total_cmp(&other.x).then(self.y.total_cmp(&other.y)).then(self.z.total_cmp(&other.z))
    }

    /// The parts' bits, equal for equal points.
    pub fn bits(self) -> [u64; 3] {
        [(self.x + 0.0).to_bits(), (self.y + 0.0).to_bits(), (self.z + 0.0).to_bits()]
    }
}

/// The normal of the arc from `a` to `b`, of length 1; stable for near and for far points.
pub fn normal(a: Point, b: Point) -> Point {
    let cross = b.plus(a).cross(b.minus(a));
    if cross.norm() > 0.0 { cross.unit() } else { a.across() }
}

/// True when two points are so nearly opposite that no shortest arc joins them.
pub fn antipodal(a: Point, b: Point) -> bool {
    a.plus(b).norm() < 1e-15
}

/// The angle between two places, from the half chord; stable for near points.
pub fn distance(a: Point, b: Point) -> f64 {
    if a.dot(b) > 0.0 { 2.0 * (a.minus(b).norm() / 2.0).min(1.0).asin() } else { a.angle(b) }
}

/// The place at a share of the arc from `a` to `b`.
pub fn interpolate(a: Point, b: Point, share: f64) -> Point {
    if share <= 0.0 {
        return a;
    }
    if share >= 1.0 {
        return b;
    }
    advance(a, b, share * distance(a, b))
}

/// The place at an angle from `a` on the great circle towards `b`.
pub fn advance(a: Point, b: Point, angle: f64) -> Point {
    let tangent = normal(a, b).cross(a).unit();
    a.times(angle.cos()).plus(tangent.times(angle.sin())).unit()
}

/// The direction from `from` to `to` in radians clockwise from north, 0 to below 2π.
pub fn azimuth(from: Point, to: Point) -> f64 {
    let (lon, lat) = (from.y.atan2(from.x), from.z.atan2(from.x.hypot(from.y)));
    let east = Point::new(-lon.sin(), lon.cos(), 0.0);
    let north = Point::new(-lat.sin() * lon.cos(), -lat.sin() * lon.sin(), lat.cos());
    let way = to.minus(from);
    turn(way.dot(east).atan2(way.dot(north)))
}

/// The angle within 0 to below 2π.
pub fn turn(angle: f64) -> f64 {
    let angle = angle.rem_euclid(TAU);
    if angle >= TAU { 0.0 } else { angle }
}

/// The place on the arc from `a` to `b` that is nearest to `place`.
pub fn nearest(place: Point, a: Point, b: Point) -> Point {
    if a == b {
        return a;
    }
    let n = normal(a, b);
    // The foot of the perpendicular lies within the arc when it is past `a` and before `b`.
    if n.cross(a).dot(place) > 0.0 && b.cross(n).dot(place) > 0.0 {
        let height = place.minus(a).dot(n);
        let foot = place.minus(n.times(height)).unit();
        if foot.norm() > 0.0 {
            return foot;
        }
    }
    if place.minus(a).norm() <= place.minus(b).norm() { a } else { b }
}

/// The angle between a place and the arc from `a` to `b`.
pub fn distance_to_edge(place: Point, a: Point, b: Point) -> f64 {
    if a == b {
        return distance(place, a);
    }
    let n = normal(a, b);
    if n.cross(a).dot(place) > 0.0 && b.cross(n).dot(place) > 0.0 {
        let near = if place.minus(a).norm() <= place.minus(b).norm() { a } else { b };
        return place.minus(near).dot(n).abs().min(1.0).asin();
    }
    distance(place, a).min(distance(place, b))
}

/// How two edges meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// Not at all.
    Apart,
    /// In an end that both have.
    End,
    /// In the midst of both.
    Cross,
}

/// How the edges `a`–`b` and `c`–`d` meet; exact.
pub fn meeting(a: Point, b: Point, c: Point, d: Point) -> Meeting {
    if a == c || a == d || b == c || b == d {
        return Meeting::End;
    }
    if a == b || c == d {
        return Meeting::Apart;
    }
    let side = sign(a, b, d);
    if side == 0 || sign(a, b, c) != -side || sign(c, d, a) != side || sign(c, d, b) != -side {
        return Meeting::Apart;
    }
    Meeting::Cross
}

/// True when `b` is met before or with `c`, turning counterclockwise from `a` around `o`.
fn ordered(a: Point, b: Point, c: Point, o: Point) -> bool {
    let first = u8::from(sign(b, o, a) >= 0);
    let second = u8::from(sign(c, o, b) >= 0);
    let third = u8::from(sign(a, o, c) > 0);
    first + second + third >= 2
}

/// True when the corner `a`, `o`, `c` of a counterclockwise ring holds its own vertex. Exactly one of the corners that
/// share a vertex and fill the circle does.
pub fn corner_holds(a: Point, o: Point, c: Point) -> bool {
    !ordered(o.across(), c, a, o)
}

/// True when walking `a`–`b` crosses `c`–`d`, where an end that both have counts for one of the corners there only.
pub fn crosses(a: Point, b: Point, c: Point, d: Point) -> bool {
    match meeting(a, b, c, d) {
        Meeting::Apart => false,
        Meeting::Cross => true,
        Meeting::End => {
            if a == b || c == d {
                false
            } else if a == c {
                b == d || ordered(a.across(), d, b, a)
            } else if b == d {
                ordered(b.across(), c, a, b)
            } else if a == d {
                b == c || ordered(a.across(), c, b, a)
            } else {
                ordered(b.across(), d, a, b)
            }
        }
    }
}

/// Where two crossing edges meet.
pub fn crossing(a: Point, b: Point, c: Point, d: Point) -> Point {
    let place = normal(a, b).cross(normal(c, d)).unit();
    if place.dot(a.plus(b)) < 0.0 { place.opposite() } else { place }
}

/// The turn at `b` on the way from `a` to `c`: left is positive.
pub fn turning(a: Point, b: Point, c: Point) -> f64 {
    let angle = normal(a, b).angle(normal(b, c));
    if sign(a, b, c) > 0 { angle } else { -angle }
}

/// The area of a triangle on the unit sphere, positive when its corners run counterclockwise.
///
/// L'Huilier's formula; Girard's where the triangle is so thin that the former loses digits.
pub fn triangle(a: Point, b: Point, c: Point) -> f64 {
    let (sa, sb, sc) = (b.angle(c), c.angle(a), a.angle(b));
    let s = 0.5 * (sa + sb + sc);
    let shortest = s - sa.max(sb).max(sc);
    let mut area = None;
    if s >= 3e-4 && shortest < 1e-2 * s * s * s * s * s {
        let (ab, bc, ac) = (normal(a, b), normal(b, c), normal(a, c));
        let girard = (ab.angle(ac) - ab.angle(bc) + bc.angle(ac)).max(0.0);
        if shortest < s * 0.1 * (girard + 5e-15) {
            area = Some(girard);
        }
    }
    let area = area.unwrap_or_else(|| {
        let product = (0.5 * s).tan() * (0.5 * (s - sa)).tan() * (0.5 * (s - sb)).tan() * (0.5 * (s - sc)).tan();
        4.0 * product.max(0.0).sqrt().atan()
    });
    area * f64::from(sign(a, b, c))
}

/// The centre of mass of a triangle on the sphere times its area, signed like the area.
pub fn triangle_centre(a: Point, b: Point, c: Point) -> Point {
    let ratio = |angle: f64| if angle == 0.0 { 1.0 } else { angle / angle.sin() };
    let (ra, rb, rc) = (ratio(b.angle(c)), ratio(c.angle(a)), ratio(a.angle(b)));
    // The moment m holds a·m = ra, b·m = rb, c·m = rc up to the determinant; rows are taken against the first.
    let x = Point::new(a.x, b.x - a.x, c.x - a.x);
    let y = Point::new(a.y, b.y - a.y, c.y - a.y);
    let z = Point::new(a.z, b.z - a.z, c.z - a.z);
    let r = Point::new(ra, rb - ra, rc - ra);
    Point::new(y.cross(z).dot(r), z.cross(x).dot(r), x.cross(y).dot(r)).times(0.5)
}

/// The centre of mass of an arc times its length.
pub fn arc_centre(a: Point, b: Point) -> Point {
    let (apart, together) = (a.minus(b), a.plus(b));
    let cos2 = together.dot(together);
    if cos2 == 0.0 { Point::new(0.0, 0.0, 0.0) } else { together.times((apart.dot(apart) / cos2).sqrt()) }
}

/// Metres as an angle.
pub fn angle_of(metres: f64) -> f64 {
    metres / RADIUS
}

/// True for a radius that stays within half the earth.
pub fn radius_fits(metres: f64) -> bool {
    metres.is_finite() && metres >= 0.0 && metres / RADIUS <= PI
}

/// A quarter of a great circle.
pub const QUARTER: f64 = FRAC_PI_2;

#[cfg(test)]
#[path = "sphere_tests.rs"]
mod tests;
