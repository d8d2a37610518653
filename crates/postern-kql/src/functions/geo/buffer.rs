//! Polygons around points, lines and polygons that hold everything within a distance.
//!
//! The border runs between the distance and the distance and the tolerance: circles become polygons around them, and
//! an edge becomes a box with round ends. A line's or polygon's buffer is the union of those of its edges.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use super::geojson::{Collection, push_collection};
use super::input::{areas, lines, place, push, real, texts};
use super::overlay::{self, Unsound};
use super::ring::{Part, Ring};
use super::s2cell::line_edges;
use super::sphere::{Point, angle_of, azimuth, distance, interpolate};
use crate::functions::Param;
use crate::functions::kernel::KernelArgs;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::types::KqlType::{Dynamic, Real};

/// The least tolerance as a part of the radius.
const LEAST: f64 = 1e-6;
/// The most edges of a shape that are buffered one by one.
const MAX_EDGES: usize = 500;

const RADIUS: Param = param("radius", "real", "Metres, above 0.");
const TOLERANCE: Param = optional("tolerance", "real", "How many metres the border may be too far out; 10 by default.");

/// The radius and the tolerance as angles.
fn sizes(args: &KernelArgs, at: usize, row: usize) -> Option<(f64, f64)> {
    let radius = real(args, at, row, None).filter(|r| *r > 0.0 && r.is_finite())?;
    let tolerance = real(args, at + 1, row, Some(10.0)).filter(|t| *t >= LEAST * radius && t.is_finite())?;
    // A tolerance above the radius stands for the greatest below it.
    Some((angle_of(radius), angle_of(tolerance.min(radius * 0.999))))
}

/// The place at an angle from another in a direction, clockwise from north.
fn towards(from: Point, direction: f64, angle: f64) -> Point {
    let (lon, lat) = (from.y.atan2(from.x), from.z.atan2(from.x.hypot(from.y)));
    let east = Point::new(-lon.sin(), lon.cos(), 0.0);
    let north = Point::new(-lat.sin() * lon.cos(), -lat.sin() * lon.sin(), lat.cos());
    let way = east.times(direction.sin()).plus(north.times(direction.cos()));
    from.times(angle.cos()).plus(way.times(angle.sin())).unit()
}

/// The number of equal corners that a whole circle of a radius needs so that a polygon around it is out by no more
/// than the tolerance, and the distance of its corners.
fn corners(radius: f64, tolerance: f64) -> Result<(u32, f64), Unsound> {
    if radius + tolerance >= FRAC_PI_2 * 0.99 {
        return Err(Unsound);
    }
    // A side touches the circle in its midst: tan radius = tan corner · cos of half the angle between corners.
    let half = (radius.tan() / (radius + tolerance).tan()).clamp(-1.0, 1.0).acos();
    let count = (PI / half.max(1e-4)).ceil().max(4.0);
    Ok((count as u32, (radius.tan() / (PI / count).cos()).atan()))
}

fn circle(centre: Point, radius: f64, tolerance: f64) -> Result<Vec<Point>, Unsound> {
    let (count, corner) = corners(radius, tolerance)?;
    // From north against the clock.
    Ok((0..count).map(|at| towards(centre, -TAU * f64::from(at) / f64::from(count), corner)).collect())
}

/// The box with round ends around an edge.
fn capsule(a: Point, b: Point, radius: f64, tolerance: f64) -> Result<Vec<Point>, Unsound> {
    let (count, corner) = corners(radius, tolerance)?;
    let half = count.div_ceil(2);
    let step = PI / f64::from(half);
    let mut ring = Vec::with_capacity(half as usize * 2);
    for (end, other) in [(b, a), (a, b)] {
        // Each end from the right of the way out to its left, against the clock.
        let out = azimuth(end, other) + PI;
        ring.extend((0..half).map(|at| towards(end, out + FRAC_PI_2 - step * (f64::from(at) + 0.5), corner)));
    }
    Ok(ring)
}

/// The buffers of edges, each cut short enough that the sides of its box stay within the tolerance.
fn capsules(all: &[(Point, Point)], radius: f64, tolerance: f64) -> Result<Vec<Part>, Unsound> {
    // Room for the sides of a box and for rounding on the inner side, and for the corners.
    let (base, round, side) = (radius + tolerance * 0.1, tolerance * 0.6, tolerance * 0.25);
    let longest = (8.0 * side / radius).sqrt().min(0.5);
    let mut parts = Vec::new();
    for (a, b) in all {
        let pieces = (distance(*a, *b) / longest).ceil().max(1.0);
        if pieces + parts.len() as f64 > MAX_EDGES as f64 {
            return Err(Unsound);
        }
        let at = |piece: f64| interpolate(*a, *b, piece / pieces);
        for piece in 0..pieces as u32 {
            let ends = (at(f64::from(piece)), at(f64::from(piece + 1)));
            let ring = Ring::new(capsule(ends.0, ends.1, base, round)?).ok_or(Unsound)?;
            parts.push(Part::new(vec![ring]).ok_or(Unsound)?);
        }
    }
    Ok(parts)
}

fn joined<'a>(parts: impl Iterator<Item = &'a Part>) -> Result<Collection, Unsound> {
    let polygons = overlay::union(parts)?.polygons()?;
    Ok(Collection { polygons, ..Collection::default() })
}

