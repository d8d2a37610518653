//! The functions of S2 cells.

use super::cover::cover;
use super::geojson::{Lines, Position, push_point, push_simple_polygon};
use super::input::{areas, lines, place, real, text, whole};
use super::s2::{Cell, MAX_LEVEL};
use super::sphere::{Point, angle_of, radius_fits};
use crate::functions::Param;
use crate::functions::kernel::KernelArgs;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::functions::support::json_text::ArrayText;
use crate::types::KqlType::{Dynamic, Long, Real, String as Text};

const CELL: Param = param("s2cell", "string", "A cell as its token.");
const LEVEL: Param = optional("level", "int", "0 (coarse) to 30 (fine); 11 by default.");
const RADIUS: Param = optional("radius", "real", "Metres around the shape that are covered too; 0 by default.");

fn level(args: &KernelArgs, at: usize, row: usize) -> Option<u8> {
    u8::try_from(whole(args, at, row, Some(11))?).ok().filter(|level| *level <= MAX_LEVEL)
}

fn radius(args: &KernelArgs, at: usize, row: usize) -> Option<f64> {
    real(args, at, row, Some(0.0)).filter(|metres| radius_fits(*metres)).map(angle_of)
}

fn cell(args: &KernelArgs, row: usize) -> Option<Cell> {
    Cell::from_token(text(args, 0, row)?)
}

fn push_cells(out: &mut String, cells: impl IntoIterator<Item = Cell>) {
    let mut array = ArrayText::new();
    for cell in cells {
        array.string(&cell.token());
    }
    out.push_str(&array.finish());
}

/// `geo_point_to_s2cell(lon, lat [, level])`.
pub const OF_POINT: Scalar = Scalar::new(
    info(
        "geo_point_to_s2cell",
        "geo",
        "The S2 cell of a place.",
        &[
            param("longitude", "real", "Degrees east, -180 to 180."),
            param("latitude", "real", "Degrees north, -90 to 90."),
            LEVEL,
        ],
        "string",
        &[example("print geo_point_to_s2cell(0, 0, 0)", "1")],
    ),
    |args, _| {
        call("geo_point_to_s2cell", args, &[Real, Real, Long], Text, |args| {
            build::strings(args.rows, |row, out| {
                if let (Some(place), Some(level)) = (place(args, 0, row), level(args, 2, row)) {
                    out.push_str(&Cell::of(place, level).token());
                }
            })
        })
    },
);

/// `geo_s2cell_to_central_point(cell)`.
pub const CENTRE: Scalar = Scalar::new(
    info(
        "geo_s2cell_to_central_point",
        "geo",
        "The midst of an S2 cell as a GeoJSON point.",
        &[CELL],
        "dynamic",
        &[example("print tostring(geo_s2cell_to_central_point(\"1\").coordinates)", "[0,0]")],
    ),
    |args, _| {
        call("geo_s2cell_to_central_point", args, &[Text], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                push_point(out, cell(args, row)?.centre().degrees());
                Some(())
            })
        })
    },
);

/// `geo_s2cell_to_polygon(cell)`: its four corners.
pub const POLYGON: Scalar = Scalar::new(
    info(
        "geo_s2cell_to_polygon",
        "geo",
        "The border of an S2 cell as a GeoJSON polygon.",
        &[CELL],
        "dynamic",
        &[example("print array_length(geo_s2cell_to_polygon(\"89c259\").coordinates[0])", "5")],
    ),
    |args, _| {
        call("geo_s2cell_to_polygon", args, &[Text], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let mut ring: Vec<Position> = cell(args, row)?.corners().map(Point::degrees).to_vec();
                ring.extend(ring.first().copied());
                push_simple_polygon(out, &ring);
                Some(())
            })
        })
    },
);

/// `geo_s2cell_neighbors(cell)`.
pub const NEIGHBORS: Scalar = Scalar::new(
    info(
        "geo_s2cell_neighbors",
        "geo",
        "The S2 cells around a cell.",
        &[CELL],
        "dynamic",
        &[example("print array_length(geo_s2cell_neighbors(\"89c259\"))", "8")],
    ),
    |args, _| {
        call("geo_s2cell_neighbors", args, &[Text], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                push_cells(out, cell(args, row)?.neighbors());
                Some(())
            })
        })
    },
);

/// `geo_polygon_to_s2cells(polygon [, level [, radius]])`: all cells of the level that the polygon touches.
pub const OF_POLYGON: Scalar = Scalar::new(
    info(
        "geo_polygon_to_s2cells",
        "geo",
        "The S2 cells of one level that cover a polygon.",
        &[param("polygon", "dynamic", "A GeoJSON polygon or multipolygon."), LEVEL, RADIUS],
        "dynamic",
        &[example(
            "print array_length(geo_polygon_to_s2cells(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[1,1],[2,1],[2,2],[1,1]]]}), 0))",
            "1",
        )],
    ),
    |args, _| {
        call("geo_polygon_to_s2cells", args, &[Dynamic, Long, Real], Dynamic, |args| {
            let mut shapes = areas();
            build::texts(args.rows, |row, out| {
                let area = shapes.get(args, 0, row)?;
                let edges: Vec<(Point, Point)> = area.edges().collect();
                push_cells(out, cover(&edges, Some(&area), level(args, 1, row)?, radius(args, 2, row)?)?);
                Some(())
            })
        })
    },
);

/// The edges of lines.
pub fn line_edges(lines: &Lines) -> Vec<(Point, Point)> {
    lines.iter().flat_map(|line| line.windows(2)).map(|pair| (pair[0], pair[1])).collect()
}

/// `geo_line_to_s2cells(line [, level [, radius]])`: all cells of the level that the line touches.
pub const OF_LINE: Scalar = Scalar::new(
    info(
        "geo_line_to_s2cells",
        "geo",
        "The S2 cells of one level that cover a line.",
        &[param("lineString", "dynamic", "A GeoJSON line or multiline."), LEVEL, RADIUS],
        "dynamic",
        &[example(
            "print array_length(geo_line_to_s2cells(dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1],[2,2]]}), 0))",
            "1",
        )],
    ),
    |args, _| {
        call("geo_line_to_s2cells", args, &[Dynamic, Long, Real], Dynamic, |args| {
            let mut shapes = lines();
            build::texts(args.rows, |row, out| {
                let lines = shapes.get(args, 0, row)?;
                let edges = line_edges(&lines);
                push_cells(out, cover(&edges, None, level(args, 1, row)?, radius(args, 2, row)?)?);
                Some(())
            })
        })
    },
);
