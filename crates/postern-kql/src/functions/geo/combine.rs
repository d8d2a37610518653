//! What lines and polygons have in common and cover together.

use super::geojson::{Collection, Lines, area, lines as read_lines};
use super::input::{areas, bools, lines, push, text, texts};
use super::overlay::{self, Unsound};
use super::ring::Area;
use crate::functions::Param;
use crate::functions::kernel::KernelArgs;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::functions::support::json;
use crate::types::KqlType::{Bool, Dynamic};

const LINE1: Param = param("lineString1", "dynamic", "A GeoJSON line or multiline.");
const LINE2: Param = param("lineString2", "dynamic", "A GeoJSON line or multiline.");
const LINE: Param = param("lineString", "dynamic", "A GeoJSON line or multiline.");
const POLYGON1: Param = param("polygon1", "dynamic", "A GeoJSON polygon or multipolygon.");
const POLYGON2: Param = param("polygon2", "dynamic", "A GeoJSON polygon or multipolygon.");
const POLYGON: Param = param("polygon", "dynamic", "A GeoJSON polygon or multipolygon.");

/// `geo_intersects_2lines(line1, line2)`.
pub const LINES_MEET: Scalar = Scalar::new(
    info(
        "geo_intersects_2lines",
        "geo",
        "Whether two lines meet.",
        &[LINE1, LINE2],
        "bool",
        &[example(
            "print geo_intersects_2lines(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[2,2]]}), dynamic({\"type\":\"LineString\",\"coordinates\":[[0,2],[2,0]]}))",
            "true",
        )],
    ),
    |args, _| {
        call("geo_intersects_2lines", args, &[Dynamic], Bool, |args| {
            let (mut first, mut second) = (lines(), lines());
            bools("geo_intersects_2lines", args.rows, |row| {
                let (first, second) = (first.get(args, 0, row)?, second.get(args, 1, row)?);
                Some(overlay::lines_meet(&first, &second))
            })
        })
    },
);

/// `geo_intersects_line_with_polygon(line, polygon)`.
pub const LINE_MEETS_POLYGON: Scalar = Scalar::new(
    info(
        "geo_intersects_line_with_polygon",
        "geo",
        "Whether a line meets a polygon.",
        &[LINE, POLYGON],
        "bool",
        &[example(
            "print geo_intersects_line_with_polygon(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,1],[3,1]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[1,0],[2,0],[2,2],[1,0]]]}))",
            "true",
        )],
    ),
    |args, _| {
        call("geo_intersects_line_with_polygon", args, &[Dynamic], Bool, |args| {
            let (mut first, mut second) = (lines(), areas());
            bools("geo_intersects_line_with_polygon", args.rows, |row| {
                let (first, second) = (first.get(args, 0, row)?, second.get(args, 1, row)?);
                Some(overlay::line_meets_area(&first, &second))
            })
        })
    },
);

/// `geo_intersects_2polygons(polygon1, polygon2)`.
pub const POLYGONS_MEET: Scalar = Scalar::new(
    info(
        "geo_intersects_2polygons",
        "geo",
        "Whether two polygons meet.",
        &[POLYGON1, POLYGON2],
        "bool",
        &[example(
            "print geo_intersects_2polygons(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[1,0],[2,0],[2,2],[1,0]]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[5,0],[6,0],[6,2],[5,0]]]}))",
            "false",
        )],
    ),
    |args, _| {
        call("geo_intersects_2polygons", args, &[Dynamic], Bool, |args| {
            let (mut first, mut second) = (areas(), areas());
            bools("geo_intersects_2polygons", args.rows, |row| {
                let (first, second) = (first.get(args, 0, row)?, second.get(args, 1, row)?);
                Some(overlay::areas_meet(&first, &second))
            })
        })
    },
);

/// `geo_intersection_2lines(line1, line2)`: points and lines; an empty collection when they do not meet.
pub const LINES: Scalar = Scalar::new(
    info(
        "geo_intersection_2lines",
        "geo",
        "What two lines have in common.",
        &[LINE1, LINE2],
        "dynamic",
        &[example(
            "print tostring(geo_intersection_2lines(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[2,2]]}), dynamic({\"type\":\"LineString\",\"coordinates\":[[0,2],[2,0]]})).type)",
            "Point",
        )],
    ),
    |args, _| {
        call("geo_intersection_2lines", args, &[Dynamic], Dynamic, |args| {
            let (mut first, mut second) = (lines(), lines());
            texts("geo_intersection_2lines", args.rows, |row, out| {
                let (first, second) = (first.get(args, 0, row)?, second.get(args, 1, row)?);
                push(out, overlay::common_lines(&first, &second))
            })
        })
    },
);

