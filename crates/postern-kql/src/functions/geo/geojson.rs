//! GeoJSON (RFC 7946) read from and written to `dynamic` text: longitude first.
//!
//! Reading is strict, as KQL is: one wrong coordinate makes the whole shape invalid, and an invalid shape is null.

use std::fmt::Write as _;

use super::ring::{Area, Part, Ring};
use super::sphere::{self, Point, antipodal};
use crate::functions::support::json;

/// The most positions of a ring or line; a greater one counts as invalid. KQL's own limit, a megabyte of text for a
/// `dynamic` value, allows fewer.
pub const MAX_POSITIONS: usize = 100_000;

/// Longitude and latitude in degrees.
pub type Position = (f64, f64);

/// The lines of a `LineString` or `MultiLineString`.
pub type Lines = Vec<Vec<Point>>;

/// The type and the coordinates of a geometry.
fn typed(raw: &str) -> Option<(String, &str)> {
    Some((json::string_value(json::member(raw, "type")?).into_owned(), json::member(raw, "coordinates")?))
}

fn position(raw: &str) -> Option<Position> {
    let mut parts = json::elements(raw).map(|part| match json::kind(part) {
        Some(json::Kind::Number) => part.trim().parse::<f64>().ok(),
        _ => None,
    });
    let place = (parts.next()??, parts.next()??);
    sphere::valid(place.0, place.1).then_some(place)
}

fn positions(raw: &str) -> Option<Vec<Position>> {
    if json::kind(raw) != Some(json::Kind::Array) {
        return None;
    }
    let found: Vec<Position> = json::elements(raw).take(MAX_POSITIONS + 1).map(position).collect::<Option<_>>()?;
    (found.len() <= MAX_POSITIONS).then_some(found)
}

fn many<T>(raw: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    if json::kind(raw) != Some(json::Kind::Array) {
        return None;
    }
    let found: Vec<T> = json::elements(raw).map(read).collect::<Option<_>>()?;
    (!found.is_empty()).then_some(found)
}

fn points(places: &[Position]) -> Option<Vec<Point>> {
    places.iter().map(|(lon, lat)| Point::from_degrees(*lon, *lat)).collect()
}

/// A line of at least two places; equal neighbours are one place.
fn line(places: &[Position]) -> Option<Vec<Point>> {
    let mut line = points(places)?;
    line.dedup();
    (line.len() > 1 && line.windows(2).all(|pair| !antipodal(pair[0], pair[1]))).then_some(line)
}

/// The positions of a `LineString` or `MultiLineString`, and whether it is the latter.
pub fn planar_lines(raw: &str) -> Option<(Vec<Vec<Position>>, bool)> {
    let (name, coordinates) = typed(raw)?;
    let lines = match name.as_str() {
        "LineString" => vec![positions(coordinates)?],
        "MultiLineString" => many(coordinates, positions)?,
        _ => return None,
    };
    lines.iter().all(|l| line(l).is_some()).then_some((lines, name == "MultiLineString"))
}

/// A `LineString` or `MultiLineString`.
pub fn lines(raw: &str) -> Option<Lines> {
    let (lines, _) = planar_lines(raw)?;
    lines.iter().map(|l| line(l)).collect()
}

/// A `LineString`.
pub fn one_line(raw: &str) -> Option<Vec<Point>> {
    let (mut lines, many) = planar_lines(raw)?;
    if many && lines.len() > 1 {
        return None;
    }
    line(&lines.pop()?)
}

/// The positions of a `Polygon` or `MultiPolygon` by polygon and ring, and whether it is the latter. Rings are closed.
pub fn planar_polygons(raw: &str) -> Option<(Vec<Vec<Vec<Position>>>, bool)> {
    let (name, coordinates) = typed(raw)?;
    let polygon = |raw: &str| many(raw, positions);
    let polygons = match name.as_str() {
        "Polygon" => vec![polygon(coordinates)?],
        "MultiPolygon" => many(coordinates, polygon)?,
        _ => return None,
    };
    let closed = |ring: &Vec<Position>| ring.len() > 3 && ring.first() == ring.last();
    polygons.iter().flatten().all(closed).then_some((polygons, name == "MultiPolygon"))
}

