//! Measures of lines, and points against lines.

use std::rc::Rc;

use super::geojson::{Lines, one_line, push_point};
use super::input::{SPHEROID, Shapes, lines, place, real, reals, sphere_only, texts};
use super::overlay::{Unsound, union_lines};
use super::s2cell::line_edges;
use super::sphere::{Point, RADIUS, arc_centre, distance, distance_to_edge, interpolate, nearest};
use crate::functions::Param;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::types::KqlType::{Dynamic, Real};

const LINE: Param = param("lineString", "dynamic", "A GeoJSON line or multiline.");
const ONE_LINE: Param = param("lineString", "dynamic", "A GeoJSON line.");
const LON: Param = param("longitude", "real", "Degrees east, -180 to 180.");
const LAT: Param = param("latitude", "real", "Degrees north, -90 to 90.");

/// The edges of lines; of several lines what is walked twice counts once.
fn edges_once(lines: &Lines) -> Result<Vec<(Point, Point)>, Unsound> {
    if lines.len() < 2 { Ok(line_edges(lines)) } else { Ok(line_edges(&union_lines(lines)?)) }
}

/// `geo_distance_point_to_line(lon, lat, line)`: metres.
pub const DISTANCE: Scalar = Scalar::new(
    info(
        "geo_distance_point_to_line",
        "geo",
        "The distance in metres from a place to a line.",
        &[LON, LAT, LINE],
        "real",
        &[example(
            "print round(geo_distance_point_to_line(1, 1, dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[2,0]]})))",
            "111195.0",
        )],
    ),
    |args, _| {
        call("geo_distance_point_to_line", args, &[Real, Real, Dynamic], Real, |args| {
            let mut shapes = lines();
            build::reals(args.rows, |row| {
                let (lines, here) = (shapes.get(args, 2, row)?, place(args, 0, row)?);
                let edges = lines.iter().flat_map(|line| line.windows(2));
                Some(RADIUS * edges.map(|e| distance_to_edge(here, e[0], e[1])).fold(f64::INFINITY, f64::min))
            })
        })
    },
);

/// `geo_closest_point_on_line(lon, lat, line)`.
pub const CLOSEST: Scalar = Scalar::new(
    info(
        "geo_closest_point_on_line",
        "geo",
        "The place of a line that is nearest to a place.",
        &[LON, LAT, LINE],
        "dynamic",
        &[example(
            "print tostring(geo_closest_point_on_line(3, 0, dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[2,0]]})).type)",
            "Point",
        )],
    ),
    |args, _| {
        call("geo_closest_point_on_line", args, &[Real, Real, Dynamic], Dynamic, |args| {
            let mut shapes = lines();
            build::texts(args.rows, |row, out| {
                let (lines, here) = (shapes.get(args, 2, row)?, place(args, 0, row)?);
                let feet = lines.iter().flat_map(|line| line.windows(2)).map(|e| nearest(here, e[0], e[1]));
                let foot = feet.min_by(|one, other| distance(here, *one).total_cmp(&distance(here, *other)))?;
                push_point(out, foot.degrees());
                Some(())
            })
        })
    },
);

/// `geo_line_length(line)`: metres.
pub const LENGTH: Scalar = Scalar::new(
    info(
        "geo_line_length",
        "geo",
        "The length of a line in metres.",
        &[LINE, SPHEROID],
        "real",
        &[example(
            "print round(geo_line_length(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[1,0]]})))",
            "111195.0",
        )],
    ),
    |args, _| {
        let args = sphere_only("geo_line_length", args, 1)?;
        call("geo_line_length", args, &[Dynamic], Real, |args| {
            let mut shapes = lines();
            reals("geo_line_length", args.rows, |row| {
                let lines = shapes.get(args, 0, row)?;
                let edges = edges_once(&lines);
                Some(edges.map(|edges| RADIUS * edges.iter().map(|(a, b)| distance(*a, *b)).sum::<f64>()))
            })
        })
    },
);

