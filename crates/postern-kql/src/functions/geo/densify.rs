//! Edges that are straight in degrees, as chains of arcs that keep close to them.
//!
//! An edge is halved in the plane until its arc is near enough. Where the two are apart the most is known beforehand
//! up to a factor for edges of any direction; the two constants are those of S2's edge tessellator.

use super::geojson::{self, Position, push_array, push_geometry, push_position};
use super::input::{flag, real, text, texts};
use super::overlay::Unsound;
use super::sphere::{Point, RADIUS, interpolate};
use crate::functions::Param;
use crate::functions::kernel::KernelArgs;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::types::KqlType::{Bool, Dynamic, Real};

/// Where on an edge the arc is measured against it: here and as far from the other end.
const SHARE: f64 = 0.312_156_910_822_483_1;
/// The measure is at least this part of the greatest distance.
const FACTOR: f64 = 0.838_299_925_698_885_1;
/// The most positions of a result.
const MAX_POSITIONS: usize = 1 << 20;

const TOLERANCE: Param =
    optional("tolerance", "real", "The greatest distance in metres from the planar edge, 0.1 to 10000; 10 by default.");
const CROSSING: Param =
    optional("preserve_crossing", "bool", "Whether an edge may cross the date line; false by default: it goes around.");

fn between(a: Position, b: Position, share: f64) -> Position {
    (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share)
}

fn on_sphere(place: Position) -> Point {
    Point::from_radians(place.0.to_radians(), place.1.to_radians())
}

fn near_enough(a: Position, b: Position, tolerance: f64) -> bool {
    let (start, end) = (on_sphere(a), on_sphere(b));
    if start.dot(end) < -1e-14 {
        return false;
    }
    [SHARE, 1.0 - SHARE].into_iter().all(|share| {
        let arc = interpolate(start, end, share);
        RADIUS * arc.minus(on_sphere(between(a, b, share))).norm() <= FACTOR * tolerance
    })
}

/// The positions after the first, of which there may be `room`.
fn densify(line: &[Position], tolerance: f64, crossing: bool, room: &mut usize) -> Result<Vec<Position>, Unsound> {
    let mut found: Vec<Position> = line.first().copied().into_iter().collect();
    for edge in line.windows(2) {
        let (start, end) = (edge[0], edge[1]);
        let mut goal = end;
        if crossing && (end.0 - start.0).abs() > 180.0 {
            goal.0 += if end.0 < start.0 { 360.0 } else { -360.0 };
        }
        // Halves yet to be walked, the next one last.
        let mut open = vec![(start, goal, 0)];
        while let Some((a, b, depth)) = open.pop() {
            if depth < 32 && !near_enough(a, b, tolerance) {
                let middle = between(a, b, 0.5);
                open.push((middle, b, depth + 1));
                open.push((a, middle, depth + 1));
                continue;
            }
            *room = room.checked_sub(1).ok_or(Unsound)?;
            let lon = if b.0 > 180.0 {
                b.0 - 360.0
            } else if b.0 < -180.0 {
                b.0 + 360.0
            } else {
                b.0
            };
            found.push(if open.is_empty() { end } else { (lon, b.1) });
        }
    }
    Ok(found)
}

/// The tolerance and whether edges may cross the date line.
fn options(args: &KernelArgs, row: usize) -> Option<(f64, bool)> {
    let tolerance = real(args, 1, row, Some(10.0)).filter(|t| (0.1..=10_000.0).contains(t))?;
    Some((tolerance, flag(args, 2, row)?))
}

fn push_places(out: &mut String, places: &[Position]) {
    push_array(out, places.iter().copied(), push_position);
}

/// `geo_line_densify(line [, tolerance [, preserve_crossing]])`.
pub const LINE: Scalar = Scalar::new(
    info(
        "geo_line_densify",
        "geo",
        "A line with straight edges in degrees, with points between so that its arcs keep close to them.",
        &[param("lineString", "dynamic", "A GeoJSON line or multiline."), TOLERANCE, CROSSING],
        "dynamic",
        &[example(
            "print tostring(geo_line_densify(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[0,1]]})).coordinates)",
            "[[0,0],[0,1]]",
        )],
    ),
    |args, _| {
        call("geo_line_densify", args, &[Dynamic, Real, Bool], Dynamic, |args| {
            texts("geo_line_densify", args.rows, |row, out| {
                let (tolerance, crossing) = options(args, row)?;
                let (lines, many) = geojson::planar_lines(text(args, 0, row)?)?;
                let mut room = MAX_POSITIONS;
                let dense = |line: &Vec<Position>| densify(line, tolerance, crossing, &mut room);
                let dense: Vec<Vec<Position>> = match lines.iter().map(dense).collect() {
                    Ok(dense) => dense,
                    Err(refused) => return Some(Err(refused)),
                };
                if many {
                    push_geometry(out, "MultiLineString", |out| push_array(out, &dense, |out, l| push_places(out, l)));
                } else {
                    push_geometry(out, "LineString", |out| push_places(out, dense.first().map_or(&[], Vec::as_slice)));
                }
                Some(Ok(()))
            })
        })
    },
);

/// `geo_polygon_densify(polygon [, tolerance [, preserve_crossing]])`.
pub const POLYGON: Scalar = Scalar::new(
    info(
        "geo_polygon_densify",
        "geo",
        "A polygon with straight edges in degrees, with points between so that its arcs keep close to them.",
        &[param("polygon", "dynamic", "A GeoJSON polygon or multipolygon."), TOLERANCE, CROSSING],
        "dynamic",
        &[example(
            "print array_length(geo_polygon_densify(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[10,10],[11,10],[11,11],[10,11],[10,10]]]})).coordinates[0])",
            "11",
        )],
    ),
    |args, _| {
        call("geo_polygon_densify", args, &[Dynamic, Real, Bool], Dynamic, |args| {
            texts("geo_polygon_densify", args.rows, |row, out| {
                let (tolerance, crossing) = options(args, row)?;
                let (polygons, many) = geojson::planar_polygons(text(args, 0, row)?)?;
                geojson::area_of(&polygons)?;
                let mut room = MAX_POSITIONS;
                let mut dense = Vec::with_capacity(polygons.len());
                for polygon in &polygons {
                    let mut rings = Vec::with_capacity(polygon.len());
                    for ring in polygon {
                        match densify(ring, tolerance, crossing, &mut room) {
                            Ok(ring) => rings.push(ring),
                            Err(refused) => return Some(Err(refused)),
                        }
                    }
                    dense.push(rings);
                }
                let push_rings =
                    |out: &mut String, rings: &Vec<Vec<Position>>| push_array(out, rings, |out, r| push_places(out, r));
                match dense.as_slice() {
                    [one] if !many => push_geometry(out, "Polygon", |out| push_rings(out, one)),
                    all => push_geometry(out, "MultiPolygon", |out| push_array(out, all, push_rings)),
                }
                Some(Ok(()))
            })
        })
    },
);
