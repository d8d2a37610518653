//! Lines and polygons with fewer vertices: none nearer to another than the tolerance, none that a straight edge within
//! the tolerance replaces.

use super::geojson::{Collection, Lines};
use super::input::texts;
use super::input::{areas, lines, push, real};
use super::overlay::{Unsound, region, union_lines};
use super::ring::{Part, Ring};
use super::sphere::{Point, angle_of, distance, distance_to_edge};
use crate::functions::Param;
use crate::functions::kernel::KernelArgs;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::types::KqlType::{Dynamic, Real};

/// The greatest tolerance in metres.
const GREATEST: f64 = 7_800_000.0;
/// The most vertices that are thinned together.
const MAX_VERTICES: usize = 10_000;

const TOLERANCE: Param =
    optional("tolerance", "real", "The least distance in metres between vertices, 0 to 7800000; 10 by default.");

fn tolerance(args: &KernelArgs, row: usize) -> Option<f64> {
    real(args, 1, row, Some(10.0)).filter(|t| (0.0..GREATEST).contains(t)).map(angle_of)
}

/// The places that stand for all others within the tolerance of them.
fn sites(all: impl Iterator<Item = Point>, tolerance: f64) -> Result<Vec<Point>, Unsound> {
    let mut sites: Vec<Point> = Vec::new();
    for (count, place) in all.enumerate() {
        if count >= MAX_VERTICES {
            return Err(Unsound);
        }
        if sites.iter().all(|site| distance(*site, place) >= tolerance) {
            sites.push(place);
        }
    }
    Ok(sites)
}

fn nearest(sites: &[Point], place: Point) -> Point {
    let away = |site: &Point| site.minus(place).dot(site.minus(place));
    sites.iter().copied().min_by(|a, b| away(a).total_cmp(&away(b))).unwrap_or(place)
}

/// Walks a line from site to site, each step as long as every place that it leaves out is within the tolerance of it.
fn straighten(line: &[Point], sites: &[Point], tolerance: f64) -> Vec<Point> {
    let snapped: Vec<Point> = line.iter().map(|place| nearest(sites, *place)).collect();
    let mut found: Vec<Point> = snapped.first().copied().into_iter().collect();
    let mut start = 0;
    while let Some(from) = found.last().copied() {
        // The next site first: what lies before it has snapped to where this step starts.
        let Some(next) = snapped.iter().skip(start + 1).position(|site| *site != from) else { break };
        let mut end = start + 1 + next;
        for (at, to) in snapped.iter().enumerate().skip(end + 1) {
            let between = line.get(start + 1..at).unwrap_or_default();
            if *to == from || !between.iter().all(|place| distance_to_edge(*place, from, *to) <= tolerance) {
                break;
            }
            end = at;
        }
        found.extend(snapped.get(end));
        start = end;
    }
    found
}

fn simple_lines(lines: &Lines, tolerance: f64) -> Result<Option<Collection>, Unsound> {
    let all = if lines.len() < 2 { lines.clone() } else { union_lines(lines)? };
    if tolerance == 0.0 {
        return Ok(Some(Collection { lines: all, ..Collection::default() }));
    }
    // Ends first: they stay where vertices in between must give way.
    let ends = all.iter().flat_map(|line| line.first().into_iter().chain(line.last()));
    let sites = sites(ends.chain(all.iter().flatten()).copied(), tolerance)?;
    let lines: Lines =
        all.iter().map(|line| straighten(line, &sites, tolerance)).filter(|line| line.len() > 1).collect();
    Ok((!lines.is_empty()).then_some(Collection { lines, ..Collection::default() }))
}

/// A border thinned; `None` when less than a triangle is left.
fn simple_border(border: &[Point], sites: &[Point], tolerance: f64) -> Option<Vec<Point>> {
    // The walk starts at a corner, the vertex farthest from the midst, for its start is never left out.
    let middle = border.iter().fold(Point::new(0.0, 0.0, 0.0), |sum, place| sum.plus(*place)).unit();
    let away = |at: &usize| border.get(*at).map_or(0.0, |place| distance(middle, *place));
    let start = (0..border.len()).max_by(|a, b| away(a).total_cmp(&away(b)))?;
    let closed: Vec<Point> = border.iter().cycle().skip(start).take(border.len() + 1).copied().collect();
    let mut ring = straighten(&closed, sites, tolerance);
    ring.pop();
    // The result starts with the first vertex of the input that is left.
    let first = border.iter().map(|place| nearest(sites, *place)).find_map(|site| ring.iter().position(|p| *p == site));
    ring.rotate_left(first.unwrap_or(0));
    (ring.len() > 2).then_some(ring)
}

fn simple_polygons(area: &super::ring::Area, tolerance: f64) -> Result<Option<Collection>, Unsound> {
    let polygons = region(area)?.polygons()?;
    if tolerance == 0.0 {
        return Ok(Some(Collection { polygons, ..Collection::default() }));
    }
    let sites = sites(polygons.iter().flatten().flatten().copied(), tolerance)?;
    let mut found = Vec::new();
    for polygon in polygons {
        let mut rings = Vec::new();
        for (index, border) in polygon.iter().enumerate() {
            match simple_border(border, &sites, tolerance) {
                Some(ring) => rings.push(ring),
                // Without its shell a polygon is gone, and its holes with it.
                None if index == 0 => break,
                None => {}
            }
        }
        if rings.is_empty() {
            continue;
        }
        // Thinning may make borders cross: such a result is refused.
        let check: Option<Vec<Ring>> = rings.iter().cloned().map(Ring::new).collect();
        check.and_then(Part::new).ok_or(Unsound)?;
        found.push(rings);
    }
    Ok((!found.is_empty()).then_some(Collection { polygons: found, ..Collection::default() }))
}

/// `geo_line_simplify(line [, tolerance])`: null when nothing is left.
pub const LINE: Scalar = Scalar::new(
    info(
        "geo_line_simplify",
        "geo",
        "A line with nearly straight chains of short edges replaced by single edges.",
        &[param("lineString", "dynamic", "A GeoJSON line or multiline."), TOLERANCE],
        "dynamic",
        &[example(
            "print isnull(geo_line_simplify(dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1],[2,2]]}), 1000000))",
            "true",
        )],
    ),
    |args, _| {
        call("geo_line_simplify", args, &[Dynamic, Real], Dynamic, |args| {
            let mut shapes = lines();
            texts("geo_line_simplify", args.rows, |row, out| {
                let (lines, tolerance) = (shapes.get(args, 0, row)?, tolerance(args, row)?);
                push(out, simple_lines(&lines, tolerance).transpose()?)
            })
        })
    },
);

/// `geo_polygon_simplify(polygon [, tolerance])`: null when nothing is left.
pub const POLYGON: Scalar = Scalar::new(
    info(
        "geo_polygon_simplify",
        "geo",
        "A polygon with nearly straight chains of short edges replaced by single edges.",
        &[param("polygon", "dynamic", "A GeoJSON polygon or multipolygon."), TOLERANCE],
        "dynamic",
        &[example(
            "print isnull(geo_polygon_simplify(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[1,1],[2,1],[2,2],[1,1]]]}), 1000000))",
            "true",
        )],
    ),
    |args, _| {
        call("geo_polygon_simplify", args, &[Dynamic, Real], Dynamic, |args| {
            let mut shapes = areas();
            texts("geo_polygon_simplify", args.rows, |row, out| {
                let (area, tolerance) = (shapes.get(args, 0, row)?, tolerance(args, row)?);
                push(out, simple_polygons(&area, tolerance).transpose()?)
            })
        })
    },
);