/// `geo_line_centroid(line)`: the centre of mass.
pub const CENTROID: Scalar = Scalar::new(
    info(
        "geo_line_centroid",
        "geo",
        "The centre of mass of a line as a GeoJSON point.",
        &[LINE],
        "dynamic",
        &[example(
            "print tostring(geo_line_centroid(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[2,0]]})).type)",
            "Point",
        )],
    ),
    |args, _| {
        call("geo_line_centroid", args, &[Dynamic], Dynamic, |args| {
            let mut shapes = lines();
            texts("geo_line_centroid", args.rows, |row, out| {
                let lines = shapes.get(args, 0, row)?;
                let edges = match edges_once(&lines) {
                    Ok(edges) => edges,
                    Err(refused) => return Some(Err(refused)),
                };
                let zero = Point::new(0.0, 0.0, 0.0);
                let sum = edges.iter().map(|(a, b)| arc_centre(*a, *b)).fold(zero, Point::plus);
                // A line all around the earth has no centre.
                (sum.norm() > 1e-15).then(|| {
                    push_point(out, sum.unit().degrees());
                    Ok(())
                })
            })
        })
    },
);

fn single() -> Shapes<Vec<Point>> {
    Shapes::new(one_line)
}

fn lengths(line: &[Point]) -> impl Iterator<Item = f64> + '_ {
    line.windows(2).map(|edge| distance(edge[0], edge[1]))
}

/// `geo_line_interpolate_point(line, fraction)`: the place at a share of the length, 0 to 1.
pub const INTERPOLATE: Scalar = Scalar::new(
    info(
        "geo_line_interpolate_point",
        "geo",
        "The place at a share of a line's length.",
        &[ONE_LINE, param("fraction", "real", "0 (start) to 1 (end).")],
        "dynamic",
        &[example(
            "print tostring(geo_line_interpolate_point(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[2,0]]}), 0).coordinates)",
            "[0,0]",
        )],
    ),
    |args, _| {
        call("geo_line_interpolate_point", args, &[Dynamic, Real], Dynamic, |args| {
            let mut shapes = single();
            build::texts(args.rows, |row, out| {
                let line: Rc<Vec<Point>> = shapes.get(args, 0, row)?;
                let share = real(args, 1, row, None).filter(|share| (0.0..=1.0).contains(share))?;
                let mut left = share * lengths(&line).sum::<f64>();
                let mut found = *line.last()?;
                for (edge, length) in line.windows(2).zip(lengths(&line)) {
                    if left < length {
                        found = interpolate(edge[0], edge[1], left / length);
                        break;
                    }
                    left -= length;
                }
                push_point(out, found.degrees());
                Some(())
            })
        })
    },
);

/// `geo_line_locate_point(line, lon, lat)`: the share of the length up to the nearest place, 0 to 1.
pub const LOCATE: Scalar = Scalar::new(
    info(
        "geo_line_locate_point",
        "geo",
        "The share of a line's length up to the place that is nearest to a place.",
        &[ONE_LINE, LON, LAT, SPHEROID],
        "real",
        &[example(
            "print geo_line_locate_point(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[2,0]]}), 3, 0)",
            "1.0",
        )],
    ),
    |args, _| {
        let args = sphere_only("geo_line_locate_point", args, 3)?;
        call("geo_line_locate_point", args, &[Dynamic, Real, Real], Real, |args| {
            let mut shapes = single();
            build::reals(args.rows, |row| {
                let (line, here) = (shapes.get(args, 0, row)?, place(args, 1, row)?);
                let (mut before, mut best, mut found) = (0.0, f64::INFINITY, 0.0);
                for (edge, length) in line.windows(2).zip(lengths(&line)) {
                    let foot = nearest(here, edge[0], edge[1]);
                    let apart = distance(here, foot);
                    if apart < best {
                        best = apart;
                        found = before + distance(edge[0], foot);
                    }
                    before += length;
                }
                Some((found / before).clamp(0.0, 1.0))
            })
        })
    },
);