/// `geo_intersection_line_with_polygon(line, polygon)`: the parts of the line inside.
pub const LINE_POLYGON: Scalar = Scalar::new(
    info(
        "geo_intersection_line_with_polygon",
        "geo",
        "The parts of a line that lie in a polygon.",
        &[LINE, POLYGON],
        "dynamic",
        &[example(
            "print tostring(geo_intersection_line_with_polygon(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,1],[3,1]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[1,0],[2,0],[2,2],[1,0]]]})).type)",
            "LineString",
        )],
    ),
    |args, _| {
        call("geo_intersection_line_with_polygon", args, &[Dynamic], Dynamic, |args| {
            let (mut first, mut second) = (lines(), areas());
            texts("geo_intersection_line_with_polygon", args.rows, |row, out| {
                let (first, second) = (first.get(args, 0, row)?, second.get(args, 1, row)?);
                push(out, overlay::common_line_area(&first, &second))
            })
        })
    },
);

/// `geo_intersection_2polygons(polygon1, polygon2)`: polygons, and lines and points where they only touch.
pub const POLYGONS: Scalar = Scalar::new(
    info(
        "geo_intersection_2polygons",
        "geo",
        "What two polygons have in common.",
        &[POLYGON1, POLYGON2],
        "dynamic",
        &[example(
            "print tostring(geo_intersection_2polygons(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[1,0],[2,0],[2,2],[1,0]]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[5,0],[6,0],[6,2],[5,0]]]})))",
            "{\"type\":\"GeometryCollection\",\"geometries\":[]}",
        )],
    ),
    |args, _| {
        call("geo_intersection_2polygons", args, &[Dynamic], Dynamic, |args| {
            let (mut first, mut second) = (areas(), areas());
            texts("geo_intersection_2polygons", args.rows, |row, out| {
                let (first, second) = (first.get(args, 0, row)?, second.get(args, 1, row)?);
                push(out, overlay::common_area(&first, &second))
            })
        })
    },
);

/// Every element of an array read; `None` when one cannot be, or there is none.
fn each<T>(args: &KernelArgs, row: usize, read: fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let raw = text(args, 0, row)?;
    if json::kind(raw) != Some(json::Kind::Array) {
        return None;
    }
    let all: Vec<T> = json::elements(raw).map(read).collect::<Option<_>>()?;
    (!all.is_empty()).then_some(all)
}

/// The union of polygons as shapes to write.
pub fn union(areas: &[Area]) -> Result<Collection, Unsound> {
    let polygons = overlay::union(areas.iter().flat_map(|area| &area.parts))?.polygons()?;
    Ok(Collection { polygons, ..Collection::default() })
}

/// `geo_union_polygons_array(polygons)`: null when one is invalid.
pub const UNION_POLYGONS: Scalar = Scalar::new(
    info(
        "geo_union_polygons_array",
        "geo",
        "What an array of polygons covers together.",
        &[param("polygons", "dynamic", "An array of GeoJSON polygons and multipolygons.")],
        "dynamic",
        &[example(
            "print isnull(geo_union_polygons_array(dynamic([{\"type\":\"Polygon\",\"coordinates\":[[[1,0]]]}])))",
            "true",
        )],
    ),
    |args, _| {
        call("geo_union_polygons_array", args, &[Dynamic], Dynamic, |args| {
            texts("geo_union_polygons_array", args.rows, |row, out| push(out, union(&each(args, row, area)?)))
        })
    },
);

/// `geo_union_lines_array(lines)`: null when one is invalid.
pub const UNION_LINES: Scalar = Scalar::new(
    info(
        "geo_union_lines_array",
        "geo",
        "An array of lines as one line or multiline.",
        &[param("lineStrings", "dynamic", "An array of GeoJSON lines and multilines.")],
        "dynamic",
        &[example(
            "print isnull(geo_union_lines_array(dynamic([{\"type\":\"LineString\",\"coordinates\":[[1,0]]}])))",
            "true",
        )],
    ),
    |args, _| {
        call("geo_union_lines_array", args, &[Dynamic], Dynamic, |args| {
            texts("geo_union_lines_array", args.rows, |row, out| {
                let all: Lines = each(args, row, read_lines)?.into_iter().flatten().collect();
                push(out, overlay::union_lines(&all).map(|lines| Collection { lines, ..Collection::default() }))
            })
        })
    },
);