/// `geo_point_buffer(lon, lat, radius [, tolerance])`.
pub const POINT: Scalar = Scalar::new(
    info(
        "geo_point_buffer",
        "geo",
        "A polygon that holds all places within a distance of a place.",
        &[
            param("longitude", "real", "Degrees east, -180 to 180."),
            param("latitude", "real", "Degrees north, -90 to 90."),
            RADIUS,
            TOLERANCE,
        ],
        "dynamic",
        &[example("print geo_point_in_polygon(0, 0.0089, geo_point_buffer(0, 0, 1000, 1))", "true")],
    ),
    |args, _| {
        call("geo_point_buffer", args, &[Real], Dynamic, |args| {
            texts("geo_point_buffer", args.rows, |row, out| {
                let (centre, (radius, tolerance)) = (place(args, 0, row)?, sizes(args, 2, row)?);
                Some(circle(centre, radius, tolerance).map(|ring| {
                    let all = Collection { polygons: vec![vec![ring]], ..Collection::default() };
                    push_collection(out, &all);
                }))
            })
        })
    },
);

/// `geo_line_buffer(line, radius [, tolerance])`.
pub const LINE: Scalar = Scalar::new(
    info(
        "geo_line_buffer",
        "geo",
        "A polygon that holds all places within a distance of a line.",
        &[param("lineString", "dynamic", "A GeoJSON line or multiline."), RADIUS, TOLERANCE],
        "dynamic",
        &[example(
            "print geo_point_in_polygon(0.5, 0.0089, geo_line_buffer(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[1,0]]}), 1000, 1))",
            "true",
        )],
    ),
    |args, _| {
        call("geo_line_buffer", args, &[Dynamic, Real, Real], Dynamic, |args| {
            let mut shapes = lines();
            texts("geo_line_buffer", args.rows, |row, out| {
                let (lines, (radius, tolerance)) = (shapes.get(args, 0, row)?, sizes(args, 1, row)?);
                let parts = capsules(&line_edges(&lines), radius, tolerance);
                push(out, parts.and_then(|parts| joined(parts.iter())))
            })
        })
    },
);

/// `geo_polygon_buffer(polygon, radius [, tolerance])`.
pub const POLYGON: Scalar = Scalar::new(
    info(
        "geo_polygon_buffer",
        "geo",
        "A polygon that holds all places within a distance of a polygon.",
        &[param("polygon", "dynamic", "A GeoJSON polygon or multipolygon."), RADIUS, TOLERANCE],
        "dynamic",
        &[example(
            "print geo_point_in_polygon(0.5, -0.0089, geo_polygon_buffer(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}), 1000, 1))",
            "true",
        )],
    ),
    |args, _| {
        call("geo_polygon_buffer", args, &[Dynamic, Real, Real], Dynamic, |args| {
            let mut shapes = areas();
            texts("geo_polygon_buffer", args.rows, |row, out| {
                let (area, (radius, tolerance)) = (shapes.get(args, 0, row)?, sizes(args, 1, row)?);
                let edges: Vec<(Point, Point)> = area.edges().collect();
                let parts = capsules(&edges, radius, tolerance);
                push(out, parts.and_then(|parts| joined(area.parts.iter().chain(&parts))))
            })
        })
    },
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::geo::sphere::{RADIUS as EARTH, distance_to_edge};

    /// Every corner is as far out as promised, and no edge comes nearer than the radius.
    fn check(ring: &[Point], line: &[(Point, Point)], radius: f64, tolerance: f64) {
        let away = |place: Point| line.iter().map(|(a, b)| distance_to_edge(place, *a, *b)).fold(f64::MAX, f64::min);
        for (a, b) in crate::functions::geo::ring::edges(ring) {
            for share in 0..=20 {
                let metres = EARTH * away(interpolate(a, b, f64::from(share) / 20.0));
                assert!(metres >= radius - 1e-6 && metres <= radius + tolerance + 1e-6, "{metres}");
            }
        }
    }

    #[test]
    fn borders_keep_their_distance() {
        let at = |lon: f64, lat: f64| Point::from_degrees(lon, lat).unwrap();
        for (radius, tolerance) in [(1.0, 0.01), (500.0, 10.0), (20_000.0, 10.0), (3_000_000.0, 100_000.0)] {
            let (r, t) = (angle_of(radius), angle_of(tolerance));
            let centre = at(-115.174_5, 36.149_7);
            check(&circle(centre, r, t).unwrap(), &[(centre, centre)], radius, tolerance);
        }
        for (radius, tolerance) in [(4.0, 0.1), (500.0, 10.0), (20_000.0, 100.0)] {
            let (r, t) = (angle_of(radius), angle_of(tolerance));
            let line = [(at(-80.6, 24.8), at(-80.7, 24.9)), (at(-80.7, 24.9), at(-80.5, 25.2))];
            let parts = capsules(&line, r, t).unwrap();
            let joined = joined(parts.iter()).unwrap();
            assert_eq!((joined.polygons.len(), joined.polygons[0].len()), (1, 1), "{radius}");
            check(&joined.polygons[0][0], &line, radius, tolerance);
        }
    }
}