/// A `Polygon` or `MultiPolygon`: checked, each ring around the smaller of its two sides.
pub fn area(raw: &str) -> Option<Area> {
    let (polygons, _) = planar_polygons(raw)?;
    area_of(&polygons)
}

/// The area of polygons given by their positions.
pub fn area_of(polygons: &[Vec<Vec<Position>>]) -> Option<Area> {
    let mut parts = Vec::with_capacity(polygons.len());
    for polygon in polygons {
        let mut rings = Vec::with_capacity(polygon.len());
        for ring in polygon {
            let mut vertices = points(ring)?;
            vertices.pop();
            rings.push(Ring::new(vertices)?);
        }
        parts.push(Part::new(rings)?);
    }
    Some(Area { parts })
}

/// A number as KQL writes it in `dynamic`: whole numbers without a fraction.
fn number(out: &mut String, value: f64) {
    let _ = write!(out, "{}", value + 0.0);
}

/// Writes `[lon,lat]`.
pub fn push_position(out: &mut String, place: Position) {
    out.push('[');
    number(out, place.0);
    out.push(',');
    number(out, place.1);
    out.push(']');
}

/// Writes `[item,item,…]`.
pub fn push_array<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut push: impl FnMut(&mut String, T)) {
    out.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(']');
}

/// Writes a geometry whose coordinates the closure writes.
pub fn push_geometry(out: &mut String, name: &str, coordinates: impl FnOnce(&mut String)) {
    out.push_str("{\"type\":\"");
    out.push_str(name);
    out.push_str("\",\"coordinates\":");
    coordinates(out);
    out.push('}');
}

/// Writes a `Point`.
pub fn push_point(out: &mut String, place: Position) {
    push_geometry(out, "Point", |out| push_position(out, place));
}

fn push_places(out: &mut String, places: &[Point]) {
    push_array(out, places, |out, place| push_position(out, place.degrees()));
}

fn push_ring(out: &mut String, ring: &[Point]) {
    push_array(out, ring.iter().chain(ring.first()), |out, place| push_position(out, place.degrees()));
}

/// Writes a `Polygon` with one closed ring of positions.
pub fn push_simple_polygon(out: &mut String, ring: &[Position]) {
    push_geometry(out, "Polygon", |out| {
        push_array(out, [ring], |out, ring| push_array(out, ring.iter().copied(), push_position));
    });
}

/// What is left of two shapes: points, lines and polygons.
#[derive(Debug, Default, Clone)]
pub struct Collection {
    /// Places that belong to nothing greater.
    pub points: Vec<Point>,
    /// Lines.
    pub lines: Lines,
    /// Polygons: a shell and its holes, not closed.
    pub polygons: Vec<Vec<Vec<Point>>>,
}

/// Writes the one geometry of a collection by its own type, several of one kind as one `Multi…`, kinds mixed or none as
/// a `GeometryCollection`.
pub fn push_collection(out: &mut String, all: &Collection) {
    let kinds = usize::from(!all.points.is_empty())
        + usize::from(!all.lines.is_empty())
        + usize::from(!all.polygons.is_empty());
    if kinds != 1 {
        out.push_str("{\"type\":\"GeometryCollection\",\"geometries\":[");
    }
    let start = out.len();
    let comma = |out: &mut String| {
        if kinds != 1 && out.len() > start {
            out.push(',');
        }
    };
    match all.points.as_slice() {
        [] => {}
        [one] => push_point(out, one.degrees()),
        many => push_geometry(out, "MultiPoint", |out| push_places(out, many)),
    }
    if !all.lines.is_empty() {
        comma(out);
        match all.lines.as_slice() {
            [one] => push_geometry(out, "LineString", |out| push_places(out, one)),
            many => push_geometry(out, "MultiLineString", |out| push_array(out, many, |out, l| push_places(out, l))),
        }
    }
    if !all.polygons.is_empty() {
        comma(out);
        let rings = |out: &mut String, rings: &Vec<Vec<Point>>| push_array(out, rings, |out, r| push_ring(out, r));
        match all.polygons.as_slice() {
            [one] => push_geometry(out, "Polygon", |out| rings(out, one)),
            many => push_geometry(out, "MultiPolygon", |out| push_array(out, many, rings)),
        }
    }
    if kinds != 1 {
        out.push_str("]}");
    }
}
